"""Puts the rows of a store right among themselves: what refers to nothing, is referred to by nothing, is not whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.errors import StoreError
from app.store import Store
from app.store.numbers import named, some
from app.store.references import TEXT_COLUMNS
from app.store.removal import rebuild_search, remove_attempts, remove_unused
from app.store.rows import as_json
from app.store.salvage import Range
from app.store.texts import Texts, digest
from prompts.memories import MEMORIES

LOST = "(lost when the trace store was damaged)"
"""Stands where a text is gone that cannot be left out."""

_INSTEAD = {"question": LOST, "output": LOST, "settings": "{}", "layout": "[]"}
"""What stands where a text is gone, by column; the others hold nothing then."""
_ATTEMPTS = {
    "attempts": "SELECT id FROM attempts WHERE {0}",
    "steps": "SELECT attempt FROM steps WHERE {0}",
    "calls": "SELECT attempt FROM steps WHERE id IN (SELECT step FROM calls WHERE {0})",
    "findings": "SELECT attempt FROM steps WHERE id IN (SELECT step FROM findings WHERE {0})",
    "memories": (
        "SELECT attempt FROM steps WHERE memory_before IN (SELECT id FROM memories WHERE {0})"
        " OR memory_after IN (SELECT id FROM memories WHERE {0})"
    ),
}
"""The attempts that a row of a table belongs to."""
_PARTS = "EXISTS (SELECT 1 FROM json_each(prompt) AS part WHERE part.value {0})"
_NOT_HELD = "NOT IN (SELECT id FROM {0})"
_BROKEN = (
    f"NOT json_valid(prompt) OR (json_valid(prompt) AND {_PARTS.format(_NOT_HELD.format('texts'))})"
    f" OR layout {_NOT_HELD.format('texts')}"
)


def settle(store: Store, lost: Sequence[Range] = ()) -> list[str]:
    """Mend every row of a store whose file is sound; what could not be brought back, in words.

    Args:
        store: The store, open to be written, that nobody else writes.
        lost: Rows that are gone already, so that the attempts they belonged to are known to be incomplete.
    """
    settling = _Settling(store)
    store._db.execute("PRAGMA foreign_keys = off")  # it may not change within a transaction
    try:
        with store._transaction():
            settling.mend(lost)
            settling.drop_unreadable()
            remove_unused(store._db)
            rebuild_search(store._db)
    finally:
        store._db.execute("PRAGMA foreign_keys = on")
    return settling.said


class _Settling:
    """One pass over a store, the attempts found incomplete, and what is said of them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.execute = store._db.execute
        self.texts = Texts(store._db)
        self.incomplete: set[int] = set()
        self.said: list[str] = []

    def mend(self, lost: Sequence[Range]) -> None:
        """Mend what can be told from the rows alone; attempts that lost something no longer count."""
        self._retype()
        self._rename_changed()
        self._fill_in_texts()
        self._fill_in_memories()
        self._unlink()
        self._miss_steps(lost)
        self._close()

    def drop_unreadable(self) -> None:
        """Remove attempts and runs that hold values nobody can read."""
        for attempt in self._column("SELECT id FROM attempts"):
            try:
                self.store.attempt(attempt)
                self.store.records(attempt)
            except StoreError:
                self.said.append(f"Attempt {attempt} could not be read and was removed.")
                remove_attempts(self.store._db, [attempt])
                continue
            try:
                self.store.scores(attempt)
            except StoreError:
                self.said.append(f"The scores of attempt {attempt} could not be read and were removed.")
                self.execute("DELETE FROM scores WHERE attempt = ?", (attempt,))
        for run in self._column("SELECT id FROM runs"):
            try:
                self.store.run(run)
            except StoreError:
                self.said.append(f"Run {run} could not be read and was removed: its attempts are of no run now.")
                self.execute("UPDATE attempts SET run = NULL WHERE run = ?", (run,))
                self.execute("DELETE FROM runs WHERE id = ?", (run,))

    def _retype(self) -> None:
        """Texts that are kept as bytes, and bytes that are kept as text, are what they should be."""
        self.execute("UPDATE texts SET text = CAST(text AS TEXT) WHERE typeof(text) <> 'text'")
        self.execute("UPDATE memories SET data = CAST(data AS BLOB) WHERE typeof(data) NOT IN ('blob', 'null')")

    def _rename_changed(self) -> None:
        """Texts and memories that are not what their hash says get the hash of what they are; who used them, knows."""
        rows = self.execute("SELECT id, sha256, CAST(text AS BLOB) FROM texts").fetchall()
        for text, name, data in rows:
            if name != (wanted := digest(data or b"")):
                self._mark_users(f"= {text}")
                if not _is_text(data) or self.execute("SELECT 1 FROM texts WHERE sha256 = ?", (wanted,)).fetchone():
                    self.execute("DELETE FROM texts WHERE id = ?", (text,))  # to be filled in like one that was lost
                else:
                    self.execute("UPDATE texts SET sha256 = ? WHERE id = ?", (wanted, text))
        rows = self.execute(
            "SELECT memories.id, memories.sha256, kind, CAST(texts.text AS BLOB), CAST(data AS BLOB)"
            " FROM memories JOIN texts ON texts.id = memories.text"
        ).fetchall()
        for memory, name, kind, text, data in rows:
            if name != (wanted := digest(str(kind).encode(), text, data or b"")):
                self._mark("memories", f"id = {memory}")
                if self.execute("SELECT 1 FROM memories WHERE sha256 = ?", (wanted,)).fetchone():
                    self.execute("DELETE FROM memories WHERE id = ?", (memory,))
                else:
                    self.execute("UPDATE memories SET sha256 = ? WHERE id = ?", (wanted, memory))

    def _fill_in_texts(self) -> None:
        """Where a text is gone stands that it is; a prompt that lost a part is left out whole."""
        self._mark("calls", _BROKEN)
        self.execute(f"UPDATE calls SET prompt = '[]', layout = ? WHERE {_BROKEN}", (self.texts.text("[]"),))
        for table, column in TEXT_COLUMNS:
            gone = f"{column} {_NOT_HELD.format('texts')}"
            self._mark(table, gone)
            if table == "memories":
                self.execute(f"DELETE FROM memories WHERE {gone}")
            elif table == "runs":
                self.execute(f"UPDATE runs SET identity = NULL, item_hashes = NULL WHERE {gone}")
            else:
                instead = self.texts.text(_INSTEAD[column]) if column in _INSTEAD else None
                self.execute(f"UPDATE {table} SET {column} = ? WHERE {gone}", (instead,))

    def _fill_in_memories(self) -> None:
        """Where a memory is gone stands an empty one."""
        empty = self.texts.memory(MEMORIES["text"]())
        for column in ("memory_before", "memory_after"):
            gone = f"{column} {_NOT_HELD.format('memories')}"
            self._mark("steps", gone)
            self.execute(f"UPDATE steps SET {column} = ? WHERE {gone}", (empty,))

    def _unlink(self) -> None:
        """Remove rows of what is gone, and links to it."""
        self._mark("findings", f"kind {_NOT_HELD.format('finding_kinds')}")
        for table, column, parent in (
            ("steps", "attempt", "attempts"),
            ("scores", "attempt", "attempts"),
            ("calls", "step", "steps"),
            ("findings", "step", "steps"),
            ("findings", "kind", "finding_kinds"),
        ):
            n = self.execute(f"DELETE FROM {table} WHERE {column} {_NOT_HELD.format(parent)}").rowcount
            if n:
                self.said.append(f"{some(n, 'row')} of {table} removed, because their {parent} are lost.")
        for table, columns, parent in (
            ("attempts", ("run",), "runs"),
            ("attempts", ("parent_attempt", "forked_at_step"), "attempts"),
            ("attempts", ("writer",), "writers"),
            ("runs", ("writer", "held_since"), "writers"),
        ):
            cleared = ", ".join(f"{column} = NULL" for column in columns)
            gone = f"{columns[0]} {_NOT_HELD.format(parent)}"
            n = self.execute(f"UPDATE {table} SET {cleared} WHERE {gone}").rowcount
            if n and parent != "writers":
                self.said.append(f"{some(n, 'attempt')} lost the link to {parent} that are gone.")

    def _miss_steps(self, lost: Sequence[Range]) -> None:
        """Find the attempts whose steps are not all there; the last step of one that is done is its conclusion."""
        gaps = "SELECT attempt FROM steps GROUP BY attempt HAVING max(idx) + 1 <> count(*)"
        self.incomplete |= set(self._column(gaps))
        if any(each.table == "steps" for each in lost):
            concluded = "SELECT 1 FROM steps WHERE attempt = attempts.id AND verb = 'conclude'"
            self._mark("attempts", f"status = 'done' AND NOT EXISTS ({concluded})")
        for each in lost:
            if each.table in ("calls", "findings"):
                self._mark("steps", f"id BETWEEN {each.first} AND {each.last}")

    def _close(self) -> None:
        """Close what does not count: incomplete attempts, and those that nobody is at."""
        counting = self._column("SELECT id FROM attempts WHERE status <> 'error'")
        names = sorted(self.incomplete & set(counting))
        self._fail(
            f"id IN (SELECT value FROM json_each('{as_json(names)}'))",
            f"A part of its trace was lost, which was found when the store was mended on {date.today()}.",
        )
        if names:
            self.said.append(
                f"A part of the trace of {named('attempt', names)} was lost, so it no longer counts:"
                " resume the run, if it is of one, to do it again."
            )
        self._fail("status = 'running'", "The process that ran it ended before it did: killed, or the machine stopped.")
        self.execute("UPDATE runs SET writer = NULL, held_since = NULL")

    def _fail(self, condition: str, error: str) -> None:
        self.execute(
            "UPDATE attempts SET status = 'error', error = ?, finished = coalesce(finished, started)"
            f" WHERE {condition}",
            (error,),
        )

    def _mark_users(self, condition: str) -> None:
        """Mark the attempts in which a text stands."""
        for table, column in TEXT_COLUMNS:
            self._mark(table, f"{column} {condition}")
        self._mark("calls", f"json_valid(prompt) AND {_PARTS.format(condition)}")

    def _mark(self, table: str, condition: str) -> None:
        if table in _ATTEMPTS:
            self.incomplete |= set(self._column(_ATTEMPTS[table].format(condition)))

    def _column(self, sql: str) -> list[int]:
        return [row[0] for row in self.execute(sql).fetchall()]


def _is_text(data: bytes | None) -> bool:
    try:
        (data or b"").decode()
    except UnicodeDecodeError:
        return False
    return True
