"""The OS locks of a store's writers: a file each, in a folder beside the store, locked while its process lives.

    isump.sqlite
    isump.sqlite.locks/writer-7.lock    # row 7 of the table ``writers`` says whose

A lock file is made, tried and removed only within a write transaction of its store, so that never two processes do it
at once: that is what makes removing one safe. What matters is the lock, which the system takes back from a process
that is gone, and not the file.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import StoreError

if TYPE_CHECKING:
    from filelock import BaseFileLock

_NAME = re.compile(r"writer-(\d{1,18})\.lock")


class LockFolder:
    """The lock files of one store; the folder is made when it is needed and removed when it is empty."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.path = store.with_name(f"{store.name}.locks")

    def take(self, writer: int) -> BaseFileLock | None:
        """The lock of a writer, now held by this process; none when another process, or this one, holds it already.

        Raises:
            StoreError: A lock file cannot be made here.
        """
        from filelock import FileLock, Timeout

        try:
            self.path.mkdir(exist_ok=True)
            mode = stat.S_IMODE(self._store.stat().st_mode) & 0o666 | 0o600  # whoever may write the store may lock it
            lock = FileLock(self._file(writer), mode=mode, thread_local=False)
            lock.acquire(blocking=False)
        except Timeout:
            return None
        except (OSError, NotImplementedError) as error:
            raise StoreError(
                f"{self.path} cannot hold the locks of the trace store ({error}): make it a folder that you can write."
            ) from error
        return lock

    def drop(self, writer: int, lock: BaseFileLock) -> None:
        """Give back a lock that ``take`` gave, and remove its file."""
        with contextlib.suppress(OSError):
            self._file(writer).unlink(missing_ok=True)
        lock.release()
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def has(self, writer: int) -> bool:
        """Whether the lock file of a writer is there, locked or not."""
        return self._file(writer).exists()

    def is_held(self, writer: int) -> bool:
        """Whether somebody holds the lock of a writer now; where that cannot be asked, it is taken to be so."""
        if not self.has(writer):
            return False
        try:
            lock = self.take(writer)
        except StoreError:
            return True
        if lock is not None:
            lock.release()
        return lock is None

    def writers(self) -> set[int]:
        """The writers that have a lock file: those at work, and those that were killed."""
        try:
            names = [file.name for file in self.path.iterdir()]
        except OSError:
            return set()
        return {int(named[1]) for name in names if (named := _NAME.fullmatch(name))}

    def _file(self, writer: int) -> Path:
        return self.path / f"writer-{writer}.lock"


def host() -> str:
    """The name of this machine."""
    return socket.gethostname()


def is_running(pid: int, on: str) -> bool:
    """Whether a process of that number is seen from here; it need not be the one that is meant."""
    if on != host() or os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
