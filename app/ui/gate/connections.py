"""uvicorn's HTTP connections with limits more: how long headers and readers may take, and how many may be open.

uvicorn.Config(app, http=limited(most=1000), limit_concurrency=1000)

uvicorn answers more connections than that with 503 once their requests are complete, but it takes any number of them,
and waits for headers, and for clients that do not read, for ever.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.ui.limits import HEADER_SECONDS, READ_SECONDS, SPARE_CONNECTIONS

logger = logging.getLogger(__name__)


def limited(most: int, seconds: float = HEADER_SECONDS) -> type[asyncio.Protocol]:
    """The class of connections of one server: hardly more than ``most``, each with ``seconds`` for the headers."""

    class Limited(_Connection):
        pass

    Limited.most, Limited.seconds = most + SPARE_CONNECTIONS, seconds
    return Limited


class _Connection(H11Protocol):
    """A connection that waits for the headers of its next request, or answers."""

    most: int
    seconds: float
    _said: float = float("-inf")
    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self.connections) >= self.most:
            self._say_full()
            cast(asyncio.Transport, transport).abort()
            return
        super().connection_made(cast(asyncio.Transport, transport))
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._is_read()
        if self in self.connections:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self not in self.connections:
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(READ_SECONDS, self._give_up)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_read()

    def _watch(self) -> None:
        """Wait while some of a request's headers are there, and no longer than since the first of them."""
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._timer is None and self.conn.trailing_data[0]:
            self._wait()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up(self) -> None:
        self._timer = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.abort()

    def _say_full(self) -> None:
        """Say it once a minute: a flood of connections is to be no flood of the log."""
        kind = cast(Any, type(self))
        if time.monotonic() - kind._said > 60:
            kind._said = time.monotonic()
            logger.warning("%d connections are open, and no more are taken", self.most)
