"""PromptReasoner verb by verb, on a scripted backend: what each prompt holds, and what is read from the reply."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.scripted import ScriptedBackend
from prompts.backend import Capability
from prompts.memories import TextMemory, VectorMemory
from prompts.memory_text import schema
from prompts.reasoner import PromptReasoner
from prompts.settings import MemorySettings
from prompts.values import Question, Thought
from tests.prompts.conftest import CLIPS, part_kinds

MEMORY = TextMemory(("clips in April = 48",), ("work out May",))
NOTES = "Known:\n- clips in April = 48\n- clips in May = 24\nNext:\n- add both"
NOTED = TextMemory(("clips in April = 48", "clips in May = 24"), ("add both",))
LIMIT = 500


def reasoner(backend: ScriptedBackend, templates: str = "isump", **given: object) -> PromptReasoner:
    return PromptReasoner(backend, MemorySettings.model_validate(given), templates)


def size(memory: TextMemory) -> int:
    """The tokens of a memory as it is bounded: each line with its bullet and line end."""
    return sum(-(-(len(line) + 3) // 4) for line in (*memory.known, *memory.next))


async def test_reading_a_chunk_shows_it_as_context_after_question_and_memory() -> None:
    backend = ScriptedBackend([NOTES])
    turn = await reasoner(backend).read(CLIPS, MEMORY, "In May she sold 24 clips.", limit=LIMIT)
    (request,) = backend.requests
    assert part_kinds(request) == [("system", ["system"]), ("user", ["question", "memory", "context", "instruction"])]
    assert request.messages[1].parts[2].text == "In May she sold 24 clips."
    assert turn.value == NOTED
    assert [call.request for call in turn.calls] == [request] and turn.marks == ()


async def test_reading_the_first_chunk_shows_no_memory() -> None:
    backend = ScriptedBackend([NOTES])
    await reasoner(backend).read(CLIPS, TextMemory(), "In May she sold 24 clips.", limit=LIMIT)
    assert part_kinds(backend.requests[0])[1] == ("user", ["question", "context", "instruction"])


@given(
    st.lists(st.text("abc def 123", min_size=1, max_size=200), min_size=1, max_size=30),
    st.lists(st.text("abc def", min_size=1, max_size=200), max_size=30),
    st.integers(16, 96),
)
async def test_the_memory_after_a_chunk_keeps_its_bound_however_much_was_written(
    known: list[str], goals: list[str], tokens: int
) -> None:
    notes = "\n".join(("Known:", *(f"- fact {line}" for line in known), "Next:", *(f"- find {line}" for line in goals)))
    backend = ScriptedBackend([notes, notes])
    turn = await reasoner(backend, memory_tokens=tokens).read(CLIPS, MEMORY, "text", limit=LIMIT)
    assert isinstance(turn.value, TextMemory)
    assert turn.value == MEMORY or size(turn.value) <= tokens
    assert all(request.max_tokens <= tokens for request in backend.requests)
    assert sum(call.generation.usage.completion for call in turn.calls) <= tokens


async def test_reading_generates_no_more_than_its_limit() -> None:
    backend = ScriptedBackend([NOTES])
    await reasoner(backend, memory_tokens=100).read(CLIPS, MEMORY, "text", limit=40)
    assert backend.requests[0].max_tokens == 40


async def test_an_unreadable_reply_is_asked_for_again_with_another_seed_and_some_temperature() -> None:
    backend = ScriptedBackend(["mumble", NOTES])
    turn = await reasoner(backend, seed=5).read(CLIPS, MEMORY, "text", limit=LIMIT)
    first, second = backend.requests
    assert turn.value == NOTED and len(turn.calls) == 2
    assert turn.marks == ("summary unreadable, asked again",)
    assert first.messages == second.messages
    assert (first.seed, second.seed) == (5, 6)
    assert first.temperature == 0 < second.temperature
    spent = turn.calls[0].generation.usage.completion
    assert second.max_tokens == first.max_tokens - spent


@pytest.mark.parametrize("verb", ["read", "summarize"])
async def test_after_two_unreadable_replies_the_old_memory_is_kept_with_a_mark(verb: str) -> None:
    backend = ScriptedBackend(["mumble", "grumble", NOTES])
    made = reasoner(backend)
    if verb == "read":
        turn = await made.read(CLIPS, MEMORY, "text", limit=LIMIT)
    else:
        turn = await made.summarize(CLIPS, MEMORY, Thought("48 / 2 = 24."), limit=LIMIT)
    assert turn.value == MEMORY
    assert len(turn.calls) == len(backend.requests) == 2
    assert turn.marks == ("summary unreadable, memory kept",)


async def test_without_tokens_left_there_is_no_second_try() -> None:
    backend = ScriptedBackend(["mumble " * 99, NOTES])
    turn = await reasoner(backend).read(CLIPS, MEMORY, "text", limit=20)
    assert (turn.value, len(turn.calls)) == (MEMORY, 1)


async def test_a_memory_in_json_is_bound_to_the_schema_only_where_the_backend_can() -> None:
    notes = '{"known": ["clips in May = 24"], "next": ["add both"]}'
    can = ScriptedBackend([notes], capabilities=frozenset({Capability.SCHEMA}))
    cannot = ScriptedBackend([notes])
    for backend, bound in ((can, schema(60)), (cannot, None)):
        turn = await reasoner(backend, memory_form="json", memory_tokens=60).read(CLIPS, MEMORY, "text", limit=LIMIT)
        assert backend.requests[0].schema == bound
        assert turn.value == TextMemory(("clips in May = 24",), ("add both",))
    text = ScriptedBackend([NOTES], capabilities=frozenset({Capability.SCHEMA}))
    await reasoner(text).read(CLIPS, MEMORY, "text", limit=LIMIT)
    assert text.requests[0].schema is None


async def test_the_line_that_the_token_limit_broke_off_is_no_part_of_the_memory() -> None:
    backend = ScriptedBackend(["Known:\n- clips in April = 48\n- clips in May = 2222 2222"])
    turn = await reasoner(backend, memory_tokens=16).read(CLIPS, TextMemory(), "text", limit=12)
    assert turn.calls[0].generation.finish_reason == "length"
    assert turn.value == TextMemory(("clips in April = 48",))


async def test_a_vector_memory_is_refused() -> None:
    backend = ScriptedBackend([NOTES])
    with pytest.raises(TypeError, match="not VectorMemory"):
        await reasoner(backend).read(CLIPS, VectorMemory(b"1", (1,), 1.0), "text", limit=LIMIT)
    assert not backend.requests


async def test_the_parts_of_every_prompt_say_what_they_are() -> None:
    none = frozenset[Capability]()
    backend = ScriptedBackend(["48 / 2 = 25.", "48 / 2 = 24.", NOTES, "72"], capabilities=none)
    made = reasoner(backend, on_wrong="ask")
    thought = (await made.step(CLIPS, MEMORY, limit=LIMIT)).value
    await made.summarize(CLIPS, MEMORY, thought, limit=LIMIT)
    answer = (await made.conclude(CLIPS, MEMORY, (thought,), limit=LIMIT)).value
    head: list[tuple[str, list[str]]] = [("system", ["system"]), ("user", ["question", "memory", "instruction"])]
    asked = [("assistant", ["thought"]), ("user", ["instruction"])]
    assert [part_kinds(request) for request in backend.requests] == [
        head,
        [*head, *asked],
        [*head, *asked],
        [head[0], ("user", ["question", "memory", "thought", "instruction"])],
    ]
    assert answer.text == "72"


async def test_a_context_is_sent_before_the_question() -> None:
    backend = ScriptedBackend(["72"])
    await reasoner(backend).step(Question("q", "How many?", context="A long story."), TextMemory(), limit=LIMIT)
    assert part_kinds(backend.requests[0])[1] == ("user", ["context", "question", "instruction"])


async def test_the_answer_is_asked_for_by_continuing_a_thought_where_the_backend_can() -> None:
    backend = ScriptedBackend([" 72 clips\nand more"])
    made = await reasoner(backend).conclude(CLIPS, TextMemory(), (Thought("48 + 24 = 72."),), limit=LIMIT)
    assert backend.requests[0].prefill == "48 + 24 = 72.\nAnswer:"
    assert (made.value.text, backend.requests[0].stop) == ("72 clips", ("\n",))


async def test_the_answer_is_read_in_the_form_of_the_question() -> None:
    numeric = Question("q", "How many?", answers="number")
    for question, answer in ((CLIPS, "Natalia"), (numeric, None)):
        turn = await reasoner(ScriptedBackend(["Answer: Natalia"])).step(question, TextMemory(), limit=LIMIT)
        assert turn.value.answer == answer
        concluded = await reasoner(ScriptedBackend(["Natalia"])).conclude(question, TextMemory(), (), limit=LIMIT)
        assert concluded.value.text == answer and concluded.value.source == "Natalia"


async def test_a_thought_with_an_answer_is_concluded_without_a_call() -> None:
    backend = ScriptedBackend(["never asked"])
    thoughts = (Thought("48 + 24 = 72.\nAnswer: 72", "72"),)
    turn = await reasoner(backend).conclude(CLIPS, MEMORY, thoughts, limit=LIMIT)
    assert (turn.value.text, turn.value.source, turn.calls) == ("72", thoughts[0].text, ())
    assert not backend.requests


async def test_a_thought_cut_at_the_limit_ends_at_its_last_sentence_but_its_source_is_whole() -> None:
    reply = "In May she sold 48 / 2 = 24. Then Answer: 1"
    backend = ScriptedBackend([reply + "23"])
    turn = await reasoner(backend).step(CLIPS, TextMemory(), limit=len(reply) // 4)
    assert turn.calls[0].generation.finish_reason == "length"
    assert (turn.value.text, turn.value.answer) == ("In May she sold 48 / 2 = 24.", None)
    assert turn.value.source == turn.calls[0].generation.text
