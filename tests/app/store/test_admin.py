"""Check, backup, restore, merge and prune."""

from __future__ import annotations

import re
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import BadInput, StoreError
from app.store import Store
from app.store.admin import Counted, PruneFilter, back_up, check, count_prunable, merge, remove, restore
from app.store.records import AttemptSpec
from app.store.search import AttemptFilter
from prompts.settings import Settings
from prompts.values import Answer, Ending, Question
from tests.app.store.stores import contents, failed, fill, filled, read, run_spec, solved, spec

DAY = 86_400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path / "t.sqlite")


def damage(path: Path, *statements: str) -> None:
    """Change a store by SQL, foreign keys unheeded."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def problems(path: Path) -> list[str]:
    with Store.existing(path) as store:
        return check(store)


_THOUGHT = "(SELECT thought FROM steps WHERE attempt = 2 AND verb = 'step')"
DAMAGE = {
    "a changed text": (f"UPDATE texts SET text = 'Pears.' WHERE id = {_THOUGHT}", "is not what was written"),
    "a changed memory": ("UPDATE memories SET data = x'00' WHERE data IS NOT NULL", "Memory .* is not what was"),
    "a lost text": (f"DELETE FROM texts WHERE id = {_THOUGHT}", "of steps refers to one of texts"),
    "a lost attempt": ("DELETE FROM attempts WHERE id = 3", "refers to one of attempts"),
    "a lost part of a prompt": ("UPDATE calls SET prompt = '[9999]' WHERE step = 2", "A part of a prompt of step 2"),
    "a lost step": ("DELETE FROM steps WHERE attempt = 3 AND idx = 1", "Steps of attempt 3 are missing"),
    "a text that is not searched": ("INSERT INTO texts_fts (texts_fts) VALUES ('delete-all')", "found by words"),
    "settings that nobody can read": (
        "UPDATE texts SET text = '{\"seed\": -1}' WHERE id = (SELECT settings FROM attempts WHERE id = 2)",
        "Attempt 2 cannot be read",
    ),
}


def test_a_sound_store_has_no_problems(path: Path) -> None:
    before = path.read_bytes()
    assert problems(path) == [] and path.read_bytes() == before


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found_and_a_backup_restored(path: Path, tmp_path: Path, what: str) -> None:
    backup, everything = tmp_path / "backup.sqlite", read(path)
    assert back_up(path, backup) == backup.stat().st_size
    statement, said = DAMAGE[what]
    damage(path, statement)
    found = problems(path)
    assert any(re.search(said, one) for one in found), found
    damaged = tmp_path / "damaged.sqlite"
    back_up(path, damaged)
    with pytest.raises(StoreError, match="not sound, and nothing was restored"):
        restore(damaged, path)
    away = restore(backup, path)
    assert away is not None and away.exists()
    assert read(path) == everything and problems(path) == []


def test_damaged_pages_are_a_sentence(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(3, path.stat().st_size // 4096, 2):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)
    try:
        assert any("The file is damaged" in one for one in problems(path))
    except StoreError as error:
        assert "restore a backup" in str(error)


def test_a_killed_process_leaves_a_log_that_is_not_replayed_over_a_backup(tmp_path: Path) -> None:
    path, backup = filled(tmp_path / "t.sqlite"), tmp_path / "backup.sqlite"
    back_up(path, backup)
    everything = read(path)
    store = Store.open(path)
    store.begin(spec("later"))
    for end in ("", "-wal", "-shm"):  # as kill -9 leaves them
        (tmp_path / f"killed.sqlite{end}").write_bytes((tmp_path / f"t.sqlite{end}").read_bytes())
    store.close()
    killed = tmp_path / "killed.sqlite"
    assert (tmp_path / "killed.sqlite-wal").stat().st_size
    away = restore(backup, killed)
    assert read(killed) == everything
    assert away is not None and len(read(away)[1]) == len(everything[1]) + 1


def test_nothing_is_overwritten_and_nothing_half_is_left(path: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    for target, reason in ((taken, "is there already"), (tmp_path / "no" / "copy", "could not be written")):
        with pytest.raises(StoreError, match=reason):
            back_up(path, target)
    assert taken.read_text() == "mine" and not list(tmp_path.glob("*.part"))


def test_a_merged_store_holds_everything_once(path: Path, tmp_path: Path) -> None:
    with Store.open(tmp_path / "other.sqlite") as other, Store.open(path) as store:
        fill(other)
        other.begin(spec("unfinished"))
        before, added = contents(store), contents(other)
        assert merge(store, other) == Counted(2, 9)
        runs, attempts = contents(store)
        assert (runs[:2], attempts[:9]) == before
        assert [run.spec for run in runs[2:]] == [run.spec for run in added[0]]
        for (new, steps, scores), (old, old_steps, old_scores) in zip(attempts[9:], added[1][:9], strict=True):
            assert (steps, scores) == (old_steps, old_scores)
            moved = replace(
                old.spec, run=old.spec.run and old.spec.run + 2, parent=old.spec.parent and old.spec.parent + 9
            )
            assert new == replace(old, id=old.id + 9, spec=moved)
        assert merge(store, other) == Counted(0, 0), "what is there already is not added again"
        assert check(store) == []


def test_two_copies_that_went_on_apart_become_one_run(path: Path, tmp_path: Path) -> None:
    back_up(path, tmp_path / "copy.sqlite")
    with Store.open(path) as store, Store.open(tmp_path / "copy.sqlite") as copy:
        solved(store, "three", run=1)
        solved(copy, "three", run=1)
        four = solved(copy, "four", run=1)
        assert merge(store, copy) == Counted(0, 2)
        assert {item.question_id: item.status for item in store.items(1)} == dict.fromkeys(
            ("one", "two", "three", "four"), "done"
        )
        assert store.attempts(2)[1].status == "error", "an item counts once"
        assert store.attempts(1)[0].spec.question == copy.attempt(four).spec.question


def dated(store: Store, table: str, number: int, day: int) -> None:
    with store.transaction() as db:
        db.execute(f"UPDATE {table} SET started = ? WHERE id = ?", (day * DAY, number))


@pytest.fixture
def days() -> Store:
    """Run 1 of day 1 with attempts 1 (failed) and 2; run 2, begun on day 1, with 3 of day 9; 4 is free, 5 its fork."""
    store = Store.open(":memory:")
    one, two = store.begin_run(run_spec()).id, store.begin_run(run_spec()).id
    failed(store, "a", one)
    solved(store, "a", one)
    solved(store, "a", two)
    solved(store, parent=solved(store))
    for table, number, day in (
        *(("runs", run, 1) for run in (one, two)),
        *(("attempts", n, 1) for n in (1, 2, 4)),
        *(("attempts", n, 9) for n in (3, 5)),
    ):
        dated(store, table, number, day)
    return store


@pytest.mark.parametrize(
    ("prune", "runs", "attempts"),
    [
        (PruneFilter(run=1), [2], [3, 4, 5]),
        (PruneFilter(before=5 * DAY), [2], [3, 5]),
        (PruneFilter(before=99 * DAY), [], []),
        (PruneFilter(before=DAY), [1, 2], [1, 2, 3, 4, 5]),
        (PruneFilter(errors=True), [1, 2], [2, 3, 4, 5]),
        (PruneFilter(run=2, errors=True), [1, 2], [1, 2, 3, 4, 5]),
        (PruneFilter(run=2, before=5 * DAY), [1, 2], [1, 2, 3, 4, 5]),
    ],
    ids=str,
)
def test_pruned_is_what_was_said_and_all_that_belongs_to_it(
    days: Store, prune: PruneFilter, runs: list[int], attempts: list[int]
) -> None:
    with days as store:
        kept = {attempt.id: store.records(attempt.id) for attempt in store.attempts() if attempt.id in attempts}
        assert count_prunable(store, prune) == Counted(2 - len(runs), 5 - len(attempts))
        remove(store, prune)
        assert [run.id for run in store.runs()] == runs
        assert sorted(attempt.id for attempt in store.attempts()) == attempts
        assert {number: store.records(number) for number in kept} == kept
        assert check(store) == []
        assert len(store.find(AttemptFilter("apples"))) == len(attempts)
        if not attempts:
            assert all(store.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] == 0 for table in TABLES)


TABLES = ("texts", "memories", "steps", "calls", "findings", "finding_kinds", "scores", "texts_fts_docsize")


def test_prune_has_to_be_told_what(days: Store) -> None:
    with days as store:
        with pytest.raises(BadInput, match="--before, --run or --errors"):
            count_prunable(store, PruneFilter())
        with pytest.raises(StoreError, match="no run 7"):
            count_prunable(store, PruneFilter(run=7))


@pytest.mark.slow
def test_many_attempts_are_pruned_in_linear_time() -> None:
    with Store.open(":memory:") as store:
        took = list[float]()
        for n in (2_000, 8_000):
            run = store.begin_run(run_spec()).id
            with store.transaction():
                for number in range(n):
                    made = AttemptSpec(Question(str(number), "Q?"), "cot", "b", "m", Settings(), run)
                    store.finish(store.begin(made), Answer("7"), Ending.ANSWERED)
            clock = time.perf_counter()
            remove(store, PruneFilter(run=run))
            took.append(time.perf_counter() - clock)
        assert took[1] < 12 * took[0], took
