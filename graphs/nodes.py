"""Shared parts of all strategies: the state, the resources, the token and time budget, the final node."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

from langgraph.runtime import Runtime

from graphs.reasoner import Reasoner
from prompts.memories import Memory
from prompts.settings import Settings
from prompts.steps import Step
from prompts.values import Answer, Ending, Question, Thought, VerbResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources of the nodes (LangGraph's ``context_schema``); ``deadline`` is in seconds of the event loop's clock."""

    reasoner: Reasoner
    settings: Settings
    deadline: float


class State(TypedDict):
    """A loop's whole state; no text in it grows with the number of steps.

    ``read`` counts the pieces of a long text that are in the memory, ``idle`` the rounds in a row that added nothing to
    it; ``seen`` holds the hashes of the memories so far, since the same memory leads to the same next thought.
    """

    question: Question
    memory: Memory
    thought: Thought | None
    read: int
    round: int
    spent: int
    idle: int
    seen: frozenset[int]
    ending: Ending | None


def initial_state(question: Question, memory: Memory, round: int = 0, read: int = 0) -> State:
    """The state before the first step, or before the step after a checkpoint's ``memory``, ``round`` and ``read``."""
    return State(
        question=question,
        memory=memory,
        thought=None,
        read=read,
        round=round,
        spent=0,
        idle=0,
        seen=frozenset({hash(memory)}),
        ending=None,
    )


def tokens_left(state: State, settings: Settings) -> int:
    """Tokens an attempt may still generate before those set aside for its conclusion."""
    return settings.max_tokens - _set_aside(settings) - state["spent"]


def _set_aside(settings: Settings) -> int:
    """Tokens kept for the conclusion: no more than half of a budget that is small."""
    return min(settings.answer_tokens, settings.max_tokens // 2)


def out_of_budget(round: int, spent: int, settings: Settings) -> Ending | None:
    """The budget that is used up, if one is; tokens for the conclusion are set aside."""
    if round >= settings.max_steps:
        return Ending.STEP_LIMIT
    if spent + _set_aside(settings) >= settings.max_tokens:
        return Ending.TOKEN_LIMIT
    return None


async def with_deadline(work: Callable[[], Awaitable[VerbResult[T]]], deadline: float) -> VerbResult[T] | None:
    """``work`` done, or ``None`` when the deadline came first; its call is then cancelled."""
    scope = asyncio.timeout_at(deadline)
    try:
        async with scope:
            return await work()
    except TimeoutError:
        if not scope.expired():
            raise
        return None


async def conclude(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Give the answer reached, else ask for one within the budget, else say that there is none."""
    resources, memory, spent = runtime.context, state["memory"], state["spent"]
    thoughts = (state["thought"],) if state["thought"] else ()
    limit = min(resources.settings.answer_tokens, resources.settings.max_tokens - spent)
    result = await with_deadline(
        lambda: resources.reasoner.conclude(state["question"], memory, thoughts, limit=limit), resources.deadline
    )
    ending = state["ending"] or Ending.ANSWERED
    if result is None:
        ending = Ending.TIME_LIMIT
        result = VerbResult(Answer(None), marks=("time spent before an answer was asked for",))
    runtime.stream_writer(
        Step("conclude", state["round"], memory, memory, result.calls, result.marks, answer=result.value, ending=ending)
    )
    return {"ending": ending}
