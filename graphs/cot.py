"""One-shot chain of thought (Wei et al., 2201.11903): one long thought, then the answer read from it.

python -m app solve "..." --strategy cot
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from graphs.nodes import Resources, State, conclude, tokens_left, with_deadline
from graphs.strategy import Graph, Strategy
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings
from prompts.steps import thinking
from prompts.values import Ending


async def step(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Think the whole problem through in one thought, as long as the token budget allows."""
    resources, memory = runtime.context, state["memory"]
    limit = tokens_left(state, resources.settings)
    result = await with_deadline(
        lambda: resources.reasoner.step(state["question"], memory, limit=limit), resources.deadline
    )
    if result is None:
        return {"ending": Ending.TIME_LIMIT}
    runtime.stream_writer(thinking(1, memory, result))
    ending = Ending.ANSWERED if result.value.answer is not None else Ending.STEP_LIMIT
    return {"thought": result.value, "round": 1, "spent": result.generated, "ending": ending}


def build() -> Graph:
    """Compile step -> conclude."""
    graph = StateGraph(State, context_schema=Resources)
    graph.add_node(step)
    graph.add_node(conclude)
    graph.add_edge(START, "step")
    graph.add_edge("step", "conclude")
    graph.add_edge("conclude", END)
    return graph.compile()


STRATEGY = Strategy("cot", "one long chain of thought", build, Settings, PromptReasoner, templates="cot")
