"""LiveBackend: reports a reply piece by piece while it is written, through the stream of the graph that asks for it.

async for item in graph.astream(...):   # Steps, and between them the Deltas of the calls they take
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from langgraph.config import get_stream_writer

from prompts.backend import Backend, Capability, Streamer, TokenCounter
from prompts.values import Generation, Request


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a reply, as it was written."""

    text: str


class LiveBackend:
    """A backend whose ``generate`` also writes a Delta a piece; it works within a node of a running graph only."""

    def __init__(self, backend: Backend) -> None:
        """Wrap a backend; one that cannot stream reports nothing."""
        self._backend = backend

    async def generate(self, request: Request) -> Generation:
        """Answer one request as the backend would."""
        backend = self._backend
        if Capability.STREAM not in backend.capabilities or not isinstance(backend, Streamer):
            return await backend.generate(request)
        write = get_stream_writer()
        async with aclosing(backend.stream(request)) as items:
            async for item in items:
                if isinstance(item, Generation):
                    return item
                write(Delta(item))
        raise AssertionError("a stream ends with its Generation")

    async def count_tokens(self, text: str) -> int:
        """Tokens of ``text``; see ``TokenCounter``."""
        assert isinstance(self._backend, TokenCounter), "its capabilities say whether it counts"
        return await self._backend.count_tokens(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)
