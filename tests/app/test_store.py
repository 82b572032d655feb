from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.backends.scripted import ScriptedBackend
from app.errors import BackendError, BadInput, StoreError
from app.migrations import APPLICATION_ID, MIGRATIONS, m001_traces
from app.record import AttemptSpec, Record
from app.session import Ended, check_question, solve
from app.store import Store
from graphs.reasoner import Step
from prompts.dials import Dials
from prompts.values import Question, VectorMemory

REPLIES = ["12 - 5 = 8 apples.", "What we know:\n- left = 7 and 99\nWhat to do next:\n- stop", "Answer: 7"]
QUESTION = Question("q", "Ann has 12 apples and gives 5 away. How many are left?")


async def test_what_was_yielded_is_what_the_store_reads_back(tmp_path: Path) -> None:
    seen: list[Record] = []
    with Store.open(tmp_path / "t.sqlite") as store:
        async for event in solve(QUESTION, "isump", ScriptedBackend(REPLIES), Dials(), store):
            if isinstance(event, Record):
                seen.append(event)
                assert store.records(1) == seen, "each step is in the store before it is seen"
            if isinstance(event, Ended):
                assert (event.attempt.answer, event.attempt.ending) == ("7", "answered")
                assert event.costs.calls == 3
        assert [item.step.verb for item in seen] == ["step", "summarize", "step", "conclude"]
        assert seen[0].claims[0].verdict == "wrong"
        assert seen[1].fidelity is not None and seen[1].fidelity.invented
        assert store.search("apples") == [1]


async def test_a_failed_attempt_keeps_its_steps_and_its_error(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        with pytest.raises(BackendError):
            async for _ in solve(QUESTION, "isump", ScriptedBackend(REPLIES[:1]), Dials(), store):
                pass
        assert store.attempt(1).status == "error"
        assert "ran out" in (store.attempt(1).error or "")
        assert len(store.records(1)) == 1


def test_vector_memories_are_kept_once_and_read_back(tmp_path: Path) -> None:
    memory = VectorMemory(b"tensor", (1, 4, 8), 2.5)
    item = Record(0, Step("summarize", 1, memory, memory))
    with Store.open(tmp_path / "t.sqlite") as store:
        attempt = store.begin(AttemptSpec(QUESTION, "isump", "recurrent", "m", Dials()))
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
        "INSERT INTO attempts (question_id, question, strategy, backend, model, dials, status, started)"
        " VALUES ('q', 1, 'cot', 'b', 'm', '{}', 'running', 0)"
    )
    connection.close()
    with Store.open(path) as store:
        assert store.attempt(1).spec.question.text == "How many?"
        assert store.attempt(1).status == "running"
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
