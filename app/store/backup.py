"""Backs up a store while others write it, into a new file that is there whole or not at all.

back_up(Path("isump.sqlite"), Path("isump.sqlite.v8.backup"))
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from app.errors import StoreError
from app.store.connect import PATIENCE, UNREADABLE, can_write, connect


def back_up(store: Path, target: Path) -> int:
    """Copy the store at ``store`` to ``target``, and return its size in bytes.

    The copy is of one moment, whoever writes meanwhile, and holds what is still in the write-ahead log.

    Raises:
        StoreError: There is something at ``target`` already, it cannot be written, or the store cannot be read.
    """
    with new_file(target) as part:
        try:
            with (
                contextlib.closing(connect(store, read_only=not can_write(store))) as source,
                contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy,
            ):
                source.backup(copy, progress=_give_up_after(PATIENCE))
                # A log beside a copy would be one more file to keep.
                copy.execute("PRAGMA journal_mode = delete")
        except UNREADABLE as error:
            raise StoreError(
                f"{target} could not be written as a copy of {store} ({error}): "
                "free some disk, or wait until the store is no longer locked, and try again."
            ) from error
    return target.stat().st_size


@contextlib.contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A path to write a new file at, for its owner alone, that becomes ``target`` when the block ends well.

    Raises:
        StoreError: There is something at ``target`` already, or it cannot be written.
    """
    exists = StoreError(f"{target} is there already, and nothing is overwritten: choose another path.")
    part = None
    try:
        if os.path.lexists(target):
            raise exists
        descriptor, name = tempfile.mkstemp(".part", f"{target.name[:100]}.", target.parent)  # mode 600
        os.close(descriptor)
        part = Path(name)
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        _rename(part, target)
    except FileExistsError as error:
        raise exists from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"{str(target)[:200]} cannot be written ({reason}): choose another path.") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def free_name(path: Path) -> Path:
    """``path``, or the first of ``path-2``, ``path-3``, ... that is not taken."""
    names = (path.with_name(f"{path.name}-{number}") if number > 1 else path for number in count(1))
    return next(name for name in names if not os.path.lexists(name))


def _give_up_after(seconds: float) -> Callable[[int, int, int], None]:
    """What ends a copy that waits longer for another process's lock, as nothing else does."""
    until = time.monotonic() + seconds

    def look(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > until:
            raise sqlite3.OperationalError("database is locked")

    return look


def _rename(part: Path, target: Path) -> None:
    """Give a file its name unless it is taken; where files cannot have two names, what is there first is looked at."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        part.rename(target)
