from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import pytest

from evals.prosqa import TASK, Gold, ProsQaSource, chain, label
from evals.task import Item
from prompts.checks import CHECKS, VERIFIERS
from prompts.memories import TextMemory
from prompts.steps import Step
from prompts.values import Question, Thought, UserError

PROSQA = os.environ.get("ISUMP_PROSQA")


@dataclass(frozen=True)
class Said:
    answer: str | None
    completion: str = ""


def ancestors(item: Item, kind: str) -> set[str]:
    """Who is of a kind, derived upwards from it, sentence by sentence, unlike the generator's way down."""
    facts = [re.findall(r"(\w+) is an? (\w+)", sentence)[0] for sentence in item.question.context.split(". ")]
    found = {kind}
    while more := {one for one, other in facts if other in found} - found:
        found |= more
    return found


def check(item: Item) -> None:
    gold: Gold = item.gold
    assert gold.root in ancestors(item, gold.target) and gold.root not in ancestors(item, gold.other)
    assert {gold.target, gold.other} <= set(re.findall(r"\w+", item.question.text))
    assert all(step in f"{item.question.context} " for step in item.solution)
    assert class_of(item, gold.target, item.solution) == (1, "shortest path")


def class_of(item: Item, answer: str | None, said: Sequence[str]) -> tuple[float | None, str]:
    steps = [Step("step", at, TextMemory(), TextMemory(), thought=Thought(line)) for at, line in enumerate(said, 1)]
    score = chain(item, Said(answer), steps)
    return score.value, score.why


def test_golds_are_derived_again_and_the_statistics_are_the_released_ones() -> None:
    items = [*TASK.questions(ProsQaSource(limit=1000)).items]
    for item in items:
        check(item)
    facts = [re.findall(r"(\w+) is a (\w+)", item.question.context) for item in items]
    nodes = [len({name for fact in each for name in fact}) for each in facts]
    assert mean(nodes) == pytest.approx(22.8, abs=0.5) and min(nodes) >= 14 and max(nodes) <= 28
    assert mean(map(len, facts)) == pytest.approx(36, rel=0.06)
    assert mean(len(item.solution) for item in items) == pytest.approx(3.76, rel=0.05)
    assert mean(len({one for one, _ in each if one[0].isupper()}) for each in facts) == pytest.approx(2.6, abs=0.2)
    first = sum(item.question.text.split()[3] == item.gold.target for item in items)
    assert 440 <= first <= 560, "the place in the question says nothing"


def test_it_can_be_made_harder() -> None:
    for item in TASK.questions(ProsQaSource(limit=20, nodes=100, steps=6)).items:
        check(item)
        assert len(item.solution) >= 6
    with pytest.raises(UserError, match="fewer --steps"):
        TASK.questions(ProsQaSource(limit=1, nodes=8, steps=9))


def wrong_edge(item: Item, random: Random) -> list[str]:
    """The steps with one of them leading elsewhere, which no fact does."""
    at = random.randrange(len(item.solution))
    subject = item.solution[at].partition(" is ")[0]
    kinds = {
        name for name in re.findall(r"is an? (\w+)\.", item.question.context)
        if subject.split()[-1] not in ancestors(item, name)
    }  # fmt: skip
    return [*item.solution[:at], f"{subject} is a {random.choice(sorted(kinds))}.", *item.solution[at + 1 :]]


def test_every_kind_of_corruption_is_rejected() -> None:
    for seed, item in enumerate(TASK.questions(ProsQaSource(limit=200)).items):
        random, steps, target = Random(seed), list(item.solution), item.gold.target
        assert class_of(item, target, wrong_edge(item, random)) == (0, "hallucination")
        backwards = re.sub(r"(?:Every )?(\w+) is a (\w+)", r"Every \2 is a \1", steps[-1])
        assert class_of(item, target, [*steps[:-1], backwards]) == (0, "hallucination")
        assert class_of(item, target, [steps[0], steps[-1]])[0] == (len(steps) == 2), "a step is left out"
        assert class_of(item, target, steps[:-1])[0] == 0
        assert class_of(item, item.gold.other, steps)[0] == 0
        assert class_of(item, target, ["I think so."]) == (0, "no chain")
        assert class_of(item, None, steps) == (1, "shortest path"), "the chain is judged apart from the answer"


FACTS = "Tom is a terpus. Every terpus is a brimpus. Every brimpus is a lempus. Tom is a lorpus. Every lorpus is an impus. Every impus is a terpus. Sam is a scrompus."  # noqa: E501
ITEM = Item(Question("q", "Is Tom a lempus or scrompus?", FACTS), Gold("Tom", "lempus", "scrompus"))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Tom is a terpus and every terpus is a brimpus, so Tom is a brimpus.\nAll brimpuses are lempuses.", "shortest path"),  # noqa: E501
        ("Tom is a terpus, which is a brimpus. Every brimpus is a lempus.", "shortest path"),
        ("Tom → terpus → brimpus → lempus", "shortest path"),
        ("Tom is a lorpus. Every lorpus is an impus. Each impus is a terpus. Every terpus is a brimpus. Tom is therefore a brimpus, and every brimpus is a lempus.", "longer path"),  # noqa: E501
        ("Tom is a terpus. Therefore Tom is a lempus.", "hallucination"),
        ("We need to find whether Tom is a scrompus. Is Tom a lempus or a scrompus? Tom is a lempus or a scrompus. Tom is not a scrompus.", "no chain"),  # noqa: E501
        ("Tom is a terpus and a lorpus. A terpus is a brimpus. A brimpus is a lempus.", "shortest path"),
        ("Tom is a scrompus.", "hallucination"),
    ],
)  # fmt: skip
def test_classes_of_what_models_write(said: str, kind: str) -> None:
    assert class_of(ITEM, "lempus", [said])[1] == kind


@pytest.mark.parametrize(
    ("answer", "value"), [("lempus", 1), ("Tom is a Lempus.", 1), ("scrompus", 0), ("lempus or scrompus", 0),
                          ("brimpus", 0), (None, None)],
)  # fmt: skip
def test_labels(answer: str | None, value: float | None) -> None:
    assert label(ITEM, Said(answer), ()).value == value


def test_the_verifier_says_what_is_given_instead() -> None:
    verify, text = VERIFIERS["relations"], "Tom is a terpus. Every terpus is a lorpus, so Tom is a lorpus."
    error = verify(ITEM.question, text, -1)
    assert error is not None and text[: error.at] + str(error.right) == "Tom is a terpus. Every terpus is a brimpus"
    assert verify(ITEM.question, text, error.at) is None
    dead_end = verify(ITEM.question, "Every lempus is a lorpus.", -1)
    assert dead_end is not None and dead_end.right is None
    for item in TASK.questions(ProsQaSource(limit=200)).items:
        assert verify(item.question, " ".join(item.solution), -1) is None
        broken = " ".join(wrong_edge(item, Random(1)))
        error = verify(item.question, broken, -1)
        while error is not None and error.right is not None:
            broken = broken[: error.at] + error.right
            error = verify(item.question, broken, -1)
        assert error is None or error.right is None


def test_what_a_memory_holds_was_stated_before() -> None:
    step = Step("step", 2, TextMemory(("Tom is a brimpus.",)), TextMemory(), thought=Thought("So Tom is a lempus."))
    fresh = Step("step", 2, TextMemory(), TextMemory(), thought=Thought("So Tom is a lempus."))
    kinds = [[found.kind for found in CHECKS["relations"].judge(ITEM.question, each, "")] for each in (step, fresh)]
    assert kinds == [["derived"], ["gap"]]


@pytest.mark.parametrize(
    ("rows", "said"),
    [("{", "no JSON"), ("{}", "no list"), ("[]", "no list"), ('[{"question": "?"}]', "Row 0"),
     ('[{"question": "Is A a b or c?", "answer": "A is a d.", "steps": []}]', "Row 0"), ("[3]", "Row 0")],
)  # fmt: skip
def test_a_file_of_another_form_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(rows)
    with pytest.raises(UserError, match=said):
        TASK.questions(ProsQaSource(data=path))


def released(item: Item) -> dict[str, Any]:
    asked = f"{item.question.context} {item.question.text}"
    return {"question": asked, "answer": f"{item.gold.root} is a {item.gold.target}.", "steps": list(item.solution)}


def test_a_file_of_the_released_form_is_read(tmp_path: Path) -> None:
    made = TASK.questions(ProsQaSource(limit=30)).items
    path = tmp_path / "own.json"
    path.write_text(json.dumps([released(item) for item in made]))
    read = TASK.questions(ProsQaSource(data=path)).items
    assert {(item.question.context, item.gold, item.solution) for item in read} == {
        (item.question.context, item.gold, item.solution) for item in made
    }


@pytest.mark.skipif(PROSQA is None, reason="ISUMP_PROSQA names no file of the released questions")
def test_the_released_questions() -> None:
    assert PROSQA is not None
    for item in TASK.questions(ProsQaSource(data=Path(PROSQA))).items:
        check(item)
        assert class_of(item, item.gold.target, wrong_edge(item, Random(1))) == (0, "hallucination")
