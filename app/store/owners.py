"""Who writes what: one process a run, and attempts whose process is gone are closed.

    with store.run_lock(run.id): ...     # nobody else writes this run meanwhile
    store.close_abandoned()              # what killed processes left unfinished

A store that begins attempts is a row of ``writers`` and holds that row's lock (``locks``) while it lives. Whether its
process is gone is asked of that lock, which the system takes back from the dead, and not of a process number.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.errors import StoreError
from app.store.connect import UNREADABLE
from app.store.database import ON_DISK_EVERY, Database, insert
from app.store.locks import LockFolder, host, is_running

if TYPE_CHECKING:
    import sqlite_utils
    from filelock import BaseFileLock

_PROGRAM = version("isump")
_CLOSED = (
    "UPDATE attempts SET status = 'error', error = ?, finished = max(started, coalesce(("
    " SELECT max(calls.started + calls.seconds) FROM steps JOIN calls ON calls.step = steps.id"
    " WHERE steps.attempt = attempts.id), 0)) WHERE status = 'running' AND writer = ?"
)
"""Ends attempts when their last call did: the time until somebody noticed is not theirs."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that writes a store; times are Unix seconds."""

    writer: int
    pid: int
    host: str
    since: float

    def __str__(self) -> str:
        """Who it is and since when, for a message."""
        here = (
            "this process" if (self.pid, self.host) == (os.getpid(), host()) else f"process {self.pid} on {self.host}"
        )
        return f"{here} since {datetime.fromtimestamp(self.since):%Y-%m-%d %H:%M:%S}"


class Owners(Database):
    """The owners of runs and of attempts that are being written."""

    def __init__(self, db: sqlite_utils.Database, path: str, file: Path | None, read_only: bool) -> None:
        super().__init__(db, path, file, read_only)
        self._locks = None if file is None else LockFolder(file)
        self._own: tuple[int, BaseFileLock] | None = None
        self._held: set[int] = set()

    @classmethod
    def open(cls, path: Path | str, *, read_only: bool = False, on_disk_every: float = ON_DISK_EVERY) -> Self:
        """Open or create the store at ``path`` as ``Database.open`` does, and close what killed processes left."""
        opened = super().open(path, read_only=read_only, on_disk_every=on_disk_every)
        with contextlib.suppress(StoreError):  # a full disk, for one, is no reason not to read what there is
            opened.close_abandoned()
        return opened

    def close(self) -> None:
        """Close the file; attempts begun here that are still unfinished are closed as failed."""
        with self._lock:
            if self._own is not None and self._locks is not None:
                writer, lock = self._own
                with contextlib.suppress(StoreError, *UNREADABLE), self._transaction():
                    self._close_attempts(writer, "The trace store was closed before it ended.")
                    self._db.execute("UPDATE runs SET writer = NULL, held_since = NULL WHERE writer = ?", (writer,))
                    self._locks.drop(writer, lock)
                lock.release()
                self._own = None
            super().close()

    @contextlib.contextmanager
    def run_lock(self, run: int) -> Iterator[None]:
        """Have a run to oneself: until the block ends, or this process does, nobody else can write it.

        Raises:
            StoreError: Somebody else has it, who is named; or there is no such run.
        """
        self._hold(run)
        try:
            yield
        finally:
            self._release(run)

    def owner_of(self, run: int) -> Owner | None:
        """Who is writing a run now; nobody when its last writer is gone."""
        owner = self._holder(run)
        if owner is None:
            return None
        if self.read_only:
            return owner if self._locks is None or self._locks.is_held(owner.writer) else None
        with self._transaction():
            return owner if self._is_alive(owner) else None

    def close_abandoned(self) -> int:
        """Close the attempts whose process is gone as failed; how many.

        An attempt of a process that lives is never closed. A store that is open to be read only is left as it is.
        """
        if self._locks is None or self.read_only:
            return 0
        rows = self._rows(
            "SELECT DISTINCT writers.id, pid, host, started FROM writers WHERE"
            " id IN (SELECT writer FROM attempts WHERE status = 'running')"
            " OR id IN (SELECT writer FROM runs WHERE writer IS NOT NULL)"
        )
        owners = [Owner(row["id"], row["pid"], row["host"], row["started"]) for row in rows]
        others = [owner for owner in owners if not self._is_own(owner.writer)]
        stale = {writer for writer in self._locks.writers() if not self._is_own(writer)} - {
            one.writer for one in others
        }
        if not others and not stale:
            return 0
        with self._transaction():
            closed = sum(self._close_if_gone(owner) for owner in others)
            for writer in stale:
                if (lock := self._locks.take(writer)) is not None:
                    self._locks.drop(writer, lock)
        return closed

    def _hold(self, run: int) -> None:
        writer = self._writer()
        with self._transaction():
            rows = self._rows("SELECT writer FROM runs WHERE id = ?", run)
            if not rows:
                raise StoreError(f"{self.path} has no run {run}.")
            if run in self._held:
                raise StoreError(f"Run {run} is being written by this process already: wait for it, or stop it there.")
            holder = rows[0]["writer"]
            if holder is not None and not self._is_own(holder):
                owner = self._holder(run)
                if owner is not None and self._is_alive(owner):
                    raise StoreError(f"Run {run} is being written by {owner}: wait for it, or stop it there.")
            self._db.execute("UPDATE runs SET writer = ?, held_since = ? WHERE id = ?", (writer, time.time(), run))
        self._held.add(run)

    def _release(self, run: int) -> None:
        self._held.discard(run)
        with contextlib.suppress(StoreError, *UNREADABLE), self._transaction():
            free = "UPDATE runs SET writer = NULL, held_since = NULL WHERE id = ? AND writer IS ?"
            self._db.execute(free, (run, self._own[0] if self._own else None))

    def _writer(self) -> int | None:
        """This store's row in ``writers``, made when it is first asked for; a store in memory has none and needs none.

        The number is beyond those of all lock files: one may be of a store that was here before and is still open.
        """
        if self._own is not None or self._locks is None:
            return self._own[0] if self._own else None
        lock = None
        try:
            with self._transaction():
                last = self._db.execute("SELECT max(id) FROM writers").fetchone()[0]
                writer = max(last or 0, *self._locks.writers(), 0) + 1
                lock = self._locks.take(writer)
                assert lock is not None, "nobody takes a lock but in a transaction, and this number is new"
                started = time.time()
                insert(self._db, "writers", id=writer, pid=os.getpid(), host=host(), program=_PROGRAM, started=started)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        self._own = writer, lock
        return writer

    def _holder(self, run: int) -> Owner | None:
        """Who had a run last, whether it is there or not."""
        rows = self._rows(
            "SELECT writers.id, pid, host, coalesce(held_since, writers.started) AS held_since"
            " FROM runs JOIN writers ON writers.id = runs.writer WHERE runs.id = ?",
            run,
        )
        return Owner(*rows[0].values()) if rows else None

    def _is_own(self, writer: int) -> bool:
        return self._own is not None and self._own[0] == writer

    def _is_alive(self, owner: Owner) -> bool:
        """Whether a writer's process is there, asked within a transaction.

        Where its lock file was removed by hand, a process of its number is given the benefit of the doubt.
        """
        if self._locks is None or self._is_own(owner.writer):
            return True
        if not self._locks.has(owner.writer):
            return is_running(owner.pid, owner.host)
        lock = self._locks.take(owner.writer)
        if lock is None:
            return True
        self._locks.drop(owner.writer, lock)
        return False

    def _close_if_gone(self, owner: Owner) -> int:
        if self._is_alive(owner):
            return 0
        self._db.execute("UPDATE runs SET writer = NULL, held_since = NULL WHERE writer = ?", (owner.writer,))
        return self._close_attempts(
            owner.writer,
            f"The process that ran it ({owner.pid}) ended before it did: killed, or the machine stopped.",
        )

    def _close_attempts(self, writer: int, error: str) -> int:
        return self._db.execute(_CLOSED, (error, writer)).rowcount
