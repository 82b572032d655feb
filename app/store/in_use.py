"""Refuses what must not be done to a store while somebody writes it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from app.errors import StoreError
from app.store.connect import UNREADABLE, can_write, check_path, connect
from app.store.locks import LockFolder
from app.store.owners import Owner


def refuse_others(path: Path, done: str) -> None:
    """Raise ``StoreError`` when a process that began attempts in the store is there; ``done`` is a participle."""
    check_path(path)  # a link to itself leads nowhere
    locks = LockFolder(path.resolve())
    held = sorted(writer for writer in locks.writers() if locks.is_held(writer))
    if held:
        raise StoreError(
            f"{path} is being written by {_who(path, held[0])}, so it cannot be {done} now: wait for it, or stop it."
        )


def _who(path: Path, writer: int) -> str:
    try:
        with contextlib.closing(connect(path, read_only=not can_write(path))) as connection:
            row = connection.execute("SELECT id, pid, host, started FROM writers WHERE id = ?", (writer,)).fetchone()
        return str(Owner(*row))
    except (*UNREADABLE, TypeError, ValueError, OverflowError):
        return "another process"
