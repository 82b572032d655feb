r"""Reads server-sent events from bytes that arrive in any pieces.

>>> reader = EventReader(longest=100)
>>> list(reader.feed(b": a comment\ndata: {\"a\"")), list(reader.feed(b": 1}\r\n\r\n"))
([], [b'{"a": 1}'])
"""

from __future__ import annotations

from collections.abc import Iterator

from app.backends.wire import Malformed


class EventReader:
    """Keeps what has arrived of the next event: at most ``longest`` bytes, in time linear in what arrives."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, arrived: bytes) -> Iterator[bytes]:
        """The data of every event that is whole by now; raises ``Malformed`` when one is too long."""
        first, *others = arrived.split(b"\n")
        self._line += first
        for other in others:
            yield from self._end_line()
            self._line += other
        self._check(len(self._line))

    def rest(self) -> Iterator[bytes]:
        """The data of a last event that no empty line ends."""
        yield from self._end_line()
        yield from self._end_line()

    def _end_line(self) -> Iterator[bytes]:
        line = bytes(self._line).removesuffix(b"\r")
        self._line.clear()
        if not line:
            if self._data:
                yield b"\n".join(self._data)
            self._data, self._size = [], 0
        elif line.startswith(b"data:"):
            self._check(len(line))
            self._data.append(line[5:].removeprefix(b" "))
            self._size += len(line)

    def _check(self, more: int) -> None:
        if self._size + more > self._longest:
            raise Malformed(f"an event of its answer has more than {self._longest:,} bytes")
