"""OpenAI backend: an HTTP client of any server with OpenAI's chat completions API (llama.cpp, vLLM, OpenAI).

    python -m app solve "How many?" --backend openai --base-url http://127.0.0.1:8000/v1

Timeouts, lost connections, 429 and 5xx are tried again and every such try is in the Generation;
anything else the server refuses becomes one sentence at once.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from app.errors import BackendError, BackendUnavailable, BadInput, ContextOverflow, MissingKey
from prompts.backend import Capability
from prompts.values import Generation, Request, Retry, Usage

if TYPE_CHECKING:
    from openai import APIError, APIStatusError, AsyncOpenAI

OPENAI_URL = "https://api.openai.com/v1"
CONNECT_SECONDS = 10.0
"""A host that does not even accept a connection by then is absent; the timeout proper is for generating."""
LONGEST_PAUSE = 60.0
"""Most seconds between two tries, also when the server asks for more."""

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
        if api_key and not (api_key.isascii() and api_key.isprintable()):
            raise BadInput("The API key holds characters that cannot be sent: check OPENAI_API_KEY.")
        self.model = model
        self._url = _check_url(OPENAI_URL if base_url is None else base_url)
        self._key = api_key or "none"  # the client insists on one
        self._timeout = timeout
        self._tries = tries
        self._backoff = wait_exponential(multiplier=pause, max=LONGEST_PAUSE) + wait_random(0, pause)
        self._server = server or f"the server at {self._url}"
        self._direct = direct
        self._opened: AsyncOpenAI | None = None

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
        completion, retries = await self._send(lambda: self._client().chat.completions.create(**options))
        seconds = time.perf_counter() - clock
        text, usage, finish_reason = self._read(completion)
        return Generation(text, usage, finish_reason, seconds, started, retries)

    async def stream(self, request: Request) -> AsyncGenerator[str | Generation]:
        """Answer one request piece by piece, then the whole Generation; once it has begun nothing is tried again.

        Raises:
            UserError: As ``generate`` does, also when the reply breaks off.
        """
        started, clock = time.time(), time.perf_counter()
        options = self._options(request) | {"stream": True, "stream_options": {"include_usage": True}}
        chunks, retries = await self._send(lambda: self._client().chat.completions.create(**options))
        pieces, reason, usage = list[str](), None, None
        async with chunks:
            arriving = aiter(chunks)
            while (chunk := (await self._send(partial(anext, arriving, None), tries=1))[0]) is not None:
                usage = chunk.usage or usage
                for choice in chunk.choices or ():
                    reason = choice.finish_reason or reason
                    if piece := choice.delta.content:
                        pieces.append(piece)
                        yield piece
        if reason is None:
            raise BackendUnavailable(f"{self._named()} broke off its answer: try again.")
        text, counted, reason = self._checked("".join(pieces), usage, reason)
        yield Generation(text, counted, reason, time.perf_counter() - clock, started, retries)

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
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

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

    def _client(self) -> AsyncOpenAI:
        if self._opened is None:
            from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

            self._opened = AsyncOpenAI(
                base_url=self._url,
                api_key=self._key,
                max_retries=0,
                timeout=Timeout(self._timeout, connect=min(self._timeout, CONNECT_SECONDS)),
                http_client=DefaultAsyncHttpxClient(trust_env=not self._direct),
            )
        return self._opened

    async def _first_model(self) -> str:
        listed, _ = await self._send(lambda: self._client().models.list())
        models = getattr(listed, "data", None)
        if not models:
            raise BackendError(f"{self._named()} lists no model: name one with --model.")
        return str(models[0].id)

    async def _send(
        self, call: Callable[[], Awaitable[_R]], *, tries: int | None = None
    ) -> tuple[_R, tuple[Retry, ...]]:
        """Await the call, retrying transient failures; other failures become a ``UserError``."""
        import openai

        retries: list[Retry] = []

        def note(state: RetryCallState) -> None:
            assert state.outcome and state.next_action
            retries.append(Retry(self._reason(state.outcome.exception()), state.next_action.sleep))

        async def once() -> _R:
            # the client's own timeout starts anew with every byte that arrives
            async with asyncio.timeout(self._timeout):
                return await call()

        retrying = AsyncRetrying(
            stop=stop_after_attempt(tries or self._tries),
            wait=self._pause,
            retry=retry_if_exception(_transient),
            before_sleep=note,
            reraise=True,
        )
        try:
            return await retrying(once), tuple(retries)
        except openai.APIStatusError as error:
            raise self._refused(error) from error
        except (TimeoutError, openai.APIConnectionError) as error:
            hint = "give it fewer requests at once or a longer timeout"
            if not isinstance(error, (TimeoutError, openai.APITimeoutError)):
                hint = "is it running? Start it or pass another --base-url"
            raise BackendUnavailable(
                f"{self._named()} gave no answer in {tries or self._tries} tries ({self._reason(error)}): {hint}."
            ) from error
        except openai.APIError as error:  # told in the midst of a stream, so without a status of its own
            if _overflows(error):
                raise self._overflow(error) from error
            raise BackendError(f"{self._named()} broke off its answer ({self._reason(error)}): try again.") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise BackendError(self._strange("its answer is not JSON")) from error
        except UnicodeEncodeError as error:
            raise BadInput(
                "The prompt holds half a character (a lone surrogate): remove it from the question."
            ) from error

    def _pause(self, state: RetryCallState) -> float:
        assert state.outcome
        response = getattr(state.outcome.exception(), "response", None)
        try:
            asked = float(response.headers["retry-after"]) if response is not None else -1.0
        except (KeyError, ValueError):  # absent, or a date
            asked = -1.0
        return min(asked, LONGEST_PAUSE) if asked >= 0 else self._backoff(state)

    def _read(self, completion: Any) -> tuple[str, Usage, str]:
        """Text, usage and finish reason of a completion; the client library validates none of them."""
        choices, usage = getattr(completion, "choices", None), getattr(completion, "usage", None)
        if not choices:
            raise BackendError(
                self._strange(_message(getattr(completion, "error", None)) or "its answer has no choices")
            )
        return self._checked(getattr(choices[0].message, "content", None), usage, choices[0].finish_reason)

    def _checked(self, text: object, usage: object, reason: object) -> tuple[str, Usage, str]:
        if reason not in ("stop", "length"):
            raise BackendError(f"{self._named()} broke off its answer (finish reason {reason!r}): change the question.")
        if text is None and reason == "length":
            text = ""  # a reasoning model that spent every token before its first word of answer
        if not isinstance(text, str):
            raise BackendError(f"{self._named()} answered without any text: try another model.")
        counts = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
        if not (isinstance(counts[0], int) and isinstance(counts[1], int)):
            raise BackendError(f"{self._named()} does not count tokens (no usage in its answer): use another server.")
        details = getattr(usage, "prompt_tokens_details", None)
        cached = getattr(details, "cached_tokens", None) or 0
        return text, Usage(counts[0], counts[1], cached), "stop" if reason == "stop" else "length"

    def _refused(self, error: APIStatusError) -> BackendError:
        status, said = error.status_code, self._reason(error)
        if status in (401, 403):
            return MissingKey(
                f"{self._named()} wants an API key that may use {self.model or 'it'}: set OPENAI_API_KEY."
            )
        if _overflows(error):
            return self._overflow(error)
        if _passing(status):
            return BackendUnavailable(f"{self._named()} failed {self._tries} times ({said}): try again later.")
        if status == 404:
            return BackendError(f"{self._named()} has no such page or model ({said}): check --base-url and --model.")
        if "response_format" in said or "json_schema" in said:
            return BackendError(f"{self._named()} takes no JSON schema ({said}): use --memory-form text.")
        return BackendError(f"{self._named()} refused the request ({said}): change the request or use another server.")

    def _overflow(self, error: APIError) -> ContextOverflow:
        body: dict[str, Any] = error.body if isinstance(error.body, dict) else {}
        prompt, limit = body.get("n_prompt_tokens"), body.get("n_ctx")
        known = f"it has {prompt} tokens, the context {limit}" if prompt and limit else self._reason(error)
        return ContextOverflow(f"The prompt does not fit the model's context ({known}): shorten it or raise --context.")

    def _reason(self, error: BaseException | None) -> str:
        """The reason of a failed try, on one line."""
        import openai

        if isinstance(error, openai.APIStatusError):
            said = _message(error.body)
            return f"HTTP {error.status_code}: {said}" if said else f"HTTP {error.status_code}"
        if isinstance(error, (TimeoutError, openai.APITimeoutError)):
            return f"timed out after {self._timeout:g} s"
        if isinstance(error, openai.APIError) and not isinstance(error, openai.APIConnectionError):
            return _message(error.body) or _one_line(str(error))
        return _one_line(f"no connection: {(error and error.__cause__) or error}")

    def _strange(self, what: str) -> str:
        return f"{self._named()} does not answer as OpenAI's would ({what}): does --base-url end in /v1?"

    def _named(self) -> str:
        return self._server[0].upper() + self._server[1:]


def _check_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) and url.isprintable()
    except ValueError:
        raise BadInput(f"{url!r} is no server address: write one like http://127.0.0.1:8000/v1.") from None
    if not usable or " " in url:
        raise BadInput(f"{url!r} is no server address: write one like http://127.0.0.1:8000/v1.")
    if parts.username or parts.password:
        raise BadInput(
            "The server address holds a password: give it as OPENAI_API_KEY, addresses are shown and stored."
        )
    return url.rstrip("/")


def _passing(status: int) -> bool:
    return status in (408, 429) or status >= 500


def _transient(error: BaseException) -> bool:
    import openai

    if isinstance(error, openai.APIStatusError):
        return _passing(error.status_code) and not _overflows(error)
    return isinstance(error, (TimeoutError, openai.APIConnectionError))


def _overflows(error: APIError) -> bool:
    """Whether the prompt was too long; llama.cpp says so with a type, OpenAI with a code, others in words only."""
    if error.type == "exceed_context_size_error" or error.code == "context_length_exceeded":
        return True
    said = _message(error.body).lower()
    return getattr(error, "status_code", 500) in (400, 413, 422, 500) and (
        "context length" in said or "context size" in said
    )


def _message(body: object) -> str:
    """The message in an error body: its ``message`` or ``detail``, else the whole body."""
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    return _one_line(str(body)) if body else ""


def _one_line(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= 300 else line[:299] + "…"
