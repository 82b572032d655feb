from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.scripted import CAPABILITIES, ScriptedBackend
from graphs.isump import IsumpSettings
from prompts.memories import Memory, TextMemory
from prompts.numbered import NumberedReasoner
from prompts.quotes import quoted, split_quotes, superseded
from prompts.values import Question
from prompts.writers import keep

PEOPLE, PLACES = ("Mary", "John", "The cat"), ("hall", "garden", "office")
MOVES = st.tuples(
    st.sampled_from(PEOPLE), st.sampled_from(("went to", "went back to", "is in")), st.sampled_from(PLACES)
)


async def read(text: list[str], question: str = "Where is Mary?") -> tuple[str, ...]:
    """The quotes that a memory holds when a model has copied every sentence of a text, one piece a sentence."""
    backend = ScriptedBackend([f" {line}" for line in text], capabilities=CAPABILITIES)
    reasoner = NumberedReasoner(backend, IsumpSettings(memory_tokens=9999), "isump", keep)
    memory: Memory = TextMemory()
    for line in text:
        memory = (await reasoner.read(Question("q", question, answers="words"), memory, line, limit=99)).value
    assert isinstance(memory, TextMemory)
    return split_quotes(memory.known)[0]


@given(st.lists(MOVES, max_size=12))
async def test_of_everybody_the_newest_place_is_known_and_no_other(moves: list[tuple[str, str, str]]) -> None:
    told = [f"{who} {moved} the {place}." for who, moved, place in moves]
    newest = {who: line for (who, _, _), line in zip(moves, told, strict=True)}
    assert sorted(await read(told)) == sorted(newest.values())
    assert list(dict.fromkeys(await read(told, "Where was Mary before the hall?"))) == list(dict.fromkeys(told))


@pytest.mark.parametrize(
    "told",
    [
        ["Mary went to the hall.", "Mary got the milk.", "Mary went to the office."],
        ["Mary gave the milk to Ann.", "Mary gave the cake to Ann."],
        ["Mary is in the hall.", "Mary is no longer in the hall."],
        ["The sky is blue.", "The grass is green."],
        ["VAR A = 12", "VAR B = VAR A", "VAR C = VAR A"],
        ["Mary went to the hall.", "John went to the hall."],
        ["Mary is happy.", "Mary is in the hall."],
    ],
)
async def test_what_says_something_else_is_kept(told: list[str]) -> None:
    assert superseded(told) == [] and list(await read(told)) == told


async def test_what_was_so_before_can_be_so_again() -> None:
    told = ["Mary went to the hall.", "Mary got the milk.", "Mary went to the office.", "Mary went to the hall."]
    assert list(await read(told)) == [told[0], told[1], told[3]]


def test_quotes_are_told_from_results() -> None:
    lines = (quoted('He said "hi".'), "Eggs: 3 * 12 = 36", '"', '""')
    assert split_quotes(lines) == (('He said "hi".',), lines[1:])
