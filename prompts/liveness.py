"""Liveness of the values in a list of lines: which of them a later line was computed from, found without a model.

    lines = ("Eggs: 3 * 12 = 36", "Sold: 36 - 8 = 28", "A quarter of the rest: 28 / 4 = 7")
    used_up(lines, goal="Subtract from 28")  -> [0]

As of a register in a compiler: a value is alive until its last use. A line is used up once later lines were computed
from every value it gives, and the goal names none of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from prompts.checks.equations import claims
from prompts.checks.numbers import numbers, without_markers

BETWEEN = "; "
"""Stands between the results of one line."""
_EQUALS = re.compile(r"[=≈]")
_SIGN, _STARTS = re.compile(r"[=≈]|: "), re.compile(r"\s*[$€£(]?[-−]?[\d.]")
_NAME = re.compile(r"^\s*([^:=\n]{1,120}?)\s*[:=]")


def used_up(lines: Sequence[str], goal: str) -> list[int]:
    """Places of the lines whose values later lines were computed from and the goal does not name, oldest first."""
    needed = values_in(goal)
    found: list[int] = []
    later: set[Fraction] = set()
    for at in range(len(lines) - 1, -1, -1):
        values = results_of(lines[at])
        if values and values <= later and not values & needed:
            found.append(at)
        later |= operands_of(lines[at])
    return found[::-1]


def intermediate(lines: Sequence[str]) -> list[int]:
    """Places of the lines on the way to the last one: it was computed from their values, directly or by others."""
    found: list[int] = []
    needed = operands_of(lines[-1]) if lines else set[Fraction]()
    for at in range(len(lines) - 2, -1, -1):
        if (values := results_of(lines[at])) and values <= needed:
            found.append(at)
            needed |= operands_of(lines[at])
    return found[::-1]


def superseded(lines: Sequence[str]) -> list[int]:
    """Places of the lines whose name a later line gives a value again, oldest first."""
    found: list[int] = []
    seen: set[str] = set()
    for at in range(len(lines) - 1, -1, -1):
        name = name_of(lines[at])
        if name and name in seen:
            found.append(at)
        seen.add(name)
    return found[::-1]


def live_values(lines: Sequence[str], goal: str) -> set[Fraction]:
    """The values given by the lines that are not used up."""
    dead = set(used_up(lines, goal))
    return {value for at, line in enumerate(lines) if at not in dead for value in results_of(line)}


def results_of(line: str) -> set[Fraction]:
    """The values that a line gives: of each of its parts the last right side, or the number behind its last sign."""
    return {value for part in line.split(BETWEEN) if (value := _result(part)) is not None}


def _result(part: str) -> Fraction | None:
    made = [claim.right for claim in claims(part) if claim.right is not None]
    if made:
        return made[-1]
    *before, last = _SIGN.split(part)
    found = numbers(last) if before and _STARTS.match(last) else ()
    return found[0].value if found else None


def operands_of(line: str) -> set[Fraction]:
    """The numbers that the calculations of a line start from."""
    before = [side for part in line.split(BETWEEN) for side in _EQUALS.split(part)[:-1]]
    return {reading for side in before for number in numbers(side) for reading in number.readings}


def values_in(text: str) -> set[Fraction]:
    """Every number in a text."""
    return {reading for number in numbers(without_markers(text)) for reading in number.readings}


def name_of(line: str) -> str:
    """What a line gives a value to: the words before its first colon or equals sign, when they hold no number."""
    found = _NAME.match(line)
    name = " ".join(found[1].casefold().split()) if found else ""
    return "" if any(character.isdigit() for character in name) else name
