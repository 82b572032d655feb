"""Slow, silent and many clients before a real server with short limits."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.ui.access import listen
from app.ui.gate import connections
from app.ui.gate.bodies import Budget, receive_body
from app.ui.gate.connections import limited
from app.ui.gate.refusal import Refusal

SECONDS = 0.5
Connect = Callable[[], socket.socket]


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how long the body is; ``/much`` answers without an end."""
    if Request(scope).url.path == "/much":
        response = StreamingResponse(_endless())
    else:
        try:
            with Budget(10_000).share() as share:
                body = await receive_body(scope, receive, share, most=1000, seconds=SECONDS)
            response = PlainTextResponse(str(len(body)))
        except Refusal as refusal:
            response = refusal.response()
    await response(scope, receive, send)


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 100_000
        await asyncio.sleep(0)  # what is sent to nobody does not wait, and the loop has to see that nobody is there


@contextmanager
def served(most: int) -> Iterator[Connect]:
    kind = limited(most, SECONDS)
    with listen("127.0.0.1", 0) as listener, contextlib.ExitStack() as opened:
        config = uvicorn.Config(
            answer,
            http=kind,
            ws="none",
            lifespan="off",
            log_level="critical",
            limit_concurrency=most,
            h11_max_incomplete_event_size=4096,
            timeout_keep_alive=2,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = listener.getsockname()

        def connect() -> socket.socket:
            client = opened.enter_context(socket.create_connection(address[:2], timeout=20))
            return client

        try:
            yield connect
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "the server ends"


@pytest.fixture
def connect() -> Iterator[Connect]:
    with served(50) as connect:
        yield connect


def everything(client: socket.socket) -> bytes:
    """What the server says until it closes the connection; an end by force is an end, too."""
    parts = list[bytes]()
    with contextlib.suppress(ConnectionError):
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_a_client_that_says_nothing_is_let_go(connect: Connect) -> None:
    assert everything(connect()) == b""


def test_headers_that_come_a_byte_at_a_time_do_not_prolong_it(connect: Connect) -> None:
    client, ended = connect(), False
    until = time.monotonic() + 20
    while not ended and time.monotonic() < until:
        try:
            client.sendall(b"G")
        except ConnectionError:
            ended = True
        time.sleep(0.05)
    assert ended


def test_the_headers_of_a_second_request_have_no_more_time(connect: Connect) -> None:
    client = connect()
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo")
    said = everything(client)
    assert said.startswith(b"HTTP/1.1 200") and said.count(b"HTTP/1.1") == 1


def test_an_idle_connection_stays_for_the_next_request(connect: Connect) -> None:
    client = connect()
    for _ in range(3):
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        said = b""
        while not said.endswith(b"\r\n\r\n0"):
            said += client.recv(65536)
        assert said.startswith(b"HTTP/1.1 200")
        time.sleep(SECONDS * 1.5)


def test_a_body_that_takes_too_long_is_answered_and_the_connection_closed(connect: Connect) -> None:
    client = connect()
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n123")
    said = everything(client)
    assert said.startswith(b"HTTP/1.1 408") and b"longer than 0.5 seconds" in said


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (b"Content-Length: 3", b"abc", b"200"),
        (b"Transfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n", b"200"),
        (b"Content-Length: 1001", b"", b"413"),
        (b"Content-Length: 999999999999999999", b"", b"413"),
        (b"Content-Length: 9999999999999999999999", b"", b"400"),
        (b"Content-Length: -1", b"", b"400"),
        (b"Content-Length: 1e3", b"", b"400"),
        (b"Transfer-Encoding: chunked", b"3e9\r\n" + b"x" * 1001, b"413"),
        (b"Transfer-Encoding: chunked", b"zz\r\nabc\r\n", b"400"),
        (b"Transfer-Encoding: gzip, chunked", b"", b"501"),
        (b"Content-Length: 3\r\nContent-Length: 4", b"abc", b"400"),
        (b"X: a\0b", b"", b"400"),
    ],
    ids=lambda value: repr(value[:28]),
)
def test_a_body_is_judged_before_it_is_kept(headers: bytes, body: bytes, status: bytes, connect: Connect) -> None:
    client = connect()
    with contextlib.suppress(ConnectionError):
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n\r\n" + body)
    said = everything(client)
    assert said.startswith(b"HTTP/1.1 " + status) or (status == b"501" and said.startswith(b"HTTP/1.1 4")), said[:80]


def test_headers_without_an_end_are_refused(connect: Connect) -> None:
    client = connect()
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 5000)
    assert everything(client).startswith(b"HTTP/1.1 400")


def test_more_connections_than_allowed_are_told_so_and_then_not_taken() -> None:
    with served(5) as connect:
        before = connections.SPARE_CONNECTIONS
        clients = [connect() for _ in range(before + 40)]
        late = clients[-1]
        with contextlib.suppress(ConnectionError):
            late.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert everything(late) == b"", "not even an answer"
        for client in clients[:-1]:
            client.close()
        until, said = time.monotonic() + 20, b""
        while not said.startswith(b"HTTP/1.1 200") and time.monotonic() < until:
            client = connect()
            with contextlib.suppress(ConnectionError):
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            said = everything(client)
        assert said.startswith(b"HTTP/1.1 200"), "and when they are gone, others come"


def test_a_client_that_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "READ_SECONDS", SECONDS)
    with served(50) as connect:
        client = connect()
        client.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(SECONDS * 3)
        said = everything(client)  # ends, because the server has cut it off
        assert said.startswith(b"HTTP/1.1 200")
