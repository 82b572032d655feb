"""Strategies: LangGraph state machines over the Reasoner protocol. The name typed is the name of the file."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from langgraph.graph.state import CompiledStateGraph

STRATEGIES: dict[str, str] = {
    "direct": "ask for the answer at once",
    "cot": "one long chain of thought",
    "self_consistency": "several chains of thought in parallel, the most frequent answer wins",
    "history_loop": "step by step, keeping the full history",
    "isump": "step by step, keeping only what we know and what to do next",
}


@cache
def graph(strategy: str) -> CompiledStateGraph[Any, Any, Any, Any]:
    """The compiled graph of ``graphs/<strategy>.py``; raises ``KeyError`` when there is no such strategy."""
    if strategy not in STRATEGIES:
        raise KeyError(strategy)
    return import_module(f"graphs.{strategy}").build()
