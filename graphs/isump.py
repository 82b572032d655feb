"""iSUMp: step, summarize, step ... each turn sees the question and a short memory, never the earlier thoughts.

    python -m app solve "..." --strategy isump --step-tokens 96

Its variants (``two-call``, ``fused``), ``drop_question`` and its ablations are settings of the reasoner and
leave this graph as it is.
"""

from __future__ import annotations

from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from graphs.nodes import Context, State, cost, out_of_budget, within_time
from graphs.nodes import conclude as take_conclusion
from graphs.reasoner import Step


async def step(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Do the next small piece of reasoning from question and memory."""
    context, memory, round = runtime.context, state["memory"], state["round"] + 1
    room = context.settings.max_tokens - context.settings.answer_tokens - state["spent"]
    size = context.settings.step_tokens + (context.settings.memory_tokens if context.settings.variant == "fused" else 0)
    turn = await within_time(
        lambda: context.reasoner.step(state["question"], memory, limit=min(size, room)), context.deadline
    )
    if turn is None:
        return {"ending": "time spent"}
    runtime.stream_writer(Step("step", round, memory, memory, turn.calls, turn.marks, thought=turn.value))
    spent = state["spent"] + cost(turn)
    ending = "answered" if turn.value.answer is not None else out_of_budget(round, spent, context.settings)
    return {"thought": turn.value, "round": round, "spent": spent, "ending": ending}


async def summarize(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Rewrite the memory: what we know, what to do next."""
    context, memory, thought = runtime.context, state["memory"], state["thought"]
    assert thought is not None, "summarize follows a step"
    room = context.settings.max_tokens - context.settings.answer_tokens - state["spent"]
    limit = min(context.settings.memory_tokens, room)
    turn = await within_time(
        lambda: context.reasoner.summarize(state["question"], memory, thought, limit=limit), context.deadline
    )
    if turn is None:
        return {"ending": "time spent"}
    runtime.stream_writer(Step("summarize", state["round"], memory, turn.value, turn.calls, turn.marks))
    spent = state["spent"] + cost(turn)
    stuck = turn.value == memory  # the next prompt would be this one, and with it the next thought
    ending = "no progress" if stuck else out_of_budget(state["round"], spent, context.settings)
    return {"memory": turn.value, "thought": None, "spent": spent, "ending": ending}


async def conclude(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Give the answer, or say that there is none."""
    thoughts = (state["thought"],) if state["thought"] else ()
    ending = state["ending"] or "steps spent"
    await take_conclusion(state["question"], state["memory"], thoughts, state["round"], state["spent"], ending, runtime)
    return {"ending": ending}


def _over(state: State) -> Literal["answered or spent", "go on"]:
    return "answered or spent" if state["ending"] else "go on"


def build() -> CompiledStateGraph[State, Context, State, State]:
    """Compile the loop."""
    graph = StateGraph(State, context_schema=Context)
    graph.add_node(step)
    graph.add_node(summarize)
    graph.add_node(conclude)
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", _over, {"go on": "summarize", "answered or spent": "conclude"})
    graph.add_conditional_edges("summarize", _over, {"go on": "step", "answered or spent": "conclude"})
    graph.add_edge("conclude", END)
    return graph.compile()
