"""A question that a visitor asked: its attempt runs as a task of its own, to be watched and stopped. No gradio here.

    asked = Asked("How many are left?")
    async for _ in asked.follow(solve(question, "isump", backend, settings, store)):
        print(len(asked.records), asked.ended)

Another question may be asked meanwhile: a ``Desk`` holds those of one visitor, and only the newest is in view.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from app.session import Began, Ended, Event
from app.store.records import Record
from prompts.values import UserError

REMEMBERED = 8
"""Questions of one visitor that stay listed."""


class Asked:
    """One attempt as far as it has come; ``error`` is a sentence, and ``stopped`` says that the visitor ended it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.records: list[Record] = []
        self.attempt: int | None = None
        self.ended: Ended | None = None
        self.error: str | None = None
        self.stopped = self.over = False
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def follow(self, events: AsyncGenerator[Event]) -> AsyncGenerator[None]:
        """Run the attempt, yielding whenever there is more to show, the last time when it is over.

        An attempt that nobody follows any more is stopped; its steps are in the store.
        """
        self._task = asyncio.create_task(self._run(events))
        self._task.add_done_callback(self._close)
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                last = self.over
                yield
                if last:
                    break
        finally:
            self._task.cancel()
            await asyncio.wait([self._task])
        if not self.stopped:
            self._task.result()  # what no user can mend is raised, not shown

    def stop(self) -> None:
        """End the attempt now."""
        if self._task is not None and not self.over:
            self._task.cancel()

    async def _run(self, events: AsyncGenerator[Event]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    match event:
                        case Began(attempt):
                            self.attempt = attempt
                        case Ended():
                            self.ended = event
                        case Record():
                            self.records.append(event)
                    self._news.set()
        except UserError as error:
            self.error = str(error)

    def _close(self, task: asyncio.Task[None]) -> None:
        self.stopped, self.over = task.cancelled(), True
        self._news.set()


@dataclass(slots=True)
class Desk:
    """The questions one visitor asked, the newest first."""

    asked: list[Asked] = field(default_factory=list)

    def add(self, asked: Asked) -> None:
        """Put a question on top; the oldest that are over are forgotten, not their attempts."""
        kept = [other for i, other in enumerate(self.asked, 1) if i < REMEMBERED or not other.over]
        self.asked = [asked, *kept]

    @property
    def running(self) -> list[Asked]:
        """The questions still being thought about."""
        return [asked for asked in self.asked if not asked.over]

    def stop(self) -> None:
        """Stop the newest question that is still being thought about."""
        for asked in self.running[:1]:
            asked.stop()
