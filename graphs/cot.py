"""One-shot chain of thought (Wei et al., 2201.11903): one long thought, then the answer read from it.

python -m app solve "..." --strategy cot
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from graphs.isump import conclude
from graphs.nodes import Context, State, cost, within_time
from graphs.reasoner import Step


async def step(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Think the whole problem through in one thought, as long as the token budget allows."""
    context, memory = runtime.context, state["memory"]
    limit = context.settings.max_tokens - context.settings.answer_tokens
    turn = await within_time(lambda: context.reasoner.step(state["question"], memory, limit=limit), context.deadline)
    if turn is None:
        return {"ending": "time spent"}
    runtime.stream_writer(Step("step", 1, memory, memory, turn.calls, turn.marks, thought=turn.value))
    ending = "answered" if turn.value.answer is not None else "steps spent"
    return {"thought": turn.value, "round": 1, "spent": cost(turn), "ending": ending}


def build() -> CompiledStateGraph[State, Context, State, State]:
    """Compile step -> conclude."""
    graph = StateGraph(State, context_schema=Context)
    graph.add_node(step)
    graph.add_node(conclude)
    graph.add_edge(START, "step")
    graph.add_edge("step", "conclude")
    graph.add_edge("conclude", END)
    return graph.compile()
