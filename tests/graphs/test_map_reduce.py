from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.scripted import CAPABILITIES, ScriptedBackend
from app.session import solve
from app.store import Store
from graphs.map_reduce import MapReduceSettings, tree
from prompts.memories import TextMemory
from prompts.quotes import quoted
from prompts.values import Question, Request, UserError
from tests.prompts.test_reading import SUM, adding

PLACES = ["hall", "garden", "office", "kitchen", "cellar", "attic", "porch", "barn", "shed"]
TEXT = " ".join(f"Mary moved to the {place}. The grass is green and the sky is blue, all day." for place in PLACES)
QUESTION = Question("q", "Where has Mary been?", TEXT, "words")
SIZES = MapReduceSettings(chunk_tokens=32, memory_tokens=16)


def model(request: Request) -> str:
    """Copies what is said of Mary, one line of a text; then ends."""
    if request.prefill.endswith("matter:\n-"):
        found = re.findall(r"Mary moved to the \w+\.", request.messages[1].content)
        return f" {found[-1]}" if found else " none"
    place = re.findall(r"moved to the (\w+)", request.messages[1].content)[-1]
    return f" Mary is there.\nAnswer: {place}"


@given(st.integers(1, 500), st.integers(2, 9))
def test_a_tree_ends_in_one_memory_and_no_level_is_larger_than_it_must_be(pieces: int, fan_in: int) -> None:
    levels = tree(pieces, fan_in)
    assert levels[0] == pieces and levels[-1] == 1
    assert all(fan_in * few >= many > fan_in * (few - 1) for many, few in pairwise(levels))


async def test_the_readings_are_the_tree_and_no_piece_sees_another() -> None:
    backend = ScriptedBackend(model, capabilities=CAPABILITIES)
    with Store.open(":memory:") as store:
        async for _ in solve(QUESTION, "map_reduce", backend, SIZES, store):
            pass
        records, attempt = store.records(1), store.attempt(1)
    reads = [record.step for record in records if record.step.verb == "read"]
    pieces = sum("Mary" not in str(step.memory_before) and "Mary moved" in TEXT for step in reads)
    assert pieces == len(reads), "each begins with an empty memory"
    first = sum(request.prefill.startswith("Sentences") and "all day" in request.messages[1].content
                for request in backend.requests)  # fmt: skip
    assert len(reads) == sum(tree(first, 2)) and first > 4
    assert sorted(step.round for step in reads) == list(range(1, len(reads) + 1))
    assert attempt.answer == "shed", "the order of the text is kept"
    assert records[-1].step.memory_after == TextMemory((quoted("Mary moved to the shed."),))


async def test_sums_of_pieces_are_added() -> None:
    question = Question("q", SUM.text, "; ".join(f"({n}, {-n})" for n in range(1, 13)), "vector", "vectors")

    def summing(request: Request) -> str:
        return " Done.\nAnswer: (78, -78)" if "Step" in request.prefill else adding(request)

    backend = ScriptedBackend(summing, capabilities=CAPABILITIES)
    with Store.open(":memory:") as store:
        settings = MapReduceSettings(chunk_tokens=32, memory_tokens=16)
        async for _ in solve(question, "map_reduce", backend, settings, store):
            pass
        memories = [r.step.memory_after for r in store.records(1) if r.step.verb == "read"]
    assert TextMemory(("Result so far: (78, -78)",)) in memories


async def test_a_tree_that_would_not_shrink_is_refused() -> None:
    with Store.open(":memory:") as store, pytest.raises(UserError, match="raise --chunk-tokens"):
        settings = MapReduceSettings(chunk_tokens=64, memory_tokens=64)
        async for _ in solve(QUESTION, "map_reduce", ScriptedBackend(model), settings, store):
            pass
