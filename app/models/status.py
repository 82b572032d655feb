"""What is here of each model: its file, where that came from, and whether it is what it should be.

Command: isump models list, isump models show NAME
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import ModelError
from app.models.catalogue import CATALOGUE, Model, find, typed_path
from app.models.files import file_sizes
from app.models.gguf import check_gguf
from app.models.progress import Report, quiet
from app.models.provenance import Provenance
from app.models.verified import Identity, Verified, fingerprint, remembered


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model as ``models list`` shows it.

    Args:
        model: The model.
        path: Its file, once it is whole.
        bytes: What it holds on disk by now.
        provenance: Where the file came from, if it was stored when it was downloaded.
        verified: What was found when the file was hashed, if it has not changed since.
    """

    model: Model
    path: Path | None
    bytes: int
    provenance: Provenance | None = None
    verified: Verified | None = None

    @property
    def expected(self) -> str | None:
        """The sha256 its file must have, if that is known."""
        return self.model.sha256 or (self.provenance.sha256 if self.provenance else None)

    @property
    def is_wrong(self) -> bool:
        """Whether the file was hashed and is not the one it should be."""
        return bool(self.verified and self.expected and self.verified.sha256 != self.expected)


def status(cache: Path) -> tuple[ModelStatus, ...]:
    """Every model of the catalogue, then every file pulled from the hub by ``hub-repo:file``."""
    return tuple(status_of(model, cache) for model in (*CATALOGUE.values(), *_pulled(cache / "hub")))


def status_of(model: Model, cache: Path) -> ModelStatus:
    """What is here of one model; reads no more of its file than its size."""
    if not model.is_in(cache):
        return ModelStatus(model, None, sum(file_sizes(model.work(cache))))
    path = model.path(cache)
    return ModelStatus(model, path, path.stat().st_size, Provenance.of(path), remembered(path, cache))


def examine(name: str, cache: Path, report: Report = quiet) -> ModelStatus:
    """What ``--model NAME`` means, its file hashed if it lies here and is not known; a wrong hash is told, not raised.

    Raises:
        ModelError: There is no such model or file, or it cannot be read.
    """
    typed = typed_path(name)
    model = Model(name, "a file of yours", "as its maker says", None, None, None) if typed else find(name)
    path = check_gguf(typed) if typed else model.path(cache)
    if not typed and not model.is_in(cache):
        return status_of(model, cache)
    sha256 = fingerprint(path, cache, report).removeprefix("sha256:")
    file = path.stat()
    verified = remembered(path, cache) or Verified(identity=Identity.of(file), sha256=sha256, when=time.time())
    return ModelStatus(model, path, file.st_size, Provenance.of(path), verified)


def _pulled(hub: Path) -> Iterator[Model]:
    for path in sorted(hub.glob("*/*/**/*.gguf")):
        owner, repo, *file = path.relative_to(hub).parts
        with suppress(ModelError):  # put there by some other program
            model = find(f"{owner}/{repo}:{'/'.join(file)}")
            if model.is_in(hub.parent):
                yield model
