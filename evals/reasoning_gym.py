"""Any data set of reasoning-gym (Stojanovski et al., 2505.24760), judged by that library's own verifier.

    python -m evals.reasoning_gym --dataset chain_sum --limit 20 --strategy isump

The library generates the questions, from a seed; it is an extra: ``pip install '.[gym]'``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

from pydantic import Field

from evals.task import Attempted, Item, QuestionSet, Source, Task
from prompts.steps import Step
from prompts.values import Question, Score, UserError

VERSION = "1"
DEFAULT_SIZE = 100
"""Questions, where no limit is given."""


class GymSource(Source):
    """Source of the questions; item n is the same whatever the limit."""

    dataset: str = Field(default="chain_sum", description="a data set of the library, such as chain_sum")


def load(source: GymSource) -> QuestionSet:
    """Generate questions; the sample seed chooses which.

    Raises:
        UserError: The library is not installed, or has no such data set.
    """
    made = _dataset(source.dataset, source.offset + (source.limit or DEFAULT_SIZE), source.sample_seed)
    entries = [made[at] for at in range(source.offset, len(made))]
    items = tuple(
        Item(Question(f"{source.dataset}-{source.sample_seed}-{at}", entry["question"]), _gold(source.dataset, entry))
        for at, entry in enumerate(entries, source.offset)
    )
    return QuestionSet(f"reasoning-gym/{source.dataset}", f"{VERSION}+{version('reasoning-gym')}", items)


def _gold(dataset: str, entry: Any) -> dict[str, Any]:
    """What the verifier of a data set needs: its name and the whole entry."""
    return {"dataset": dataset, "entry": entry}


def _dataset(name: str, size: int, seed: int) -> Any:
    try:
        library = import_module("reasoning_gym")
    except ImportError as error:
        raise UserError("These questions need reasoning-gym: run pip install '.[gym]'.") from error
    try:
        return library.create_dataset(name, size=size, seed=seed)
    except ValueError as error:
        raise UserError(f"reasoning-gym has no usable data set {name!r}: {error}.") from error


def verified(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score as the library's verifier does, from 0 to 1; an attempt without an answer is unscored, not wrong."""
    if attempt.answer is None:
        return Score(None, None, "no answer")
    value = float(_dataset(item.gold["dataset"], 1, 0).score_answer(attempt.answer, item.gold["entry"]))
    return Score(value, attempt.answer, "match" if value == 1 else f"expected {item.gold['entry']['answer']}")


TASK = Task(
    name="reasoning_gym",
    help="generated puzzles of reasoning-gym",
    version=VERSION,
    source=GymSource,
    load=load,
    scorers={"verified": verified},
    primary="verified",
)

if __name__ == "__main__":
    from evals.commands import main

    main("reasoning_gym")
