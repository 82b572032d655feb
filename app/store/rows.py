"""Runs, attempts, steps and calls as rows of the store, and back.

    read_call(call_row(call, text_id), texts) == call

Of a prompt, the ids of its parts' texts stand in the call; its layout, ``[[role, join, [kind, ...]], ...]``, is the
same in call after call and stored once, like any long text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict

from app.store.database import Row
from app.store.records import Attempt, AttemptSpec, Identity, Run, RunSpec
from graphs import read_settings
from prompts.memories import Memory
from prompts.steps import Step
from prompts.values import Answer, Call, Ending, Generation, Message, Part, Question, Request, Retry, Thought, Usage

_OF_RUN = ("task", "questions", "task_version", "strategy", "backend", "model", "n")
_OF_ATTEMPT = ("strategy", "backend", "model", "run", "forked_at_step")
_OF_STATE = ("status", "error", "answer", "ending", "seconds")
_OF_CALL = ("max_tokens", "temperature", "seed")
"""Fields that are columns of the same name."""

TextId = Callable[[str], int]
MemoryId = Callable[[Memory], int]

as_json = json.JSONEncoder(separators=(",", ":")).encode
"""A value as JSON without spaces, of which a store would hold many."""


def run_row(spec: RunSpec, text_id: TextId) -> Row:
    """The columns of a run, without what is known only when it starts.

    Of its identity, the hashes of the items are one text, which runs on the same questions share, and all else another.
    """
    identity = asdict(spec.identity)
    items = identity.pop("items")
    return {name: getattr(spec, name) for name in _OF_RUN} | {
        "primary_scorer": spec.primary,
        "settings": spec.settings.model_dump_json(),
        "source": as_json(dict(spec.source)),
        "checks": as_json(spec.checks),
        "identity": text_id(as_json(identity)),
        "item_hashes": text_id(as_json(items)),
    }


def run_texts(row: Row) -> Iterable[int]:
    """The ids of every text of a run's row."""
    return row["identity"], row["item_hashes"]


def read_run(row: Row, texts: Mapping[int, str]) -> Run:
    """The run of a row; ``texts`` holds what ``run_texts`` names.

    Raises:
        ValueError: It has a setting that this program does not know.
        TypeError: Its identity has something that this program does not know.
    """
    items = tuple(json.loads(texts[row["item_hashes"]]))
    spec = RunSpec(
        **{name: row[name] for name in _OF_RUN},
        primary=row["primary_scorer"],
        settings=read_settings(row["strategy"], row["settings"]),
        source=json.loads(row["source"]),
        checks=tuple(json.loads(row["checks"])),
        identity=Identity(items=items, **json.loads(texts[row["identity"]])),
    )
    return Run(row["id"], spec, row["started"])


def attempt_row(spec: AttemptSpec, text_id: TextId) -> Row:
    """The columns of an attempt, without what is known only when it starts or ends."""
    question = spec.question
    return {name: getattr(spec, name) for name in _OF_ATTEMPT} | {
        "question_id": question.id,
        "question": text_id(question.text),
        "context": text_id(question.context) if question.context else None,
        "answer_form": question.answers,
        "verifier": question.verifier,
        "settings": text_id(spec.settings.model_dump_json()),
        "checks": as_json(spec.checks),
        "parent_attempt": spec.parent,
    }


def state_row(attempt: Attempt, text_id: TextId) -> Row:
    """The columns of an attempt that its end decides."""
    completion = text_id(attempt.completion) if attempt.status == "done" else None
    return {name: getattr(attempt, name) for name in _OF_STATE} | {"completion": completion}


def attempt_texts(row: Row) -> Iterable[int]:
    """The ids of every text of an attempt's row."""
    named = (row["question"], row["context"], row["settings"], row["completion"])
    return (text for text in named if text is not None)


def read_attempt(row: Row, texts: Mapping[int, str]) -> Attempt:
    """The attempt of a row; ``texts`` holds what ``attempt_texts`` names.

    Raises:
        ValueError: It has a setting that this program does not know.
    """
    context, completion = texts.get(row["context"], ""), texts.get(row["completion"], "")
    spec = AttemptSpec(
        **{name: row[name] for name in _OF_ATTEMPT},
        question=Question(row["question_id"], texts[row["question"]], context, row["answer_form"], row["verifier"]),
        settings=read_settings(row["strategy"], texts[row["settings"]]),
        parent=row["parent_attempt"],
        checks=tuple(json.loads(row["checks"])),
    )
    state = {name: row[name] for name in ("id", "started", *_OF_STATE)}
    state["ending"] = Ending(row["ending"]) if row["ending"] else None
    return Attempt(**state, spec=spec, completion=completion)


def step_row(step: Step, text_id: TextId, memory_id: MemoryId) -> Row:
    """The columns of a step, without its place in the attempt."""
    result = step.answer if step.answer is not None else step.thought
    words, answer = None, None
    if isinstance(result, Answer):
        words, answer = result.source, result.text
    elif result is not None:
        words, answer = result.text, result.answer
    return {
        "verb": step.verb,
        "round": step.round,
        "thought": None if words is None else text_id(words),
        "answer": answer,
        "memory_before": memory_id(step.memory_before),
        "memory_after": memory_id(step.memory_after),
        "marks": as_json(step.marks),
        "ending": step.ending,
    }


def read_step(row: Row, calls: Sequence[Call], texts: Mapping[int, str], memories: Mapping[int, Memory]) -> Step:
    """The step of a row; ``texts`` and ``memories`` hold what its ids name."""
    words = texts.get(row["thought"], "")
    thinks = row["verb"] == "step" or (row["verb"] == "read" and row["thought"] is not None)
    return Step(
        row["verb"],
        row["round"],
        memories[row["memory_before"]],
        memories[row["memory_after"]],
        tuple(calls),
        tuple(json.loads(row["marks"])),
        Thought(words, row["answer"]) if thinks else None,
        Answer(row["answer"], words) if row["verb"] == "conclude" else None,
        Ending(row["ending"]) if row["ending"] else None,
    )


def call_row(call: Call, text_id: TextId) -> Row:
    """The columns of a call, without its place in the step."""
    request, generation = call.request, call.generation
    layout = [[message.role, message.join, [part.kind for part in message.parts]] for message in request.messages]
    return {name: getattr(request, name) for name in _OF_CALL} | {
        "layout": text_id(as_json(layout)),
        "prompt": as_json([text_id(part.text) for message in request.messages for part in message.parts]),
        "output": text_id(generation.text),
        "prompt_tokens": generation.usage.prompt,
        "cached_tokens": generation.usage.cached,
        "completion_tokens": generation.usage.completion,
        "finish_reason": generation.finish_reason,
        "stop_reason": generation.stop_reason,
        "started": generation.started,
        "seconds": generation.seconds,
        "retries": as_json([[retry.error, retry.waited] for retry in generation.retries]),
        "schema": None if request.schema is None else text_id(json.dumps(request.schema)),
        "stop": as_json(request.stop),
    }


def call_texts(row: Row) -> Iterable[int]:
    """The ids of every text of a call's row."""
    named = (row["output"], row["layout"], row["schema"])
    return (text for text in (*json.loads(row["prompt"]), *named) if text is not None)


def read_call(row: Row, texts: Mapping[int, str]) -> Call:
    """The call of a row; ``texts`` holds what ``call_texts`` names."""
    parts = iter(json.loads(row["prompt"]))
    messages = tuple(
        Message(role, tuple(Part(kind, texts[next(parts)]) for kind in kinds), join)
        for role, join, kinds in json.loads(texts[row["layout"]])
    )
    schema = None if row["schema"] is None else json.loads(texts[row["schema"]])
    generation = Generation(
        texts[row["output"]],
        Usage(row["prompt_tokens"], row["completion_tokens"], row["cached_tokens"]),
        row["finish_reason"],
        row["seconds"],
        row["started"],
        tuple(Retry(*retry) for retry in json.loads(row["retries"])),
        row["stop_reason"],
    )
    request = Request(
        messages, **{name: row[name] for name in _OF_CALL}, schema=schema, stop=tuple(json.loads(row["stop"]))
    )
    return Call(request, generation)
