"""Compressed memory: a long text is read piece by piece into a short memory, then reasoned on from that alone.

    python -m evals.riw --vectors 32 --strategy compressed_memory --chunk-tokens 32

The text is the question's context. Every piece is shown in one step, with the question and the memory before it, and
never again; what follows is the loop of ``graphs.isump``, which begins with the memory of the last piece.
"""

from __future__ import annotations

from typing import Any, Literal

from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from pydantic import Field

from graphs import isump
from graphs.nodes import Resources, State, out_of_budget, tokens_left, with_deadline
from graphs.strategy import Graph, Strategy
from prompts.backend import Backend
from prompts.reading import by_form, by_heads
from prompts.reasoner import PromptReasoner
from prompts.steps import Step
from prompts.values import Ending, Thought


class CompressedMemorySettings(isump.IsumpSettings):
    """Settings of compressed memory."""

    chunk_tokens: int = Field(default=128, ge=8, le=65536, description="most tokens of one piece of the text")
    reading: Literal["keep", "heads", "rewrite"] = Field(
        default="keep",
        description="keep what the model copies or works out of a piece, have it rewrite one of several notes, or all",
    )
    heads: int = Field(default=4, ge=1, le=64, description="notes of a memory that is read into by heads")
    max_tokens: int = Field(default=16_384, ge=8, le=10_000_000, description="most tokens generated in one attempt")


class ReadingState(State):
    """The loop's state, and the pieces that are still to be read."""

    chunks: tuple[str, ...]


async def split(state: ReadingState, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Cut the text into pieces; from here on the question is asked without it."""
    settings = runtime.context.settings
    assert isinstance(settings, CompressedMemorySettings), "the settings of an attempt are its strategy's"
    question, chunks = await runtime.context.reasoner.split(state["question"], settings.chunk_tokens)
    return {"chunks": chunks[state["read"] :], "question": question}


async def read(state: ReadingState, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Take the next piece into the memory."""
    resources, memory = runtime.context, state["memory"]
    limit = tokens_left(state, resources.settings)
    result = await with_deadline(
        lambda: resources.reasoner.read(state["question"], memory, state["chunks"][0], limit=limit), resources.deadline
    )
    if result is None:
        return {"ending": Ending.TIME_LIMIT}
    number, spent, new = state["read"] + 1, state["spent"] + result.generated, result.value
    thought = Thought(result.text) if result.text else None
    step = Step("read", number, memory, new, result.calls, result.marks, thought, findings=result.findings)
    runtime.stream_writer(step)
    rest, over = state["chunks"][1:], out_of_budget(state["round"], spent, resources.settings)
    return {
        "memory": new,
        "chunks": rest,
        "read": number,
        "spent": spent,
        "seen": frozenset({hash(new)}),
        "ending": over or (None if rest else result.ending),
    }


def _route(state: Any) -> Literal["conclude", "read on", "go on"]:
    return "conclude" if state["ending"] else "read on" if state["chunks"] else "go on"


def reading_graph(state: type[ReadingState], split: Any, read: Any) -> Graph:
    """Compile split -> read … -> the loop of isump; ``read`` leaves the ``chunks`` that are to be read next."""
    graph = StateGraph(state, context_schema=Resources, input_schema=State)
    graph.add_node("split", split)
    graph.add_node("read", read)
    isump.add_loop(graph)
    graph.add_edge(START, "split")
    for node in ("split", "read"):
        graph.add_conditional_edges(node, _route, {"read on": "read", "go on": "step", "conclude": "conclude"})
    return graph.compile()


def build() -> Graph:
    """Compile the graph that reads piece after piece."""
    return reading_graph(ReadingState, split, read)


def reasoner(backend: Backend, settings: CompressedMemorySettings, templates: str) -> PromptReasoner:
    """The reasoner of isump, which reads in the chosen way."""
    reader = by_heads(settings.heads) if settings.reading == "heads" else by_form
    return isump.reasoner(backend, settings, templates, reader=None if settings.reading == "rewrite" else reader)


STRATEGY = Strategy(
    "compressed_memory",
    "read a long text piece by piece into a short memory, then go on step by step",
    build,
    CompressedMemorySettings,
    reasoner,
    templates="isump",
    resumable=True,
    parallel_calls=lambda settings: settings.votes,
)
