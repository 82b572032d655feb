"""Checks a trace store from the file to the last text, and changes nothing in it.

for problem in check(Path("isump.sqlite")).problems:
    print(problem.says)

What can be wrong is looked for from the bottom up: the file, its schema, the rows that refer to others, the texts and
their hashes, the index of words, and attempts that nobody is at. Anything in a file may be damaged, so that no check
trusts another to have passed.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.errors import StoreError
from app.store.connect import UNREADABLE, can_write, check_path, connect
from app.store.locks import LockFolder, is_running
from app.store.numbers import named, some
from app.store.reader import Reader
from app.store.references import SEARCHED_TEXTS, UNUSED
from app.store.schema import APPLICATION_ID, MIGRATIONS
from app.store.search import Search
from app.store.texts import digest

if TYPE_CHECKING:
    import sqlite_utils

Where = Literal["file", "schema", "rows", "texts", "search", "attempts"]
_Look = tuple[Where, Callable[[], Iterator[str]]]

_MOST = 5
"""Problems of one kind that are told apart; more are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in one line; ``where`` says how deep it lies."""

    where: Where
    says: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        problems: What is wrong; nothing when the store is as it should be.
        holds: What is in it, in words.
        version: The version of its schema.
        quick: Whether texts were not compared with their hashes, nor words with the texts, nor attempts read.
    """

    problems: tuple[Problem, ...]
    holds: str
    version: int
    quick: bool

    @property
    def older(self) -> bool:
        """Whether the store has to be brought up to date; its rows are then not looked at."""
        return self.version < len(MIGRATIONS)


def check(path: Path, *, quick: bool = False) -> Checked:
    """Everything that is wrong with the store at ``path``.

    Args:
        path: Where it is.
        quick: Look at the file, its schema and its rows, but not into every text: seconds for a large store.

    Raises:
        StoreError: There is no store, or it is of another program or a newer one.
    """
    import sqlite_utils

    if not check_path(path):
        raise StoreError(f"There is no trace store at {path}: solve a question first, or pass --store PATH.")
    try:
        with contextlib.closing(connect(path, read_only=not can_write(path))) as connection:
            return _Check(sqlite_utils.Database(connection, execute_plugins=False), path, quick).everything()
    except UNREADABLE as error:
        return Checked(
            (Problem("file", f"The file cannot be used as a trace store: {error}."),), "nothing readable", 0, quick
        )


class _Reader(Reader, Search):
    """What only reads, and closes nothing that others left."""


class _Check:
    """One look through a store."""

    def __init__(self, db: sqlite_utils.Database, path: Path, quick: bool) -> None:
        self.db = db
        self.path = path
        self.quick = quick

    def everything(self) -> Checked:
        """Every check that can be made of a store of this version."""
        ours, version = self._number("PRAGMA application_id"), self._number("PRAGMA user_version")
        if self._number("SELECT count(*) FROM sqlite_master") and ours != APPLICATION_ID:
            raise StoreError(f"{self.path} is a SQLite file of another program: pass another --store PATH.")
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path} was written by a newer isump: upgrade this one, or pass another --store PATH."
            )
        checks: list[_Look] = [("file", self._file), ("schema", self._schema)]
        if version == len(MIGRATIONS):
            checks += self._of_rows()
            if not self.quick:
                checks += self._of_texts()
        found = [Problem(where, says) for where, look in checks for says in self._looked(look)]
        return Checked(tuple(found), self._holds(), version, self.quick)

    def _of_rows(self) -> list[_Look]:
        return [
            ("rows", self._references),
            ("rows", self._prompts),
            ("rows", self._gaps),
            ("rows", self._unused),
            ("search", self._indexed),
            ("attempts", self._done_twice),
            ("attempts", self._abandoned),
        ]

    def _of_texts(self) -> list[_Look]:
        return [("texts", self._hashes), ("search", self._words), ("texts", self._readable)]

    def _looked(self, look: Callable[[], Iterator[str]]) -> Iterator[str]:
        """What a check says; damage that stops it is a finding of its own."""
        try:
            yield from look()
        except (*UNREADABLE, ValueError, TypeError, OverflowError) as error:
            yield f"The look at {look.__name__.strip('_').replace('_', ' ')} came to no end: {error}."

    def _file(self) -> Iterator[str]:
        pragma = "quick_check" if self.quick else "integrity_check"
        rows = self._column(f"PRAGMA {pragma}({_MOST})")
        for row in rows:
            for line in str(row).splitlines():
                if line not in ("ok", ""):
                    yield f"The file is damaged: {line}."

    def _schema(self) -> Iterator[str]:
        found, wanted = _schema_of(self.db), _expected_schema(self._number("PRAGMA user_version"))
        for kind, name in sorted(wanted.keys() - found.keys()):
            yield f"The {kind} {name} is missing."
        for kind, name in sorted(found.keys() - wanted.keys()):
            yield f"The {kind} {name} is not of this program."
        for kind, name in sorted(found.keys() & wanted.keys()):
            if found[kind, name] != wanted[kind, name]:
                yield f"The {kind} {name} is not as this program makes it."

    def _references(self) -> Iterator[str]:
        counts: dict[tuple[str, str], int] = {}
        for table, _, parent, _ in self.db.execute("PRAGMA foreign_key_check"):
            counts[table, parent] = counts.get((table, parent), 0) + 1
        for (table, parent), n in counts.items():
            yield f"{some(n, 'row')} of {table} cannot find their {parent}."

    def _prompts(self) -> Iterator[str]:
        broken = self._column("SELECT DISTINCT step FROM calls WHERE NOT json_valid(prompt)")
        lost = self._column(
            "SELECT DISTINCT step FROM calls, json_each(prompt) AS part"
            " WHERE json_valid(prompt) AND part.value NOT IN (SELECT id FROM texts)"
        )
        if broken or lost:
            yield f"A prompt is not whole in {named('step', sorted({*broken, *lost}))}."

    def _gaps(self) -> Iterator[str]:
        gaps = self._column(
            "SELECT attempt FROM steps JOIN attempts ON attempts.id = steps.attempt WHERE status <> 'error'"
            " GROUP BY attempt HAVING max(idx) + 1 <> count(*) ORDER BY attempt"
        )
        if gaps:
            yield f"Steps are missing in {named('attempt', gaps)}."

    def _unused(self) -> Iterator[str]:
        for table, condition in UNUSED.items():
            if n := self._number(f"SELECT count(*) FROM {table} WHERE {condition}"):
                yield f"{some(n, 'row')} of {table} in the store, to which nothing refers."

    def _indexed(self) -> Iterator[str]:
        indexed = "SELECT id FROM texts_fts_docsize"
        if n := len(self._column(f"{SEARCHED_TEXTS} EXCEPT {indexed}")):
            yield f"{some(n, 'text')} cannot be found by words."
        if n := len(self._column(f"{indexed} EXCEPT SELECT * FROM ({SEARCHED_TEXTS})")):
            yield f"{some(n, 'text')} found by words, but no thought, memory or question."

    def _done_twice(self) -> Iterator[str]:
        rows = self.db.execute(
            "SELECT run, question_id FROM attempts NOT INDEXED"
            " WHERE status = 'done' AND parent_attempt IS NULL AND run IS NOT NULL"
            " GROUP BY run, question_id HAVING count(*) > 1"
        )
        for run, question in rows:
            yield f"{question} of run {run} is done more than once."

    def _abandoned(self) -> Iterator[str]:
        rows = self.db.execute(
            "SELECT attempts.id, writers.id, pid, host FROM attempts LEFT JOIN writers ON writers.id = attempts.writer"
            " WHERE status = 'running'"
        )
        gone = [attempt for attempt, *writer in rows if not self._at_work(*writer)]
        if gone:
            yield f"Nobody is at {named('attempt', gone)} any more, which are not closed."

    def _at_work(self, writer: int | None, pid: int, on: str) -> bool:
        if writer is None:
            return False
        locks = LockFolder(self.path.resolve())
        return locks.is_held(writer) if locks.has(writer) else is_running(pid, on)

    def _hashes(self) -> Iterator[str]:
        changed = [
            row
            for row, name, text in self.db.execute("SELECT id, sha256, CAST(text AS BLOB) FROM texts")
            if name != digest(text or b"")
        ]
        if changed:
            yield f"What was written is no longer what it was in {named('text', changed)}."
        memories = self.db.execute(
            "SELECT memories.id, memories.sha256, kind, CAST(texts.text AS BLOB), CAST(data AS BLOB)"
            " FROM memories JOIN texts ON texts.id = memories.text"
        )
        changed = [
            row for row, name, kind, text, data in memories if name != digest(str(kind).encode(), text, data or b"")
        ]
        if changed:
            yield f"What was written is no longer what it was in {named('memory', changed)}."

    def _words(self) -> Iterator[str]:
        """Every word at every place of the index, against an index made anew of the same texts."""
        fresh = sqlite3.connect(":memory:", isolation_level=None)
        with contextlib.closing(fresh):
            fresh.execute("CREATE VIRTUAL TABLE texts_fts USING fts5(text, content='', tokenize='porter')")
            texts = self.db.execute(f"SELECT id, text FROM texts WHERE id IN ({SEARCHED_TEXTS})")
            fresh.execute("BEGIN")
            fresh.executemany("INSERT INTO texts_fts (rowid, text) VALUES (?, ?)", texts)
            with contextlib.closing(_places(self.db.conn)) as held, contextlib.closing(_places(fresh)) as wanted:
                same = all(one == two for one, two in zip_longest(held, wanted))
        if not same:
            yield "The index of words is not that of the texts."

    def _readable(self) -> Iterator[str]:
        reader = _Reader(self.db, str(self.path), None, True)
        wrong = [*self._unreadable("run", reader.run, "runs"), *self._unreadable("attempt", reader.attempt, "attempts")]
        for what, read in (("steps", reader.records), ("scores", reader.scores)):
            for attempt in self._column(f"SELECT DISTINCT attempt FROM {what}"):
                try:
                    read(attempt)
                except StoreError as error:
                    wrong.append(f"The {what} of attempt {attempt} cannot be read: {error}")
        yield from wrong[:_MOST]
        if len(wrong) > _MOST:
            yield f"{len(wrong) - _MOST} more runs, attempts or their steps cannot be read."

    def _unreadable(self, what: str, read: Callable[[int], object], table: str) -> Iterator[str]:
        for number in self._column(f"SELECT id FROM {table}"):
            try:
                read(number)
            except StoreError as error:
                yield f"{what.capitalize()} {number} cannot be read: {error}"

    def _holds(self) -> str:
        try:
            runs, attempts, steps = (
                self._number(f"SELECT count(*) FROM {table}s") for table in ("run", "attempt", "step")
            )
        except UNREADABLE:
            return "what nobody can tell"
        return f"{some(runs, 'run')}, {some(attempts, 'attempt')} and {some(steps, 'step')}"

    def _number(self, sql: str) -> int:
        return int(self.db.execute(sql).fetchone()[0])

    def _column(self, sql: str) -> list[int]:
        return [row[0] for row in self.db.execute(sql)]


def _schema_of(db: sqlite_utils.Database) -> dict[tuple[str, str], str | None]:
    """Every table, index, trigger and view but those that SQLite makes for itself."""
    rows = db.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    return {(kind, name): sql for kind, name, sql in rows}


@cache
def _expected_schema(version: int) -> Mapping[tuple[str, str], str | None]:
    """The schema of a store of that version, taken from a new one."""
    import sqlite_utils

    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        db = sqlite_utils.Database(connection, execute_plugins=False)
        for migration in MIGRATIONS[:version]:
            migration(db)
        return _schema_of(db)


def _places(connection: sqlite3.Connection) -> Generator[tuple[str, int, int]]:
    """Each word of an index, the text it stands in, and the place there."""
    connection.execute("CREATE VIRTUAL TABLE temp.places USING fts5vocab(main, texts_fts, instance)")
    yield from connection.execute("SELECT term, doc, offset FROM temp.places")
