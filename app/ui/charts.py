"""Traces as tables for the charts, one row a mark, and how each table is drawn. No gradio here.

    gr.LinePlot(context_lines(records), **CONTEXT.drawn())

Every axis has a title with its unit. Gradio gives a chart its colours and the room for its labels when it is first
drawn, and again only when its ``color_map`` or a limit changes: so a chart that grows has its lines and ``limits`` from
the beginning, and one that shows other runs is sent with ``colours``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from app.record import Context, Record, contexts

USED, FULL = "this attempt", "full history (estimate)"
PALETTE = ("#6366f1", "#d97706", "#0d9488", "#db2777", "#2563eb", "#65a30d", "#9333ea", "#78716c")
"""3:1 or more on white and on the dark page."""
MOST_INVENTED = 3
FEWEST_STEPS, FEWEST_TOKENS = 10, 250  # with fewer steps there would be fractions of one on the axis


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a table is drawn: the columns of its axes and of the colour, and the titles, with units."""

    x: str
    y: str
    x_title: str
    y_title: str
    color: str | None = None
    color_map: Mapping[str, str] = field(default_factory=dict)
    y_lim: tuple[float, float | None] = (0, None)
    x_lim: tuple[float, float] | None = None

    def drawn(self) -> dict[str, Any]:
        """The arguments of a gradio plot."""
        return {
            "x": self.x,
            "y": self.y,
            "x_title": self.x_title,
            "y_title": self.y_title,
            "color": self.color,
            "color_title": " ",  # without it the legend stands in the title of the axis
            "color_map": dict(self.color_map) or None,
            "y_lim": list(self.y_lim),
            "x_lim": None if self.x_lim is None else list(self.x_lim),
            "tooltip": "all",
        }


CONTEXT = Drawing(
    "step",
    "tokens",
    "step",
    "context of the call (tokens)",
    "line",
    {USED: PALETTE[0], FULL: PALETTE[1]},
    y_lim=(0, FEWEST_TOKENS),
    x_lim=(0, FEWEST_STEPS),
)
CONTEXT_BY_STEP = Drawing("step", "tokens", "step", "mean context (tokens)", "run")
ACCURACY_BY_PEAK = Drawing(
    "peak context", "accuracy", "mean peak context (tokens)", "right answers (%)", "run", y_lim=(0, 100)
)
ACCURACY_BY_PROCESSED = Drawing(
    "processed", "accuracy", "mean tokens processed", "right answers (%)", "run", y_lim=(0, 100)
)
FIDELITY = Drawing("invented", "right", "numbers invented", "right answers (%)", y_lim=(0, 100))


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One run as a mark: ``accuracy``, ``low`` and ``high`` are shares, the costs are means per attempt in tokens."""

    name: str
    questions: int
    accuracy: float
    low: float
    high: float
    peak_context: float
    processed: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One attempt: how many numbers its summaries invented, and whether its answer was right (none is not)."""

    invented: int
    right: bool


def context_lines(records: Sequence[Record]) -> pd.DataFrame:
    """The context of each call beside what it would have held with the full history: columns step, tokens, line.

    Both lines start at step 0 with nothing, so that an attempt of one call has a line too.
    """
    points = _called(records)
    begin = 0 if points else None
    rows: list[tuple[int, int | None, str]] = [(0, begin, USED), (0, begin, FULL)]
    for step, point in enumerate(points, 1):
        rows += [(step, point.used, USED), (step, point.full_history, FULL)]
    return _table({"step": "int64", "tokens": "Int64", "line": "str"}, rows)


def limits(records: Sequence[Record]) -> dict[str, Any]:
    """The limits of both axes of ``CONTEXT``, which change seldom while an attempt grows."""
    points = _called(records)
    tokens = max((max(point.used, point.full_history) for point in points), default=0)
    return {"x_lim": [0, _doubled(FEWEST_STEPS, len(points))], "y_lim": [0, _doubled(FEWEST_TOKENS, tokens)]}


def context_by_step(runs: Mapping[str, Iterable[Sequence[Record]]]) -> pd.DataFrame:
    """The mean context at each step, over the attempts of a run that took so many: columns step, tokens, run."""
    rows: list[tuple[int, float, str]] = []
    for name, attempts in runs.items():
        totals: list[tuple[int, int]] = []
        for records in attempts:
            for i, point in enumerate(_called(records)):
                if i == len(totals):
                    totals.append((0, 0))
                total, count = totals[i]
                totals[i] = total + point.used, count + 1
        rows += [(step, total / count, name) for step, (total, count) in enumerate(totals, 1)]
    return _table({"step": "int64", "tokens": "float64", "run": "str"}, rows)


def run_points(points: Iterable[RunPoint]) -> pd.DataFrame:
    """Runs as marks, for accuracy against peak context or tokens processed; accuracy in percent."""
    rows = [
        (
            point.name,
            point.peak_context,
            point.processed,
            100 * point.accuracy,
            f"{100 * point.low:.1f} to {100 * point.high:.1f}%",
            point.questions,
        )
        for point in points
    ]
    columns = {"run": "str", "peak context": "float64", "processed": "float64", "accuracy": "float64"}
    return _table(columns | {"95% interval": "str", "questions": "int64"}, rows)


def fidelity_bars(judged: Iterable[Judged]) -> pd.DataFrame:
    """Right answers by how many numbers were invented on the way: columns invented, right (percent), attempts."""
    counts: dict[int, tuple[int, int]] = {}
    for attempt in judged:
        group = min(attempt.invented, MOST_INVENTED)
        right, n = counts.get(group, (0, 0))
        counts[group] = right + attempt.right, n + 1
    rows = [
        (f"{group} or more" if group == MOST_INVENTED else str(group), 100 * right / n, n)
        for group, (right, n) in sorted(counts.items())
    ]
    return _table({"invented": "str", "right": "float64", "attempts": "int64"}, rows)


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, as a ``color_map``; the same names in the same order get the same ones."""
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(dict.fromkeys(names))}


def invented(records: Iterable[Record]) -> int:
    """How many numbers the summaries of an attempt hold that come from nowhere."""
    return sum(len(record.fidelity.invented) for record in records if record.fidelity)


def _called(records: Sequence[Record]) -> list[Context]:
    return [point for record, point in zip(records, contexts(records), strict=True) if record.step.calls]


def _doubled(size: int, until: int) -> int:
    while size < until:
        size *= 2
    return size


def _table(columns: Mapping[str, str], rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(dict(columns))
