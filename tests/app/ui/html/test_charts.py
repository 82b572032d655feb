from __future__ import annotations

import pytest

from app.store.records import CallUsage, context_sizes
from app.ui.html import charts
from app.ui.html.charts import FULL, USED, JudgedAttempt, RunPoint
from app.ui.html.plot import Chart, Point, Series, chart_html
from evals.statistics import accuracy
from graphs import STRATEGIES
from prompts.steps import Verb

EMPTY = (
    charts.context_chart(()),
    charts.accuracy_chart((), "peak_context"),
    charts.accuracy_chart((), "processed"),
    charts.context_by_call("", (), 40),
    charts.fidelity_chart(()),
)


def taken(verb: Verb, *tokens: tuple[int, int]) -> CallUsage:
    return CallUsage(verb, tokens)


ATTEMPT = (
    taken("step", (100, 40)),
    taken("summarize", (150, 20), (150, 30)),
    taken("step", (120, 50)),
    taken("conclude"),
)


def run(number: int, strategy: str, right: int = 16) -> RunPoint:
    found = accuracy(right, 24)
    assert found.value is not None and found.interval is not None
    return RunPoint(number, strategy, 24, found.value, found.interval, 284, 2048)


def series(chart: Chart, name: str) -> Series:
    (found,) = [each for each in chart.series if each.name == name]
    return found


def shown(chart: Chart) -> list[str]:
    return [each.name for each in chart.series if each.points]


def at(points: tuple[Point, ...]) -> list[tuple[float, float]]:
    return [(point.x, point.y) for point in points]


def test_each_call_stands_beside_what_the_full_history_would_be() -> None:
    chart = charts.context_chart(ATTEMPT)
    assert at(series(chart, USED).points) == [(1, 140), (2, 180), (3, 170)], "a conclusion without a call is no mark"
    assert at(series(chart, FULL).points) == [(1, 140), (2, 140), (3, 190)]
    assert at(series(chart, "thought").points) == [(1, 140), (3, 170)]
    assert at(series(chart, "memory").points) == [(2, 180)]
    assert series(chart, "memory").hollow and not series(chart, "thought").hollow
    assert chart.rows[1] == ("2", "memory", "180", "140")
    assert chart.summary == "3 calls, of at most 180 tokens; with the full history the last would hold 190."
    assert chart.note == ""


def test_the_headings_that_a_summary_asks_for_are_part_of_the_full_history() -> None:
    loop = [taken("step", (100, 40)), CallUsage("summarize", ((140, 8),), heading=8), taken("step", (120, 50), (90, 9))]
    assert [size.full_history for size in context_sizes(loop)] == [140, 148, 198]


def test_of_very_many_calls_the_largest_are_drawn() -> None:
    steps = [taken("step", (100 + (5000 if i == 1777 else i % 7), 1)) for i in range(4003)]
    chart = charts.context_chart(steps)
    points = series(chart, USED).points
    assert len(points) == len(chart.rows) <= charts.MAX_MARKS
    assert (1778, 5101) in at(points)
    assert [point.x for point in points] == sorted(point.x for point in points)
    assert "4,003 calls are drawn" in chart.note and chart.note in chart_html(chart)
    by_call = charts.context_by_call("run 1", [steps], 40)
    assert len(by_call.rows) <= charts.MAX_MARKS and "4,003 calls are drawn" in by_call.note


def test_the_mean_context_is_over_the_attempts_that_came_so_far() -> None:
    other = (taken("step", (60, 40)), taken("summarize", (100, 20)))
    chart = charts.context_by_call("run 7", [ATTEMPT, other, ATTEMPT[:1]], 40)
    (only,) = chart.series
    assert at(only.points) == [(1, (140 + 100 + 140) / 3), (2, 150), (3, 170)]
    assert [point.span for point in only.points] == [(100, 140), (120, 180), (170, 170)]
    assert [chart.x.notes[i] for i in (1, 2, 3)] == ["n=3", "n=2", "n=1"]
    assert all("n=" in point.about for point in only.points)
    assert chart.rows[1] == ("2", "150", "120", "180", "2")
    assert "first 40 attempts" in chart.title and "run 7" in chart.summary
    assert "n=2" in chart_html(chart)


def test_runs_are_marks_with_their_interval_number_and_words() -> None:
    chart = charts.accuracy_chart([run(3, "isump"), run(4, "cot", 12), run(5, "isump", 0)], "peak_context")
    assert shown(chart) == ["cot", "isump"], "in the order of the strategies, and only those there are"
    point = series(chart, "isump").points[0]
    assert (point.x, point.label) == (284, "3")
    assert (point.y, point.low, point.high) == pytest.approx((66.667, 46.7, 82.0), abs=0.05)
    assert point.about == "run 3: isump, 66.7% (46.7 to 82.0%) of 24 questions, mean peak context 284 tokens"
    assert series(charts.accuracy_chart([run(3, "isump")], "processed"), "isump").points[0].x == 2048
    assert chart.rows[0] == ("3", "isump", "284", "66.7% (46.7 to 82.0%)", "24")
    assert (chart.x.low, chart.y.low, chart.y.high) == (0, 0, 100)


def test_a_strategy_has_its_colour_and_marker_whatever_else_is_there() -> None:
    names = (*STRATEGIES, "an old one")
    chart = charts.accuracy_chart([run(i, name) for i, name in enumerate(names)], "peak_context")
    assert len({(each.marker, each.colour) for each in chart.series}) == len(names)
    assert len({each.marker for each in chart.series}) == len(names), "not by the colour alone"
    alone = series(charts.accuracy_chart([run(1, "isump")], "peak_context"), "isump")
    among = series(chart, "isump")
    assert (alone.marker, alone.colour) == (among.marker, among.colour)


def test_right_answers_are_grouped_by_invented_numbers() -> None:
    judged = [JudgedAttempt(*each) for each in ((0, True), (0, True), (1, False), (3, True), (9, False))]
    chart = charts.fidelity_chart(reversed(judged))
    (bars,) = chart.series
    assert bars.marker == "bar"
    assert at(bars.points) == [(0, 100), (1, 0), (3, 50)], "nothing was measured for two invented numbers"
    half = accuracy(1, 2).interval
    assert half is not None
    assert bars.points[2].span == pytest.approx((100 * half.low, 100 * half.high))
    assert list(chart.x.names.values()) == ["0", "1", "2", "3 or more"]
    assert list(chart.x.notes.values()) == ["n=2", "n=1", "n=0", "n=2"]
    assert [(name, n) for name, _, n in chart.rows] == [("0", "2"), ("1", "1"), ("3 or more", "2")]
    assert chart.summary == "5 attempts, 2 of them with no number invented."


@pytest.mark.parametrize("chart", EMPTY, ids=lambda chart: chart.title)
def test_an_empty_chart_has_its_axes(chart: Chart) -> None:
    assert shown(chart) == [] and chart.rows == ()
    html = chart_html(chart)
    assert "nothing to show yet" in html and chart.x.title in html and chart.y.title in html
