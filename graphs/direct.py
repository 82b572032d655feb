"""Ask for the answer at once, without reasoning: the floor that every other strategy must beat.

python -m app solve "..." --strategy direct
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from graphs.nodes import Context, State
from graphs.nodes import conclude as take_conclusion


async def conclude(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Give the answer, or say that there is none."""
    await take_conclusion(state["question"], state["memory"], (), 0, 0, "answered", runtime)
    return {"ending": "answered"}


def build() -> CompiledStateGraph[State, Context, State, State]:
    """Compile the one-node graph."""
    graph = StateGraph(State, context_schema=Context)
    graph.add_node(conclude)
    graph.add_edge(START, "conclude")
    graph.add_edge("conclude", END)
    return graph.compile()
