"""Brings a store up to date: every migration that it lacks, all or nothing, after a backup of what it was."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import StoreError
from app.store.backup import back_up, free_name
from app.store.connect import PATIENCE
from app.store.schema import APPLICATION_ID, MIGRATIONS

if TYPE_CHECKING:
    import sqlite_utils

_log = logging.getLogger(__name__)


def check_version(db: sqlite_utils.Database, path: str) -> int:
    """The version of the schema, 0 of an empty file.

    Raises:
        StoreError: The file is of another program, or of a newer version of this one.
    """
    ours, level = pragma(db, "application_id"), pragma(db, "user_version")
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and ours != APPLICATION_ID:
        raise StoreError(f"{path} is a SQLite file of another program: pass another --store PATH.")
    if level > len(MIGRATIONS):
        raise newer(path)
    return level


def newer(path: str) -> StoreError:
    """What is said of a store that a newer program has written."""
    return StoreError(f"{path} was written by a newer isump: upgrade this one, or pass another --store PATH.")


def migrate(db: sqlite_utils.Database, path: str, file: Path | None) -> None:
    """Apply what the store at ``path`` lacks; ``file`` is where it is on disk, if it is.

    A store that holds something is backed up first, beside it, and the path of the backup is logged as a warning.

    Raises:
        StoreError: The store is not ours, there is no room for the backup, or a migration cannot be done; then nothing
            was changed.
    """
    level = check_version(db, path)
    use_wal(db)
    if level < len(MIGRATIONS):
        _apply(db, path, file)
    db.execute("PRAGMA foreign_keys = on")


def _apply(db: sqlite_utils.Database, path: str, file: Path | None) -> None:
    """Foreign keys are off meanwhile, because tables are rebuilt."""
    backup = None
    db.execute("BEGIN IMMEDIATE")
    try:
        level = pragma(db, "user_version")  # another process may have migrated while this one waited for the lock
        if level and level < len(MIGRATIONS) and file is not None:
            backup = _back_up(file, level)
        for number, migration in enumerate(MIGRATIONS[level:], level + 1):
            migration(db)
            db.execute(f"PRAGMA user_version = {number}")
        if db.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.IntegrityError("a row refers to one that is not there")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("COMMIT")
    except BaseException as error:
        db.rollback()
        if backup is not None:
            backup.unlink(missing_ok=True)
        if isinstance(error, Exception) and not isinstance(error, StoreError):
            raise StoreError(
                f"{path} could not be brought up to date ({error}), and nothing in it was changed: "
                "see isump store check, or pass another --store PATH."
            ) from error
        raise
    if backup is not None:
        _log.warning("%s was brought up to date; as it was before, it is in %s.", path, backup)


def _back_up(file: Path, level: int) -> Path:
    target = free_name(file.with_name(f"{file.name}.v{level}.backup"))
    try:
        back_up(file, target)
    except StoreError as error:
        raise StoreError(
            f"{file} has to be brought up to date, and before that it is backed up, which failed: {error}"
        ) from error
    return target


def use_wal(db: sqlite_utils.Database) -> None:
    """Switch to write-ahead logging; SQLite does not wait for its lock here, whatever the timeout, so we do."""
    until = time.monotonic() + PATIENCE
    while pragma(db, "journal_mode") != "wal":
        try:
            db.execute("PRAGMA journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def pragma(db: sqlite_utils.Database, name: str) -> Any:
    """The value of a pragma."""
    return db.execute(f"PRAGMA {name}").fetchone()[0]
