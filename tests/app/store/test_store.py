from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.backends.scripted import ScriptedBackend
from app.errors import BackendError, BadInput, StoreError
from app.session import Ended, check_question, solve
from app.store import Store
from app.store.records import AttemptSpec, Record
from app.store.schema import APPLICATION_ID, MIGRATIONS, m001_traces
from app.store.search import Wanted
from graphs.reasoner import Step
from prompts.settings import Settings
from prompts.values import Question, Request, TextMemory, VectorMemory

ROOT = Path(__file__).parent.parent.parent
REPLIES = ["12 - 5 = 8 apples.", "What we know:\n- left = 7 and 99\nWhat to do next:\n- stop", "Answer: 7"]
QUESTION = Question("q", "Ann has 12 apples and gives 5 away. How many are left?")


async def test_what_was_yielded_is_what_the_store_reads_back(tmp_path: Path) -> None:
    seen: list[Record] = []
    with Store.open(tmp_path / "t.sqlite") as store:
        async for event in solve(QUESTION, "isump", ScriptedBackend(REPLIES), Settings(), store):
            if isinstance(event, Record):
                seen.append(event)
                assert store.records(1) == seen, "each step is in the store before it is seen"
            if isinstance(event, Ended):
                assert (event.attempt.answer, event.attempt.ending) == ("7", "answered")
                assert event.costs.calls == 3
        assert [item.step.verb for item in seen] == ["step", "summarize", "step", "conclude"]
        assert seen[0].claims[0].verdict == "wrong"
        assert seen[1].fidelity is not None and seen[1].fidelity.invented
        assert [found.attempt for found in store.find(Wanted("apples"))] == [1]


async def test_a_failed_attempt_keeps_its_steps_and_its_error(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        with pytest.raises(BackendError):
            async for _ in solve(QUESTION, "isump", ScriptedBackend(REPLIES[:1]), Settings(), store):
                pass
        assert store.attempt(1).status == "error"
        assert "ran out" in (store.attempt(1).error or "")
        assert len(store.records(1)) == 1


def test_vector_memories_are_kept_once_and_read_back(tmp_path: Path) -> None:
    memory = VectorMemory(b"tensor", (1, 4, 8), 2.5)
    item = Record(0, Step("summarize", 1, memory, memory))
    with Store.open(tmp_path / "t.sqlite") as store:
        attempt = store.begin(AttemptSpec(QUESTION, "isump", "recurrent", "m", Settings()))
        store.write(attempt, item)
        assert store.records(attempt) == [item]


def test_a_store_of_version_one_is_brought_up_to_date_with_its_rows(tmp_path: Path) -> None:
    from sqlite_utils import Database

    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    m001_traces(Database(connection, execute_plugins=False))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute("INSERT INTO texts VALUES (1, x'00', 'How many?')")
    connection.execute(
        "INSERT INTO attempts (question_id, question, strategy, backend, model, settings, status, started)"
        " VALUES ('q', 1, 'cot', 'b', 'm', '{\"step_tokens\": 77}', 'running', 0)"
    )
    connection.execute("INSERT INTO texts VALUES (2, x'01', 'Seven apples.'), (3, x'02', '{}')")
    connection.execute(
        "INSERT INTO steps (attempt, idx, verb, round, thought, memory_after, marks, claims)"
        " VALUES (1, 0, 'step', 1, 2, 3, '[]', '[]')"
    )
    connection.close()
    with Store.open(path) as store:
        assert store.attempt(1).spec.question.text == "How many?"
        assert store.attempt(1).status == "running"
        assert store.attempt(1).spec.settings == Settings(step_tokens=77)
        assert [found.attempt for found in store.find(Wanted("apple"))] == [1]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    connection.close()


def test_a_foreign_or_damaged_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    foreign, damaged = tmp_path / "foreign.sqlite", tmp_path / "damaged.sqlite"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    damaged.write_bytes(b"this is no database" * 99)
    for path in (foreign, damaged):
        before = path.read_bytes()
        with pytest.raises(StoreError, match="--store"):
            Store.open(path)
        assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "a\x1b[2Jb", "x" * 1_000_001])
def test_questions_that_cannot_be_asked_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        check_question(text)


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    memory = VectorMemory(bytes(200_000), (1, 1, 50_000), 0.0)
    with Store.open(path) as store:
        attempt = store.begin(AttemptSpec(QUESTION, "isump", "recurrent", "m", Settings()))
        store.write(attempt, Record(0, Step("summarize", 1, TextMemory(), TextMemory(("left = 7",)))))
        before = store.records(attempt)
        pages = store._rows("PRAGMA page_count")[0][0]
        store._rows(f"PRAGMA max_page_count = {pages + 2}")  # SQLite itself then says that the disk is full
        with pytest.raises(StoreError, match="full"):
            store.write(attempt, Record(1, Step("summarize", 2, memory, memory)))
        assert store.records(attempt) == before
    with Store.open(path) as store:
        assert store.records(attempt) == before
        store.write(attempt, Record(1, Step("summarize", 2, memory, memory)))


async def _solve_some(path: Path, name: str) -> None:
    with Store.open(path) as store:
        for i in range(5):
            question = Question(f"{name}-{i}", QUESTION.text)
            async for _ in solve(question, "isump", ScriptedBackend(REPLIES), Settings(), store):
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
        texts = [row["text"] for row in store._rows("SELECT text FROM texts")]
        assert len(texts) == len(set(texts)), "each text is kept once, whoever wrote it"


def _same_but_times(a: list[Record], b: list[Record]) -> bool:
    def words(records: list[Record]) -> list[object]:
        return [(r.step.thought, r.step.memory_after, [c.request for c in r.step.calls], r.claims) for r in records]

    return words(a) == words(b)


async def test_the_file_stays_small_beside_the_text_in_it(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    dice = random.Random(0)
    words = ["".join(dice.choices("abdefghilmnoprstu", k=dice.randint(3, 8))) for _ in range(5000)]

    def reply(request: Request) -> str:
        said = " ".join(dice.choices(words, k=30))
        asked_to_summarize = request.messages[-2].role == "assistant"
        done = f"{(n := dice.randint(2, 99))} + 5 = {n + 5} {said}"
        return f"What we know:\n- {done}\nWhat to do next:\n- more" if asked_to_summarize else f"{done}."

    with Store.open(path) as store:
        for _ in range(40):
            async for _event in solve(QUESTION, "isump", ScriptedBackend(reply), Settings(max_tokens=4000), store):
                pass
        unique = store._rows("SELECT sum(length(CAST(text AS BLOB))) AS bytes FROM texts")[0]["bytes"]
        store._rows("PRAGMA wal_checkpoint(TRUNCATE)")
    assert unique > 100_000
    assert path.stat().st_size <= 3 * unique, f"{path.stat().st_size / unique:.2f}"


async def test_the_costs_of_the_steps_add_up_to_the_attempts(tmp_path: Path) -> None:
    seen: list[Record] = []
    with Store.open(tmp_path / "t.sqlite") as store:
        async for event in solve(QUESTION, "isump", ScriptedBackend(REPLIES), Settings(), store):
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


def test_many_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    code = f"from app.store import Store\nfor _ in range(5): Store.open({str(path)!r}).close()"
    openers = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(6)]
    said = [opener.communicate(timeout=60)[1] for opener in openers]
    assert [opener.returncode for opener in openers] == [0] * 6, said
