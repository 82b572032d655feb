"""An eval begun, or gone on with, from the page: what ``python -m evals.gsm8k`` does, told as it goes. No gradio here.

evals = Evaluations(site)
async with aclosing(evals.begin("builtin", 20, "isump", "scripted", 4)) as news:
    async for stage in news:
        print(stage.run.id, stage.progress.in_words())

One that nobody follows any more is stopped; what is done is kept, and ``go_on`` does the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

from app.errors import BadInput
from app.session import check_strategy
from app.store.records import Run
from app.ui.site import Site
from evals.gsm8k import from_stored
from evals.progress import Progress
from evals.runner import Runner, begin, check_same
from evals.runner import Source as Asked
from prompts.backend import Backend

SOURCES = {"built-in questions": "builtin", "GSM8K test set, from the hub": "hub"}
"""Where questions come from: what is shown, and the name that ``evals.gsm8k`` knows."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a run is, and the seconds since it was begun or gone on with."""

    run: Run
    progress: Progress
    seconds: float


class Evaluations:
    """The evals of one app, at most one at a time of each run."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._running: set[int] = set()

    async def begin(
        self, source: str, limit: int | None, strategy: str, engine: str, concurrency: int
    ) -> AsyncGenerator[Stage]:
        """Ask the first ``limit`` questions of ``source`` (a value of ``SOURCES``), or all of them.

        Raises:
            UserError: the questions or the engine cannot be had; what was done stays done.
        """
        check_strategy(strategy)
        if source not in SOURCES.values():
            raise BadInput(f"There are no questions {source!r}: choose one of {', '.join(SOURCES.values())}.")
        asked: Asked = {"source": source, "data": None, "split": "test", "limit": limit, "seed": 0, "offset": 0}
        task = await asyncio.to_thread(from_stored, asked)
        backend, settings = await self.site.engines.get(engine), self.site.settings_for(strategy)
        run = begin(self.site.store, task, asked, strategy, backend, settings)
        with self._claimed(run.id):
            async with aclosing(_measured(Runner(self.site.store, task, run, backend, concurrency))) as stages:
                async for stage in stages:
                    yield stage

    async def go_on(self, number: int, concurrency: int) -> AsyncGenerator[Stage]:
        """Do what a run has left undone, with the model it was begun with; finished items are kept.

        Raises:
            UserError: it is running, or its questions or model cannot be had here.
        """
        run = self.site.store.run(number)
        if "source" not in run.spec.source:
            raise BadInput(f"Run {number} does not say where its questions came from, so it cannot be gone on with.")
        with self._claimed(number):
            task = await asyncio.to_thread(from_stored, run.spec.source)
            check_same(run, task)
            runner = Runner(self.site.store, task, run, await self._engine_of(run), concurrency)
            async with aclosing(_measured(runner)) as stages:
                async for stage in stages:
                    yield stage

    @contextmanager
    def _claimed(self, number: int) -> Iterator[None]:
        """Nobody else may run this run: two would do its items twice."""
        if number in self._running:
            raise BadInput(f"Run {number} is already running: wait for it, or stop it where it was started.")
        self._running.add(number)
        try:
            yield
        finally:
            self._running.discard(number)

    async def _engine_of(self, run: Run) -> Backend:
        names, spec = self.site.engines.names(), run.spec
        backend = await self.site.engines.get(spec.model if spec.model in names else names[0])
        if (backend.name, backend.model) != (spec.backend, spec.model):
            raise BadInput(
                f"Run {run.id} was made with {spec.model} ({spec.backend}), which is not offered here: go on with it by"
                f" python -m evals.gsm8k --resume {run.id}."
            )
        return backend


async def _measured(runner: Runner) -> AsyncGenerator[Stage]:
    """Run it, yielding how far it is whenever that has changed since the last time."""
    newest: list[Progress] = []
    news, began = asyncio.Event(), time.monotonic()

    def report(progress: Progress) -> None:
        newest[:] = [progress]
        news.set()

    work = asyncio.create_task(runner.attempt_all(report))
    work.add_done_callback(lambda _: news.set())
    try:
        over = False
        while not over:
            await news.wait()
            news.clear()
            over = work.done()
            if newest:
                yield Stage(runner.stored, newest.pop(), time.monotonic() - began)
        await work
    finally:
        work.cancel()
        await asyncio.wait([work])
