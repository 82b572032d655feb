"""The log file: what went wrong inside the program, for whoever mends it, with every secret masked.

    set_up_log()
    logging.getLogger(__name__).error("it broke", exc_info=True)
    print(log_path())    # ~/.local/state/isump/log/isump.log, or what ISUMP_LOG says

Only this user can read it. It is made when the first line is written, and a place that cannot be written is no error.
"""

from __future__ import annotations

import logging
import os
import stat
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from app.masking import MASK, SHORTEST_SECRET, mask

_MOST_BYTES = 1_000_000
_KEPT = 2
"""Older files beside the newest one."""
_SECRETS = ("OPENAI_API_KEY", "ISUMP_API_KEY", "ISUMP_AUTH")
_SHORTEST = 4
"""Characters of a secret that is masked; in a log one word too many may be masked, but not every letter."""

_hidden: set[str] = set()


def log_path() -> Path:
    """Where the log file is, or would be made."""
    if given := os.environ.get("ISUMP_LOG"):
        return Path(os.path.expanduser(given))  # noqa: PTH111  # unlike Path's, it leaves the ~ of an unknown user
    from platformdirs import user_log_path

    return user_log_path("isump") / "isump.log"


def set_up_log() -> logging.Handler:
    """Send warnings and errors of every logger to the log file instead of the screen; returns what writes them.

    A second call adds nothing. To undo it, remove the handler from the root logger.
    """
    root = logging.getLogger()
    if handler := next((each for each in root.handlers if isinstance(each, _LogFile | _NoLog)), None):
        return handler
    try:
        path = log_path()
        if path.parts[0].startswith("~"):
            raise FileNotFoundError(f"nobody has the home {path.parts[0]}")
        handler = _LogFile(path, maxBytes=_MOST_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True)
    except (OSError, ValueError):  # no home, no working directory, or no path at all
        handler = _NoLog()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_Masking("{asctime} {process} {levelname} {name}: {message}", style="{"))
    root.addHandler(handler)
    return handler


def hide(secret: str) -> None:
    """Mask ``secret`` too, which was not given in the environment."""
    _hidden.add(secret)


class _Masking(logging.Formatter):
    """Masks the secrets of the environment and those that were hidden, wherever they stand, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret in sorted(_secrets(), key=len, reverse=True):
            text = mask(text, secret) if len(secret) >= SHORTEST_SECRET else text.replace(secret, MASK)
        return text


def _secrets() -> set[str]:
    values = {os.environ.get(name, "") for name in _SECRETS} | _hidden
    passwords = {value.partition(":")[2] for value in values}
    return {secret for secret in values | passwords if len(secret) >= _SHORTEST}


class _LogFile(RotatingFileHandler):
    """A rotating file for its owner alone; what cannot be written is left out."""

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Without waiting, because a FIFO would wait for its reader.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{path} is no regular file")
        return os.fdopen(descriptor, "a", encoding=self.encoding, errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: a log that cannot be written must not hide what was to be logged."""


class _NoLog(logging.NullHandler):
    """Stands for a log file that has no place."""
