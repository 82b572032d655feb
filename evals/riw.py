"""Random Integer Walk: the sum of a sequence of integer vectors, the cleanest test of a state that is carried along.

    python -m evals.riw --vectors 32 --coordinates 2 --limit 12 --strategy cot

Every sequence has a mean drawn from N(0, 5 I), each of its vectors is round(N(mean, 5 I)), with 5 as the variance
(Step-by-step reasoning of recurrent memory transformers, random integer walk). The exact sum after every vector is
known, so the first wrong one is a finding of the check ``walk``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from random import Random

from pydantic import Field

from evals.retention import SCORERS, retained
from evals.task import Attempted, Item, QuestionSet, Source, Task
from prompts.checks.walk import Vector, prefix_sums, shown, vectors
from prompts.steps import Step
from prompts.values import Question, Score

VERSION = "1"
ASKED = "Start from {} and add all the vectors of the sequence, coordinate by coordinate. What is the sum?"
DEVIATION = sqrt(5)
DEFAULT_SIZE = 100
"""Sequences, where no limit is given."""


class WalkSource(Source):
    """Source of the sequences; item n is the same whatever the limit."""

    vectors: int = Field(default=8, ge=2, le=10_000, description="vectors of a sequence")
    coordinates: int = Field(default=2, ge=1, le=100, description="coordinates of a vector")


def walk(random: Random, length: int, coordinates: int) -> tuple[Vector, ...]:
    """A sequence of ``length`` vectors."""
    mean = [random.gauss(0, DEVIATION) for _ in range(coordinates)]
    return tuple(tuple(round(random.gauss(center, DEVIATION)) for center in mean) for _ in range(length))


def load(source: WalkSource) -> QuestionSet:
    """Generate sequences; the seed, the number of vectors and of coordinates make them."""
    kind = f"riw-{source.coordinates}x{source.vectors}"
    numbers = range(source.offset, source.offset + (source.limit or DEFAULT_SIZE))
    return QuestionSet(kind, VERSION, tuple(_item(f"{kind}-{source.sample_seed}-{n}", source) for n in numbers))


def _item(id: str, source: WalkSource) -> Item:
    made = walk(Random(id), source.vectors, source.coordinates)
    sums = prefix_sums(made)
    asked = ASKED.format(shown(sums[0]))
    return Item(Question(id, asked, "; ".join(map(shown, made))), sums[-1], tuple(map(shown, sums[1:])))


def exact(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score 1 for the whole vector; an attempt without an answer is unscored, not wrong."""
    given = _answer(attempt)
    if given is None:
        return Score(None, None, "no answer")
    right = given == item.gold
    return Score(float(right), shown(given), "match" if right else f"expected {shown(item.gold)}")


def coordinates(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score the share of right coordinates; a vector of another length has none."""
    given = _answer(attempt)
    if given is None:
        return Score(None, None, "no answer")
    right = sum(one == other for one, other in zip(given, item.gold, strict=False)) * (len(given) == len(item.gold))
    return Score(right / len(item.gold), shown(given), f"{right} of {len(item.gold)} coordinates")


def kept(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score 1 where the last memory holds the final sum, if it was ever written; the others have done their work."""
    return retained(item.solution[-1:], steps)


def _answer(attempt: Attempted) -> Vector | None:
    found = vectors(attempt.answer or "")
    return found[-1] if found else None


TASK = Task(
    name="riw",
    help="random integer walks: sums of vectors",
    version=VERSION,
    source=WalkSource,
    load=load,
    scorers={"exact": exact, "coordinates": coordinates, **SCORERS, "retained": kept},
    primary="exact",
    checks=("walk", "fidelity"),
    answers="vector",
    verifier="vectors",
    presets={"8 vectors of 2 coordinates": WalkSource(), "32 vectors of 2 coordinates": WalkSource(vectors=32)},
)

if __name__ == "__main__":
    from evals.commands import main

    main("riw")
