"""The first thing a program of ours does, before the imports that take a second; it imports next to nothing itself.

if __name__ == "__main__":
    from app.starting import starting

    starting()
"""

from __future__ import annotations

import os
import signal
import sys
from types import TracebackType


def starting() -> None:
    """Until ``app.program.run`` takes over, Ctrl-C ends the program without a word and an error is one sentence."""
    open_closed_streams()
    sys.excepthook = unexpected
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def open_closed_streams() -> None:
    """A standard stream that was closed reads and writes nothing, so that no file of ours gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115  # open until the process ends
        elif name != "stdin" and hasattr(stream, "reconfigure") and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")  # what the terminal's encoding lacks is escaped


def unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Takes the place of Python's traceback while the program is being imported."""
    from app.program import FAULT, tell

    if not issubclass(kind, KeyboardInterrupt):
        tell(error.with_traceback(trace))
        os._exit(FAULT)  # nothing has begun yet, and Python's own code would be 1
