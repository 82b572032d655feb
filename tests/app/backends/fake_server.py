"""A small OpenAI-compatible server for tests: real HTTP on a free local port, answers from a scripted backend.

async with FakeServer() as server:
    server.then(Answer(503), HANG)      # the next two requests fail, later ones are answered
    backend = OpenAIBackend("tiny", base_url=server.url)
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, Self

from app.backends.scripted import ScriptedBackend
from app.errors import ContextOverflow
from prompts.values import Generation, Message, Part, Request, Usage


@dataclass(frozen=True)
class Answer:
    """A canned HTTP answer; a body that is not bytes is sent as JSON.

    ``then`` says what follows the body: nothing more, silence until the client goes away, or a connection that breaks.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    type: str | None = "application/json"
    then: Literal["end", "hang", "drop"] = "end"


@dataclass(frozen=True)
class Raw:
    """Bytes sent as they are, status line included, until the client goes away: ``pieces`` makes them.

    ``pause`` is the seconds before each.
    """

    pieces: Callable[[], Iterable[bytes]]
    pause: float = 0.0

    @classmethod
    def body(cls, pieces: Callable[[], Iterable[bytes]], head: str, *, pause: float = 0.0) -> Raw:
        """A body without a length, which ends with the connection; ``head`` holds more lines of the head."""
        lines = f"HTTP/1.1 200 X\r\nConnection: close\r\n{head}\r\n\r\n".encode()
        return cls(lambda: chain([lines], pieces()), pause)


HANG = Answer(0)
"""Accept the request and say nothing until the client goes away."""
DROP = Answer(-1)
"""Close the connection without a word."""


def error(status: int, message: str, **more: Any) -> Answer:
    """An error as OpenAI words it."""
    return Answer(status, {"error": {"message": message, **more}})


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: Any


class FakeServer:
    """Listens while it is open; ``seen`` holds every request, ``hung_up`` counts clients that left a ``HANG``.

    ``sent`` counts the bytes of ``Raw`` answers that were taken. ``judge`` may choose the answer to a request. One of
    the ``owner`` "llamacpp" repeats the beginning of a reply that it continues, as llama.cpp does.
    """

    def __init__(
        self,
        engine: ScriptedBackend | None = None,
        models: tuple[str, ...] = ("tiny",),
        owner: str = "tests",
        judge: Callable[[Seen], Answer | Raw | None] = lambda seen: None,
    ) -> None:
        self.seen: list[Seen] = []
        self.sent = 0
        self._judge = judge
        self.hung_up = asyncio.Semaphore(0)
        self._engine = engine or ScriptedBackend(lambda request: "An answer.")
        self._models = models
        self._owner = owner
        self._planned: deque[Answer | Raw] = deque()
        self._open: set[asyncio.Task[None]] = set()

    def then(self, *answers: Answer | Raw) -> None:
        """Give these to the next requests."""
        self._planned.extend(answers)

    def forget(self) -> None:
        """Give none of the answers that are left."""
        self._planned.clear()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            self._open.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        self.seen.append(Seen(first.split()[1], headers, json.loads(content or b"null")))
        answer = self._planned.popleft() if self._planned else self._judge(self.seen[-1])
        answer = answer or await self._answer(self.seen[-1])
        if isinstance(answer, Raw):
            await self._send(answer, writer)
        if answer is DROP or isinstance(answer, Raw):
            return False
        if answer is not HANG:
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            length = len(body) + (answer.then != "end")  # a byte that never comes
            lines = [f"HTTP/1.1 {answer.status} X", f"Content-Length: {length}"]
            lines += [f"Content-Type: {answer.type}"] if answer.type is not None else []
            lines += [f"{name}: {value}" for name, value in answer.headers.items()]
            writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)
            await writer.drain()
        if answer is HANG or answer.then == "hang":
            await reader.read()  # nothing more comes until the client closes
            self.hung_up.release()
        return answer is not HANG and answer.then == "end"

    async def _send(self, answer: Raw, writer: asyncio.StreamWriter) -> None:
        for piece in answer.pieces():
            await asyncio.sleep(answer.pause)
            writer.write(piece)
            await writer.drain()
            self.sent += len(piece)

    async def _answer(self, seen: Seen) -> Answer:
        if seen.path == "/v1/models":
            listed = [{"id": name, "object": "model", "owned_by": self._owner} for name in self._models]
            return Answer(body={"object": "list", "data": listed})
        if seen.path != "/v1/chat/completions":
            return Answer(404, b"<html>no such page</html>", type="text/html")
        request = _request(seen.body)
        try:
            if seen.body.get("stream"):
                return await self._stream(request, **seen.body.get("stream_options", {}))
            made = await self._engine.generate(request)
        except ContextOverflow:
            return error(400, "request (999 tokens) exceeds the available context size (64 tokens), try increasing it",
                         code=400, type="exceed_context_size_error", n_prompt_tokens=999, n_ctx=64)  # fmt: skip
        repeated = request.prefill if self._owner == "llamacpp" else ""
        used, text = made.usage, repeated + made.text
        details = {"cached_tokens": used.cached}
        return Answer(body=completion(text, made.finish_reason, used.prompt, used.completion, details))

    async def _stream(self, request: Request, include_usage: bool = False) -> Answer:
        sent: list[Any] = [chunk(role="assistant", content=None)]
        async for item in self._engine.stream(request):
            if isinstance(item, Generation):
                sent += [chunk(item.finish_reason), *([usage(item.usage)] if include_usage else ())]
            else:
                sent.append(chunk(content=item))
        return events(*sent)


def _request(body: Any) -> Request:
    messages = tuple(Message(said["role"], (Part("question", said["content"]),)) for said in body["messages"])
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    stop = tuple(body.get("stop", ()))
    return Request(messages, body["max_tokens"], body["temperature"], body["seed"], schema, stop)


def chunk(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    """One event of a streamed chat completion."""
    choice = {"index": 0, "finish_reason": reason, "delta": delta}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": [choice]}


def usage(used: Usage) -> dict[str, Any]:
    """The last event of a streamed chat completion, which tells the usage and has no choice."""
    details = {"cached_tokens": used.cached}
    return chunk() | {"choices": [], "usage": completion("", "stop", used.prompt, used.completion, details)["usage"]}


def events(*sent: Any, done: bool = True, then: Literal["end", "hang", "drop"] = "end") -> Answer:
    """A stream of events, each sent as JSON."""
    lines = [json.dumps(event) for event in sent] + ["[DONE]"] * done
    body = "".join(f"data: {line}\n\n" for line in lines).encode()
    return Answer(body=body, type="text/event-stream", then=then)


def completion(
    text: str | None, reason: str | None = "stop", prompt: int = 9, made: int = 3, details: Any = None
) -> dict[str, Any]:
    """The body of a chat completion."""
    counts = {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made}
    if details is not None:
        counts["prompt_tokens_details"] = details
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "tiny", "choices": [choice], "usage": counts}
