from __future__ import annotations

from app.store import Store
from evals.bench_steps import ms_per_step


async def test_the_benchmark_counts_every_step() -> None:
    with Store.open(":memory:") as store:
        cost, steps = await ms_per_step(attempts=3, rounds=4, store=store)
        assert steps == 3 * (4 + 3 + 1), "four thoughts, a summary between each two, and a conclusion"
        assert cost > 0
        attempts = store.attempts()
        assert len(attempts) == 4
        assert all(record.findings for record in store.records(attempts[0].id) if record.step.verb == "step")
