from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.errors import BadInput, StoreError
from app.store import Store
from app.store.records import AttemptSpec
from app.ui.site import Site
from app.ui.stores import UserStores
from prompts.settings import Settings
from prompts.values import Question
from tests.app.ui.scripts import scripted_backends

SPEC = AttemptSpec(Question("asked", "Why?"), "cot", "scripted", "scripted", Settings())


def test_each_user_has_a_file_of_their_own(tmp_path: Path) -> None:
    with UserStores(tmp_path / "t.sqlite", read_only=False) as stores:
        stores.of("ann").begin(SPEC)
        assert len(stores.of("ann").attempts()) == 1 and stores.of("bo").attempts() == []
        assert stores.of("ann") is stores.of("ann")
        folder = tmp_path / "t.sqlite.users"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {path.name for path in folder.glob("*.sqlite")} == {"ann.sqlite", "bo.sqlite"}
        assert not (tmp_path / "t.sqlite").exists()


@pytest.mark.parametrize("name", [None, "", "../ann", "ann/../bo", "Ann", "a\0"])
def test_what_is_no_name_has_no_store(name: str | None, tmp_path: Path) -> None:
    with UserStores(tmp_path / "t.sqlite", read_only=False) as stores:
        with pytest.raises(BadInput):
            stores.of(name)
        assert list(stores.folder.iterdir()) == []


def test_a_read_only_app_makes_nothing(tmp_path: Path) -> None:
    with UserStores(tmp_path / "t.sqlite", read_only=True) as stores:
        assert stores.of("ann").attempts() == []
        stores.check()
    assert list(tmp_path.iterdir()) == []
    with UserStores(tmp_path / "t.sqlite", read_only=False) as stores:
        stores.of("ann").begin(SPEC)
    with UserStores(tmp_path / "t.sqlite", read_only=True) as stores:
        assert len(stores.of("ann").attempts()) == 1
        with pytest.raises(StoreError):
            stores.of("ann").begin(SPEC)


def test_a_folder_that_is_gone_is_noticed(tmp_path: Path) -> None:
    with UserStores(tmp_path / "t.sqlite", read_only=False) as stores:
        stores.check()
        stores.folder.rmdir()
        with pytest.raises(StoreError, match="gone"):
            stores.check()
    (tmp_path / "t.sqlite.users").write_text("")
    with pytest.raises(StoreError, match="cannot hold the users' stores"):
        UserStores(tmp_path / "t.sqlite", read_only=False)


def test_a_site_belongs_to_nobody_until_it_is_seen_by_a_user(tmp_path: Path) -> None:
    with UserStores(tmp_path / "t.sqlite", read_only=False) as stores, Store.open(":memory:") as nobodys:
        site = Site(nobodys, scripted_backends([]), Settings(), False, stores)
        site.seen_by("ann").store.begin(SPEC)
        assert site.store.attempts() == site.seen_by("bo").store.attempts() == []
        assert len(site.seen_by("ann").store.attempts()) == 1
        told = site.public(f"{stores.folder}/ann.sqlite cannot be used")
        assert str(tmp_path) not in told
