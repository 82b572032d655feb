from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.checks.fidelity import Fidelity, fidelity
from prompts.checks.numbers import numbers, without_markers
from prompts.memories import TextMemory
from tests.prompts.checks.fidelity_cases import CASES, Case, memory

KINDS = ("kept", "dropped", "invented")


def judged(case: Case) -> Fidelity:
    return fidelity(case.question, memory(case.previous), case.thought, memory(case.summary))


def values(texts: tuple[str, ...]) -> set[Fraction]:
    return {numbers(text)[0].value for text in texts}


def labels(text: str) -> set[Fraction]:
    return {Fraction(word) for word in text.split()}


def test_precision_and_recall(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(CASES) >= 110
    lines: list[str] = []
    scores: list[float] = []
    for kind in KINDS:
        pairs = [(values(getattr(judged(case), kind)), labels(getattr(case, kind))) for case in CASES]
        right = sum(len(found & expected) for found, expected in pairs)
        found, expected = (sum(len(pair[i]) for pair in pairs) for i in (0, 1))
        scores += [right / found, right / expected]
        lines.append(f"{kind:<9} precision {right / found:.3f}  recall {right / expected:.3f}  (labelled {expected})")
    with capsys.disabled():
        print(f"\nsummary fidelity on {len(CASES)} hand-labelled cases", *lines, sep="\n")
    assert min(scores) >= 0.95


def test_worked_example() -> None:
    before, after = TextMemory(known=("April = 48",)), TextMemory(known=("May = 24", "June = 31"))
    assert fidelity("Clips sold in May?", before, "48 / 2 = 24", after) == Fidelity(("24",), ("48", "2"), ("31",))


def test_duplicates_count_once() -> None:
    after = TextMemory(known=("24 and 24.0", "9, nine"))
    assert fidelity("", TextMemory(), "24 = 24", after) == Fidelity(("24",), (), ("9",))


def test_percent_is_equal_to_its_hundredth() -> None:
    for source, new in (("20%", "0.2"), ("0.2", "20%"), ("20%", "20"), ("20", "20 percent")):
        assert fidelity(source, TextMemory(), "", TextMemory(known=(new,))).invented == (), (source, new)
    assert fidelity("20", TextMemory(), "", TextMemory(known=("0.2",))).invented == ("0.2",)


def test_numbers_implied_by_words_and_inside_fractions_are_kept_wherever_they_come_from() -> None:
    """Each source counts: the question's "half" and 48, the memory's 3, the parts of the thought's 30/60."""
    before = TextMemory(next=("add 3",))
    after = TextMemory(known=("1/2, 48, 3, 30, 60 and 61",))
    assert fidelity("half of 48", before, "30/60", after) == Fidelity(("1/2", "48", "3", "30", "60"), (), ("61",))


@given(st.text(), st.lists(st.text(alphabet="0123456789/.,%-– ab½"), max_size=3), st.text())
def test_nothing_is_invented_by_copying(question: str, lines: list[str], thought: str) -> None:
    before = TextMemory(known=tuple(lines))
    after = fidelity(question, before, thought, before)
    assert after.invented == ()
    assert not values(after.dropped) & {n.value for line in lines for n in numbers(without_markers(line))}
