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
from app.models import DEFAULT, find
from app.store import Store
from app.store.admin import check
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
    """Check everything; changes nothing."""
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
    """Whether the trace store is sound."""
    if not path.exists():
        folder = path.absolute().parent
        writable = os.access(folder, os.W_OK)
        says = f"{path} will be made" if writable else f"{folder} cannot be written: pass --store PATH"
        return Diagnosis("trace store", writable, True, says)
    try:
        size = path.stat().st_size
        with Store.existing(path) as store:
            problems = check(store, quick=size > _LARGE)
    except UserError as error:
        return Diagnosis("trace store", False, True, str(error))
    for first in problems[:1]:
        return Diagnosis("trace store", False, True, f"{first} More: isump store check --store {path}")
    notes = [f"{path} is sound, {size / 1e6:,.1f} MB"]
    notes += ["looked at quickly: isump store check reads every text"] * (size > _LARGE)
    notes += [f"others on this machine can read it: chmod 600 {path}"] * bool(path.stat().st_mode & 0o077)
    return Diagnosis("trace store", True, True, "; ".join(notes))


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
