from __future__ import annotations

from app.store import Store
from evals.bench_inspect import ours
from evals.bench_steps import ms_per_step


async def test_the_benchmark_counts_every_step() -> None:
    with Store.open(":memory:") as store:
        cost, steps = await ms_per_step(attempts=3, rounds=4, store=store)
        assert steps == 3 * (4 + 3 + 1), "four thoughts, a summary between each two, and a conclusion"
        assert cost > 0
        attempts = store.attempts()
        assert len(attempts) == 4
        assert all(record.findings for record in store.records(attempts[0].id) if record.step.verb == "step")


async def test_the_benchmark_beside_inspect_counts_what_is_stored() -> None:
    with Store.open(":memory:") as store:
        cost = await ours(items=5, rounds=3, concurrency=2, store=store)
        (run,) = store.runs()
        steps = [record.step for item in store.items(run.id) for record in store.records(item.attempt)]
    assert cost.seconds > 0
    assert (cost.steps, cost.calls) == (len(steps), sum(len(step.calls) for step in steps))
    assert len(steps) == 5 * (3 + 2 + 1)
