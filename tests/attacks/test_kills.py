"""Fifty kills and more, at random moments of the real commands: nothing done is lost, nothing half is taken for whole.

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
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from app import cli
from app.errors import StoreError
from app.store import Store
from app.store.check import check
from app.store.export import export
from app.store.importing import import_traces
from app.store.repair import repair
from app.store.schema import MIGRATIONS
from evals import commands
from tests.app.store.stores import fill

if "forkserver" not in multiprocessing.get_all_start_methods():
    pytest.skip("processes are forked here", allow_module_level=True)

OLD = Path(__file__).parents[1] / "app" / "store"
ITEMS = 120
HANGS = 120
"""Seconds after which something hangs, however busy the machine is."""
KILLS = {
    "solve": 6,
    "eval": 10,
    "migration of version 7": 6,
    "migration of version 8": 6,
    "prune": 6,
    "export": 6,
    "import": 5,
    "backup": 4,
    "vacuum": 4,
    "repair": 5,
}
"""How many processes are killed in the midst of what."""

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["sqlite_utils", "filelock", "graphs.strategy", __name__])


def test_there_are_as_many_kills_as_were_promised() -> None:
    assert sum(KILLS.values()) >= 50


def begin(*words: str | Path) -> BaseProcess:
    """A process that runs a command line; its output is in the folder of its log."""
    process = _FORKED.Process(target=_command, args=([str(word) for word in words], os.environ["ISUMP_LOG"]))
    process.start()
    return process


def _command(words: list[str], log: str) -> None:
    os.environ["ISUMP_LOG"] = log
    output = os.open(f"{log}.output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    sys.argv = words
    if words[0] == "evals.gsm8k":
        commands.main("gsm8k")
    cli.main()


def end(process: BaseProcess) -> None:
    """Wait until a process has ended as it should."""
    process.join(HANGS)
    said = Path(f"{os.environ['ISUMP_LOG']}.output").read_text(encoding="utf-8", errors="replace")
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


def mended(path: Path) -> Outline:
    """What is in a store after somebody has opened it, which leaves nothing to be said against it."""
    Store.open(path).close()
    assert check(path).problems == ()
    found = outline(path)
    assert all(status != "running" for _, status, *_ in found[1])
    return found


def holds_all_of(target: Path, traces: Outline) -> bool:
    """Whether a file is an export with just that in it; else it is refused as one."""
    fresh = target.with_name("imported.sqlite")
    with Store.open(fresh) as store:
        try:
            import_traces(store, target)
        except StoreError as error:
            assert "cannot be imported, and nothing was" in str(error)
            return False
    found = outline(fresh)
    fresh.unlink()
    return found == traces


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of which reading, writing and copying takes a while."""
    path = tmp_path_factory.mktemp("full") / "t.sqlite"
    with Store.open(path) as store, store._transaction():
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
    killer, kept = killer_of("solve", store, *words), mended(store)
    for _ in killer.rounds():
        killer.kill(is_open(store), *words)
        now = mended(store)
        assert now[1][: len(kept[1])] == kept[1], "what was written before is what it was"
        kept = now
    end(begin(*words))
    attempts = mended(store)[1]
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
        counts.append(sum(row[1] == "done" for row in mended(store)[1]))
    assert counts == sorted(counts), "nothing done is lost"
    assert len({count for count in counts if 0 < count < ITEMS}) > KILLS["eval"] // 2, counts
    end(begin("evals.gsm8k", "--resume", "1", *where, "--concurrency", "16"))
    assert mended(store)[0] == [(1, ITEMS)]
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


def version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return connection.execute("PRAGMA user_version").fetchone()[0]


def is_of(path: Path, level: int) -> bool:
    return version(path) == level


def old_store(path: Path, level: int, times: int) -> Path:
    """A store of an old version with so many copies of each attempt, which are of no run."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript((OLD / f"version{level}.sql").read_text(encoding="utf-8"))
        connection.execute("BEGIN")
        for number in range(1, times + 1):
            for table, key, moved in (
                ("attempts", "id", "id"),
                ("steps", "id", "id attempt"),
                ("calls", "step", "step"),
            ):
                columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
                values = {name: f'"{name}"' for name in columns}
                values |= {name: f"{name} + {1000 * number}" for name in moved.split()}
                values |= dict.fromkeys({"run", "parent_attempt", "forked_at_step"} & values.keys(), "NULL")
                rows = f"SELECT {', '.join(values.values())} FROM {table} WHERE {key} < 1000"
                connection.execute(f"INSERT INTO {table} {rows}")
        connection.execute("COMMIT")
    return path


@pytest.mark.parametrize(("level", "times"), [(7, 8), (8, 60)])
def test_a_migration(level: int, times: int, tmp_path: Path) -> None:
    files = _copies(old_store(tmp_path / "t.sqlite", level, times), tmp_path)
    store, what = next(files), f"migration of version {level}"
    words = ("isump", "runs", "--limit", "1", "--store")
    killer, expected = killer_of(what, store, *words, store), mended(store)
    for _ in killer.rounds():
        store = next(files)
        before = outline(store)
        killer.kill(is_open(store), *words, store, unfinished=partial(is_of, store, level))
        backups = list(store.parent.glob("t.sqlite.v*.backup"))
        assert all(version(backup) == level and outline(backup) == before for backup in backups)
        reached = version(store)
        assert reached == level or (reached == len(MIGRATIONS) and backups)
        assert mended(store) == expected, "it is brought up to date when it is next opened"
        assert version(store) == len(MIGRATIONS)


def test_a_prune(copies: Iterator[Path]) -> None:
    store = next(copies)
    before = outline(store)
    killer = killer_of("prune", store, "isump", "store", "prune", "--run", "1", "--yes", "--store", store)
    after = mended(store)
    assert len(after[0]) == len(before[0]) - 1
    for _ in killer.rounds():
        store = next(copies)
        killer.kill(is_open(store), "isump", "store", "prune", "--run", "1", "--yes", "--store", store)
        assert mended(store) in (before, after), "the run is there whole, or it is gone whole"


def test_an_export(copies: Iterator[Path]) -> None:
    store = next(copies)
    before, whole = outline(store), 0
    killer = killer_of("export", store, "isump", "store", "export", store.with_name("t.jsonl"), "--store", store)
    for _ in killer.rounds():
        store = next(copies)
        target = store.with_name("t.jsonl")
        killer.kill(is_open(store), "isump", "store", "export", target, "--store", store)
        for part in store.parent.glob("t.jsonl?*"):
            whole += holds_all_of(part, before)
        assert not target.exists() or holds_all_of(target, before)
        assert mended(store) == before
    assert whole < KILLS["export"], "most of the files are not whole"


def test_an_import(copies: Iterator[Path], full: Path, tmp_path: Path) -> None:
    with Store.existing(full) as store:
        export(store, tmp_path / "t.jsonl", run=1)
    path = next(copies)
    before = outline(path)
    killer = killer_of("import", path, "isump", "store", "import", tmp_path / "t.jsonl", "--store", path)
    after = mended(path)
    assert len(after[0]) == len(before[0]) + 1
    for _ in killer.rounds():
        path = next(copies)
        killer.kill(is_open(path), "isump", "store", "import", tmp_path / "t.jsonl", "--store", path)
        assert mended(path) in (before, after), "all of it was added, or nothing"


def test_a_backup(copies: Iterator[Path]) -> None:
    store = next(copies)
    before = outline(store)
    killer = killer_of("backup", store, "isump", "store", "backup", store.with_name("copy"), "--store", store)
    for _ in killer.rounds():
        store = next(copies)
        target = store.with_name("copy")
        killer.kill(is_open(store), "isump", "store", "backup", target, "--store", store)
        assert not target.exists() or mended(target) == before
        assert mended(store) == before


def test_a_vacuum(copies: Iterator[Path]) -> None:
    store = next(copies)
    before = outline(store)
    killer = killer_of("vacuum", store, "isump", "store", "vacuum", "--store", store)
    for _ in killer.rounds():
        store = next(copies)
        killer.kill(is_open(store), "isump", "store", "vacuum", "--store", store)
        assert mended(store) == before


def test_a_repair(copies: Iterator[Path]) -> None:
    def damaged() -> Path:
        path = next(copies)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            pages = "SELECT pageno FROM dbstat WHERE name = 'findings' AND pagetype = 'leaf' ORDER BY pageno"
            place = (connection.execute(pages).fetchall()[3][0] - 1) * 4096
        with path.open("r+b") as file:
            file.seek(place)
            file.write(b"\xa5" * 4096)
        return path

    store = damaged()
    before = outline(store)
    killer = killer_of("repair", store, "isump", "store", "repair", "--store", store)
    after = mended(store)
    assert len(after[1]) == len(before[1]), "it lost findings, and no attempt"
    for _ in killer.rounds():
        store = damaged()
        killer.kill(is_open(store), "isump", "store", "repair", "--store", store)
        assert repair(store).left == ()
        assert mended(store) == after
