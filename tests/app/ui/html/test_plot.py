from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.html.plot import EMPTY, HEIGHT, WIDTH, Axis, Chart, Point, Series, chart_html
from app.ui.html.tables import Head
from app.ui.html.text import markup

HOSTILE = "<script>alert(1)</script>\"'&\u202e"
NUMBERS = st.floats(-1e300, 1e300) | st.integers(-100, 100).map(float) | st.sampled_from([0.0, 1e-300, 5e-324, 1e300])


def figure(chart: Chart) -> ET.Element:
    return ET.fromstring(chart_html(chart))


def drawn(*series: Series, x: Axis | None = None, y: Axis | None = None) -> ET.Element:
    return figure(Chart("A chart", x or Axis("across (m)"), y or Axis("up (m)"), series))


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]


def picture(root: ET.Element) -> ET.Element:
    (found,) = of_class(root, "picture")
    return found


def place(mark: ET.Element) -> tuple[float, float]:
    found = re.fullmatch(r"translate\((\S+) (\S+)\)", mark.get("transform", ""))
    assert found
    return float(found[1]), float(found[2])


def places(root: ET.Element) -> list[tuple[float, float]]:
    return [place(mark) for mark in of_class(picture(root), "mark")]


def ends(whisker: ET.Element) -> tuple[float, float]:
    found = re.match(r"M\S+ (\S+)V([^M]+)", whisker.get("d", ""))
    assert found
    return float(found[1]), float(found[2])


def words(root: ET.Element, kind: str) -> list[str]:
    return [element.text or "" for element in of_class(root, kind)]


def texts(root: ET.Element) -> Iterator[str]:
    return (element.text or "" for element in picture(root).iter("text"))


def marks(*points: Point, name: str = "some") -> Series:
    return Series(name, points, marker="circle")


def height_of(root: ET.Element, value: float) -> float:
    """Where a value is in the picture, by the lines at 0 and at 100."""
    rungs = dict(zip(words(root, "end"), (grid.get("d", "") for grid in of_class(root, "grid")), strict=True))
    low, high = (float(rungs[name].split(" ")[1].partition("H")[0]) for name in ("0", "100"))
    return low + value / 100 * (high - low)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=8))
def test_every_point_is_inside_and_in_its_order(rows: list[tuple[float, ...]]) -> None:
    points = [Point(x, b, a, c) for x, *heights in sorted(rows) for a, b, c in [sorted(heights)]]
    root = drawn(marks(*points))
    found = places(root)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in found)
    assert all(a[0] <= b[0] for a, b in pairwise(found))
    by_height = sorted(zip((point.y for point in points), (y for _, y in found), strict=True))
    assert all(a[1] >= b[1] for a, b in pairwise(by_height)), "more is higher"
    for whisker, (_, y) in zip(of_class(root, "whisker"), found, strict=True):
        foot, head = ends(whisker)
        assert HEIGHT >= foot >= y >= head >= 0


@given(st.floats(0, 1e12), st.booleans())
def test_ticks_are_few_and_inside_and_whole_where_things_are_counted(most: float, whole: bool) -> None:
    root = drawn(marks(Point(1, most)), y=Axis("calls", high=5, whole=whole))
    found = [float(grid.get("d", "").split(" ")[1].partition("H")[0]) for grid in of_class(root, "grid")]
    assert 2 <= len(found) <= 11
    assert all(0 <= y <= HEIGHT for y in found) and found == sorted(found, reverse=True)
    if whole and most < 1000:
        assert all(name.replace(",", "").isdigit() for name in words(root, "end"))
        assert len(set(words(root, "end"))) == len(found)


def test_a_whisker_is_the_interval_and_a_bar_stands_on_zero() -> None:
    root = drawn(
        marks(Point(0, 50, 20, 60)),
        Series("bars", (Point(1, 40, 10, 80),), marker="bar"),
        y=Axis("right (%)", high=100),
    )
    for whisker, (low, high) in zip(of_class(root, "whisker"), ((20, 60), (10, 80)), strict=True):
        assert ends(whisker) == pytest.approx((height_of(root, low), height_of(root, high)), abs=0.1)
    (bar,) = of_class(root, "bar")
    found = re.match(r"M\S+ (\S+)V([^h]+)h", bar.get("d", ""))
    assert found
    assert (float(found[1]), float(found[2])) == pytest.approx((height_of(root, 0), height_of(root, 40)), abs=0.1)


def test_the_legend_names_what_is_there_and_nothing_else() -> None:
    root = drawn(marks(Point(1, 1), name="one"), marks(name="none"), Series("two", (Point(1, 2),), 3, "square", True))
    (legend,) = of_class(root, "legend")
    assert ["".join(item.itertext()) for item in legend] == ["one", "two"]
    plain, hollow = (of_class(item, "key")[0] for item in legend)
    assert "c3" in hollow.get("class", "") and of_class(hollow, "hollow") and not of_class(plain, "hollow")
    assert of_class(plain, "mark")[0].get("d") != of_class(hollow, "mark")[0].get("d"), "never by the colour alone"


def test_an_empty_chart_is_a_frame_that_says_so() -> None:
    empty, full = drawn(marks()), drawn(marks(Point(1, 1)))
    assert EMPTY in texts(empty) and EMPTY not in texts(full)
    assert {"across (m)", "up (m)"} <= set(texts(empty))
    assert picture(empty).get("viewBox") == picture(full).get("viewBox"), "nothing jumps when the first point comes"
    assert picture(empty).get("role") == "img" and picture(empty).get("aria-label") == f"A chart: {EMPTY}"
    assert places(empty) == []


@given(st.text())
def test_untrusted_words_are_escaped(text: str) -> None:
    named = Axis(text, names={0: text}, notes={0: text})
    series = Series(text, (Point(0, 0.5, label=text[:3], about=text),), marker="cross")
    root = figure(Chart("A chart", named, Axis(text), (series,), text, (Head("x"),), ((text,),), text))
    assert {element.tag for element in root.iter()}.isdisjoint({"script", "img", "a", "style", "foreignObject"})


def test_a_hostile_name_is_shown_and_does_nothing() -> None:
    html = chart_html(
        Chart("A chart", Axis("x"), Axis("y"), (marks(Point(1, 1, about=HOSTILE), name=HOSTILE),), HOSTILE)
    )
    assert "<script" not in html and "\u202e" not in html and html.count("&lt;script&gt;") == 3
    ET.fromstring(html)


def test_labels_cover_neither_marks_nor_one_another() -> None:
    crowd = [Point(x, y, y - 10, y + 10, str(i)) for i, (x, y) in enumerate([(5, 50), (5, 50), (5.2, 52), (9.9, 50)])]
    root = drawn(marks(*crowd), x=Axis("x", high=10), y=Axis("y", high=100))
    found = [(float(text.get("x", "")), float(text.get("y", ""))) for text in of_class(root, "label")]
    assert len(found) == 4
    assert all(math.dist(a, b) > 7 for i, a in enumerate(found) for b in found[:i])
    for left, base in found:
        assert 0 <= left <= WIDTH - 7
        assert not any(
            left < x + 6 and x - 6 < left + 7 and base - 10 < y + 6 and y - 6 < base for x, y in places(root)
        )
    alone = drawn(*(marks(Point(5, 50, label="1")) for _ in range(30)), x=Axis("x", high=10), y=Axis("y", high=100))
    assert 0 < len(of_class(alone, "label")) < 30, "what has no room is left out"


def test_a_linked_point_is_a_named_link_that_a_keyboard_reaches() -> None:
    points = tuple(Point(i, i, about=f"run {i}", href=markup("?run={}", i)) for i in (1, 2))
    shown = chart_html(Chart("Runs", Axis("cost"), Axis("right"), (Series("cot", points, marker="circle"),)))
    assert 'role="group"' in shown and 'role="img"' not in shown
    assert re.findall(r'<a class="point-link" href="([^"]+)"[^>]* aria-label="([^"]+)">', shown) == [
        ("?run=1", "run 1"),
        ("?run=2", "run 2"),
    ]


@pytest.mark.parametrize("most", [250, 1_500, 99_999, 1_500_000])
def test_the_last_tick_is_not_cut_off(most: float) -> None:
    series = Series("one", (Point(0, 1), Point(most, 2)), marker="circle")
    shown = chart_html(Chart("Runs", Axis("cost (tokens)", high=most), Axis("right"), (series,)))
    ticks = re.findall(r'<text class="tick middle" x="([\d.]+)"[^>]*>([^<]+)<', shown)
    right, words = max((float(x), words) for x, words in ticks)
    assert right + 4 * len(words) <= WIDTH
