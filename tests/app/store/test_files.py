"""The file of a store: who may read it, where it can be, how it is opened on media that cannot be written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import StoreError
from app.store import Store
from app.store import connect as connecting
from app.store.backup import back_up
from app.store.export import export
from app.store.schema import MIGRATIONS
from prompts.values import Answer
from tests.app.store.stores import contents, fill, filled, read, spec

ROOT = Path(__file__).parents[3]
VERSION_8 = (Path(__file__).parent / "version8.sql").read_text(encoding="utf-8")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def unwritable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a folder on read-only media looks like; the tests may run as root, who can write everywhere else."""
    monkeypatch.setattr(connecting, "can_write", lambda path: False)
    monkeypatch.setattr("app.store.database.can_write", lambda path: False)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_is_made_is_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    path, before = tmp_path / "t.sqlite", os.umask(umask)
    try:
        with Store.open(path) as store:
            fill(store)
            assert {mode(file) for file in tmp_path.glob("t.sqlite*") if file.is_file()} == {0o600}
            assert {file.name for file in tmp_path.glob("t.sqlite-*")} == {"t.sqlite-wal", "t.sqlite-shm"}
            back_up(path, tmp_path / "copy.sqlite")
            export(store, tmp_path / "t.jsonl")
        assert mode(path) == mode(tmp_path / "copy.sqlite") == mode(tmp_path / "t.jsonl") == 0o600
    finally:
        os.umask(before)


def test_the_mode_that_somebody_gave_a_store_stays(tmp_path: Path) -> None:
    path = filled(tmp_path / "t.sqlite")
    path.chmod(0o640)
    with Store.open(path) as store:
        store.begin(spec())
        assert mode(next((tmp_path / "t.sqlite.locks").iterdir())) == 0o640, "whoever may write the store may lock it"
    assert mode(path) == 0o640


def test_a_link_to_a_store_is_that_store(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "near.sqlite"
    link.symlink_to(tmp_path / "far" / "t.sqlite")
    with Store.open(link) as store:
        attempt = store.begin(spec())
        assert (tmp_path / "far" / "t.sqlite.locks").is_dir(), "two names of a store have one place for locks"
        with Store.open(tmp_path / "far" / "t.sqlite") as other:
            assert other.attempt(attempt.id).status == "running"
    assert mode(tmp_path / "far" / "t.sqlite") == 0o600


@pytest.mark.parametrize(
    "name", ["file:t.sqlite?mode=memory", "a?b#c%20d", "ümlaut ß.sqlite", "-v", "a\nb", ":memory:x"]
)
def test_odd_names_are_names(tmp_path: Path, name: str) -> None:
    path = filled(tmp_path / name)
    assert len(read(path)[0]) == 2
    back_up(path, tmp_path / "copy")
    assert read(tmp_path / "copy") == read(path)


def test_a_relative_path_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with Store.open("t.sqlite") as store:
        monkeypatch.chdir(tmp_path / "elsewhere")
        store.finish(store.begin(spec()), Answer("7"), "answered")
    assert (tmp_path / "t.sqlite").exists() and not list((tmp_path / "elsewhere").iterdir())


def test_read_only_reads_everything_and_writes_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path / "t.sqlite")
    everything, before = read(path), path.read_bytes()
    with Store.open(path, read_only=True) as store:
        assert contents(store) == everything
        for write in (
            lambda: store.begin(spec()),
            lambda: store.score(1, {}),
            lambda: store.run_lock(1).__enter__(),
            lambda: store.fail(store.attempt(1), "no"),
        ):
            with pytest.raises(StoreError, match="is open to be read only"):
                write()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            store._db.execute("DELETE FROM scores")
    assert path.read_bytes() == before


def test_read_only_sees_what_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with Store.open(path) as writing, Store.open(path, read_only=True) as reading:
        attempt = writing.begin(spec())
        assert reading.attempt(attempt.id).status == "running"
        writing.finish(attempt, Answer("7"), "answered")
        assert reading.attempt(attempt.id).status == "done"


def test_read_only_makes_no_store(tmp_path: Path) -> None:
    for missing in (tmp_path / "t.sqlite", tmp_path / "no folder" / "t.sqlite"):
        with pytest.raises(StoreError, match=r"no trace store|no folder"):
            Store.open(missing, read_only=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("unwritable")
def test_media_that_cannot_be_written_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(tmp_path / "t.sqlite")
    tried: list[str] = []
    connect = connecting._connect

    def refuse(path: Path, how: str) -> sqlite3.Connection:
        """SQLite on media where it cannot make the index of the log."""
        tried.append(how)
        if "immutable" not in how:
            raise sqlite3.OperationalError("attempt to write a readonly database")
        return connect(path, how)

    everything = read(path)
    monkeypatch.setattr(connecting, "_connect", refuse)
    with Store.existing(path) as store:
        assert store.read_only and contents(store) == everything
        with pytest.raises(StoreError, match="read only"):
            store.begin(spec())
    assert tried == ["mode=ro", "mode=ro&immutable=1"]
    path.with_name("t.sqlite-wal").write_bytes(b"not empty")
    with pytest.raises(StoreError, match=r"still in t\.sqlite-wal: copy both"):
        Store.existing(path)


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root can write in every folder")
def test_a_folder_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    path = filled(tmp_path / "t.sqlite")
    everything = read(path)
    tmp_path.chmod(0o500)
    try:
        assert read(path) == everything
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_of_another_user_is_read(tmp_path: Path) -> None:
    """As root, who can write everywhere, by becoming nobody once everything is imported."""
    if os.name != "posix" or os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    path = filled(tmp_path / "t.sqlite")
    path.chmod(0o644)
    code = f"""
import os, sys
from pathlib import Path
import sqlite_utils
from app.errors import StoreError
from app.store import Store
from tests.app.store.stores import contents, spec
path = Path({str(path)!r})
os.setuid(65534)
os.chdir("/")
with Store.existing(path) as store:
    assert store.read_only
    runs, attempts = contents(store)
    assert len(runs) == 2 and len(attempts) == 9
    try:
        store.begin(spec())
    except StoreError as error:
        print(error)
"""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and mode(folder) & 0o005 != 0o005 and "pytest" in str(folder):
            folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "is open to be read only" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("read_only", [False, True])
def test_an_old_store_is_not_migrated_by_those_who_only_read(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(VERSION_8)
    connection.close()
    before = path.read_bytes()
    if read_only:
        with pytest.raises(StoreError, match="written by an older isump and has to be brought up to date once"):
            Store.open(path, read_only=True)
        assert path.read_bytes() == before
        assert not list(tmp_path.glob("*backup*"))
    else:
        Store.open(path).close()
        assert path.read_bytes() != before
        assert (tmp_path / "old.sqlite.v8.backup").exists()


def test_a_newer_store_is_left_alone_before_and_while_it_is_open(tmp_path: Path) -> None:
    path = filled(tmp_path / "t.sqlite")
    with Store.open(path) as store:
        attempt = store.begin(spec())
        newer = sqlite3.connect(path, isolation_level=None)
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        written = newer.execute("SELECT count(*) FROM attempts").fetchone()
        for write in (
            lambda: store.begin(spec()),
            lambda: store.finish(attempt, Answer("7"), "answered"),
            lambda: store.fail(attempt, "no"),
            lambda: store.score(attempt.id, {}),
        ):
            with pytest.raises(StoreError, match="was written by a newer isump: upgrade this one"):
                write()
        assert newer.execute("SELECT count(*) FROM attempts").fetchone() == written
        newer.execute("ALTER TABLE steps RENAME COLUMN verb TO deed")
        with pytest.raises(StoreError, match="newer isump"):
            store.outline(1)
        newer.close()
    for open_it in (Store.open, Store.existing, lambda path: Store.open(path, read_only=True)):
        with pytest.raises(StoreError, match="newer isump"):
            open_it(path)


@pytest.mark.parametrize("how", ["moved", "replaced", "removed"])
def test_a_store_that_is_no_longer_there_is_not_written(tmp_path: Path, how: str) -> None:
    path, other = filled(tmp_path / "t.sqlite"), filled(tmp_path / "other.sqlite")
    before = read(other)
    with Store.open(path) as store:
        if how == "replaced":
            shutil.copy(other, tmp_path / "copy")
            (tmp_path / "copy").replace(path)
        else:
            path.rename(tmp_path / "away") if how == "moved" else path.unlink()
        with pytest.raises(StoreError, match="was moved or replaced while it was open"):
            store.begin(spec())
    if how == "replaced":
        for beside in tmp_path.glob("t.sqlite-*"):
            beside.unlink()
        assert read(path) == before


def test_a_finished_attempt_is_on_the_disk_at_most_once_a_second(tmp_path: Path) -> None:
    asked: list[str] = []
    with Store.open(tmp_path / "t.sqlite") as store:
        attempts = [store.begin(spec()) for _ in range(3)]
        with store._db.tracer(lambda sql, values: asked.append(sql)):
            for attempt in attempts:
                store.finish(attempt, Answer("7"), "answered")
    assert asked.count("PRAGMA synchronous = full") == 1
    assert asked.count("PRAGMA synchronous = normal") == 1
