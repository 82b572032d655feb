"""Exchanges with one server over HTTP: JSON goes out, JSON or a stream of events comes back, validated.

    exchange = Exchange("http://127.0.0.1:8000/v1", "sk-1", timeout=600)
    models = await exchange.ask(ModelList, "/models")

A server may answer anything, so nothing is read without a bound: an answer has a largest size and a longest time. It
is asked not to compress, and a compressed answer is refused: few bytes may inflate to any number. A redirect is
refused, because the request holds the key. Cookies are ignored. What goes wrong is a ``Failure``.
"""

from __future__ import annotations

import asyncio
import math
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing, asynccontextmanager
from functools import cache
from http.cookiejar import CookieJar
from typing import Any, TypeVar, cast

import httpx

from app.backends.events import EventReader
from app.backends.failures import NoAnswer, Redirected, Refused, Unusable
from app.backends.wire import ErrorTold, Malformed, ServerError, Wire, error_in, parse, read
from app.errors import BadInput
from app.masking import mask
from app.text import sanitize

CONNECT_SECONDS = 10.0
"""A host that does not even accept a connection by then is absent; the timeout proper is for generating."""
LONGEST_BODY = 4 * 2**20
"""Bytes of an answer: 64 for each of 65,536 tokens, and few enough to be parsed in a moment."""
LONGEST_ERROR = 64 * 2**10
"""Bytes that are read of the body of an error; the rest is left."""
LONGEST_EVENT = 256 * 2**10
"""Bytes of one event of a stream."""
LONGEST_REASON = 300
"""Characters of what a server said, wherever it is quoted."""

M = TypeVar("M", bound=Wire)
T = TypeVar("T")


class Exchange:
    """Connections to one server, opened when they are first needed.

    Args:
        url: Address that the paths are appended to.
        key: The key that the server is sent, if any.
        timeout: Seconds to wait for one answer, from the request to its last byte.
        direct: Ignore the environment's proxies.
    """

    def __init__(self, url: str, key: str | None, *, timeout: float, direct: bool = False) -> None:
        self._url, self._key, self._timeout, self._direct = url, key, timeout, direct
        self._opened: httpx.AsyncClient | None = None

    async def ask(
        self, kind: type[M], path: str, body: dict[str, Any] | None = None, *, longest: int = LONGEST_BODY
    ) -> M:
        """What the server answers to a POST of ``body``, or to a GET without one; raises ``Failure``."""
        patience = _Patience(self._timeout)
        async with self._answer(path, body, patience, "json") as response:
            received = b"".join([some async for some in self._chunks(response, patience, longest)])
        return self._read(kind, received)

    async def events(self, kind: type[M], path: str, body: dict[str, Any], *, longest: int) -> AsyncGenerator[M]:
        """The events that answer a POST of ``body``, at most ``longest`` bytes of them; raises ``Failure``.

        Only waiting for the server counts for the timeout, not what is done between two events.
        """
        patience, reader = _Patience(self._timeout), EventReader(LONGEST_EVENT)
        async with (
            self._answer(path, body, patience, "event-stream") as response,
            aclosing(self._chunks(response, patience, longest)) as chunks,
        ):
            try:
                async for chunk in chunks:
                    for data in reader.feed(chunk):
                        if data == b"[DONE]":
                            return
                        yield self._read(kind, data)
                for data in reader.rest():
                    if data != b"[DONE]":
                        yield self._read(kind, data)
            except Malformed as error:
                raise Unusable(self.line(str(error))) from None

    def line(self, text: str) -> str:
        """What the server said, as one short line without control characters and without the key."""
        line = " ".join(sanitize(mask(text, self._key)).split()).rstrip(".")
        line = "".join(character if character.isprintable() else "\ufffd" for character in line)
        return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"

    def mask(self, text: str) -> str:
        """``text`` without the key."""
        return mask(text, self._key)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            await self._opened.aclose()
            self._opened = None

    @asynccontextmanager
    async def _answer(
        self, path: str, body: dict[str, Any] | None, patience: _Patience, wanted: str
    ) -> AsyncGenerator[httpx.Response]:
        """The head of an answer that is a success of the ``wanted`` media type; closed at the end."""
        client = self._client()
        try:
            request = client.build_request("GET" if body is None else "POST", f"{self._url}{path}", json=body)
        except UnicodeEncodeError:
            raise BadInput(
                "The prompt holds half a character (a lone surrogate): remove it from the question."
            ) from None
        response = await self._wait(client.send(request, stream=True), patience)
        try:
            await self._check(response, patience, wanted)
            yield response
        finally:
            await response.aclose()

    async def _check(self, response: httpx.Response, patience: _Patience, wanted: str) -> None:
        status, headers = response.status_code, response.headers
        coding = headers.get("content-encoding", "identity").strip().lower()
        if status >= 400:
            body = b""
            if coding == "identity":
                body = b"".join([some async for some in self._chunks(response, patience, LONGEST_ERROR, cut=True)])
            raise self._refused(body, status, headers.get("retry-after"))
        if 300 <= status < 400:
            raise Redirected(self.line(headers.get("location", "an address that it does not name")))
        if status < 200:
            raise Unusable(f"HTTP {status}")
        if coding != "identity":
            raise Unusable(f"its answer is compressed as {self.line(coding)}, unasked")
        media = headers.get("content-type", wanted).partition(";")[0].strip().lower()
        if not media.endswith(wanted):
            raise Unusable(f"its answer is not {wanted} but {self.line(media) or 'nothing'}")

    async def _chunks(
        self, response: httpx.Response, patience: _Patience, longest: int, *, cut: bool = False
    ) -> AsyncGenerator[bytes]:
        """The bytes of a body as they arrive; one with more than ``longest`` is cut, or else ``Unusable``."""
        size = 0
        async with aclosing(cast(AsyncGenerator[bytes], response.aiter_raw())) as arriving:
            while (chunk := await self._wait(anext(arriving, None), patience)) is not None:
                size += len(chunk)
                if size > longest and not cut:
                    raise Unusable(f"its answer has more than {longest:,} bytes")
                yield chunk
                if size > longest:
                    return

    async def _wait(self, awaited: Awaitable[T], patience: _Patience) -> T:
        try:
            return await patience.wait(awaited)
        except (TimeoutError, httpx.TimeoutException):
            raise NoAnswer(f"timed out after {self._timeout:g} s", timed_out=True) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswer(self.line(f"no connection: {str(error) or type(error).__name__}")) from None

    def _read(self, kind: type[M], body: bytes) -> M:
        try:
            return read(kind, body)
        except Malformed as error:
            raise Unusable(self.line(str(error))) from None
        except ErrorTold as error:
            raise self._told(error.said, None, None) from None

    def _refused(self, body: bytes, status: int, after: str | None) -> Refused:
        try:
            said = error_in(parse(body))
        except Malformed:
            said = ServerError(body.decode(errors="replace"))
        return self._told(said, status, after)

    def _told(self, said: ServerError, status: int | None, after: str | None) -> Refused:
        words = self.line(said.message)
        reason = words if status is None else f"HTTP {status}: {words}" if words else f"HTTP {status}"
        return Refused(reason or "an error without a message", said, status, _seconds(after))

    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            headers = {"Accept-Encoding": "identity", "User-Agent": "isump"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            try:
                self._opened = httpx.AsyncClient(
                    headers=headers,
                    cookies=_NoCookies(),
                    timeout=httpx.Timeout(self._timeout, connect=min(self._timeout, CONNECT_SECONDS)),
                    limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
                    follow_redirects=False,
                    verify=_trusted(),
                    trust_env=not self._direct,
                )
            except (ValueError, OSError, ImportError, httpx.InvalidURL) as error:
                raise BadInput(
                    f"The proxy or certificates that the environment names cannot be used ({self.line(str(error))}): "
                    "check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE."
                ) from None
        return self._opened


class _Patience:
    """The seconds that are left to wait for one answer."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    async def wait(self, awaited: Awaitable[T]) -> T:
        """Wait for a part of the answer; raises ``TimeoutError`` when all waiting together took too long."""
        began = time.monotonic()
        try:
            # the client's own timeout starts anew with every byte that arrives
            async with asyncio.timeout(self._left):
                return await awaited
        finally:
            self._left -= time.monotonic() - began


class _NoCookies(CookieJar):
    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep none, so that a server cannot make later requests longer."""


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes longer than everything else about a client."""
    return httpx.create_ssl_context()


def _seconds(header: str | None) -> float | None:
    """The seconds of a Retry-After header; ``None`` when it holds a date or no number that makes sense."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if seconds >= 0 and not math.isnan(seconds) else None
