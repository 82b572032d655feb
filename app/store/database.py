"""A SQLite file of ours: opened, checked, brought up to date, written in transactions; each text is kept once.

All SQL of the project is in ``app.migrations`` and in the four layers database, traces (reads), search, store (writes).
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from app.errors import StoreError
from app.store.schema import APPLICATION_ID, MIGRATIONS

_PATIENCE = 30.0  # seconds to wait for another process's lock
_CACHED_IDS = 20_000  # text ids remembered between writes; about 3 MB


class Database:
    """An open file. Any number of processes may write one file; in a process, one Database serves all threads."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        """Wrap an open connection whose schema is current; use ``Store.open``."""
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()
        self._ids: dict[bytes, int] = {}

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open or create the store at ``path`` (":memory:" for none on disk) and bring its schema up to date.

        Raises:
            StoreError: the file is damaged, is not ours, is newer than this program, or cannot be written.
        """
        connection = None
        try:
            connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            _migrate(connection, path)
        except (sqlite3.Error, StoreError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"{path} cannot be used as a trace store ({error}): pass another --store PATH.") from error
        return cls(connection, str(path))

    @classmethod
    def existing(cls, path: Path | str) -> Self:
        """Open the store at ``path`` to read it; raises ``StoreError`` when there is none, instead of making one."""
        if not Path(path).is_file():
            raise StoreError(f"There is no trace store at {path}: solve a question first, or pass --store PATH.")
        return cls.open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; everything written is already in it."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                self._ids.clear()
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError | sqlite3.DatabaseError) and not isinstance(
                    error, sqlite3.IntegrityError
                ):
                    raise StoreError(
                        f"{self.path} could not be written ({error}): nothing already in it is lost."
                    ) from error
                raise

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise StoreError(f"{self.path} could not be read ({error}): pass another --store PATH.") from error

    def _text(self, text: str) -> int:
        data = text.encode("utf-8", "surrogatepass")
        return self._once("texts", digest(data), ("text",), (text,))

    def _once(self, table: str, digest: bytes, columns: tuple[str, ...], values: tuple[object, ...]) -> int:
        if (known := self._ids.get(digest)) is not None:
            return known
        row = self._connection.execute(f"SELECT id FROM {table} WHERE sha256 = ?", (digest,)).fetchone()
        if row is None:
            marks = ",".join("?" * (len(columns) + 1))
            sql = f"INSERT INTO {table} (sha256, {', '.join(columns)}) VALUES ({marks})"
            found = row_id(self._connection.execute(sql, (digest, *values)))
        else:
            found = int(row["id"])
        if len(self._ids) >= _CACHED_IDS:
            self._ids.clear()
        self._ids[digest] = found
        return found


def _migrate(connection: sqlite3.Connection, path: Path | str) -> None:
    ours = connection.execute("PRAGMA application_id").fetchone()[0]
    level = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and ours != APPLICATION_ID:
        raise StoreError(f"{path} is a SQLite file of another program: pass another --store PATH.")
    if level > len(MIGRATIONS):
        raise StoreError(f"{path} was written by a newer isump: upgrade this one, or pass another --store PATH.")
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = normal")
    connection.execute("PRAGMA foreign_keys = on")
    if level == len(MIGRATIONS):
        return
    from sqlite_utils import Database

    connection.execute("BEGIN IMMEDIATE")
    try:  # another process may have migrated while this one waited for the lock
        level = connection.execute("PRAGMA user_version").fetchone()[0]
        db = Database(connection, execute_plugins=False)
        for number, migration in enumerate(MIGRATIONS[level:], level + 1):
            migration(db)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite does not wait for its lock here, whatever the timeout, so we do."""
    until = time.monotonic() + _PATIENCE
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def row_id(cursor: sqlite3.Cursor) -> int:
    """The row id of the row that an INSERT just made."""
    assert cursor.lastrowid is not None, "an INSERT has a row id"
    return cursor.lastrowid


def digest(data: bytes) -> bytes:
    """The name of a text or tensor in the store: the first half of its SHA-256, which is 16 bytes."""
    return hashlib.sha256(data).digest()[:16]
