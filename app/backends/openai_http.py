"""OpenAI backend: an HTTP client of any server with OpenAI's chat completions API (llama.cpp, vLLM, OpenAI).

    python -m app solve "How many?" --backend openai --base-url http://127.0.0.1:8000/v1

Timeouts, lost connections, 429 and 5xx are tried again and every such try is in the Generation;
anything else that the server refuses or answers wrongly becomes one sentence at once. No text that a server sends
leaves here with the key in it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from app.backends.exchange import LONGEST_EVENT, Exchange
from app.backends.failures import Failure, in_words
from app.backends.wire import Chunk, Completion, Counts, ModelList
from app.errors import BackendError, BackendUnavailable, BadInput, MissingKey
from app.masking import StreamMask
from prompts.backend import Capability
from prompts.values import Generation, Request, Retry, Usage

OPENAI_URL = "https://api.openai.com/v1"
LONGEST_PAUSE = 60.0
"""Most seconds between two tries, also when the server asks for more."""
LONGEST_TOKEN = 256
"""Characters, twice what the longest token of Qwen's vocabulary has: a longer text is no reply of so many tokens."""
LONGEST_KEY = 4096
"""Characters; servers take no longer headers."""
LONGEST_ADDRESS = 500
"""Characters of the server's address."""
_STREAMED_TOKEN = 4096
"""Bytes of the event that brings one token, with everything that some server adds to it."""

_R = TypeVar("_R")


class OpenAIBackend:
    """A client of one server and one of its models.

    Args:
        model: The server's name for the model; ``open`` can find it out.
        base_url: Address of the server up to ``/v1``, or ``None`` for OpenAI's own.
        api_key: Its key; most local servers want none.
        timeout: Seconds one try may take.
        tries: How often a request is sent before it is given up.
        pause: Seconds before the second try; it doubles after each, with jitter, unless the server says how long.
        server: What messages call the server, when its address would say little.
        direct: Ignore the environment's proxies.
    """

    name: str = "openai"
    capabilities: frozenset[Capability] = frozenset({Capability.STREAM, Capability.SCHEMA})
    control_tokens: frozenset[str] = frozenset()

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 600,
        tries: int = 4,
        pause: float = 0.5,
        server: str | None = None,
        direct: bool = False,
    ) -> None:
        if base_url is None and not api_key:
            raise MissingKey("OpenAI wants an API key: set OPENAI_API_KEY, or pass --base-url for another server.")
        if api_key and not _can_be_sent(api_key):
            raise BadInput("The API key holds characters that cannot be sent: check OPENAI_API_KEY.")
        self.model = model
        url = _check_url(OPENAI_URL if base_url is None else base_url)
        self._key = api_key
        self._exchange = Exchange(url, api_key, timeout=timeout, direct=direct)
        self._tries = tries
        self._backoff = wait_exponential(multiplier=pause, max=LONGEST_PAUSE) + wait_random(0, pause)
        self._server = server or f"the server at {url}"

    @classmethod
    async def open(cls, model: str | None, **options: Any) -> OpenAIBackend:
        """A backend that knows its model: the one named, else the first that the server lists."""
        backend = cls(model or "", **options)
        if not model:
            try:
                backend.model = await backend._first_model()
            except BaseException:
                await backend.aclose()
                raise
        return backend

    async def generate(self, request: Request) -> Generation:
        """Answer one request; ``seconds`` is what the caller waited, failed tries and pauses included.

        Raises:
            BackendUnavailable: No answer after the last try.
            ContextOverflow: The prompt is too long for the model.
            MissingKey: The server refuses the key, or the lack of one.
            BackendError: The server refuses the request, or its answer is none.
        """
        started, clock = time.time(), time.perf_counter()
        options = self._options(request)
        completion, retries = await self._send(lambda: self._exchange.ask(Completion, "/chat/completions", options))
        seconds = time.perf_counter() - clock
        choice = completion.choices[0]
        finish_reason = self._finish_reason(choice.finish_reason)
        text = choice.message.content
        if text is None and finish_reason == "length":
            text = ""  # a reasoning model that spent every token before its first word of answer
        if text is None:
            raise BackendError(f"{self._named()} answered without any text: try another model.")
        self._check_length(len(text), request)
        text = self._exchange.mask(text)
        return Generation(text, self._usage(completion.usage), finish_reason, seconds, started, retries)

    async def stream(self, request: Request) -> AsyncGenerator[str | Generation]:
        """Answer one request piece by piece, then the whole Generation; once it has begun nothing is tried again.

        Raises:
            UserError: As ``generate`` does, also when the reply breaks off.
        """
        started, clock = time.time(), time.perf_counter()
        pieces, length, reason, usage = list[str](), 0, None, None
        masked = StreamMask(self._key)
        (chunk, chunks), retries = await self._send(lambda: self._begin(request))
        async with aclosing(chunks):
            while chunk is not None:
                usage = chunk.usage or usage
                for choice in chunk.choices or ():
                    if choice.index:
                        continue  # a second reply that nobody asked for
                    reason = choice.finish_reason or reason
                    length += len(choice.delta.content or "")
                    self._check_length(length, request)
                    if piece := masked.feed(choice.delta.content or ""):
                        pieces.append(piece)
                        yield piece
                chunk = (await self._send(lambda: anext(chunks, None), tries=1))[0]
        if piece := masked.rest():
            pieces.append(piece)
            yield piece
        if reason is None:
            raise BackendUnavailable(f"{self._named()} broke off its answer: try again.")
        finish_reason, counted = self._finish_reason(reason), self._usage(usage)
        yield Generation("".join(pieces), counted, finish_reason, time.perf_counter() - clock, started, retries)

    @property
    def fingerprint(self) -> str:
        """The server's name for the model."""
        return self.model

    @property
    def alive(self) -> bool:
        """Always: a server that is away may come back."""
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        await self._exchange.aclose()

    def _options(self, request: Request) -> dict[str, Any]:
        options: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        if request.schema is not None:
            form = {"name": "reply", "strict": True, "schema": dict(request.schema)}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        return options

    async def _begin(self, request: Request) -> tuple[Chunk | None, AsyncGenerator[Chunk]]:
        """The first event of a streamed reply, and the others to come."""
        options = self._options(request) | {"stream": True, "stream_options": {"include_usage": True}}
        longest = LONGEST_EVENT + _STREAMED_TOKEN * request.max_tokens
        chunks = self._exchange.events(Chunk, "/chat/completions", options, longest=longest)
        return await anext(chunks, None), chunks  # a generator that raises has ended, and its connection with it

    async def _first_model(self) -> str:
        listed, _ = await self._send(lambda: self._exchange.ask(ModelList, "/models"))
        if not listed.data:
            raise BackendError(f"{self._named()} lists no model: name one with --model.")
        name = listed.data[0].id
        if name != self._exchange.line(name):
            raise BackendError(f"{self._named()} lists a model whose name cannot be shown: name one with --model.")
        return name

    async def _send(
        self, call: Callable[[], Awaitable[_R]], *, tries: int | None = None
    ) -> tuple[_R, tuple[Retry, ...]]:
        """Await the call, retrying transient failures; other failures become a ``UserError``."""
        retries: list[Retry] = []

        def note(state: RetryCallState) -> None:
            assert state.next_action
            retries.append(Retry(_failure(state).reason, state.next_action.sleep))

        async def once() -> _R:
            return await call()

        retrying = AsyncRetrying(
            stop=stop_after_attempt(tries or self._tries),
            wait=self._pause,
            retry=retry_if_exception(lambda error: isinstance(error, Failure) and error.transient),
            before_sleep=note,
            reraise=True,
        )
        try:
            return await retrying(once), tuple(retries)
        except Failure as failure:
            raise in_words(failure, self._named(), self.model, tries or self._tries) from None

    def _pause(self, state: RetryCallState) -> float:
        asked = _failure(state).after
        return self._backoff(state) if asked is None else min(asked, LONGEST_PAUSE)

    def _finish_reason(self, reason: str | None) -> str:
        if reason not in ("stop", "length"):
            shown = repr(reason and self._exchange.line(reason))
            raise BackendError(f"{self._named()} broke off its answer (finish reason {shown}): change the question.")
        return reason

    def _check_length(self, length: int, request: Request) -> None:
        begun = request.messages[-1]
        prefill = len(begun.content) if begun.role == "assistant" else 0  # llama.cpp repeats it
        if length > prefill + LONGEST_TOKEN * request.max_tokens:
            raise BackendError(
                f"{self._named()} wrote more than the {request.max_tokens} tokens asked for: use another server."
            )

    def _usage(self, counts: Counts | None) -> Usage:
        if counts is None:
            raise BackendError(f"{self._named()} does not count tokens (no usage in its answer): use another server.")
        return Usage(counts.prompt_tokens, counts.completion_tokens, counts.cached)

    def _named(self) -> str:
        return self._server[0].upper() + self._server[1:]


def _failure(state: RetryCallState) -> Failure:
    error = state.outcome and state.outcome.exception()
    assert isinstance(error, Failure), "only failures are tried again"
    return error


def _can_be_sent(key: str) -> bool:
    return key.isascii() and key.isprintable() and key == key.strip() and len(key) <= LONGEST_KEY


def _check_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) and httpx.URL(url).host
    except (ValueError, httpx.InvalidURL):
        parts, usable = None, False
    if "@" in url or (parts and (parts.query or parts.fragment)):
        raise BadInput(
            "The server address holds a password or a query: give a key as OPENAI_API_KEY, addresses are shown and "
            "stored."
        )
    if not usable or " " in url or not url.isprintable() or len(url) > LONGEST_ADDRESS:
        raise BadInput(f"{url[:LONGEST_ADDRESS]!r} is no server address: write one like http://127.0.0.1:8000/v1.")
    return url.rstrip("/")
