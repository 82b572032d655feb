"""Charts, and a chart as a figure: inline SVG, a legend, and its numbers as a table. Pure; no gradio here.

    squares = Series("squares", (Point(1, 1), Point(2, 4)), marker="circle", line="solid")
    chart_html(Chart("Squares", Axis("number", whole=True), Axis("its square"), (squares,)))

Colours are classes of ``charts.css``; a shape or a dash says the same again. An axis goes on as far as its points do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, LiteralString

from markupsafe import Markup

from app.text import format_number
from app.ui.html.tables import Head, table_html
from app.ui.html.text import escaped, joined, markup

COLOURS = 8
"""The number of colours in ``charts.css``."""
EMPTY = "nothing to show yet"
WIDTH, HEIGHT = 440, 280  # units of the picture, which is as wide as its column
_TOP, _CHARACTER = 30, 8  # room above; the width of a digit

_MAX_TICKS, _MAX_WHOLE_TICKS = 6, 8
_ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)

Marker = Literal[
    "circle",
    "square",
    "triangle",
    "diamond",
    "down",
    "cross",
    "plus",
    "hourglass",
    "bowtie",
    "star",
    "house",
    "hexagon",
    "bar",
]
_SHAPES: dict[Marker, LiteralString] = {
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "square": "M-4.5-4.5h9v9h-9z",
    "triangle": "M0-6L6 4.5H-6z",
    "diamond": "M0-7.5L7.5 0L0 7.5L-7.5 0z",
    "down": "M0 6L6-4.5H-6z",
    "cross": "M-4.5-4.5L4.5 4.5M-4.5 4.5L4.5-4.5",
    "plus": "M-6 0H6M0-6V6",
    "hourglass": "M-5-5.5H5L-5 5.5H5z",
    "star": "M0-6.5L1.6-2.2H6L2.6.7 3.8 5.5 0 2.8-3.8 5.5-2.6.7-6-2.2H-1.6z",
    "house": "M0-6L5.5-1V5.5H-5.5V-1z",
    "hexagon": "M-3-5.2H3L6 0 3 5.2H-3L-6 0z",
    "bowtie": "M-5.5-5V5L5.5-5V5z",
    "bar": "M-5-5h10v10h-10z",  # in the legend
}
MARKERS: tuple[Marker, ...] = tuple(name for name in _SHAPES if name != "bar")


@dataclass(frozen=True, slots=True)
class Point:
    """A mark with its interval.

    A short ``label`` stands beside it, ``about`` is said when it is pointed at, and a click opens ``href``.
    """

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    label: str = ""
    about: str = ""
    href: Markup = field(default_factory=Markup)

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


@dataclass(frozen=True, slots=True)
class Scale:
    """From values between ``low`` and ``high`` to places between ``start`` and ``end`` in a picture."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def axis_limits(low: float, high: float, values: Sequence[float]) -> tuple[float, float]:
    """The limits given, or round ones that hold all values; they change seldom while values are added."""
    least, most = min((low, *values)), max((high, *values))
    if most > high and most > 0:
        size = 10.0 ** math.floor(math.log10(most))
        most = next((size * part for part in _ROUND if size * part >= most), most)
    return least, most


def ticks(low: float, high: float, whole: bool = False) -> tuple[float, ...]:
    """Round numbers from ``low`` to ``high``, equally far apart; ``whole`` ones where things are counted."""
    least = (high - low) / (_MAX_WHOLE_TICKS if whole else _MAX_TICKS)
    size = 10.0 ** math.floor(math.log10(least))
    step = next((size * part for part in (1, 2, 5) if size * part >= least), 10 * size)
    step = max(1.0, step) if whole else step
    return tuple(i * step for i in range(math.ceil(low / step), math.floor(high / step * (1 + 1e-9)) + 1))


def chart_html(chart: Chart) -> Markup:
    """The chart as a figure. Its height does not depend on its points; without any it is a frame that says so."""
    drawn = [series for series in chart.series if series.points]
    linked = any(point.href for series in drawn for point in series.points)
    note = markup('<p class="chart-note">{}</p>', escaped(chart.note)) if chart.note else Markup()
    rows = [[escaped(cell) for cell in row] for row in chart.rows]
    return markup(
        '<figure class="chart"><figcaption>{}</figcaption>'
        '<svg class="picture" viewBox="0 0 {} {}" role="{}" aria-label="{}">{}</svg>'
        '<ul class="legend">{}</ul>{}<details><summary>As a table</summary>{}</details></figure>',
        escaped(chart.title),
        WIDTH,
        HEIGHT,
        "group" if linked else "img",  # what is inside an img cannot be reached
        escaped(f"{chart.title}: {chart.summary if drawn else EMPTY}"),
        _inside(chart, drawn),
        joined(markup("<li>{}{}</li>", _key(series), escaped(series.name)) for series in drawn),
        note,
        table_html(chart.title, chart.heads, rows, f"There is {EMPTY}."),
    )


def _inside(chart: Chart, drawn: Sequence[Series]) -> Markup:
    points = [point for series in drawn for point in series.points]
    left, right = axis_limits(chart.x.low, chart.x.high, [point.x for point in points])
    heights = [value for point in points for value in (point.y, *point.span)]
    floor, ceiling = axis_limits(chart.y.low, chart.y.high, heights)
    y_ticks = ticks(floor, ceiling, chart.y.whole)
    start = 10 + _CHARACTER * min(12, max(len(format_number(tick)) for tick in y_ticks))
    across = tuple(chart.x.names or ticks(left, right, chart.x.whole))
    last = chart.x.names.get(across[-1]) or format_number(across[-1])
    x = Scale(left, right, start, WIDTH - 6 - _CHARACTER * min(12, max(2, len(last))) / 2)
    y = Scale(floor, ceiling, HEIGHT - (62 if chart.x.notes else 46), _TOP)
    marked = [(series, point) for series in drawn if series.marker for point in series.points]
    middle = (x.start + x.end) / 2
    return joined(
        (
            *(_y_tick(tick, x, y) for tick in y_ticks),
            *(_tick(chart.x, tick, x, y) for tick in across),
            markup('<path class="axis" d="M{:.1f} {:.1f}H{:.1f}"/>', x.start, y.start, x.end),
            _text(chart.y.title, 2, 15),
            _text(chart.x.title, middle, HEIGHT - 6, "middle"),
            *(_line(series, x, y) for series in drawn),
            *(_mark(series, point, x, y) for series, point in marked),
            *_labels([point for _, point in marked], x, y),
            Markup() if drawn else _text(EMPTY, middle, HEIGHT / 2, "middle"),
        )
    )


def _text(words: str, x: float, y: float, kind: LiteralString = "") -> Markup:
    if not words:
        return Markup()
    return markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>', kind, x, y, escaped(words))


def _y_tick(tick: float, x: Scale, y: Scale) -> Markup:
    line = markup('<path class="grid" d="M{:.1f} {:.1f}H{:.1f}"/>', x.start, y.at(tick), x.end)
    return line + _text(format_number(tick), x.start - 6, y.at(tick) + 4.5, "tick end")


def _tick(axis: Axis, tick: float, x: Scale, y: Scale) -> Markup:
    name, note = axis.names.get(tick) or format_number(tick), axis.notes.get(tick, "")
    below = ((name, 17), (note, 33))
    return joined(_text(words, x.at(tick), y.start + down, "tick middle") for words, down in below)


def _line(series: Series, x: Scale, y: Scale) -> Markup:
    """The band and the line of a series, where it has them."""

    def path(points: Sequence[tuple[float, float]]) -> Markup:
        return joined((markup("{:.1f},{:.1f}", x.at(across), y.at(up)) for across, up in points), " ")

    drawn = Markup()
    if series.band:
        below, above = ([(point.x, point.span[side]) for point in series.points] for side in (0, 1))
        outline = path((*below, *reversed(above)))
        drawn = markup('<polygon class="band c{}" points="{}"/>', series.colour, outline)
    if series.line:
        line = path([(point.x, point.y) for point in series.points])
        drawn += markup('<polyline class="line {} c{}" points="{}"/>', series.line, series.colour, line)
    return drawn


def _mark(series: Series, point: Point, x: Scale, y: Scale) -> Markup:
    across, up = x.at(point.x), y.at(point.y)
    mark, whisker = _shape(series, across, up), Markup()
    if series.marker == "bar":
        half = 0.3 * (x.at(1) - x.at(0))
        path = '<path class="bar" d="M{:.1f} {:.1f}V{:.1f}h{:.1f}V{:.1f}z"/>'
        mark = markup(path, across - half, y.at(0), up, 2 * half, y.at(0))
    if point.low is not None and point.high is not None and not series.band:
        foot, head = y.at(point.low), y.at(point.high)
        path = '<path class="whisker" d="M{0:.1f} {1:.1f}V{2:.1f}M{3:.1f} {1:.1f}h8M{3:.1f} {2:.1f}h8"/>'
        whisker = markup(path, across, foot, head, across - 4)
    about = markup("<title>{}</title>", escaped(point.about)) if point.about else Markup()
    shown = mark + whisker if series.marker == "bar" else whisker + mark
    group = markup('<g class="point c{}">{}{}</g>', series.colour, about, shown)
    if not point.href:
        return group
    link = '<a class="point-link" href="{}" target="_blank" rel="noopener" aria-label="{}">{}</a>'
    return markup(link, point.href, escaped(point.about), group)


def _shape(series: Series, across: float, up: float) -> Markup:
    if series.marker is None:
        return Markup()
    kind = "mark hollow" if series.hollow else "mark"
    path = '<path class="{}" transform="translate({:.1f} {:.1f})" d="{}"/>'
    return markup(path, kind, across, up, _SHAPES[series.marker])


def _labels(points: Sequence[Point], x: Scale, y: Scale) -> Iterator[Markup]:
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


def _key(series: Series) -> Markup:
    """The sample of a series for the legend."""
    band = markup('<path class="band" d="M1 2H29V14H1z"/>') if series.band else Markup()
    line = markup('<path class="line {}" d="M1 8H29"/>', series.line) if series.line else Markup()
    return markup(
        '<svg class="key c{}" viewBox="0 0 30 16" aria-hidden="true">{}{}{}</svg>',
        series.colour,
        band,
        line,
        _shape(series, 15, 8),
    )
