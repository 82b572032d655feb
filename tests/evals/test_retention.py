from __future__ import annotations

import pytest

from evals.retention import captured, retained
from prompts.memories import TextMemory, VectorMemory
from prompts.steps import Step
from prompts.values import Thought


def steps(*memories: tuple[str, ...], wrote: str = "") -> list[Step]:
    """A reading after each of which a memory holds so much."""
    return [
        Step("read", at, TextMemory(), TextMemory(lines), thought=Thought(wrote)) for at, lines in enumerate(memories)
    ]


FACTS = ("Mary went home.", "VAR A = 12", "(3, -2)")


@pytest.mark.parametrize(
    ("memories", "shares"),
    [
        ([('"Mary went home."',), ('"mary went  home"', "So far: (3, -2)")], (2 / 3, 1)),
        ([('"Mary went home."',), ("VAR A = 12",), ("So far: (3, 2)",)], (2 / 3, 0)),
        ([FACTS, FACTS[:1], FACTS[:2]], (1, 2 / 3)),
        ([("nothing of that",)], (0, None)),
        ([(), ()], (None, None)),
    ],
)
def test_what_was_written_and_what_is_still_there(
    memories: list[tuple[str, ...]], shares: tuple[float | None, float | None]
) -> None:
    trace = steps(*memories)
    assert (captured(FACTS, trace).value, retained(FACTS, trace).value) == shares


def test_what_was_written_while_reading_is_captured() -> None:
    trace = steps(("So far: (9, 9)",), wrote="Next (1, 0): (2, -2) + (1, 0) = (3, -2)")
    assert captured(FACTS[2:], trace).value == 1 and retained(FACTS[2:], trace).value == 0


def test_vectors_say_nothing_of_facts() -> None:
    memory = VectorMemory(b"x", (1,), 1.0)
    assert captured(FACTS, [Step("read", 1, memory, memory)]).value is None
