"""Removes rows with all that belongs to them; every function works within a transaction of its caller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.store.references import SEARCHED_TEXTS, UNSEARCH, UNUSED
from app.store.rows import as_json

if TYPE_CHECKING:
    import sqlite_utils

_OF_STEPS = "step IN (SELECT id FROM steps WHERE attempt IN (SELECT value FROM json_each(?)))"
_LISTED = "IN (SELECT value FROM json_each(?))"


def remove_attempts(db: sqlite_utils.Database, attempts: Iterable[int]) -> None:
    """Remove attempts with their steps, calls, findings and scores; a fork of one is of no parent from then on."""
    ids = (as_json(list(attempts)),)
    for table in ("calls", "findings"):
        db.execute(f"DELETE FROM {table} WHERE {_OF_STEPS}", ids)
    for table, column in (("scores", "attempt"), ("steps", "attempt")):
        db.execute(f"DELETE FROM {table} WHERE {column} {_LISTED}", ids)
    db.execute(f"UPDATE attempts SET parent_attempt = NULL, forked_at_step = NULL WHERE parent_attempt {_LISTED}", ids)
    db.execute(f"DELETE FROM attempts WHERE id {_LISTED}", ids)


def remove_unused(db: sqlite_utils.Database) -> None:
    """Remove texts, memories and kinds of findings that nothing refers to, and take them out of the index of words.

    Whoever has the store open remembers ids of such rows, which may soon be others': a change of the schema, here of
    none that lasts, is what tells them to forget.
    """
    remove = [f"DELETE FROM {table} WHERE {unused}" for table, unused in UNUSED.items()]
    for statement in (*remove[:-1], UNSEARCH, remove[-1]):  # the index must be told the words of a text before it goes
        db.execute(statement)
    db.execute("CREATE TABLE ids_may_change (x)")
    db.execute("DROP TABLE ids_may_change")


def rebuild_search(db: sqlite_utils.Database) -> None:
    """Make the index of words anew; ``rebuild`` would take in every text, also those that are not searched."""
    db.execute("INSERT INTO texts_fts (texts_fts) VALUES ('delete-all')")
    db.execute(f"INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts WHERE id IN ({SEARCHED_TEXTS})")
