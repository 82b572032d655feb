"""iSUMp: step and summarize by turns; each step sees the question and a short memory, never the earlier thoughts.

    python -m app solve "..." --strategy isump --memory keep

The ways to write the memory, ``drop_question`` and the ablations are settings of the reasoner and leave this graph as
it is.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from pydantic import Field

from graphs.nodes import Resources, State, conclude, out_of_budget, tokens_left, with_deadline
from graphs.strategy import Graph, Strategy
from prompts.backend import Backend
from prompts.fused import FusedReasoner
from prompts.numbered import NumberedReasoner
from prompts.reading import Reader, by_form
from prompts.reasoner import PromptReasoner
from prompts.settings import MemorySettings
from prompts.steps import Step, thinking
from prompts.values import Ending, Thought, UserError, VerbResult
from prompts.voting import elect
from prompts.writers import WRITERS, MemoryMode


class IsumpSettings(MemorySettings):
    """Settings of iSUMp."""

    memory: MemoryMode = Field(
        default="keep",
        description="keep each thought's result lines, add a line the model writes, have it rewrite all, or write "
        "thought and memory fused in one call",
    )
    votes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="continuations of each step, drawn at a temperature, that vote on its result",
    )


MIN_VOTE = 8
"""Tokens of a continuation that votes; where there are fewer left, fewer are drawn."""
MAX_IDLE = 2
"""Rounds in a row that may add nothing to the memory."""


async def step(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Do the next small piece of reasoning from question and memory."""
    resources, memory, round = runtime.context, state["memory"], state["round"] + 1
    asked, left = resources.settings, tokens_left(state, resources.settings)
    votes = max(1, min(asked.votes, left // MIN_VOTE)) if isinstance(asked, IsumpSettings) else 1
    limit = min(resources.reasoner.step_tokens, left // votes)

    async def elected() -> VerbResult[Thought]:
        one, question = resources.reasoner.step, state["question"]
        drawn = await asyncio.gather(*(one(question, memory, limit=limit, sample=at) for at in range(votes)))
        return drawn[0] if votes == 1 else elect(question, drawn)

    result = await with_deadline(elected, resources.deadline)
    if result is None:
        return {"ending": Ending.TIME_LIMIT}
    runtime.stream_writer(thinking(round, memory, result))
    spent = state["spent"] + result.generated
    answered = result.value.answer is not None
    ending = Ending.ANSWERED if answered else out_of_budget(round, spent, resources.settings)
    return {"thought": result.value, "round": round, "spent": spent, "ending": ending}


async def summarize(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Write the memory: what we know, what to do next."""
    resources, memory, thought = runtime.context, state["memory"], state["thought"]
    assert thought is not None, "summarize follows a step"
    limit = tokens_left(state, resources.settings)
    result = await with_deadline(
        lambda: resources.reasoner.summarize(state["question"], memory, thought, limit=limit), resources.deadline
    )
    if result is None:
        return {"ending": Ending.TIME_LIMIT}
    new, spent = result.value, state["spent"] + result.generated
    step = Step("summarize", state["round"], memory, new, result.calls, result.marks, findings=result.findings)
    runtime.stream_writer(step)
    idle = 0 if new.adds_to(memory) else state["idle"] + 1
    stuck = idle >= MAX_IDLE or hash(new) in state["seen"]
    ending = result.ending or (Ending.NOTHING_NEW if stuck else None)
    return {
        "memory": new,
        "thought": None,
        "spent": spent,
        "idle": idle,
        "seen": state["seen"] | {hash(new)},
        "ending": ending or out_of_budget(state["round"], spent, resources.settings),
    }


def route(state: State) -> Literal["conclude", "go on"]:
    """Whether the loop is over."""
    return "conclude" if state["ending"] else "go on"


def add_loop(graph: StateGraph[Any, Any, Any, Any]) -> None:
    """Add step, summarize and conclude, and the edges between them; the loop begins with "step"."""
    graph.add_node(step)
    graph.add_node(summarize)
    graph.add_node(conclude)
    graph.add_conditional_edges("step", route, {"go on": "summarize", "conclude": "conclude"})
    graph.add_conditional_edges("summarize", route, {"go on": "step", "conclude": "conclude"})
    graph.add_edge("conclude", END)


def build() -> Graph:
    """Compile the loop."""
    graph = StateGraph(State, context_schema=Resources)
    graph.add_edge(START, "step")
    add_loop(graph)
    return graph.compile()


def reasoner(
    backend: Backend, settings: IsumpSettings, templates: str, *, reader: Reader | None = by_form
) -> PromptReasoner:
    """The reasoner that writes its memory in the chosen way."""
    if settings.votes > 1 and not settings.temperature:
        raise UserError("Greedy steps are all alike and cannot vote: give a --temperature, such as 0.7.")
    if settings.memory == "fused":
        return FusedReasoner(backend, settings, templates)
    return NumberedReasoner(backend, settings, templates, WRITERS[settings.memory], reader=reader)


STRATEGY = Strategy(
    "isump",
    "step by step, keeping only what we know and what to do next",
    build,
    IsumpSettings,
    reasoner,
    templates="isump",
    resumable=True,
    parallel_calls=lambda settings: settings.votes,
)
