"""The trace store: one SQLite file that holds every run, attempt, step and call, written as they happen.

    with Store.open(Path("isump.sqlite")) as store:
        attempt = store.begin(spec)
        store.write(attempt, record)     # one committed transaction a step: kill -9 loses at most the step in flight
        store.finish(attempt, answer)

Text ids are local to a file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from importlib.metadata import version

from app.store.database import digest, row_id
from app.store.records import AttemptSpec, Record, RunSpec, Score
from app.store.search import Search
from graphs.reasoner import Step
from prompts.checks.equations import Claim
from prompts.checks.fidelity import Fidelity
from prompts.values import Answer, Call, Memory, TextMemory, VectorMemory


class Store(Search):
    """A trace store; what is written is committed before the call returns."""

    def begin_run(self, spec: RunSpec) -> int:
        """Open a run and return its number."""
        row = (spec.task, spec.task_version, spec.strategy, spec.backend, spec.model, spec.settings.model_dump_json())
        with self._writing() as db:
            cursor = db.execute(
                "INSERT INTO runs (task, task_version, strategy, backend, model, settings, source, n, program, started)"
                " VALUES (?,?,?,?,?,?,?,?,?,?)",
                (*row, json.dumps(spec.source), spec.n, version("isump"), time.time()),
            )
        return row_id(cursor)

    def begin(self, spec: AttemptSpec) -> int:
        """Open an attempt and return its number."""
        question = spec.question
        with self._writing() as db:
            cursor = db.execute(
                "INSERT INTO attempts (run, question_id, question, context, strategy, backend, model, settings,"
                " parent_attempt, forked_at_step, status, started) VALUES (?,?,?,?,?,?,?,?,?,?,'running',?)",
                (
                    spec.run,
                    question.id,
                    self._text(question.text),
                    self._text(question.context) if question.context else None,
                    spec.strategy,
                    spec.backend,
                    spec.model,
                    self._text(spec.settings.model_dump_json()),
                    spec.parent,
                    spec.forked_at_step,
                    time.time(),
                ),
            )
        return row_id(cursor)

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
            row = row_id(cursor)
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
        return self._once("memories", digest(memory.safetensors), ("safetensors", "shape", "norm"), values)

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
            self._text(json.dumps(request.schema)) if request.schema is not None else None,
        )


def _answer(step: Step) -> str | None:
    if step.answer is not None:
        return step.answer.text
    return step.thought.answer if step.thought else None


def _traced(found: Fidelity | None) -> tuple[str | None, str | None, str | None]:
    if found is None:
        return None, None, None
    return json.dumps(found.kept), json.dumps(found.dropped), json.dumps(found.invented)


def _claim_json(claim: Claim) -> list[str | None]:
    left, right = (None if side is None else str(side) for side in (claim.left, claim.right))
    return [claim.text, left, right, claim.verdict]
