"""Connects to a SQLite file: makes it for its owner alone, or opens it without ever writing it.

connection = connect(Path("isump.sqlite"))
connection = connect(Path("/media/cdrom/isump.sqlite"), read_only=True)
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from pathlib import Path
from urllib.parse import quote

from app.errors import StoreError

PATIENCE = 30.0
"""Seconds to wait for another process's lock."""
UNREADABLE = (sqlite3.Error, UnicodeError)
"""What is raised when a file is damaged: by SQLite, and by sqlite3 when the message itself holds what is garbled."""
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "a device"),
)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection that commits what is not in a transaction at once, and that any thread may use.

    A file that is not there yet is made, readable and writable for its owner alone; SQLite gives the files beside it
    (``-wal``, ``-shm``) the same mode.

    Raises:
        StoreError: The path cannot hold a store, or there is none to read.
        sqlite3.Error: SQLite cannot open it.
    """
    there = check_path(path)
    if read_only:
        if not there:
            raise StoreError(f"There is no trace store at {path}: solve a question first, or pass --store PATH.")
        return _connect_to_read(path)
    if not there:
        _create(path)
    return _connect(path, "mode=rw")


def check_path(path: Path) -> bool:
    """Whether there is a file at ``path``.

    Raises:
        StoreError: What is there is no file, or no file can be there.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise StoreError(
                f"{path} cannot be used, because there is no folder {path.parent}: make it first."
            ) from None
        return False
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(
            f"{str(path)[:200]} cannot be used as a trace store ({reason}): pass another --store PATH."
        ) from error
    for is_kind, kind in _KINDS:
        if is_kind(mode):
            raise StoreError(f"{path} is {kind} and not a trace store: pass another --store PATH.")
    return True


def can_write(path: Path) -> bool:
    """Whether SQLite can write the file, for which it needs the folder too."""
    return os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK)


def _create(path: Path) -> None:
    """Make an empty file, which SQLite takes for an empty database, unless another process just has.

    An open one must not be opened and closed beside SQLite: that would give up the locks this process holds on it.
    """
    target = path.resolve()  # of a link that leads to nothing yet
    with contextlib.suppress(FileExistsError):
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Read what is in the file and in its log.

    Where the log's index cannot be made, because the folder cannot be written, SQLite must be told that nobody writes
    the file; a log with something in it would then be passed over, so that is refused.
    """
    if can_write(path):
        return _connect(path, "mode=ro")
    try:
        connection = _connect(path, "mode=ro")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return connection
    except UNREADABLE:
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise StoreError(
                f"{path} cannot be read here, because its newest steps are still in {log.name}: "
                "copy both to a folder that you can write."
            ) from None
        return _connect(path, "mode=ro&immutable=1")


def _connect(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{how}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )
