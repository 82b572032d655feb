"""Damage of every kind is found by ``check`` and mended by ``repair``, and what was not damaged stays what it was."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.errors import StoreError
from app.store import Store
from app.store.check import check
from app.store.references import TEXT_COLUMNS
from app.store.repair import repair
from app.store.wanted import Wanted
from tests.app.store.stores import fill, filled, read, records, spec

OLD = Path(__file__).parent
ALL = 9 + 11 * 7
"""Attempts of a store that was filled twelve times; only its first run has failed tries."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path / "t.sqlite")


def change(path: Path, *statements: str) -> None:
    """Damage a store by SQL, foreign keys unheeded."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = on")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def says(path: Path, *, quick: bool = False) -> list[str]:
    return [problem.says for problem in check(path, quick=quick).problems]


def test_a_sound_store_has_no_problems(path: Path) -> None:
    found = check(path)
    assert (found.problems, found.older, found.quick) == ((), False, False)
    assert found.holds == "2 runs, 9 attempts and 27 steps"
    before = path.read_bytes()
    assert repair(path).backup is None
    assert path.read_bytes() == before and not list(path.parent.glob("*damaged*"))


@pytest.mark.parametrize("version", [7, 8])
def test_an_old_store_is_sound_before_and_after_it_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript((OLD / f"version{version}.sql").read_text(encoding="utf-8"))
    connection.close()
    found = check(path)
    assert (found.problems, found.older, found.version) == ((), True, version)
    Store.open(path).close()
    found = check(path)
    assert (found.problems, found.older) == ((), False)


def test_every_reference_to_a_text_is_known(path: Path) -> None:
    """A migration that lets another column refer to a text adds it to the list that orphans are found by."""
    with Store.open(path) as store:
        found = {
            (table.name, key.column)
            for table in store._db.tables
            for key in table.foreign_keys
            if key.other_table == "texts"
        }
    assert found == set(TEXT_COLUMNS)


_FTS = "INSERT INTO texts_fts (texts_fts, rowid, text) SELECT 'delete', id, text FROM texts WHERE id ="
_THOUGHT = "(SELECT thought FROM steps WHERE attempt = 2 AND verb = 'step')"
_DAMAGE: dict[str, tuple[tuple[str, ...], str, set[int]]] = {
    "a changed text": (
        (f"UPDATE texts SET text = 'Pears.' WHERE id = {_THOUGHT}",),
        "no longer what it was in text",
        {2},
    ),
    "a changed memory": (
        ("UPDATE memories SET data = x'00' WHERE data IS NOT NULL",),
        "no longer what it was in mem",
        {2, 3, 5, 6, 7, 8},
    ),
    "a lost text": ((f"DELETE FROM texts WHERE id = {_THOUGHT}",), "cannot find their texts", {2}),
    "a lost question": (
        ("DELETE FROM texts WHERE id = (SELECT question FROM attempts)",),
        "cannot find their texts",
        {2, 3, 5, 6, 7, 8},
    ),
    "lost settings": (
        ("DELETE FROM texts WHERE id = (SELECT settings FROM attempts)",),
        "cannot find their texts",
        {2, 3, 5, 6, 7, 8},
    ),
    "a lost memory": (
        ("DELETE FROM memories WHERE data IS NOT NULL",),
        "cannot find their memories",
        {2, 3, 5, 6, 7, 8},
    ),
    "a lost part of a prompt": (
        ("UPDATE calls SET prompt = '[9999]' WHERE step = 2",),
        "A prompt is not whole in step 2",
        {2},
    ),
    "a prompt that is no JSON": (
        ("UPDATE calls SET prompt = '[1,' WHERE step = 2",),
        "A prompt is not whole in step 2",
        {2},
    ),
    "a lost layout": (
        ("DELETE FROM texts WHERE id = (SELECT layout FROM calls)",),
        "cannot find their texts",
        {2, 3, 5, 6, 7, 8},
    ),
    "a lost step": (("DELETE FROM steps WHERE attempt = 3 AND idx = 1",), "Steps are missing in attempt 3", {3}),
    "lost attempts": (("DELETE FROM attempts WHERE id = 3",), "cannot find their attempts", set()),
    "a lost run": (("DELETE FROM runs WHERE id = 1",), "cannot find their runs", set()),
    "a lost parent": (("DELETE FROM attempts WHERE id = 7",), "cannot find their attempts", set()),
    "a lost kind of finding": (
        ("DELETE FROM finding_kinds WHERE kind = 'odd'",),
        "cannot find their finding_kinds",
        {2, 3, 5, 6, 7, 8},
    ),
    "a lost identity": (("UPDATE runs SET identity = 9999",), "cannot find their texts", set()),
    "a text that nothing refers to": (
        ("INSERT INTO texts VALUES (9999, x'00', 'orphan')",),
        "to which nothing refers",
        set(),
    ),
    "a memory that nothing refers to": (
        ("INSERT INTO memories VALUES (9999, x'00', 'text', 1, NULL)",),
        "row of memories in the store, to which",
        set(),
    ),
    "a kind that nothing refers to": (
        ("INSERT INTO finding_kinds VALUES (9999, 'a', 'b')",),
        "row of finding_kinds in the store, to which",
        set(),
    ),
    "a text that is not searched": ((f"{_FTS} {_THOUGHT}",), "1 text cannot be found by words", set()),
    "a text that should not be searched": (
        ("INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts WHERE id = (SELECT settings FROM attempts)",),
        "1 text found by words, but no thought",
        set(),
    ),
    "an index of other words": (
        (
            f"{_FTS} {_THOUGHT}",
            f"INSERT INTO texts_fts (rowid, text) SELECT id, 'pears' FROM texts WHERE id = {_THOUGHT}",
        ),
        "The index of words is not that of the texts",
        set(),
    ),
    "an index that is damaged": (("UPDATE texts_fts_data SET block = x'0000' WHERE id > 10",), "words", set()),
    "an item that is done twice": (
        ("DROP INDEX attempts_done_once", "UPDATE attempts SET status = 'done' WHERE id = 1"),
        "one of run 1 is done more than once",
        set(),
    ),
    "an attempt that nobody is at": (
        ("UPDATE attempts SET status = 'running' WHERE id = 9", "UPDATE writers SET pid = 99999999"),
        "Nobody is at attempt 9",
        set(),
    ),
    "a missing table": (("DROP TABLE scores",), "The table scores is missing", set()),
    "a missing index": (("DROP INDEX steps_thought",), "The index steps_thought is missing", set()),
    "a missing view": (("DROP VIEW items",), "The view items is missing", set()),
    "a missing trigger": (("DROP TRIGGER steps_searched",), "The trigger steps_searched is missing", set()),
    "a table of somebody else": (("CREATE TABLE theirs (x)",), "The table theirs is not of this program", set()),
    "another view of that name": (
        ("DROP VIEW items", "CREATE VIEW items AS SELECT 1 AS run, 2 AS question_id, 3 AS attempt"),
        "The view items is not as this program makes it",
        set(),
    ),
    "a column too many": (
        ("ALTER TABLE steps ADD COLUMN more",),
        "The table steps is not as this program makes it",
        set(),
    ),
    "settings that nobody can read": (
        ("UPDATE attempts SET checks = 'no JSON' WHERE id = 3",),
        "Attempt 3 cannot be read",
        set(),
    ),
    "a run that nobody can read": (
        ("UPDATE runs SET settings = '{\"haste\": 1}' WHERE id = 2",),
        "Run 2 cannot be read",
        set(),
    ),
    "a text of bytes": (
        (f"UPDATE texts SET text = CAST(x'ff61' AS TEXT) WHERE id = {_THOUGHT}",),
        "no longer what it was",
        {2},
    ),
}
"""What is done to a store, what is said of it, and the attempts that then no longer count."""


@pytest.mark.parametrize("damage", _DAMAGE)
def test_damage_is_found_and_mended(path: Path, damage: str) -> None:
    statements, said, incomplete = _DAMAGE[damage]
    runs, before = read(path)
    change(path, *statements)
    assert any(said in problem for problem in says(path)), says(path)
    repaired = repair(path)
    assert not repaired.left, repaired
    assert says(path) == []
    assert repaired.backup is not None and repaired.backup.exists()
    with Store.open(path) as store:
        after = {attempt.id: attempt for attempt in store.attempts(100)}
        done = {attempt.id for attempt, _, _ in before if attempt.status == "done"}
        assert {number for number, one in after.items() if one.status == "done"} == (done & after.keys()) - incomplete
        for number in incomplete:
            assert "was lost" in (after[number].error or "") and store.records(number)
            assert any(f" {number}" in line or " more " in line for line in repaired.lost)
        assert len(store.find(Wanted("apples"))) >= 5, "words are found"
        assert store.begin(spec()).id > 0, "it can be written on"
    assert {run.id for run in runs} >= {run.id for run in read(path)[0]}


def test_what_was_not_damaged_is_what_it_was(path: Path) -> None:
    runs, before = read(path)
    change(path, _DAMAGE["a lost text"][0][0], _DAMAGE["a lost step"][0][0], "INSERT INTO texts VALUES (9999, x'', '')")
    repair(path)
    after = {attempt.id: (attempt, steps, scores) for attempt, steps, scores in read(path)[1]}
    assert read(path)[0] == runs
    for attempt, steps, scores in before:
        if attempt.id not in (2, 3):
            assert after[attempt.id] == (attempt, steps, scores)
    thought = after[2][1][1].step.thought
    assert (thought.text if thought else "") == "", "the text is gone, the step is not"
    assert [record.index for record in after[3][1]] == [0, 2, 3]


def test_a_quick_check_looks_at_rows_but_not_into_texts(path: Path) -> None:
    change(path, _DAMAGE["a changed text"][0][0], "INSERT INTO texts VALUES (9999, x'00', 'orphan')")
    assert says(path, quick=True) == ["1 row of texts in the store, to which nothing refers."]
    assert check(path, quick=True).quick
    assert len(says(path)) == 3


def test_a_check_does_not_write(path: Path) -> None:
    change(path, *_DAMAGE["a lost text"][0])
    before = path.read_bytes()
    check(path)
    assert path.read_bytes() == before


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.sqlite"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    newer = filled(tmp_path / "newer.sqlite")
    change(newer, "PRAGMA user_version = 99")
    refused: dict[Path, str] = {tmp_path / "none": "no trace store", foreign: "another program", newer: "newer isump"}
    for path, reason in refused.items():
        for look in (check, repair):
            with pytest.raises(StoreError, match=reason):
                look(path)


def test_what_is_no_database_is_a_problem_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    path.write_bytes(b"this is no database" * 99)
    (problem,) = check(path).problems
    assert problem.where == "file" and "file is not a database" in problem.says
    with pytest.raises(StoreError, match="put a backup in its place"):
        repair(path)
    assert path.read_bytes() == b"this is no database" * 99


def overwrite(path: Path, page: int, size: int = 4096) -> None:
    with path.open("r+b") as file:
        file.seek(page * size)
        file.write(b"\xa5" * size)


def page_of(path: Path, table: str) -> int:
    """A page, from 0, amid the leaves of a table."""
    connection = sqlite3.connect(path)
    pages = connection.execute(
        "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno", (table,)
    )
    found = [row[0] - 1 for row in pages]
    connection.close()
    return found[len(found) // 2]


@pytest.mark.parametrize("table", ["texts", "steps", "calls", "findings", "texts_fts_data"])
def test_what_other_pages_hold_is_salvaged(tmp_path: Path, table: str) -> None:
    path = tmp_path / "t.sqlite"
    with Store.open(path) as store:
        for _ in range(12):
            fill(store)
    overwrite(path, page_of(path, table))
    runs, before = read_what_can_be(tmp_path / "t.sqlite", ALL)
    repaired = repair(path)
    assert not repaired.left and repaired.found[0].where in ("file", "search")
    assert says(path) == []
    after = {attempt.id: (attempt, steps) for attempt, steps, _ in read(path)[1]}
    assert len(after) == ALL, "no attempt is lost with a page of something else"
    lost = [number for number, (attempt, _) in after.items() if "was lost" in (attempt.error or "")]
    assert (len(lost) < ALL) and (table == "texts_fts_data") == (not lost)
    same = [number for number, steps in before.items() if number not in lost and after[number][1] == steps]
    assert len(same) > 12
    assert len(runs) == 24 == len(read(path)[0])


def read_what_can_be(path: Path, n: int) -> tuple[list[object], dict[int, object]]:
    found: dict[int, object] = {}
    with Store.open(path, read_only=True) as store:
        for number in range(1, n + 1):
            try:
                found[number] = store.records(number)
            except StoreError:
                continue
        return list(store.runs()), found


def test_nobody_mends_a_store_that_is_being_written(path: Path) -> None:
    change(path, "INSERT INTO texts VALUES (9999, x'00', 'orphan')")
    with Store.open(path) as writing:
        attempt = writing.begin(spec())
        with pytest.raises(StoreError, match=r"is being written by this process since .* cannot be mended now"):
            repair(path)
        writing.write(attempt.id, records()[0])
    assert says(path)
    assert not repair(path).left


def test_repair_keeps_every_copy(path: Path) -> None:
    kept: list[Path | None] = []
    for number in (9998, 9999):
        change(path, f"INSERT INTO texts VALUES ({number}, x'00', 'orphan')")
        kept.append(repair(path).backup)
    assert [file.name for file in kept if file] == ["t.sqlite.damaged", "t.sqlite.damaged-2"]
    assert all("to which nothing refers" in says(file)[0] for file in kept if file)


def test_a_repair_can_be_made_of_the_backup_again(path: Path, tmp_path: Path) -> None:
    change(path, *_DAMAGE["a lost text"][0])
    backup = repair(path).backup
    assert backup is not None
    backup.replace(path)
    assert not repair(path).left
