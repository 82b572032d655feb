from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.errors import ModelError
from app.models import verified
from app.models.verified import fingerprint, remember, remembered


def hashed(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(verified, "STILL", 0.0)
    path = tmp_path / "model.gguf"
    path.write_bytes(b"a model")
    return path


def test_the_second_time_only_a_stat_is_made(model: Path, cache: Path) -> None:
    said: list[tuple[str, int, int | None]] = []
    for _ in range(3):
        assert fingerprint(model, cache, lambda *each: said.append(each)) == hashed(b"a model")
    assert said == [("checking model.gguf", 7, 7)]


def test_a_file_that_has_changed_is_hashed_again(model: Path, cache: Path) -> None:
    assert fingerprint(model, cache) == hashed(b"a model")
    before = model.stat()
    model.write_bytes(b"A MODEL")
    os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert model.stat().st_size == before.st_size and model.stat().st_mtime_ns == before.st_mtime_ns
    assert fingerprint(model, cache) == hashed(b"A MODEL"), "its size and the time of its last write were set back"
    other = model.with_name("other.gguf")
    other.write_bytes(b"a third")
    other.replace(model)
    assert fingerprint(model, cache) == hashed(b"a third")


def test_a_file_that_was_written_a_moment_ago_is_not_remembered(tmp_path: Path, cache: Path) -> None:
    model = tmp_path / "model.gguf"
    for content in (b"one", b"two", b"six"):  # the same size, within one tick of a coarse clock
        model.write_bytes(content)
        assert fingerprint(model, cache) == hashed(content)
    assert remembered(model, cache) is None
    remember(model, hashlib.sha256(b"six").hexdigest(), cache)
    assert remembered(model, cache), "but who has just written and hashed it may say so"


def test_the_memory_is_private_small_and_forgets_what_is_gone(model: Path, cache: Path) -> None:
    fingerprint(model, cache)
    other = model.with_name("other.gguf")
    other.write_bytes(b"another")
    model.unlink()
    fingerprint(other, cache)
    memory = cache / "verified.json"
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    assert str(other) in memory.read_text() and str(model) not in memory.read_text()
    assert sorted(path.name for path in cache.iterdir()) == ["verified.json", "verified.lock"]


def test_a_link_shares_the_memory_of_its_target(model: Path, cache: Path) -> None:
    link = model.with_name("link.gguf")
    link.symlink_to(model)
    assert fingerprint(link, cache) == hashed(b"a model")
    found = remembered(model, cache)
    assert found and found.when <= time.time()


def test_a_file_that_grows_while_it_is_read_is_not_followed(model: Path, cache: Path) -> None:
    def grow(doing: str, done: int, total: int | None) -> None:
        with model.open("ab") as file:
            file.write(b"more")

    with pytest.raises(ModelError, match="changed while it was read: try again"):
        fingerprint(model, cache, grow)
    assert remembered(model, cache) is None


def _hash_all(folder: Path, cache: Path) -> list[str]:
    verified.STILL = 0.0
    return [fingerprint(path, cache) for path in sorted(folder.glob("*.gguf"))]


def test_processes_at_once_remember_all_they_hash(tmp_path: Path, cache: Path) -> None:
    folders = [tmp_path / str(number) for number in range(3)]
    for folder in folders:
        folder.mkdir()
        for number in range(4):
            (folder / f"{number}.gguf").write_bytes(f"{folder} {number}".encode())
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        assert all(len(set(each)) == 4 for each in pool.map(_hash_all, folders, [cache] * 3))
    assert all(remembered(path, cache) for folder in folders for path in folder.glob("*.gguf"))


async def test_an_event_loop_goes_on_while_a_file_is_hashed(tmp_path: Path, cache: Path) -> None:
    model = tmp_path / "big.gguf"
    with model.open("wb") as file:
        file.truncate(1 << 26)
    turns, hashing = 0, asyncio.create_task(asyncio.to_thread(fingerprint, model, cache))
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10
    assert await hashing == hashed(bytes(1 << 26))
