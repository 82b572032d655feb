"""Copies what can still be read of a damaged store into a new one, row by row.

    lost = salvage(Path("isump.sqlite"), Path("isump.sqlite.part"))

Damage makes single pages unreadable, and with each the rows on it. A range of rows that cannot be read is halved until
what is left of it are the rows that are lost.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import StoreError
from app.store.connect import UNREADABLE, can_write, connect
from app.store.schema import APPLICATION_ID, MIGRATIONS

if TYPE_CHECKING:
    import sqlite_utils

_KEYS = {
    "texts": "id",
    "writers": "id",
    "finding_kinds": "id",
    "memories": "id",
    "runs": "id",
    "attempts": "id",
    "steps": "id",
    "calls": "step",
    "findings": "step",
    "scores": "attempt",
}
"""The tables in the order in which the triggers of the search can follow, and the number their rows are kept by."""

_AT_ONCE = 256
"""Numbers whose rows are read together as long as nothing is wrong with them."""
_HIGHEST = 10_000_000
"""Where a search ends whose end is itself unreadable."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers of a table, both ends included, in which rows were or may have been lost."""

    table: str
    first: int
    last: int


def salvage(damaged: Path, new: Path) -> list[Range]:
    """Copy every readable row of ``damaged`` to a store of the same version at ``new``; what could not be read.

    References to lost rows are copied as they are.

    Raises:
        StoreError: Nothing can be read, or the new file cannot be written.
    """
    import sqlite_utils

    try:
        with (
            contextlib.closing(connect(damaged, read_only=not can_write(damaged))) as source,
            contextlib.closing(sqlite3.connect(new, isolation_level=None)) as target,
        ):
            source.execute("PRAGMA writable_schema = on")  # a table whose neighbour is garbled can then be read
            version = max(1, source.execute("PRAGMA user_version").fetchone()[0])
            db = sqlite_utils.Database(target, execute_plugins=False)
            target.execute("BEGIN")
            for migration in MIGRATIONS[:version]:
                migration(db)
            target.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            target.execute(f"PRAGMA user_version = {version}")
            tables = [table for table in _KEYS if table in db.table_names()]
            with _done_once(db):
                lost = [each for table in tables for each in _copy(source, db, table, _KEYS[table])]
            if not any(db.table(table).count for table in ("attempts", "runs")):
                raise StoreError(f"Nothing of {damaged} can be read any more: put a backup in its place.")
            target.execute("COMMIT")
    except UNREADABLE as error:
        raise StoreError(f"{damaged} cannot be salvaged ({error}): put a backup in its place.") from error
    return lost


@contextlib.contextmanager
def _done_once(db: sqlite_utils.Database) -> Iterator[None]:
    """Take every attempt that is done; where an item was done twice, the newest counts and the others are closed."""
    (index,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'attempts_done_once'").fetchone()
    db.execute("DROP INDEX attempts_done_once")
    yield
    db.execute(
        "UPDATE attempts SET status = 'error', error = 'Its item was done twice, and the other attempt counts.'"
        " WHERE status = 'done' AND parent_attempt IS NULL AND run IS NOT NULL AND id NOT IN (SELECT max(id)"
        " FROM attempts WHERE status = 'done' AND parent_attempt IS NULL GROUP BY run, question_id)"
    )
    db.execute(index)


def _copy(source: sqlite3.Connection, target: sqlite_utils.Database, table: str, key: str) -> Iterator[Range]:
    """Copy a table, and give the ranges that could not be read or were not taken."""
    wanted = [column.name for column in target.table(table).columns]
    try:
        there = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
    except UNREADABLE:
        there = set()
    columns = [column for column in wanted if column in there]
    if key not in columns:
        yield Range(table, 1, _HIGHEST)
        return
    names = ", ".join(f'"{column}"' for column in columns)
    read = f"SELECT {names} FROM {table} NOT INDEXED WHERE {key} BETWEEN ? AND ?"
    write = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
    place, last = columns.index(key), _last(source, table, key)
    for first in range(1, last + 1, _AT_ONCE):
        for found in _readable(source, read, first, min(first + _AT_ONCE - 1, last)):
            if isinstance(found, tuple):
                yield Range(table, *found)
                continue
            for row in found:
                try:
                    target.execute(write, row)
                except sqlite3.IntegrityError:
                    number = row[place] if isinstance(row[place], int) else 0
                    yield Range(table, number, number)


def _readable(source: sqlite3.Connection, read: str, first: int, last: int) -> Iterator[list[Any] | tuple[int, int]]:
    """The rows of a range in lists, and in between the parts of it that cannot be read."""
    try:
        yield source.execute(read, (first, last)).fetchall()
    except UNREADABLE:
        if first == last:
            yield first, last
            return
        middle = (first + last) // 2
        yield from _readable(source, read, first, middle)
        yield from _readable(source, read, middle + 1, last)


def _last(source: sqlite3.Connection, table: str, key: str) -> int:
    """The highest number of a table; found by trying where the way to the last row is damaged."""
    try:
        return min(int(source.execute(f"SELECT max({key}) FROM {table}").fetchone()[0] or 0), _HIGHEST)
    except (*UNREADABLE, TypeError, ValueError):
        pass
    reached = 0
    for first in range(1, _HIGHEST, _AT_ONCE):
        try:
            rows = source.execute(
                f"SELECT {key} FROM {table} NOT INDEXED WHERE {key} >= ? ORDER BY {key} LIMIT 1", (first,)
            ).fetchall()
        except UNREADABLE:
            if first > reached + 100 * _AT_ONCE:
                break
            continue
        if not rows:
            break
        reached = int(rows[0][0])
    return reached + _AT_ONCE
