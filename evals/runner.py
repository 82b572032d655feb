"""Runs a strategy over a task: many attempts at once, each step stored as it happens, stoppable and resumable.

python -m evals.gsm8k --strategy isump --limit 20
python -m evals.gsm8k --resume 3
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import NoReturn

from rich.console import Console

from app.backends.open import open_engine
from app.config import read_config
from app.errors import BackendUnavailable, BadInput, MissingKey
from app.options import add_engine, add_settings, run, settings, whole
from app.session import Ended, check_strategy, solve
from app.store import Store
from app.store.records import Run, RunSpec, Score
from evals.progress import Progress, bar
from evals.report import json_line, run_table
from evals.results import backend_use, summarize
from evals.task import Item, Task
from graphs import STRATEGIES
from prompts.settings import Settings
from prompts.values import UserError

Source = dict[str, str | int | None]
Load = Callable[[Source], Task]

GIVE_UP_AFTER = 5
"""Unreachable-engine errors in a row after which a run stops, so that a dead server does not fail every item."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options every eval has; the task adds those that choose its questions."""
    config = read_config()
    parser.add_argument("--strategy", help=f"{', '.join(STRATEGIES)} (isump)")
    parser.add_argument("--concurrency", type=whole, default=4, help="attempts at once (%(default)s)")
    parser.add_argument("--resume", type=int, metavar="RUN", help="go on with a run: finished items are kept")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    add_engine(parser, config)
    add_settings(parser)


def main(args: argparse.Namespace, load: Load, source: Source) -> NoReturn:
    """Run the eval that ``args`` describe on the questions that ``source`` names, and exit."""
    run(lambda: _main(args, load, source))


def _main(args: argparse.Namespace, load: Load, source: Source) -> int:
    console, out = Console(stderr=True), Console()
    with Store.open(args.store) as store:
        stored = _stored(args, store)
        task = load(stored.spec.source if stored else source)
        settings = stored.spec.settings if stored else settings(args)
        if stored:
            check_same(stored, task)
        if task.notice:
            console.print(task.notice, style="bold yellow")
        runs: list[Run] = [stored] if stored else []

        async def attempt_all() -> None:
            async with aclosing(await open_engine(args, read_config(), slots=args.concurrency)) as backend:
                if not runs:
                    runs.append(begin(store, task, source, args.strategy, backend, settings))
                await Runner(store, task, runs[0], backend, args.concurrency).run(console)

        try:
            asyncio.run(attempt_all())
        except (KeyboardInterrupt, UserError) as error:
            if runs:
                done = sum(item.status == "done" for item in store.items(runs[0].id))
                console.print(
                    f"Stopped with {done} of {len(task.items)} done, all of it kept. Go on with --resume {runs[0].id}",
                    style="yellow",
                )
            if isinstance(error, UserError):
                raise
            return 130
        summary = summarize(store, runs[0], task.primary)
        out.print(run_table(summary))
        out.print(backend_use(store, runs[0].id).in_words(), style="dim")
        if args.json:
            print(json_line(summary), flush=True)
        return 0


def _stored(args: argparse.Namespace, store: Store) -> Run | None:
    if args.resume is None:
        args.strategy = check_strategy(args.strategy or "isump")
        return None
    stored = store.run(args.resume)
    if args.strategy not in (None, stored.spec.strategy):
        raise BadInput(f"Run {stored.id} is of strategy {stored.spec.strategy}: leave --strategy out to resume it.")
    args.strategy, args.backend = stored.spec.strategy, stored.spec.backend
    args.model = args.model or stored.spec.model
    return stored


def begin(store: Store, task: Task, source: Source, strategy: str, backend: Backend, settings: Settings) -> Run:
    """Open a run of ``task``, whose questions are those that ``source`` names."""
    about = (task.name, task.version, strategy, backend.name, backend.model, settings)
    return store.run(store.begin_run(RunSpec(*about, source, len(task.items))))


def check_same(stored: Run, task: Task) -> None:
    """Raise ``BadInput`` when ``task`` is not what ``stored`` was a run of."""
    if (task.name, len(task.items)) != (stored.spec.task, stored.spec.n):
        raise BadInput(
            f"Run {stored.id} asked {stored.spec.n} questions of {stored.spec.task}, but {len(task.items)} of "
            f"{task.name} are found now: restore the data it was started with."
        )


class Runner:
    """The attempts of one run, a fixed number at a time."""

    def __init__(self, store: Store, task: Task, run: Run, backend: Backend, concurrency: int) -> None:
        """Bind the parts; nothing starts before ``run``."""
        self.store, self.task, self.stored, self.backend = store, task, run, backend
        self.concurrency = concurrency
        self._failures = self._right = self._judged = self._errors = 0

    async def run(self, console: Console) -> None:
        """``attempt_all`` with a progress bar in the terminal."""
        with bar(console) as report:
            await self.attempt_all(report)

    async def attempt_all(self, report: Callable[[Progress], None]) -> None:
        """Attempt every item that is not done yet; finished ones are kept, unfinished and failed ones redone.

        ``report`` is called at the start and whenever an item has ended.

        Raises:
            UserError: the engine cannot be reached or wants a key; what was done stays done.
        """
        done = {item.question_id: item for item in self.store.items(self.stored.id) if item.status == "done"}
        waiting: list[Item] = []
        for item in self.task.items:
            if (before := done.get(item.question.id)) is None:
                waiting.append(item)
            else:
                self._judge(item, before.attempt)
        queue, kept, ended = iter(waiting), len(done), 0

        def tell() -> None:
            total = len(self.task.items)
            report(Progress(kept + ended, total, kept, self._right, self._judged, self._errors))

        async def work() -> None:
            nonlocal ended
            for item in queue:
                await self._attempt(item)
                ended += 1
                tell()

        tell()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.concurrency):
                    group.create_task(work())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _attempt(self, item: Item) -> None:
        spec = self.stored.spec
        events = solve(item.question, spec.strategy, self.backend, spec.settings, self.store, run=self.stored.id)
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Ended):
                        self._judge(item, event.attempt.id)
            self._failures = 0
        except MissingKey:
            raise
        except UserError as error:
            self._errors += 1
            self._failures += isinstance(error, BackendUnavailable)
            if self._failures >= GIVE_UP_AFTER:
                raise

    def _judge(self, item: Item, attempt: int) -> None:
        found = self.store.attempt(attempt)
        scores = [
            (name, scorer(found.completion, found.answer, item.gold)) for name, scorer in self.task.scorers.items()
        ]
        self.store.score(attempt, [Score(name, score.value, score.extracted, score.why) for name, score in scores])
        self._judged += 1
        self._right += dict(scores)[self.task.primary].value == 1
