"""Summary fidelity: which numbers a new memory kept, dropped or invented, found without a model.

    before = TextMemory(known=("April = 48",))
    after = TextMemory(known=("May = 24", "June = 31"))
    fidelity("Clips sold in May?", before, "48 / 2 = 24", after)
    # Fidelity(kept=('24',), dropped=('48', '2'), invented=('31',))

Numbers are compared by value, so "$1,250" is "1250" and "3/4" is "0.75". A percentage is equal to its number and to
its hundredth ("20%" to 20 and to 0.2), because both rewritings are legitimate. A rounded or converted value
("180 minutes", "3 hours") is a new value. List markers and step numbers are not facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from fractions import Fraction

from prompts.checks.bindings import IDENTIFIER
from prompts.checks.check import Check
from prompts.checks.numbers import Number, numbers, without_markers
from prompts.memories import TextMemory
from prompts.steps import Step
from prompts.values import Finding, Question

_WHOLE = re.compile(r"[0-9]+")
_IMPLIED = re.compile(
    r"(?=[defhoqstDEFHOQST])\b(?i:(?:(?P<n>one|two|three|four|five)[ -])?"
    r"(?P<part>half|halves|third|quarter|fourth|fifth|sixth|eighth|tenth)s?"
    r"|(?P<times>twice|doubled?|triple|tripled|thrice|dozens?))\b"
)
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
}
_NUMERATORS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_TIMES = {"twice": 2, "double": 2, "doubled": 2, "triple": 3, "tripled": 3, "thrice": 3, "dozen": 12, "dozens": 12}


@dataclass(frozen=True, slots=True)
class Fidelity:
    """The numbers of one summary as texts, each value once; a count is the length."""

    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    invented: tuple[str, ...]


def fidelity(question: str, previous: TextMemory, thought: str, summary: TextMemory) -> Fidelity:
    """Trace every number of the summary to the question, the previous memory or the thought.

    ``kept`` and ``invented`` are numbers of the summary, found in one of the three or in none. ``dropped`` are numbers
    of the previous memory or the thought that are in neither the summary nor the question, which is always shown.
    """
    asked, before, after = _plain(question), _text(previous, thought), _text(summary)
    given, old, new = numbers(asked), numbers(before), numbers(after)
    asked_values = _values(asked, given)
    sources = asked_values | _values(before, old) | _parts((*given, *old))
    remaining = asked_values | _values(after, new)
    marked = [(number.text, is_traced(number, sources)) for number in _once(new)]
    return Fidelity(
        kept=tuple(text for text, found in marked if found),
        dropped=tuple(number.text for number in _once(old) if not is_traced(number, remaining)),
        invented=tuple(text for text, found in marked if not found),
    )


def judge(question: Question, step: Step, thought: str) -> Iterable[Finding]:
    """Findings for the numbers a text summary kept, dropped and invented; vector memories hold none."""
    before, after = step.memory_before, step.memory_after
    if step.verb != "summarize" or not (isinstance(before, TextMemory) and isinstance(after, TextMemory)):
        return
    found = fidelity(question.text, before, thought, after)
    for kind, texts in (("kept", found.kept), ("dropped", found.dropped), ("invented", found.invented)):
        yield from (Finding("fidelity", kind, text) for text in texts)


CHECK = Check(
    "fidelity", "every number of a summary, traced to where it came from", judge, {"invented": "invented number"}
)


def is_traced(number: Number, values: Set[Fraction]) -> bool:
    """Whether one of the number's readings is among the values."""
    return any(reading in values for reading in number.readings)


def _text(memory: TextMemory, *more: str) -> str:
    return _plain("\n".join((*memory.known, *memory.next, *more)))


def _plain(text: str) -> str:
    """``text`` without list markers and without identifiers, whose digits are no numbers."""
    return without_markers(IDENTIFIER.sub(" ", text))


def _values(text: str, found: Iterable[Number]) -> set[Fraction]:
    """The values of a text, and what its words imply ("half", "twice")."""
    by_text = {number.text: number for number in found}  # hashing a text is far cheaper than hashing a fraction
    values = {reading for number in by_text.values() for reading in number.readings}
    for match in _IMPLIED.finditer(text):
        if match["times"]:
            values.add(Fraction(_TIMES[match["times"].lower()]))
        else:
            top = _NUMERATORS[match["n"].lower()] if match["n"] else 1
            values.add(Fraction(top, _PARTS[match["part"].lower()]))
    return values


def _parts(found: Iterable[Number]) -> set[Fraction]:
    """The numbers inside fractions: "20/80" may have been 20 of 80."""
    fractions = (n.text for n in found if "/" in n.text or "frac" in n.text)
    return {Fraction(int(part)) for text in fractions for part in _WHOLE.findall(text)}


def _once(found: Iterable[Number]) -> Iterable[Number]:
    """The first number of each value."""
    first: dict[tuple[int, int, bool], Number] = {}
    for number in found:
        first.setdefault((*number.value.as_integer_ratio(), number.percent), number)
    return first.values()
