"""Reader: the contents of a trace store, read back as the values that were written.

with Store.existing(Path("isump.sqlite")) as store:
    for record in store.records(attempt): ...
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from pydantic import ValidationError

from app.errors import StoreError
from app.store.database import Database, Row
from app.store.records import Attempt, CallUsage, Costs, ItemResult, Record, Run, call_usage
from app.store.rows import as_json, attempt_texts, call_texts, read_attempt, read_call, read_run, read_step, run_texts
from prompts.memories import Encoded, Memory, decode
from prompts.settings import invalid_value
from prompts.values import Call, Finding


class Reader(Database):
    """The reading half of a trace store; every method raises ``StoreError`` when the file cannot be read."""

    def run(self, number: int) -> Run:
        """One run; raises ``StoreError`` when there is none of that number."""
        rows = self.rows("SELECT * FROM runs WHERE id = ?", number)
        if not rows:
            raise StoreError(f"{self.path} has no run {number}: {self._numbers('runs')}.")
        return self._runs(rows)[0]

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        return self._runs(self.rows("SELECT * FROM runs ORDER BY id"))

    def items(self, run: int) -> list[ItemResult]:
        """The attempt that counts at each question of a run, with its scores and costs, oldest first."""
        scores: dict[int, dict[str, float | None]] = {}
        for row in self.rows(
            "SELECT scores.* FROM items JOIN scores ON scores.attempt = items.attempt WHERE items.run = ?", run
        ):
            scores.setdefault(row["attempt"], {})[row["scorer"]] = row["value"]
        rows = self.rows(
            "SELECT items.question_id, attempts.question, attempts.context, attempts.status, attempts.answer,"
            " attempts.error, attempt_costs.*"
            " FROM items JOIN attempts ON attempts.id = items.attempt"
            " JOIN attempt_costs ON attempt_costs.attempt = items.attempt"
            " WHERE items.run = ? AND attempt_costs.run = ? ORDER BY items.attempt",
            run,
            run,
        )
        return [
            ItemResult(
                **{name: row[name] for name in ("question_id", "attempt", "status", "answer", "error")},
                question=(row["question"], row["context"]),
                scores=scores.get(row["attempt"], {}),
                costs=_costs(row),
            )
            for row in rows
        ]

    def attempts(self, limit: int = 50) -> list[Attempt]:
        """The newest attempts, newest first."""
        return self._attempts(self.rows("SELECT * FROM attempts ORDER BY id DESC LIMIT ?", limit))

    def attempt(self, number: int) -> Attempt:
        """One attempt; raises ``StoreError`` when there is none of that number."""
        rows = self.rows("SELECT * FROM attempts WHERE id = ?", number)
        if not rows:
            raise StoreError(f"{self.path} has no attempt {number}: {self._numbers('attempts')}.")
        return self._attempts(rows)[0]

    def costs(self, attempt: int) -> Costs:
        """The costs of an attempt so far; all zero when there is no such attempt."""
        rows = self.rows("SELECT * FROM attempt_costs WHERE attempt = ?", attempt)
        return _costs(rows[0]) if rows else Costs()

    def unanswered_texts(self, run: int) -> list[str]:
        """The text that each finished item of a run without an answer ended in."""
        rows = self.rows(
            "SELECT coalesce(text, '') AS text FROM items JOIN attempts ON attempts.id = items.attempt"
            " LEFT JOIN texts ON texts.id = attempts.completion"
            " WHERE items.run = ? AND attempts.status = 'done' AND attempts.answer IS NULL",
            run,
        )
        return [row["text"] for row in rows]

    def rounds(self, run: int) -> list[int]:
        """The thoughts that each finished item of a run took."""
        rows = self.rows(
            "SELECT coalesce(max(steps.round), 0) AS rounds FROM items"
            " JOIN attempts ON attempts.id = items.attempt AND attempts.status = 'done'"
            " LEFT JOIN steps ON steps.attempt = items.attempt WHERE items.run = ? GROUP BY items.attempt",
            run,
        )
        return [row["rounds"] for row in rows]

    def call_spans(self, run: int) -> list[tuple[float, float]]:
        """Begin and end of each call of a run, in Unix seconds."""
        rows = self.rows(
            "SELECT calls.started, calls.started + calls.seconds AS ended"
            " FROM attempts JOIN steps ON steps.attempt = attempts.id JOIN calls ON calls.step = steps.id"
            " WHERE attempts.run = ?",
            run,
        )
        return [(row["started"], row["ended"]) for row in rows]

    def attempt_spans(self, run: int) -> list[tuple[float, float]]:
        """Begin and end of each closed attempt of a run, in Unix seconds."""
        rows = self.rows("SELECT started, seconds FROM attempts WHERE run = ? AND seconds IS NOT NULL", run)
        return [(row["started"], row["started"] + row["seconds"]) for row in rows]

    def usages(self, attempts: Sequence[int]) -> dict[int, list[CallUsage]]:
        """The token counts of every step of each of the attempts, without their texts."""
        found: dict[int, list[CallUsage]] = {attempt: [] for attempt in attempts}
        rows = self.rows(
            "SELECT steps.id, steps.attempt, verb, prompt_tokens AS prompted, completion_tokens AS completed,"
            " stop <> '[]' AS stops"
            " FROM json_each(?) AS wanted"
            " CROSS JOIN steps ON steps.attempt = wanted.value LEFT JOIN calls ON calls.step = steps.id"
            " ORDER BY steps.attempt, steps.idx, calls.idx",
            as_json(list(found)),
        )
        for _, calls in groupby(rows, lambda row: row["id"]):
            step = list(calls)
            made = [(row["prompted"], row["completed"], row["stops"]) for row in step if row["prompted"] is not None]
            found[step[0]["attempt"]].append(call_usage(step[0]["verb"], made))
        return found

    def finding_counts(self, run: int, check: str, kind: str) -> dict[int, int]:
        """Counts of the findings of one check and kind by attempt; every attempt of the run is a key."""
        rows = self.rows(
            "SELECT attempts.id AS attempt, count(findings.step) AS n FROM attempts"
            " LEFT JOIN steps ON steps.attempt = attempts.id"
            " LEFT JOIN findings ON findings.step = steps.id AND findings.kind ="
            ' (SELECT id FROM finding_kinds WHERE "check" = ? AND kind = ?)'
            " WHERE attempts.run = ? GROUP BY attempts.id",
            check,
            kind,
            run,
        )
        return {row["attempt"]: row["n"] for row in rows}

    def step_count(self, attempt: int) -> int:
        """The number of stored steps of an attempt."""
        return int(self.rows("SELECT count(*) AS n FROM steps WHERE attempt = ?", attempt)[0]["n"])

    def records(self, attempt: int) -> list[Record]:
        """The steps of an attempt, equal to the Records that were written."""
        return self._records("attempt = ?", attempt)

    def record(self, attempt: int, index: int) -> Record:
        """One step of an attempt; raises ``StoreError`` when there is none of that number."""
        found = self._records("attempt = ? AND steps.idx = ?", attempt, index)
        if not found:
            raise StoreError(f"{self.path} has no step {index} of attempt {attempt}.")
        return found[0]

    def _runs(self, rows: list[Row]) -> list[Run]:
        texts = self._texts_of({text for row in rows for text in run_texts(row)})
        with self._reading("a run"):
            return [read_run(row, texts) for row in rows]

    def _attempts(self, rows: list[Row]) -> list[Attempt]:
        texts = self._texts_of({text for row in rows for text in attempt_texts(row)})
        with self._reading("settings"):
            return [read_attempt(row, texts) for row in rows]

    def _records(self, condition: str, *values: int) -> list[Record]:
        """The steps that the condition names; each table is read once, whatever their number."""
        steps = self.rows(f"SELECT * FROM steps WHERE {condition} ORDER BY idx", *values)
        ids = as_json([row["id"] for row in steps])
        calls = self.rows("SELECT * FROM calls WHERE step IN (SELECT value FROM json_each(?)) ORDER BY step, idx", ids)
        findings = self.rows(
            'SELECT step, "check", finding_kinds.kind, text, detail'
            " FROM findings JOIN finding_kinds ON finding_kinds.id = findings.kind"
            " WHERE step IN (SELECT value FROM json_each(?)) ORDER BY step, idx",
            ids,
        )
        with self._reading("a step"):
            return self._put_together(steps, calls, findings)

    def _put_together(self, steps: list[Row], calls: list[Row], findings: list[Row]) -> list[Record]:
        thoughts = {row["thought"] for row in steps} - {None}
        texts = self._texts_of(thoughts.union(*map(call_texts, calls)))
        memories = self._memories_of({row[name] for row in steps for name in ("memory_before", "memory_after")})
        calls_of: dict[int, list[Call]] = {row["id"]: [] for row in steps}
        findings_of: dict[int, list[Finding]] = {row["id"]: [] for row in steps}
        for row in calls:
            calls_of[row["step"]].append(read_call(row, texts))
        for row in findings:
            findings_of[row["step"]].append(Finding(row["check"], row["kind"], row["text"], row["detail"]))
        return [
            Record(row["idx"], read_step(row, calls_of[row["id"]], texts, memories), tuple(findings_of[row["id"]]))
            for row in steps
        ]

    def _texts_of(self, ids: Iterable[int]) -> Mapping[int, str]:
        rows = self.rows("SELECT id, text FROM texts WHERE id IN (SELECT value FROM json_each(?))", as_json(list(ids)))
        return {row["id"]: row["text"] for row in rows}

    def _memories_of(self, ids: Iterable[int]) -> Mapping[int, Memory]:
        rows = self.rows(
            "SELECT memories.id, kind, texts.text, data FROM memories JOIN texts ON texts.id = memories.text"
            " WHERE memories.id IN (SELECT value FROM json_each(?))",
            as_json(list(ids)),
        )
        with self._reading("a memory"):
            return {row["id"]: decode(Encoded(row["kind"], row["text"], row["data"] or b"")) for row in rows}

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            raise StoreError(
                f"{self.path} holds {what} that this isump cannot read ({_reason(error)}): "
                "upgrade it, or see isump store check."
            ) from error

    def _numbers(self, table: str) -> str:
        last = self.rows(f"SELECT max(id) AS last FROM {table}")[0]["last"]
        return f"its {table} are numbered 1 to {last}" if last else f"it holds no {table} yet"


def _reason(error: Exception) -> str:
    """The reason why a value cannot be read; a text that is no JSON has no field to name."""
    if isinstance(error, ValidationError) and error.errors()[0]["loc"]:
        return " ".join(invalid_value(error))
    return " ".join(repr(error).split())[:200]


def _costs(row: Row) -> Costs:
    return Costs(**{name: row[name] for name in Costs.__dataclass_fields__})
