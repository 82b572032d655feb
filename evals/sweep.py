"""Sweep: strategies, memories, step sizes, seeds and models on the same questions, as one table.

    python -m evals.sweep gsm8k --limit 40 --memories keep,rewrite --step-sizes 96,192 --seeds 0,1
    python -m evals.sweep --config grid.toml

The file holds the task and the same options, such as ``task = "riw"``, ``seeds = [0, 1]``, ``vectors = 32``; what
stands on the command line goes before it.

Each combination is a run of its own in the store. A sweep that was stopped goes on when it is started again: of runs
that are the same experiment finished questions are kept. Everything is compared, paired by question, with the first
combination.
"""

from __future__ import annotations

import asyncio
import sys
import tomllib
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_args

from pydantic import Field, create_model
from rich.console import Console

from app import program
from app.backends.open import open_backend
from app.errors import BadInput
from app.options import SolveOptions, StoreOption, parse
from app.session import check_backend
from app.store import Store
from app.store.database import retry_while_busy
from app.store.records import Run
from app.text import percent
from evals.dry_run import first_prompts
from evals.formatting import points, points_interval, ratio
from evals.identity import differences, spec_of
from evals.progress import bar
from evals.results import pair, summarize_run
from evals.runner import Runner
from evals.task import QuestionSet, Source, Task
from evals.tasks import TASKS
from graphs import find_strategy
from graphs.strategy import Strategy, settings_for
from prompts.backend import Backend
from prompts.settings import Settings
from prompts.user_files import UserPath, read_given
from prompts.writers import MemoryMode

COMPARED = ("peak_context", "generated", "processed")
"""The costs that are compared with the first combination."""


class SweepOptions(SolveOptions, StoreOption):
    """What is combined; the settings given besides hold for every combination."""

    strategies: str = Field(default="cot,history_loop,isump", description="strategies, the first is the baseline")
    memories: str = Field(default="keep", description="isump: ways to write the memory")
    step_sizes: str = Field(default="192", description="loops: most tokens of one thought")
    seeds: str = Field(default="", description="sampling seeds, each a run of its own")
    models: str = Field(default="", description="models, each a run of its own")
    config: UserPath | None = Field(default=None, description="a TOML file with the task and any of these options")
    dry_run: int = Field(
        default=0, ge=0, le=1000, description="print the first prompt of so many questions instead, and ask nothing"
    )
    concurrency: int = Field(default=4, ge=1, le=1024, description="attempts at once")


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination."""

    strategy: Strategy[Any]
    settings: Settings
    label: str
    model: str | None = None


def cells(options: SweepOptions) -> Iterator[Cell]:
    """Every combination once: a strategy that is no loop has no step size, and only isump has ways to remember.

    Raises:
        BadInput: A name or a number is none.
    """
    sizes = [_number(each, "--step-sizes 96,192") for each in listed(options.step_sizes)]
    seeds = [_number(each, "--seeds 0,1") for each in listed(options.seeds)] if options.seeds else []
    models = listed(options.models) if options.models else []
    memories = listed(options.memories)
    if unknown := [each for each in memories if each not in get_args(MemoryMode)]:
        raise BadInput(f"There is no memory {unknown[0]!r}: choose of {', '.join(get_args(MemoryMode))}.")
    strategies = [find_strategy(name) for name in listed(options.strategies)]
    options.check_given(*strategies)
    for strategy in strategies:
        loops = "step_tokens" in strategy.settings.model_fields
        ways = product(
            memories if strategy.name == "isump" else [""], sizes if loops else [0], seeds or [None], models or [None]
        )
        for memory, size, seed, model in ways:
            chosen: dict[str, Any] = {"memory": memory, "step_tokens": size}
            chosen = {name: value for name, value in chosen.items() if value}
            chosen |= {} if seed is None else {"seed": seed}
            told = [f"{size} tokens" * (size > 0 and len(sizes) > 1), f"seed {seed}" * (len(seeds) > 1)]
            label = " ".join(filter(None, [strategy.name, memory, *told, (model or "") * (len(models) > 1)]))
            yield Cell(strategy, settings_for(strategy, {**options.given_settings, **chosen}), label, model)


async def measure(
    cell: Cell, task: Task, questions: QuestionSet, source: Source, backend: Backend, store: Store, concurrency: int
) -> Run:
    """The run of a combination: the one that is in the store already, gone on with, or a new one."""
    spec = spec_of(task, questions, source, cell.strategy.name, backend, cell.settings)
    same = (run for run in store.runs() if not differences(run.spec, spec))
    run = next(same, None) or await retry_while_busy(store.begin_run, spec)
    console = Console(stderr=True)
    console.print(f"run {run.id}: {cell.label}", style="bold")
    with bar(console) as report:
        runner = Runner(store, task, questions, run, backend, concurrency)
        async with aclosing(runner.progress()) as updates:
            async for progress in updates:
                report(progress)
    return run


def table(store: Store, runs: list[tuple[str, Run]]) -> str:
    """The runs as a Markdown table; the first is what the others are compared with.

    Raises:
        BadInput: A run has no question in common with the first.
    """
    heads = ("", "right", *(name.replace("_", " ") for name in COMPARED), "rounds", "two or more", "cached")
    lines = [_row(heads), _row(["---"] * len(heads))]
    for label, run in runs:
        summary, rounds = summarize_run(store, run), store.rounds(run.id)
        if not summary.n:
            lines.append(_row([label, "no result", *[""] * (len(heads) - 2)]))
            continue
        right = summary.accuracy[summary.primary]
        cached = summary.costs["cached_tokens"].total / max(1, summary.costs["prompt_tokens"].total)
        means = [f"{summary.costs[name].mean:,.0f}" for name in COMPARED]
        told = f"{right.correct} of {right.n}"
        if run.id != runs[0][1].id:
            paired = pair(store, runs[0][1], run, summary.primary)
            change, interval = points(paired.accuracy.difference), points_interval(paired.accuracy.interval)
            told += f" ({change}, {interval})"
            shares = (ratio(paired.costs[name]) for name in COMPARED)
            means = [f"{mean} ({share}, {interval})" for mean, (share, interval) in zip(means, shares, strict=True)]
        several = sum(each >= 2 for each in rounds) / len(rounds)
        mean_rounds = f"{sum(rounds) / len(rounds):.1f}"
        lines.append(_row([label, told, *means, mean_rounds, percent(several), percent(cached)]))
    return "\n".join(lines)


def sweep(task: Task, options: Any) -> int:
    """Measure every combination and print the table."""
    chosen = list(cells(options))
    source = task.source(**{name: getattr(options, name) for name in task.source.model_fields})
    questions = task.questions(source)
    check_backend(options.backend_config, *(cell.strategy for cell in chosen))
    if options.dry_run:
        for cell in chosen:
            print(f"== {cell.label}")
            print(asyncio.run(first_prompts(questions, options.dry_run, cell.strategy, options.backend, cell.settings)))
        return 0
    calls = options.concurrency * max(cell.strategy.parallel_calls(cell.settings) for cell in chosen)

    async def measure_all(store: Store) -> list[tuple[str, Run]]:
        done = dict[Cell, Run]()
        for model in dict.fromkeys(cell.model for cell in chosen):
            config = options.backend_config.with_slots(calls)
            config = config.model_copy(update={"model": model}) if model else config
            async with aclosing(await open_backend(config)) as backend:
                for cell in (cell for cell in chosen if cell.model == model):
                    done[cell] = await measure(cell, task, questions, source, backend, store, options.concurrency)
        return [(cell.label, done[cell]) for cell in chosen]

    with Store.open(options.store) as store:
        print(table(store, asyncio.run(measure_all(store))))
    return 0


def main() -> None:
    """Entry point of ``python -m evals.sweep``."""
    program.run(lambda: sweep(*_parsed(sys.argv[1:])))


def _parsed(words: list[str]) -> tuple[Task, SweepOptions]:
    words = _with_file(words)
    name = words[0] if words else ""
    if name not in TASKS:
        raise BadInput(f"Name the task first: python -m evals.sweep TASK, one of {', '.join(TASKS)}.")
    options: Any = create_model(
        "Options",
        __base__=(TASKS[name].source, SweepOptions),
        __doc__=f"Strategies, memories, step sizes, seeds and models on {TASKS[name].help}.",
    )
    return TASKS[name], parse(options, words[1:], f"python -m evals.sweep {name}")


def listed(text: str) -> list[str]:
    """The items of a list with commas, each once; raises ``BadInput`` when there is none."""
    if not (found := [each.strip() for each in text.split(",") if each.strip()]):
        raise BadInput("A list of a sweep is empty: write names or numbers with commas between them.")
    return list(dict.fromkeys(found))


def _number(text: str, example: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadInput(f"{text!r} is no whole number: write {example}.") from None


def _with_file(words: list[str]) -> list[str]:
    """The command line with the options of the file that it names, which stand before its own."""
    if "--config" not in words:
        return words
    at = words.index("--config")
    if at + 1 == len(words):
        raise BadInput("--config has no value: name a file, such as grid.toml.")
    path, words = Path(words[at + 1]), [*words[:at], *words[at + 2 :]]
    try:
        given = tomllib.loads(read_given(path))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is no TOML: {error}.") from error
    named = words[:1] if words and not words[0].startswith("-") else []
    of_file = [word for name, value in given.items() if name != "task" for word in _words(name, value)]
    return [*(named or [str(given.get("task", ""))]), *of_file, *words[len(named) :]]


def _words(name: str, value: object) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    match value:
        case bool():
            return [option] if value else [f"--no-{option[2:]}"]
        case list():
            return [option, ",".join(map(str, value))]
        case _:
            return [option, str(value)]


def _row(values: Any) -> str:
    return f"| {' | '.join(values)} |"


if __name__ == "__main__":
    main()
