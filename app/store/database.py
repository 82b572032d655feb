"""A SQLite file of ours, held by sqlite-utils: opened, checked, brought up to date, read, and written in transactions.

All SQL of the project is in this package: the schema in ``schema``, questions to it in ``reader`` and ``search``, and
what is written in ``writer`` and ``texts``.
"""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from app.errors import StoreError
from app.store.columns import check_values
from app.store.connect import PATIENCE, UNREADABLE, can_write, check_path, connect
from app.store.migrate import check_version, migrate, newer
from app.store.schema import MIGRATIONS

if TYPE_CHECKING:
    import sqlite_utils

Row = dict[str, Any]

MEMORY = ":memory:"
"""The path of a store that is on no disk."""

ON_DISK_EVERY = 1.0
"""Seconds between commits that wait for the disk."""


class Database:
    """An open file. Any number of processes may write one file; in a process, one Database serves all threads.

    Attributes:
        path: As it was given, for messages.
        file: Where it is on disk, links followed; none for a store in memory.
        read_only: Whether writing is refused.
    """

    def __init__(self, db: sqlite_utils.Database, path: str, file: Path | None, read_only: bool) -> None:
        """Wrap an open database whose schema is current; use ``Store.open``."""
        self.path = path
        self.file = file
        self.read_only = read_only
        self._db = db
        self._lock = threading.RLock()
        self._inode = _inode(file)
        self._schema = -1
        self._writing = False
        self._on_disk_every = ON_DISK_EVERY
        self._on_disk = -math.inf

    @classmethod
    def open(cls, path: Path | str, *, read_only: bool = False, on_disk_every: float = ON_DISK_EVERY) -> Self:
        """Open or create the store at ``path`` (":memory:" for none on disk) and bring its schema up to date.

        Before a store that holds something is brought up to date, it is backed up beside itself.

        Args:
            path: Where it is.
            read_only: Never write: neither the store, nor its schema, nor attempts whose process is gone. It can then
                be on media, or in a folder, that cannot be written.
            on_disk_every: Seconds; a durable commit waits for the disk when the last one that did is longer ago. With 0
                every one of them waits, with infinity none.

        Raises:
            StoreError: The file is damaged, is not ours, is newer than this program, or cannot be written; or it is to
                be read only and absent, or older than this program.
        """
        import sqlite_utils  # 0.45 s where pandas is installed, which it imports; commands without a store do not wait

        connection = None
        try:
            if str(path) == MEMORY:
                file = None
                connection = sqlite3.connect(MEMORY, PATIENCE, isolation_level=None, check_same_thread=False)
            else:
                connection = connect(Path(path), read_only=read_only)
                file = Path(path).resolve()
            db = sqlite_utils.Database(connection, execute_plugins=False)
            if read_only:
                _check_current(db, str(path))
            else:
                migrate(db, str(path), file)
            db.execute("PRAGMA synchronous = normal")
            opened = cls(db, str(path), file, read_only)
            opened._on_disk_every = on_disk_every
            return opened
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error | OSError | LookupError | TypeError | ValueError):
                raise StoreError(
                    f"{path} cannot be used as a trace store ({error}): "
                    "see isump store check, or pass another --store PATH."
                ) from error
            raise

    @classmethod
    def existing(cls, path: Path | str) -> Self:
        """Open the store at ``path`` to look at it, which never makes one; read-only where it cannot be written.

        Raises:
            StoreError: There is none, or it cannot be opened.
        """
        path = Path(path)
        if not check_path(path):
            raise StoreError(f"There is no trace store at {path}: solve a question first, or pass --store PATH.")
        return cls.open(path, read_only=not can_write(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; everything written is already in it."""
        with self._lock:
            self._db.close()

    def _rows(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            try:
                rows = list(self._db.query(sql, values))
                check_values(rows)
                return rows
            except (*UNREADABLE, OverflowError, ValueError) as error:
                self._check_version()
                raise StoreError(
                    f"{self.path} could not be read ({error}): see isump store check, or pass another --store PATH."
                ) from error

    @contextlib.contextmanager
    def _transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Hold the lock of the file; commit at the end, or roll back and say why nothing was written.

        A commit survives the end of this process. One that is ``durable`` also waits until the disk has it and all
        before it, so that they survive a loss of power. That takes a multiple of the time, which
        ``evals.bench_steps`` measures, and therefore it is done at most every ``on_disk_every`` seconds.

        Raises:
            StoreError: The file cannot be written, or it is no longer the one that was opened, or no longer of this
                program's version.
        """
        if self.read_only:
            raise StoreError(f"{self.path} is open to be read only, and this would write it.")
        with self._lock:
            if self._writing:
                yield  # a part of the one that this thread is in
                return
            wait = durable and time.monotonic() - self._on_disk > self._on_disk_every
            try:
                if wait:
                    self._db.execute("PRAGMA synchronous = full")
                self._db.execute("BEGIN IMMEDIATE")
                self._writing = True
                self._check_unchanged()
                yield
                self._db.execute("COMMIT")
                self._on_disk = time.monotonic() if wait else self._on_disk
            except BaseException as error:
                self._forget()
                self._db.rollback()
                if isinstance(error, (*UNREADABLE, OverflowError)):
                    raise StoreError(
                        f"{self.path} could not be written ({error}): nothing already in it is lost."
                    ) from error
                raise
            finally:
                self._writing = False
                if wait:
                    self._db.execute("PRAGMA synchronous = normal")

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Read everything in the block as of one moment, whoever writes meanwhile."""
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.rollback()

    def _forget(self) -> None:
        """Forget what is known of the rows of the file, because it may no longer be so."""

    def _check_unchanged(self) -> None:
        """Look, within a transaction, whether this is still the store that was opened: 5 microseconds.

        Ids of rows are known only until the schema's number changes, which a migration does, and ``prune`` on purpose.
        """
        execute = self._db.conn.execute
        schema = execute("PRAGMA schema_version").fetchone()[0]
        if schema != self._schema:
            self._forget()
            self._schema = schema
        if execute("PRAGMA user_version").fetchone()[0] != len(MIGRATIONS):
            raise newer(self.path)
        if self.file is not None and _inode(self.file) != self._inode:
            raise StoreError(
                f"{self.path} was moved or replaced while it was open, so nothing more is written to it: start again."
            )

    def _check_version(self) -> None:
        """Raise ``StoreError`` when a newer program has changed the file meanwhile, which explains most failures."""
        with contextlib.suppress(*UNREADABLE):
            check_version(self._db, self.path)


def insert(db: sqlite_utils.Database, table: str, **row: object) -> int:
    """Insert one row where time counts, and return its row id (meaningless for a table without one).

    ``Table.insert`` looks up the schema and opens a savepoint each time: a typical step, seven rows, took 0.59 ms with
    it, takes 0.23 ms like this, and took 0.22 ms with sqlite3 alone (medians of 3,840 steps, 2 cores).
    """
    cursor = db.execute(_insertion(table, tuple(row)), tuple(row.values()))
    assert cursor.lastrowid is not None, "an INSERT has a row id"
    return cursor.lastrowid


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


def _check_current(db: sqlite_utils.Database, path: str) -> None:
    """Raise ``StoreError`` when a store that is to be read only would have to be brought up to date."""
    if check_version(db, path) < len(MIGRATIONS):
        raise StoreError(
            f"{path} was written by an older isump and has to be brought up to date once: open it where it can be "
            "written (isump runs --store PATH does), or copy it there."
        )


def _inode(file: Path | None) -> tuple[int, int] | None:
    """What tells this file from another of its name; none when there is no file."""
    try:
        found = os.stat(file) if file is not None else None  # noqa: PTH116  # half the time of Path.stat
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None
