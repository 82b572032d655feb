r"""Result lines: the lines of a thought that hold what was worked out in it, found without a model.

    RESULT_FORMS["calculation"].find("There are 3 boxes.\n3 * 12 = 36 eggs.")   -> ("3 * 12 = 36 eggs.",)
    RESULT_FORMS["relation"].find("Sally is a gorpus.\nThat helps.")            -> ("Sally is a gorpus.",)

What counts as one depends on what is asked: a calculation, a derived relation, a running position, or a sentence that
concludes. A new kind is an object with the members of ``ResultForm`` and an entry in ``RESULT_FORMS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from prompts.checks.equations import claims
from prompts.checks.numbers import numbers, without_markers
from prompts.liveness import intermediate
from prompts.statements import last_statement

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z(*\d])")
_EQUALS_NUMBER = re.compile(r"=\s*[^\w\s(]{0,3}\s*\d")
_POSITION = re.compile(r"[(\[]\s*[-−+]?\d[\d.]*(?:\s*,\s*[-−+]?\d[\d.]*)+\s*[)\]]")
_RELATION = re.compile(r"\b(?:is|are|was|were)\b(?! (?:there|it|the (?:answer|question)\b))", re.IGNORECASE)
_DECORATION = re.compile(r"^(?:[\s>#*_+•-]|\d{1,2}[.)]\s)+|[\s*_]+$")
_LEADING = re.compile(r"^(?:so|then|therefore|thus|hence|now|next|and|calculation|result)\b[,:]?\s+", re.IGNORECASE)
_LATEX = (
    (re.compile(r"\\(?:text|mathrm|mathbf|textbf|boxed)\s?\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\[dt]?frac\s?\{([^{}]*)\}\s?\{([^{}]*)\}"), r"\1 / \2"),
    (re.compile(r"\\(?:times|cdot)(?![a-z])"), "*"),
    (re.compile(r"\\div(?![a-z])"), "/"),
    (re.compile(r"\\approx(?![a-z])"), "≈"),
    (re.compile(r"\\(?:[\[\]()]|(?:left|right|quad)(?![a-z])|[,;!])"), ""),
    (re.compile(r"\\([$%{}])"), r"\1"),
)
_WORD = re.compile(r"[^\W_]+")
_MIN_WORDS = 3
"""Words of a sentence; less is a fragment."""


class ResultForm(Protocol):
    """One kind of result."""

    @property
    def ask(self) -> str:
        """The beginning of a line that calls for a result of this kind."""
        ...

    def find(self, text: str) -> tuple[str, ...]:
        """The lines of ``text``, or sentences of its long lines, that hold its results, in reading order."""
        ...


@dataclass(frozen=True, slots=True)
class Calculations:
    """Lines with a calculation that is not on the way to the last one."""

    ask: str = "Calculation:"

    def find(self, text: str) -> tuple[str, ...]:
        """The last calculation, and those that it does not start from."""
        lines = [line for line in _sentences(text) if claims(line) or _EQUALS_NUMBER.search(line)]
        passed = intermediate(lines)
        return tuple(line for at, line in enumerate(lines) if at not in passed)


@dataclass(frozen=True, slots=True)
class LastSentence:
    """The last sentence that a predicate accepts."""

    ask: str
    accepts: Callable[[str], bool]

    def find(self, text: str) -> tuple[str, ...]:
        """That sentence, if there is one."""
        return tuple(line for line in _sentences(text) if self.accepts(line))[-1:]


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first of several kinds that finds anything."""

    ask: str
    forms: tuple[ResultForm, ...]

    def find(self, text: str) -> tuple[str, ...]:
        """The results of the first kind that finds any."""
        return next((found for form in self.forms if (found := form.find(text))), ())


def new_results(body: str, heading: str, known: Iterable[str], form: ResultForm) -> tuple[str, ...]:
    """The results of a step: of its body, or of its heading where that calculates and is all there is.

    What repeats the heading, or stands in a text that is ``known``, is no new result.
    """
    before = [canonical(text) for text in known]

    def is_new(line: str) -> bool:
        if "=" not in line and _words(line) <= _words(heading):
            return False
        said = re.compile(rf"(?<!\w){re.escape(canonical(line))}(?!\w)")
        return not any(said.search(earlier) for earlier in before)

    return tuple(dict.fromkeys(filter(is_new, form.find(body or heading))))


def canonical(line: str) -> str:
    """The words and signs of a line, without case, blanks and markup: equal for two lines that say the same."""
    return re.sub(r"[\s*_`$.,:;-]+", " ", _LEADING.sub("", line)).strip().casefold()


def without_latex(text: str) -> str:
    """``text`` without LaTeX, which takes a memory twice the tokens and leads the model to write more of it."""
    if "\\" not in text:
        return text
    for pattern, instead in _LATEX:
        text = pattern.sub(instead, text)
    return " ".join(text.split())


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _sentences(text: str) -> Iterator[str]:
    """The sentences, without bullets and markup, that state no answer to the whole question."""
    for line in text.split("\n"):
        for sentence in _SENTENCE.split(line):
            bare = _DECORATION.sub("", without_latex(sentence))
            if bare and last_statement(bare) is None:
                yield bare


def _is_sentence(line: str) -> bool:
    return len(line.split()) >= _MIN_WORDS and not line.endswith(("?", ":"))


CALCULATION = Calculations()
AMOUNT = LastSentence("Calculation:", lambda line: bool(numbers(without_markers(line))) and _is_sentence(line))
POSITION = LastSentence("Position:", lambda line: bool(_POSITION.search(line)))
RELATION = LastSentence("Therefore", lambda line: bool(_RELATION.search(line)) and _is_sentence(line))
SENTENCE = LastSentence("Therefore", _is_sentence)

RESULT_FORMS: dict[str, ResultForm] = {
    "any": FirstOf("Result:", (CALCULATION, POSITION, SENTENCE)),
    "calculation": FirstOf("Calculation:", (CALCULATION, AMOUNT)),
    "relation": RELATION,
    "position": POSITION,
    "sentence": SENTENCE,
}
"""The kinds of result lines by name; "any" takes the first kind that a thought holds."""
