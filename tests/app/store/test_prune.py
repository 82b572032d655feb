"""What is removed is what was asked for, whole runs and no half ones, and nothing of it is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import BadInput, StoreError
from app.store import Store
from app.store.check import check
from app.store.prune import Plan, Unwanted, plan_prune, prune
from app.store.vacuum import vacuum
from app.store.wanted import Wanted
from prompts.steps import Step
from prompts.values import Answer, Thought
from tests.app.store.stores import EMPTY, Record, contents, failed, filled, read, run_spec, solved, spec

DAY = 86_400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Run 1 holds attempts 1 to 4, of which 1 and 4 failed; run 2 holds 5 and 6; 8 forks 7, and 9 forks 8 and failed.

    Run 1 is of day 1 and the others of day 3, but attempt 9 is of day 5.
    """
    path = filled(tmp_path / "t.sqlite")
    with Store.open(path) as store:
        for table, condition, day in (
            ("runs", "id = 1", 1),
            ("attempts", "run = 1", 1),
            ("runs", "id = 2", 3),
            ("attempts", "run IS NOT 1", 3),
            ("attempts", "id = 9", 5),
        ):
            store._db.execute(f"UPDATE {table} SET started = {day * DAY} WHERE {condition}")
    return path


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("unwanted", "attempts", "runs"),
    [
        (Unwanted(run=1), (1, 2, 3, 4), (1,)),
        (Unwanted(run=2), (5, 6), (2,)),
        (Unwanted(before=0), (), ()),
        (Unwanted(before=2 * DAY), (1, 2, 3, 4), (1,)),
        (Unwanted(before=4 * DAY), (1, 2, 3, 4, 5, 6), (1, 2)),
        (Unwanted(before=6 * DAY), tuple(range(1, 10)), (1, 2)),
        (Unwanted(run=1, before=2 * DAY), (1, 2, 3, 4), (1,)),
        (Unwanted(run=2, before=2 * DAY), (), ()),
        (Unwanted(errors=True), (1, 4, 9), ()),
        (Unwanted(errors=True, run=1), (1, 4), ()),
        (Unwanted(errors=True, run=2), (), ()),
        (Unwanted(errors=True, before=4 * DAY), (1, 4), ()),
    ],
    ids=str,
)
def test_what_goes_is_what_was_asked_for(
    store: Store, unwanted: Unwanted, attempts: tuple[int, ...], runs: tuple[int, ...]
) -> None:
    before = contents(store)
    plan = plan_prune(store, unwanted)
    assert (plan.attempts, plan.runs) == (attempts, runs)
    prune(store, plan)
    kept = [one for one in before[1] if one[0].id not in attempts]
    assert contents(store) == ([run for run in before[0] if run.id not in runs], kept)
    assert store.file is not None and not check(store.file).problems
    if unwanted.run is None:
        assert plan_prune(store, unwanted).attempts == (), "nothing is left of it"


def test_a_parent_stays_for_the_fork_that_stays_and_its_run_with_it(store: Store) -> None:
    fork = solved(store, parent=2)  # of attempt 2 in run 1, begun now
    assert plan_prune(store, Unwanted(before=4 * DAY)).attempts == (5, 6), "run 1 stays whole, and so do 7 and 8 for 9"
    store._db.execute("DELETE FROM attempts WHERE id = 0")
    young = failed(store, parent=1)
    store._db.execute(f"UPDATE attempts SET status = 'done' WHERE id = {young}")
    assert plan_prune(store, Unwanted(errors=True)).attempts == (4, 9), "1 is the parent of one that is done"
    plan = plan_prune(store, Unwanted(run=1))
    assert (plan.attempts, plan.forks) == ((1, 2, 3, 4, fork, young), 2), "a run that is removed takes its forks along"
    assert str(plan) == "run 1 with 6 attempts (2 of them forks of others)"


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(Unwanted(), (3,), 0, ()), "attempt 3"),
        (Plan(Unwanted(), (3, 4), 1, ()), "attempts 3 and 4 (1 of them forks of others)"),
        (Plan(Unwanted(), tuple(range(1200)), 0, (1, 2)), "runs 1 and 2 with 1,200 attempts"),
        (Plan(Unwanted(), (), 0, (7,)), "run 7 with 0 attempts"),
    ],
)
def test_a_plan_is_said_in_words(plan: Plan, words: str) -> None:
    assert str(plan) == words


def test_a_failed_attempt_that_is_the_result_of_its_item_stays(store: Store) -> None:
    run = store.begin_run(run_spec()).id
    first, last = failed(store, "never", run), failed(store, "never", run)
    assert plan_prune(store, Unwanted(run=run, errors=True)).attempts == (first,)
    assert [item.attempt for item in store.items(run)] == [last]


def test_texts_that_nobody_else_uses_go_with_their_words(store: Store) -> None:
    alone = store.begin(spec())
    store.write(alone.id, Record(0, Step("step", 1, EMPTY, EMPTY, thought=Thought("A walnut of its own."))))
    store.fail(alone, "gone")
    assert [found.attempt for found in store.find(Wanted("walnut"))] == [alone.id]
    texts = store._db.table("texts").count
    prune(store, plan_prune(store, Unwanted(errors=True)))
    assert store.find(Wanted("walnut")) == []
    assert store._db.table("texts").count < texts
    assert store.find(Wanted("apples")), "what others use stays and is found"


def test_a_store_that_stays_open_elsewhere_writes_no_wrong_text(path: Path, store: Store) -> None:
    """It remembers the ids of texts; those of removed ones may be given to others."""
    with Store.open(path) as other:
        for number in range(3):
            attempt = other.begin(spec())
            thought = Thought(f"Thought {number} by one.")
            other.write(attempt.id, Record(0, Step("step", 1, EMPTY, EMPTY, thought=thought)))
            other.fail(attempt, "gone")
        prune(store, plan_prune(store, Unwanted(errors=True)))
        solved(store)
        attempt = other.begin(spec())
        written = [Record(n, Step("step", 1, EMPTY, EMPTY, thought=Thought(f"Thought {n} by one."))) for n in range(3)]
        for record in written:
            other.write(attempt.id, record)
        assert other.records(attempt.id) == store.records(attempt.id) == written
        other.finish(attempt, Answer("7"), "answered")
    assert not check(path).problems


def test_nothing_that_is_being_written_goes(path: Path, store: Store) -> None:
    with Store.open(path) as writing:
        plan = plan_prune(store, Unwanted(run=1))
        with writing.run_lock(1):
            for unwanted in (Unwanted(run=1), Unwanted(before=6 * DAY), Unwanted(errors=True)):
                with pytest.raises(StoreError, match="Run 1 is being written by this process since"):
                    plan_prune(store, unwanted)
            with pytest.raises(StoreError, match="is being written"):
                prune(store, plan)
            prune(store, plan_prune(store, Unwanted(run=2)))
        attempt = writing.begin(spec("two", 1))
        with pytest.raises(StoreError, match=f"Attempt {attempt.id} is being written"):
            plan_prune(store, Unwanted(run=1))
        writing.fail(attempt, "stopped")
        with pytest.raises(StoreError, match="written meanwhile, and nothing was removed"):
            prune(store, plan)
        prune(store, plan_prune(store, Unwanted(run=1)))
        assert store.runs() == []


def test_what_a_killed_process_left_can_go(path: Path, store: Store) -> None:
    store._db.execute("INSERT INTO writers VALUES (99, 99999999, 'elsewhere', '0', 0)")
    store._db.execute("UPDATE attempts SET status = 'running', writer = 99, error = NULL WHERE id = 4")
    assert plan_prune(store, Unwanted(errors=True)).attempts == (1, 4, 9)


def test_what_is_asked_for_must_be_said_and_be_there(store: Store) -> None:
    with pytest.raises(BadInput, match="Say what to remove with --before, --run or --errors"):
        plan_prune(store, Unwanted())
    with pytest.raises(StoreError, match="no run 9"):
        plan_prune(store, Unwanted(run=9))


def test_a_prune_that_fails_removes_nothing(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(db: object) -> None:
        raise StoreError("database or disk is full")

    before = contents(store)
    monkeypatch.setattr("app.store.prune.remove_unused", full)
    with pytest.raises(StoreError, match="full"):
        prune(store, plan_prune(store, Unwanted(run=1)))
    assert contents(store) == before and not check(path).problems


def test_vacuum_gives_space_back_and_changes_nothing_else(path: Path) -> None:
    with Store.open(path) as store:
        attempt = store.begin(spec())
        long = Thought(" ".join(map(str, range(100_000))))
        store.write(attempt.id, Record(0, Step("step", 1, EMPTY, EMPTY, thought=long)))
        store.fail(attempt, "gone")
        prune(store, plan_prune(store, Unwanted(before=9e18)))
        failed(store)
    everything = read(path)
    before, after = vacuum(path)
    assert after < before / 2 and after == path.stat().st_size
    assert read(path) == everything and not check(path).problems
    with Store.open(path) as writing:
        writing.begin(spec())
        with pytest.raises(StoreError, match="cannot be made smaller now"):
            vacuum(path)
