from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.riw import TASK, WalkSource, coordinates, exact
from prompts.checks import CHECKS, VERIFIERS
from prompts.checks.walk import shown
from prompts.memories import TextMemory
from prompts.steps import Step
from prompts.values import Question, Thought


@dataclass(frozen=True)
class Said:
    answer: str | None
    completion: str = ""


def solved(context: str) -> list[int]:
    """The sum by another way than the generator's: column by column, of the numbers as they stand."""
    rows = [[int(number) for number in re.findall(r"-?\d+", part)] for part in context.split(";")]
    return [sum(column) for column in zip(*rows, strict=True)]


def test_golds_are_derived_again_from_what_is_asked() -> None:
    for seed in range(1000):
        source = WalkSource(sample_seed=seed, limit=1, vectors=2 + seed % 60, coordinates=1 + seed % 7)
        (item,) = TASK.questions(source).items
        assert list(item.gold) == solved(item.question.context)
        assert len(item.solution) == item.question.context.count(";") + 1 == source.vectors


def test_a_larger_limit_extends_a_smaller_one_and_an_offset_skips() -> None:
    few, more = (TASK.questions(WalkSource(limit=limit)).items for limit in (3, 6))
    assert more[:3] == few
    assert TASK.questions(WalkSource(limit=2, offset=3)).items == more[3:5]
    assert len({item.question.context for item in more}) == 6


def test_the_distribution_is_the_published_one() -> None:
    items = TASK.questions(WalkSource(limit=400, vectors=50, coordinates=4)).items
    columns = [
        [int(number) for number in column]
        for item in items
        for column in zip(*(re.findall(r"-?\d+", part) for part in item.question.context.split(";")), strict=True)
    ]
    means = [sum(column) / len(column) for column in columns]
    within = sum((x - m) ** 2 for c, m in zip(columns, means, strict=True) for x in c) / sum(
        len(c) - 1 for c in columns
    )
    between = sum(mean**2 for mean in means) / len(means)
    assert within == pytest.approx(5 + 1 / 12, rel=0.03), "rounding adds a twelfth"
    assert between == pytest.approx(5 + within / 50, rel=0.15)


@pytest.mark.parametrize(
    ("answer", "whole", "share"),
    [("(1, -2)", 1, 1), ("(1, −2)", 1, 1), ("the sum is [1, 2]", 0, 0.5), ("(1, -2, 0)", 0, 0), (None, None, None),
     ("unknown", None, None), ("from (0, 0) to (1, -2)", 1, 1)],
)  # fmt: skip
def test_scores(answer: str | None, whole: float | None, share: float | None) -> None:
    (item,) = TASK.questions(WalkSource(limit=1)).items
    item = type(item)(item.question, (1, -2))
    assert exact(item, Said(answer), ()).value == whole
    assert coordinates(item, Said(answer), ()).value == share


def judged(text: str, context: str = "(3, 2); (-1, 4); (2, -9)") -> list[tuple[str, str]]:
    step = Step("step", 1, TextMemory(), TextMemory(), thought=Thought(text))
    return [(each.kind, each.detail) for each in CHECKS["walk"].judge(Question("q", "?", context), step, "")]


def test_the_first_wrong_sum_is_a_finding() -> None:
    text = "Adding (3, 2): (0 + 3, 0 + 2) = (3, 2)\nAdding (-1, 4): (3 + -1, 2 + 4) = (2, 7)"
    assert judged(text) == [("right", ""), ("wrong", "it is (2, 6)")]
    assert judged("(0 + 3, 0 + 2) = (3, 2)\n(3 + 1, 2 + 4) = (4, 6)")[1] == ("astray", "behind (3, 2) comes (2, 6)")
    assert [detail for _, detail in judged("(3 + 1, 2 + 4) = (4, 6)\n(4 + 2, 6 - 9) = (6, -3)")][1] == ""
    goes_on = Step("read", 2, TextMemory(("So far: (3, 2)",)), TextMemory(), thought=Thought("(3 + 1, 2 + 4) = (4, 6)"))
    (found,) = CHECKS["walk"].judge(Question("q", "?", "(3, 2); (-1, 4); (2, -9)"), goes_on, "")
    assert found.detail == "behind (3, 2) comes (2, 6)"
    assert judged("(3, 2) + (-1, 4) = (2, 6)\n[2, 6] - (-2, 9) = [4, -3]\n(0 + (3), 0 + 2) + (-1, 4) = (2, 7)") == [
        ("right", ""), ("right", ""), ("wrong", "it is (2, 6)")
    ]  # fmt: skip
    assert judged("(3 - 1, 2 - -4) = (2, 6)\n(2 + 2, 6 - 9) = (4, -3)") == [("right", "")] * 2


@pytest.mark.parametrize(
    "text", ["The sum is (3, 2).", "(3, 2) = (3, 2)", "(x + 1, 2) = (3, 2)", "f(1 + 2) = 3", "(1, 2)"]
)
def test_what_is_no_sum_is_passed_over(text: str) -> None:
    assert judged(text) == []


@given(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=1, max_size=8), st.data())
def test_the_verifier_finds_the_wrong_sum_and_writes_the_right_one(
    walk: list[tuple[int, int]], data: st.DataObject
) -> None:
    lines, total, wanted = list[str](), (0, 0), (0, 0)
    broken = data.draw(st.integers(0, len(walk) - 1))
    for at, (x, y) in enumerate(walk):
        new = (total[0] + x, total[1] + y)
        wanted = new if at == broken else wanted
        given = (new[0], new[1] + 1) if at == broken else new
        written = f"({total[0]} + {x}, {total[1]} {'-' if y < 0 else '+'} {abs(y)})"
        lines.append(f"Adding {shown((x, y))}: {written} = {shown(given)}")
        total = given
    verify, question, text = VERIFIERS["vectors"], Question("q", "?"), "\n".join(lines)
    error = verify(question, text, -1)
    assert error is not None and error.right is not None and error.right == shown(wanted)
    assert verify(question, text[: error.at] + error.right, -1) is None
    assert verify(question, text, error.at) is None
