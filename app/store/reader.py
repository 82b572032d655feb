"""What a trace store holds, read back as the values that were written.

with Traces.existing(Path("isump.sqlite")) as traces:
    for record in traces.records(attempt): ...
"""

from __future__ import annotations

import json
import sqlite3
from fractions import Fraction
from typing import Any

from app.errors import StoreError
from app.store.database import Database
from app.store.records import Attempt, AttemptSpec, Costs, Item, Record, Run, RunSpec
from graphs.reasoner import Step
from prompts.checks.equations import Claim
from prompts.checks.fidelity import Fidelity
from prompts.settings import Settings
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


class Traces(Database):
    """The reading half of a trace store."""

    def run(self, number: int) -> Run:
        """One run; raises ``StoreError`` when there is none of that number."""
        runs = self.runs()
        found = [run for run in runs if run.id == number]
        if not found:
            raise StoreError(f"{self.path} has no run {number}: {_those('runs', runs[-1].id if runs else 0)}.")
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
                    Settings.model_validate_json(row["settings"]),
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
            " JOIN attempt_costs ON attempt_costs.attempt = items.attempt"
            " WHERE items.run = ? AND attempt_costs.run = ? ORDER BY items.attempt",
            run,
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
            newest = self.attempts(1)
            raise StoreError(
                f"{self.path} has no attempt {number}: {_those('attempts', newest[0].id if newest else 0)}."
            )
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

    def invented(self, run: int) -> dict[int, int]:
        """How many numbers the summaries of each attempt of a run hold that come from nowhere."""
        rows = self._rows(
            "SELECT attempts.id AS attempt, coalesce(sum(json_array_length(invented)), 0) AS n FROM attempts"
            " LEFT JOIN steps ON steps.attempt = attempts.id WHERE run = ? GROUP BY attempts.id",
            run,
        )
        return {row["attempt"]: row["n"] for row in rows}

    def records(self, attempt: int) -> list[Record]:
        """The steps of an attempt, equal to the Records that were written."""
        return self._read_steps("attempt = ?", attempt)

    def record(self, attempt: int, index: int) -> Record:
        """One step of an attempt; raises ``StoreError`` when there is none of that number."""
        found = self._read_steps("attempt = ? AND steps.idx = ?", attempt, index)
        if not found:
            raise StoreError(f"{self.path} has no step {index} of attempt {attempt}.")
        return found[0]

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
        schema: dict[str, Any] | None = json.loads(self._read_text(row["schema"])) if row["schema"] else None
        generation = Generation(
            self._read_text(row["output"]),
            Usage(row["prompt_tokens"], row["completion_tokens"], row["cached_tokens"]),
            row["finish_reason"],
            row["seconds"],
            row["started"],
            tuple(Retry(error, waited) for error, waited in json.loads(row["retries"])),
        )
        return Call(Request(messages, row["max_tokens"], row["temperature"], row["seed"], schema), generation)

    def _read_steps(self, condition: str, *values: int) -> list[Record]:
        calls: dict[int, list[Call]] = {}
        for row in self._rows(
            f"SELECT calls.* FROM calls JOIN steps ON steps.id = calls.step WHERE {condition} ORDER BY step, calls.idx",
            *values,
        ):
            calls.setdefault(row["step"], []).append(self._read_call(row))
        steps = self._rows(f"SELECT * FROM steps WHERE {condition} ORDER BY idx", *values)
        return [self._read_step(row, tuple(calls.get(row["id"], ()))) for row in steps]

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
    "SELECT attempts.*, asked.text AS asked, given.text AS given, written.text AS written,"
    " settings.text AS settings FROM attempts JOIN texts AS settings ON settings.id = attempts.settings"
    " JOIN texts AS asked ON asked.id = attempts.question LEFT JOIN texts AS given ON given.id = attempts.context"
    " LEFT JOIN texts AS written ON written.id = attempts.completion"
)


def _those(noun: str, last: int) -> str:
    """Which numbers there are."""
    return f"its {noun} are numbered 1 to {last}" if last else f"it holds no {noun} yet"


def _costs(row: sqlite3.Row) -> Costs:
    return Costs(**{name: row[name] for name in Costs.__dataclass_fields__})


def _attempt(row: sqlite3.Row) -> Attempt:
    spec = AttemptSpec(
        Question(row["question_id"], row["asked"], row["given"] or ""),
        row["strategy"],
        row["backend"],
        row["model"],
        Settings.model_validate_json(row["settings"]),
        row["run"],
        row["parent_attempt"],
        row["forked_at_step"],
    )
    times = (row["started"], row["finished"])
    return Attempt(
        row["id"], spec, row["status"], row["error"], row["answer"], row["written"] or "", row["ending"], *times
    )


def _read_claim(found: list[Any]) -> Claim:
    text, left, right, verdict = found
    return Claim(text, Fraction(left) if left else None, Fraction(right) if right else None, verdict)
