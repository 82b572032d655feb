"""Evals started or resumed from the page: what ``python -m evals.<task>`` does, as a stream of stages.

jobs = EvalJobs(site)
async with aclosing(jobs.start("gsm8k: built-in questions", 20, "isump", "scripted", 4)) as stages:
    async for stage in stages:
        print(stage.run.id, stage.progress.in_words())

Closing the stream stops the run; what is done is kept, and ``resume`` does the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.errors import BadInput
from app.store.database import retry_while_busy
from app.store.records import Run
from app.ui.limits import MOST_AT_ONCE, MOST_EVALS, MOST_QUESTIONS, check_whole
from app.ui.site import Site
from evals.progress import Progress
from evals.runner import Runner, begin, check_model, load_again, task_of
from evals.task import Source, Task
from evals.tasks import TASKS
from prompts.backend import Backend
from prompts.settings import invalid_value


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a run is, and the seconds since it was started or resumed."""

    run: Run
    progress: Progress
    seconds: float


def presets() -> dict[str, tuple[Task, Source]]:
    """The questions that the page offers, of every task, by what they are called there."""
    return {f"{task.name}: {name}": (task, source) for task in TASKS.values() for name, source in task.presets.items()}


class EvalJobs:
    """The evals of one app, at most one at a time of each run."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._running: set[int] = set()

    async def start(
        self, preset: str, limit: object, strategy: str, model: str, concurrency: object
    ) -> AsyncGenerator[Stage]:
        """Ask the first ``limit`` questions of ``preset``, a key of ``presets``, or all of them where there is none.

        Raises:
            UserError: The questions or the backend cannot be had; what was done stays done.
        """
        at_once = check_whole(concurrency, "Attempts at once", 1, MOST_AT_ONCE)
        settings = self.site.settings_for(strategy)
        task, source = _chosen(preset, limit)
        self._check_room()
        questions = await asyncio.to_thread(task.questions, source)
        if len(questions.items) > MOST_QUESTIONS:
            raise BadInput(
                f"There are {len(questions.items):,} questions: say how many, up to {MOST_QUESTIONS:,}, or use"
                f" python -m evals.{task.name}."
            )
        backend = await self.site.backend_for(model, strategy)
        given = (task, questions, source, strategy, backend, settings)
        run = await retry_while_busy(begin, self.site.store, *given)
        with self._claimed(run.id):
            runner = Runner(self.site.store, task, questions, run, backend, at_once)
            async with aclosing(_stages(runner)) as stages:
                async for stage in stages:
                    yield stage

    async def resume(self, number: int, concurrency: object) -> AsyncGenerator[Stage]:
        """Do what a run has left undone, with the model it was begun with; finished items are kept.

        Raises:
            UserError: It is running, or its questions or model cannot be had here.
        """
        at_once = check_whole(concurrency, "Attempts at once", 1, MOST_AT_ONCE)
        run = self.site.store.run(number)
        with self._claimed(number):
            questions = await asyncio.to_thread(load_again, run)
            backend = await self._backend_of(run)
            check_model(run, backend)
            runner = Runner(self.site.store, task_of(run), questions, run, backend, at_once)
            async with aclosing(_stages(runner)) as stages:
                async for stage in stages:
                    yield stage

    @contextmanager
    def _claimed(self, number: int) -> Iterator[None]:
        """Keeps everybody else from running this run: two at once would do its items twice."""
        if number in self._running:
            raise BadInput(f"Run {number} is already running: wait for it, or stop it where it was started.")
        self._check_room()
        self._running.add(number)
        try:
            yield
        finally:
            self._running.discard(number)

    def _check_room(self) -> None:
        if len(self._running) >= MOST_EVALS:
            raise BadInput(f"{MOST_EVALS} evals are running here: wait for one, or stop it where it was started.")

    async def _backend_of(self, run: Run) -> Backend:
        names, spec = self.site.backends.names(), run.spec
        backend = await self.site.backend_for(spec.model if spec.model in names else names[0], spec.strategy)
        if (backend.name, backend.model) != (spec.backend, spec.model):
            raise BadInput(
                f"Run {run.id} was made with {spec.model} ({spec.backend}), which is not offered here: resume it with"
                f" python -m evals.{spec.task} --resume {run.id}."
            )
        return backend


def _chosen(preset: str, limit: object) -> tuple[Task, Source]:
    offered = presets()
    if preset not in offered:
        raise BadInput(f"There are no questions {preset!r}: choose one of {', '.join(offered)}.")
    task, source = offered[preset]
    if limit is not None:
        limit = check_whole(limit, "The number of questions", 1, MOST_QUESTIONS)
    options: dict[str, Any] = source.model_dump() | {"limit": limit}
    try:
        return task, task.source(**options)
    except ValidationError as error:
        raise BadInput(f"The number of questions {invalid_value(error)[1]}.") from error


async def _stages(runner: Runner) -> AsyncGenerator[Stage]:
    began = time.monotonic()
    async with aclosing(runner.progress()) as changes:
        async for progress in changes:
            yield Stage(runner.run, progress, time.monotonic() - began)
