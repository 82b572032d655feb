"""Several attempts at once, seen as one stream: forks side by side, strategies compared, facts taken away.

streams = [solve(question, name, backend, Settings(), store) for name in ("isump", "cot")]
async with aclosing(together(streams)) as arriving:
    async for place, event in arriving: ...
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from app.session import Event
from prompts.values import UserError

AT_ONCE = 4
"""Attempts that run side by side, as many as the engine of the page has slots."""


async def together(
    streams: Sequence[AsyncGenerator[Event]], at_once: int = AT_ONCE
) -> AsyncGenerator[tuple[int, Event | UserError]]:
    """What each stream yields, with the stream's place, as it comes; at most ``at_once`` of them run at a time.

    A stream that fails with a ``UserError`` yields it as its last and the others go on; any other error ends all of
    them and is raised. When the caller stops, every stream is closed before this returns.
    """
    arrived: asyncio.Queue[tuple[int, Event | UserError] | None] = asyncio.Queue()
    turns = asyncio.Semaphore(at_once)

    async def follow(place: int, stream: AsyncGenerator[Event]) -> None:
        async with turns, aclosing(stream):
            try:
                async for event in stream:
                    arrived.put_nowait((place, event))
            except UserError as error:
                arrived.put_nowait((place, error))

    async def follow_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for place, stream in enumerate(streams):
                    group.create_task(follow(place, stream))
        finally:
            arrived.put_nowait(None)

    work = asyncio.create_task(follow_all())
    try:
        while (item := await arrived.get()) is not None:
            yield item
        await work
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        work.cancel()
        await asyncio.wait([work])
