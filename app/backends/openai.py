"""OpenAI backend: a client of any server with OpenAI's chat completions API (llama.cpp, vLLM, OpenAI).

    python -m app solve "How many?" --backend openai --base-url http://127.0.0.1:8000/v1

The official client sends and receives; what it returns is validated before anything of it is used. Timeouts, lost
connections, 429 and 5xx are tried again, and every such try is in the Generation; anything else that the server refuses
or answers wrongly becomes one sentence at once. A key that a server echoes is masked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, AsyncStream, OpenAIError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from app.backends.config import Continuation
from app.errors import BackendError, BackendUnavailable, BadInput, ContextOverflow, MissingKey
from app.text import sanitize
from prompts.backend import Capability
from prompts.values import Generation, Request, Retry, Usage

OPENAI_URL = "https://api.openai.com/v1"
MASK = "[API key]"
MAX_PAUSE = 60.0
"""Seconds between two tries, also when the server asks for more."""
MAX_TOKENS = 2**24
"""More than any context holds, and few enough that sums of products of them stay within the store's 64 bits."""
MIN_SECRET = 8
"""Characters of a key that is masked; a shorter one ("none", "EMPTY") may be a word of any reply."""
CONTINUATIONS: dict[str | None, Continuation] = {"llamacpp": "prefill", "vllm": "vllm"}
"""How a server continues a message of the assistant, by the owner that it names for its models."""
_TO_CONTINUE: dict[Continuation, dict[str, bool]] = {
    "vllm": {"continue_final_message": True, "add_generation_prompt": False}
}
"""Options of a request that ask for it, where a last message of the assistant alone does not."""
_MAX_REASON = 300
"""Characters of what a server said, wherever it is quoted."""
_CONNECT_SECONDS = 10.0
"""A host that does not even accept a connection by then is absent; the timeout proper is for generating."""

R = TypeVar("R")
M = TypeVar("M", bound=BaseModel)
Tokens = Annotated[int, Field(ge=0, le=MAX_TOKENS)]


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("it holds half a character") from error
    return text


Text = Annotated[str, AfterValidator(_encodable)]


class ApiModel(BaseModel):
    """A part of an answer; fields that are not read may hold anything."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class PromptDetails(ApiModel):
    """Tokens of the prompt that were read from the server's cache."""

    cached_tokens: Tokens | None = None


class TokenCounts(ApiModel):
    """The tokens of one completion."""

    prompt_tokens: Tokens
    completion_tokens: Tokens
    prompt_tokens_details: PromptDetails | None = None


class ChatMessage(ApiModel):
    """A message of the model, or a piece of one."""

    content: Text | None = None


class Choice(ApiModel):
    """A whole reply (``message``), or a piece of one (``delta``)."""

    message: ChatMessage | None = None
    delta: ChatMessage = ChatMessage()
    finish_reason: str | None = None
    stop_reason: int | str | None = None
    """vLLM: the stop text, or the number of the token, that ended it."""


class Completion(ApiModel):
    """A whole answer, or one event of a streamed one."""

    choices: list[Choice] | None = None
    usage: TokenCounts | None = None


class ModelList(ApiModel):
    """The models that the server offers."""

    class Entry(ApiModel):
        """One of them."""

        id: str = Field(min_length=1, max_length=200)
        owned_by: object = None

    data: list[Entry]


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
        continuation: How the server continues a message of the assistant; ``None`` lets ``open`` find it out.
    """

    name: str = "openai"
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
        continuation: Continuation | None = None,
    ) -> None:
        if base_url is None and not api_key:
            raise MissingKey("OpenAI wants an API key: set OPENAI_API_KEY, or pass --base-url for another server.")
        if api_key and not (api_key.isascii() and api_key.isprintable() and api_key == api_key.strip()):
            raise BadInput("The API key holds characters that cannot be sent: check OPENAI_API_KEY.")
        self.model = self.fingerprint = model
        self.continuation: Continuation | None = continuation
        self.base_url = _check_url(OPENAI_URL if base_url is None else base_url)
        self._key, self._timeout, self._tries = api_key, timeout, tries
        self._backoff = wait_exponential(multiplier=pause, max=MAX_PAUSE) + wait_random(0, pause)
        server = server or f"the server at {self.base_url}"
        self._server = server[0].upper() + server[1:]
        self._client = _client(self.base_url, api_key, timeout, direct)

    @classmethod
    async def open(cls, model: str | None, **options: Any) -> Self:
        """A backend that knows its model: the one named, else the first that the server lists.

        A server of one model answers to any name; the ``fingerprint`` is then the name the server itself has for it.
        How it continues a message is taken from the owner it names for its models, unless ``continuation`` says it.
        """
        backend = cls(model or "", **options)
        try:
            entries = await backend._models(required=not model)
            listed = [entry.id for entry in entries]
            if not model:
                backend.model = backend.fingerprint = listed[0]
            elif len(listed) == 1 and model not in listed:
                backend.fingerprint = listed[0]
            if backend.continuation is None and entries and isinstance(owner := entries[0].owned_by, str):
                backend.continuation = CONTINUATIONS.get(owner)
        except BaseException:
            await backend.aclose()
            raise
        return backend

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The abilities of this client, and of the server to continue a message."""
        continues = {Capability.CONTINUE} if self.continuation not in (None, "none") else set[Capability]()
        return frozenset({Capability.STREAM, Capability.SCHEMA} | continues)

    async def generate(self, request: Request) -> Generation:
        """Answer one request; ``seconds`` is what the caller waited, failed tries and pauses included.

        Raises:
            BackendUnavailable: No answer after the last try.
            ContextOverflow: The prompt is too long for the model.
            MissingKey: The server refuses the key, or the lack of one.
            BackendError: The server refuses the request, or its answer is none.
        """
        started, clock = time.time(), time.perf_counter()
        post = self._client.post
        options = self._options(request)
        found, retries = await self._send(lambda: post("/chat/completions", cast_to=object, body=options))
        seconds = time.perf_counter() - clock
        completion = self._read(Completion, found)
        if not completion.choices or completion.choices[0].message is None:
            raise self._unusable("it has no choices with a message")
        choice = completion.choices[0]
        finish_reason = self._finish_reason(choice.finish_reason)
        text = choice.message.content if choice.message else None
        if text is None and finish_reason == "length":
            text = ""  # a reasoning model that spent every token before its first word of answer
        if text is None:
            raise BackendError(f"{self._server} answered without any text: try another model.")
        text, usage = self._continued(self._masked(text), request), self._usage(completion.usage)
        return Generation(text, usage, finish_reason, seconds, started, retries, _stop_text(choice))

    async def stream(self, request: Request) -> AsyncGenerator[str | Generation]:
        """Answer one request piece by piece, then the whole Generation; once it has begun nothing is tried again.

        Raises:
            UserError: As ``generate`` does, also when the reply breaks off.
        """
        started, clock = time.time(), time.perf_counter()
        pieces, last, usage = list[str](), None, None
        options = self._options(request) | {"stream": True, "stream_options": {"include_usage": True}}

        async def begin() -> tuple[object, AsyncStream[object]]:
            post = self._client.post
            events = await post(
                "/chat/completions", cast_to=object, body=options, stream=True, stream_cls=AsyncStream[object]
            )
            return await anext(events, None), events

        (event, events), retries = await self._send(begin)
        async with aclosing(events.response):
            while event is not None:
                chunk = self._read(Completion, event)
                usage = chunk.usage or usage
                for choice in chunk.choices or ():
                    last = choice if choice.finish_reason else last
                    if piece := self._masked(choice.delta.content or ""):
                        pieces.append(piece)
                        yield piece
                event, _ = await self._send(lambda: anext(events, None), tries=1)
        if last is None:
            raise BackendUnavailable(f"{self._server} broke off its answer: try again.")
        seconds = time.perf_counter() - clock
        finish_reason, counted = self._finish_reason(last.finish_reason), self._usage(usage)
        text = self._masked("".join(pieces))
        yield Generation(text, counted, finish_reason, seconds, started, retries, _stop_text(last))

    @property
    def alive(self) -> bool:
        """Always: a server that is away may come back."""
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

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
        if request.stop:
            options["stop"] = list(request.stop)
        if request.prefill and self.continuation:
            options |= _TO_CONTINUE.get(self.continuation, {})
        return options

    def _continued(self, text: str, request: Request) -> str:
        """The reply without the prefill, which llama.cpp puts in front of it unless it is streamed."""
        prefill = request.prefill
        if text.startswith(prefill):
            return text[len(prefill) :]
        if text.lstrip().startswith(prefill.strip()):
            raise BackendError(
                f"{self._server} changes the beginning of the reply that it is to continue (its chat template trims"
                " it): use --continuation none."
            )
        return text

    async def _models(self, *, required: bool) -> list[ModelList.Entry]:
        """The models that the server lists; none where it keeps no list and none is ``required``."""
        try:
            found, _ = await self._send(lambda: self._client.get("/models", cast_to=object))
            listed = self._read(ModelList, found).data
        except (BackendUnavailable, MissingKey):
            raise
        except BackendError:
            if required:
                raise
            return []
        if required and not listed:
            raise BackendError(f"{self._server} lists no model: name one with --model.")
        if required and listed[0].id != self._line(listed[0].id):
            raise BackendError(f"{self._server} lists a model whose name cannot be shown: name one with --model.")
        return listed

    async def _send(self, call: Callable[[], Awaitable[R]], *, tries: int | None = None) -> tuple[R, tuple[Retry, ...]]:
        """Await the call, retrying transient failures; other failures become a ``UserError``."""
        retries: list[Retry] = []

        def note(state: RetryCallState) -> None:
            assert state.next_action and state.outcome
            retries.append(Retry(self._reason(state.outcome.exception()), state.next_action.sleep))

        async def once() -> R:
            async with asyncio.timeout(self._timeout):  # the client's own starts anew with every byte that arrives
                return await call()

        retrying = AsyncRetrying(
            stop=stop_after_attempt(tries or self._tries),
            wait=self._pause,
            retry=retry_if_exception(_is_transient),
            before_sleep=note,
            reraise=True,
        )
        try:
            return await retrying(once), tuple(retries)
        except UnicodeEncodeError:
            raise BadInput("The prompt holds half a character (a lone surrogate): remove it.") from None
        except (OpenAIError, httpx2.HTTPError, TimeoutError) as error:
            raise self._to_user_error(error, tries or self._tries) from None
        except (ValueError, RecursionError, TypeError) as error:
            raise self._unusable(f"it is not JSON: {self._line(str(error))}") from None

    def _pause(self, state: RetryCallState) -> float:
        asked = _retry_after(state.outcome.exception() if state.outcome else None)
        return self._backoff(state) if asked is None else min(asked, MAX_PAUSE)

    def _read(self, kind: type[M], value: object) -> M:
        try:
            if isinstance(value, Mapping) and value.get("error"):
                said = self._line(_message(value["error"]))
                raise BackendError(f"{self._server} broke off its answer ({said or 'an error'}): try again.")
            return kind.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(map(str, first["loc"])) or "it"
            raise self._unusable(f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None

    def _finish_reason(self, reason: str | None) -> str:
        if reason not in ("stop", "length"):
            shown = repr(reason and self._line(reason))
            raise BackendError(f"{self._server} broke off its answer (finish reason {shown}): change the question.")
        return reason

    def _usage(self, counts: TokenCounts | None) -> Usage:
        if counts is None:
            raise BackendError(f"{self._server} does not count tokens (no usage in its answer): use another server.")
        details = counts.prompt_tokens_details
        cached = (details and details.cached_tokens) or 0
        if cached > counts.prompt_tokens:
            raise self._unusable("usage: it counts more cached tokens than the prompt has")
        return Usage(counts.prompt_tokens, counts.completion_tokens, cached)

    def _masked(self, text: str) -> str:
        return text.replace(self._key, MASK) if self._key and len(self._key) >= MIN_SECRET else text

    def _line(self, text: str) -> str:
        """The server's words as one short line without control characters and without the key."""
        words = " ".join(self._masked(text).split()).rstrip(".")
        line = "".join(character if character.isprintable() else "\ufffd" for character in words)
        return line if len(line) <= _MAX_REASON else f"{line[: _MAX_REASON - 1]}…"

    def _reason(self, error: BaseException | None) -> str:
        """The reason why a try failed, in one line."""
        if _timed_out(error):
            return f"timed out after {self._timeout:g} s"
        if isinstance(error, APIStatusError):
            said = self._line(_message(error.body))
            return f"HTTP {error.status_code}: {said}" if said else f"HTTP {error.status_code}"
        if isinstance(error, APIConnectionError | httpx2.HTTPError):
            cause = error.__cause__ or error
            return self._line(f"no connection: {str(cause) or type(cause).__name__}")
        return self._line(_message(getattr(error, "body", None)) or str(error))

    def _to_user_error(self, error: Exception, tries: int) -> BackendError:
        """The sentence that a failure after so many tries becomes."""
        reason, server = self._reason(error), self._server
        if _overflows(error):
            return ContextOverflow(
                f"The prompt does not fit the model's context ({reason}): shorten it or raise --context."
            )
        if not isinstance(error, APIStatusError):
            if not _is_transient(error):
                return BackendError(f"{server} broke off its answer ({reason or 'an error'}): try again.")
            hint = "give it fewer requests at once or a longer --timeout." if _timed_out(error) else "is it running?"
            return BackendUnavailable(f"{server} gave no answer in {tries} tries ({reason}): {hint}")
        if _is_transient(error):
            return BackendUnavailable(f"{server} failed {tries} times ({reason}): try again later.")
        if error.status_code < 400:
            target = self._line(error.response.headers.get("location", "an address that it does not name"))
            return BackendError(
                f"{server} sends requests on to {target}, where the key must not go: pass that address as --base-url if"
                " you trust it."
            )
        if error.status_code in (401, 403):
            return MissingKey(f"{server} wants an API key that may use {self.model or 'it'}: set OPENAI_API_KEY.")
        if error.status_code == 404:
            return BackendError(f"{server} has no such page or model ({reason}): check --base-url and --model.")
        if "response_format" in reason or "json_schema" in reason:
            return BackendError(f"{server} takes no JSON schema ({reason}): use --memory-form text.")
        return BackendError(f"{server} refused the request ({reason}): change the request or use another server.")

    def _unusable(self, reason: str) -> BackendError:
        return BackendError(
            f"{self._server} does not answer as OpenAI's would ({reason}): does --base-url end in /v1? If it does, use"
            " another server."
        )


def _client(base_url: str, key: str | None, timeout: float, direct: bool) -> Any:
    """The official client; redirects are off, because a request holds the key, and retries, because they are ours."""
    try:
        http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
            follow_redirects=False,
            trust_env=not direct,
        )
    except (ValueError, OSError, ImportError, httpx2.InvalidURL) as error:
        raise BadInput(
            f"The proxy or certificates that the environment names cannot be used ({sanitize(str(error))}): check"
            " HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE."
        ) from None
    # The client wants a key; a server without one ignores it.
    return AsyncOpenAI(api_key=key or "EMPTY", base_url=base_url, max_retries=0, http_client=http)


def _stop_text(choice: Choice) -> str | None:
    return choice.stop_reason if isinstance(choice.stop_reason, str) else None


def _timed_out(error: BaseException | None) -> bool:
    return isinstance(error, APITimeoutError | TimeoutError | httpx2.TimeoutException)


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, APIStatusError):
        return (error.status_code in (408, 429) or error.status_code >= 500) and not _overflows(error)
    return isinstance(error, APIConnectionError | httpx2.TransportError | TimeoutError)


def _overflows(error: BaseException) -> bool:
    body = getattr(error, "body", None)
    kinds = (body.get("type"), body.get("code")) if isinstance(body, Mapping) else ()
    said = _message(body).lower()
    known = {"exceed_context_size_error", "context_length_exceeded"}
    return not known.isdisjoint(kinds) or "context length" in said or "context size" in said


def _message(body: object) -> str:
    """The message in an error's body: OpenAI's ``message``, FastAPI's ``detail``, or the body itself."""
    if isinstance(body, Mapping):
        return str(body.get("message") or body.get("detail") or dict(body))
    return str(body or "")


def _retry_after(error: BaseException | None) -> float | None:
    """Seconds of a Retry-After header; ``None`` when it holds a date or no number that makes sense."""
    response = getattr(error, "response", None)
    try:
        seconds = float(response.headers.get("retry-after", "")) if response is not None else -1
    except ValueError:
        return None
    return seconds if seconds >= 0 else None


def _check_url(url: str) -> str:
    if "@" in url or "?" in url:
        raise BadInput("The server address holds a password or a query, and addresses are shown: set OPENAI_API_KEY.")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) and url.isprintable()
    except ValueError:
        usable = False
    if not usable or " " in url:
        raise BadInput(f"{url[:500]!r} is no server address: write one like http://127.0.0.1:8000/v1.")
    return url.rstrip("/")
