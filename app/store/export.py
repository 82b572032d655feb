"""Writes runs and attempts as JSON lines, a line at a time, into a new file that is there whole or not at all.

export(store, Path("traces.jsonl"))
export(store, Path("run-3.jsonl"), run=3)
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from app.errors import StoreError
from app.store import Store
from app.store.backup import new_file
from app.store.database import Row
from app.store.lines import AttemptLine, End, Head, Line, RunLine, step_line


def export(store: Store, target: Path, *, run: int | None = None, attempt: int | None = None) -> End:
    """Write all of a store, a run, or an attempt to ``target``; how much of each there was.

    With a run come the forks of its attempts, and with every fork its parents and their runs.

    Raises:
        StoreError: There is something at ``target``, it cannot be written, there is no such run or attempt, or what
            is wanted is still being written.
    """
    if run is not None:
        store.run(run)
    if attempt is not None:
        store.attempt(attempt)
    store.close_abandoned()
    _refuse_what_is_written(store, _wanted_runs(store, run, attempt, _wanted(store, run, attempt)))
    with store._snapshot():
        attempts = _wanted(store, run, attempt)
        runs = _wanted_runs(store, run, attempt, attempts)
        with new_file(target) as part, part.open("w", encoding="utf-8", newline="\n") as file:
            for line in (lines := _Lines(store)).of(runs, [row["id"] for row in attempts]):
                file.write(f"{line.model_dump_json()}\n")
    return lines.counted


class _Lines:
    """The lines of an export, counted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.counted = End()

    def of(self, runs: list[int], attempts: list[int]) -> Iterator[Line]:
        """The lines of these runs and attempts."""
        yield Head(program=version("isump"))
        for run in runs:
            yield self._run(run)
        steps = 0
        for attempt in attempts:
            yield self._attempt(attempt)
            for index in range(count := self.store.step_count(attempt)):
                yield step_line(attempt, self.store.record(attempt, index))
            steps += count
        self.counted = End(runs=len(runs), attempts=len(attempts), steps=steps)
        yield self.counted

    def _run(self, number: int) -> RunLine:
        run = self.store.run(number)
        program = self.store._rows("SELECT program FROM runs WHERE id = ?", number)[0]["program"]
        return RunLine(run=number, spec=run.spec, program=program, started=run.started)

    def _attempt(self, number: int) -> AttemptLine:
        attempt = self.store.attempt(number)
        if attempt.status == "running":
            raise StoreError(f"Attempt {number} is being written: wait for its end, or stop it.")
        return AttemptLine(
            attempt=number,
            spec=attempt.spec,
            status=attempt.status,
            error=attempt.error,
            answer=attempt.answer,
            completion=attempt.completion,
            ending=attempt.ending,
            started=attempt.started,
            finished=attempt.finished,
            scores=dict(self.store.scores(number)),
        )


def _wanted(store: Store, run: int | None, attempt: int | None) -> list[Row]:
    """The attempts to export, parents before their forks."""
    rows = store._rows("SELECT id, run, parent_attempt AS parent FROM attempts ORDER BY id")
    if run is None and attempt is None:
        return rows
    wanted: set[int] = set()
    for row in rows:
        if row["id"] == attempt or (run is not None and (row["run"] == run or row["parent"] in wanted)):
            wanted.add(row["id"])
    for row in reversed(rows):
        if row["id"] in wanted and row["parent"] is not None:
            wanted.add(row["parent"])
    return [row for row in rows if row["id"] in wanted]


def _wanted_runs(store: Store, run: int | None, attempt: int | None, attempts: list[Row]) -> list[int]:
    """The runs to export: of a whole store also those that have no attempts."""
    if run is None and attempt is None:
        return [row["id"] for row in store._rows("SELECT id FROM runs ORDER BY id")]
    return sorted({row["run"] for row in attempts if row["run"] is not None} | ({run} if run is not None else set()))


def _refuse_what_is_written(store: Store, runs: list[int]) -> None:
    for run in runs:
        if (owner := store.owner_of(run)) is not None:
            raise StoreError(f"Run {run} is being written by {owner}: wait for its end, or stop it.")
