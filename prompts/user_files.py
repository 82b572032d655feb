"""Files that a user names: paths as they were typed, and texts that are read whole.

read_text(Path("questions.jsonl"))      # its text; /dev/zero, a pipe and a folder are an OSError
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from prompts.values import UserError

MAX_BYTES = 256 * 2**20
"""Of a text that is read whole."""
_MAX_PATH = 4096
_MAX_NAME = 255
"""Bytes, on every common file system."""


def read_text(path: Path, most_bytes: int = MAX_BYTES) -> str:
    """The text of a regular file in UTF-8, without a byte order mark; never waits for a pipe's writer.

    Raises:
        OSError: It cannot be read, is no regular file, or has more than ``most_bytes``; ``strerror`` says which.
        UnicodeDecodeError: It is not UTF-8.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:
        raise OSError(errno.EINVAL, "no file can have this name") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(most_bytes + 1)
    finally:
        os.close(descriptor)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it has more than {most_bytes // 2**20} MiB")
    return data.decode("utf-8-sig")


def read_given(path: Path) -> str:
    """``read_text``; raises ``UserError`` with one sentence where it cannot."""
    try:
        return read_text(path)
    except OSError as error:
        raise UserError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"The file {path} is not UTF-8 text (byte {error.start}).") from error


def _possible(path: Path) -> Path:
    try:
        data = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise ValueError("it holds what no path can hold") from error
    if b"\0" in data:
        raise ValueError("it holds what no path can hold")
    if len(data) > _MAX_PATH or any(len(os.fsencode(name)) > _MAX_NAME for name in path.parts):
        raise ValueError("it is too long for a path")
    try:
        return path.expanduser()
    except RuntimeError:  # there is no such user, so the ~ is part of a name
        return path


UserPath = Annotated[Path, AfterValidator(_possible)]
"""A path as it was typed or put into the environment; ``~`` is the user's home where there is one."""
