"""Writes attempts into a trace store as they happen.

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
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import StoreError
from app.store.database import insert
from app.store.owners import Owners
from app.store.records import Attempt, AttemptSpec, Record, Run, RunSpec, Status
from app.store.rows import attempt_row, call_row, run_row, step_row
from app.store.texts import Texts
from prompts.steps import Ending
from prompts.values import Answer, Score

if TYPE_CHECKING:
    import sqlite_utils


class ItemDone(StoreError):
    """An attempt came to its end when another one at the same item of its run was done."""


class AttemptClosed(StoreError):
    """An attempt that is not being written any more was to be closed."""


class Writer(Owners):
    """The writing half of a trace store.

    What is written is committed before a method returns. Every method raises ``StoreError`` when the file cannot be
    written, and then nothing of its own is in it.
    """

    def __init__(self, db: sqlite_utils.Database, path: str, file: Path | None, read_only: bool) -> None:
        super().__init__(db, path, file, read_only)
        self._texts = Texts(db)

    def begin_run(self, spec: RunSpec) -> Run:
        """Open a run."""
        started = time.time()
        with self._transaction():
            row = {**run_row(spec, self._texts.text), "program": version("isump"), "started": started}
            return Run(_row_id(self._db.table("runs").insert(row)), spec, started)

    def begin(self, spec: AttemptSpec) -> Attempt:
        """Open an attempt."""
        writer = self._writer()
        started = time.time()
        with self._transaction():
            state = {"status": "running", "started": started, "writer": writer}
            row = {**attempt_row(spec, self._texts.text), **state}
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
        """Close an attempt as done, with its answer or an explicit none.

        Raises:
            StoreError: The item of its run is done already, and stays so: the attempt is closed as failed. Or somebody
                else has closed or removed it, or the file cannot be written.
        """
        finished = time.time()
        try:
            with self._transaction(durable=True):
                completion = self._texts.text(answer.source)
                self._close(attempt, "done", None, finished, answer.text, completion, ending)
        except ItemDone as error:
            self.fail(attempt, str(error))
            raise
        return replace(
            attempt, status="done", answer=answer.text, completion=answer.source, ending=ending, finished=finished
        )

    def fail(self, attempt: Attempt, error: str) -> Attempt:
        """Close an attempt as failed: its error is kept, and it never counts as an answer.

        One that is closed already stays as it is.
        """
        finished = time.time()
        with self._transaction(), contextlib.suppress(AttemptClosed):
            self._close(attempt, "error", error, finished)
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

    def _close(
        self,
        attempt: Attempt,
        status: Status,
        error: str | None,
        finished: float,
        answer: str | None = None,
        completion: int | None = None,
        ending: Ending | None = None,
    ) -> None:
        try:
            closed = self._db.execute(
                "UPDATE attempts SET status = ?, error = ?, finished = ?, answer = ?, completion = ?, ending = ?"
                " WHERE id = ? AND status = 'running'",
                (status, error, finished, answer, completion, ending, attempt.id),
            )
        except sqlite3.IntegrityError as twice:
            spec = attempt.spec
            raise ItemDone(
                f"{spec.question.id} of run {spec.run} was done meanwhile by another attempt, which is kept: "
                f"attempt {attempt.id} does not count."
            ) from twice
        if not closed.rowcount:
            raise AttemptClosed(f"Attempt {attempt.id} was closed or removed by somebody else: see isump runs.")

    def _forget(self) -> None:
        self._texts.forget()


def _row_id(table: sqlite_utils.db.Table) -> int:
    """The id of the row that was just inserted."""
    assert isinstance(table.last_pk, int), "an INSERT has a row id"
    return table.last_pk
