from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from evals.babi_long import ELSEWHERE, PEOPLE, PLACES, TASK, VERBS, BabiSource, one_label
from evals.task import Item
from prompts.values import Question, UserError

BABI = os.environ.get("ISUMP_BABI")


@dataclass(frozen=True)
class Said:
    answer: str | None
    completion: str = ""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Stories of our own in bAbI's form."""
    random, lines = Random(7), list[str]()
    for _ in range(60):
        where, number = dict[str, tuple[str, int]](), 0
        for _ in range(5):
            for _ in range(2):
                number += 1
                name, place = random.choice(PEOPLE), random.choice(PLACES)
                where[name] = place, number
                lines.append(f"{number} {name} {random.choice(VERBS)} to the {place}.")
            number += 1
            name = random.choice(sorted(where))
            lines.append(f"{number} Where is {name}? \t{where[name][0]}\t{where[name][1]}")
    path = tmp_path / "qa1_own.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def solved(item: Item) -> str:
    """The last place that the person asked for has gone to."""
    (name,) = re.findall(r"Where is (\w+)\?", item.question.text)
    return re.findall(rf"{name} (?:{'|'.join(VERBS)}) to the (\w+)\.", item.question.context)[-1]


@pytest.mark.parametrize("padding", ["ruler", "soft"])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_no_padding_changes_an_answer(file: Path, padding: Any, elsewhere: bool) -> None:
    for tokens in (50, 400, 1000):
        source = BabiSource(data=file, tokens=tokens, padding=padding, location_change=elsewhere)
        items = TASK.questions(source).items
        assert len(items) == 300
        assert all(solved(item) == item.gold for item in items)
        assert {item.gold for item in items} == set(ELSEWHERE.values() if elsewhere else PLACES)
        for item in items:
            assert item.gold in item.solution[-1] and all(fact in item.question.context for fact in item.solution)
            assert len(item.question.context) <= max(4 * tokens, 500)
            assert len(item.question.context) >= 4 * tokens - 100


@pytest.mark.skipif(BABI is None, reason="ISUMP_BABI names the folder of bAbI's files")
def test_the_golds_of_bAbI_itself_hold_in_soft_padding() -> None:
    path = Path(BABI or "") / "qa1_single-supporting-fact_test.txt"
    items = TASK.questions(BabiSource(data=path, padding="soft")).items
    assert len(items) == 1000 and all(solved(item) == item.gold for item in items)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("garden", 1), ("Mary is in the garden. Not the kitchen.", 1), ("the Garden", 1), ("office", 0), (None, None),
        ("He left the kitchen for the garden.", 0), ("from the hallway to the garden", 1),
    ],
)  # fmt: skip
def test_one_label_and_no_other_is_right(answer: str | None, right: float | None) -> None:
    item = Item(Question("q", "Where was Mary after the hallway?"), "garden")
    assert one_label(item, Said(answer), ()).value == right


def test_what_cannot_be_asked_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "qa2.txt").write_text("1 Mary got the milk.\n2 Where is the milk? \tgarden\t1\n")
    (tmp_path / "other.txt").write_text("no numbers here\n")
    for source, says in (
        (BabiSource(), "not part of this program"),
        (BabiSource(data=tmp_path / "none.txt"), "cannot be read"),
        (BabiSource(data=tmp_path / "other.txt"), "line 1 is no line of bAbI"),
        (BabiSource(data=tmp_path / "qa2.txt", padding="soft"), "may change the answer"),
    ):
        with pytest.raises(UserError, match=says):
            TASK.questions(source)
