"""Receives the body of a request within limits of size, of time, and of what all requests hold together.

budget = Budget(ALL_BYTES)
body = await receive_body(scope, receive, budget, most=LOGIN_BYTES, seconds=BODY_SECONDS)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from app.ui.gate.refusal import Refusal


class Budget:
    """Bytes of all bodies in memory; what would be too much is refused."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0

    @contextmanager
    def share(self) -> Iterator[_Share]:
        """A part of the budget, given back at the end."""
        share = _Share(self)
        try:
            yield share
        finally:
            self.held -= share.bytes


class _Share:
    def __init__(self, budget: Budget) -> None:
        self._budget, self.bytes = budget, 0

    def take(self, size: int) -> None:
        """Have ``size`` bytes more; raises ``Refusal`` when all requests together hold too much."""
        self.bytes += size
        self._budget.held += size
        if self._budget.held > self._budget.most:
            raise Refusal(503, "The server is receiving too much at the moment: try again in a while.", retry=5)


async def receive_body(scope: Scope, receive: Receive, share: _Share, most: int, seconds: float) -> bytes:
    """The whole body of a request; a size that it announces is judged before anything is read.

    Raises:
        Refusal: It is larger than ``most`` bytes, takes longer than ``seconds``, or the client is gone.
    """
    too_large = Refusal(413, f"The request is too large: at most {most:,} bytes are taken here.", closes=True)
    announced = Headers(scope=scope).get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()) or len(announced) > 18:
        raise Refusal(400, "The length of the request cannot be read.", closes=True)
    if int(announced) > most:
        raise too_large
    parts = list[bytes]()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400, "The request was broken off.", closes=True)
                part = message.get("body", b"")
                share.take(len(part))
                if share.bytes > most:
                    raise too_large
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise Refusal(408, f"The request took longer than {seconds:g} seconds.", closes=True) from None


def replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives ``body`` first, and then what ``receive`` gives: that the client is gone."""
    given = False

    async def receive_again() -> dict[str, object]:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return dict(await receive())

    return receive_again
