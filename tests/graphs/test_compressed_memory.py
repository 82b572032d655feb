from __future__ import annotations

import re
from typing import Any

import pytest

from app.backends.scripted import CAPABILITIES, ScriptedBackend
from app.fork import fork_at
from app.session import Ended, solve
from app.store import Store
from app.store.records import Record
from graphs.compressed_memory import CompressedMemorySettings
from prompts.memories import TextMemory
from prompts.values import Question, Request

PLACES = ["hall", "garden", "office", "kitchen"]
TEXT = " ".join(f"Mary moved to the {place}. The grass is green. The sky is blue." for place in PLACES)
QUESTION = Question("q", "Where is Mary?", TEXT, "words")


def model(request: Request) -> str:
    """Copies what is said of Mary; then says where the last line of its memory has her."""
    if request.prefill.endswith("matter:\n-"):
        part = request.messages[1].content
        return "".join(f" {found}\n-" for found in re.findall(r"Mary moved to the \w+\.", part)) or " none"
    known = re.findall(r"moved to the (\w+)", request.messages[1].content)
    return f" Mary is there.\nAnswer: {known[-1] if known else 'unknown'}"


async def taken(store: Store, backend: ScriptedBackend, **given: Any) -> list[Record]:
    fork, question = given.pop("fork", None), given.pop("question", QUESTION)
    settings = CompressedMemorySettings(chunk_tokens=16, **given)
    events = [e async for e in solve(question, "compressed_memory", backend, settings, store, fork=fork)]
    assert isinstance(events[-1], Ended)
    return [event for event in events if isinstance(event, Record)]


def scripted() -> ScriptedBackend:
    return ScriptedBackend(model, capabilities=CAPABILITIES)


@pytest.mark.parametrize("given", [{}, {"pin": "Mary walks fast."}, {"memory_tokens": 32}])
async def test_every_piece_is_shown_once_and_the_answer_comes_from_the_memory(given: dict[str, Any]) -> None:
    backend = scripted()
    with Store.open(":memory:") as store:
        records = await taken(store, backend, **given)
        assert store.attempt(1).answer == "kitchen"
    reads = [record.step for record in records if record.step.verb == "read"]
    assert [step.round for step in reads] == list(range(1, len(reads) + 1)) and len(reads) >= 4
    texts = [part.text for r in backend.requests for m in r.messages for part in m.parts if part.kind == "context"]
    assert " ".join(texts[: len(reads)]) == TEXT, "each piece is shown once, in order"
    assert all("Mary" not in text for text in texts[len(reads) :]), "and never again"
    memory = records[-1].step.memory_after
    assert isinstance(memory, TextMemory) and '"Mary moved to the kitchen."' in memory.known


async def test_a_longer_text_has_no_longer_prompts() -> None:
    sizes = list[int]()
    for times in (2, 8):
        backend = scripted()
        with Store.open(":memory:") as store:
            await taken(
                store, backend, memory_tokens=32, question=Question("q", "Where is Mary?", TEXT * times, "words")
            )
        sizes.append(max(sum(len(m.content) for m in request.messages) for request in backend.requests))
    assert sizes[1] <= sizes[0] * 1.1


async def test_every_step_is_a_checkpoint_also_in_the_midst_of_the_text() -> None:
    with Store.open(":memory:") as store:
        records = await taken(store, scripted())
        for index, record in enumerate(records):
            again = await taken(store, scripted(), fork=fork_at(store.attempt(1), records[: index + 1]))
            rest = records[index:] if record.step.verb in ("step", "conclude") else records[index + 1 :]
            rest = records[index - 1 :] if record.step.verb == "conclude" else rest
            assert [(r.step.verb, r.step.round, r.step.memory_after) for r in again] == [
                (r.step.verb, r.step.round, r.step.memory_after) for r in rest
            ]


async def test_without_a_context_it_is_isump() -> None:
    with Store.open(":memory:") as store:
        records = await taken(store, scripted(), question=Question("q", "Where is Mary?", "", "words"))
    assert [record.step.verb for record in records] == ["step", "conclude"]


async def test_the_token_budget_ends_the_reading_with_an_answer_or_none() -> None:
    with Store.open(":memory:") as store:
        records = await taken(store, scripted(), max_tokens=24)
        assert store.attempt(1).ending == "token_limit"
    assert records[-1].step.verb == "conclude" and sum(r.step.verb == "read" for r in records) < 4
