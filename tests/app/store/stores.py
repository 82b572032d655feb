"""Stores for tests: one with a bit of everything, and what of it must survive whatever is done to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.store import Store
from app.store.records import Attempt, AttemptSpec, Identity, Record, Run, RunSpec
from graphs.isump import IsumpSettings
from prompts.memories import TextMemory, VectorMemory
from prompts.steps import Step
from prompts.values import (
    Answer,
    Call,
    Ending,
    Finding,
    Generation,
    Message,
    Part,
    Question,
    Request,
    Retry,
    Score,
    Thought,
    Usage,
)

QUESTION = Question("apples", "Ann has 12 apples and gives 5 away. How many are left?", "A long text.", "number")
EMPTY, KNOWN = TextMemory(), TextMemory(("left = 7", 'a "quoted" line\n'), ("π",))
VECTORS = VectorMemory(b"\0\xff tensor", (1, 4, 8), 2.5)
IDENTITY = Identity(("aa", "bb"), {"prompts/a.txt": "cc"}, "sha256:dd", "xllamacpp 1", "0.1.0", "ee-dirty")


def call(reply: str, schema: bool = False) -> Call:
    parts = (Part("question", QUESTION.text), Part("memory", "Q\x00é𝄞"), Part("instruction", "Go on."))
    messages = (Message("system", (Part("system", "Be careful."),)), Message("user", parts))
    request = Request(messages, 64, 0.5, 7, {"type": "object", "ünit": [1, None]} if schema else None)
    return Call(request, Generation(reply, Usage(10, 4, 2), "length", 0.25, 1.5, (Retry("time out", 0.5),)))


def records(reply: str = "12 - 5 = 7 apples") -> list[Record]:
    """The steps of an attempt, one of each verb."""
    wrong = (Finding("equations", "wrong", "12 - 5 = 8", "it is 7"), Finding("mine", "odd", "", "x" * 300))
    return [
        Record(0, Step("read", 0, EMPTY, KNOWN, (call("Read."),), ("cut",), Thought("Read."))),
        Record(1, Step("step", 1, KNOWN, KNOWN, (call(f"{reply}."), call("Again.")), (), Thought(f"{reply}.")), wrong),
        Record(2, Step("summarize", 1, KNOWN, VECTORS, (call("Known.", schema=True),))),
        Record(3, Step("conclude", 1, VECTORS, VECTORS, (), (), None, Answer("7", f"So {reply}."), Ending.ANSWERED)),
    ]


def run_spec(**changes: object) -> RunSpec:
    made = RunSpec("gsm8k", "gsm8k/test", "1", "numeric", "isump", "b", "m", IsumpSettings(), {"split": "test"}, 2)
    return replace(made, **{"identity": IDENTITY, **changes})


def spec(id: str = "apples", run: int | None = None, parent: int | None = None) -> AttemptSpec:
    forked = None if parent is None else 1
    return AttemptSpec(replace(QUESTION, id=id), "isump", "b", "m", IsumpSettings(step_tokens=77), run, parent, forked)


def solved(store: Store, id: str = "apples", run: int | None = None, parent: int | None = None) -> int:
    """The number of a new attempt that is done and judged."""
    attempt = store.begin(spec(id, run, parent))
    for record in records(f"12 - 5 = {attempt.id} apples"):
        store.write(attempt.id, record)
    store.finish(attempt, Answer("7", f"Answer: 7 ({attempt.id})"), Ending.ANSWERED)
    store.score(attempt.id, {"numeric": Score(1.0, "7", "match"), "chain": Score(None, None, "no chain")})
    return attempt.id


def failed(store: Store, id: str = "apples", run: int | None = None, parent: int | None = None) -> int:
    """The number of a new attempt that failed after a step."""
    attempt = store.begin(spec(id, run, parent))
    store.write(attempt.id, records()[0])
    store.fail(attempt, "The server is gone.")
    return attempt.id


def fill(store: Store) -> None:
    """Two runs, of which the first has failed tries; an attempt of no run, a fork of it, and a fork of the fork."""
    for _ in range(2):
        run = store.begin_run(run_spec()).id
        if run == 1:
            failed(store, "one", run)
        for id in ("one", "two"):
            solved(store, id, run)
        if run == 1:
            failed(store, "two", run)
    free = solved(store)
    failed(store, parent=solved(store, parent=free))


def filled(path: Path) -> Path:
    """A new store at ``path`` with all of that."""
    with Store.open(path) as store:
        fill(store)
    return path


def contents(store: Store) -> tuple[list[Run], list[tuple[Attempt, list[Record], dict[str, Score]]]]:
    """Everything that can be read of a store."""
    attempts = reversed(store.attempts(1_000_000))
    return store.runs(), [(one, store.records(one.id), dict(store.scores(one.id))) for one in attempts]


def read(path: Path) -> tuple[list[Run], list[tuple[Attempt, list[Record], dict[str, Score]]]]:
    with Store.existing(path) as store:
        return contents(store)
