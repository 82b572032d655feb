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
from prompts.steps import Ending, Step
from prompts.values import Answer, Question, Thought, VerbResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources of the nodes (LangGraph's ``context_schema``); ``deadline`` is in seconds of the event loop's clock."""

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


def initial_state(question: Question, memory: Memory, round: int = 0) -> State:
    """The state before the first step, or before the step that follows a checkpoint's ``memory`` and ``round``."""
    return State(question=question, memory=memory, thought=None, round=round, spent=0, ending=None)


def generated_tokens(result: VerbResult[T]) -> int:
    """Tokens that the calls of ``result`` generated."""
    return sum(call.generation.usage.completion for call in result.calls)


def tokens_left(state: State, settings: Settings) -> int:
    """Tokens an attempt may still generate before those set aside for its conclusion."""
    return settings.max_tokens - settings.answer_tokens - state["spent"]


def out_of_budget(round: int, spent: int, settings: Settings) -> Ending | None:
    """The budget that is used up, if one is; tokens for the conclusion are set aside."""
    if round >= settings.max_steps:
        return "step_limit"
    if spent + settings.answer_tokens >= settings.max_tokens:
        return "token_limit"
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
    ending: Ending = state["ending"] or "answered"
    if result is None:
        result, ending = VerbResult(Answer(None), marks=("time spent before an answer was asked for",)), "time_limit"
    runtime.stream_writer(
        Step("conclude", state["round"], memory, memory, result.calls, result.marks, answer=result.value, ending=ending)
    )
    return {"ending": ending}
