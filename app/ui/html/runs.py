"""Runs as HTML: all of them, one with its items, two compared question by question, and one that is going on.

runs_html([(run, summarize_run(store, run))])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from markupsafe import Markup

from app.store.records import COST_UNITS, ItemResult, Run
from app.text import count, format_number, percent, when
from app.ui.html.tables import Head, attempt_link, brief, cost_head, cost_label, run_link, table_html
from app.ui.html.text import escaped, list_html, markup, note_html, one_line, status_html
from evals.formatting import percent_interval, points, points_interval, ratio
from evals.progress import Progress
from evals.report import RunSummary, describe
from evals.results import BackendUse
from evals.statistics import Comparison, Estimate, Flips

MAX_REASONS, MAX_REASON = 20, 300
"""Reasons of errors that are listed, and characters of one."""
MAX_ROWS = 300
"""Rows of items in view; the filters find the rest."""

Outcome = Literal["right", "wrong", "no answer", "not judged", "error", "unfinished"]
SHOWN_COSTS = ("peak_context", "processed", "generated", "seconds")


def best_estimate(summary: RunSummary) -> Estimate | None:
    """The accuracy by the primary scorer, or by the first there is."""
    return summary.accuracy.get(summary.primary) or next(iter(summary.accuracy.values()), None)


def run_name(run: Run) -> str:
    """A run in one line."""
    return f"run {run.id}: {run.spec.strategy} on {run.spec.questions}, {run.spec.model}"


def runs_html(runs: Sequence[tuple[Run, RunSummary]]) -> Markup:
    """Every run with what it reached and what an attempt cost, newest first."""
    heads = (
        Head("run"),
        Head("strategy"),
        Head("questions"),
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


def run_html(run: Run, summary: RunSummary, use: BackendUse) -> Markup:
    """One run: how each scorer judged it, what could not be judged, and how busy the backend was."""
    rows = [
        tuple(
            map(
                escaped,
                (name, percent(found.value), percent_interval(found.interval), f"{found.correct:,}", f"{found.n:,}"),
            )
        )
        for name, found in summary.accuracy.items()
    ]
    heads = (Head("judged by"), *(Head(name, number=True) for name in ("right", "95% interval", "correct", "of")))
    left = run.spec.n - summary.n - summary.errors
    counts = (
        f"{summary.n:,} of {count(run.spec.n, 'question')} judged: {summary.unanswered:,} unanswered (counted as"
        f" wrong), {summary.errors:,} errors or unfinished (not counted), {left:,} not tried yet. {use.describe()}"
    )
    heading = markup("<h2>{}</h2>", escaped(run_name(run)))
    judged = table_html("How it was judged", heads, rows)
    return heading + judged + note_html(counts) + reasons_html(summary.reasons)


def reasons_html(reasons: Mapping[str, int]) -> Markup:
    """The reasons why items have no result with their counts, the most frequent first; nothing when there are none."""
    if not reasons:
        return Markup()
    ordered = sorted(reasons.items(), key=lambda pair: -pair[1])
    rows = [
        (escaped(f"{times:,}"), markup("<bdi>{}</bdi>", escaped(one_line(reason, MAX_REASON))))
        for reason, times in ordered[:MAX_REASONS]
    ]
    if rest := ordered[MAX_REASONS:]:
        rows.append((escaped(f"{sum(times for _, times in rest):,}"), escaped(f"{len(rest):,} other reasons")))
    heads = (Head("errors", number=True), Head("reason"))
    return table_html("Why questions have no result", heads, rows)


def state_html(summary: RunSummary, total: int) -> Markup:
    """The progress of a run that is not running, in the words of its progress bar, and the reasons of its errors."""
    estimate = summary.accuracy.get(summary.primary)
    now = Progress(
        done=summary.n + summary.errors,
        total=total,
        kept=0,
        right=estimate.correct if estimate else 0,
        judged=summary.n,
        errors=summary.errors,
    )
    words = f"Run {summary.run_id}: {_progress_words(now)}."
    if summary.n < total:
        words += " All of it is kept: choose the run above and resume it."
    return status_html(words) + reasons_html(summary.reasons)


def outcome(item: ItemResult, scorer: str) -> Outcome:
    """The outcome of one item by one scorer."""
    if item.status == "running":
        return "unfinished"
    if item.status == "error":
        return "error"
    value = item.scores.get(scorer)
    if item.answer is None and value is None:
        return "no answer"
    return "not judged" if value is None else "right" if value == 1 else "wrong"


def items_html(items: Sequence[ItemResult], scorer: str) -> Markup:
    """The questions of a run, each with its answer, how it was judged and what it cost."""
    costs = [cost_head(name) for name in SHOWN_COSTS]
    heads = (Head("question"), Head("trace"), Head("judged"), Head("answer"), Head("steps", number=True), *costs)
    rows = [
        (
            escaped(item.question_id),
            attempt_link(item.attempt),
            _outcome_badge(outcome(item, scorer)),
            _answer(item),
            markup("{:,}", item.costs.steps),
            *(escaped(format_number(getattr(item.costs, name))) for name in SHOWN_COSTS),
        )
        for item in items[:MAX_ROWS]
    ]
    return table_html("Questions of the run", heads, rows, "No question is like that.") + _hidden(len(items))


def comparison_html(comparison: Comparison, name_a: str, name_b: str) -> Markup:
    """Run b against run a: the comparison in words, then accuracy and every cost in two columns."""
    words = [markup("<li>{}</li>", escaped(line)) for line in describe(comparison, name_a, name_b)]
    pair = comparison.accuracy
    cells = (percent(pair.mean_a), percent(pair.mean_b), points(pair.difference), points_interval(pair.interval))
    rows = [(escaped("accuracy"), *map(escaped, cells))]
    for name in COST_UNITS:
        if cost := comparison.costs.get(name):
            cells = (format_number(cost.mean_a), format_number(cost.mean_b), *ratio(cost))
            rows.append((cost_label(name), *map(escaped, cells)))
    heads = (
        Head("mean of a question"),
        *(Head(name, number=True) for name in (name_a, name_b, "change")),
        Head("95% interval of the change", number=True),
    )
    note = note_html("The change of a cost is the ratio of totals: ×0.50 is half the cost.")
    return list_html("sentences", words) + table_html("Paired comparison", heads, rows) + note


def pairs_html(
    pairs: Sequence[tuple[ItemResult, ItemResult]], flips: Flips, scorer: str, name_a: str, name_b: str
) -> Markup:
    """Two runs question by question, with links to both traces."""
    heads = [Head("question"), Head("flip")]
    for name in (name_a, name_b):
        heads += [Head(name), Head("answer"), Head("peak context", "tokens", number=True)]
    rows = list[list[Markup]]()
    for pair in pairs[:MAX_ROWS]:
        cells = [escaped(pair[0].question_id), _flip_badge(pair[0].question_id, flips)]
        for item in pair:
            judged = markup("{} {}", _outcome_badge(outcome(item, scorer)), attempt_link(item.attempt))
            cells += [judged, _answer(item), escaped(format_number(item.costs.peak_context))]
        rows.append(cells)
    return table_html("Question by question", heads, rows, "No question is like that.") + _hidden(len(pairs))


def progress_html(progress: Progress, run: int, seconds: float) -> Markup:
    """The progress of a run; ``seconds`` since it was started or resumed."""
    done = progress.done - progress.kept
    rate = f", {60 * done / seconds:.1f} a minute" if done and seconds else ""
    words = f"Run {run}: {_progress_words(progress)}{rate}."
    return markup(
        '<div class="progress" role="status"><progress max="{}" value="{}" aria-label="Progress of run {}"></progress>'
        "<p>{}</p></div>",
        progress.total,
        progress.done,
        run,
        escaped(words),
    )


def _progress_words(progress: Progress) -> str:
    return f"{progress.done:,} of {progress.total:,} questions done, {progress.describe()}"


def _run_row(run: Run, summary: RunSummary) -> tuple[Markup, ...]:
    estimate, right = best_estimate(summary), escaped("–")
    if estimate:
        value, interval = escaped(percent(estimate.value)), escaped(percent_interval(estimate.interval))
        right = markup("<strong>{}</strong> <small>{}</small>", value, interval)
    means = (format_number(cost.mean) if (cost := summary.costs.get(name)) else "–" for name in SHOWN_COSTS)
    return (
        run_link(run.id),
        escaped(run.spec.strategy),
        escaped(run.spec.questions),
        brief(run.spec.model),
        right,
        markup("{:,} <small>of {:,}</small>", summary.n, run.spec.n),
        markup("{:,}", summary.unanswered),
        markup("{:,}", summary.errors),
        *map(escaped, means),
        escaped(when(run.started)),
    )


def _answer(item: ItemResult) -> Markup:
    return brief(item.answer if item.error is None else item.error)


def _flip_badge(question_id: str, flips: Flips) -> Markup:
    """Lost when only a got the question right, gained when only b did."""
    if question_id in flips.gained:
        return markup('<span class="badge gained">gained</span>')
    return markup('<span class="badge lost">lost</span>') if question_id in flips.lost else Markup()


def _outcome_badge(outcome: Outcome) -> Markup:
    return markup('<span class="badge {}">{}</span>', escaped(outcome.replace(" ", "-")), outcome)


def _hidden(rows: int) -> Markup:
    return note_html(f"The first {MAX_ROWS:,} of {rows:,} are shown.") if rows > MAX_ROWS else Markup()
