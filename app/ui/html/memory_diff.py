"""Line diff of two memories: each line is kept, changed, added or dropped.

    differences(("April = 48",), ("April = 48", "May = 24"))
    # (Line("kept", "April = 48"), Line("added", "May = 24"))

A line has changed when the same quantity ("May" in "May = 24") has another value, or when most of its words stayed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Change = Literal["kept", "changed", "added", "dropped"]

_SIMILAR = 0.75
_MAX_PAIRS = 400  # comparing words is quadratic; longer lists and lines are compared as wholes
_MAX_LINE = 400


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the new memory, or one that is no longer there; ``before`` is what a changed line was."""

    change: Change
    text: str
    before: str = ""


def differences(before: Sequence[str], after: Sequence[str]) -> tuple[Line, ...]:
    """The lines of ``after`` in their order, then those of ``before`` that were dropped."""
    old = Counter(before)
    found: list[Line | None] = []
    for text in after:
        kept = old[text] > 0
        old[text] -= kept
        found.append(Line("kept", text) if kept else None)
    gone = _left(before, old)
    paired = len(gone) * found.count(None) <= _MAX_PAIRS
    for index, text in enumerate(after):
        if found[index] is None:
            source = next((line for line in gone if _same_fact(line, text)), None) if paired else None
            found[index] = Line("added", text) if source is None else Line("changed", text, source)
            if source is not None:
                gone.remove(source)
    return (*(line for line in found if line), *(Line("dropped", text) for text in gone))


def _left(before: Sequence[str], old: Counter[str]) -> list[str]:
    """The lines of ``before`` that were not matched; of equal ones the last."""
    left: list[str] = []
    for text in reversed(before):
        if old[text] > 0:
            old[text] -= 1
            left.append(text)
    return left[::-1]


def _same_fact(one: str, two: str) -> bool:
    if max(len(one), len(two)) > _MAX_LINE:
        return False
    if "=" in one and "=" in two:
        return _name(one) == _name(two) != ""
    return SequenceMatcher(None, one.casefold(), two.casefold(), autojunk=False).ratio() >= _SIMILAR


def _name(line: str) -> str:
    return " ".join(line.partition("=")[0].casefold().split())
