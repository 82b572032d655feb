"""What a chart is, and a chart as a figure: inline SVG, a legend, and its numbers as a table. Pure; no gradio here.

    squares = Series("squares", (Point(1, 1), Point(2, 4)), marker="circle", line="solid")
    chart_html(Chart("Squares", Axis("number", whole=True), Axis("its square"), (squares,)))

Colours are classes of ``charts.css``; a shape or a dash says the same again. An axis goes on as far as its points do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.ui.html.scale import Scale, reach, ticks
from app.ui.html.tables import Head, table_html
from app.ui.html.text import inert
from evals.formatting import number

COLOURS = 8
"""How many ``charts.css`` has."""
EMPTY = "nothing to show yet"
WIDTH, HEIGHT = 440, 280  # units of the picture, which is as wide as its column
_TOP, _RIGHT, _CHARACTER = 30, 16, 8  # room above and to the right; the width of a digit

Marker = Literal["circle", "square", "triangle", "diamond", "down", "cross", "bar"]
_SHAPES: dict[Marker, str] = {
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "square": "M-4.5-4.5h9v9h-9z",
    "triangle": "M0-6L6 4.5H-6z",
    "diamond": "M0-7.5L7.5 0L0 7.5L-7.5 0z",
    "down": "M0 6L6-4.5H-6z",
    "cross": "M-4.5-4.5L4.5 4.5M-4.5 4.5L4.5-4.5",
    "bar": "M-5-5h10v10h-10z",  # in the legend
}
MARKERS: tuple[Marker, ...] = tuple(name for name in _SHAPES if name != "bar")


@dataclass(frozen=True, slots=True)
class Point:
    """A mark with its interval, a short ``label`` beside it, and what is said ``about`` it when it is pointed at."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    label: str = ""
    about: str = ""

    @property
    def span(self) -> tuple[float, float]:
        """The interval, or the point itself."""
        return self.y if self.low is None else self.low, self.y if self.high is None else self.high


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind, in the order of x: as marks, joined by a line, or both; bars stand on zero.

    Their intervals are whiskers, or all together a ``band``.
    """

    name: str
    points: tuple[Point, ...]
    colour: int = 0
    marker: Marker | None = None
    hollow: bool = False
    line: Literal["solid", "dashed"] | None = None
    band: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its title with the unit, and how far it goes at least.

    Its ticks are round numbers, whole ones if it counts things, or what ``names`` names; ``notes`` stand below ticks.
    """

    title: str
    low: float = 0.0
    high: float = 1.0
    whole: bool = False
    names: Mapping[float, str] = field(default_factory=dict)
    notes: Mapping[float, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: ``summary`` is it in a sentence, ``heads`` and ``rows`` are its table, ``note`` says how to read it."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...] = ()
    summary: str = ""
    heads: tuple[Head, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""


def chart_html(chart: Chart) -> str:
    """The chart as a figure. Its height does not depend on its points; without any it is a frame that says so."""
    drawn = [series for series in chart.series if series.points]
    said = inert(f"{chart.title}: {chart.summary if drawn else EMPTY}")
    legend = "".join(f"<li>{_key(series)}{inert(series.name)}</li>" for series in drawn)
    note = f'<p class="chart-note">{inert(chart.note)}</p>' if chart.note else ""
    rows = [[inert(cell) for cell in row] for row in chart.rows]
    picture = f'<svg class="picture" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">'
    return (
        f'<figure class="chart"><figcaption>{inert(chart.title)}</figcaption>{picture}{_inside(chart, drawn)}</svg>'
        f'<ul class="legend">{legend}</ul>{note}<details><summary>As a table</summary>'
        f"{table_html(chart.title, chart.heads, rows, f'There is {EMPTY}.')}</details></figure>"
    )


def _inside(chart: Chart, drawn: Sequence[Series]) -> str:
    points = [point for series in drawn for point in series.points]
    left, right = reach(chart.x.low, chart.x.high, [point.x for point in points])
    heights = [value for point in points for value in (point.y, *point.span)]
    floor, ceiling = reach(chart.y.low, chart.y.high, heights)
    rungs = ticks(floor, ceiling, chart.y.whole)
    start = 10 + _CHARACTER * min(12, max(len(number(rung)) for rung in rungs))
    x = Scale(left, right, start, WIDTH - _RIGHT)
    y = Scale(floor, ceiling, HEIGHT - (62 if chart.x.notes else 46), _TOP)
    marked = [(series, point) for series in drawn if series.marker for point in series.points]
    middle = (x.start + x.end) / 2
    return "".join(
        (
            *(_rung(rung, x, y) for rung in rungs),
            *(_tick(chart.x, tick, x, y) for tick in chart.x.names or ticks(left, right, chart.x.whole)),
            f'<path class="axis" d="M{x.start:.1f} {y.start:.1f}H{x.end:.1f}"/>',
            _text(chart.y.title, 2, 15),
            _text(chart.x.title, middle, HEIGHT - 6, "middle"),
            *(_line(series, x, y) for series in drawn),
            *(_mark(series, point, x, y) for series, point in marked),
            *_labels([point for _, point in marked], x, y),
            "" if drawn else _text(EMPTY, middle, HEIGHT / 2, "middle"),
        )
    )


def _text(words: str, x: float, y: float, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{inert(words)}</text>' if words else ""


def _rung(rung: float, x: Scale, y: Scale) -> str:
    line = f'<path class="grid" d="M{x.start:.1f} {y.at(rung):.1f}H{x.end:.1f}"/>'
    return line + _text(number(rung), x.start - 6, y.at(rung) + 4.5, "tick end")


def _tick(axis: Axis, tick: float, x: Scale, y: Scale) -> str:
    name, note = axis.names.get(tick) or number(tick), axis.notes.get(tick, "")
    below = ((name, 17), (note, 33))
    return "".join(_text(words, x.at(tick), y.start + down, "tick middle") for words, down in below)


def _line(series: Series, x: Scale, y: Scale) -> str:
    """The band and the line of a series, where it has them."""

    def path(points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{x.at(across):.1f},{y.at(up):.1f}" for across, up in points)

    drawn = ""
    if series.band:
        below, above = ([(point.x, point.span[side]) for point in series.points] for side in (0, 1))
        drawn = f'<polygon class="band c{series.colour}" points="{path((*below, *reversed(above)))}"/>'
    if series.line:
        line = path([(point.x, point.y) for point in series.points])
        drawn += f'<polyline class="line {series.line} c{series.colour}" points="{line}"/>'
    return drawn


def _mark(series: Series, point: Point, x: Scale, y: Scale) -> str:
    across, up = x.at(point.x), y.at(point.y)
    mark, whisker = _shape(series, across, up), ""
    if series.marker == "bar":
        half = 0.3 * (x.at(1) - x.at(0))
        mark = f'<path class="bar" d="M{across - half:.1f} {y.at(0):.1f}V{up:.1f}h{2 * half:.1f}V{y.at(0):.1f}z"/>'
    if point.low is not None and point.high is not None and not series.band:
        foot, head = y.at(point.low), y.at(point.high)
        ends = "".join(f"M{across - 4:.1f} {end:.1f}h8" for end in (foot, head))
        whisker = f'<path class="whisker" d="M{across:.1f} {foot:.1f}V{head:.1f}{ends}"/>'
    about = f"<title>{inert(point.about)}</title>" if point.about else ""
    shown = mark + whisker if series.marker == "bar" else whisker + mark
    return f'<g class="point c{series.colour}">{about}{shown}</g>'


def _shape(series: Series, across: float, up: float) -> str:
    if series.marker is None:
        return ""
    kind = "mark hollow" if series.hollow else "mark"
    return f'<path class="{kind}" transform="translate({across:.1f} {up:.1f})" d="{_SHAPES[series.marker]}"/>'


def _labels(points: Sequence[Point], x: Scale, y: Scale) -> Iterator[str]:
    """Each label where it covers neither a mark nor another label; one without room is left to its mark's words."""
    spans = [(x.at(point.x), y.at(point.span[1]), y.at(point.y), y.at(point.span[0])) for point in points]
    taken = [(across - 6, up - 6, across + 6, up + 6) for across, _, up, _ in spans]
    taken += [(across - 4, head, across + 4, foot) for across, head, _, foot in spans]
    for point, (across, head, up, foot) in zip(points, spans, strict=True):
        wide = _CHARACTER * len(point.label)
        beside, over = ((across + 10, up + 4.5), (across - 10 - wide, up + 4.5)), across - wide / 2
        for left, base in (*beside, (over, head - 5), (over, foot + 14)) if point.label else ():
            box = (left, base - 10, left + wide, base + 1)
            within = x.start <= box[0] and box[2] <= WIDTH and box[1] >= _TOP - 10 and box[3] <= y.start
            if within and not any(
                box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
            ):
                taken.append(box)
                yield _text(point.label, left, base, "label")
                break


def _key(series: Series) -> str:
    """What a series looks like, for the legend."""
    band = '<path class="band" d="M1 2H29V14H1z"/>' if series.band else ""
    line = f'<path class="line {series.line}" d="M1 8H29"/>' if series.line else ""
    look = band + line + _shape(series, 15, 8)
    return f'<svg class="key c{series.colour}" viewBox="0 0 30 16" aria-hidden="true">{look}</svg>'
