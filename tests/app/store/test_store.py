from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.backends.scripted import ScriptedBackend
from app.errors import BackendError, StoreBusy, StoreError
from app.session import Ended, solve
from app.store import Store
from app.store.records import Attempt, AttemptSpec, Record, RunSpec
from app.store.search import AttemptFilter
from graphs.isump import IsumpSettings
from prompts.memories import TextMemory, VectorMemory
from prompts.settings import Settings
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

ROOT = Path(__file__).parents[3]
REPLIES = ["12 - 5 = 8 apples.\n", "What we know:\n- left = 7 and 99\nWhat to do next:\n- stop", "Answer: 7"]
SETTINGS = IsumpSettings(memory="rewrite")
QUESTION = Question("q", "Ann has 12 apples and gives 5 away. How many are left?")


def begin(store: Store, question: Question = QUESTION, run: int | None = None) -> Attempt:
    return store.begin(AttemptSpec(question, "isump", "scripted", "m", IsumpSettings(), run))


async def test_what_was_yielded_is_what_the_store_reads_back(tmp_path: Path) -> None:
    seen: list[Record] = []
    with Store.open(tmp_path / "t.sqlite") as store:
        async for event in solve(QUESTION, "isump", ScriptedBackend(REPLIES), SETTINGS, store):
            if isinstance(event, Record):
                seen.append(event)
                assert store.records(1) == seen, "each step is in the store before it is seen"
            if isinstance(event, Ended):
                assert (event.attempt.answer, event.attempt.ending) == ("7", "answered")
                assert event.costs.calls == 3
        assert [item.step.verb for item in seen] == ["step", "summarize", "step", "conclude"]
        assert seen[0].findings == (Finding("equations", "wrong", "12 - 5 = 8 apples", "it is 7"),)
        assert Finding("fidelity", "invented", "99") in seen[1].findings
        assert [found.attempt for found in store.find(AttemptFilter("apples"))] == [1]


async def test_a_failed_attempt_keeps_its_steps_and_its_error(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        with pytest.raises(BackendError):
            async for _ in solve(QUESTION, "isump", ScriptedBackend(REPLIES[:1]), IsumpSettings(), store):
                pass
        assert store.attempt(1).status == "error"
        assert "ran out" in (store.attempt(1).error or "")
        assert len(store.records(1)) == 1


FULL = Call(
    Request(
        (
            Message("system", (Part("system", "Be careful."),)),
            Message(
                "user", (Part("question", "Q\x00é𝄞"), Part("context", "c"), Part("memory", "m"), Part("thought", ""))
            ),
            Message("assistant", (Part("memory", "Q\x00é𝄞"), Part("instruction", "Step 2:")), "\n"),
            Message("user", ()),
        ),
        64,
        0.5,
        7,
        {"type": "object", "ünit": [1, None]},
        ("\nStep", "é"),
    ),
    Generation("So 7.", Usage(10, 4, 2), "length", 0.25, 1.5, (Retry("time out", 0.5), Retry("503", 1.0)), "\nStep"),
)
BARE = Call(Request((), 1), Generation("", Usage(0, 0), "stop", 0.0))


def test_every_field_of_a_record_is_read_back(tmp_path: Path) -> None:
    known = TextMemory(("left = 7", 'a "quoted" line\n'), ("π",))
    found = (Finding("equations", "wrong", "12 - 5 = 8", "it is 7"), Finding("mine", "odd", "", "x" * 3000))
    records = [
        Record(0, Step("read", 0, TextMemory(), known, (FULL,), ("cut",))),
        Record(1, Step("step", 1, known, known, (FULL, BARE), ("a", "b"), Thought("12 - 5 = 8.", "8")), found),
        Record(2, Step("step", 2, known, known, (), (), Thought("", None))),
        Record(3, Step("summarize", 2, known, VectorMemory(b"\0\xff", (2, 3), 0.1))),
        Record(4, Step("conclude", 2, known, known, (BARE,), (), None, Answer(None, "Dunno."), Ending.NOTHING_NEW)),
    ]
    path = tmp_path / "t.sqlite"
    with Store.open(path) as store:
        attempt = begin(store).id
        for record in records:
            store.write(attempt, record)
        assert store.records(attempt) == records
    with Store.existing(path) as store:
        assert store.records(attempt) == records
        assert [store.record(attempt, record.index) for record in records] == records


def test_what_a_method_returns_is_what_the_store_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    settings = IsumpSettings(step_tokens=77, memory="fused")
    about = (
        "chain",
        "isump",
        "scripted",
        "m",
        settings,
        {"split": "test", "sample_seed": 3, "data": None},
        2,
        ("fidelity",),
    )
    with Store.open(path) as store:
        run = store.begin_run(RunSpec("prosqa", "prosqa/test", "2", *about))
        question = Question("q-1", "Who?", "A long context.", "number")
        spec = AttemptSpec(question, "isump", "scripted", "m", settings, run.id, checks=())
        done = store.begin(spec)
        assert store.attempt(done.id) == done
        closed = store.finish(done, Answer("7", "So 7."), Ending.ANSWERED)
        none = store.finish(
            store.begin(replace(spec, question=replace(question, id="q-2"))), Answer(None), Ending.STEP_LIMIT
        )
        fork = store.begin(replace(spec, run=None, parent=done.id, forked_at_step=0))
        failed = store.fail(fork, "The server is gone.")
        store.score(done.id, {"chain": Score(0.5, "7", "half")})
    with Store.existing(path) as store:
        assert store.runs() == [run] == [store.run(run.id)]
        assert store.attempts() == [failed, none, closed]
        assert [store.attempt(one.id) for one in (closed, none, failed)] == [closed, none, failed]
        items = store.items(run.id)
        assert [(item.question_id, item.attempt, item.status, item.answer) for item in items] == [
            ("q-1", done.id, "done", "7"),
            ("q-2", none.id, "done", None),
        ]
        assert [item.scores for item in items] == [{"chain": 0.5}, {}]
        store.begin(replace(spec, parent=done.id, forked_at_step=0))
        assert [item.attempt for item in store.items(run.id)] == [done.id, none.id], "a fork is not an item of its run"
        assert store.attempt_spans(run.id) == [
            (one.started, one.started + (one.seconds or 0)) for one in (closed, none)
        ]


@pytest.mark.parametrize(("what", "number"), [("run", 7), ("attempt", 7), ("run", -1), ("attempt", 0)])
def test_what_is_not_there_is_said_with_what_is(what: str, number: int) -> None:
    with Store.open(":memory:") as store:
        with pytest.raises(StoreError, match=f"no {what} {number}: it holds no {what}s yet"):
            getattr(store, what)(number)
        store.begin_run(RunSpec("gsm8k", "gsm8k/test", "1", "numeric", "cot", "b", "m", Settings(), {}, 1))
        begin(store)
        with pytest.raises(StoreError, match=f"no {what} {number}: its {what}s are numbered 1 to 1"):
            getattr(store, what)(number)


@pytest.mark.parametrize("strategy", ["isump", "a strategy that is gone"])
def test_a_setting_that_is_no_more_is_still_read(strategy: str) -> None:
    with Store.open(":memory:") as store:
        attempt = store.begin(AttemptSpec(QUESTION, strategy, "scripted", "m", SETTINGS)).id
        store._db.execute("UPDATE texts SET text = json_set(text, '$.haste', 3) WHERE text LIKE '%on_wrong%'")
        assert store.attempt(attempt).spec.settings.model_dump() == SETTINGS.model_dump() | {"haste": 3}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE texts SET text = '{\"seed\": -1}' WHERE id = (SELECT settings FROM attempts)", "settings .*seed"),
        ("UPDATE memories SET kind = 'smoke'", "a memory .*smoke"),
    ],
)
def test_what_a_newer_program_wrote_is_a_sentence(tmp_path: Path, change: str, reason: str) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        attempt = begin(store).id
        store.write(attempt, Record(0, Step("summarize", 1, TextMemory(), TextMemory(("left = 7",)))))
        store._db.execute(change)
        with pytest.raises(StoreError, match=f"holds {reason}"):
            for read in (store.attempt, store.records):
                read(attempt)


def test_a_run_counts_an_item_once() -> None:
    with Store.open(":memory:") as store:
        spec = RunSpec("gsm8k", "gsm8k/test", "1", "numeric", "cot", "b", "m", Settings(), {}, 1)
        run = store.begin_run(spec).id
        first, second = begin(store, run=run), begin(store, run=run)
        store.finish(first, Answer("7"), Ending.ANSWERED)
        with pytest.raises(StoreError, match=f"q of run {run} was done meanwhile by another .*attempt {second.id}"):
            store.finish(second, Answer("8"), Ending.ANSWERED)
        assert store.attempt(second.id).status == "error"
        store.fail(first, "gone")
        assert (store.attempt(first.id).status, store.attempt(first.id).error) == ("done", None), "done stays done"
        (item,) = store.items(run)
        assert (item.attempt, item.status, item.answer) == (first.id, "done", "7"), "nothing after it hides it"


def test_a_write_that_fails_leaves_nothing_of_itself_behind(tmp_path: Path) -> None:
    step = Step("step", 1, TextMemory(), TextMemory(), (FULL,), thought=Thought("A walnut."))
    with Store.open(tmp_path / "t.sqlite") as store:
        attempt = begin(store).id
        store.write(attempt, Record(0, replace(step, thought=Thought("A pear."))))
        with pytest.raises(StoreError, match="UNIQUE constraint"):
            store.write(attempt, Record(0, step, (Finding("mine", "odd", "x"),)))
        assert store.find(AttemptFilter("walnut")) == []
        assert "A walnut." not in {row["text"] for row in store.rows("SELECT text FROM texts")}
        store.write(attempt, Record(1, step, (Finding("mine", "odd", "x"),)))
        assert store.record(attempt, 1).findings == (Finding("mine", "odd", "x"),)
        assert [found.attempt for found in store.find(AttemptFilter("walnut"))] == [attempt]


def test_a_clock_that_is_set_back_changes_no_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(":memory:") as store:
        attempts = [begin(store), begin(store)]
        monkeypatch.setattr(time, "time", lambda: 0.0)
        done, failed = store.finish(attempts[0], Answer("7"), Ending.ANSWERED), store.fail(attempts[1], "no")
        for closed in (done, failed):
            assert closed.seconds is not None and 0 <= closed.seconds < 60
            assert store.attempt(closed.id) == closed and store.costs(closed.id).seconds == closed.seconds


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    memory = VectorMemory(bytes(200_000), (1, 1, 50_000), 0.0)
    with Store.open(path) as store:
        attempt = begin(store).id
        store.write(attempt, Record(0, Step("summarize", 1, TextMemory(), TextMemory(("left = 7",)))))
        before = store.records(attempt)
        pages = store.rows("PRAGMA page_count")[0]["page_count"]
        store.rows(f"PRAGMA max_page_count = {pages + 2}")  # SQLite itself then says that the disk is full
        with pytest.raises(StoreError, match="full"):
            store.write(attempt, Record(1, Step("summarize", 2, memory, memory)))
        assert store.records(attempt) == before
    with Store.open(path) as store:
        assert store.records(attempt) == before
        store.write(attempt, Record(1, Step("summarize", 2, memory, memory)))


async def test_the_event_loop_does_not_wait_for_another_process(tmp_path: Path) -> None:
    path, ticks = tmp_path / "t.sqlite", list[float]()

    async def solved() -> None:
        async for _ in solve(QUESTION, "isump", ScriptedBackend(REPLIES), SETTINGS, store):
            pass

    with Store.open(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        attempt = asyncio.create_task(solved())
        for _ in range(20):
            ticks.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.01)
        assert not attempt.done() and store.attempts() == []
        assert max(after - before for before, after in pairwise(ticks)) < 5, "the loop goes on meanwhile"
        with pytest.raises(StoreBusy):
            begin(store)
        other.execute("COMMIT")
        await attempt
        assert store.attempt(1).status == "done"
        other.close()


async def _solve_some(path: Path, name: str) -> None:
    with Store.open(path) as store:
        for i in range(5):
            question = Question(f"{name}-{i}", QUESTION.text)
            async for _ in solve(question, "isump", ScriptedBackend(REPLIES), SETTINGS, store):
                pass


def test_many_may_write_one_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(asyncio.run, _solve_some(path, f"writer {i}")) for i in range(8)]
        for writer in writers:
            writer.result()
    with Store.open(path) as store:
        attempts = store.attempts(100)
        assert len({attempt.spec.question.id for attempt in attempts}) == len(attempts) == 40
        assert all(attempt.answer == "7" for attempt in attempts)
        first = store.records(attempts[0].id)
        assert all(_same_but_times(store.records(attempt.id), first) for attempt in attempts)
        texts = [row["text"] for row in store.rows("SELECT text FROM texts")]
        assert len(texts) == len(set(texts)), "each text is kept once, whoever wrote it"


def _same_but_times(a: list[Record], b: list[Record]) -> bool:
    def words(records: list[Record]) -> list[object]:
        return [(r.step.thought, r.step.memory_after, [c.request for c in r.step.calls], r.findings) for r in records]

    return words(a) == words(b)


async def test_the_file_stays_small_beside_the_text_in_it(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    dice = random.Random(0)
    words = ["".join(dice.choices("abdefghilmnoprstu", k=dice.randint(3, 8))) for _ in range(5000)]

    def reply(request: Request) -> str:
        said = " ".join(dice.choices(words, k=30))
        asked_to_summarize = not request.prefill
        done = f"{(n := dice.randint(2, 99))} + 5 = {n + 5} {said}"
        return f"What we know:\n- {done}\nWhat to do next:\n- more" if asked_to_summarize else f"{done}.\n"

    with Store.open(path) as store:
        for _ in range(40):
            async for _event in solve(
                QUESTION, "isump", ScriptedBackend(reply), SETTINGS.model_copy(update={"max_tokens": 4000}), store
            ):
                pass
        unique = store.rows("SELECT sum(length(CAST(text AS BLOB))) AS bytes FROM texts")[0]["bytes"]
        store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    assert unique > 100_000
    assert path.stat().st_size <= 3 * unique, f"{path.stat().st_size / unique:.2f}"


async def test_the_costs_of_the_steps_add_up_to_the_attempts(tmp_path: Path) -> None:
    seen: list[Record] = []
    with Store.open(tmp_path / "t.sqlite") as store:
        async for event in solve(QUESTION, "isump", ScriptedBackend(REPLIES), SETTINGS, store):
            if isinstance(event, Record):
                seen.append(event)
        costs = store.costs(1)
    usages = [call.generation.usage for item in seen for call in item.step.calls]
    assert costs.calls == len(usages) == 3
    assert costs.steps == len(seen)
    assert costs.generated == sum(usage.completion for usage in usages)
    assert costs.prompt_tokens == sum(usage.prompt for usage in usages)
    assert costs.cached_tokens == sum(usage.cached for usage in usages) > 0
    assert costs.peak_context == max(usage.prompt + usage.completion for usage in usages)
    assert costs.attention_area == sum(usage.prompt + k for usage in usages for k in range(1, usage.completion + 1))
