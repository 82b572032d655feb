"""What every node of every strategy shares: the state, the context, and taking one verb within the budget."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypedDict, TypeVar

from langgraph.runtime import Runtime

from graphs.reasoner import Ending, Reasoner, Step
from prompts.settings import Settings
from prompts.values import Answer, Memory, Question, TextMemory, Thought, Turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """What the nodes may use: the reasoner, the settings, and the event-loop time at which the attempt must end."""

    reasoner: Reasoner
    settings: Settings
    deadline: float


class State(TypedDict):
    """A loop's whole state: nothing in it grows with the number of steps but the two counters."""

    question: Question
    memory: Memory
    thought: Thought | None
    round: int
    spent: int
    ending: Ending | None


def start(question: Question, memory: Memory | None = None, round: int = 0) -> State:
    """The state before the first step, or before the step after a checkpoint when ``memory`` is given."""
    return State(question=question, memory=memory or TextMemory(), thought=None, round=round, spent=0, ending=None)


def cost(turn: Turn[T]) -> int:
    """Tokens that the calls of ``turn`` generated."""
    return sum(call.generation.usage.completion for call in turn.calls)


async def within_time(work: Callable[[], Awaitable[Turn[T]]], deadline: float) -> Turn[T] | None:
    """``work`` done, or ``None`` when the deadline came first; its call is then cancelled."""
    scope = asyncio.timeout_at(deadline)
    try:
        async with scope:
            return await work()
    except TimeoutError:
        if not scope.expired():
            raise
        return None


async def conclude(
    question: Question,
    memory: Memory,
    thoughts: tuple[Thought, ...],
    round: int,
    spent: int,
    ending: Ending,
    runtime: Runtime[Context],
) -> Answer:
    """End an attempt: the answer reached, else one last call within the budget, else an explicit none."""
    context = runtime.context
    limit = min(context.settings.answer_tokens, context.settings.max_tokens - spent)
    turn = await within_time(
        lambda: context.reasoner.conclude(question, memory, thoughts, limit=limit), context.deadline
    )
    if turn is None:
        turn, ending = Turn(Answer(None), marks=("time spent before an answer was asked for",)), "time spent"
    runtime.stream_writer(
        Step("conclude", round, memory, memory, turn.calls, turn.marks, answer=turn.value, ending=ending)
    )
    return turn.value


def out_of_budget(round: int, spent: int, settings: Settings) -> Ending | None:
    """Why there cannot be another thought, if so; tokens for the conclusion are set aside."""
    if round >= settings.max_steps:
        return "steps spent"
    if spent + settings.answer_tokens >= settings.max_tokens:
        return "tokens spent"
    return None
