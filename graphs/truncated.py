"""Chain of thought over the end of a long text: the baseline that has the same budget and remembers nothing.

python -m evals.babi_long --data FILE --strategy truncated --context-tokens 288
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from pydantic import Field

from graphs.cot import step
from graphs.nodes import Resources, State, conclude
from graphs.strategy import Graph, Strategy
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings

PIECES = 8
"""Pieces, each of whole sentences, that the end of the text is put together from."""


class TruncatedSettings(Settings):
    """Settings of the baseline; the default is what a compressed memory and a piece have together."""

    context_tokens: int = Field(default=288, ge=8, le=10_000_000, description="most tokens of the text, from its end")


async def cut(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Keep the sentences at the end of the text that fit."""
    settings = runtime.context.settings
    assert isinstance(settings, TruncatedSettings), "the settings of an attempt are its strategy's"
    piece = max(1, settings.context_tokens // PIECES)
    _, chunks = await runtime.context.reasoner.split(state["question"], piece)
    return {"question": replace(state["question"], context="".join(chunks[-PIECES:]))}


def build() -> Graph:
    """Compile cut -> step -> conclude."""
    graph = StateGraph(State, context_schema=Resources)
    for node in (cut, step, conclude):
        graph.add_node(node)
    graph.add_edge(START, "cut")
    graph.add_edge("cut", "step")
    graph.add_edge("step", "conclude")
    graph.add_edge("conclude", END)
    return graph.compile()


STRATEGY = Strategy(
    "truncated",
    "one chain of thought over the end of the text",
    build,
    TruncatedSettings,
    PromptReasoner,
    templates="cot",
)
