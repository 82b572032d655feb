"""Long texts, memories and kinds of findings, each stored once and named by its row's id, local to a file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from app.store.database import insert
from prompts.memories import Memory

if TYPE_CHECKING:
    import sqlite_utils

_REMEMBERED = 20_000
"""Ids remembered between writes; about 3 MB."""


class Texts:
    """Finds or stores what is stored once; to be used within a transaction."""

    def __init__(self, db: sqlite_utils.Database) -> None:
        self._db = db
        self._ids: dict[tuple[str, bytes], int] = {}
        self._kinds: dict[tuple[str, str], int] = {}

    def text(self, text: str) -> int:
        """The id of a text, stored when it is new."""
        return self._once("texts", digest(_bytes(text)), text=text)

    def memory(self, memory: Memory) -> int:
        """The id of a memory, stored when it is new."""
        encoded = memory.encode()
        name = digest(encoded.kind.encode(), _bytes(encoded.text), encoded.data)
        if (known := self._ids.get(("memories", name))) is not None:
            return known
        text = self.text(encoded.text)
        return self._once("memories", name, kind=encoded.kind, text=text, data=encoded.data or None)

    def finding_kind(self, check: str, kind: str) -> int:
        """The id of a kind of finding of a check, stored when it is new."""
        if (known := self._kinds.get((check, kind))) is not None:
            return known
        named = self._db.execute(
            'SELECT id FROM finding_kinds WHERE "check" = ? AND kind = ?', (check, kind)
        ).fetchone()
        found = named[0] if named else insert(self._db, "finding_kinds", check=check, kind=kind)
        self._kinds[check, kind] = found
        return found

    def forget(self) -> None:
        """Forget every id, after a transaction that was rolled back."""
        self._ids.clear()
        self._kinds.clear()

    def _once(self, table: str, name: bytes, **row: object) -> int:
        if (known := self._ids.get((table, name))) is not None:
            return known
        stored = self._db.execute(f"SELECT id FROM {table} WHERE sha256 = ?", (name,)).fetchone()
        found = stored[0] if stored else insert(self._db, table, sha256=name, **row)
        if len(self._ids) >= _REMEMBERED:
            self._ids.clear()
        self._ids[table, name] = found
        return found


def digest(*parts: bytes) -> bytes:
    """What a text or memory is known by: the first half, 16 bytes, of the SHA-256 of its parts and zeros between."""
    return hashlib.sha256(b"\0".join(parts)).digest()[:16]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
