"""Store: one SQLite file that holds every run, attempt, step and call, written as they happen.

attempt = store.begin(spec)
store.write(attempt.id, record)  # one committed transaction a step: kill -9 loses at most the step in flight
attempt = store.finish(attempt, answer, "answered")
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import StoreError
from app.store.database import insert, memory_id, text_id
from app.store.records import Attempt, AttemptSpec, Record, Run, RunSpec
from app.store.rows import attempt_row, call_row, run_row, state_row, step_row
from app.store.search import Search
from prompts.values import Answer, Ending, Score

if TYPE_CHECKING:
    import sqlite_utils


class ItemDone(StoreError):
    """An attempt came to its end when another one at the same item of its run was done."""


class AttemptClosed(StoreError):
    """An attempt that is not being written any more was to be closed."""


class Store(Search):
    """A trace store: everything that is read, found and written in one file.

    What is written is committed before a method returns. Every method raises ``StoreError`` when the file cannot be
    written, and then nothing of its own is in it. A write may wait for another process's lock: not in an event loop.
    """

    def __init__(self, db: sqlite_utils.Database, path: str, file: Path | None, read_only: bool) -> None:
        super().__init__(db, path, file, read_only)
        self._clocks: dict[int, float] = {}

    def begin_run(self, spec: RunSpec) -> Run:
        """Open a run."""
        started = time.time()
        with self.transaction() as db:
            row = run_row(spec, partial(text_id, db))
            return Run(insert(db, "runs", **row, program=version("isump"), started=started), spec, started)

    def begin(self, spec: AttemptSpec) -> Attempt:
        """Open an attempt."""
        clock, started = time.monotonic(), time.time()
        with self.transaction() as db:
            row = attempt_row(spec, partial(text_id, db))
            number = insert(db, "attempts", **row, status="running", started=started)
        self._clocks[number] = clock
        return Attempt(number, spec, "running", None, None, "", None, started, None)

    def write(self, attempt: int, record: Record) -> None:
        """Write one step with its calls and findings."""
        with self.transaction() as db:
            text = partial(text_id, db)
            columns = step_row(record.step, text, partial(memory_id, db))
            step = insert(db, "steps", attempt=attempt, idx=record.index, **columns)
            for idx, call in enumerate(record.step.calls):
                insert(db, "calls", step=step, idx=idx, **call_row(call, text))
            for idx, finding in enumerate(record.findings):
                kind = _finding_kind_id(db, finding.check, finding.kind)
                insert(db, "findings", step=step, idx=idx, kind=kind, text=finding.text, detail=finding.detail)

    def finish(self, attempt: Attempt, answer: Answer, ending: Ending) -> Attempt:
        """Close an attempt as done, with its answer or an explicit none.

        Raises:
            StoreError: The item of its run is done already, and stays so: the attempt is closed as failed. Or somebody
                else has closed or removed it, or the file cannot be written.
        """
        closed = replace(
            attempt,
            status="done",
            answer=answer.text,
            completion=answer.source,
            ending=ending,
            seconds=self._seconds(attempt),
        )
        try:
            self._close(closed)
        except ItemDone as error:
            self.fail(attempt, str(error))
            raise
        return closed

    def fail(self, attempt: Attempt, error: str) -> Attempt:
        """Close an attempt as failed: its error is kept, and it never counts as an answer.

        One that is closed already stays as it is.
        """
        closed = replace(attempt, status="error", error=error, seconds=self._seconds(attempt))
        with contextlib.suppress(AttemptClosed):
            self._close(closed)
        return closed

    def close_unfinished(self, run: int) -> int:
        """Close the attempts of a run that no process is at, which its caller knows; how many.

        They end when their last call did: the time until somebody noticed is not theirs.
        """
        with self.transaction() as db:
            return db.execute(
                "UPDATE attempts SET status = 'error', error = 'Its process ended before it did.', seconds = max(0,"
                " coalesce((SELECT max(calls.started + calls.seconds) FROM steps JOIN calls ON calls.step = steps.id"
                " WHERE steps.attempt = attempts.id) - started, 0)) WHERE run = ? AND status = 'running'",
                (run,),
            ).rowcount

    def score(self, attempt: int, scores: Mapping[str, Score]) -> None:
        """Keep what each scorer said of an attempt, in place of what it said of it before."""
        rows = ((attempt, scorer, score.value, score.extracted, score.why) for scorer, score in sorted(scores.items()))
        with self.transaction() as db:
            db.conn.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?)", rows)

    def _seconds(self, attempt: Attempt) -> float:
        """The duration of an attempt: monotonic if this store began it, else by the clock on the wall."""
        clock = self._clocks.get(attempt.id)
        return max(0.0, time.time() - attempt.started) if clock is None else time.monotonic() - clock

    def _close(self, attempt: Attempt) -> None:
        with self.transaction() as db:
            row = state_row(attempt, partial(text_id, db))
            columns = ", ".join(f"{name} = ?" for name in row)
            try:
                closed = db.execute(
                    f"UPDATE attempts SET {columns} WHERE id = ? AND status = 'running'", (*row.values(), attempt.id)
                )
            except sqlite3.IntegrityError as twice:
                spec = attempt.spec
                raise ItemDone(
                    f"{spec.question.id} of run {spec.run} was done meanwhile by another attempt, which is kept: "
                    f"attempt {attempt.id} does not count."
                ) from twice
            if not closed.rowcount:
                raise AttemptClosed(f"Attempt {attempt.id} was closed or removed by somebody else: see isump runs.")
        self._clocks.pop(attempt.id, None)


def _finding_kind_id(db: sqlite_utils.Database, check: str, kind: str) -> int:
    named = 'SELECT id FROM finding_kinds WHERE "check" = ? AND kind = ?'
    found = db.execute(named, (check, kind)).fetchone()
    return found[0] if found else insert(db, "finding_kinds", check=check, kind=kind)
