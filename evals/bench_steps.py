"""What our own part of a step costs, and how busy it keeps the engine.

python -m evals.bench_steps
python -m evals.bench_steps --questions 20 --model qwen2.5-1.5b

First 64 attempts at once on a scripted backend that answers at once: graph, prompts, fidelity, equations and store
are then all there is to wait for. Then isump on built-in questions with the embedded engine: the share of the wall
time in which the engine had work, and the share of prompt tokens that its prefix cache served.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import aclosing
from itertools import count
from pathlib import Path

from rich.console import Console

from app.backends.open import open_engine
from app.backends.scripted import ScriptedBackend
from app.config import read_config
from app.options import Parser, add_engine, add_settings, run, settings, whole
from app.session import solve
from app.store import Store
from app.store.records import Record
from evals import gsm8k
from evals.results import backend_use, summarize
from evals.runner import Runner, begin
from prompts.settings import Settings
from prompts.values import Question

THOUGHT = "In May she sold half as many: 48 / 2 = 24 clips. Together 48 + 24 = 72 clips were sold so far."
MEMORY = """What we know:
- clips sold in May = 48 / 2 = 24 clips
- clips sold in April and May = 48 + 24 = 72 clips
What to do next:
- work out the sales of June"""
ASKED = "Natalia sold clips to 48 of her friends in April, half as many in May and 10% more in June. How many in all?"


async def ms_per_step(attempts: int, rounds: int, store: Store) -> tuple[float, int]:
    """Milliseconds of our time per step, and the number of steps, over ``attempts`` that run side by side."""
    settings = Settings(max_steps=rounds, max_tokens=10_000_000)
    counted = count()  # a memory that never changed would end the attempt
    backend = ScriptedBackend(
        lambda request: f"{MEMORY} ({next(counted)})" if request.messages[-2].role == "assistant" else THOUGHT
    )

    async def attempt(number: int) -> int:
        events = solve(Question(str(number), ASKED), "isump", backend, settings, store)
        return sum([isinstance(event, Record) async for event in events])

    await attempt(-1)  # imports and the compiled graph are paid once, not per step
    clock = time.perf_counter()
    steps = sum(await asyncio.gather(*map(attempt, range(attempts))))
    return 1000 * (time.perf_counter() - clock) / steps, steps


def _main() -> None:
    parser = Parser(prog="python -m evals.bench_steps", description="What our own part of a step costs.")
    parser.add_argument("--attempts", type=whole, default=64, help="scripted attempts at once (%(default)s)")
    parser.add_argument("--rounds", type=whole, default=12, help="thoughts in each of them (%(default)s)")
    parser.add_argument("--questions", type=whole, default=8, help="built-in questions for the engine (%(default)s)")
    parser.add_argument("--concurrency", type=whole, default=4, help="of them at once (%(default)s)")
    add_engine(parser, read_config())
    add_settings(parser)
    args = parser.parse_args()
    args.strategy = "isump"

    def bench() -> int:
        console, settings = Console(), settings(args)
        with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "bench.sqlite") as store:
            cost, steps = asyncio.run(ms_per_step(args.attempts, args.rounds, store))
            console.print(f"Our own time per step: {cost:.2f} ms ({steps:,} steps, {args.attempts} attempts at once).")
            task = gsm8k.load("builtin", limit=args.questions)

            async def evaluate() -> int:
                async with aclosing(await open_engine(args, read_config(), slots=args.concurrency)) as backend:
                    stored = begin(store, task, {}, "isump", backend, settings)
                    await Runner(store, task, stored, backend, args.concurrency).run(Console(stderr=True))
                    return stored.id

            number = asyncio.run(evaluate())
            costs = summarize(store, store.run(number), task.primary).costs
            console.print(backend_use(store, number).in_words())
            if costs:
                share = costs["cached_tokens"].total / costs["prompt_tokens"].total
                console.print(f"Prompt tokens from the prefix cache: {share:.1%}.")
        return 0

    run(bench)


if __name__ == "__main__":
    _main()
