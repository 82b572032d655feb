"""Benchmark: the orchestration time of a step, and the utilization of the backend.

python -m evals.bench_steps
python -m evals.bench_steps --questions 20 --model qwen2.5-1.5b

First 64 attempts at once on a scripted backend that answers at once: graph, prompts, checks and store are then all
there is to wait for. Then isump on built-in questions with the chosen backend: the share of the
wall time in which it had work, and the share of prompt tokens that its prefix cache served.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import aclosing
from itertools import count
from pathlib import Path

from pydantic import Field
from rich.console import Console

from app import program
from app.backends.open import open_backend
from app.backends.scripted import ScriptedBackend
from app.options import SolveOptions, parse
from app.session import solve
from app.store import Store
from app.store.records import Record
from evals.gsm8k import TASK, GsmSource
from evals.progress import bar
from evals.results import backend_use, summarize_run
from evals.runner import Runner, begin
from graphs.isump import IsumpSettings
from prompts.values import Question

THOUGHT = "In May she sold half as many: 48 / 2 = {0} clips. Together 48 + {0} = 72 clips were sold so far.\n"
HEADING = " Work out the sales of month {0}\n"
ASKED = "Natalia sold clips to 48 of her friends in April, half as many in May and 10% more in June. How many in all?"


async def ms_per_step(attempts: int, rounds: int, store: Store) -> tuple[float, int]:
    """Orchestration time per step in milliseconds, and the number of steps, over ``attempts`` concurrent attempts."""
    settings = IsumpSettings(max_steps=rounds, max_tokens=10_000_000)
    counted = count()  # a memory that never changed would end the attempt
    backend = ScriptedBackend(lambda request: (HEADING if request.stop == ("\n",) else THOUGHT).format(next(counted)))

    async def attempt(number: int) -> int:
        events = solve(Question(str(number), ASKED), "isump", backend, settings, store)
        return sum([isinstance(event, Record) async for event in events])

    await attempt(-1)  # imports and the compiled graph are paid once, not per step
    clock = time.perf_counter()
    steps = sum(await asyncio.gather(*map(attempt, range(attempts))))
    return 1000 * (time.perf_counter() - clock) / steps, steps


class BenchSteps(SolveOptions):
    """Measure the orchestration time of a step, and the utilization of the backend."""

    attempts: int = Field(default=64, ge=1, le=100_000, description="scripted attempts at once")
    rounds: int = Field(default=12, ge=1, le=10_000, description="thoughts in each of them")
    questions: int = Field(default=8, ge=1, le=100_000, description="built-in questions for the backend")
    concurrency: int = Field(default=4, ge=1, le=1024, description="of them at once")

    def run(self) -> int:
        """Print all measurements."""
        console = Console()
        with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "bench.sqlite") as store:
            cost, steps = asyncio.run(ms_per_step(self.attempts, self.rounds, store))
            console.print(f"Our own time per step: {cost:.2f} ms ({steps:,} steps, {self.attempts} attempts at once).")
            number = asyncio.run(self._evaluate(store))
            costs = summarize_run(store, store.run(number)).costs
            console.print(backend_use(store, number).describe())
            if costs:
                share = costs["cached_tokens"].total / costs["prompt_tokens"].total
                console.print(f"Prompt tokens from the prefix cache: {share:.1%}.")
        return 0

    async def _evaluate(self, store: Store) -> int:
        source = GsmSource(source="builtin", limit=self.questions)
        questions, strategy = TASK.questions(source), self.chosen_strategy
        async with aclosing(await open_backend(self.backend_for(self.concurrency))) as backend:
            run = begin(store, TASK, questions, source, strategy.name, backend, self.settings)
            runner = Runner(store, TASK, questions, run, backend, self.concurrency)
            with bar(Console(stderr=True)) as report:
                async with aclosing(runner.progress()) as updates:
                    async for progress in updates:
                        report(progress)
        return run.id


if __name__ == "__main__":
    program.run(lambda: parse(BenchSteps, sys.argv[1:], "python -m evals.bench_steps").run())
