from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from app.errors import ModelError
from app.models import verified
from app.models.catalogue import CATALOGUE, DEFAULT, Model, resolve
from app.models.provenance import Provenance
from app.models.status import examine, status
from tests.app.models.wheels import HEADER

WHOLE = HEADER + b"and the rest"
TINY = Model("tiny", "a few bytes", "none", len(WHOLE), hashlib.sha256(WHOLE).hexdigest(), 64)


def test_status_shows_whole_partial_absent_and_pulled(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(each.path is None and each.bytes == 0 for each in status(cache))
    monkeypatch.setitem(CATALOGUE, "tiny", TINY)
    (cache / "hub" / "a" / "b").mkdir(parents=True)
    (cache / "hub" / "a" / "b" / "c.gguf").write_bytes(WHOLE)
    (cache / "tiny.gguf").write_bytes(WHOLE)
    (cache / "partial" / DEFAULT / "wheels").mkdir(parents=True)
    (cache / "partial" / DEFAULT / "wheels" / "p==1").write_bytes(b"123")
    shown = {each.model.name: (each.path, each.bytes) for each in status(cache)}
    assert shown["tiny"] == (cache / "tiny.gguf", len(WHOLE))
    assert shown[DEFAULT] == (None, 3)
    assert shown["a/b:c.gguf"] == (cache / "hub" / "a" / "b" / "c.gguf", len(WHOLE))


def test_status_says_where_a_file_came_from_and_what_its_hash_was(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "tiny", TINY)
    monkeypatch.setattr(verified, "STILL", 0.0)
    cache.mkdir()
    path = cache / "tiny.gguf"
    path.write_bytes(WHOLE)
    provenance = Provenance(source="wheels", origin=("tiny==1",), sha256=TINY.sha256 or "", downloaded=1e9)
    provenance.store(path)
    found = {each.model.name: each for each in status(cache)}["tiny"]
    assert (found.provenance, found.verified, found.is_wrong) == (provenance, None, False)
    resolve("tiny", cache)
    found = {each.model.name: each for each in status(cache)}["tiny"]
    assert found.verified and found.verified.sha256 == TINY.sha256


def test_a_file_in_the_hub_folder_that_no_name_means_is_left_out(cache: Path) -> None:
    folder = cache / "hub" / "a" / "b"
    (folder / "folder.gguf").mkdir(parents=True)
    (folder / "a name with spaces.gguf").write_bytes(WHOLE)
    (folder / "\x1b[31mred.gguf").write_bytes(WHOLE)
    assert len(status(cache)) == len(CATALOGUE)


def test_examine_hashes_what_is_here_and_tells_a_wrong_one(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CATALOGUE, "tiny", TINY)
    assert examine("tiny", cache).path is None
    cache.mkdir()
    (cache / "tiny.gguf").write_bytes(WHOLE)
    right = examine("tiny", cache)
    assert right.verified and right.verified.sha256 == TINY.sha256 and not right.is_wrong
    (cache / "tiny.gguf").write_bytes(WHOLE[:-1] + b"!")
    assert examine("tiny", cache).is_wrong
    (tmp_path / "own.gguf").write_bytes(WHOLE)
    own = examine(str(tmp_path / "own.gguf"), cache)
    assert own.verified and own.verified.sha256 == TINY.sha256
    assert (own.expected, own.provenance, own.is_wrong) == (None, None, False)
    with pytest.raises(ModelError, match="There is no model named"):
        examine("tinny", cache)
