"""Benchmark: our own time for an eval, beside Inspect's (inspect_ai) for as many calls to a model that costs nothing.

    pip install inspect-ai && python -m evals.bench_inspect --items 1319 --rounds 8

Both write every call to disk, with as many attempts at once, in one run of the same machine. Ours walks the isump loop,
with prompts, checks and the trace store; Inspect's makes as many calls of ``mockllm`` with a history as short.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import Field

from app import program
from app.backends.scripted import ScriptedBackend
from app.errors import BadInput
from app.options import Environment, parse
from app.store import Store
from evals.bench_steps import ASKED, HEADING, THOUGHT
from evals.gsm8k import TASK, GsmSource
from evals.runner import Runner, begin
from evals.task import Item, QuestionSet
from graphs.isump import IsumpSettings
from prompts.values import Question


@dataclass(frozen=True, slots=True)
class Cost:
    """What an eval took: seconds, and how many steps and calls were written."""

    seconds: float
    steps: int
    calls: int


async def ours(items: int, rounds: int, concurrency: int, store: Store) -> Cost:
    """An eval of so many items and rounds with a backend that answers at once."""
    asked = (Item(Question(str(number), f"{ASKED} ({number})", answers="number"), "72") for number in range(items))
    questions, settings = QuestionSet("bench", "1", tuple(asked)), IsumpSettings(max_steps=rounds, max_tokens=10**7)
    counted = count()  # a memory that never changed would end the attempt
    backend = ScriptedBackend(lambda request: (HEADING if request.stop == ("\n",) else THOUGHT).format(next(counted)))
    run = begin(store, TASK, questions, GsmSource(source="builtin"), "isump", backend, settings)
    clock = time.perf_counter()
    async with aclosing(Runner(store, TASK, questions, run, backend, concurrency).progress()) as updates:
        async for _ in updates:
            pass
    seconds, records = time.perf_counter() - clock, store.records(store.items(run.id)[0].attempt)
    calls = sum(len(record.step.calls) for record in records)
    return Cost(seconds, items * len(records), items * calls)


def inspects(items: int, calls: int, concurrency: int, folder: Path) -> Cost:
    """An eval of Inspect with so many calls for each item.

    Raises:
        BadInput: It is not installed, or did not end well.
    """
    try:
        import inspect_ai  # pyright: ignore[reportMissingImports]
        from inspect_ai.dataset import MemoryDataset, Sample  # pyright: ignore[reportMissingImports]
        from inspect_ai.model import ModelOutput, ModelUsage, get_model  # pyright: ignore[reportMissingImports]
        from inspect_ai.scorer import includes  # pyright: ignore[reportMissingImports]
        from inspect_ai.solver import solver  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise BadInput("This benchmark compares with Inspect: run pip install inspect-ai.") from error

    def reply(*request: Any) -> Any:
        output = ModelOutput.from_content("mockllm", THOUGHT.format(24))
        output.usage = ModelUsage(input_tokens=200, output_tokens=30, total_tokens=230)  # else it counts them itself
        return output

    @solver
    def several_calls() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            question = list(state.messages)
            for _ in range(calls):
                state.messages = list(question)
                state = await generate(state)
            return state

        return solve

    dataset = MemoryDataset([Sample(input=f"{ASKED} ({number})", target="72") for number in range(items)])
    task = inspect_ai.Task(dataset=dataset, solver=several_calls(), scorer=includes())
    at_once = {"max_connections": concurrency, "max_samples": concurrency}
    model = get_model("mockllm/model", custom_outputs=reply)
    clock = time.perf_counter()
    (log,) = inspect_ai.eval(task, model=model, log_dir=str(folder), display="none", **at_once)
    if log.status != "success":
        raise BadInput(f"Inspect ended with the status {log.status}: {log.error.message if log.error else None}.")
    return Cost(time.perf_counter() - clock, items * calls, items * calls)


class BenchInspect(Environment):
    """Measure our own time for an eval, beside Inspect's for as many calls."""

    items: int = Field(default=1319, ge=1, le=1_000_000, description="questions")
    rounds: int = Field(default=8, ge=1, le=1000, description="thoughts for each of them")
    concurrency: int = Field(default=64, ge=1, le=1024, description="attempts at once")

    def run(self) -> int:
        """Print both times and their ratio."""
        with tempfile.TemporaryDirectory() as name, Store.open(Path(name) / "bench.sqlite") as store:
            asyncio.run(ours(1, self.rounds, 1, store))  # imports and the compiled graph are paid once
            own = asyncio.run(ours(self.items, self.rounds, self.concurrency, store))
            per_step = 1000 * own.seconds / own.steps
            print(f"iSUMp:   {own.seconds:.1f} s, {own.calls:,} calls in {own.steps:,} steps, {per_step:.2f} ms a step")
            other = inspects(self.items, own.calls // self.items, self.concurrency, Path(name))
            print(f"Inspect: {other.seconds:.1f} s, {other.calls:,} calls")
            print(f"iSUMp takes {own.seconds / other.seconds:.2f} of Inspect's time.")
        return 0


if __name__ == "__main__":
    program.run(lambda: parse(BenchInspect, sys.argv[1:], "python -m evals.bench_inspect").run())
