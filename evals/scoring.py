r"""What a scorer is, and three for GSM8K, reported side by side because extraction is part of the result.

``strict-match`` and ``flexible-extract`` are those of lm-evaluation-harness (task
``gsm8k``, version 3.0), so numbers compare with published ones. ``numeric`` is our
own: it reads the attempt's answer as an exact number, so ``18.00``, ``\boxed{18}``
and ``$18`` are all right when 18 is.

    >>> flexible_extract(item, attempt, ())
    Score(value=1.0, extracted='18', why='match')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from prompts.checks.numbers import number
from prompts.steps import Step
from prompts.values import Score

if TYPE_CHECKING:
    from evals.task import Item

_STRICT = re.compile(r"#### (\-?[0-9\.\,]+)")
_FLEXIBLE = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")
_INVALID = "[invalid]"
# Applied one after the other, in the order of the harness's task file.
_IGNORED = (re.compile(","), re.compile(r"\$"), re.compile(r"(?s).*#### "), re.compile(r"\.$"))


class Attempted(Protocol):
    """What a scorer reads of an attempt; ``app.store.records.Attempt`` is one."""

    @property
    def answer(self) -> str | None:
        """The answer the strategy gave."""
        ...

    @property
    def completion(self) -> str:
        """The text the answer was read from."""
        ...


Scorer = Callable[["Item", Attempted, Sequence[Step]], Score]
"""Judges ``(item, attempt, steps)``; ``steps`` is the attempt's chain of steps in order."""


def strict_match(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score the number after the first ``#### `` of the completion as lm-evaluation-harness does."""
    found: list[str] = _STRICT.findall(attempt.completion)
    return _exact(found[0] if found else _INVALID, item.gold)


def flexible_extract(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score the last thing in the completion that resembles a number as lm-evaluation-harness does."""
    found: list[tuple[str, str]] = _FLEXIBLE.findall(attempt.completion)
    return _exact(found[-1][0] or found[-1][1] if found else _INVALID, item.gold)


def numeric(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score the answer as an exact number; an attempt without an answer is unscored, not wrong.

    Raises:
        ValueError: The gold answer is no number, so the task itself is broken.
    """
    expected, answer = number(item.gold), attempt.answer
    if expected is None:
        raise ValueError(f"the gold answer {item.gold!r} is not a number")
    if answer is None or not answer.strip():
        return Score(None, None, "no answer")
    given = number(answer)
    if given is None:
        return Score(0.0, answer, "the answer is not a number")
    right = given == expected
    return Score(float(right), answer, "match" if right else f"expected {item.gold}")


GSM8K_SCORERS: Mapping[str, Scorer] = MappingProxyType(
    {"strict-match": strict_match, "flexible-extract": flexible_extract, "numeric": numeric}
)
"""The scorers of every task in the GSM8K format, by the name they are stored under."""


def _exact(extracted: str, gold: str) -> Score:
    """Compare two strings as the harness's ``exact_match`` does with the settings of its gsm8k task."""
    if extracted == _INVALID:
        return Score(0.0, _INVALID, "no number in the form this scorer reads")
    right = _plain(extracted) == _plain(gold)
    return Score(float(right), extracted, "match" if right else f"expected {gold}")


def _plain(text: str) -> str:
    for ignored in _IGNORED:
        text = ignored.sub("", text)
    return text.lower()
