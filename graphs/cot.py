"""One-shot chain of thought (Wei et al., 2201.11903): one long thought, then the answer read from it.

python -m app solve "..." --strategy cot
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from graphs.nodes import Resources, State, conclude, generated_tokens, room, within_time
from graphs.strategy import Graph, Strategy
from prompts.reasoner import PromptReasoner
from prompts.steps import Step


async def step(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Think the whole problem through in one thought, as long as the token budget allows."""
    resources, memory = runtime.context, state["memory"]
    limit = room(state, resources.settings)
    turn = await within_time(
        lambda: resources.reasoner.step(state["question"], memory, limit=limit), resources.deadline
    )
    if turn is None:
        return {"ending": "time spent"}
    runtime.stream_writer(Step("step", 1, memory, memory, turn.calls, turn.marks, thought=turn.value))
    ending = "answered" if turn.value.answer is not None else "steps spent"
    return {"thought": turn.value, "round": 1, "spent": generated_tokens(turn), "ending": ending}


def build() -> Graph:
    """Compile step -> conclude."""
    graph = StateGraph(State, context_schema=Resources)
    graph.add_node(step)
    graph.add_node(conclude)
    graph.add_edge(START, "step")
    graph.add_edge("step", "conclude")
    graph.add_edge("conclude", END)
    return graph.compile()


STRATEGY = Strategy("cot", "one long chain of thought", build, PromptReasoner, templates="cot")
