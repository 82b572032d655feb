"""What evals measured, as HTML: runs, the items of one, two runs item by item. Pure; no gradio here.

runs_html([(run, summarize(store, run, "numeric"))])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.sanitize import sanitize
from app.store.records import Item, Run
from app.ui.html.tables import Head, attempt_link, brief, cost_head, cost_label, note_html, table_html
from app.ui.html.text import inert, without_folders
from evals.formatting import count, number, percent, percent_interval, points, points_interval, ratio
from evals.progress import Progress
from evals.report import COST_UNITS, RunSummary, in_words
from evals.results import BackendUse
from evals.statistics import Comparison, Estimate, Flips

MOST_ROWS = 300
"""Rows of items in view; the filters find the rest."""

Outcome = Literal["right", "wrong", "no answer", "not judged", "error", "unfinished"]
SHOWN_COSTS = ("peak_context", "processed", "generated", "seconds")


@dataclass(frozen=True, slots=True)
class Pair:
    """One question in two runs."""

    question_id: str
    a: Item
    b: Item


def best_estimate(summary: RunSummary) -> Estimate | None:
    """The accuracy by the primary scorer, or by the first there is."""
    return summary.accuracy.get(summary.primary) or next(iter(summary.accuracy.values()), None)


def run_name(run: Run) -> str:
    """A run in one line, for a list to choose from."""
    return f"run {run.id}: {run.spec.strategy} on {run.spec.task}, {without_folders(run.spec.model)}"


def run_choices(runs: Sequence[Run]) -> list[tuple[str, int]]:
    """The runs to choose from, newest first."""
    return [(sanitize(run_name(run)), run.id) for run in reversed(runs)]


def runs_html(runs: Sequence[tuple[Run, RunSummary]]) -> str:
    """Every run with what it reached and what an attempt cost, newest first."""
    heads = (
        Head("run"),
        Head("strategy"),
        Head("task"),
        Head("model"),
        Head("right", "95% interval", number=True),
        Head("judged", "of all", number=True),
        Head("no answer", number=True),
        Head("errors", number=True),
        *(cost_head(name, "mean") for name in SHOWN_COSTS),
        Head("started"),
    )
    rows = [_run_row(run, summary) for run, summary in reversed(runs)]
    return table_html("Runs", heads, rows, "No run yet: start one below, or with python -m evals.gsm8k.")


def _run_row(run: Run, summary: RunSummary) -> tuple[str, ...]:
    estimate = best_estimate(summary)
    right = "–"
    if estimate:
        right = f"<strong>{percent(estimate.value)}</strong> <small>{percent_interval(estimate.interval)}</small>"
    costs = (number(cost.mean) if (cost := summary.costs.get(name)) else "–" for name in SHOWN_COSTS)
    return (
        f'<a class="trace-link" href="?run={run.id}" target="_blank" rel="noopener">run {run.id}</a>',
        inert(run.spec.strategy),
        inert(run.spec.task),
        brief(without_folders(run.spec.model)),
        right,
        f"{summary.n:,} <small>of {run.spec.n:,}</small>",
        f"{summary.unanswered:,}",
        f"{summary.errors:,}",
        *costs,
        datetime.fromtimestamp(run.started).strftime("%Y-%m-%d %H:%M"),
    )


def run_html(run: Run, summary: RunSummary, use: BackendUse) -> str:
    """One run: how each scorer judged it, what could not be judged, and how busy the engine was."""
    rows = [
        (inert(name), percent(found.value), percent_interval(found.interval), f"{found.correct:,}", f"{found.n:,}")
        for name, found in summary.accuracy.items()
    ]
    heads = (
        Head("judged by"),
        *(Head(name, number=True) for name in ("right", "95% interval", "correct", "of")),
    )
    left = run.spec.n - summary.n - summary.errors
    counts = (
        f"{summary.n:,} of {count(run.spec.n, 'question')} judged: {summary.unanswered:,} unanswered (counted as"
        f" wrong), {summary.errors:,} errors or unfinished (not counted), {left:,} not tried yet. {use.in_words()}"
    )
    return f"<h2>{inert(run_name(run))}</h2>{table_html('How it was judged', heads, rows)}{note_html(counts)}"


def outcome(item: Item, scorer: str) -> Outcome:
    """How one item ended, by one scorer."""
    if item.status == "running":
        return "unfinished"
    if item.status == "error":
        return "error"
    value = item.scores.get(scorer)
    if item.answer is None and value is None:
        return "no answer"
    return "not judged" if value is None else "right" if value == 1 else "wrong"


def items_html(items: Sequence[Item], scorer: str) -> str:
    """The questions of a run, each with its answer, how it was judged and what it cost."""
    costs = [cost_head(name) for name in SHOWN_COSTS]
    heads = (Head("question"), Head("trace"), Head("judged"), Head("answer"), Head("steps", number=True), *costs)
    rows = [
        (
            inert(item.question_id),
            attempt_link(item.attempt),
            _badge(outcome(item, scorer)),
            _said(item),
            f"{item.costs.steps:,}",
            *(number(getattr(item.costs, name)) for name in SHOWN_COSTS),
        )
        for item in items[:MOST_ROWS]
    ]
    return table_html("Questions of the run", heads, rows, "No question is like that.") + _rest(len(items))


def comparison_html(comparison: Comparison, name_a: str, name_b: str) -> str:
    """Run b against run a: what the numbers say in words, then accuracy and every cost side by side."""
    said = "".join(f"<li>{inert(line)}</li>" for line in in_words(comparison, name_a, name_b))
    pair = comparison.accuracy
    change, interval = points(pair.difference), points_interval(pair.interval)
    rows = [("accuracy", percent(pair.mean_a), percent(pair.mean_b), change, interval)]
    for name in COST_UNITS:
        if cost := comparison.costs.get(name):
            rows.append((cost_label(name), number(cost.mean_a), number(cost.mean_b), *ratio(cost)))
    heads = (
        Head("mean of a question"),
        *(Head(name, number=True) for name in (name_a, name_b, "change")),
        Head("95% interval of the change", number=True),
    )
    note = "The change of a cost is the ratio of totals: ×0.50 is half the cost."
    return f'<ul class="said">{said}</ul>{table_html("Paired comparison", heads, rows)}{note_html(note)}'


def pairs_of(items_a: Sequence[Item], items_b: Sequence[Item]) -> list[Pair]:
    """The questions that both runs have tried, in the order of the first."""
    other = {item.question_id: item for item in items_b}
    return [Pair(item.question_id, item, other[item.question_id]) for item in items_a if item.question_id in other]


def flip(pair: Pair, flips: Flips) -> Literal["gained", "lost", ""]:
    """Whether b got the question right that a did not (gained), or the other way round."""
    return "gained" if pair.question_id in flips.gained else "lost" if pair.question_id in flips.lost else ""


def pairs_html(pairs: Sequence[Pair], flips: Flips, scorer: str, name_a: str, name_b: str) -> str:
    """Two runs question by question, with links to both traces."""
    heads = [Head("question"), Head("flip")]
    for name in (name_a, name_b):
        heads += [Head(name), Head("answer"), Head("peak context", "tokens", number=True)]
    rows = []
    for pair in pairs[:MOST_ROWS]:
        cells = [inert(pair.question_id), _badge(flip(pair, flips))]
        for item in (pair.a, pair.b):
            judged = f"{_badge(outcome(item, scorer))} {attempt_link(item.attempt)}"
            cells += [judged, _said(item), number(item.costs.peak_context)]
        rows.append(cells)
    return table_html("Question by question", heads, rows, "No question is like that.") + _rest(len(pairs))


def progress_html(progress: Progress, run: int, seconds: float) -> str:
    """How far a run is."""
    done = progress.done - progress.kept
    rate = f", {60 * done / seconds:.1f} a minute" if done and seconds else ""
    words = f"Run {run}: {progress.done:,} of {progress.total:,} done, {progress.in_words()}{rate}."
    return (
        f'<div class="progress" role="status"><progress max="{progress.total}" value="{progress.done}"'
        f' aria-label="Progress of run {run}"></progress><p>{inert(words)}</p></div>'
    )


def _said(item: Item) -> str:
    return brief(item.answer if item.error is None else without_folders(item.error))


def _badge(word: str) -> str:
    return f'<span class="badge {word.replace(" ", "-")}">{word}</span>' if word else ""


def _rest(count: int) -> str:
    return note_html(f"The first {MOST_ROWS:,} of {count:,} are shown.") if count > MOST_ROWS else ""
