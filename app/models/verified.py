"""Fingerprints of model files: a file is hashed once, and again only when it has changed.

    fingerprint(Path("llama.gguf"), cache_dir)   -> "sha256:cc324af0…", in seconds; the next time by one stat

What was hashed is remembered in ``CACHE/verified.json`` with everything the system says of the file: device, inode,
size, and the times of its last write and last change, of which a program can set back only the first. A memory that
is damaged, unreadable, or that somebody else could have written counts as empty: the file is hashed again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import time
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from app.errors import ModelError
from app.models.files import open_regular, replace_file
from app.models.gguf import open_model
from app.models.progress import Report, quiet

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
"""A sha256 in hexadecimal digits."""

Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
"""Seconds since 1970."""

STILL = 2.0
"""Seconds a file must have been still to be remembered: clocks of file systems tick no slower than this."""

_LARGEST_MEMORY = 1 << 20
LOCK_SECONDS = 2.0
"""Seconds to wait for another process that writes the memory; after that the hash is not remembered."""
_CHUNK = 1 << 20

log = logging.getLogger(__name__)


class Identity(BaseModel):
    """What the system says of a file; it changes whenever the content does."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """The identity in a file's status."""
        return cls(
            device=status.st_dev,
            inode=status.st_ino,
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            ctime_ns=status.st_ctime_ns,
        )


class Verified(BaseModel):
    """A file as it was when it was hashed, its sha256, and when that was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: Identity
    sha256: Sha256
    when: Moment


_MEMORY = TypeAdapter(dict[str, Verified])


def fingerprint(path: Path, cache_dir: Path, report: Report = quiet) -> str:
    """The ``sha256:<hex>`` of a model's file, from memory when the file has not changed since it was hashed.

    Blocks while it hashes, a second or more for each gigabyte: call it by ``asyncio.to_thread``.

    Args:
        path: The file; links are followed.
        cache_dir: The folder of downloaded models, which holds the memory; it need not exist or be writable.
        report: Told of progress while the file is hashed.

    Raises:
        ModelError: No regular file lies there, it cannot be read, or it changes while it is read.
    """
    known = remembered(path, cache_dir)
    if known:
        return f"sha256:{known.sha256}"
    with open_model(path) as file:
        began, before = time.time_ns(), os.fstat(file.fileno())
        sha256 = _sha256(path, file, before.st_size, report)
        if Identity.of(os.fstat(file.fileno())) != Identity.of(before):
            raise ModelError(f"{path} changed while it was read: try again when it is wholly written.")
    if began - max(before.st_mtime_ns, before.st_ctime_ns) > STILL * 1e9:
        _remember(path, Verified(identity=Identity.of(before), sha256=sha256, when=began / 1e9), cache_dir)
    return f"sha256:{sha256}"


def remembered(path: Path, cache_dir: Path) -> Verified | None:
    """What was found when the file was hashed, or ``None`` when it never was or has changed since; never hashes."""
    try:
        known = _read(cache_dir).get(_key(path))
        return known if known and known.identity == Identity.of(path.stat()) else None
    except (OSError, ValueError):
        return None


def remember(path: Path, sha256: str, cache_dir: Path) -> None:
    """Note that the file, as it is now, was hashed by the caller; does nothing when the memory cannot be written."""
    try:
        found = Verified(identity=Identity.of(path.stat()), sha256=sha256, when=time.time())
    except OSError:
        return
    _remember(path, found, cache_dir)


def _sha256(path: Path, file: BinaryIO, size: int, report: Report) -> str:
    """Hash ``size`` bytes; a file that has grown meanwhile is not followed for as long as it grows."""
    digest, done = hashlib.sha256(), 0
    while done < size and (chunk := file.read(min(_CHUNK, size - done))):
        digest.update(chunk)
        done += len(chunk)
        report(f"checking {path.name}", done, size)
    return digest.hexdigest()


# ---------------------------------------------------------------- memory


def _key(path: Path) -> str:
    return os.path.realpath(path)  # unlike Path.resolve, no error when links go in a circle


def _read(cache_dir: Path) -> dict[str, Verified]:
    """What is remembered; nothing when the file is damaged or somebody else could have written it."""
    try:
        with open_regular(cache_dir / "verified.json", os.O_RDONLY | os.O_NOFOLLOW) as file:
            status = os.fstat(file.fileno())
            shared = status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if shared or status.st_size > _LARGEST_MEMORY:
                return {}
            return _MEMORY.validate_json(file.read(_LARGEST_MEMORY))
    except (OSError, ValidationError):
        return {}


def _remember(path: Path, found: Verified, cache_dir: Path) -> None:
    from filelock import FileLock, Timeout

    try:
        key = _key(path)
        cache_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(cache_dir / "verified.lock", timeout=LOCK_SECONDS):
            known = {name: each for name, each in _read(cache_dir).items() if os.path.lexists(name)}
            replace_file(cache_dir / "verified.json", _MEMORY.dump_json(known | {key: found}))
    except (OSError, ValueError, Timeout) as error:
        log.info("the hash of %s is not remembered: %s", path, error)
