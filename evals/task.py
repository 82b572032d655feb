"""Task: questions with their right answers, and how attempts at them are judged; it knows no model.

# evals/mine.py
TASK = Task("mine", "questions of mine", "1", Source, load, scorers={"exact": exact}, primary="exact")

if __name__ == "__main__":
from evals.commands import main
main("mine")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from prompts.answers import ANSWER_FORMS
from prompts.checks import CHECKS, DEFAULT_CHECKS, VERIFIERS
from prompts.clean import check_question
from prompts.steps import Step
from prompts.values import Question, Score, UserError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """One question, its right answer in the form the task's scorers read, and the solution steps."""

    question: Question
    gold: Any
    solution: tuple[str, ...] = ()


class Attempted(Protocol):
    """An attempt as a scorer reads it; ``app.store.records.Attempt`` is one."""

    @property
    def answer(self) -> str | None:
        """The answer the strategy gave."""
        ...

    @property
    def completion(self) -> str:
        """The text the answer was read from."""
        ...


Scorer = Callable[[Item, Attempted, Sequence[Step]], Score]
"""Judges ``(item, attempt, steps)``; ``steps`` is the attempt's chain of steps in order."""


class Source(BaseModel):
    """A choice of questions: a task's options on the command line, stored with a run as JSON.

    A task with more options than these subclasses it; ``sample`` applies those that are here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int | None = Field(default=None, ge=1, le=10_000_000, description="how many questions (all)")
    offset: int = Field(default=0, ge=0, le=10_000_000, description="how many of the shuffled questions to skip first")
    sample_seed: int = Field(default=0, ge=-(2**63), lt=2**63, description="which shuffling")

    def sample(self, items: Sequence[T]) -> tuple[T, ...]:
        """``items`` shuffled; a larger limit extends a smaller one, and offsets make samples disjoint.

        Raises:
            UserError: The offset skips all of them.
        """
        if self.offset >= len(items):
            raise UserError(f"The offset {self.offset} skips all of the {len(items)} questions: choose a smaller one.")
        shuffled = Random(self.sample_seed).sample(items, len(items))
        return tuple(shuffled[self.offset : None if self.limit is None else self.offset + self.limit])


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The items of one run in the order they are asked.

    ``name`` says which set they are from ("gsm8k/test"), ``version`` changes whenever items or scorers do, and
    ``notice`` is a line that the reader of any result must see (empty where there is nothing to warn of).
    """

    name: str
    version: str
    items: tuple[Item, ...]
    notice: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One kind of questions.

    Attributes:
        name: The name of its file in ``evals/``.
        help: What it measures, to follow "Measure a strategy on".
        version: Version of its items and scorers.
        source: The options that choose its questions.
        load: Loads them; raises ``UserError`` when they cannot be had.
        scorers: How an attempt is judged, by the names the scores are stored under.
        primary: The scorer that counts.
        checks: Which mechanical checks its traces get, keys of ``prompts.checks.CHECKS``.
        answers: The form its answers are read by, a key of ``prompts.answers.ANSWER_FORMS``.
        verifier: What finds a wrong step while it is written, a key of ``prompts.checks.VERIFIERS``.
        presets: Sources that the page offers, by what they are called there.
    """

    name: str
    help: str
    version: str
    source: type[Source]
    load: Callable[[Any], QuestionSet]
    scorers: Mapping[str, Scorer]
    primary: str
    checks: tuple[str, ...] = DEFAULT_CHECKS
    answers: str = "stated"
    verifier: str = "equations"
    presets: Mapping[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.primary not in self.scorers:
            raise ValueError(f"the primary scorer {self.primary!r} is not one of {', '.join(self.scorers)}")
        if unknown := [name for name in self.checks if name not in CHECKS]:
            raise ValueError(f"there is no check {unknown[0]!r}: choose of {', '.join(CHECKS)}")
        if self.answers not in ANSWER_FORMS:
            raise ValueError(f"there is no answer form {self.answers!r}: choose one of {', '.join(ANSWER_FORMS)}")
        if self.verifier not in VERIFIERS:
            raise ValueError(f"there is no verifier {self.verifier!r}: choose one of {', '.join(VERIFIERS)}")

    def questions(self, source: Source) -> QuestionSet:
        """The questions of ``source``, each with the form its answer is read by.

        Raises:
            UserError: They cannot be had, or one of them cannot be asked.
        """
        loaded = self.load(source)
        return replace(loaded, items=tuple(map(self._asked, loaded.items)))

    def _asked(self, item: Item) -> Item:
        try:
            text = check_question(item.question.text)
        except UserError as error:
            raise UserError(f"Question {item.question.id} of {self.name} cannot be asked: {error}") from error
        asked = replace(item.question, text=text, answers=self.answers, verifier=self.verifier)
        return replace(item, question=asked)
