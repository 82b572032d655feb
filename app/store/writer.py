"""Writes attempts into a trace store as they happen.

attempt = store.begin(spec)
store.write(attempt.id, record)  # one committed transaction a step: kill -9 loses at most the step in flight
attempt = store.finish(attempt, answer, "answered")
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from app.errors import StoreError
from app.store.database import Database, insert
from app.store.records import Attempt, AttemptSpec, Record, Run, RunSpec
from app.store.rows import attempt_row, call_row, run_row, step_row
from app.store.texts import Texts
from prompts.steps import Ending
from prompts.values import Answer, Score

if TYPE_CHECKING:
    import sqlite_utils


class Writer(Database):
    """The writing half of a trace store.

    What is written is committed before a method returns. Every method raises ``StoreError`` when the file cannot be
    written, and then nothing of its own is in it.
    """

    def __init__(self, db: sqlite_utils.Database, path: str) -> None:
        super().__init__(db, path)
        self._texts = Texts(db)

    def begin_run(self, spec: RunSpec) -> Run:
        """Open a run."""
        started = time.time()
        row = {**run_row(spec), "program": version("isump"), "started": started}
        with self._transaction():
            return Run(_row_id(self._db.table("runs").insert(row)), spec, started)

    def begin(self, spec: AttemptSpec) -> Attempt:
        """Open an attempt."""
        started = time.time()
        with self._transaction():
            row = {**attempt_row(spec, self._texts.text), "status": "running", "started": started}
            number = _row_id(self._db.table("attempts").insert(row))
        return Attempt(number, spec, "running", None, None, "", None, started, None)

    def write(self, attempt: int, record: Record) -> None:
        """Write one step with its calls and findings."""
        text_id = self._texts.text
        with self._transaction():
            columns = step_row(record.step, text_id, self._texts.memory)
            step = insert(self._db, "steps", attempt=attempt, idx=record.index, **columns)
            for idx, call in enumerate(record.step.calls):
                insert(self._db, "calls", step=step, idx=idx, **call_row(call, text_id))
            for idx, finding in enumerate(record.findings):
                kind = self._texts.finding_kind(finding.check, finding.kind)
                insert(self._db, "findings", step=step, idx=idx, kind=kind, text=finding.text, detail=finding.detail)

    def finish(self, attempt: Attempt, answer: Answer, ending: Ending) -> Attempt:
        """Close an attempt as done, with its answer or an explicit none."""
        finished = time.time()
        with self._transaction():
            row = {
                "status": "done",
                "answer": answer.text,
                "completion": self._texts.text(answer.source),
                "ending": ending,
                "finished": finished,
            }
            self._db.table("attempts").update(attempt.id, row)
        return replace(
            attempt, status="done", answer=answer.text, completion=answer.source, ending=ending, finished=finished
        )

    def fail(self, attempt: Attempt, error: str) -> Attempt:
        """Close an attempt as failed: its error is kept, and it never counts as an answer."""
        finished = time.time()
        with self._transaction():
            self._db.table("attempts").update(attempt.id, {"status": "error", "error": error, "finished": finished})
        return replace(attempt, status="error", error=error, finished=finished)

    def score(self, attempt: int, scores: Mapping[str, Score]) -> None:
        """Keep what each scorer said of an attempt, in place of what it said of it before."""
        rows = [
            {
                "attempt": attempt,
                "scorer": scorer,
                "value": score.value,
                "extracted": score.extracted,
                "why": score.why,
            }
            for scorer, score in scores.items()
        ]
        with self._transaction():
            self._db.table("scores").upsert_all(rows, pk=("attempt", "scorer"))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Hold the lock of the file; commit at the end, or roll back and say why nothing was written."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException as error:
                self._texts.forget()
                self._db.rollback()
                if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.IntegrityError):
                    raise StoreError(
                        f"{self.path} could not be written ({error}): nothing already in it is lost."
                    ) from error
                raise


def _row_id(table: sqlite_utils.db.Table) -> int:
    """The id of the row that was just inserted."""
    assert isinstance(table.last_pk, int), "an INSERT has a row id"
    return table.last_pk
