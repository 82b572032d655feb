"""Diagnoses this machine: what works, what is missing, and the command that installs it.

python -m app doctor
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.backends.config import BackendConfig
from app.models.catalogue import DEFAULT, find
from prompts.values import UserError

_LARGE = 32_000_000
"""Bytes of a trace store above which a diagnosis would wait more than a few seconds to read all of it."""
_EXTRAS = {"vllm": "vllm", "recurrent": "torch", "gym": "reasoning-gym", "test": "pytest"}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that works or not; ``needed`` says whether solving with the default model depends on it."""

    name: str
    works: bool
    needed: bool
    says: str


def diagnose(config: BackendConfig, store: Path) -> list[Diagnosis]:
    """Check everything; changes nothing but what killed processes left unfinished in the trace store."""
    return [*_needed(config, store), *_optional(config)]


def _needed(config: BackendConfig, store: Path) -> Iterator[Diagnosis]:
    yield Diagnosis("Python", True, True, sys.version.split()[0])
    cores = os.cpu_count() or 1
    yield Diagnosis("processor", True, True, f"{cores} cores; the embedded backend needs no GPU")
    package = _installed("xllamacpp")
    yield Diagnosis(
        "embedded backend", package is not None, True, f"xllamacpp {package}" if package else "pip install ."
    )
    model = find(DEFAULT)
    here = model.is_in(config.cache_dir)
    size = f"{(model.bytes or 0) / 1e9:.1f} GB"
    yield Diagnosis(
        f"model {DEFAULT}", here, False, "ready" if here else f"isump models pull ({size}; solve does it too)"
    )
    folder = next(path for path in (config.cache_dir, *config.cache_dir.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    yield Diagnosis("disk", here or free > 3e9, True, f"{free / 1e9:.1f} GB free at {folder}")
    yield _store(store)


def _store(path: Path) -> Diagnosis:
    """Whether the trace store is sound; attempts whose process is gone are closed on the way."""
    from app.store import Store
    from app.store.check import check
    from app.store.connect import can_write, check_path

    def says(works: bool, what: str) -> Diagnosis:
        return Diagnosis("trace store", works, True, what)

    try:
        if not check_path(path):
            folder = path.absolute().parent
            writable = os.access(folder, os.W_OK)
            return says(
                writable, f"{path} will be made" if writable else f"{folder} cannot be written: pass --store PATH"
            )
        looked = check(path, quick=True)
        if not looked.older and can_write(path) and all(each.where == "attempts" for each in looked.problems):
            Store.open(path).close()
        size = path.stat().st_size
        found = check(path, quick=size > _LARGE)
    except UserError as error:
        return says(False, str(error))
    for first in found.problems[:1]:
        more = f" ({len(found.problems) - 1} more: isump store check)" if len(found.problems) > 1 else ""
        return says(False, f"{first.says}{more} Mend it with: isump store repair --store {path}")
    notes = [f"{path} holds {found.holds}, {size / 1e6:,.1f} MB"]
    notes += ["looked at quickly: isump store check reads every text"] * found.quick
    notes += [f"of version {found.version}: brought up to date, after a backup, when it is next written"] * found.older
    notes += [f"others on this machine can read it: chmod 600 {path}"] * _is_open_to_others(path)
    return says(True, "; ".join(notes))


def _is_open_to_others(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)


def _optional(config: BackendConfig) -> Iterator[Diagnosis]:
    says = "a key is set" if config.api_key else "no key: export OPENAI_API_KEY=... if the server wants one"
    yield Diagnosis("OpenAI-compatible server", bool(config.api_key or config.base_url), False, config.base_url or says)
    for extra, package in _EXTRAS.items():
        found = _installed(package)
        says = f"{package} {found}" if found else f"pip install '.[{extra}]'"
        yield Diagnosis(f"extra {extra}", found is not None, False, says)


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
