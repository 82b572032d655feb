"""Aggregates a trace store: the summary of a run, the paired comparison of two, backend utilization."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.errors import BadInput
from app.store import Store
from app.store.records import COST_UNITS, ItemResult, Run
from evals.report import CostSummary, RunSummary
from evals.statistics import Comparison, accuracy, compare_paired
from prompts.checks.numbers import numbers


@dataclass(frozen=True, slots=True)
class BackendUse:
    """Use of the backend: the share of wall time with a call in flight, and the mean number in flight."""

    wall_seconds: float
    busy: float
    mean_in_flight: float

    def describe(self) -> str:
        """One line for the end of an eval."""
        wall = f"{self.wall_seconds:,.0f}" if self.wall_seconds >= 10 else f"{self.wall_seconds:.2g}"
        return (
            f"The backend had work for {self.busy:.1%} of {wall} s, "
            f"{self.mean_in_flight:.1f} calls in flight on average."
        )


def summarize_run(store: Store, run: Run, scorer: str | None = None) -> RunSummary:
    """A run in numbers: items that finished are judged, errors counted apart, unanswered ones counted as wrong.

    ``scorer`` is the one that counts, by default the run's own.
    """
    items, primary = store.items(run.id), scorer or run.spec.primary
    done = [item for item in items if item.status == "done"]
    scorers = sorted({name for item in done for name in item.scores}, key=lambda name: name != primary)
    return RunSummary(
        run_id=str(run.id),
        task=run.spec.questions,
        strategy=run.spec.strategy,
        model=run.spec.model,
        n=len(done),
        accuracy={name: accuracy(sum(item.scores.get(name) == 1 for item in done), len(done)) for name in scorers},
        means={name: _mean([item.scores.get(name) for item in done]) for name in scorers},
        primary=primary,
        unanswered=sum(item.answer is None for item in done),
        unstated=sum(bool(numbers(text)) for text in store.unanswered_texts(run.id)),
        errors=len(items) - len(done),
        reasons=Counter(item.error or "unfinished" for item in items if item.status != "done"),
        costs={name: CostSummary.of([getattr(item.costs, name) for item in done]) for name in COST_UNITS}
        if done
        else {},
        wall_seconds=union_length(store.attempt_spans(run.id)),
        identity=run.spec.identity,
    )


def _mean(scores: list[float | None]) -> tuple[float | None, int]:
    known = [score for score in scores if score is not None]
    return (sum(known) / len(known) if known else None), len(known)


def backend_use(store: Store, run: int) -> BackendUse:
    """Use of the backend while attempts were running; time between a stop and its resumption is not counted."""
    spans, wall = store.call_spans(run), union_length(store.attempt_spans(run))
    if not wall:
        return BackendUse(0.0, 0.0, 0.0)
    return BackendUse(wall, union_length(spans) / wall, sum(end - start for start, end in spans) / wall)


def union_length(spans: Iterable[tuple[float, float]]) -> float:
    """The length of the union of ``spans``, in their unit."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def pair(store: Store, run_a: Run, run_b: Run, scorer: str) -> Comparison:
    """Compare two runs on the questions that both finished, paired by what was asked: text and long context.

    Raises:
        BadInput: The runs have no question in common, or the scorer judged neither.
    """
    items_a, items_b = store.items(run_a.id), store.items(run_b.id)
    common = common_items(items_a, items_b)
    if not common:
        raise BadInput(
            f"Runs {run_a.id} ({run_a.spec.questions}) and {run_b.id} ({run_b.spec.questions}) have no question in "
            "common: compare runs of the same questions."
        )
    scorers = sorted({name for item in (*items_a, *items_b) for name in item.scores})
    if scorers and scorer not in scorers:
        raise BadInput(f"There is no scorer {scorer!r} in these runs: choose one of {', '.join(scorers)}.")
    done = [(a, b) for a, b in common if a.status == b.status == "done"]
    (right_a, costs_a), (right_b, costs_b) = (_outcomes([pair[side] for pair in done], scorer) for side in (0, 1))
    return compare_paired(
        [a.question_id for a, _ in done],
        right_a,
        right_b,
        costs_a,
        costs_b,
        excluded=len(common) - len(done),
        only_a=len(items_a) - len(common),
        only_b=len(items_b) - len(common),
    )


def common_items(items_a: Iterable[ItemResult], items_b: Iterable[ItemResult]) -> list[tuple[ItemResult, ItemResult]]:
    """The items of two runs of one store that ask the same question, in the order of the first.

    A question that a run asks several times is paired as often as both ask it, in order.
    """
    waiting: dict[tuple[int, int | None], list[ItemResult]] = {}
    for item in items_b:
        waiting.setdefault(item.question, []).append(item)
    return [(item, waiting[item.question].pop(0)) for item in items_a if waiting.get(item.question)]


def _outcomes(items: list[ItemResult], scorer: str) -> tuple[list[bool | None], dict[str, list[float]]]:
    right = [None if item.answer is None else item.scores.get(scorer) == 1 for item in items]
    return right, {name: [getattr(item.costs, name) for item in items] for name in COST_UNITS}
