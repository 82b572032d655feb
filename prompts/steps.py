"""A step as it happened: one verb of the reasoning loop with its memories, calls and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prompts.memories import Memory
from prompts.values import Answer, Call, Thought

Verb = Literal["read", "step", "summarize", "conclude"]
Ending = Literal["answered", "no_change", "step_limit", "token_limit", "time_limit"]


@dataclass(frozen=True, slots=True)
class Step:
    """One verb in a trace. ``round`` counts thoughts from 1; ``answer`` is a conclusion's."""

    verb: Verb
    round: int
    memory_before: Memory
    memory_after: Memory
    calls: tuple[Call, ...] = ()
    marks: tuple[str, ...] = ()
    thought: Thought | None = None
    answer: Answer | None = None
    ending: Ending | None = None
