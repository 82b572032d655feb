"""Map-reduce over a long text (lambda-RLM, 2603.20105): a fixed tree of readings, its size known before the first call.

    python -m evals.babi_long --data FILE --strategy map_reduce --chunk-tokens 512

Every piece of the text is read by itself, without what the others say (map); so many of the memories that come of it
as surely fit in a piece are read together as one text (reduce), until there is a single memory. From that the loop of
``graphs.isump`` goes on. No piece waits for another, but what is said across pieces has to survive without context.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime
from pydantic import Field

from graphs import compressed_memory
from graphs.nodes import Resources, out_of_budget, tokens_left, with_deadline
from graphs.strategy import Graph, Strategy
from prompts.backend import Backend
from prompts.memories import Memory
from prompts.reasoner import PromptReasoner
from prompts.steps import Step
from prompts.values import Ending, Thought, UserError, VerbResult

AT_ONCE = 4
"""Pieces that are read at once."""


class MapReduceSettings(compressed_memory.CompressedMemorySettings):
    """Settings of map-reduce."""

    chunk_tokens: int = Field(default=512, ge=8, le=65536, description="most tokens of one piece of the text")

    @property
    def fan_in(self) -> int:
        """Memories that surely fit in a piece."""
        return self.chunk_tokens // self.memory_tokens


class TreeState(compressed_memory.ReadingState):
    """The state of reading, whose ``chunks`` are the texts of a level of the tree, and its number of readings."""

    readings: int


def tree(pieces: int, fan_in: int) -> tuple[int, ...]:
    """The readings of each level.

    >>> tree(9, 3)
    (9, 3, 1)
    """
    levels = [pieces]
    while levels[-1] > 1:
        levels.append(-(-levels[-1] // fan_in))
    return tuple(levels)


async def split(state: TreeState, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Cut the text into pieces; from here on the question is asked without it."""
    settings = _settings(runtime.context)
    question, chunks = await runtime.context.reasoner.split(state["question"], settings.chunk_tokens)
    return {"chunks": chunks, "readings": sum(tree(len(chunks), settings.fan_in)), "question": question}


async def read(state: TreeState, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Read all texts of a level, each into a memory of its own, and join these to the texts of the next."""
    resources, texts, empty = runtime.context, state["chunks"], state["memory"]
    limit, turns = tokens_left(state, resources.settings) // len(texts), asyncio.Semaphore(AT_ONCE)

    async def one(place: int) -> VerbResult[Memory]:
        async with turns:
            result = await resources.reasoner.read(state["question"], empty, texts[place], limit=limit)
        number, thought = state["read"] + place + 1, Thought(result.text) if result.text else None
        marks = (
            *result.marks,
            f"reading {number} of {state['readings']}, text {place + 1} of {len(texts)} of its level",
        )
        step = Step("read", number, empty, result.value, result.calls, marks, thought, findings=result.findings)
        runtime.stream_writer(step)
        return result

    async def level() -> VerbResult[tuple[Memory, ...]]:
        results = await asyncio.gather(*map(one, range(len(texts))))
        return VerbResult(tuple(each.value for each in results), tuple(call for each in results for call in each.calls))

    result = await with_deadline(level, resources.deadline)
    if result is None:
        return {"ending": Ending.TIME_LIMIT}
    memories, spent = result.value, state["spent"] + result.generated
    last = len(memories) == 1
    return {
        "chunks": () if last else _joined([*map(resources.reasoner.words_of, memories)], _settings(resources).fan_in),
        "memory": memories[0] if last else empty,
        "read": state["read"] + len(texts),
        "spent": spent,
        "ending": out_of_budget(state["round"], spent, resources.settings),
    }


def _settings(resources: Resources) -> MapReduceSettings:
    assert isinstance(resources.settings, MapReduceSettings), "the settings of an attempt are its strategy's"
    return resources.settings


def _joined(words: Sequence[str], fan_in: int) -> tuple[str, ...]:
    """The words of the memories, so many in a text."""
    return tuple("\n".join(filter(None, words[at : at + fan_in])) for at in range(0, len(words), fan_in))


def build() -> Graph:
    """Compile the graph that reads level after level."""
    return compressed_memory.reading_graph(TreeState, split, read)


def reasoner(backend: Backend, settings: MapReduceSettings, templates: str) -> PromptReasoner:
    """The reasoner of compressed memory.

    Raises:
        UserError: The tree would not shrink.
    """
    if settings.fan_in < 2:
        raise UserError(
            f"Two memories of {settings.memory_tokens} tokens have to fit in a piece of {settings.chunk_tokens}: "
            "raise --chunk-tokens, or lower --memory-tokens."
        )
    return compressed_memory.reasoner(backend, settings, templates)


STRATEGY = Strategy(
    "map_reduce",
    "read the pieces of a long text apart, join what was found, then go on step by step",
    build,
    MapReduceSettings,
    reasoner,
    templates="isump",
    parallel_calls=lambda settings: max(AT_ONCE, settings.votes),
)
