from __future__ import annotations

from dataclasses import dataclass

import pytest

from evals.noise import NOISE
from evals.task import Item
from evals.variable_tracking import TASK, TrackingSource, exact, recall
from prompts.values import Question


@dataclass(frozen=True)
class Said:
    answer: str | None

    @property
    def completion(self) -> str:
        return f"So they are {self.answer}."


def solved(text: str, value: str) -> set[str]:
    """The names with that value, found by running the text as a program."""
    variables = dict[str, str]()
    for line in text.split("\n"):
        if line != NOISE:
            _, name, _, *given = line.split()
            variables[name] = variables[given[1]] if given[0] == "VAR" else given[0]
    return {name for name, held in variables.items() if held == value}


def test_golds_are_derived_again_by_running_the_text() -> None:
    for seed in range(1000):
        sizes = {"tokens": 100 + 37 * (seed % 40), "chains": 1 + seed % 4, "hops": 1 + seed % 6}
        source = TrackingSource(sample_seed=seed, limit=1, **sizes)
        (item,) = TASK.questions(source).items
        value = next(word for word in item.question.text.split() if word.isdigit())
        assert solved(item.question.context, value) == item.gold and len(item.gold) == source.hops + 1
        written = len(item.question.context)
        statements = source.chains * (source.hops + 1) * 24
        assert written <= max(4 * source.tokens, statements + len(NOISE)) + 1
        assert written >= 4 * source.tokens - len(NOISE) - 1


def test_a_larger_limit_extends_a_smaller_one() -> None:
    few, more = (TASK.questions(TrackingSource(limit=limit)).items for limit in (2, 4))
    assert more[:2] == few and len({item.gold for item in more}) == 4


@pytest.mark.parametrize(
    ("answer", "share", "whole"),
    [
        ("AAAAA, BBBBB", 1, 1), ("BBBBB and AAAAA", 1, 1), ("AAAAA", 0.5, 0), ("AAAAA, BBBBB, CCCCC", 1, 0),
        ("none of them", 0, 0), (None, None, None),
    ],
)  # fmt: skip
def test_scores(answer: str | None, share: float | None, whole: float | None) -> None:
    item = Item(Question("q", "?"), frozenset({"AAAAA", "BBBBB"}))
    assert recall(item, Said(answer), ()).value == share
    assert exact(item, Said(answer), ()).value == whole


def test_recall_has_the_published_value() -> None:
    item = Item(Question("q", "?"), frozenset({"AAAAA", "BBBBB", "CCCCC", "DDDDD", "EEEEE"}))
    assert recall(item, Said("BBBBB, EEEEE"), ()).value == 0.4
