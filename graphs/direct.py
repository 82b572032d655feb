"""Direct prompting: ask for the answer at once, without reasoning; the lower baseline of every other strategy.

python -m app solve "..." --strategy direct
"""

from __future__ import annotations

from langgraph.graph import END, START, StateGraph

from graphs.nodes import Resources, State, conclude
from graphs.strategy import Graph, Strategy
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings


def build() -> Graph:
    """Compile the one-node graph."""
    graph = StateGraph(State, context_schema=Resources)
    graph.add_node(conclude)
    graph.add_edge(START, "conclude")
    graph.add_edge("conclude", END)
    return graph.compile()


STRATEGY = Strategy("direct", "ask for the answer at once", build, Settings, PromptReasoner, templates="direct")
