"""The trace store: one SQLite file that holds every run, attempt, step and call, written as they happen.

    with Store.open(Path("isump.sqlite")) as store:
        attempt = store.begin(spec)
        store.write(attempt, record)     # one committed transaction a step: kill -9 loses at most the step in flight
        store.finish(attempt, answer)

All SQL of the project is here and in ``app.migrations``. Text ids are local to a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.errors import StoreError
from app.migrations import APPLICATION_ID, MIGRATIONS
from app.record import Attempt, AttemptSpec, Costs, Item, Record, Run, RunSpec, Score
from graphs.reasoner import Step
from prompts.dials import Dials
from prompts.equations import Claim
from prompts.fidelity import Fidelity
from prompts.values import (
    Answer,
    Call,
    Generation,
    Memory,
    Message,
    Question,
    Request,
    Retry,
    TextMemory,
    Thought,
    Usage,
    VectorMemory,
)

_CACHED_IDS = 20_000  # text ids remembered between writes; about 3 MB


class Store:
    """A trace store. Any number of processes may write one file; in a process, one Store serves all threads."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        """Wrap an open connection whose schema is current; use ``Store.open``."""
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()
        self._ids: dict[bytes, int] = {}

    @classmethod
    def open(cls, path: Path | str) -> Store:
        """Open or create the store at ``path`` (":memory:" for none on disk) and bring its schema up to date.

        Raises:
            StoreError: the file is damaged, is not ours, is newer than this program, or cannot be written.
        """
        connection = None
        try:
            connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            _migrate(connection, path)
        except (sqlite3.Error, StoreError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"{path} cannot be used as a trace store ({error}): pass another --store PATH.") from error
        return cls(connection, str(path))

    @classmethod
    def existing(cls, path: Path | str) -> Store:
        """Open the store at ``path`` to read it; raises ``StoreError`` when there is none, instead of making one."""
        if not Path(path).is_file():
            raise StoreError(f"There is no trace store at {path}: solve a question first, or pass --store PATH.")
        return cls.open(path)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; everything written is already in it."""
        with self._lock:
            self._connection.close()

    # ---- writing -----------------------------------------------------------------------------------------------

    def begin_run(self, spec: RunSpec) -> int:
        """Open a run and return its number."""
        row = (spec.task, spec.task_version, spec.strategy, spec.backend, spec.model, spec.dials.model_dump_json())
        with self._writing() as db:
            cursor = db.execute(
                "INSERT INTO runs (task, task_version, strategy, backend, model, dials, source, n, program, started)"
                " VALUES (?,?,?,?,?,?,?,?,?,?)",
                (*row, json.dumps(spec.source), spec.n, version("isump"), time.time()),
            )
        return _id(cursor)

    def begin(self, spec: AttemptSpec) -> int:
        """Open an attempt and return its number."""
        question = spec.question
        with self._writing() as db:
            cursor = db.execute(
                "INSERT INTO attempts (run, question_id, question, context, strategy, backend, model, dials,"
                " parent_attempt, forked_at_step, status, started) VALUES (?,?,?,?,?,?,?,?,?,?,'running',?)",
                (
                    spec.run,
                    question.id,
                    self._text(question.text),
                    self._text(question.context) if question.context else None,
                    spec.strategy,
                    spec.backend,
                    spec.model,
                    spec.dials.model_dump_json(),
                    spec.parent,
                    spec.forked_at_step,
                    time.time(),
                ),
            )
        return _id(cursor)

    def write(self, attempt: int, item: Record) -> None:
        """Write one step with its calls, committed before this returns."""
        step, traced = item.step, item.fidelity
        with self._writing() as db:
            cursor = db.execute(
                "INSERT INTO steps (attempt, idx, verb, round, thought, answer, memory_before, memory_after, marks,"
                " claims, kept, dropped, invented, ending, vector_before, vector_after)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    attempt,
                    item.index,
                    step.verb,
                    step.round,
                    self._words(step),
                    _answer(step),
                    self._memory(step.memory_before),
                    self._memory(step.memory_after),
                    json.dumps(step.marks),
                    json.dumps([_claim_json(claim) for claim in item.claims]),
                    *_traced(traced),
                    step.ending,
                    self._vector(step.memory_before),
                    self._vector(step.memory_after),
                ),
            )
            row = _id(cursor)
            db.executemany(
                "INSERT INTO calls VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                [(row, i, *self._call(call)) for i, call in enumerate(step.calls)],
            )

    def finish(self, attempt: int, answer: Answer, ending: str) -> None:
        """Close an attempt as done, with its answer or an explicit none."""
        with self._writing() as db:
            db.execute(
                "UPDATE attempts SET status='done', answer=?, completion=?, ending=?, finished=? WHERE id=?",
                (answer.text, self._text(answer.source), ending, time.time(), attempt),
            )

    def fail(self, attempt: int, error: str) -> None:
        """Close an attempt as failed: its error is kept, and it never counts as an answer."""
        with self._writing() as db:
            db.execute(
                "UPDATE attempts SET status='error', error=?, finished=? WHERE id=?", (error, time.time(), attempt)
            )

    def score(self, attempt: int, scores: Sequence[Score]) -> None:
        """Keep what each scorer said of an attempt; a value of ``None`` means that it could not judge."""
        with self._writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO scores VALUES (?,?,?,?,?)",
                [(attempt, score.scorer, score.value, score.extracted, score.why) for score in scores],
            )

    # ---- reading -----------------------------------------------------------------------------------------------

    def run(self, number: int) -> Run:
        """One run; raises ``StoreError`` when there is none of that number."""
        found = [run for run in self.runs() if run.id == number]
        if not found:
            raise StoreError(f"{self.path} has no run {number}: `isump runs` lists them.")
        return found[0]

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        return [
            Run(
                row["id"],
                RunSpec(
                    row["task"],
                    row["task_version"],
                    row["strategy"],
                    row["backend"],
                    row["model"],
                    Dials.model_validate_json(row["dials"]),
                    json.loads(row["source"]),
                    row["n"],
                ),
                row["started"],
            )
            for row in self._rows("SELECT * FROM runs ORDER BY id")
        ]

    def items(self, run: int) -> list[Item]:
        """The newest attempt at each question of a run, with its scores and costs, in the order first tried."""
        scores: dict[int, dict[str, float | None]] = {}
        for row in self._rows(
            "SELECT scores.* FROM scores JOIN items ON items.attempt = scores.attempt WHERE items.run = ?", run
        ):
            scores.setdefault(row["attempt"], {})[row["scorer"]] = row["value"]
        rows = self._rows(
            "SELECT items.question_id, items.tries, attempts.status, attempts.answer, attempts.error, attempt_costs.*"
            " FROM items JOIN attempts ON attempts.id = items.attempt"
            " JOIN attempt_costs ON attempt_costs.attempt = items.attempt WHERE items.run = ? ORDER BY items.attempt",
            run,
        )
        return [
            Item(
                row["question_id"],
                row["attempt"],
                row["status"],
                row["answer"],
                row["error"],
                scores.get(row["attempt"], {}),
                _costs(row),
            )
            for row in rows
        ]

    def attempts(self, limit: int = 50) -> list[Attempt]:
        """The newest attempts, newest first."""
        return [_attempt(row) for row in self._rows(f"{_ATTEMPTS} ORDER BY attempts.id DESC LIMIT ?", limit)]

    def attempt(self, number: int) -> Attempt:
        """One attempt; raises ``StoreError`` when there is none of that number."""
        rows = self._rows(f"{_ATTEMPTS} WHERE attempts.id = ?", number)
        if not rows:
            raise StoreError(f"{self.path} has no attempt {number}: `isump runs` lists the newest.")
        return _attempt(rows[0])

    def costs(self, attempt: int) -> Costs:
        """What an attempt cost so far."""
        return _costs(self._rows("SELECT * FROM attempt_costs WHERE attempt = ?", attempt)[0])

    def call_spans(self, run: int) -> list[tuple[float, float]]:
        """When each call of a run began and ended, in Unix seconds."""
        rows = self._rows(
            "SELECT calls.started, calls.started + calls.seconds AS ended FROM calls"
            " JOIN steps ON steps.id = calls.step"
            " JOIN attempts ON attempts.id = steps.attempt WHERE attempts.run = ?",
            run,
        )
        return [(row["started"], row["ended"]) for row in rows]

    def attempt_spans(self, run: int) -> list[tuple[float, float]]:
        """When each closed attempt of a run began and ended, in Unix seconds."""
        rows = self._rows("SELECT started, finished FROM attempts WHERE run = ? AND finished IS NOT NULL", run)
        return [(row["started"], row["finished"]) for row in rows]

    def records(self, attempt: int) -> list[Record]:
        """The steps of an attempt, equal to the Records that were written."""
        calls: dict[int, list[Call]] = {}
        for row in self._rows(
            "SELECT calls.* FROM calls JOIN steps ON steps.id = calls.step WHERE attempt = ? ORDER BY step, calls.idx",
            attempt,
        ):
            calls.setdefault(row["step"], []).append(self._read_call(row))
        steps = self._rows("SELECT * FROM steps WHERE attempt = ? ORDER BY idx", attempt)
        return [self._read_step(row, tuple(calls.get(row["id"], ()))) for row in steps]

    def search(self, words: str, limit: int = 50) -> list[int]:
        """Numbers of the attempts whose thoughts or memories hold all the words, best first."""
        query = " ".join('"' + word.replace('"', '""') + '"' for word in words.split())
        if not query:
            return []
        rows = self._rows(
            "SELECT steps.attempt FROM texts_fts JOIN steps"
            " ON steps.thought = texts_fts.rowid OR steps.memory_after = texts_fts.rowid"
            " WHERE texts_fts MATCH ? GROUP BY steps.attempt ORDER BY min(texts_fts.rank) LIMIT ?",
            query,
            limit,
        )
        return [row["attempt"] for row in rows]

    # ---- inside ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                self._ids.clear()
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError | sqlite3.DatabaseError) and not isinstance(
                    error, sqlite3.IntegrityError
                ):
                    raise StoreError(
                        f"{self.path} could not be written ({error}): nothing already in it is lost."
                    ) from error
                raise

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise StoreError(f"{self.path} could not be read ({error}): pass another --store PATH.") from error

    def _text(self, text: str) -> int:
        data = text.encode("utf-8", "surrogatepass")
        return self._once("texts", hashlib.sha256(data).digest(), ("text",), (text,))

    def _words(self, step: Step) -> int | None:
        if step.thought:
            return self._text(step.thought.text)
        return self._text(step.answer.source) if step.answer else None

    def _memory(self, memory: Memory) -> int | None:
        if isinstance(memory, VectorMemory):
            return None
        return self._text(json.dumps({"known": memory.known, "next": memory.next}, ensure_ascii=False))

    def _vector(self, memory: Memory) -> int | None:
        if isinstance(memory, TextMemory):
            return None
        values = (memory.safetensors, json.dumps(memory.shape), memory.norm)
        return self._once(
            "memories", hashlib.sha256(memory.safetensors).digest(), ("safetensors", "shape", "norm"), values
        )

    def _once(self, table: str, digest: bytes, columns: tuple[str, ...], values: tuple[object, ...]) -> int:
        if (known := self._ids.get(digest)) is not None:
            return known
        row = self._connection.execute(f"SELECT id FROM {table} WHERE sha256 = ?", (digest,)).fetchone()
        if row is None:
            marks = ",".join("?" * (len(columns) + 1))
            sql = f"INSERT INTO {table} (sha256, {', '.join(columns)}) VALUES ({marks})"
            found = _id(self._connection.execute(sql, (digest, *values)))
        else:
            found = int(row["id"])
        if len(self._ids) >= _CACHED_IDS:
            self._ids.clear()
        self._ids[digest] = found
        return found

    def _call(self, call: Call) -> tuple[object, ...]:
        request, generation = call.request, call.generation
        prompt = [[message.role, [self._text(part) for part in message.parts]] for message in request.messages]
        return (
            json.dumps(prompt),
            self._text(generation.text),
            generation.usage.prompt,
            generation.usage.cached,
            generation.usage.completion,
            generation.finish_reason,
            generation.started,
            generation.seconds,
            json.dumps([[retry.error, retry.waited] for retry in generation.retries]),
            request.max_tokens,
            request.temperature,
            request.seed,
            json.dumps(request.schema) if request.schema is not None else None,
        )

    def _read_text(self, number: int | None) -> str:
        if number is None:
            return ""
        return str(self._rows("SELECT text FROM texts WHERE id = ?", number)[0]["text"])

    def _read_memory(self, text: int | None, vector: int | None) -> Memory:
        if vector is not None:
            row = self._rows("SELECT * FROM memories WHERE id = ?", vector)[0]
            return VectorMemory(row["safetensors"], tuple(json.loads(row["shape"])), row["norm"])
        found = json.loads(self._read_text(text))
        return TextMemory(tuple(found["known"]), tuple(found["next"]))

    def _read_call(self, row: sqlite3.Row) -> Call:
        messages = tuple(
            Message(role, tuple(self._read_text(part) for part in parts)) for role, parts in json.loads(row["prompt"])
        )
        schema: dict[str, Any] | None = json.loads(row["schema"]) if row["schema"] else None
        generation = Generation(
            self._read_text(row["output"]),
            Usage(row["prompt_tokens"], row["completion_tokens"], row["cached_tokens"]),
            row["finish_reason"],
            row["seconds"],
            row["started"],
            tuple(Retry(error, waited) for error, waited in json.loads(row["retries"])),
        )
        return Call(Request(messages, row["max_tokens"], row["temperature"], row["seed"], schema), generation)

    def _read_step(self, row: sqlite3.Row, calls: tuple[Call, ...]) -> Record:
        text = self._read_text(row["thought"])
        step = Step(
            row["verb"],
            row["round"],
            self._read_memory(row["memory_before"], row["vector_before"]),
            self._read_memory(row["memory_after"], row["vector_after"]),
            calls,
            tuple(json.loads(row["marks"])),
            Thought(text, row["answer"]) if row["verb"] == "step" else None,
            Answer(row["answer"], text) if row["verb"] == "conclude" else None,
            row["ending"],
        )
        traced = None
        if row["kept"] is not None:
            traced = Fidelity(*(tuple(json.loads(row[name])) for name in ("kept", "dropped", "invented")))
        return Record(row["idx"], step, traced, tuple(_read_claim(claim) for claim in json.loads(row["claims"])))


_ATTEMPTS = (
    "SELECT attempts.*, asked.text AS asked, given.text AS given, written.text AS written FROM attempts"
    " JOIN texts AS asked ON asked.id = attempts.question LEFT JOIN texts AS given ON given.id = attempts.context"
    " LEFT JOIN texts AS written ON written.id = attempts.completion"
)


def _migrate(connection: sqlite3.Connection, path: Path | str) -> None:
    ours = connection.execute("PRAGMA application_id").fetchone()[0]
    level = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and ours != APPLICATION_ID:
        raise StoreError(f"{path} is a SQLite file of another program: pass another --store PATH.")
    if level > len(MIGRATIONS):
        raise StoreError(f"{path} was written by a newer isump: upgrade this one, or pass another --store PATH.")
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = normal")
    connection.execute("PRAGMA foreign_keys = on")
    if level == len(MIGRATIONS):
        return
    from sqlite_utils import Database

    connection.execute("BEGIN IMMEDIATE")
    try:  # another process may have migrated while this one waited for the lock
        level = connection.execute("PRAGMA user_version").fetchone()[0]
        db = Database(connection, execute_plugins=False)
        for number, migration in enumerate(MIGRATIONS[level:], level + 1):
            migration(db)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _id(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None, "an INSERT has a row id"
    return cursor.lastrowid


def _answer(step: Step) -> str | None:
    if step.answer is not None:
        return step.answer.text
    return step.thought.answer if step.thought else None


def _costs(row: sqlite3.Row) -> Costs:
    return Costs(**{name: row[name] for name in Costs.__dataclass_fields__})


def _attempt(row: sqlite3.Row) -> Attempt:
    spec = AttemptSpec(
        Question(row["question_id"], row["asked"], row["given"] or ""),
        row["strategy"],
        row["backend"],
        row["model"],
        Dials.model_validate_json(row["dials"]),
        row["run"],
        row["parent_attempt"],
        row["forked_at_step"],
    )
    times = (row["started"], row["finished"])
    return Attempt(
        row["id"], spec, row["status"], row["error"], row["answer"], row["written"] or "", row["ending"], *times
    )


def _traced(found: Fidelity | None) -> tuple[str | None, str | None, str | None]:
    if found is None:
        return None, None, None
    return json.dumps(found.kept), json.dumps(found.dropped), json.dumps(found.invented)


def _claim_json(claim: Claim) -> list[str | None]:
    left, right = (None if side is None else str(side) for side in (claim.left, claim.right))
    return [claim.text, left, right, claim.verdict]


def _read_claim(found: list[Any]) -> Claim:
    text, left, right, verdict = found
    return Claim(text, Fraction(left) if left else None, Fraction(right) if right else None, verdict)
