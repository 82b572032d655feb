"""A real `isump ui` in a process of its own, with its users, its log file and its memory in view."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from app.ui.gate.users import hash_password, write

HANGS = 60.0
"""Seconds after which something hangs, however busy the machine is."""
HOST = b"Host: 127.0.0.1\r\n"
ENDED = b"Connection: close\r\n\r\n"


def password_of(user: str) -> str:
    """Long enough for the users file, and another's for nobody."""
    return f"the password of {user}"


@dataclass(frozen=True, slots=True)
class Server:
    """A page that is served at ``url``, and where its process leaves what went wrong."""

    url: str
    folder: Path
    process: psutil.Process

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def store(self) -> Path:
        """The trace store of all, or what those of the users are named after."""
        return self.folder / "t.sqlite"

    def said(self) -> str:
        """What is in the log file, and what was printed."""
        return "".join(path.read_text() for name in ("log", "printed") if (path := self.folder / name).exists())

    def rss(self) -> int:
        """Bytes of memory of the whole tree of processes."""
        found = 0
        for process in (self.process, *self.process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                found += process.memory_info().rss
        return found

    def check(self, since: int = 0) -> None:
        """It is alive and well, and has ``said`` of nothing, after so many characters, that it went wrong."""
        answer = answered(self, [b"GET /health HTTP/1.1\r\n" + HOST + ENDED])
        assert b'"status":"ok"' in answer, answer
        new = self.said()[since:]
        assert "Traceback" not in new, new[-5000:]


def write_users(path: Path, users: Sequence[str]) -> Path:
    """A users file in which everybody has the password of ``password_of``."""
    write(path, {user: hash_password(password_of(user)) for user in users})
    return path


def write_replies(path: Path, texts: Sequence[str], seconds: float, count: int) -> Path:
    """A file of ``count`` replies, the ``texts`` over and over, each of which takes ``seconds``."""
    lines = [json.dumps({"text": text, "seconds": seconds}) + "\n" for text in texts]
    path.write_text("".join(lines[n % len(lines)] for n in range(count)))
    return path


@contextmanager
def served(
    folder: Path, replies: Path, *words: str, users: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """`isump ui` with the scripted backend on a free port; with ``users``, each has a trace store of their own."""
    more = ("--users", str(write_users(folder / "users.txt", users))) if users else ()
    common = ("--port", "0", "--backend", "scripted", "--replies", str(replies), "--store", str(folder / "t.sqlite"))
    command = (sys.executable, "-m", "app", "ui", *common, *more, *words)
    given = {name: value for name, value in os.environ.items() if not name.startswith("ISUMP_")}
    given |= {"ISUMP_LOG": str(folder / "log"), **(environment or {})}
    with (folder / "printed").open("w") as printed:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=printed, text=True, env=given)
    with process:
        try:
            assert process.stdout
            found = re.search(r"http://\S+?(?=/?\s)", process.stdout.readline())
            assert found, (folder / "printed").read_text()
            yield Server(found[0], folder, psutil.Process(process.pid))
        finally:
            process.terminate()
            try:
                process.wait(HANGS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def asking(server: Server, cookies: httpx.Cookies | None = None, **options: Any) -> httpx.Client:
    """A client of the server, logged in with these cookies."""
    return httpx.Client(base_url=server.url, cookies=cookies, trust_env=False, verify=False, timeout=HANGS, **options)


def cookie_line(cookies: httpx.Cookies) -> bytes:
    """The header of a request that was written by hand."""
    return "Cookie: {}\r\n".format("; ".join(f"{name}={value}" for name, value in cookies.items())).encode()


def answered(server: Server, parts: Iterable[bytes], *, ends: bool = False) -> bytes:
    """What the server says to these bytes until it closes the connection; with ``ends`` nothing comes after them."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=HANGS) as raw:
        with suppress(ConnectionError):
            for part in parts:
                raw.sendall(part)
            if ends:
                raw.shutdown(socket.SHUT_WR)
        found = list[bytes]()
        with suppress(ConnectionError):
            while part := raw.recv(65536):
                found.append(part)
        return b"".join(found)


def status(answer: bytes) -> int:
    """The status of the first response; 0 where the connection was closed without one."""
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(found[1]) if found else 0
