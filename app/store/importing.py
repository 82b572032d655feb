"""Reads traces back from JSON lines into a store, under new numbers, all of them or none.

import_traces(store, Path("traces.jsonl"))
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from app.errors import StoreError
from app.store import Store
from app.store.columns import is_moment
from app.store.database import insert
from app.store.lines import AnyLine, AttemptLine, End, Head, RunLine, StepLine, parse_line, read_record
from app.store.rows import attempt_row, run_row
from prompts.values import Call

LONGEST_LINE = 256 * 2**20
"""Bytes; a longer line is refused before it is read to its end."""
_MOST = 2**53
"""Above any count there can be, and below what JSON or SQLite would round."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported: how much of each, and the new number of each old one."""

    counted: End
    runs: dict[int, int]
    attempts: dict[int, int]


class _Wrong(Exception):
    """What is wrong with a line."""


def check_head(path: Path) -> None:
    """Raise ``StoreError`` when there is no export of a known version at ``path``."""
    with _open(path) as file:
        number, line = next(_lines(file, path), (1, None))
        if not isinstance(line, Head):
            raise _error(path, number, 'an export begins with a line {"line":"head",...}')


def import_traces(store: Store, path: Path) -> Imported:
    """Add the traces at ``path`` to a store.

    Raises:
        StoreError: The file cannot be read, a line of it is wrong, which is named, or the store cannot be written; then
            nothing was added.
    """
    check_head(path)
    reading = _Reading(store)
    with _open(path) as file, store._transaction(durable=True):
        number = 0
        for number, line in _lines(file, path):
            try:
                reading.add(line)
            except (_Wrong, LookupError, ValueError, OverflowError, StoreError) as error:
                raise _error(path, number, error) from error
        if reading.end is None:
            raise _error(path, number, "it ends here, without the line that says that nothing is missing")
    return Imported(reading.counted, reading.runs, reading.attempts)


@dataclass(slots=True)
class _Reading:
    """What was read so far; numbers of the file by numbers of the store."""

    store: Store
    runs: dict[int, int] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    at: int | None = None
    index: int = 0
    steps: int = 0
    done: set[tuple[int, str]] = field(default_factory=set)
    begun: bool = False
    end: End | None = None

    @property
    def counted(self) -> End:
        return End(runs=len(self.runs), attempts=len(self.attempts), steps=self.steps)

    def add(self, line: AnyLine) -> None:
        """Write what a line says; raises ``_Wrong`` when it cannot follow those before it."""
        if self.end is not None:
            raise _Wrong("it comes after the last line")
        match line:
            case Head():
                if self.begun:
                    raise _Wrong("a second beginning")
                self.begun = True
            case RunLine():
                self._run(line)
            case AttemptLine():
                self._attempt(line)
            case StepLine():
                self._step(line)
            case End():
                if line != self.counted:
                    raise _Wrong(f"it should say {self.counted.model_dump_json()}")
                self.end = line

    def _run(self, line: RunLine) -> None:
        if line.run in self.runs:
            raise _Wrong(f"a second run {line.run}")
        _check_moments(line.started)
        _check_numbers(line.spec.n)
        row = {**run_row(line.spec, self.store._texts.text), "program": line.program, "started": line.started}
        self.runs[line.run] = insert(self.store._db, "runs", **row)

    def _attempt(self, line: AttemptLine) -> None:
        spec = line.spec
        if line.attempt in self.attempts:
            raise _Wrong(f"a second attempt {line.attempt}")
        if spec.run is not None and spec.run not in self.runs:
            raise _Wrong(f"it is of run {spec.run}, which does not come before it")
        if spec.parent is not None and spec.parent not in self.attempts:
            raise _Wrong(f"it is a fork of attempt {spec.parent}, which does not come before it")
        if (spec.parent is None) != (spec.forked_at_step is None):
            raise _Wrong("a fork has a parent and a step")
        if spec.run is not None and line.status == "done":
            if (item := (spec.run, spec.question.id)) in self.done:
                raise _Wrong(f"a second result of question {spec.question.id} in run {spec.run}")
            self.done.add(item)
        _check_moments(line.started, line.finished)
        _check_numbers(spec.forked_at_step, *(score.value for score in line.scores.values()))
        run = None if spec.run is None else self.runs[spec.run]
        parent = None if spec.parent is None else self.attempts[spec.parent]
        text_id = self.store._texts.text
        state = {
            "status": line.status,
            "error": line.error,
            "answer": line.answer,
            "completion": text_id(line.completion) if line.status == "done" else None,
            "ending": line.ending,
            "started": line.started,
            "finished": line.finished,
        }
        row = {**attempt_row(replace(spec, run=run, parent=parent), text_id), **state}
        self.at, self.index = line.attempt, 0
        self.attempts[line.attempt] = insert(self.store._db, "attempts", **row)
        self.store.score(self.attempts[line.attempt], line.scores)

    def _step(self, line: StepLine) -> None:
        if (line.of, line.index) != (self.at, self.index):
            raise _Wrong(f"step {line.index} of attempt {line.of} does not follow the line before it")
        _check_numbers(line.round)
        for call in line.calls:
            _check_call(call)
        self.store.write(self.attempts[line.of], read_record(line))
        self.index += 1
        self.steps += 1


def _check_call(call: Call) -> None:
    usage, generation, request = call.generation.usage, call.generation, call.request
    waited = (retry.waited for retry in generation.retries)
    _check_numbers(usage.prompt, usage.completion, usage.cached, request.max_tokens, request.seed)
    _check_numbers(generation.seconds, request.temperature, *waited)
    _check_moments(generation.started)
    json.dumps(request.schema)


def _check_numbers(*numbers: float | None) -> None:
    """Raise ``_Wrong`` for what no count, duration or score can be."""
    for number in numbers:
        if number is not None and not (math.isfinite(number) and 0 <= number < _MOST):
            raise _Wrong(f"{str(number)[:40]} is no number that a trace can hold")


def _check_moments(*moments: float | None) -> None:
    """Raise ``_Wrong`` for a time that has no date."""
    for moment in moments:
        if moment is not None and not is_moment(moment):
            raise _Wrong(f"{str(moment)[:40]} is no time that a trace can hold")


def _open(path: Path) -> IO[bytes]:
    try:
        if not path.is_file():
            raise StoreError(f"There is no file {path}: write one with isump store export.")
        return path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"{str(path)[:200]} cannot be read ({reason}): choose another file.") from error


def _lines(file: IO[bytes], path: Path) -> Iterator[tuple[int, AnyLine]]:
    """Each line with its number from 1."""
    for number in count(1):
        try:
            line = file.readline(LONGEST_LINE + 1)
        except OSError as error:
            raise _error(path, number, error) from error
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise _error(path, number, f"it is longer than {LONGEST_LINE:,} bytes")
        try:
            yield number, parse_line(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise _error(path, number, f"{place or 'it'}: {first['msg']}") from error


def _error(path: Path, number: int, reason: object) -> StoreError:
    return StoreError(f"Line {number} of {path} cannot be imported, and nothing was: {str(reason)[:300]}.")
