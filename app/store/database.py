"""Database: one open SQLite file, held by sqlite-utils, read by any thread and written in transactions."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar
from urllib.parse import quote

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from app.errors import StoreBusy, StoreError
from app.store.schema import bring_up_to_date, check_version, pragma
from prompts.memories import Memory

if TYPE_CHECKING:
    import sqlite_utils

Row = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")

MEMORY = ":memory:"
"""Path of a store that is on no disk."""
BUSY_TIMEOUT = 30.0
"""Seconds to wait for another process's lock."""
READ_ERRORS = (sqlite3.Error, UnicodeError)
"""Raised when a file is damaged: by SQLite, and by sqlite3 when the message itself holds what is garbled."""


class Database:
    """An open file. Any number of processes may write one file; in a process, one Database serves all threads.

    Attributes:
        path: As it was given, for messages.
        file: Where it is on disk, links followed; none for a store in memory.
        read_only: Whether writing is refused.
    """

    def __init__(self, db: sqlite_utils.Database, path: str, file: Path | None, read_only: bool) -> None:
        """Wrap an open database whose schema is current; use ``Store.open``."""
        self.path, self.file, self.read_only = path, file, read_only
        self._db = db
        self._lock = threading.RLock()
        self._inode = _inode(file)

    @classmethod
    def open(cls, path: Path | str, *, read_only: bool = False) -> Self:
        """Open or create the store at ``path`` (":memory:" for none on disk).

        A new file is readable and writable for its owner alone; SQLite gives the files beside it the same mode.

        Args:
            path: Where it is.
            read_only: Never write.

        Raises:
            StoreError: The file is damaged, is not ours, is of another version, or cannot be written; or it is to be
                read only and absent.
        """
        import sqlite_utils  # takes 0.45 s where pandas is installed, which it imports

        connection, file = None, None
        try:
            if str(path) == MEMORY:
                connection = sqlite3.connect(MEMORY, BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
            else:
                file = Path(path).resolve()
                connection = connect_read_only(file) if read_only else _connect_or_create(file)
            db = sqlite_utils.Database(connection, execute_plugins=False)
            check_version(db, str(path))
            if not read_only:
                _use_wal(db)
                bring_up_to_date(db, str(path))
            db.execute("PRAGMA synchronous = normal")
            db.execute("PRAGMA foreign_keys = on")
            return cls(db, str(path), file, read_only)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error | OSError | ValueError | RuntimeError):  # the last: a link to itself
                raise StoreError(
                    f"{str(path)[:200]} cannot be used as a trace store ({error}): "
                    "restore a backup with isump store restore FILE, or pass another --store PATH."
                ) from error
            raise

    @classmethod
    def existing(cls, path: Path | str) -> Self:
        """Open the store at ``path`` to look at it, which never makes one; read-only where it cannot be written.

        Raises:
            StoreError: There is none, or it cannot be opened.
        """
        file = existing_file(path)
        return cls.open(path, read_only=not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; everything written is already in it."""
        with self._lock:
            self._db.close()

    def vacuum(self) -> None:
        """Give the space of removed rows back to the file system, unless others are reading: it is used again then."""
        with self._lock, contextlib.suppress(sqlite3.OperationalError):
            self._db.execute("VACUUM")

    def rows(self, sql: str, *values: object) -> list[Row]:
        """The rows that a SELECT finds; raises ``StoreError`` when the file cannot be read."""
        with self._lock:
            try:
                return list(self._db.query(sql, values))
            except (*READ_ERRORS, OverflowError) as error:
                raise StoreError(
                    f"{self.path} could not be read ({error}): see isump store check, or pass another --store PATH."
                ) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite_utils.Database]:
        """Hold the lock of the file; commit at the end, or roll back and say why nothing was written.

        A commit survives the end of this process, whatever ends it. A transaction within another is a part of it.

        Raises:
            StoreBusy: Another process holds the lock, and this is called in an event loop: see ``retry_while_busy``.
            StoreError: The file cannot be written, or it is no longer the one that was opened.
        """
        if self.read_only:
            raise StoreError(f"{self.path} is open to be read only, and this would write it.")
        with self._lock:
            try:
                if self._db.conn.in_transaction:
                    yield self._db
                    return
                self._begin()
                try:
                    if self.file is not None and _inode(self.file) != self._inode:
                        raise StoreError(f"{self.path} was moved or replaced while it was open: start again.")
                    yield self._db
                    self._db.execute("COMMIT")
                except BaseException:
                    self._db.rollback()
                    raise
            except (*READ_ERRORS, OverflowError) as error:
                raise StoreError(f"{self.path} could not be written ({error}): nothing in it is lost.") from error

    def _begin(self) -> None:
        in_event_loop = asyncio._get_running_loop() is not None  # the public one raises, ten times slower
        self._db.execute(f"PRAGMA busy_timeout = {0 if in_event_loop else int(1000 * BUSY_TIMEOUT)}")
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if in_event_loop and "locked" in str(error):
                raise StoreBusy(f"{self.path} is being written by another process: try again.") from None
            raise


async def retry_while_busy(write: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """``write(*args)``, a method of a store, as soon as no other process holds its lock; raises ``StoreBusy``."""
    until = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            return write(*args, **kwargs)
        except StoreBusy:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(0.01)


def insert(db: sqlite_utils.Database, table: str, **row: object) -> int:
    """Insert one row where time counts, and return its row id (meaningless for a table without one).

    ``Table.insert`` looks up the schema and opens a savepoint each time: a typical step, seven rows, took 0.59 ms with
    it, takes 0.23 ms like this, and took 0.22 ms with sqlite3 alone (medians of 3,840 steps, 2 cores).
    """
    cursor = db.execute(_insertion(table, tuple(row)), tuple(row.values()))
    assert cursor.lastrowid is not None, "an INSERT has a row id"
    return cursor.lastrowid


def text_id(db: sqlite_utils.Database, text: str) -> int:
    """Row id of a text, stored when it is new."""
    return _once(db, "texts", digest(_bytes(text)), {"text": text})


def memory_id(db: sqlite_utils.Database, memory: Memory) -> int:
    """Row id of a memory, stored when it is new."""
    encoded = memory.encode()
    name = digest(encoded.kind.encode(), _bytes(encoded.text), encoded.data)
    row = {"kind": encoded.kind, "text": text_id(db, encoded.text), "data": encoded.data or None}
    return _once(db, "memories", name, row)


def digest(*parts: bytes) -> bytes:
    """Name of a text or memory: the first half, 16 bytes, of the SHA-256 of its parts with zeros between."""
    return hashlib.sha256(b"\0".join(parts)).digest()[:16]


def existing_file(path: Path | str) -> Path:
    """The file at ``path``; raises ``StoreError`` when there is none."""
    try:
        if Path(path).is_file():
            return Path(path).resolve()
        is_there = os.path.lexists(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"{str(path)[:200]} cannot be used ({reason}): pass another --store PATH.") from error
    if is_there:
        raise StoreError(f"{path} is no file and so no trace store: pass another --store PATH.")
    raise StoreError(f"There is no trace store at {path}: solve a question first, or pass --store PATH.")


def connect_read_only(file: Path) -> sqlite3.Connection:
    """A connection that reads the file and its log; raises ``StoreError`` when there is no file."""
    return _connect(existing_file(file), "mode=ro")


def _connect_or_create(file: Path) -> sqlite3.Connection:
    if not file.parent.is_dir():
        raise StoreError(
            f"{file} cannot be used, because there is no folder {file.parent}: make it, or pass another --store."
        )
    if not file.exists():
        with contextlib.suppress(FileExistsError):  # an empty file is an empty database to SQLite
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return _connect(existing_file(file), "mode=rw")


def _connect(file: Path, how: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(file))}?{how}"
    return sqlite3.connect(uri, BUSY_TIMEOUT, uri=True, isolation_level=None, check_same_thread=False)


@retry(
    retry=retry_if_exception_type(sqlite3.OperationalError),
    stop=stop_after_delay(BUSY_TIMEOUT),
    wait=wait_fixed(0.02),
    reraise=True,
)
def _use_wal(db: sqlite_utils.Database) -> None:
    """Switch to write-ahead logging; SQLite does not wait for its lock here, whatever the timeout."""
    if pragma(db, "journal_mode") not in ("wal", "memory"):
        db.execute("PRAGMA journal_mode = wal")


def _once(db: sqlite_utils.Database, table: str, name: bytes, row: Row) -> int:
    stored = db.execute(f"SELECT id FROM {table} WHERE sha256 = ?", (name,)).fetchone()
    return stored[0] if stored else insert(db, table, sha256=name, **row)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


def _inode(file: Path | None) -> tuple[int, int] | None:
    try:
        found = os.stat(file) if file is not None else None  # noqa: PTH116  # half the time of Path.stat
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None
