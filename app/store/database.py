"""A SQLite file of ours, held by sqlite-utils: opened, checked, brought up to date and read.

All SQL of the project is in this package: the schema in ``schema``, questions to it in ``reader`` and ``search``, and
what is written in ``writer`` and ``texts``.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from app.errors import StoreError
from app.store.schema import APPLICATION_ID, MIGRATIONS

if TYPE_CHECKING:
    import sqlite_utils

Row = dict[str, Any]

_PATIENCE = 30.0
"""Seconds to wait for another process's lock."""


class Database:
    """An open file. Any number of processes may write one file; in a process, one Database serves all threads."""

    def __init__(self, db: sqlite_utils.Database, path: str) -> None:
        """Wrap an open database whose schema is current; use ``Store.open``."""
        self.path = path
        self._db = db
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open or create the store at ``path`` (":memory:" for none on disk) and bring its schema up to date.

        Raises:
            StoreError: The file is damaged, is not ours, is newer than this program, or cannot be written.
        """
        import sqlite_utils  # 0.45 s where pandas is installed, which it imports; commands without a store do not wait

        connection = None
        try:
            connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            db = sqlite_utils.Database(connection, execute_plugins=False)
            _migrate(db, path)
        except (sqlite3.Error, LookupError, TypeError, ValueError, StoreError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"{path} cannot be used as a trace store ({error}): pass another --store PATH.") from error
        return cls(db, str(path))

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
            self._db.close()

    def _rows(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            try:
                return list(self._db.query(sql, values))
            except sqlite3.DatabaseError as error:
                raise StoreError(f"{self.path} could not be read ({error}): pass another --store PATH.") from error


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


def _migrate(db: sqlite_utils.Database, path: Path | str) -> None:
    ours = _pragma(db, "application_id")
    level = _pragma(db, "user_version")
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and ours != APPLICATION_ID:
        raise StoreError(f"{path} is a SQLite file of another program: pass another --store PATH.")
    if level > len(MIGRATIONS):
        raise StoreError(f"{path} was written by a newer isump: upgrade this one, or pass another --store PATH.")
    _use_wal(db)
    db.execute("PRAGMA synchronous = normal")
    if level < len(MIGRATIONS):
        _apply_migrations(db)
    db.execute("PRAGMA foreign_keys = on")


def _apply_migrations(db: sqlite_utils.Database) -> None:
    """Apply what the file lacks, all or nothing; foreign keys are off meanwhile, because tables are rebuilt."""
    db.execute("BEGIN IMMEDIATE")
    try:
        level = _pragma(db, "user_version")  # another process may have migrated while this one waited for the lock
        for number, migration in enumerate(MIGRATIONS[level:], level + 1):
            migration(db)
            db.execute(f"PRAGMA user_version = {number}")
        if db.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.IntegrityError("a row refers to one that is not there")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def _use_wal(db: sqlite_utils.Database) -> None:
    """Switch to write-ahead logging; SQLite does not wait for its lock here, whatever the timeout, so we do."""
    until = time.monotonic() + _PATIENCE
    while _pragma(db, "journal_mode") != "wal":
        try:
            db.execute("PRAGMA journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def _pragma(db: sqlite_utils.Database, name: str) -> Any:
    return db.execute(f"PRAGMA {name}").fetchone()[0]
