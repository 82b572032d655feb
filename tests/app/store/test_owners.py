"""One process writes a run, and what a killed process left is closed; tried with real processes."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import StoreError
from app.store import Store
from app.store.check import check
from app.store.locks import host
from prompts.values import Answer
from tests.app.store.stores import filled, records, run_spec, spec

ROOT = Path(__file__).parents[3]
HANGS = 60
"""Seconds after which something hangs, however busy the machine is."""
AT_WORK = """
import sys, time
from app.store import Store
from tests.app.store.stores import records, run_spec, spec
with Store.open(sys.argv[1]) as store:
    run = store.begin_run(run_spec()).id
    with store.run_lock(run):
        attempt = store.begin(spec("one", run))
        store.write(attempt.id, records()[0])
        print(run, attempt.id, flush=True)
        sys.stdin.readline()
"""


@contextlib.contextmanager
def at_work(path: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """Another process with a run and an attempt at it; its end is a line it is sent."""
    command = (sys.executable, "-c", AT_WORK, str(path))
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        try:
            run, attempt = map(int, process.stdout.readline().split())
            yield process, run, attempt
        finally:
            process.kill()


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(HANGS)


def lock_files(path: Path) -> list[str]:
    return sorted(file.name for file in path.with_name(f"{path.name}.locks").glob("*"))


def test_a_run_has_one_writer_and_the_second_is_told_who_it_is(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with at_work(path) as (process, run, _), Store.open(path) as store:
        with pytest.raises(StoreError) as refused, store.run_lock(run):
            pass
        said = str(refused.value)
        assert said.startswith(f"Run {run} is being written by process {process.pid} on {host()} since 20")
        assert said.endswith(": wait for it, or stop it there.")
        owner = store.owner_of(run)
        assert owner is not None and owner.pid == process.pid
        kill(process)
        with store.run_lock(run):
            assert store.owner_of(run) is not None
        assert store.owner_of(run) is None


def test_a_run_that_was_let_go_can_be_taken(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as one, Store.open(tmp_path / "t.sqlite") as two:
        run = one.begin_run(run_spec()).id
        for first, second in ((one, two), (two, one)):
            with first.run_lock(run), pytest.raises(StoreError, match="is being written by this process since"):
                second.run_lock(run).__enter__()
        with one.run_lock(run), one.run_lock(one.begin_run(run_spec()).id):
            with pytest.raises(StoreError, match="is being written by this process already"), one.run_lock(run):
                pass
            with pytest.raises(StoreError, match="already"), one.run_lock(run):
                pass
        with pytest.raises(RuntimeError), two.run_lock(run):
            raise RuntimeError
        with one.run_lock(run):
            pass


def test_a_store_in_memory_locks_its_runs_too() -> None:
    with Store.open(":memory:") as store:
        run = store.begin_run(run_spec()).id
        with store.run_lock(run), pytest.raises(StoreError, match="already"):
            store.run_lock(run).__enter__()
        with store.run_lock(run):
            pass
        with pytest.raises(StoreError, match="no run 7"):
            store.run_lock(7).__enter__()
        assert store.attempt(store.begin(spec()).id).status == "running"
        assert store.close_abandoned() == 0


def test_what_a_killed_process_left_is_closed_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with at_work(path) as (process, run, attempt):
        with Store.open(path) as store:
            assert store.attempt(attempt).status == "running", "its process is at it"
            assert store.close_abandoned() == 0
            assert not check(path).problems
            kill(process)
            found = check(path)
            assert [problem.says for problem in found.problems] == [
                f"Nobody is at attempt {attempt} any more, which are not closed."
            ]
            assert store.close_abandoned() == 1
            closed = store.attempt(attempt)
            said = f"The process that ran it ({process.pid}) ended before it did: killed, or the machine stopped."
            assert (closed.status, closed.error) == ("error", said)
            assert closed.finished == closed.started, "the time until somebody looked is not its own"
            assert store.records(attempt) == records()[:1], "what was written stays"
            assert [item.status for item in store.items(run)] == ["error"]
            assert store.close_abandoned() == 0
        assert lock_files(path) == []
        assert not check(path).problems


@pytest.mark.parametrize("opened", ["open", "existing"])
def test_a_store_that_is_opened_to_be_written_closes_what_was_left(tmp_path: Path, opened: str) -> None:
    path = tmp_path / "t.sqlite"
    with at_work(path) as (process, _, attempt):
        kill(process)
    with Store.open(path, read_only=True) as store:
        assert store.attempt(attempt).status == "running", "nothing is written"
    with getattr(Store, opened)(path) as store:
        assert store.attempt(attempt).status == "error"


def test_a_process_that_ends_well_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with at_work(path) as (process, run, attempt):
        process.communicate("end\n", HANGS)
        assert process.returncode == 0
    with Store.open(path, read_only=True) as store:
        closed = store.attempt(attempt)
        assert (closed.status, closed.error) == ("error", "The trace store was closed before it ended.")
        assert store.owner_of(run) is None
    assert not path.with_name("t.sqlite.locks").exists()


def test_attempts_of_a_live_process_survive_everything_others_do(tmp_path: Path) -> None:
    path = filled(tmp_path / "t.sqlite")
    with at_work(path) as (_, run, attempt):
        for _ in range(5):
            with Store.open(path) as store:
                store.finish(store.begin(spec()), Answer("7"), "answered")
                assert store.close_abandoned() == 0
                assert store.attempt(attempt).status == "running"
        path.with_name("t.sqlite.locks").rename(tmp_path / "tidied away")
        with Store.open(path) as store:
            assert store.close_abandoned() == 0
            assert store.attempt(attempt).status == "running", "its process is seen although its lock is gone"
            with pytest.raises(StoreError, match="is being written"), store.run_lock(run):
                pass


def test_the_locks_of_a_deleted_store_do_not_stop_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with at_work(path) as (process, _, _):
        for file in tmp_path.glob("t.sqlite*"):
            if file.is_file():
                file.unlink()
        with Store.open(path) as store:
            attempt = store.begin(spec()).id
            assert store.attempt(attempt).status == "running"
            assert lock_files(path) == ["writer-1.lock", "writer-2.lock"]
        process.communicate("end\n", HANGS)
        assert process.returncode == 0, "it closes quietly, although its store is gone"
    with Store.open(path) as store:
        assert store.attempt(attempt).error == "The trace store was closed before it ended."
    assert lock_files(path) == []


def test_many_processes_may_begin_at_once_and_each_knows_its_own(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(at_work(path)) for _ in range(4)]
        for process, _, _ in others[::2]:
            kill(process)
        with Store.open(path) as store:
            statuses = [store.attempt(attempt).status for _, _, attempt in others]
        assert statuses == ["error", "running", "error", "running"]


def test_an_item_that_is_done_twice_is_counted_once(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        run = store.begin_run(run_spec()).id
        first, second = (store.begin(spec("one", run)) for _ in range(2))
        store.finish(second, Answer("8"), "answered")
        with pytest.raises(StoreError, match=f"one of run {run} was done meanwhile by another attempt"):
            store.finish(first, Answer("7"), "answered")
        assert store.attempt(first.id).status == "error"
        assert [item.attempt for item in store.items(run)] == [second.id]


def test_an_attempt_that_somebody_else_closed_is_not_opened_again(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        attempt = store.begin(spec())
        store.fail(attempt, "stopped")
        with pytest.raises(StoreError, match="was closed or removed by somebody else"):
            store.finish(attempt, Answer("7"), "answered")
        store.fail(attempt, "once more")
        assert store.attempt(attempt.id).error == "stopped"


def test_a_lock_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        (tmp_path / "t.sqlite.locks").write_text("in the way")
        with pytest.raises(StoreError, match=r"t\.sqlite\.locks cannot hold the locks"):
            store.begin(spec())
        (tmp_path / "t.sqlite.locks").unlink()
        assert store.attempt(store.begin(spec()).id).status == "running"


def test_the_moment_a_writer_registers_is_not_seen_half(tmp_path: Path) -> None:
    """Stores that open, begin and close all the time while others look for the dead."""
    path, until = tmp_path / "t.sqlite", time.monotonic() + 2
    code = f"""
import time
from app.store import Store
from prompts.values import Answer
from tests.app.store.stores import spec
while time.monotonic() < {until}:
    with Store.open({str(path)!r}) as store:
        attempt = store.begin(spec())
        store.close_abandoned()
        store.finish(attempt, Answer("7"), "answered")
"""
    pipe = subprocess.PIPE
    others = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=pipe) for _ in range(3)]
    said = [other.communicate(timeout=HANGS)[1] for other in others]
    assert [other.returncode for other in others] == [0, 0, 0], said
    with Store.open(path) as store:
        assert {attempt.status for attempt in store.attempts(100_000)} == {"done"}
    assert lock_files(path) == []
