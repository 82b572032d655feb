from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from evals import reasoning_gym
from evals.reasoning_gym import TASK, GymSource
from prompts.values import UserError


@dataclass(frozen=True)
class Said:
    answer: str | None
    completion: str = ""


class Doublings(list[dict[str, Any]]):
    """A data set of the library's form, whose verifier gives half of a point for a sign."""

    def score_answer(self, answer: str, entry: dict[str, Any]) -> float:
        return 1.0 if answer == entry["answer"] else 0.5 * (answer == f"-{entry['answer']}")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    def create_dataset(name: str, size: int, seed: int) -> Doublings:
        if name != "doublings":
            raise ValueError(f"Dataset {name!r} not registered")
        return Doublings({"question": f"Twice {seed + n}?", "answer": str(2 * (seed + n))} for n in range(size))

    gym = ModuleType("reasoning_gym")
    vars(gym).update(vars(SimpleNamespace(create_dataset=create_dataset)))
    monkeypatch.setitem(sys.modules, "reasoning_gym", gym)
    monkeypatch.setattr(reasoning_gym, "version", lambda package: "0.1.25")


@pytest.mark.usefixtures("library")
def test_questions_do_not_depend_on_the_limit_and_are_judged_by_the_library() -> None:
    loaded = TASK.questions(GymSource(dataset="doublings", limit=3, offset=2, sample_seed=7))
    assert [item.question.text for item in loaded.items] == ["Twice 9?", "Twice 10?", "Twice 11?"]
    assert (loaded.name, loaded.version) == ("reasoning-gym/doublings", "1+0.1.25")
    scores = [TASK.scorers["verified"](loaded.items[0], Said(answer), ()).value for answer in ("18", "-18", "7", None)]
    assert scores == [1, 0.5, 0, None]


@pytest.mark.usefixtures("library")
def test_a_data_set_that_is_none_is_one_sentence() -> None:
    with pytest.raises(UserError, match="no usable data set 'magic'"):
        TASK.questions(GymSource(dataset="magic"))


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(UserError, match=r"pip install '\.\[gym\]'"):
        TASK.questions(GymSource())
