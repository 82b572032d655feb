"""Ways to write the memory after a thought: ``keep``, ``add``, ``rewrite`` and the whole ``transcript``.

A new way is a coroutine like these and an entry in ``WRITERS``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

from prompts.caller import message
from prompts.clean import clean
from prompts.memories import Memory, TextMemory
from prompts.memory_lines import kept_lines
from prompts.reasoner import PromptReasoner
from prompts.replies import readable
from prompts.values import Call, Question, Thought, VerbResult

if TYPE_CHECKING:
    from prompts.numbered import NumberedReasoner

MemoryMode = Literal["keep", "add", "rewrite", "fused"]
"""The ways that ``--memory`` names."""
Writer = Callable[["NumberedReasoner", Question, TextMemory, Thought, int], Awaitable[VerbResult[Memory]]]
"""Writes the memory that follows ``(reasoner, question, memory, thought)`` in at most so many generated tokens."""


async def keep(
    reasoner: NumberedReasoner, question: Question, memory: TextMemory, thought: Thought, limit: int
) -> VerbResult[Memory]:
    """Keep the result lines of the thought as they stand; the model writes nothing but its next heading."""
    return await _added(reasoner, question, memory, thought, (thought.result,) if thought.result else (), (), limit)


async def add(
    reasoner: NumberedReasoner, question: Question, memory: TextMemory, thought: Thought, limit: int
) -> VerbResult[Memory]:
    """Have the model write what the thought adds, in words of its own."""
    calls: tuple[Call, ...] = ()
    lines: tuple[str, ...] = ()
    if limit > 0:
        asked = message("user", "instruction", reasoner.render("add"))
        messages = (*reasoner.after(question, memory, thought), asked)
        calls = (await reasoner.caller.ask(messages, min(limit, reasoner.settings.memory_tokens)),)
        lines = kept_lines(readable(calls[0].generation)[0].split("\n"))
    return await _added(reasoner, question, memory, thought, lines, calls, limit)


async def rewrite(
    reasoner: NumberedReasoner, question: Question, memory: TextMemory, thought: Thought, limit: int
) -> VerbResult[Memory]:
    """Have the model write the whole memory anew."""
    return await PromptReasoner.renew(reasoner, question, memory, thought, limit)


async def transcript(
    reasoner: NumberedReasoner, question: Question, memory: TextMemory, thought: Thought, limit: int
) -> VerbResult[Memory]:
    """Keep every thought word for word: the baseline that a bounded memory is compared with."""
    goal, calls = await reasoner.heading(question, memory, thought.text, limit)
    return VerbResult(TextMemory((*memory.known, thought.text), (goal,) if goal else ()), calls)


WRITERS: dict[MemoryMode, Writer] = {"keep": keep, "add": add, "rewrite": rewrite}
"""The writers of the modes, but for "fused", which is a reasoner of its own."""


async def _added(
    reasoner: NumberedReasoner,
    question: Question,
    memory: TextMemory,
    thought: Thought,
    lines: tuple[str, ...],
    calls: tuple[Call, ...],
    limit: int,
) -> VerbResult[Memory]:
    """The memory with new lines, and the next heading as what to do next, bounded."""
    spent = sum(call.generation.usage.completion for call in calls)
    goal, asked = await reasoner.heading(question, memory, thought.text, limit - spent)
    calls += asked
    known = tuple(dict.fromkeys((*memory.known, *lines)))

    async def shorten(memory: TextMemory, limit: int) -> tuple[Call, tuple[str, ...]]:
        messages = reasoner.continued(question, memory, "")
        call = await reasoner.caller.ask((*messages, message("user", "instruction", reasoner.render("shorten"))), limit)
        return call, kept_lines(clean(call.generation.text).split("\n"))

    left = limit - sum(call.generation.usage.completion for call in calls)
    made = await reasoner.bounded(TextMemory(known, (goal,) if goal else ()), shorten, left)
    return VerbResult(made.value, (*calls, *made.calls), findings=made.findings)
