from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from evals.gsm8k_chain import TASK, ChainSource
from evals.task import Item
from prompts.memories import TextMemory
from prompts.steps import Step
from prompts.values import Thought, UserError


@dataclass(frozen=True)
class Said:
    answer: str | None
    completion: str = ""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Doublings, whose answers an independent solver can tell from the chained text alone."""
    lines = [
        {"question": f"Ann has {n} pens. How many are twice as many?", "answer": f"#### {2 * n}"} for n in range(40)
    ]
    lines += [
        {"question": "How much is a half of an egg?", "answer": "#### 0.5"},
        {"question": "What?", "answer": "#### 1"},
    ]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path / "data.jsonl"


def solved(item: Item) -> list[int]:
    """The answers one after the other, of what the text says."""
    answers = list[int]()
    for part in item.question.text.split("\n\n")[1:]:
        if plain := re.search(r"has (\d+) pens", part):
            start = int(plain[1])
        else:
            told = re.search(r"has \(the answer to question (\d+)(?:, (plus|minus) (\d+))?\) pens", part)
            assert told and int(told[1]) == len(answers), "of the question right before"
            start = answers[-1] + int(told[3] or 0) * (-1 if told[2] == "minus" else 1)
        answers.append(2 * start)
    return answers


@pytest.mark.parametrize("links", [1, 2, 4, 8])
def test_every_answer_follows_from_the_chained_text(data: Path, links: int) -> None:
    items = TASK.questions(ChainSource(data=data, links=links)).items
    assert len(items) == 40 // links
    for item in items:
        assert [str(each) for each in solved(item)] == list(item.solution) and item.gold == item.solution[-1]
    assert TASK.questions(ChainSource(data=data, links=links, limit=2, offset=1)).items == items[1:3]


def test_too_few_questions_are_one_sentence(data: Path) -> None:
    with pytest.raises(UserError, match="fewer --links"):
        TASK.questions(ChainSource(data=data, links=41))


@pytest.mark.parametrize(("said", "share"), [([], 0), ([0], 0.25), ([0, 1, 2, 3], 1), ([0, 2, 3], 0.25), ([1, 2], 0)])
def test_links_are_counted_from_the_first_on(data: Path, said: list[int], share: float) -> None:
    item = TASK.questions(ChainSource(data=data, links=4, limit=1)).items[0]
    item = Item(item.question, "1000003", ("1000000", "1000001", "1000002", "1000003"))
    text = "\n".join(f"So it is {item.solution[at]}." for at in said)
    steps = [Step("step", 1, TextMemory(), TextMemory(), thought=Thought(text))]
    assert TASK.scorers["links"](item, Said(None), steps).value == share
