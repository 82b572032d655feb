"""Merge the event streams of concurrent attempts into one.

streams = [solve(question, name, backend, Settings(), store) for name in ("cot", "direct")]
async with aclosing(Merge(streams).batches()) as batches:
async for batch in batches:
for index, event in batch: ...
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from typing import Generic, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from prompts.values import UserError

T = TypeVar("T")

CONCURRENCY = 4
"""Streams that run side by side unless told otherwise, as many as the page gives an embedded model slots."""


class Merge(Generic[T]):
    """Async generators that run as tasks of their own while somebody iterates ``batches``.

    Tasks and a memory stream instead of an anyio task group: an async generator may be resumed in another task than
    the one that began it (Gradio does so), which a cancel scope around a ``yield`` does not survive.
    """

    def __init__(self, streams: Iterable[AsyncGenerator[T]], concurrency: int = CONCURRENCY) -> None:
        """Take the streams, lazily and in order; at most ``concurrency`` of them run at a time."""
        self._streams = enumerate(streams)
        self._concurrency = concurrency
        self._work: asyncio.Task[None] | None = None
        self.stopped = False

    async def batches(self) -> AsyncGenerator[list[tuple[int, T | UserError]]]:
        """Yield whatever has arrived since the last batch, each item with the index of its stream.

        A stream that fails with a ``UserError`` yields it as its last item and the others go on; any other error ends
        all of them and is raised. When the caller stops iterating, every stream is closed before this returns.
        """
        sender, receiver = anyio.create_memory_object_stream[tuple[int, T | UserError]](math.inf)
        self._work = asyncio.create_task(self._run(sender))
        try:
            with receiver:
                async for first in receiver:
                    batch = [first]
                    with suppress(anyio.WouldBlock, anyio.EndOfStream):
                        while True:
                            batch.append(receiver.receive_nowait())
                    yield batch
            await asyncio.wait([self._work])
            if not self.stopped:
                self._work.result()
        finally:
            self._work.cancel()
            await asyncio.wait([self._work])

    def stop(self) -> None:
        """Close every stream now; ``batches`` ends after what had arrived."""
        self.stopped = True
        if self._work is not None:
            self._work.cancel()

    async def _run(self, sender: MemoryObjectSendStream[tuple[int, T | UserError]]) -> None:
        with sender:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(self._concurrency):
                        group.create_task(self._follow(sender))
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None

    async def _follow(self, sender: MemoryObjectSendStream[tuple[int, T | UserError]]) -> None:
        with suppress(anyio.BrokenResourceError):  # the reader has left, and this task is about to be cancelled
            for index, stream in self._streams:
                try:
                    async with aclosing(stream):
                        async for event in stream:
                            sender.send_nowait((index, event))
                except UserError as error:
                    sender.send_nowait((index, error))
