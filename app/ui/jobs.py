"""Jobs: attempts that a visitor started; one handler of the page follows them, another may stop them.

    job = QuestionJob("How many are left?")
    async for _ in job.follow(streams):
        print(job.view.records)

``streams`` is a coroutine function, because a backend may have to be opened before there is an event to follow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from app.attempt_view import STOPPED, AttemptView
from app.session import Event
from app.streams import Merge
from prompts.values import UserError

REMEMBERED = 8
"""Questions of one visitor that stay listed."""

Streams = Iterable[AsyncGenerator[Event]]
Opening = Callable[[], Coroutine[Any, Any, Streams]]
"""Makes the event streams of attempts, once what they need is open."""


class Job:
    """Attempts that are started together and run at the same time.

    Attributes:
        views: Each attempt as far as it has come, in the order of their streams.
        stopped: Whether ``stop`` was called before all were over.
    """

    def __init__(self, count: int = 1) -> None:
        self.views = [AttemptView()] * count
        self.stopped = False
        self._opening: asyncio.Task[Streams] | None = None
        self._merge: Merge[Event] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return all(view.over for view in self.views)

    async def follow(self, streams: Opening) -> AsyncGenerator[None]:
        """Run the attempts, yielding whenever ``views`` have changed, the last time when all are over.

        When the caller stops iterating, the attempts are stopped; what they did is in the store.

        Raises:
            UserError: ``streams`` raised it, so that nothing was started; an attempt's own is in its view.
        """
        self._opening = asyncio.create_task(streams())
        if self.stopped:
            self._opening.cancel()
        try:
            self._merge = Merge(await self._opening)
            async with aclosing(self._merge.batches()) as batches:
                async for batch in batches:
                    for index, event in batch:
                        self.views[index] = self.views[index].after(event)
                    if not self.over:
                        yield
        except asyncio.CancelledError:
            if not self.stopped:
                raise
        finally:
            self.views = [view if view.over else replace(view, error=STOPPED) for view in self.views]
        yield

    def stop(self) -> None:
        """End the attempts that are not over, now."""
        if self.over:
            return
        self.stopped = True
        if self._merge is not None:
            self._merge.stop()
        elif self._opening is not None:
            self._opening.cancel()


class QuestionJob(Job):
    """One attempt at a question that a visitor wrote."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    @property
    def view(self) -> AttemptView:
        """The attempt as far as it has come."""
        return self.views[0]

    async def follow(self, streams: Opening) -> AsyncGenerator[None]:
        """Run the attempt as ``Job`` does; a ``UserError`` of ``streams`` is in its view, too."""
        try:
            async with aclosing(super().follow(streams)) as changes:
                async for _ in changes:
                    yield
        except UserError as error:
            self.views = [self.view.after(error)]
            yield


J = TypeVar("J", bound=Job)


@dataclass(slots=True)
class JobList(Generic[J]):
    """The jobs of one visitor in one tab, the newest first."""

    newest: list[J] = field(default_factory=list)

    def add(self, job: J) -> None:
        """Put ``job`` first; the oldest that are over are forgotten here, but not in the store."""
        kept = [other for i, other in enumerate(self.newest, 1) if i < REMEMBERED or not other.over]
        self.newest = [job, *kept]

    @property
    def running(self) -> list[J]:
        """The jobs that are not over yet."""
        return [job for job in self.newest if not job.over]

    def stop(self) -> None:
        """Stop the newest that is still running."""
        for job in self.running[:1]:
            job.stop()
