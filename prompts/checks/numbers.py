r"""The numbers written in an English text, as exact fractions.

    >>> [str(n.value) for n in numbers(r"Half of $1,250 is 1 1/2 times \frac{3}{4}, or twelve percent.")]
    ['1250', '3/2', '3/4', '12']

What is read, and how:

- ``1,250``, ``1{,}250``, ``3.50``, ``.5``, ``-3``, ``−3``, ``(-3)``, ``$5.00/hr``, ``5kg``; in ``1,234.`` the
  stop is a stop.
- ``3-4`` is 3 and 4, and ``5 - 3`` is 5 and 3: a sign must touch its number and stand after no other.
- ``3/4``, ``½``, ``1 1/2``, ``1½`` and any ``\frac{a}{b}`` are one number; ``48/2`` is a division, so 48 and 2, as are
  ``5/12/2020`` (three numbers) and ``3/0`` (two).
- ``20%`` and ``20 percent`` are 20 with ``percent`` set.
- ``7:30`` is 7 and 30, ``7:00`` is only 7; ``1st`` is 1.
- ``zero`` to ``twenty`` in words, except "one" where it stands for a thing ("no one", "each one").

Out of scope: larger and compound words ("twenty-one", "five hundred" and "two-thirds" are skipped), scales after
digits ("1.25 thousand" is read as 1.25), decimal commas, exponents, and numbers of more than 100 characters (skipped).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

_WHOLE = r"(?:[0-9]{1,3}(?:(?:,|\{,\}|\\,)[0-9]{3})+(?![0-9])|[0-9]+)"
DECIMAL = rf"(?:{_WHOLE}(?:\.[0-9]+)?|(?<![0-9.])\.[0-9]+)"
"""Pattern of an unsigned decimal number; read it with ``decimal``."""

VULGAR = {c: Fraction(unicodedata.normalize("NFKC", c).replace("⁄", "/")) for c in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"}
"""The one-character fractions."""

_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty"
_WORDS = ("zero", *_UNITS.split("|"), *_TEENS.split("|"))
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_COMPOUND = (
    rf"(?:{_TENS})[ -](?:{_UNITS})\b"
    rf"|(?:{'|'.join(_WORDS)})[ -](?:hundred|thousand|million|billion"
    r"|hal(?:f|ves)|thirds?|quarters?|fourths?|fifths?|sixths?|eighths?|tenths?)\b"
)
_NOT_DIGIT = re.compile(r"[^0-9.]")
_PRONOUN_AFTER = {"no", "each", "every", "any", "this", "that", "the", "which", "another", "some"}

_NATURAL = r"(?=0{0,8}[1-9])[0-9]{1,9}"
_SLASH = rf"(?:(?P<whole>[0-9]{{1,3}})[ ])?(?<![0-9./⁄])(?P<n>[0-9]{{1,9}})[/⁄](?P<d>{_NATURAL})(?![0-9/⁄]|[.,][0-9])"
_TYPESET = (
    r"(?:(?P<twhole>[0-9]{1,3})[ ]?)?"
    rf"(?:\\[dt]?frac\{{[ ]?(?P<tn>[0-9]{{1,9}})[ ]?\}}\{{[ ]?(?P<td>{_NATURAL})[ ]?\}}"
    rf"|(?P<vulgar>[{''.join(VULGAR)}]))"
)
_PREFIX = r"(?P<sign>[-−–])?(?:\\?[$€£¥][ ]?)?(?P<sign2>[-−–])?"
_SUFFIX = r"(?P<percent>[ ]?\\?%|[ -]?[Pp]er[ ]?cent\b)?"
_WORD = rf"(?<![^\W_])(?:(?P<skip>{_COMPOUND})|(?P<word>{'|'.join(reversed(_WORDS))})(?![^\W_]|['’]s))"
# The two lookaheads only save time: most characters start no number.
_NUMBER = re.compile(
    rf"(?:(?=[-−–\\$€£¥.0-9{''.join(VULGAR)}]){_PREFIX}(?:{_TYPESET}|{_SLASH}|(?P<decimal>{DECIMAL}))"
    rf"|(?=[efnostzEFNOSTZ])(?i:{_WORD})){_SUFFIX}"
)
_PLAIN = re.compile(rf"{_PREFIX}(?P<decimal>{DECIMAL}){_SUFFIX}")

# Line starts such as "1. ", "(2) ", "**Step 3:**", and "step 3" anywhere: they count lines and state nothing.
_MARKER = re.compile(
    r"^[ \t]{0,8}(?:[-*+•>#]{1,6}[ \t]{1,4}){0,2}\*{0,2}"
    r"(?:\(?[0-9]{1,2}[.)]|#[0-9]{1,2}:|\[[0-9]{1,2}\])(?=\*{0,2}[ \t]+\S)"
    r"|\bstep[ \t]?#?[0-9]{1,3}\b",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """One number as it stands in a text; ``value`` of "20%" is 20 and ``percent`` is set."""

    value: Fraction
    text: str
    start: int
    end: int
    percent: bool = False

    @property
    def readings(self) -> tuple[Fraction, ...]:
        """The values it may stand for: 20% is 20 and 1/5."""
        return (self.value, self.value / 100) if self.percent else (self.value,)


@lru_cache(maxsize=4096)
def decimal(text: str) -> Fraction | None:
    """The value of a text that matches ``DECIMAL``, or ``None`` when it is longer than a number anyone writes."""
    if len(text) > 100:
        return None
    if text.isdecimal():
        return Fraction(int(text))
    whole, _, places = _NOT_DIGIT.sub("", text).partition(".")
    return Fraction(int(whole + places), 10 ** len(places))


def numbers(text: str) -> tuple[Number, ...]:
    """All numbers of the text in reading order; never raises, and takes time in proportion to the text."""
    return tuple(_scan(text, improper=False))


_REMARK = re.compile(r"(?<=\S)\s+\([^()]*\)")
_SIGN = re.compile(r"\A([\s*$(]*)[-−–]\s+(?=[$.\d\\])")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d.,/]*\d)")
_EXPONENT = re.compile(r"\A[eE]([-+]?\d{1,2})(?!\w)")
_SCALE = re.compile(r"\A[ -](thousand|million|billion)s?\b", re.IGNORECASE)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_JOINED = re.compile(
    r"\s*[,;][\s$]*"
    r"|(?:\s*[^\W\d_]+){0,3}\s*(?:[-−–+*/×÷&]|,? ?\b(?:and|or|to|plus|minus|times)\b|\\(?:times|div|cdot))[\s$]*"
    r"|\s*(?!(?:in|per|for|of|on|at|with|after|before|every|each|by|from|than|within|over)\b)[^\W\d_]{1,20}\s+"
    r"|\s+",
    re.IGNORECASE,
)
"""What stands between two numbers that are not one answer: an operation, a list, a choice, a range, "5 feet 3"."""


def number(text: str) -> Fraction | None:
    r"""One answer such as "72 clips", "$1,250", "**18**", "- 5", "7/2", "3.5 million", "\boxed{18}".

    What follows the last ``\boxed{`` or else the last ``=`` is read where it holds a number; remarks in brackets are
    not. Of several numbers the first counts when nothing but signs stands before it, otherwise the last. ``None`` when
    there is no number, when the chosen one is part of a time, a ratio, a range or a date, or when it is one of several
    that make a sum, a list, a choice or a mixed unit: "24 + 48", "3, 5 and 8", "2 or 3", "5 feet 3 inches".
    """
    text = _REMARK.sub("", text)
    for mark in (r"\boxed{", "="):
        tail = text.rpartition(mark)[2]
        if tail != text and numbers(tail):
            text = tail
            break
    text = _GROUPED.sub(lambda match: match[0].replace(" ", ""), _SIGN.sub(r"\1-", text))
    found = [*_scan(text, improper=True)]
    if not found:
        return None
    if _EXPONENT.match(text[found[0].end :]):
        del found[1:]  # its digits are none of their own
    between = (text[left.end : right.start] for left, right in pairwise(found))
    if any(_JOINED.fullmatch(each) for each in between):
        return None
    before = re.sub(r"\\[A-Za-z]+", "", text[: found[0].start])
    chosen = found[-1] if any(c.isalnum() for c in before) else found[0]
    joined_before = re.search(r"[0-9][-–:/]\Z", text[max(0, chosen.start - 2) : chosen.start])
    joined_after = re.match(r"[-–:/][0-9]", text[chosen.end : chosen.end + 2])
    return None if joined_before or joined_after else chosen.value * _factor(text[chosen.end :])


def _factor(after: str) -> Fraction | int:
    """What a number is multiplied by that has ``after`` behind it."""
    if exponent := _EXPONENT.match(after):
        return Fraction(10) ** int(exponent[1])
    scale = _SCALE.match(after)
    return _SCALES[scale[1].lower()] if scale else 1


def without_markers(text: str) -> str:
    """The text with list markers and step numbers blanked out, every other character in its place."""
    return _MARKER.sub(lambda m: " " * len(m[0]), text)


def _scan(text: str, improper: bool) -> Iterator[Number]:
    position = 0
    while match := _NUMBER.search(text, position):
        if match["n"] and int(match["n"]) >= int(match["d"]) and (match["whole"] or not improper):
            match = _PLAIN.match(text, match.start())
            assert match, "a fraction starts with a number"
        position = match.end()
        value = _value(match)
        if value is None:
            continue
        start = match.start()
        if match["sign"] and not _is_sign(text, start):
            start += 1
        elif match["sign"] or match["sign2"]:
            value = -value
        yield Number(value, text[start:position], start, position, match["percent"] is not None)


def _value(match: re.Match[str]) -> Fraction | None:
    """The unsigned value of a match, or ``None`` when what it matched is not to be read."""
    if digits := match["decimal"]:
        on_the_hour = digits == "00" and match.string[max(0, match.start() - 1) : match.start()] == ":"
        return None if on_the_hour else decimal(digits)
    if match["skip"]:
        return None
    if match["word"]:
        word = match["word"].lower()
        before = match.string[max(0, match.start() - 9) : match.start()].lower().split()
        return None if word == "one" and before and before[-1] in _PRONOUN_AFTER else Fraction(_WORDS.index(word))
    whole = int(match["whole"] or match["twhole"] or 0)
    if match["vulgar"]:
        return whole + VULGAR[match["vulgar"]]
    return whole + Fraction(int(match["n"] or match["tn"]), int(match["d"] or match["td"]))


def _is_sign(text: str, at: int) -> bool:
    """Whether the dash at this place is a minus sign: no word, number or closing bracket before it."""
    if at and (text[at - 1].isalnum() or text[at - 1] in ")]}%"):
        return False
    before = text[max(0, at - 4) : at].rstrip(" ")
    return not (before and (before[-1].isdigit() or before[-1] in ")%" or before[-1] in VULGAR))
