"""Care of a trace store: check, back up, restore, merge and prune."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

from app.errors import BadInput, StoreError
from app.store.database import READ_ERRORS, connect_read_only, digest, existing_file, insert, text_id
from app.store.rows import attempt_row, run_row, state_row
from app.store.schema import UNUSED
from app.store.store import Store

_MAX_PROBLEMS = 5
"""Problems of one kind that are told; more are left out."""


def check(store: Store, *, quick: bool = False) -> list[str]:
    """Everything that is wrong with a store, a sentence each; nothing is changed.

    Args:
        store: An open store.
        quick: Look at the file and at what its rows refer to, but not into every text and attempt.
    """
    looks = [_damage, _dangling_rows, _dangling_prompts]
    if not quick:
        looks += [_damaged_index, _changed_texts, _unreadable_attempts]
    found = list[str]()
    for look in looks:
        try:
            found += islice(look(store), _MAX_PROBLEMS)
        except (StoreError, *READ_ERRORS) as error:
            found.append(f"The file is damaged: {error}.")
    return found


def back_up(store: Path, target: Path) -> int:
    """Copy the store at ``store``, as it is at one moment, to the new file ``target``; its size in bytes.

    Raises:
        StoreError: There is something at ``target`` already, it cannot be written, or the store cannot be read.
    """
    source = existing_file(store)
    if os.path.lexists(target):
        raise StoreError(f"{target} is there already, and nothing is overwritten: choose another path.")
    part = target.with_name(f"{target.name}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        with contextlib.closing(connect_read_only(source)) as connection:
            connection.execute("VACUUM INTO ?", (str(part),))
        part.rename(target)
    except (sqlite3.Error, OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        raise StoreError(f"{str(target)[:200]} could not be written as a copy of {store} ({error}).") from error
    return target.stat().st_size


def restore(backup: Path, target: Path) -> Path | None:
    """Put a copy of ``backup`` where the store ``target`` is; where what was there has gone, log and all.

    SQLite would replay the log of the store that was there over the backup, so it goes with it.

    Raises:
        StoreError: The backup is damaged or no store, or ``target`` cannot be replaced.
    """
    with Store.open(backup, read_only=True) as opened:
        if problems := check(opened):
            raise StoreError(f"{backup} is not sound, and nothing was restored: {problems[0]}")
    part = target.with_name(f"{target.name}.restored")
    back_up(backup, part)
    away = None
    try:
        if os.path.lexists(target):
            names = (target.with_name(f"{target.name}.replaced-{number}") for number in range(1, 1000))
            away = next(name for name in names if not os.path.lexists(name))
            for end in ("-wal", "-shm", ""):
                with contextlib.suppress(FileNotFoundError):
                    target.with_name(f"{target.name}{end}").rename(away.with_name(f"{away.name}{end}"))
        part.rename(target)
    except OSError as error:
        raise StoreError(f"{target} cannot be replaced ({error.strerror}); the copy is in {part}.") from error
    return away


@dataclass(frozen=True, slots=True)
class Counted:
    """Numbers of runs and attempts that were added, or would be removed."""

    runs: int
    attempts: int


def merge(store: Store, other: Store) -> Counted:
    """Add the runs and attempts of ``other`` to ``store`` under new numbers, all of them or none.

    What is in the store already, because it was merged before or one file is a copy of the other, is not added again:
    it was begun at the very same moment. Attempts that are not closed stay behind.

    Raises:
        StoreError: One cannot be read, or the other cannot be written.
    """
    runs, attempts = dict[int, int](), dict[int, int]()
    run_ids = {(row["started"], row["task"]): row["id"] for row in store.rows("SELECT id, started, task FROM runs")}
    rows = store.rows("SELECT id, started, question_id, run, status, parent_attempt FROM attempts")
    attempt_ids = {(row["started"], row["question_id"]): row["id"] for row in rows}
    done = {(row["run"], row["question_id"]) for row in rows if row["status"] == "done" and not row["parent_attempt"]}
    added = [0, 0]
    with store.transaction() as db:
        text = partial(text_id, db)
        for run in other.runs():
            if (known := run_ids.get((run.started, run.spec.task))) is not None:
                runs[run.id] = known
                continue
            program = other.rows("SELECT program FROM runs WHERE id = ?", run.id)[0]["program"]
            runs[run.id] = insert(db, "runs", **run_row(run.spec, text), program=program, started=run.started)
            added[0] += 1
        for row in other.rows("SELECT id FROM attempts WHERE status <> 'running' ORDER BY id"):
            attempt = other.attempt(row["id"])
            spec = attempt.spec
            if (known := attempt_ids.get((attempt.started, spec.question.id))) is not None:
                attempts[attempt.id] = known
                continue
            spec = replace(
                spec,
                run=None if spec.run is None else runs[spec.run],
                parent=None if spec.parent is None else attempts.get(spec.parent),
            )
            is_item = spec.run is not None and spec.parent is None
            if is_item and attempt.status == "done" and (spec.run, spec.question.id) in done:
                error = "Its item was done already in the store that it was merged into."
                attempt = replace(attempt, status="error", error=error)
            row = attempt_row(spec, text) | state_row(attempt, text) | {"started": attempt.started}
            number = attempts[attempt.id] = insert(db, "attempts", **row)
            for record in other.records(attempt.id):
                store.write(number, record)
            store.score(number, other.scores(attempt.id))
            added[1] += 1
    return Counted(*added)


@dataclass(frozen=True, slots=True)
class PruneFilter:
    """Traces to remove: those of which everything given is true.

    Attributes:
        run: Number of a run.
        before: Unix time; what was begun before it. A run goes whole or stays whole.
        errors: Only failed attempts that are not the result of an item.
    """

    run: int | None = None
    before: float | None = None
    errors: bool = False


def count_prunable(store: Store, prune: PruneFilter) -> Counted:
    """Numbers of runs and attempts that ``remove`` would remove.

    Raises:
        BadInput: Nothing says what to remove.
        StoreError: There is no such run.
    """
    if prune == PruneFilter():
        raise BadInput("Say what to remove with --before, --run or --errors: see isump store prune --help.")
    if prune.run is not None:
        store.run(prune.run)
    values = (prune.run, prune.before, prune.errors)
    n = [store.rows(f"SELECT count(*) AS n FROM {table} WHERE {where}", *values)[0]["n"] for table, where in _PRUNED]
    return Counted(*n[::-1])


def remove(store: Store, prune: PruneFilter) -> None:
    """Remove what ``prune`` says with all that belongs to it, and every text that then nothing refers to."""
    with store.transaction() as db:
        for table, where in _PRUNED:
            db.execute(f"DELETE FROM {table} WHERE {where}", (prune.run, prune.before, prune.errors))
        for table, where in UNUSED:
            db.execute(f"DELETE FROM {table} WHERE {where}")
    store.vacuum()


_PRUNED_RUNS = (
    "NOT ?3 AND (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR started < ?2"
    " AND id NOT IN (SELECT run FROM attempts WHERE run IS NOT NULL AND started >= ?2))"
)
_PRUNED = (
    (
        "attempts",
        "CASE WHEN ?3 THEN status = 'error' AND id NOT IN (SELECT attempt FROM items)"
        " AND (?1 IS NULL OR run = ?1) AND (?2 IS NULL OR started < ?2)"
        f" ELSE run IN (SELECT id FROM runs WHERE {_PRUNED_RUNS})"
        " OR (run IS NULL AND ?1 IS NULL AND started < ?2) END",
    ),
    ("runs", _PRUNED_RUNS),
)
"""Table and condition of what is pruned, of a run, a time and whether only errors; attempts before their runs."""


def _damage(store: Store) -> Iterator[str]:
    for row in store.rows(f"PRAGMA integrity_check({_MAX_PROBLEMS})"):
        if row["integrity_check"] != "ok":
            yield f"The file is damaged: {row['integrity_check']}."


def _dangling_rows(store: Store) -> Iterator[str]:
    for row in store.rows("PRAGMA foreign_key_check"):
        yield f"A row of {row['table']} refers to one of {row['parent']} that is not there."


def _dangling_prompts(store: Store) -> Iterator[str]:
    for row in store.rows(
        "SELECT DISTINCT step FROM calls, json_each(prompt) AS part WHERE part.value NOT IN (SELECT id FROM texts)"
    ):
        yield f"A part of a prompt of step {row['step']} is not there."


def _damaged_index(store: Store) -> Iterator[str]:
    if not store.read_only:
        with store.transaction() as db:
            db.execute("INSERT INTO texts_fts (texts_fts) VALUES ('integrity-check')")
    missing = (
        "SELECT count(*) AS n FROM (SELECT thought FROM steps WHERE thought IS NOT NULL UNION SELECT text FROM memories"
        " UNION SELECT question FROM attempts EXCEPT SELECT id FROM texts_fts_docsize)"
    )
    if n := store.rows(missing)[0]["n"]:
        yield f"{n:,} texts cannot be found by words: sqlite-utils rebuild-fts mends that."


def _changed_texts(store: Store) -> Iterator[str]:
    for row in store.rows("SELECT id, sha256, CAST(text AS BLOB) AS text FROM texts"):
        if row["sha256"] != digest(row["text"]):
            yield f"Text {row['id']} is not what was written."
    for row in store.rows(
        "SELECT memories.id, memories.sha256, kind, CAST(texts.text AS BLOB) AS text, data"
        " FROM memories JOIN texts ON texts.id = memories.text"
    ):
        if row["sha256"] != digest(row["kind"].encode(), row["text"], row["data"] or b""):
            yield f"Memory {row['id']} is not what was written."


def _unreadable_attempts(store: Store) -> Iterator[str]:
    try:
        store.runs()
    except StoreError as error:
        yield str(error)
    for row in store.rows("SELECT id FROM attempts ORDER BY id"):
        try:
            store.attempt(row["id"])
            indices = [record.index for record in store.records(row["id"])]
        except StoreError as error:
            yield f"Attempt {row['id']} cannot be read: {error}"
        else:
            if indices != list(range(len(indices))):
                yield f"Steps of attempt {row['id']} are missing."
