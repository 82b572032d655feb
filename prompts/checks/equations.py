r"""Every arithmetic claim of a thought, evaluated exactly and judged.

    >>> [(c.text, c.verdict) for c in claims("In May: 48 clips / 2 = 24 clips, so 48 + 24 = 74.")]
    [('48 clips / 2 = 24 clips', 'right'), ('48 + 24 = 74', 'wrong')]

A claim is two neighbouring expressions around ``=``, ``≈``, "equals" or "is about"; in ``2 + 3 = 5 + 1 = 6`` that makes
two, and the first is wrong. How a claim is read:

- Words after a number are its units and change nothing, except scales: "million" is 10**6, and "dozen" is 12, but a
  unit in a thought with a price "per dozen", and where a price times dozens comes out only so (3 dozen * $68 = $204).
- ``20% of 20`` is a product; ``100 - 20%`` is ambiguous, so unreadable. A percentage may also be claimed of a
  number already multiplied by 100 (``5 / 20 * 100 = 25%``).
- A side with one decimal number may be rounded to the places it shows (``10 / 3 = 3.33``); a whole number only where
  the text says "about" or ``≈``.
- A claim that fails but mixes units of one kind (hours and minutes, $ and cents) is unreadable, not wrong.
- ``x + 5 = 17`` is unreadable; ``x = 5``, ``5 = 5`` and ``Day 2 = 5 + 1`` claim no arithmetic.
- A calculator note (``<<48/2=24>>``) counts where the text around it does not make the same claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from prompts.checks.arithmetic import OPERATORS, STARTS, Expression, ExpressionReader, Token, glued, tokenise
from prompts.checks.check import Check, Error
from prompts.checks.numbers import without_markers
from prompts.steps import Step
from prompts.values import Finding, Question

Verdict = Literal["right", "wrong", "unreadable"]

_SPACES = {ord(c): " " for c in "\u00a0\u2009\u202f"}
_BULLET = re.compile(r"^[ \t]{0,8}[-*+•][ \t]+", re.MULTILINE)
_PER_DOZEN = re.compile(r"(?:\b(?:per|each|every) |/ ?)dozen\b", re.IGNORECASE)
_DOZEN, _TIMES, _PRICE = re.compile(r"\bdozen\b", re.IGNORECASE), re.compile("[*xX×]"), re.compile("[$€£]")
_SIDES = re.compile(r"[=\n]")
_NOTE = re.compile(r"<<([^<>\n]{0,200})>>")
_EQUALS = re.compile(
    r"[=≈≅]|\\(?:approx|simeq)|\bequals?\b|\b(?:is|are) (?:about|approximately|roughly|equal)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim as written, the values of its sides (``None`` for a side that could not be read) and the verdict.

    ``right_at`` is the place in the thought where the result of a wrong calculation begins; -1 of any other claim.
    """

    text: str
    left: Fraction | None
    right: Fraction | None
    verdict: Verdict
    right_at: int = field(default=-1, compare=False)


def claims(thought: str) -> tuple[Claim, ...]:
    """All arithmetic claims in reading order; never raises, and takes time in proportion to the text."""
    if not _EQUALS.search(thought):
        return ()
    plain = _BULLET.sub(_blank, without_markers(thought.translate(_SPACES)))
    placed = list(_judge_all(_NOTE.sub(_blank, plain)))
    made = {(claim.left, claim.right) for _, claim in placed}
    for note in _NOTE.finditer(plain):
        for start, claim in _judge_all(note[1]):
            if (claim.left, claim.right) not in made:
                at = note.start(1)
                placed.append(
                    (at + start, replace(claim, right_at=at + claim.right_at) if claim.right_at > 0 else claim)
                )
    return tuple(claim for _, claim in sorted(placed, key=lambda pair: pair[0]))


def first_error(question: Question, text: str, after: int) -> Error | None:
    """The first wrong calculation of a text, with its exact result: a ``Verifier``."""
    wrong = (claim for claim in claims(text) if claim.verdict == "wrong" and claim.right_at > after)
    claim = next((claim for claim in wrong if claim.left is not None), None)
    return Error(claim.text, claim.right_at, shown(claim.left)) if claim else None


def judge(question: Question, step: Step, thought: str) -> Iterable[Finding]:
    """A finding for every claim of a step's thought; a wrong one says the value of its left side."""
    for claim in claims(step.thought.text) if step.thought else ():
        known = claim.verdict == "wrong" and claim.left is not None
        yield Finding("equations", claim.verdict, claim.text, f"it is {shown(claim.left)}" if known else "")


def shown(value: Fraction | None) -> str:
    """A value formatted as a whole number, or with six significant digits."""
    if value is None:
        return ""
    return str(value) if value.denominator == 1 else f"{float(value):.6g}"


CHECK = Check("equations", "every arithmetic claim of a thought", judge, {"wrong": "wrong equation"})


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


_UNITS = {
    name: (kind, number)
    for kind, groups in {
        "money": "$ dollar buck|cent penny pennie|€ euro|£",
        "time": "second sec|minute min|hour hr h|day|week|month|year",
        "length": "inch inche|foot feet ft|yard yd|mile|mm|cm|m meter metre|km kilometer kilometre",
        "amount": "gram g|kg kilogram|ounce oz|pound lb|ton|ml|liter litre l|gallon|cup|quart|pint",
    }.items()
    for number, group in enumerate(groups.split("|"))
    for name in group.split()
}
_UNIT = re.compile(r"[$€£]|[^\W\d_]+")


@dataclass(slots=True)
class _Side:
    """One side of an equation: an expression and the bounds of its claim text."""

    expression: Expression
    readable: bool
    start: int
    end: int
    label: bool = False
    """A plain number with words around it, which may name the thing that is worked out: "Day 2", "3 shirts"."""


@dataclass(slots=True)
class _Segment:
    """The tokens between two stops or equals signs; a side is ``None`` where no number takes part."""

    lead: _Side | None
    trail: _Side | None
    computes: bool


def _judge_all(text: str) -> Iterator[tuple[int, Claim]]:
    if _PER_DOZEN.search(text):
        yield from _scan(text, dozen=1)
        return
    priced = dict(_scan(text, dozen=1)) if _prices_dozens(text) else {}
    for start, claim in _scan(text, dozen=12):
        other = priced.get(start)
        yield start, other if other and other.verdict == "right" and _prices_dozens(claim.text) else claim


def _prices_dozens(text: str) -> bool:
    """Whether one side of an equation multiplies dozens with a price, in either order."""
    sides = _SIDES.split(text) if _DOZEN.search(text) else []
    return any(_in_order(side, _DOZEN, _TIMES, _PRICE) or _in_order(side, _PRICE, _TIMES, _DOZEN) for side in sides)


def _in_order(text: str, *patterns: re.Pattern[str]) -> bool:
    """Whether the patterns are found one after the other."""
    at = 0
    for pattern in patterns:
        found = pattern.search(text, at)
        if not found:
            return False
        at = found.end()
    return True


def _scan(text: str, dozen: int) -> Iterator[tuple[int, Claim]]:
    tokens = tokenise(text)
    reader = ExpressionReader(tokens, dozen)
    left: _Segment | None = None
    low = 0
    equals: Token | None = None
    for high, token in enumerate([*tokens, Token("stop", "", len(text), len(text))]):
        if token.kind not in ("stop", "equals"):
            continue
        if equals or token.kind == "equals":
            right = _segment(reader, low, high, after_equals=equals is not None)
            if equals and left and left.trail and right.lead:
                claim = _judge(text, left.trail, right.lead, equals.text, left.computes or right.computes)
                if claim:
                    yield left.trail.start, claim
            left = right
        equals = token if token.kind == "equals" else None
        low = high + 1


def _segment(reader: ExpressionReader, low: int, high: int, after_equals: bool) -> _Segment:
    tokens = reader.tokens
    lead = trail = None
    if not any(token.kind == "number" for token in tokens[low:high]):
        return _Segment(None, None, False)
    computes = failed = False
    at = low
    while at < high:
        token = tokens[at]
        computes |= (
            (token.kind in OPERATORS and token.kind != "of") or token.kind in ("fraction", "bad") or token.percent
        )
        if not (token.kind in STARTS or _is_sign(tokens, at, low, high)):
            at += 1
            continue
        found = reader.expression(at)
        known = found.value is not None
        failed |= not known
        computes |= found.computes or not known
        start, end = token.start, tokens[found.end - 1].end
        if at == low:
            closed = found.end >= high or _is_over(tokens, found.end)
            lead = _Side(found, known and closed, start, end if closed else tokens[high - 1].end)
        if found.end >= high:
            opened = at == low or tokens[at - 1].kind in ("word", "of")
            label = not after_equals and not found.computes and (found.words or at > low)
            trail = _Side(found, known and opened, start if opened else tokens[low].start, end, label)
        at = found.end
    broken = _Side(Expression(low, high, None), False, tokens[low].start, tokens[high - 1].end)
    if not lead and _is_algebra(tokens, range(low, high)):
        lead = broken
    if not trail and (failed or _is_algebra(tokens, range(high - 1, low - 1, -1))):
        trail = broken
    return _Segment(lead, trail, computes)


def _is_sign(tokens: list[Token], at: int, low: int, high: int) -> bool:
    if tokens[at].kind != "minus" or at + 1 >= high or tokens[at + 1].kind not in STARTS:
        return False
    return at == low or (tokens[at - 1].kind == "word" and not glued(tokens, at) and glued(tokens, at + 1))


def _is_over(tokens: list[Token], at: int) -> bool:
    """Whether an expression may end before this token: at a word, a remark in brackets or a dash."""
    if tokens[at].kind in ("word", "of") or (tokens[at - 1].kind == "word" and tokens[at].kind in STARTS):
        return True
    if tokens[at].kind == "minus":
        return tokens[at + 1].kind == "word" and len(tokens[at + 1].text) > 1 if at + 1 < len(tokens) else True
    return tokens[at].kind == "open" and not glued(tokens, at)


def _is_algebra(tokens: list[Token], places: range) -> bool:
    """Whether the words from here on belong to an operator, as in "x + 5"."""
    kind = next((tokens[at].kind for at in places if tokens[at].kind not in ("word", "of")), "stop")
    return kind in OPERATORS or kind == "bad"


def _judge(text: str, left: _Side, right: _Side, equals: str, computes: bool) -> Claim | None:
    a, b = left.expression, right.expression
    written = text[left.start - (text[left.start - 1 : left.start] in ("$", "€", "£")) : right.end]
    written = " ".join(written.split())
    if not (left.readable and right.readable) or a.value is None or b.value is None:
        values = (a.value if left.readable else None, b.value if right.readable else None)
        return Claim(written, *values, "unreadable") if computes else None
    plain = not (a.computes or b.computes)
    if _agree(a, b, about=equals not in ("=", "==")):
        return None if plain else Claim(written, a.value, b.value, "right")
    if left.label or (plain and (a.words or b.words)):
        return None
    # "1/4 of it = 15" often loses its "of it", and "= 1/3 of the $150" may mean the share or its worth.
    open_share = (a.ratio and abs(b.value) > 1) or (b.ratio and abs(a.value) > 1) or b.shares
    if open_share or _mixes_units(written):
        return Claim(written, a.value, b.value, "unreadable")
    return Claim(written, a.value, b.value, "wrong", right.start if a.computes else -1)


def _agree(a: Expression, b: Expression, about: bool) -> bool:
    """Whether the sides are equal: as percentages, rounded to the places shown, or in the scale named last."""
    assert a.value is not None and b.value is not None
    if a.value == b.value or a.value * b.scale == b.value:
        return True
    for factor in (1, 100) if a.percent != b.percent else (1,):
        left, right = (factor if side.percent else 1 for side in (a, b))
        allowed = max(_precision(a, about) * left, _precision(b, about) * right)
        if abs(a.value * left - b.value * right) * 2 <= allowed:
            return True
    return False


def _precision(side: Expression, about: bool) -> Fraction:
    """The unit a lone number may have been rounded to; 0 for one that must be exact."""
    number = side.literal
    if number is None:
        return Fraction(0)
    unit = Fraction(1, 10**number.places) if number.places or number.percent else Fraction(0)
    if about and not number.places:
        unit = Fraction(10 ** (len(number.text) - len(number.text.rstrip("0"))))
    return unit / 100 if number.percent else unit


def unit_of(word: str) -> tuple[str, int] | None:
    """The kind and the number of a unit of measure, equal for "hour" and "hrs"; ``None`` for any other word."""
    return _UNITS.get(word.lower()) or _UNITS.get(word.lower().removesuffix("s"))


def _mixes_units(text: str) -> bool:
    seen: dict[str, int] = {}
    for name in _UNIT.findall(text):
        kind, unit = unit_of(name) or ("", 0)
        if kind and seen.setdefault(kind, unit) != unit:
            return True
    return False
