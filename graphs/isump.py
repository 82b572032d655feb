"""iSUMp: step and summarize by turns; each step sees the question and a short memory, never the earlier thoughts.

    python -m app solve "..." --strategy isump --step-tokens 96

Its variants (``two-call``, ``fused``), ``drop_question`` and its ablations are settings of the reasoner and
leave this graph as it is.
"""

from __future__ import annotations

from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from graphs.nodes import Resources, State, conclude, generated_tokens, out_of_budget, tokens_left, with_deadline
from graphs.strategy import Graph, Strategy
from prompts.backend import Backend
from prompts.fused import FusedReasoner
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings
from prompts.steps import Step


async def step(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Do the next small piece of reasoning from question and memory."""
    resources, memory, round = runtime.context, state["memory"], state["round"] + 1
    limit = min(resources.reasoner.step_tokens, tokens_left(state, resources.settings))
    result = await with_deadline(
        lambda: resources.reasoner.step(state["question"], memory, limit=limit), resources.deadline
    )
    if result is None:
        return {"ending": "time_limit"}
    runtime.stream_writer(Step("step", round, memory, memory, result.calls, result.marks, thought=result.value))
    spent = state["spent"] + generated_tokens(result)
    ending = "answered" if result.value.answer is not None else out_of_budget(round, spent, resources.settings)
    return {"thought": result.value, "round": round, "spent": spent, "ending": ending}


async def summarize(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Rewrite the memory: what we know, what to do next."""
    resources, memory, thought = runtime.context, state["memory"], state["thought"]
    assert thought is not None, "summarize follows a step"
    limit = tokens_left(state, resources.settings)
    result = await with_deadline(
        lambda: resources.reasoner.summarize(state["question"], memory, thought, limit=limit), resources.deadline
    )
    if result is None:
        return {"ending": "time_limit"}
    runtime.stream_writer(Step("summarize", state["round"], memory, result.value, result.calls, result.marks))
    spent = state["spent"] + generated_tokens(result)
    stuck = result.value == memory  # the next prompt would be this one, and with it the next thought
    ending = "no_change" if stuck else out_of_budget(state["round"], spent, resources.settings)
    return {"memory": result.value, "thought": None, "spent": spent, "ending": ending}


def _route(state: State) -> Literal["conclude", "go on"]:
    return "conclude" if state["ending"] else "go on"


def build() -> Graph:
    """Compile the loop."""
    graph = StateGraph(State, context_schema=Resources)
    graph.add_node(step)
    graph.add_node(summarize)
    graph.add_node(conclude)
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", _route, {"go on": "summarize", "conclude": "conclude"})
    graph.add_conditional_edges("summarize", _route, {"go on": "step", "conclude": "conclude"})
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
