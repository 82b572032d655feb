"""Quotes: lines of a memory that are sentences of a text, in quotation marks, as it is read and edited by people.

    quoted("Mary went home.")                                    -> '"Mary went home."'
    split_quotes(('"Mary went home."', "Eggs: 3 * 12 = 36"))     -> (("Mary went home.",), ("Eggs: 3 * 12 = 36",))

They are shown to the model as text. Shown as steps that it has done, a small model misreads them (measured:
docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Iterable

_MARK = '"'


def quoted(sentence: str) -> str:
    """A sentence as a line of a memory."""
    return f"{_MARK}{sentence}{_MARK}"


def split_quotes(lines: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sentences that are quoted in ``lines``, without their marks, and the other lines."""
    found: tuple[list[str], list[str]] = ([], [])
    for line in lines:
        is_quote = len(line) > 2 and line.startswith(_MARK) and line.endswith(_MARK)
        found[not is_quote].append(line[1:-1] if is_quote else line)
    return tuple(found[0]), tuple(found[1])
