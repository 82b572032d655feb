"""The command line of every task: ``python -m evals.<task>``.

python -m evals.gsm8k --strategy isump --limit 20
python -m evals.gsm8k --resume 3
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from typing import Any, NoReturn

from pydantic import Field, create_model
from rich.console import Console

from app import program
from app.backends.config import BackendConfig
from app.backends.open import open_backend
from app.errors import BadInput
from app.options import MAX_ROW, SolveOptions, StoreOption, parse
from app.session import check_backend
from app.store import Store
from app.store.database import retry_while_busy
from app.store.records import Run
from evals.dry_run import first_prompts
from evals.progress import bar
from evals.report import json_line, run_table
from evals.results import backend_use, summarize_run
from evals.runner import Runner, begin, check_model, load_again, source_of
from evals.task import QuestionSet, Source, Task
from evals.tasks import TASKS
from graphs import find_strategy
from graphs.strategy import settings_for
from prompts.values import UserError


class EvalOptions(SolveOptions, StoreOption):
    """The options every eval has; the task adds those that choose its questions."""

    concurrency: int = Field(default=4, ge=1, le=1024, description="attempts at once")
    resume: int | None = Field(
        default=None, ge=1, le=MAX_ROW, description="number of a run to go on with: finished items are kept"
    )
    retry_errors: int = Field(
        default=0, ge=0, le=100, description="how often questions that failed are attempted again before the end"
    )
    dry_run: int = Field(
        default=0, ge=0, le=1000, description="print the first prompt of so many questions instead, and ask nothing"
    )
    json_lines: bool = Field(default=False, description="end with one line of JSON")


def main(name: str) -> NoReturn:
    """Run the eval of the task of that name as the command line says, and exit."""
    task = TASKS[name]
    program.run(lambda: measure(task, parse(options_of(task), sys.argv[1:], f"python -m evals.{name}")))


def options_of(task: Task) -> type[EvalOptions]:
    """The options of ``python -m evals.<task>``: those of every eval and those of the task's source."""
    options: Any = create_model(
        "Options", __base__=(task.source, EvalOptions), __doc__=f"Measure a strategy on {task.help}."
    )
    return options


def measure(task: Task, options: EvalOptions) -> int:
    """Begin a run or resume one, with a progress bar, and print its table.

    The exit code is 1 when an item has no result, 2 when none has, and 130 after Ctrl-C.

    Raises:
        UserError: The questions, the backend or the run cannot be had; what was done stays done.
    """
    console, out = Console(stderr=True), Console()
    with Store.open(options.store) as store:
        run = store.run(options.resume) if options.resume is not None else None
        source = _source(task, options, run)
        config = _backend(options, run)
        questions = _questions(task, source, options, run)
        if questions.notice:
            console.print(questions.notice, style="bold yellow")

        if options.dry_run:
            print(_dry_run(options, questions, run))
            return 0

        begun = False

        async def attempt_all() -> None:
            nonlocal run, begun
            async with aclosing(await open_backend(config)) as backend:
                if run is None:
                    strategy, settings = options.chosen_strategy, options.settings
                    run = await retry_while_busy(
                        begin, store, task, questions, source, strategy.name, backend, settings
                    )
                else:
                    check_model(run, backend)
                for _ in range(1 + options.retry_errors):
                    with bar(console) as report:
                        runner = Runner(store, task, questions, run, backend, options.concurrency)
                        async with aclosing(runner.progress()) as updates:
                            async for progress in updates:
                                begun = True
                                report(progress)
                    if all(result.status == "done" for result in store.items(run.id)):
                        break

        try:
            asyncio.run(attempt_all())
        except (KeyboardInterrupt, UserError) as error:
            if run is None or not begun:
                raise
            done = sum(result.status == "done" for result in store.items(run.id))
            console.print(
                f"Stopped with {done} of {len(questions.items)} done, all of it kept. Go on with --resume {run.id}",
                style="yellow",
            )
            if isinstance(error, KeyboardInterrupt):
                return 130
            if not done:
                raise
            console.print(str(error), markup=False, highlight=False, soft_wrap=True)
            return 1
        assert run is not None, "a run that ended without an error was begun"
        return _report(store, run, out, options.json_lines)


def _dry_run(options: EvalOptions, questions: QuestionSet, run: Run | None) -> str:
    strategy = find_strategy(run.spec.strategy) if run else options.chosen_strategy
    settings, backend = (run.spec.settings, run.spec.backend) if run else (options.settings, options.backend)
    return asyncio.run(first_prompts(questions, options.dry_run, strategy, backend, settings))


def _report(store: Store, run: Run, out: Console, json_lines: bool) -> int:
    """Print the table of a run that has come to its end; the exit code says whether every item has a result."""
    summary = summarize_run(store, run)
    out.print(run_table(summary))
    out.print(backend_use(store, run.id).describe(), style="dim")
    if json_lines:
        print(json_line(summary), flush=True)
    if not summary.n:
        return 2
    return int(summary.errors > 0)


def _source(task: Task, options: EvalOptions, run: Run | None) -> Source:
    """The source of a new run as the options say, or that of a stored run with the options given anew."""
    names = task.source.model_fields
    if run is None:
        return task.source(**{name: getattr(options, name) for name in names})
    if run.spec.task != task.name:
        raise BadInput(f"Run {run.id} is of the task {run.spec.task}: resume it with python -m evals.{run.spec.task}.")
    return source_of(run, {name: getattr(options, name) for name in names if name in options.model_fields_set})


def _backend(options: EvalOptions, run: Run | None) -> BackendConfig:
    """The backend of a new run, or the one that a stored run was begun with; checked before anything is loaded."""
    if run is None:
        check_backend(options.backend_config, options.chosen_strategy)
        return options.backend_for(options.concurrency)
    given = options.model_fields_set
    stored = options.model_copy(
        update={
            "strategy": options.strategy if "strategy" in given else run.spec.strategy,
            "backend": options.backend if "backend" in given else run.spec.backend,
            "model": options.model or run.spec.model,
        }
    )
    check_backend(stored.backend_config, stored.chosen_strategy)
    strategy = stored.chosen_strategy
    calls = strategy.parallel_calls(settings_for(strategy, run.spec.settings.model_dump()))
    return stored.backend_config.with_slots(options.concurrency * calls)


def _questions(task: Task, source: Source, options: EvalOptions, run: Run | None) -> QuestionSet:
    if run is None:
        return task.questions(source)
    strategy = options.strategy if "strategy" in options.model_fields_set else run.spec.strategy
    options.check_given(find_strategy(strategy))
    settings = settings_for(find_strategy(strategy), run.spec.settings.model_dump() | options.given_settings)
    return load_again(run, source, strategy, settings)
