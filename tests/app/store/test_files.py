"""The file of a store: who may read it, where it can be."""

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
from app.store.admin import back_up
from app.store.schema import APPLICATION_ID, DEVELOPMENT_ID
from prompts.values import Answer, Ending
from tests.app.store.stores import contents, fill, filled, read, spec

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    path, before = tmp_path / "t.sqlite", os.umask(0)
    try:
        with Store.open(path) as store:
            fill(store)
            back_up(path, tmp_path / "copy.sqlite")
            assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    finally:
        os.umask(before)


@pytest.mark.parametrize("name", ["file:t.sqlite?mode=memory", "a?b#c%20d", "ümlaut ß.sqlite", "-v", ":memory:x"])
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
        store.finish(store.begin(spec()), Answer("7"), Ending.ANSWERED)
    assert (tmp_path / "t.sqlite").exists() and not list((tmp_path / "elsewhere").iterdir())


def test_read_only_reads_everything_and_writes_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path / "t.sqlite")
    everything, before = read(path), path.read_bytes()
    with Store.open(path, read_only=True) as store:
        assert contents(store) == everything
        for write in (
            lambda: store.begin(spec()),
            lambda: store.score(1, {}),
            lambda: store.fail(store.attempt(1), "no"),
        ):
            with pytest.raises(StoreError, match="is open to be read only"):
                write()
    assert path.read_bytes() == before
    for missing in (tmp_path / "none.sqlite", tmp_path / "no folder" / "t.sqlite"):
        with pytest.raises(StoreError, match="no trace store"):
            Store.open(missing, read_only=True)


def test_read_only_sees_what_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with Store.open(path) as writing, Store.open(path, read_only=True) as reading:
        attempt = writing.begin(spec())
        assert reading.attempt(attempt.id).status == "running"
        writing.finish(attempt, Answer("7"), Ending.ANSWERED)
        assert reading.attempt(attempt.id).status == "done"


def test_other_files_and_other_versions_are_refused_and_left_alone(tmp_path: Path) -> None:
    def file(name: str, sql: str) -> Path:
        with sqlite3.connect(tmp_path / name) as connection:
            connection.executescript(sql)
        connection.close()
        return tmp_path / name

    refused = {
        file("foreign.sqlite", "CREATE TABLE theirs (x)"): "of another program",
        file("old.sqlite", f"CREATE TABLE runs (x); PRAGMA application_id = {DEVELOPMENT_ID}"): "development version",
        file("v1.sqlite", f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1"): "development version",
        tmp_path / "damaged.sqlite": "file is not a database",
        tmp_path / "newer.sqlite": "newer isump",
        tmp_path / "folder": "no file",
    }
    (tmp_path / "damaged.sqlite").write_bytes(b"this is no database" * 99)
    filled(tmp_path / "newer.sqlite")
    file("newer.sqlite", "PRAGMA user_version = 99")
    (tmp_path / "folder").mkdir()
    for path, reason in refused.items():
        before = path.read_bytes() if path.is_file() else b""
        for read_only in (False, True):
            with pytest.raises(StoreError, match=reason):
                Store.open(path, read_only=read_only)
        assert not path.is_file() or path.read_bytes() == before


@pytest.mark.parametrize("how", ["moved", "replaced", "removed"])
def test_a_store_that_is_no_longer_there_is_not_written(tmp_path: Path, how: str) -> None:
    path, other = filled(tmp_path / "t.sqlite"), filled(tmp_path / "other.sqlite")
    with Store.open(path) as store:
        if how == "replaced":
            shutil.copy(other, tmp_path / "copy")
            (tmp_path / "copy").replace(path)
        else:
            path.rename(tmp_path / "away") if how == "moved" else path.unlink()
        with pytest.raises(StoreError, match="was moved or replaced while it was open"):
            store.begin(spec())


def test_many_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    code = f"from app.store import Store\nfor _ in range(5): Store.open({str(path)!r}).close()"
    openers = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(4)]
    said = [opener.communicate(timeout=60)[1] for opener in openers]
    assert [opener.returncode for opener in openers] == [0] * 4, said
