from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from app.backends.scripted import ScriptedBackend
from app.errors import BackendError, BadInput
from app.store import Store
from app.store.records import Run
from evals import gsm8k
from evals.results import BackendUse, backend_use, covered, pair, summarize
from evals.runner import Runner, begin
from evals.task import Task
from prompts.settings import Settings
from prompts.values import Request

TASK = gsm8k.load("builtin", limit=6)
GOLD = {item.question.text: item.gold for item in TASK.items}


async def measured(store: Store, right: int, task: Task = TASK) -> Run:
    """A run of cot in which the first ``right`` questions are answered rightly, the rest with -1."""
    known = {item.question.text: place for place, item in enumerate(task.items)}

    def reply(request: Request) -> str:
        asked = request.messages[1].parts[0].removeprefix("Question: ")
        return f"Answer: {GOLD[asked] if known[asked] < right else -1}"

    engine = ScriptedBackend(reply)
    run = begin(store, task, {}, "cot", engine, Settings())
    await Runner(store, task, run, engine, 3).run(Console(file=io.StringIO()))
    return run


async def test_a_run_is_summed_up_and_paired_with_another(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        first, second = await measured(store, 2), await measured(store, 5)
        summary = summarize(store, first, TASK.primary)
        assert (summary.n, summary.accuracy["numeric"].correct, summary.errors, summary.unanswered) == (6, 2, 0, 0)
        assert summary.costs["calls"].total == 6
        assert summary.wall_seconds > 0
        comparison = pair(store, first, second, "numeric")
        assert (comparison.n, comparison.accuracy.mean_a, comparison.accuracy.mean_b) == (6, 2 / 6, 5 / 6)
        assert set(comparison.flips.gained) == {item.question.id for item in TASK.items[2:5]}
        assert comparison.flips.lost == ()


async def test_errors_are_counted_apart_and_redone_on_resume(tmp_path: Path) -> None:
    def broken(request: Request) -> str:
        raise BackendError("The engine is out of order: mend it.")

    with Store.open(tmp_path / "t.sqlite") as store:
        engine = ScriptedBackend(broken)
        run = begin(store, TASK, {}, "cot", engine, Settings())
        await Runner(store, TASK, run, engine, 2).run(Console(file=io.StringIO()))
        summary = summarize(store, run, TASK.primary)
        assert (summary.n, summary.errors) == (0, 6)
        await Runner(store, TASK, run, ScriptedBackend(lambda _: "Answer: 1"), 2).run(Console(file=io.StringIO()))
        summary = summarize(store, run, TASK.primary)
        assert (summary.n, summary.errors) == (6, 0)


async def test_runs_of_different_tasks_are_not_compared(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        runs = await measured(store, 1), await measured(store, 1, replace(TASK, name="another"))
        with pytest.raises(BadInput, match="like with like"):
            pair(store, *runs, "numeric")


async def test_the_engine_is_busy_while_a_call_is_in_flight(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        slow = ScriptedBackend(lambda _: "Answer: 1", delay=0.2)
        run = begin(store, TASK, {}, "cot", slow, Settings())
        await Runner(store, TASK, run, slow, 3).run(Console(file=io.StringIO()))
        use = backend_use(store, run.id)
        assert 0.5 < use.busy <= 1
        assert 1 < use.mean_in_flight <= 3
        assert "The engine had work for" in use.in_words()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0 s"), (0.0041, "0.0041 s"), (0.04, "0.04 s"), (3.21, "3.2 s"), (9.96, "10 s"), (173.4, "173 s")],
)
def test_a_short_run_has_its_seconds(seconds: float, said: str) -> None:
    assert f"of {said}, 1.0 calls" in BackendUse(seconds, 0.5, 1.0).in_words()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12))
def test_covered_is_the_length_of_the_union(spans: list[tuple[int, int]]) -> None:
    moments = {moment for start, length in spans for moment in range(start, start + length)}
    assert covered((start, start + length) for start, length in spans) == len(moments)
