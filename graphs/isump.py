"""iSUMp: step, summarize, step ... each turn sees the question and a short memory, never the earlier thoughts.

    python -m app solve "..." --strategy isump --step-tokens 96

Its variants (``two-call``, ``fused``), ``drop_question`` and its ablations are settings of the reasoner and
leave this graph as it is.
"""

from __future__ import annotations

from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from graphs.nodes import Resources, State, conclude, generated_tokens, out_of_budget, room, within_time
from graphs.strategy import Graph, Strategy
from prompts.backend import Backend
from prompts.fused import FusedReasoner
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings
from prompts.steps import Step


async def step(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Do the next small piece of reasoning from question and memory."""
    resources, memory, round = runtime.context, state["memory"], state["round"] + 1
    limit = min(resources.reasoner.step_tokens, room(state, resources.settings))
    turn = await within_time(
        lambda: resources.reasoner.step(state["question"], memory, limit=limit), resources.deadline
    )
    if turn is None:
        return {"ending": "time spent"}
    runtime.stream_writer(Step("step", round, memory, memory, turn.calls, turn.marks, thought=turn.value))
    spent = state["spent"] + generated_tokens(turn)
    ending = "answered" if turn.value.answer is not None else out_of_budget(round, spent, resources.settings)
    return {"thought": turn.value, "round": round, "spent": spent, "ending": ending}


async def summarize(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Rewrite the memory: what we know, what to do next."""
    resources, memory, thought = runtime.context, state["memory"], state["thought"]
    assert thought is not None, "summarize follows a step"
    limit = room(state, resources.settings)
    turn = await within_time(
        lambda: resources.reasoner.summarize(state["question"], memory, thought, limit=limit), resources.deadline
    )
    if turn is None:
        return {"ending": "time spent"}
    runtime.stream_writer(Step("summarize", state["round"], memory, turn.value, turn.calls, turn.marks))
    spent = state["spent"] + generated_tokens(turn)
    stuck = turn.value == memory  # the next prompt would be this one, and with it the next thought
    ending = "no progress" if stuck else out_of_budget(state["round"], spent, resources.settings)
    return {"memory": turn.value, "thought": None, "spent": spent, "ending": ending}


def _over(state: State) -> Literal["answered or spent", "go on"]:
    return "answered or spent" if state["ending"] else "go on"


def build() -> Graph:
    """Compile the loop."""
    graph = StateGraph(State, context_schema=Resources)
    graph.add_node(step)
    graph.add_node(summarize)
    graph.add_node(conclude)
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", _over, {"go on": "summarize", "answered or spent": "conclude"})
    graph.add_conditional_edges("summarize", _over, {"go on": "step", "answered or spent": "conclude"})
    graph.add_edge("conclude", END)
    return graph.compile()


def reasoner(backend: Backend, settings: Settings, templates: str) -> PromptReasoner:
    """The reasoner of the chosen variant."""
    return (FusedReasoner if settings.variant == "fused" else PromptReasoner)(backend, settings, templates)


STRATEGY = Strategy(
    "isump",
    "step by step, keeping only what we know and what to do next",
    build,
    reasoner,
    templates="isump",
    resumable=True,
)
