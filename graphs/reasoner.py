"""The three verbs every strategy is written in, and the budget they are run under.

A Reasoner is whatever implements them: prompts and a chat backend (``prompts.reasoner``), or a recurrent
model. Reading a long context piece by piece is a fourth verb and will be a Protocol of its own, since not
every strategy needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from prompts.values import Answer, Call, Memory, Question, Thought, Turn

Verb = Literal["read", "step", "summarize", "conclude"]
Ending = Literal["answered", "no progress", "steps spent", "tokens spent", "time spent"]


class Reasoner(Protocol):
    """The verbs. Each generates at most ``limit`` tokens, all its calls together, and lists its calls in the Turn."""

    async def step(self, question: Question, memory: Memory, *, limit: int, sample: int = 0) -> Turn[Thought]:
        """Do the next small piece of reasoning; ``sample`` tells parallel chains apart."""
        ...

    async def summarize(self, question: Question, memory: Memory, thought: Thought, *, limit: int) -> Turn[Memory]:
        """Rewrite the memory: what we know, what to do next."""
        ...

    async def conclude(
        self, question: Question, memory: Memory, thoughts: tuple[Thought, ...], *, limit: int
    ) -> Turn[Answer]:
        """Yield an answer, or an explicit none, whatever state the reasoning is in."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One verb as it happened: what a trace keeps. ``round`` counts thoughts from 1; ``answer`` is a conclusion's."""

    verb: Verb
    round: int
    memory_before: Memory
    memory_after: Memory
    calls: tuple[Call, ...] = ()
    marks: tuple[str, ...] = ()
    thought: Thought | None = None
    answer: Answer | None = None
    ending: Ending | None = None
