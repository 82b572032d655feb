"""FusedReasoner: one call writes thought and memory; ``summarize`` reads the memory from the reply, without a call."""

from __future__ import annotations

import pytest

from app.backends.scripted import Reply, ScriptedBackend
from prompts.fused import FusedReasoner
from prompts.memories import TextMemory
from prompts.memory_text import CHARACTERS_PER_TOKEN
from prompts.settings import MemorySettings
from prompts.values import Thought
from tests.prompts.conftest import CLIPS, part_kinds

MEMORY = TextMemory(("clips in April = 48",), ("work out May",))
REPLY = "48 / 2 = 24 clips in May.\n\nWhat we know:\n- clips in May = 24\nWhat to do next:\n- add both"
LIMIT = 500


def fused(backend: ScriptedBackend, **given: object) -> FusedReasoner:
    return FusedReasoner(backend, MemorySettings.model_validate(given), "isump")


async def test_a_step_keeps_the_whole_reply_and_the_memory_is_read_from_it_without_a_call() -> None:
    backend = ScriptedBackend([REPLY])
    made = fused(backend)
    step = await made.step(CLIPS, MEMORY, limit=LIMIT)
    assert (step.value.text, step.value.source) == ("48 / 2 = 24 clips in May.", REPLY)
    turn = await made.summarize(CLIPS, MEMORY, step.value, limit=LIMIT)
    assert (turn.value, turn.calls, turn.marks) == (TextMemory(("clips in May = 24",), ("add both",)), (), ())
    assert len(backend.requests) == 1
    assert part_kinds(backend.requests[0])[1] == ("user", ["question", "memory", "instruction"])


async def test_the_memory_is_that_of_the_thought_given_and_of_no_later_reply() -> None:
    """Chains that think side by side share a reasoner, so it must not remember a reply of its own."""
    made = fused(ScriptedBackend([REPLY, REPLY.replace("24", "25")]))
    one, other = [(await made.step(CLIPS, MEMORY, limit=LIMIT)).value for _ in range(2)]
    memories = [(await made.summarize(CLIPS, MEMORY, thought, limit=LIMIT)).value for thought in (one, other)]
    assert memories == [TextMemory((f"clips in May = {n}",), ("add both",)) for n in (24, 25)]


async def test_a_reply_without_a_memory_keeps_the_old_one_with_a_mark() -> None:
    made = fused(ScriptedBackend([]))
    for thought in (Thought("48 / 2 = 24.", source="48 / 2 = 24."), Thought("48 / 2 = 24.")):
        turn = await made.summarize(CLIPS, MEMORY, thought, limit=LIMIT)
        assert (turn.value, turn.calls, turn.marks) == (MEMORY, (), ("summary unreadable, memory kept",))


async def test_the_memory_keeps_its_bound_and_the_step_has_the_tokens_of_both() -> None:
    made = fused(ScriptedBackend([]), step_tokens=64, memory_tokens=16)
    assert made.step_tokens == 80
    lines = "\n".join(f"- quantity {n} = {n}" for n in range(50))
    thought = Thought("Counted.", source=f"Counted.\nWhat we know:\n{lines}\nWhat to do next:\n- go on")
    memory = (await made.summarize(CLIPS, MEMORY, thought, limit=LIMIT)).value
    assert isinstance(memory, TextMemory) and memory.known[-1] == "quantity 49 = 49" and memory.next == ("go on",)
    assert sum(len(line) + 3 for line in (*memory.known, *memory.next)) <= 16 * CHARACTERS_PER_TOKEN


async def test_an_answer_among_the_notes_is_no_answer_of_the_thought() -> None:
    made = fused(ScriptedBackend(["48 / 2 = 24.\nWhat we know:\n- May = 24\nAnswer: 24"]))
    assert (await made.step(CLIPS, MEMORY, limit=LIMIT)).value.answer is None


@pytest.mark.parametrize(
    ("reply", "thought", "answer", "memory"),
    [
        (
            "What we know: 48 / 2 = 24 and 48 + 24 = 72, so the answer is 72.\nWhat to do next: none",
            "What we know: 48 / 2 = 24 and 48 + 24 = 72, so the answer is 72.\nWhat to do next: none",
            "72",
            TextMemory(("48 / 2 = 24 and 48 + 24 = 72, so the answer is 72.",)),
        ),
        (
            "Solution:\n48 + 24 = 72.\nAnswer: 72\n\nWhat we know:\n- total = 72\nWhat to do next:\n- none",
            "Solution:\n48 + 24 = 72.\nAnswer: 72",
            "72",
            TextMemory(("total = 72",)),
        ),
        (
            "What we know:\n- April = 48\n\n48 + 24 = 72.\nAnswer: 72",
            "What we know:\n- April = 48\n\n48 + 24 = 72.\nAnswer: 72",
            "72",
            TextMemory(("April = 48", "48 + 24 = 72.", "Answer: 72")),
        ),
        (
            "From what we know: April = 48. Next: 48 / 2 = 24.\nKnown:\n- May = 24\nNext:\n- add",
            "From what we know: April = 48. Next: 48 / 2 = 24.",
            None,
            TextMemory(("May = 24",), ("add",)),
        ),
        (
            '48 / 2 = 24.\n```json\n{"known": ["May = 24"], "next": ["add"]}\n```',
            "48 / 2 = 24.",
            None,
            TextMemory(("May = 24",), ("add",)),
        ),
        ("48 / 2 = 24, the set {x}.", "48 / 2 = 24, the set {x}.", None, MEMORY),
    ],
)
async def test_no_heading_swallows_the_thought_or_its_answer(
    reply: str, thought: str, answer: str | None, memory: TextMemory
) -> None:
    made = fused(ScriptedBackend([reply]))
    read = (await made.step(CLIPS, MEMORY, limit=LIMIT)).value
    assert (read.text, read.answer) == (thought, answer)
    assert (await made.summarize(CLIPS, MEMORY, read, limit=LIMIT)).value == memory


async def test_an_answer_counts_though_the_lists_behind_it_were_cut_and_not_when_it_was_cut_itself() -> None:
    lists = Reply("48 + 24 = 72.\nAnswer: 72\nWhat we know:\n- total = 7", "length")
    torn = Reply("48 + 24 = 72.\nAnswer: 7", "length")
    made = fused(ScriptedBackend([lists, torn]))
    assert [(await made.step(CLIPS, MEMORY, limit=LIMIT)).value.answer for _ in range(2)] == ["72", None]
