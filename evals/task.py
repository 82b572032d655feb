"""A task: questions with their right answers, and the ways of judging an attempt; it knows no model.

    task = gsm8k.load("builtin", None, "test", 5, 0)
    task.scorers[task.primary]("", "18", task.items[0].gold)

How a task is made from its source is the business of the module named after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evals.scoring import Scorer
from prompts.values import Question


@dataclass(frozen=True, slots=True)
class Item:
    """One question, the right answer as the data writes it, and the worked steps that lead there."""

    question: Question
    gold: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """The items of one eval in the order they are asked, and how attempts at them are scored.

    ``name`` is the name in the store, ``version`` changes whenever items or scorers
    do, ``primary`` names the scorer a report shows first, and ``notice`` is a line
    the reader of any result must see (empty where there is nothing to warn of).
    """

    name: str
    version: str
    items: tuple[Item, ...]
    scorers: Mapping[str, Scorer]
    primary: str
    notice: str = ""

    def __post_init__(self) -> None:
        if self.primary not in self.scorers:
            raise ValueError(f"the primary scorer {self.primary!r} is not one of {', '.join(self.scorers)}")
