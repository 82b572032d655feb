"""Bindings: what a summary says of a name, compared with what was said before; found without a model.

    before = TextMemory(known=("Mira 12, Olek 7",))
    bindings_lost("", before, "", TextMemory(known=("Mira 7, Olek 12",)))
    # (Finding("bindings", "swapped", "Mira = 7, Olek = 12", "it was Mira = 12, Olek = 7"),)

Numbers may all be kept (``prompts.checks.fidelity``) and still stand with the wrong names or units. A clause is read
only where it plainly gives a name a value ("Mira 12", "Mira has 12 clips", "rest: 28 - 7 = 21"); other sentences say
nothing here, because a false alarm costs more than a miss.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from prompts.checks.check import Check
from prompts.checks.equations import unit_of
from prompts.checks.numbers import DECIMAL, decimal
from prompts.memories import TextMemory
from prompts.steps import Step
from prompts.values import Finding, Question

NAME = "bindings"
IDENTIFIER = re.compile(
    r"\b(?=[\w-]{0,40}[A-Z])(?=[\w-]{0,40}\d)[A-Za-z]{1,20}\d{0,20}(?:-[A-Za-z0-9]{1,20}){1,6}\b"
    r"|\b[A-Z]{1,8}\d{2,20}[A-Z0-9]{0,20}\b"
)
"""A text such as AX-7731-B, which is one word and holds no number."""
_CLAUSE = re.compile(r"[,;\n]|\band\b")
_BINDING = re.compile(
    r"\s*(?P<name>[A-Za-z][A-Za-z' ]{0,40}?)\s*(?:(?P<sign>[=:])(?P<middle>.*=)?|\b(?:has|had|is|was|gets|got)\b|\s)\s*"
    rf"[$€£]?(?P<value>[-−]?{DECIMAL})(?:\s*(?P<unit>[A-Za-z]+)\b)?(?:\s+[a-z]+)?\.?\s*"
)


@dataclass(frozen=True, slots=True)
class Binding:
    """A value given to a name; ``worked_out`` where a calculation stands between them."""

    name: str
    value: Fraction
    unit: str
    worked_out: bool

    def __str__(self) -> str:
        value = str(self.value) if self.value.denominator == 1 else f"{float(self.value):g}"
        return f"{self.name} = {value}"


def bindings(text: str) -> Iterator[Binding]:
    """Every clause of ``text`` that gives a name a value; takes time in proportion to the text."""
    for clause in _CLAUSE.split(IDENTIFIER.sub("", text)):
        if len(clause) <= 200 and (found := _BINDING.fullmatch(clause)):
            value = decimal(found["value"].lstrip("-−"))
            if value is not None:
                signed = -value if found["value"][0] in "-−" else value
                name = " ".join(found["name"].split())
                yield Binding(name, signed, found["unit"] or "", found["middle"] is not None)


def bindings_lost(question: str, previous: TextMemory, thought: str, summary: TextMemory) -> tuple[Finding, ...]:
    """Values that changed places, units that changed, contradictions side by side, and identifiers that went."""
    before, after = "\n".join((*previous.known, thought, question)), "\n".join(summary.known)
    old, new = defaultdict[str, list[Binding]](list), defaultdict[str, list[Binding]](list)
    for made, text in ((old, before), (new, after)):
        for binding in bindings(text):
            made[binding.name.casefold()].append(binding)
    named = "\n".join((*summary.known, *summary.next, question))
    lost = dict.fromkeys(
        each for each in IDENTIFIER.findall("\n".join((*previous.known, thought))) if each not in named
    )
    return (
        *_swapped(old, new),
        *_units(old, new),
        *_contradictions(new),
        *(Finding(NAME, "lost identifier", each) for each in lost),
    )


def judge(question: Question, step: Step, thought: str) -> Iterable[Finding]:
    """Findings of a summary in words."""
    before, after = step.memory_before, step.memory_after
    if step.verb == "summarize" and isinstance(before, TextMemory) and isinstance(after, TextMemory):
        yield from bindings_lost(f"{question.text}\n{question.context}", before, thought, after)


CHECK = Check(
    NAME,
    "what a summary says of a name, compared with what was said before",
    judge,
    {
        "swapped": "swapped values",
        "unit": "changed unit",
        "contradiction": "contradiction",
        "lost identifier": "lost identifier",
    },
)

Bound = dict[str, list[Binding]]


def _swapped(old: Bound, new: Bound) -> Iterator[Finding]:
    shared = [name for name in new if name in old and len({each.value for each in new[name]}) == 1]
    for a, b in combinations(shared, 2):
        x, y = new[a][0], new[b][0]
        values_a, values_b = ({each.value for each in old[name]} for name in (a, b))
        if x.value in values_b - values_a and y.value in values_a - values_b:
            yield Finding(NAME, "swapped", f"{x}, {y}", f"it was {old[a][-1]}, {old[b][-1]}")


def _units(old: Bound, new: Bound) -> Iterator[Finding]:
    for name in new.keys() & old.keys():
        for now in new[name]:
            units = {unit_of(each.unit) for each in old[name] if each.value == now.value} - {None}
            if unit_of(now.unit) and units and unit_of(now.unit) not in units:
                was = next(each.unit for each in old[name] if unit_of(each.unit) in units)
                yield Finding(NAME, "unit", f"{now} {now.unit}", f"it was {was}")


def _contradictions(new: Bound) -> Iterator[Finding]:
    for told in new.values():
        plain = {each.value: each for each in told if not each.worked_out}
        if len(plain) > 1:
            first, second, *_ = plain.values()
            yield Finding(NAME, "contradiction", f"{first}, {second}")
