"""Quotes: lines of a memory that are sentences of a text, in quotation marks, as it is read and edited by people.

    quoted("Mary went home.")                                    -> '"Mary went home."'
    split_quotes(('"Mary went home."', "Eggs: 3 * 12 = 36"))     -> (("Mary went home.",), ("Eggs: 3 * 12 = 36",))

They are shown to the model as text. Shown as steps that it has done, a small model misreads them; and of two places
where somebody has been it takes the wrong one, unless only the newest is there (measured: docs/experiments.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MARK = '"'
_SUBJECT = r"(?P<subject>(?:(?:the|an?|my|his|her|their)\s+)?[\w'-]+)\b"
_BEGINS = re.compile(_SUBJECT, re.IGNORECASE)
_PLACED = re.compile(
    rf"{_SUBJECT}\s+[\w'-]+(?:\s+back)?(?P<middle>(?:\s+[\w'-]+)*?)\s+(?:to|in|into|at|on|onto)\s+"
    r"(?:(?:the|an?|his|her|their)\s+)?[\w'-]+[.!]?",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:before|first|earlier|previous(?:ly)?|ever|when|was|were|did|had|has|been|each|every|how (?:many|often))\b",
    re.IGNORECASE,
)


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


def superseded(sentences: Sequence[str]) -> list[int]:
    """Places of the sentences that put somebody where a later one puts them elsewhere, with nothing of them between.

    ("Mary went home to bed." and "Mary gave the milk to Ann." say other things than "Mary gave the cake to Ann.")
    """
    newest, gone = dict[str, tuple[str | None, int]](), list[int]()
    for place, sentence in enumerate(sentences):
        begins, placed = _BEGINS.match(sentence), _PLACED.fullmatch(sentence)
        subject = begins["subject"].casefold() if begins else ""
        said = placed["middle"].casefold() if placed else None
        before, at = newest.get(subject, (None, -1))
        if said is not None and said == before:
            gone.append(at)
        newest[subject] = said, place
    return gone


def asks_of_the_past(question: str) -> bool:
    """Whether a question may be about what is no longer so."""
    return _PAST.search(question) is not None
