"""How much work a function does, without looking at a clock, so that a busy machine changes nothing."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

HANG = 60.0
"""Seconds of this process's own computing after which work that needs about one is given up."""
LONG = 250_000
"""Characters of a text that work in proportion to its length reads in about a second, and to its square not in 60."""


def count_calls(work: Callable[[], object]) -> int:
    """The calls of functions, ours and the interpreter's own, that ``work`` makes."""
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


@contextmanager
def fails_when_it_hangs() -> Iterator[None]:
    """Fail after ``HANG`` seconds of computing; what other programs do meanwhile does not count."""

    def stop(*_: object) -> None:
        raise AssertionError(f"it has computed for {HANG:.0f} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
