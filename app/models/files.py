"""Files that may be hostile or half written: opened only when they are plain files, replaced whole, measured."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path, flags: int = os.O_RDONLY) -> BinaryIO:
    """Open a file for reading without ever waiting for a writer, as a pipe would.

    Raises:
        OSError: It cannot be opened, or is a folder, a pipe or a device.
        ValueError: No file can have such a path.
    """
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "It is a pipe or a device")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def replace_file(target: Path, content: bytes) -> None:
    """Put the content at ``target`` in one move; only its owner may read or write it. Raises ``OSError``."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def file_sizes(folder: Path) -> Iterator[int]:
    """The bytes of every file under a folder, which may be absent or in use by a running download."""
    for here, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a temporary file that its writer has moved on
                yield (Path(here) / name).stat().st_size
