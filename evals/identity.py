"""Identity of a run: what makes its numbers, and how what would run now differs from it.

spec = spec_of(task, questions, source, strategy, backend, settings)
differences(run.spec, spec)  # ["step tokens was 96 and is 64", "prompts/isump/step.txt was changed"]
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from pydantic_core import to_json

from app.backends.open import BACKENDS
from app.store.records import Identity, RunSpec
from evals.report import short
from evals.task import Item, QuestionSet, Source, Task
from prompts.settings import Settings

ROOT = Path(__file__).parent.parent
NAMED = 3
"""Differences of one kind that are named; more are counted."""


class Model(Protocol):
    """The backend's part of a run's identity."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class StoredModel:
    """The model of a stored run, for as long as its backend is not open."""

    name: str
    model: str
    fingerprint: str


def spec_of(
    task: Task, questions: QuestionSet, source: Source, strategy: str, backend: Model, settings: Settings
) -> RunSpec:
    """The run that these would make now."""
    return RunSpec(
        task=task.name,
        questions=questions.name,
        task_version=questions.version,
        primary=task.primary,
        strategy=strategy,
        backend=backend.name,
        model=backend.model,
        settings=settings,
        source=source.model_dump(mode="json"),
        n=len(questions.items),
        checks=task.checks,
        identity=Identity(
            items=tuple(map(item_hash, questions.items)),
            prompts=prompt_hashes(),
            model=backend.fingerprint,
            engine=_engine(backend.name),
            program=version("isump"),
            commit=commit(),
        ),
    )


def item_hash(item: Item) -> str:
    """Half the SHA-256, in hex, of what is asked and of what is right."""
    question = item.question
    asked = [question.id, question.text, question.context, question.answers, question.verifier]
    return _digest(to_json([*asked, _ordered(item.gold), item.solution], fallback=repr))


def _ordered(gold: Any) -> Any:
    """``gold`` with every set as a sorted list: the order of a set is another in every process."""
    if is_dataclass(gold):
        return [type(gold).__name__, *(_ordered(getattr(gold, field.name)) for field in fields(gold))]
    if isinstance(gold, Mapping):
        return {key: _ordered(value) for key, value in gold.items()}
    if isinstance(gold, set | frozenset):
        return sorted(map(_ordered, gold), key=lambda value: to_json(value, fallback=repr))
    return [*map(_ordered, gold)] if isinstance(gold, list | tuple) else gold


@cache
def prompt_hashes() -> Mapping[str, str]:
    """Half the SHA-256 of every text that is sent to a model, by its path in the program."""
    files = sorted((ROOT / "prompts").rglob("*.txt"))
    return {str(file.relative_to(ROOT)): _digest(file.read_bytes()) for file in files}


@cache
def commit() -> str:
    """The git commit of this program, "-dirty" after it when files were changed, "" outside a checkout."""
    command = ("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    confined = {**os.environ, "GIT_CEILING_DIRECTORIES": str(ROOT.parent)}  # not the repository around a virtualenv
    try:
        return subprocess.run(
            command, env=confined, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def differences(before: RunSpec, now: RunSpec) -> list[str]:
    """Differences of two runs in words; what may change (address, timeout, concurrency, commit) is in neither."""
    return [*_of_specs(before, now), *_of_identities(before.identity, now.identity)]


def _of_specs(before: RunSpec, now: RunSpec) -> Iterator[str]:
    for name in ("task", "task_version", "strategy", "backend"):
        yield from _changed(name, getattr(before, name), getattr(now, name))
    old, new = before.settings.model_dump(), now.settings.model_dump()
    for name in (name for name in new if name in old):  # strategies have different settings
        yield from _changed(name, old[name], new[name])
    if (before.questions, before.n) != (now.questions, now.n):
        yield f"it asked {before.n} questions of {before.questions} and {now.n} of {now.questions} are found now"


def _of_identities(before: Identity, now: Identity) -> Iterator[str]:
    pairs = zip(before.items, now.items, strict=False)
    other = [str(place) for place, (old, new) in enumerate(pairs, 1) if old != new]
    if other and len(before.items) == len(now.items):
        yield f"{_some('question', other)} or what is right there was changed"
    paths = [path for path in {**before.prompts, **now.prompts} if before.prompts.get(path) != now.prompts.get(path)]
    if paths:
        yield f"{_some('', paths)} was changed"
    yield from _changed("model", short(before.model), short(now.model))
    yield from _changed("engine", before.engine, now.engine)
    yield from _changed("program", before.program, now.program)


def _changed(name: str, before: object, now: object) -> Iterator[str]:
    if before != now:
        yield f"{name.replace('_', ' ')} was {_shown(before)} and is {_shown(now)}"


def _shown(value: object) -> str:
    return "none" if value in ("", None) else str(value)


def _some(what: str, names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{what} {', '.join(names[:NAMED])}{more}".strip()


def _engine(backend: str) -> str:
    package = BACKENDS[backend].package if backend in BACKENDS else ""
    return f"{package} {version(package)}" if package else ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
