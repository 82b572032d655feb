"""A step as it happened: one verb of the reasoning loop with its memories, calls and result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from prompts.memories import Memory
from prompts.values import Answer, Call, Ending, Finding, Thought, VerbResult

Verb = Literal["read", "step", "summarize", "conclude"]


@dataclass(frozen=True, slots=True)
class Step:
    """One verb in a trace.

    ``round`` counts thoughts from 1; ``answer`` is a conclusion's; ``findings`` are those of the verb itself, which the
    store keeps in the step's record, with those of the checks.
    """

    verb: Verb
    round: int
    memory_before: Memory
    memory_after: Memory
    calls: tuple[Call, ...] = ()
    marks: tuple[str, ...] = ()
    thought: Thought | None = None
    answer: Answer | None = None
    ending: Ending | None = None
    findings: tuple[Finding, ...] = field(default=(), compare=False)


def thinking(round: int, memory: Memory, result: VerbResult[Thought]) -> Step:
    """The step in which a thought was written; the memory stays as it is."""
    calls, marks = result.calls, result.marks
    return Step("step", round, memory, memory, calls, marks, thought=result.value, findings=result.findings)
