"""Scripted backend: replays given replies, deterministically and without a model.

It ships in the product, for documentation, demonstrations and tests of the real command line:

    python -m app solve "How many?" --backend scripted --replies replies.jsonl

where each line of ``replies.jsonl`` is a JSON string, or an object with more to say:

    "There are 12 eggs."
    {"text": "A thought that was cut", "finish_reason": "length"}
    {"text": "The answer is 12.", "cached": 40, "seconds": 0.5}

A token is four characters, rounded up, of each message as ``role: content`` with its line end, and of the reply.
Cached are the tokens of the longest prefix shared with an earlier prompt, as a server's prefix cache would have it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import time
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from app.errors import BackendError, BadInput, ContextOverflow
from prompts.backend import Capability
from prompts.user_files import read_text
from prompts.values import Generation, Request, Usage

CAPABILITIES = frozenset({Capability.COUNT_TOKENS, Capability.STREAM, Capability.CONTINUE})
REMEMBERED = 256
"""Prompts the prefix cache and ``requests`` keep: enough for 64 attempts side by side, and bounded."""


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid", strict=True))
class Reply:
    """One reply; given fields override computed ones; ``seconds`` is how long the reply takes."""

    text: str
    finish_reason: Literal["stop", "length"] | None = None
    cached: Annotated[int, Field(ge=0)] | None = None
    seconds: Annotated[float, Field(ge=0, lt=86_400, allow_inf_nan=False)] | None = None


_REPLY = TypeAdapter[str | Reply](Annotated[str, Field(strict=True)] | Reply)


class ScriptedBackend:
    """Answers with the next of ``replies``, or with what a function makes of the request.

    Args:
        replies: Texts or ``Reply`` values in order, or a function from a request to one.
        model: The name the traces show.
        capabilities: What to claim; with ``Capability.SCHEMA`` the replies must obey the schemas.
        delay: Seconds before each reply that does not say how long it takes.
        context: Tokens of prompt that fit, or ``None`` for any number.
        source: What the replies came from, for the error when they run out.
    """

    name: str = "scripted"
    control_tokens: frozenset[str] = frozenset()

    def __init__(
        self,
        replies: Iterable[str | Reply] | Callable[[Request], str | Reply],
        *,
        model: str = "scripted",
        capabilities: frozenset[Capability] = CAPABILITIES,
        delay: float = 0.0,
        context: int | None = None,
        source: str = "the list of replies",
    ) -> None:
        self.model = model
        self.fingerprint = model
        self.capabilities = capabilities
        self.requests: deque[Request] = deque(maxlen=REMEMBERED)
        self._answer = replies if callable(replies) else _in_order(iter(replies), source)
        self._delay = delay
        self._context = context
        self._cache = _PrefixCache()

    @classmethod
    def from_file(cls, path: Path, *, delay: float = 0.0) -> ScriptedBackend:
        """Read the replies from a file of JSON lines; raises ``BadInput`` naming the line that cannot be used."""
        try:
            text = read_text(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise BadInput(
                f"The replies in {path} cannot be read ({reason}): check the path given as --replies."
            ) from error
        lines = text.split("\n")  # splitlines would also cut at U+2028
        replies = [_parse(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
        backend = cls(replies, delay=delay, source=str(path))
        backend.fingerprint = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        return backend

    async def generate(self, request: Request) -> Generation:
        """The next reply, cut at ``max_tokens``; raises ``BackendError`` when there are none left."""
        started, clock = time.time(), time.perf_counter()
        self.requests.append(request)
        messages = [f"{message.role}: {message.content}\n" for message in request.messages]
        prompt = sum(map(_tokens, messages))
        if self._context is not None and prompt > self._context:
            raise ContextOverflow(
                f"The prompt has {prompt} tokens and the context only {self._context}: shorten it or raise --context."
            )
        reply = self._answer(request)
        reply = Reply(reply) if isinstance(reply, str) else reply
        await asyncio.sleep(self._delay if reply.seconds is None else reply.seconds)
        whole, stop_reason = _before_any(request.stop, reply.text)
        text = whole[: 4 * request.max_tokens]
        ended = "stop" if stop_reason else reply.finish_reason or "stop"
        finish_reason = "length" if len(text) < len(whole) else ended
        cached = self._cache.add(messages)
        usage = Usage(prompt, _tokens(text), min(cached if reply.cached is None else reply.cached, prompt))
        seconds = time.perf_counter() - clock
        stopped = stop_reason if finish_reason == "stop" else None
        return Generation(text, usage, finish_reason, seconds, started, stop_reason=stopped)

    async def stream(self, request: Request) -> AsyncGenerator[str | Generation]:
        """The next reply word by word, then the whole Generation; raises as ``generate`` does."""
        generation = await self.generate(request)
        for piece in re.findall(r"\S+\s*|\s+", generation.text):
            yield piece
        yield generation

    async def count_tokens(self, text: str) -> int:
        """Four characters are a token."""
        return _tokens(text)

    @property
    def alive(self) -> bool:
        """Always: it holds nothing that could end."""
        return True

    async def aclose(self) -> None:
        """Nothing to release."""


class _PrefixCache:
    """A simulated prefix cache: recent prompts in sorted order, where the longest shared prefix is a neighbour's."""

    def __init__(self) -> None:
        self._sorted: list[str] = []
        self._by_age: deque[str] = deque()

    def add(self, messages: list[str]) -> int:
        """Remember a prompt; returns how many of its tokens were there before."""
        text = "".join(messages)
        index = bisect_left(self._sorted, text)
        neighbours = self._sorted[max(index - 1, 0) : index + 1]
        shared = max((len(os.path.commonprefix([text, known])) for known in neighbours), default=0)  # noqa: RUF071  # of characters
        self._sorted.insert(index, text)
        self._by_age.append(text)
        if len(self._by_age) > REMEMBERED:
            del self._sorted[bisect_left(self._sorted, self._by_age.popleft())]

        cached = 0
        for message in messages:
            if shared < len(message):
                return cached + shared // 4
            cached += _tokens(message)
            shared -= len(message)
        return cached - 1 if cached else 0  # a server always reads the last token of a prompt


def _before_any(stops: Iterable[str], text: str) -> tuple[str, str | None]:
    """``text`` up to the first of ``stops`` in it, and which that is."""
    at, stop = min(((at, stop) for stop in stops if (at := text.find(stop)) >= 0), default=(len(text), None))
    return text[:at], stop


def _tokens(text: str) -> int:
    return -(-len(text) // 4)


def _in_order(replies: Iterator[str | Reply], source: str) -> Callable[[Request], str | Reply]:
    numbers = count()

    def answer(_: Request) -> str | Reply:
        given = next(numbers)
        for reply in replies:
            return reply
        raise BackendError(f"The scripted replies ran out after {given}: add more to {source}.")

    return answer


def _parse(line: str, place: str) -> Reply:
    try:
        value = _REPLY.validate_json(line)
    except ValidationError as error:
        raise BadInput(
            f"{place} is not a reply ({error.errors()[0]['msg']}): write a JSON string, or an object with a text, and"
            ' perhaps "finish_reason": "stop" or "length", "cached": a whole number, "seconds": a number.'
        ) from error
    return Reply(value) if isinstance(value, str) else value
