"""The charts of the page, each as a ``Chart``: the context of a trace, accuracy of runs, the attempts of a run.

    chart_html(context_chart(usages(records)))

Every axis has a title with its unit and starts at zero where it measures something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from app.store.records import CallUsage, ContextSize, context_sizes
from app.text import count, format_number, percent
from app.ui.html.plot import COLOURS, MARKERS, Axis, Chart, Marker, Point, Series
from app.ui.html.tables import Head
from app.ui.html.text import markup
from evals.formatting import percent_interval
from evals.statistics import Interval, accuracy
from graphs import STRATEGIES

USED, FULL = "this attempt", "full history (estimate)"
CALLS: dict[str, tuple[str, Marker, bool]] = {
    "read": ("reading", "square", False),
    "step": ("thought", "circle", False),
    "summarize": ("memory", "circle", True),
    "conclude": ("answer", "triangle", False),
}
"""The purpose of a call, its marker, and whether the marker is hollow."""
MAX_MARKS = 50
"""Calls that are drawn; of more, the largest of every few."""
MAX_INVENTED = 3
TOKENS, RIGHT = Axis("context (tokens)", high=250), Axis("right answers (%)", high=100)
Cost = Literal["peak_context", "processed"]
COSTS: dict[Cost, tuple[str, str]] = {
    "peak_context": ("Accuracy and context", "mean peak context"),
    "processed": ("Accuracy and work", "mean processed"),
}
"""The title of the chart of a cost, and the cost's name; in tokens."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One run as a mark: ``right`` and ``interval`` are shares, the costs are means per attempt in tokens."""

    run: int
    strategy: str
    questions: int
    right: float
    interval: Interval
    peak_context: float
    processed: float


@dataclass(frozen=True, slots=True)
class JudgedAttempt:
    """The count of invented numbers in an attempt's summaries, and whether its answer was right."""

    invented: int
    right: bool


def context_chart(steps: Sequence[CallUsage]) -> Chart:
    """The context of each call beside what it would have held with the full history.

    Where a step took several calls, the largest stands for it.
    """
    called = list(enumerate(_calls(steps), 1))
    shown = _thinned(called, lambda call: call[1][1].used)
    full, used = list[Point](), list[tuple[str, Point]]()
    for i, (verb, context) in shown:
        full.append(Point(i, context.full_history, about=f"call {i:,}: {context.full_history:,} tokens, {FULL}"))
        used.append((verb, Point(i, context.used, about=f"call {i:,}, {CALLS[verb][0]}: {context.used:,} tokens")))
    most = max((context.used for _, (_, context) in called), default=0)
    return Chart(
        "Context of each call",
        _calls_axis(),
        TOKENS,
        (
            Series(USED, tuple(point for _, point in used), line="solid"),
            Series(FULL, tuple(full), colour=1, marker="diamond", hollow=True, line="dashed"),
            *(
                Series(name, tuple(point for other, point in used if other == verb), marker=marker, hollow=hollow)
                for verb, (name, marker, hollow) in CALLS.items()
            ),
        ),
        f"{count(len(called), 'call')}, of at most {most:,} tokens; with the full history the last would hold "
        f"{called[-1][1][1].full_history if called else 0:,}.",
        (Head("call"), Head("for"), Head(USED, "tokens", number=True), Head(FULL, "tokens", number=True)),
        tuple(
            (f"{i:,}", CALLS[verb][0], f"{context.used:,}", f"{context.full_history:,}") for i, (verb, context) in shown
        ),
        _left_out(len(called), len(shown)),
    )


def accuracy_chart(runs: Sequence[RunPoint], cost: Cost) -> Chart:
    """Runs as marks: right answers with their interval, against what an attempt cost; one kind of mark a strategy."""
    (title, name), costs = COSTS[cost], [float(getattr(run, cost)) for run in runs]
    strategies = dict.fromkeys((*STRATEGIES, *(run.strategy for run in runs)))
    points, rows = list[Point](), list[tuple[str, ...]]()
    for run, tokens in zip(runs, costs, strict=True):
        right = _share(run.right, run.interval)
        about = f"run {run.run}: {run.strategy}, {right} of {count(run.questions, 'question')}, "
        about += f"{name} {format_number(tokens)} tokens"
        low, high = 100 * run.interval.low, 100 * run.interval.high
        href = markup("?run={}", run.run)
        points.append(Point(tokens, 100 * run.right, low, high, str(run.run), about, href))
        rows.append((str(run.run), run.strategy, format_number(tokens), right, f"{run.questions:,}"))
    return Chart(
        title,
        Axis(f"{name} (tokens)", high=TOKENS.high),
        RIGHT,
        tuple(
            Series(
                strategy,
                tuple(point for run, point in zip(runs, points, strict=True) if run.strategy == strategy),
                colour=i % COLOURS,
                marker=MARKERS[i % len(MARKERS)],
            )
            for i, strategy in enumerate(strategies)
        ),
        f"{count(len(runs), 'run')} with judged answers.",
        (
            Head("run"),
            Head("strategy"),
            Head(name, "tokens", number=True),
            Head("right", "95% interval", number=True),
            Head("questions", number=True),
        ),
        tuple(rows),
        "Each mark is a run, with its number and the 95% interval; a click opens it.",
    )


def context_by_call(name: str, attempts: Iterable[Sequence[CallUsage]], first: int) -> Chart:
    """The context at each call, over the attempts of a run that came so far: the mean between the least and the most.

    ``first`` says how many attempts there may be.
    """
    calls: list[list[int]] = []
    for steps in attempts:
        for i, (_, context) in enumerate(_calls(steps)):
            if i == len(calls):
                calls.append([])
            calls[i].append(context.used)
    points, rows = list[Point](), list[tuple[str, ...]]()
    for i, used in _thinned(list(enumerate(calls, 1)), lambda call: sum(call[1]) / len(call[1])):
        mean, least, most = sum(used) / len(used), min(used), max(used)
        about = f"call {i:,}: {format_number(mean)} tokens, from {least:,} to {most:,}, n={len(used):,}"
        points.append(Point(i, mean, least, most, about=about))
        rows.append((f"{i:,}", format_number(mean), f"{least:,}", f"{most:,}", f"{len(used):,}"))
    largest = max((point.y for point in points), default=0)
    note = "n is the number of attempts that came so far."
    return Chart(
        f"Mean context by call, first {first:,} attempts",
        _calls_axis({i: f"n={len(used):,}" for i, used in enumerate(calls, 1)}),
        TOKENS,
        (Series("mean, between least and most", tuple(points), marker="circle", line="solid", band=True),),
        f"{name}, up to {count(len(calls), 'call')}; the largest mean is {format_number(largest)} tokens.",
        (
            Head("call"),
            *(Head(word, "tokens", number=True) for word in ("mean", "least", "most")),
            Head("n", number=True),
        ),
        tuple(rows),
        " ".join((note, _left_out(len(calls), len(points)))).strip(),
    )


def fidelity_chart(judged: Iterable[JudgedAttempt]) -> Chart:
    """Right answers by how many numbers the summaries of an attempt invented, as bars with their 95% interval."""
    groups: list[list[bool]] = [[] for _ in range(MAX_INVENTED + 1)]
    for attempt in judged:
        groups[min(attempt.invented, MAX_INVENTED)].append(attempt.right)
    names = [*map(str, range(MAX_INVENTED)), f"{MAX_INVENTED} or more"]
    points, rows = list[Point](), list[tuple[str, ...]]()
    for i, (name, right) in enumerate(zip(names, groups, strict=True)):
        found = accuracy(sum(right), len(right))
        if found.value is None or found.interval is None:
            continue
        said = _share(found.value, found.interval)
        low, high = 100 * found.interval.low, 100 * found.interval.high
        about = f"{name} invented: {said} of {count(found.n, 'attempt')}"
        points.append(Point(i, 100 * found.value, low, high, about=about))
        rows.append((name, said, f"{found.n:,}"))
    return Chart(
        "Right answers by numbers invented",
        Axis(
            "numbers invented in the summaries",
            low=-0.5,
            high=MAX_INVENTED + 0.5,
            names=dict(enumerate(names)),
            notes={i: f"n={len(right):,}" for i, right in enumerate(groups)},
        ),
        RIGHT,
        (Series("right answers and their 95% interval", tuple(points), marker="bar"),),
        f"{count(sum(map(len, groups)), 'attempt')}, {len(groups[0]):,} of them with no number invented.",
        (Head("numbers invented"), Head("right", "95% interval", number=True), Head("n", number=True)),
        tuple(rows),
        "n is the number of attempts.",
    )


def _share(value: float, interval: Interval) -> str:
    return f"{percent(value)} ({percent_interval(interval)})"


def _calls_axis(notes: dict[float, str] | None = None) -> Axis:
    return Axis("call of the model", low=0.5, high=5, whole=True, notes=notes or {})


def _calls(steps: Sequence[CallUsage]) -> list[tuple[str, ContextSize]]:
    """The steps that called the model, and the context of each one's largest call."""
    return [(step.verb, size) for step, size in zip(steps, context_sizes(steps), strict=True) if step.tokens]


def _thinned(items: Sequence[T], size: Callable[[T], float]) -> list[T]:
    every = -(-len(items) // MAX_MARKS) or 1
    return [max(items[i : i + every], key=size) for i in range(0, len(items), every)]


def _left_out(calls: int, shown: int) -> str:
    return f"{shown:,} of {calls:,} calls are drawn, the largest of every few." if shown < calls else ""
