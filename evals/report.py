"""Renders results: the table and the JSON line of a run, and the comparison of two runs.

Pure functions of frozen values; they print nothing.

    Console().print(run_table(summary))
    print(json_line(summary))
    Console().print(comparison_table(compare(ids, right_a, right_b, costs_a, costs_b), "cot", "isump"))
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.table import Table
from rich.text import Text

from app.store.records import COST_UNITS, Identity
from app.text import count, format_number, percent
from evals.formatting import percent_interval, points, points_interval, ratio
from evals.statistics import Comparison, Estimate, PairedDifference

SHOWN_FLIPS = 12


@dataclass(frozen=True, slots=True)
class CostSummary:
    """One cost over the attempts of a run."""

    mean: float
    median: float
    p95: float
    maximum: float
    total: float

    @classmethod
    def of(cls, values: Sequence[float]) -> CostSummary:
        """Summarize at least one value; the quantiles interpolate linearly."""
        import numpy as np

        array = np.asarray(values, dtype=float)
        median, p95 = np.quantile(array, [0.5, 0.95])
        return cls(float(array.mean()), float(median), float(p95), float(array.max()), float(array.sum()))


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in numbers.

    ``n`` attempts finished and were judged; ``unanswered`` of them gave no answer and count as not correct, and
    ``unstated`` of those end in a text with a number that it does not state as the answer; ``errors`` more did not
    finish, for ``reasons`` (sentence -> how many), and are in no other number. ``accuracy`` is by scorer, ``primary``
    names the one that counts; ``means`` are of the scores of those attempts that a scorer could judge, and how many
    these are. ``costs`` are per finished attempt, by the names in ``COST_UNITS``, and empty when none finished;
    ``wall_seconds`` is the run from start to end, which is less than the sum over attempts that ran side by side;
    ``identity`` says what made the numbers, none in a run of an earlier version.
    """

    run_id: str
    task: str
    strategy: str
    model: str
    n: int
    accuracy: Mapping[str, Estimate]
    primary: str
    unanswered: int
    errors: int
    reasons: Mapping[str, int]
    costs: Mapping[str, CostSummary]
    wall_seconds: float
    identity: Identity | None = None
    unstated: int = 0
    means: Mapping[str, tuple[float | None, int]] = field(default_factory=dict)


def run_table(summary: RunSummary) -> Table:
    """The table at the end of an eval: accuracy by scorer with interval and n, then every cost with its unit."""
    accuracy = _table("accuracy", "right", "95% interval", "correct", "of", "mean score", "of")
    for scorer, estimate in summary.accuracy.items():
        style = "bold" if scorer == summary.primary and len(summary.accuracy) > 1 else ""
        known, scored = summary.means.get(scorer, (None, 0))
        if not scored and scorer != summary.primary and scorer in summary.means:
            continue  # a scorer of memories says nothing of a strategy that has none
        mean = "" if known is None else f"{known:.3f}"
        value, interval = percent(estimate.value), percent_interval(estimate.interval)
        accuracy.add_row(
            _plain(scorer),
            value,
            interval,
            f"{estimate.correct:,}",
            f"{estimate.n:,}",
            mean,
            f"{scored:,}",
            style=style,
        )
    costs = _table("cost of one attempt", "mean", "median", "p95", "max", "total", "unit")
    for name, unit in COST_UNITS.items():
        if cost := summary.costs.get(name):
            numbers = (cost.mean, cost.median, cost.p95, cost.maximum, cost.total)
            costs.add_row(_label(name), *map(format_number, numbers), Text(unit, style="dim"))
    counts = (
        f"{count(summary.n, 'question')} judged in {format_number(summary.wall_seconds)} s; "
        f"{summary.unanswered:,} unanswered (counted as wrong), {summary.errors:,} errors (not counted)"
        + f"; {summary.unstated:,} of the unanswered tell a number without stating it"
        * bool(summary.unstated)
    )
    heading = f"{summary.strategy} on {summary.task} with {summary.model} (run {summary.run_id})"
    parts = [_plain(heading, style="bold"), Text(), accuracy, Text(), Text(counts)]
    reasons = _table("errors", "reason")
    for reason, times in sorted(summary.reasons.items(), key=lambda pair: -pair[1]):
        reasons.add_row(f"{times:,}", _plain(reason))
    tables = [table for table in (reasons, costs) if table.row_count]
    made = [Text(), _plain(provenance(summary.identity), style="dim")] if summary.identity else []
    return _stack(*parts, *(part for table in tables for part in (Text(), table)), *made)


def provenance(identity: Identity) -> str:
    """The provenance of a run's numbers in a line: program, engine, model and questions."""
    commit = f" (commit {identity.commit[:12]}{'-dirty' * identity.commit.endswith('-dirty')})" * bool(identity.commit)
    engine = f" with {identity.engine}" * bool(identity.engine)
    model, questions = short(identity.model), questions_hash(identity)[:12]
    return f"Made by isump {identity.program}{commit}{engine}, model {model}, questions {questions}."


def questions_hash(identity: Identity) -> str:
    """One hash of all questions and golds of a run, in the order asked: equal runs asked the same."""
    return hashlib.sha256("".join(identity.items).encode()).hexdigest()[:32]


def short(fingerprint: str) -> str:
    """Enough of a model's hash to tell two apart; names are shown whole."""
    kind, colon, digest = fingerprint.partition(":")
    return f"{kind}:{digest[:12]}" if colon and len(digest) == 64 else fingerprint


def json_line(summary: RunSummary) -> str:
    """The run as one JSON object on one line.

    ``accuracy`` and ``ci95`` ([low, high], as shares) are the primary scorer's. Costs are
    means per finished attempt, so that runs of different n compare; only ``seconds`` is of
    the whole run. What is not known is null.
    """
    estimate, identity = summary.accuracy.get(summary.primary), summary.identity
    interval = estimate.interval if estimate else None
    tokens = ("peak_context", "generated", "prompt_tokens", "cached_tokens", "attention_area", "calls")
    line = {
        "run_id": summary.run_id,
        "task": summary.task,
        "strategy": summary.strategy,
        "n": summary.n,
        "accuracy": estimate.value if estimate else None,
        "ci95": [interval.low, interval.high] if interval else None,
        "unanswered": summary.unanswered,
        "unstated": summary.unstated,
        "errors": summary.errors,
        **{name: cost.mean if (cost := summary.costs.get(name)) else None for name in tokens},
        "seconds": summary.wall_seconds,
        "program": identity.program if identity else None,
        "commit": identity.commit if identity else None,
        "engine": identity.engine if identity else None,
        "model": summary.model,
        "model_fingerprint": identity.model if identity else None,
        "questions_hash": questions_hash(identity) if identity else None,
    }
    return json.dumps(line, allow_nan=False)


def comparison_table(comparison: Comparison, name_a: str, name_b: str) -> Table:
    """Run b against run a: accuracy, every cost as a ratio, and a reading of both in sentences."""
    pair = comparison.accuracy
    table = _table("", name_a, name_b, "change", "95% interval")
    change, interval = points(pair.difference), points_interval(pair.interval)
    table.add_row("accuracy", percent(pair.mean_a), percent(pair.mean_b), change, interval, style="bold")
    for name, cost in _in_order(comparison.costs).items():
        change, interval = ratio(cost)
        table.add_row(_label(name), format_number(cost.mean_a), format_number(cost.mean_b), change, interval)
    note = "Costs are means per question; their change is the ratio of totals, so ×0.50 is half the cost."
    words = Table.grid(padding=(0, 1))
    for line in describe(comparison, name_a, name_b):
        words.add_row("•", _plain(line))
    heading = _plain(f"{name_b} against {name_a} on {count(comparison.n, 'question')}", style="bold")
    return _stack(heading, Text(), table, Text(), Text(note, style="dim"), Text(), words)


def describe(comparison: Comparison, name_a: str, name_b: str) -> tuple[str, ...]:
    """A comparison in sentences that need no statistics to read."""
    lines: list[str] = []
    if comparison.n == 0:
        lines.append("No question was finished by both runs, so there is nothing to compare.")
    else:
        lines += [*_describe_flips(comparison, name_a, name_b), _describe_detectable(comparison)]
    if comparison.unanswered_a or comparison.unanswered_b:
        unanswered = f"{comparison.unanswered_a} by {name_a}, {comparison.unanswered_b} by {name_b}"
        lines.append(f"Unanswered, counted as wrong: {unanswered}.")
    if comparison.only_a or comparison.only_b:
        alone = f"{comparison.only_a} asked by {name_a} only, {comparison.only_b} by {name_b} only"
        lines.append(f"Left out because one run did not ask them: {alone}.")
    if comparison.excluded:
        lines.append(f"{count(comparison.excluded, 'question')} left out because a run ended in an error there.")
    for title, ids in (("Gained", comparison.flips.gained), ("Lost", comparison.flips.lost)):
        if ids:
            rest = f" and {len(ids) - SHOWN_FLIPS} more" if len(ids) > SHOWN_FLIPS else ""
            lines.append(f"{title}: {', '.join(ids[:SHOWN_FLIPS])}{rest}")
    return tuple(lines)


def _describe_flips(comparison: Comparison, name_a: str, name_b: str) -> list[str]:
    gained, lost, p = len(comparison.flips.gained), len(comparison.flips.lost), comparison.mcnemar.p
    if gained + lost == 0:
        return [f"{name_a} and {name_b} got the same questions right (exact McNemar p = 1)."]
    verdict = "is hard to put down to chance" if p <= 0.05 else "may well be chance"
    shown = "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"
    return [
        f"{name_b} got {count(gained, 'question')} right that {name_a} got wrong, and {lost} the other way.",
        f"A split of {gained} to {lost} {verdict} (exact McNemar {shown}).",
    ]


def _describe_detectable(comparison: Comparison) -> str:
    questions = count(comparison.n, "question")
    if comparison.detectable is None:
        return f"With {questions} no difference could have been seen, however large."
    least = f"{100 * comparison.detectable:.1f}"
    below = f"With {questions} a difference below {least} points could not have been seen reliably"
    return f"{below}; one of {least} is seen 4 times in 5."


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, header_style="dim")
    table.add_column(_plain(first), no_wrap=True)
    for name in others:
        justify = "left" if name in ("unit", "reason") else "right"
        table.add_column(_plain(name), justify=justify, overflow="fold")
    return table


def _stack(*parts: Table | Text) -> Table:
    grid = Table.grid()
    for part in parts:
        grid.add_row(part)
    return grid


def _plain(text: str, style: str = "") -> Text:
    """Untrusted text without markup, its control characters replaced."""
    return Text("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text), style=style)


def _label(name: str) -> Text:
    return _plain(name.replace("_", " "))


def _in_order(costs: Mapping[str, PairedDifference]) -> dict[str, PairedDifference]:
    known = [name for name in COST_UNITS if name in costs]
    return {name: costs[name] for name in known + [name for name in costs if name not in COST_UNITS]}
