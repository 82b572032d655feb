"""TranscriptReasoner: the memory is every thought so far, word for word, and writing it costs no call."""

from __future__ import annotations

from app.backends.scripted import ScriptedBackend
from prompts.memories import Memory, TextMemory
from prompts.settings import Settings
from prompts.transcript import TranscriptReasoner
from prompts.values import Thought
from tests.prompts.conftest import CLIPS

LIMIT = 500


async def test_every_thought_is_kept_and_shown_whatever_the_bound_of_a_memory() -> None:
    backend = ScriptedBackend(["next."])
    made = TranscriptReasoner(backend, Settings(memory_tokens=16), "history_loop")
    memory: Memory = TextMemory()
    thoughts = [f"thought {n}: " + "word " * 40 for n in range(5)]
    for thought in thoughts:
        turn = await made.summarize(CLIPS, memory, Thought(thought), limit=LIMIT)
        assert turn.calls == () and turn.value != memory
        memory = turn.value
    assert isinstance(memory, TextMemory) and list(memory.known) == thoughts
    await made.step(CLIPS, memory, limit=LIMIT)
    shown = next(part.text for part in backend.requests[0].messages[1].parts if part.kind == "memory")
    assert "\n".join(thoughts) in shown
