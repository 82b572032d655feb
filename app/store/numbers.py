"""Rows in words: how many there are, and which."""

from __future__ import annotations

from collections.abc import Sequence

_NAMED = 5
"""Rows that are named; more are counted."""


def some(n: int, what: str) -> str:
    """A number of things, as in "1 run", "1,200 attempts"."""
    return f"{n:,} {what if n == 1 else plural(what)}"


def named(what: str, rows: Sequence[int]) -> str:
    """Rows by their numbers, as in "text 3", "texts 3 and 4", "memories 1, 2, 3, 4, 5 and 12 more"."""
    if len(rows) == 1:
        return f"{what} {rows[0]}"
    shown = [str(row) for row in rows[:_NAMED]]
    more = f"{len(rows) - _NAMED:,} more" if len(rows) > _NAMED else shown.pop()
    return f"{plural(what)} {', '.join(shown)} and {more}"


def plural(what: str) -> str:
    """More than one of a thing."""
    return f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
