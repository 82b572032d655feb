"""Kills at random moments of the real commands: nothing done is lost, nothing half is taken for whole.

A killed process costs what its command had done by then and no start of Python: it is forked from one that has imported
everything, and runs the command line that it is given.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from app import cli
from app.store import Store
from app.store.admin import check
from evals import commands
from tests.app.store.stores import fill

if "forkserver" not in multiprocessing.get_all_start_methods():
    pytest.skip("processes are forked here", allow_module_level=True)

ITEMS = 120
HANGS = 120
"""Seconds after which something hangs, however busy the machine is."""
KILLS = {"solve": 6, "eval": 10, "merge": 6}
"""How many processes are killed in the midst of what."""

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["sqlite_utils", "filelock", "graphs.strategy", __name__])


def begin(*words: str | Path) -> BaseProcess:
    """A process that runs a command line; its output is beside the folder of models."""
    process = _FORKED.Process(target=_command, args=([str(word) for word in words], os.environ["ISUMP_CACHE_DIR"]))
    process.start()
    return process


def _command(words: list[str], folder: str) -> None:
    output = os.open(f"{folder}.output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    sys.argv = words
    if words[0] == "evals.gsm8k":
        commands.main("gsm8k")
    cli.main()


def end(process: BaseProcess) -> None:
    """Wait until a process has ended as it should."""
    process.join(HANGS)
    said = Path(f"{os.environ['ISUMP_CACHE_DIR']}.output").read_text(encoding="utf-8", errors="replace")
    assert process.exitcode == 0 and "Traceback" not in said, (process.exitcode, said[-2000:])


@dataclass
class Killer:
    """Kills one command again and again, until that fell into its work as often as was promised.

    Attributes:
        what: What is killed, a key of ``KILLS``.
        span: Seconds that its work takes from the moment it has begun.
    """

    what: str
    span: float

    def __post_init__(self) -> None:
        self._dice = random.Random(self.what)
        self._at_work = 0

    def rounds(self) -> Iterator[int]:
        """A number for each process to kill; those that came to their end before they were killed do not count."""
        for number in range(3 * KILLS[self.what]):
            if self._at_work == KILLS[self.what]:
                return
            yield number
        assert self._at_work == KILLS[self.what], "most come to their end before they are killed"

    def kill(
        self, has_begun: Callable[[], bool], *words: str | Path, unfinished: Callable[[], bool] = lambda: True
    ) -> None:
        """Start a command, and kill it at a random moment after it has begun.

        Args:
            has_begun: Whether it has, asked until it has.
            words: The command line.
            unfinished: Whether a killed process has left its work undone; else the kill came too late to count.
        """
        process = begin(*words)
        _wait(has_begun, process)
        process.join(self._dice.uniform(0, self.span))
        process.kill()
        process.join(HANGS)
        assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
        if process.exitcode and unfinished():
            self._at_work += 1
        else:
            self.span *= 0.7


def _wait(has_begun: Callable[[], bool], process: BaseProcess) -> None:
    until = time.monotonic() + HANGS
    while process.is_alive() and not has_begun():
        assert time.monotonic() < until, "it does not even begin"
        time.sleep(0.002)


def is_open(store: Path) -> Callable[[], bool]:
    """Whether SQLite has made the file that all who have a store open share, and removes when nobody has."""
    return store.with_name(f"{store.name}-shm").exists


def killer_of(what: str, store: Path, *words: str | Path) -> Killer:
    """A killer for a command that was measured by letting it come to its end, which changes ``store``."""
    process = begin(*words)
    _wait(is_open(store), process)
    opened = time.monotonic()
    end(process)
    return Killer(what, 0.9 * (time.monotonic() - opened))


Outline = tuple[list[tuple[object, ...]], ...]


def outline(path: Path) -> Outline:
    """What is in a store, in numbers: its runs, its attempts with how each ended, and how many rows they have."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return tuple(
            connection.execute(sql).fetchall()
            for sql in (
                "SELECT id, n FROM runs ORDER BY id",
                "SELECT attempts.id, status, attempts.answer, count(steps.id), count(DISTINCT thought) FROM attempts"
                " LEFT JOIN steps ON steps.attempt = attempts.id GROUP BY attempts.id",
                "SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM scores)",
            )
        )


def sound(path: Path) -> Outline:
    """What is in a store, against which nothing can be said."""
    with Store.open(path) as store:
        assert check(store) == []
    return outline(path)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of which reading, writing and copying takes a while."""
    path = tmp_path_factory.mktemp("full") / "t.sqlite"
    with Store.open(path) as store, store.transaction():
        for _ in range(16):
            fill(store)
    return path


@pytest.fixture
def copies(full: Path, tmp_path: Path) -> Iterator[Path]:
    """Ever new copies of that store, each in a folder of its own."""
    return _copies(full, tmp_path)


def _copies(of: Path, folder: Path) -> Iterator[Path]:
    number = 0
    while True:
        number += 1
        (folder / str(number)).mkdir()
        yield Path(shutil.copy(of, folder / str(number)))


def replies(folder: Path, seconds: float) -> Path:
    path = folder / "replies.jsonl"
    line = json.dumps({"text": "3 + 4 = 7.\nAnswer: 7", "seconds": seconds})
    path.write_text(f"{line}\n" * 4 * ITEMS)
    return path


def test_solving(tmp_path: Path) -> None:
    store = tmp_path / "t.sqlite"
    where = ("--backend", "scripted", "--replies", replies(tmp_path, 0.05), "--store", store)
    words = ("isump", "solve", "How many are 3 and 4?", "--strategy", "self_consistency", "--samples", "8", *where)
    killer, kept = killer_of("solve", store, *words), sound(store)
    for _ in killer.rounds():
        killer.kill(is_open(store), *words)
        now = sound(store)
        assert now[1][: len(kept[1])] == kept[1], "what was written before is what it was"
        kept = now
    end(begin(*words))
    attempts = sound(store)[1]
    assert [row[1] for row in attempts[:: len(attempts) - 1]] == ["done", "done"]


def test_an_eval(tmp_path: Path) -> None:
    store = tmp_path / "t.sqlite"
    data = tmp_path / "data.jsonl"
    lines = ({"question": f"How many are {n} and 4?", "answer": f"#### {n + 4}"} for n in range(ITEMS))
    data.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    where = ("--replies", replies(tmp_path, 0.08), "--store", store)
    first = ("evals.gsm8k", "--data", data, "--strategy", "direct", "--backend", "scripted", *where)
    killer, counts = Killer("eval", 0.1), [0]
    for number in killer.rounds():
        words = first if not (store.exists() and outline(store)[0]) else ("evals.gsm8k", "--resume", "1", *where)
        killer.kill(has_done_more(store) if number % 4 else is_open(store), *words, "--concurrency", "2")
        counts.append(sum(row[1] == "done" for row in sound(store)[1]))
    assert counts == sorted(counts), "nothing done is lost"
    assert len({count for count in counts if 0 < count < ITEMS}) > KILLS["eval"] // 2, counts
    end(begin("evals.gsm8k", "--resume", "1", *where, "--concurrency", "16"))
    assert sound(store)[0] == [(1, ITEMS)]
    with Store.open(store) as opened:
        items = opened.items(1)
        assert len({item.question_id for item in items}) == len(items) == ITEMS
        assert all(item.status == "done" and item.scores for item in items)


def has_done_more(store: Path) -> Callable[[], bool]:
    """Whether more attempts are done in a store than now."""

    def done() -> int:
        if not store.exists():
            return 0
        with contextlib.closing(sqlite3.connect(store)) as connection:
            try:
                return connection.execute("SELECT count(*) FROM attempts WHERE status = 'done'").fetchone()[0]
            except sqlite3.OperationalError:
                return 0

    before = done()
    return lambda: done() > before


def test_a_merge(copies: Iterator[Path], tmp_path: Path) -> None:
    other, store = tmp_path / "other.sqlite", next(copies)
    with Store.open(other) as opened:
        fill(opened)
    before = outline(store)
    killer = killer_of("merge", store, "isump", "store", "merge", other, "--store", store)
    after = sound(store)
    assert len(after[0]) == len(before[0]) + 2
    for _ in killer.rounds():
        store = next(copies)
        killer.kill(is_open(store), "isump", "store", "merge", other, "--store", store)
        assert sound(store) in (before, after), "all of it was added, or nothing"
