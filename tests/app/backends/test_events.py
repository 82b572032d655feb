"""EventReader: events come out the same however their bytes are cut, in time linear in what arrives."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.events import EventReader
from app.backends.wire import Malformed
from tests.prompts.checks.work import count_calls

lines = st.binary(max_size=6) | st.sampled_from([b"data: {}", b"data:x\r", b"data", b": c", b"", b"\r", b"event: e"])


def read(*pieces: bytes, longest: int = 1000) -> list[bytes]:
    reader = EventReader(longest)
    return [*(data for piece in pieces for data in reader.feed(piece)), *reader.rest()]


@pytest.mark.parametrize(
    ("sent", "events"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data:a\ndata:  b\n\n", [b"a\n b"]),
        (b": wait\nevent: x\nid: 3\ndata: a\nretry: 5\n\n", [b"a"]),
        (b"data: a", [b"a"]),
        (b"data: a\n", [b"a"]),
        (b"\n\n\n", []),
        (b"", []),
    ],
)
def test_events(sent: bytes, events: list[bytes]) -> None:
    assert read(sent) == events


@given(st.lists(lines, max_size=10).map(b"\n".join), st.data())
def test_where_the_bytes_are_cut_makes_no_difference(sent: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(0, len(sent))))
    pieces = [sent[start:end] for start, end in pairwise([0, *sorted(cuts), len(sent)])]
    assert read(*pieces) == read(sent)


@pytest.mark.parametrize("line", [b"data: " + b"x" * 99, b"data: x\n" * 20, b": " + b"x" * 99, b"x" * 101])
def test_what_is_too_long_is_refused_whether_it_ends_or_not(line: bytes) -> None:
    with pytest.raises(Malformed, match="an event of its answer has more than 100 bytes"):
        read(line, longest=100)
    with pytest.raises(Malformed):
        read(*(bytes([byte]) for byte in line), longest=100)


def test_the_work_grows_with_the_bytes_and_no_faster() -> None:
    def work(size: int) -> int:
        return count_calls(lambda: read(*[b"x"] * size, longest=10**6))

    assert work(2000) < 2.5 * work(1000)
