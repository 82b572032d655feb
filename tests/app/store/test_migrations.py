"""Old stores are carried over with their meaning.

``version7.sql`` is the dump of a store that the code of commit 7cb1341, the last with seven migrations, wrote with its
scripted backend: attempts 1 to 12 of every strategy and form of memory, a fork, vectors and two runs over three items.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.errors import StoreError
from app.store import Store
from app.store.records import AttemptSpec, Record
from app.store.schema import APPLICATION_ID, MIGRATIONS, m001_traces
from app.store.search import Fault
from app.store.wanted import Wanted
from prompts.checks import DEFAULT_CHECKS, Finding
from prompts.memories import TextMemory, VectorMemory
from prompts.settings import Settings
from prompts.steps import Step
from prompts.values import Answer, Question, Score
from tests.app.store.stores import IDENTITY, run_spec

VERSION_7 = (Path(__file__).parent / "version7.sql").read_text(encoding="utf-8")
VERSION_8 = (Path(__file__).parent / "version8.sql").read_text(encoding="utf-8")
"""As ``version7.sql``, by the code of commit ae4231d, the last with eight migrations: attempts 1 to 9 of every strategy
and form of memory, a fork, and two runs over three items. Attempts 16 and 17 came after their items were done."""

ROOT = Path(__file__).parents[3]
APPLES = "Ann has 12 apples and gives 5 away. Then she shares the rest among 3 walnut boxes. How many are in each?"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of version 7."""
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(VERSION_7)
    connection.close()
    return path


def read_raw(path: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def kinds(record: Record) -> list[list[tuple[str, list[str]]]]:
    """The role of each message of each call, and what its parts are."""
    return [
        [(message.role, [part.kind for part in message.parts]) for message in call.request.messages]
        for call in record.step.calls
    ]


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
        " VALUES ('q', 1, 'cot', 'b', 'm', '{\"step_tokens\": 77}', 'running', 0)"
    )
    connection.execute(
        "INSERT INTO texts VALUES (2, x'01', 'Seven apples.'), (3, x'02', '{\"known\": [], \"next\": []}')"
    )
    connection.execute(
        "INSERT INTO steps (attempt, idx, verb, round, thought, memory_before, memory_after, marks, claims)"
        " VALUES (1, 0, 'step', 1, 2, 3, 3, '[]', '[]')"
    )
    connection.close()
    with Store.open(path) as store:
        assert store.attempt(1).spec.question == Question("q", "How many?")
        assert (store.attempt(1).status, store.attempt(1).finished) == ("error", 0), "its process is gone"
        assert store.attempt(1).spec.settings == Settings(step_tokens=77)
        assert store.record(1, 0).step.memory_after == TextMemory()
        assert [found.attempt for found in store.find(Wanted("apple"))] == [1]
    assert read_raw(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_an_old_store_and_a_new_one_have_the_same_schema(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.sqlite"
    Store.open(old).close()
    Store.open(new).close()
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    assert read_raw(old, schema) == read_raw(new, schema)
    for path in (old, new):
        assert read_raw(path, "PRAGMA integrity_check") == [("ok",)]
        assert read_raw(path, "PRAGMA foreign_key_check") == []
        kept_small = {"calls", "findings", "scores"}
        made = dict(read_raw(path, "SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        assert {name for name, sql in made.items() if "WITHOUT ROWID" in sql} >= kept_small


def test_runs_and_attempts_are_carried_over(old: Path) -> None:
    names = "id, question_id, strategy, backend, model, run, parent_attempt, forked_at_step, status, error, answer"
    before = read_raw(old, f"SELECT {names}, ending, started, finished FROM attempts ORDER BY id DESC")
    with Store.open(old) as store:
        attempts = store.attempts(100)
        for attempt, row in zip(attempts, before, strict=True):
            spec = attempt.spec
            about = (attempt.id, spec.question.id, spec.strategy, spec.backend, spec.model, spec.run)
            state = (spec.parent, spec.forked_at_step, attempt.status, attempt.error, attempt.answer)
            if row[8] == "running":
                assert attempt.error is not None and attempt.error.startswith("The process that ran it ended before")
                assert attempt.started <= (attempt.finished or 0) < attempt.started + 60, "when its last call ended"
                row = (*row[:8], "error", attempt.error, *row[10:-1], attempt.finished)
            assert (*about, *state, attempt.ending, attempt.started, attempt.finished) == row
            assert (spec.checks, spec.question.answers) == (DEFAULT_CHECKS, "stated")
        one, cot, fork = store.attempt(1), store.attempt(4), store.attempt(10)
        assert one.spec.question.text == APPLES
        assert one.spec.settings == Settings(step_tokens=77)
        assert (one.answer, one.completion) == ("2", "Answer: 2")
        assert cot.spec.question == Question("cot", "What is 2 + 3?", "A long text about nothing.")
        assert store.attempt(2).spec.settings == Settings(memory_form="json")
        assert store.attempt(8).spec.settings == Settings(samples=3, temperature=0.7)
        assert (fork.spec.parent, fork.spec.forked_at_step) == (1, 1)
        assert Counter(attempt.status for attempt in attempts) == {"done": 15, "error": 4}
        assert store.attempt(9).error == "The scripted replies ran out after 1: add more to the list of replies."
        for run, strategy in zip(store.runs(), ("cot", "isump"), strict=True):
            spec = run.spec
            assert (spec.task, spec.questions, spec.task_version) == ("gsm8k", "gsm8k-builtin", "1")
            assert (spec.primary, spec.checks, spec.strategy, spec.n) == ("numeric", DEFAULT_CHECKS, strategy, 3)
            assert spec.settings == Settings()
            asked = {"source": "builtin", "data": None, "split": "test", "limit": 3, "sample_seed": 0, "offset": 0}
            assert spec.source == asked


def test_every_prompt_is_carried_over_and_says_what_its_parts_are(old: Path) -> None:
    texts = dict(read_raw(old, "SELECT id, text FROM texts"))
    before = [
        [[role, [texts[part] for part in parts]] for role, parts in json.loads(prompt)]
        for (prompt,) in read_raw(old, "SELECT prompt FROM calls ORDER BY step, idx")
    ]
    with Store.open(old) as store:
        records = {attempt.id: store.records(attempt.id) for attempt in store.attempts(100)[::-1]}
    after = [
        [[message.role, [part.text for part in message.parts]] for message in call.request.messages]
        for number in records
        for record in records[number]
        for call in record.step.calls
    ]
    assert after == before and len(after) == 29
    system, begins = ("system", ["system"]), ("user", ["question", "instruction"])
    goes_on = ("user", ["question", "memory", "instruction"])
    asked = [("assistant", ["thought"]), ("user", ["instruction"])]
    assert [kinds(record) for record in records[1]] == [
        [[system, begins]],
        [[system, begins, *asked]],
        [[system, goes_on]],
        [[system, goes_on, *asked]],
        [[system, goes_on]],
        [],
    ]
    assert kinds(records[3][1]) == [[system, begins, *asked]] * 2, "a summary that was asked for twice"
    assert kinds(records[5][2]) == [[system, goes_on]], "the history of history_loop is its memory"
    assert kinds(records[7][0]) == [[system, begins]]
    bound = records[2][1].step.calls[0]
    assert bound.request.schema is not None and bound.request.schema["required"] == ["known", "next"]
    assert bound.generation.finish_reason == "stop"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (["system", ["Question: a", "b"]], ["system", "system"]),
        (["assistant", ["What we know: a", "b"]], ["thought", "thought"]),
        (["user", ["Question: a"]], ["instruction"]),
        (["user", ["Solution so far:\n- a", "Question: b", "c"]], ["memory", "thought", "instruction"]),
        (["user", ["What we know:\n- a", "Work so far:\nb", "c"]], ["memory", "thought", "instruction"]),
        (
            ["user", ["Question: a", "Work so far:\nb", "Answer: 7", "c"]],
            ["question", "memory", "thought", "instruction"],
        ),
        (["user", ["question: a", "c"]], ["thought", "instruction"]),
        (["user", []], ["instruction"]),
    ],
)
def test_the_beginning_of_an_old_part_says_what_it_is(
    old: Path, message: tuple[str, list[str]], expected: list[str]
) -> None:
    role, parts = message
    connection = sqlite3.connect(old, isolation_level=None)
    ids = list(range(900, 900 + len(parts)))
    for number, text in zip(ids, parts, strict=True):
        connection.execute("INSERT INTO texts VALUES (?, randomblob(16), ?)", (number, text))
    connection.execute("UPDATE calls SET prompt = ? WHERE step = 1", (json.dumps([[role, ids]]),))
    connection.close()
    if not parts:
        expected = []  # an old message always had a part; one without must not stop the migration
    with Store.open(old) as store:
        (sent,) = store.record(1, 0).step.calls[0].request.messages
        assert [(part.kind, part.text) for part in sent.parts] == list(zip(expected, parts, strict=True))


def test_what_the_checks_found_is_carried_over(old: Path) -> None:
    def found(check: str, **texts: list[str]) -> list[Finding]:
        return [Finding(check, kind, text) for kind, listed in texts.items() for text in listed]

    with Store.open(old) as store:
        assert [list(record.findings) for record in store.records(1)] == [
            [Finding("equations", "wrong", "12 - 5 = 8 apples left", "it is 7")],
            found("fidelity", kept=["12", "5", "8"], invented=["99"]),
            [
                Finding("equations", "wrong", "8 / 3 = 2 apples", "it is 2.66667"),
                Finding("equations", "unreadable", "and x + 1 = 3"),
            ],
            found("fidelity", kept=["8", "2"], dropped=["99", "1"]),
            [],
            [],
        ]
        assert store.record(2, 0).findings == (Finding("equations", "right", "12 - 5 = 7 apples left"),)
        assert store.first_faults(1) == [
            Fault("equations", "wrong", "wrong equation", 0, "12 - 5 = 8 apples left"),
            Fault("fidelity", "invented", "invented number", 1, "99"),
        ]
        faults = {found.attempt: found.faults for found in store.find(Wanted()) if found.faults}
        assert faults == {1: (("wrong equation", 2), ("invented number", 1)), 17: (("wrong equation", 1),)}
        assert store.finding_counts(2, "equations", "wrong") == {16: 0, 17: 1, 18: 0, 19: 0}


def test_memories_of_both_kinds_are_carried_over(old: Path) -> None:
    with Store.open(old) as store:
        first = TextMemory(("apples left = 12 - 5 = 8", "pears = 99"), ("share them",))
        second = TextMemory(("apples left = 8", "apples in each box = 2"), ("tell the answer",))
        assert [(record.step.memory_before, record.step.memory_after) for record in store.records(1)] == [
            (TextMemory(), TextMemory()),
            (TextMemory(), first),
            (first, first),
            (first, second),
            (second, second),
            (second, second),
        ]
        assert store.record(2, 1).step.memory_after == TextMemory(("apples left = 7",), ("share “them”",))
        edited = TextMemory(("apples left = 7",), ("share them among the boxes",))
        assert store.record(10, 0).step.memory_before == edited, "a fork begins with the memory it was given"
        vectors = [VectorMemory(b"tensor one", (1, 4, 8), 2.5), VectorMemory(b"\0tensor two", (1, 4, 8), 3.25)]
        assert [record.step.memory_after for record in store.records(11)] == vectors
        assert store.record(11, 1).step.memory_before == vectors[0]
        stored = store._db.table("memories").count
        attempt = store.begin(AttemptSpec(Question("q", "?"), "isump", "b", "m", Settings())).id
        for index, memory in enumerate((first, *vectors)):
            store.write(attempt, Record(index, Step("summarize", 1, memory, memory)))
        assert store._db.table("memories").count == stored, "a memory that an old store holds is not stored again"


def test_costs_and_scores_are_carried_over(old: Path) -> None:
    costs = "peak_context, generated, prompt_tokens, cached_tokens, attention_area, calls, steps, seconds"
    before = dict((row[0], row[1:]) for row in read_raw(old, f"SELECT attempt, {costs} FROM attempt_costs"))
    items = read_raw(old, "SELECT run, question_id, attempt FROM items ORDER BY run, attempt")
    scores = read_raw(old, "SELECT * FROM scores ORDER BY attempt, scorer <> 'numeric', scorer")
    with Store.open(old) as store:
        for number, row in before.items():
            assert tuple(getattr(store.costs(number), name) for name in costs.split(", ")) == row
        assert store.costs(1).peak_context > 200 and store.costs(1).calls == 5
        after = [(run.id, item.question_id, item.attempt) for run in store.runs() for item in store.items(run.id)]
        assert after == items and len(after) == 6
        kept = [(number, name, score) for number in before for name, score in store.scores(number).items()]
        assert kept == [(number, name, Score(*rest)) for number, name, *rest in scores] and len(kept) == 18
        assert [item.scores["numeric"] for item in store.items(2)] == [1, 0, 1]
        assert [found.attempt for found in store.find(Wanted(only="flipped", run=1, other=2))] == [17, 14]
        assert [found.attempt for found in store.find(Wanted(only="wrong"))] == [17]
        assert store.find(Wanted(task="gsm8k", run=2, only="error"))[0].error == "The server is gone."


@pytest.mark.parametrize(
    ("words", "attempts"),
    [
        ("walnut", [11, 10, *range(9, 4, -1), 3, 2, 1]),
        ("pears", [1]),
        ("each box gets", [1]),
        ("late", [12]),
        ("segment", [11]),
        ("shape", [11]),
        ("among boxes", [11, 10, 9, 8, 7, 6, 5, 3, 2, 1]),
        ("careful", []),
    ],
)
def test_words_of_an_old_store_are_found(old: Path, words: str, attempts: list[int]) -> None:
    with Store.open(old) as store:
        assert [found.attempt for found in store.find(Wanted(words))] == attempts
        documents = store._rows("SELECT count(*) AS n FROM texts_fts_docsize")[0]["n"]
        insertions = store._rows("SELECT block FROM texts_fts_data WHERE id = 1")[0]["block"][0]  # a varint below 128
        assert insertions == documents, "each text is indexed once"


def test_an_old_store_is_written_on(old: Path) -> None:
    with Store.open(old) as store:
        unfinished = store.begin(store.attempt(12).spec)
        step = Step("conclude", 1, TextMemory(), TextMemory(), answer=Answer("Bo", "Bo is late, says the walrus."))
        store.write(unfinished.id, Record(0, step, (Finding("equations", "wrong", "1 = 2", "it is 1"),)))
        closed = store.finish(unfinished, Answer("Bo", "Bo."), "answered")
        new = unfinished.id
        assert (store.attempt(new), store.record(new, 0).step) == (closed, step)
        assert [found.attempt for found in store.find(Wanted("walrus"))] == [new]
        assert [found.attempt for found in store.find(Wanted(fault=("equations", "wrong")))] == [new, 17, 1]
        with pytest.raises(sqlite3.IntegrityError):
            store._db.execute("UPDATE attempts SET status = 'lost'")
        with pytest.raises(sqlite3.IntegrityError):
            store._db.execute("INSERT INTO findings VALUES (999, 0, 1, '', '')")
        again = store.begin(AttemptSpec(store.attempt(16).spec.question, "isump", "b", "m", Settings(), 2))
        with pytest.raises(StoreError, match="of run 2 was done meanwhile"):
            store.finish(again, Answer("39"), "answered")


def test_an_old_store_that_cannot_be_carried_over_stays_as_it_was(old: Path) -> None:
    connection = sqlite3.connect(old, isolation_level=None)
    connection.execute("UPDATE steps SET claims = 'no JSON' WHERE id = 30")
    connection.close()
    before = list(sqlite3.connect(old).iterdump())
    with pytest.raises(StoreError, match="--store"):
        Store.open(old)
    assert list(sqlite3.connect(old).iterdump()) == before


def test_many_may_open_an_old_store_at_once(old: Path) -> None:
    code = f"from app.store import Store\nwith Store.open({str(old)!r}) as store: assert len(store.records(1)) == 6"
    openers = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(4)]
    said = [opener.communicate(timeout=60)[1] for opener in openers]
    assert [opener.returncode for opener in openers] == [0] * 4, said


@pytest.fixture
def version8(tmp_path: Path) -> Path:
    """A store of version 8."""
    path = tmp_path / "eight.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(VERSION_8)
    connection.close()
    return path


def test_a_done_attempt_of_version_8_is_no_longer_hidden(version8: Path) -> None:
    assert read_raw(version8, "SELECT attempt FROM items WHERE run = 1 ORDER BY 1") == [(12,), (16,), (17,)]
    with Store.open(version8) as store:
        items = [(item.attempt, item.status, item.answer) for item in store.items(1)]
        assert items == [(10, "done", "39"), (11, "done", "39"), (12, "done", "39")]


def test_unfinished_attempts_of_version_8_are_closed(version8: Path) -> None:
    running = "SELECT id FROM attempts WHERE status = 'running'"
    assert read_raw(version8, running) == [(8,), (9,), (17,)]
    with Store.open(version8) as store:
        for number in (8, 9, 17):
            attempt = store.attempt(number)
            assert attempt.status == "error" and "ended before it did" in (attempt.error or "")
            assert attempt.finished is not None and attempt.finished - attempt.started < 1
        assert len(store.records(8)) == 2
    assert read_raw(version8, running) == []


def test_everything_else_of_version_8_stays(version8: Path) -> None:
    columns = "id, run, question_id, question, settings, parent_attempt, answer, completion, checks, started"
    tables = {
        "attempts": f"SELECT {columns} FROM attempts ORDER BY id",
        **{
            name: f"SELECT * FROM {name} ORDER BY 1, 2"
            for name in ("texts", "steps", "calls", "findings", "memories", "scores", "finding_kinds")
        },
    }
    before = {name: read_raw(version8, sql) for name, sql in tables.items()}
    Store.open(version8).close()
    assert {name: read_raw(version8, sql) for name, sql in tables.items()} == before
    with Store.open(version8) as store:
        assert [run.spec.identity for run in store.runs()] == [None, None]
        assert [store.owner_of(run.id) for run in store.runs()] == [None, None]


def test_an_old_store_is_backed_up_before_it_is_brought_up_to_date(
    old: Path, version8: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path, level in ((old, 7), (version8, 8)):
        caplog.clear()
        before = list(sqlite3.connect(path).iterdump())
        Store.open(path).close()
        backup = path.with_name(f"{path.name}.v{level}.backup")
        assert list(sqlite3.connect(backup).iterdump()) == before
        assert backup.stat().st_mode & 0o777 == 0o600
        assert [record.message for record in caplog.records] == [
            f"{path} was brought up to date; as it was before, it is in {backup}."
        ]
        Store.open(path).close()
        assert len(caplog.records) == 1, "it is said once"
        shutil.copy(backup, path)
        Store.open(path).close()
        assert path.with_name(f"{backup.name}-2").exists(), "no backup is overwritten"


def test_without_room_for_a_backup_nothing_is_migrated(version8: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(store: Path, target: Path) -> int:
        raise StoreError("database or disk is full")

    monkeypatch.setattr("app.store.migrate.back_up", full)
    before = list(sqlite3.connect(version8).iterdump())
    with pytest.raises(StoreError, match=r"before that it is backed up, which failed: .*full"):
        Store.open(version8)
    assert list(sqlite3.connect(version8).iterdump()) == before
    assert not list(version8.parent.glob("*backup*"))


def test_a_migration_that_fails_leaves_no_backup_behind(old: Path) -> None:
    connection = sqlite3.connect(old, isolation_level=None)
    connection.execute("UPDATE steps SET claims = 'no JSON' WHERE id = 30")
    connection.close()
    for _ in range(2):
        with pytest.raises(StoreError, match=r"could not be brought up to date .*nothing in it was changed"):
            Store.open(old)
    assert not list(old.parent.glob("*backup*"))


def test_a_new_store_and_one_that_is_current_get_no_backup(tmp_path: Path) -> None:
    for _ in range(2):
        Store.open(tmp_path / "t.sqlite").close()
    assert [file.name for file in tmp_path.iterdir()] == ["t.sqlite"]


def test_a_run_keeps_its_identity_and_shares_its_questions(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        one = run_spec(identity=replace(IDENTITY, items=tuple("abc" * 100)))
        two = replace(one, identity=replace(one.identity or IDENTITY, model="another"))
        runs = [store.begin_run(each) for each in (one, two, run_spec(identity=None))]
        assert store.runs() == runs
        assert [run.spec.identity for run in store.runs()] == [one.identity, two.identity, None]
        rows = store._rows("SELECT item_hashes, identity FROM runs")
        assert rows[0]["item_hashes"] == rows[1]["item_hashes"], "the hashes of the same questions are one text"
        assert rows[2] == {"item_hashes": None, "identity": None}
