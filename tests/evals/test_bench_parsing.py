"""The benchmark of the readers tells a linear one from a quadratic one, and measures all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evals import bench_parsing
from evals.bench_parsing import HOSTILE, LINEAR, NOTHING, READERS, BenchParsing, Hostile, Measured, measure

A = Hostile("a", after="c")


@pytest.mark.parametrize(
    ("seconds", "growth"),
    [((0.01, 0.02, 0.04), 1), ((0.01, 0.04, 0.16), 2), ((1, 1, 1), 0), ((NOTHING / 999, NOTHING / 99, NOTHING / 9), 0)],
)
def test_the_growth_is_the_exponent_from_the_shortest_to_the_longest(seconds: tuple[float, ...], growth: float) -> None:
    assert Measured(A, seconds, (10, 20, 40)).growth == pytest.approx(growth)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader says itself how many seconds it takes, so that no busy machine counts."""

    def seconds(reader: Callable[[str], float], text: str) -> float:
        return reader(text)

    monkeypatch.setattr(bench_parsing, "_seconds", seconds)


def quadratic(text: str) -> float:
    return len(text) ** 2 / 1e6


def linear(text: str) -> float:
    return len(text) / 1e3


@pytest.mark.usefixtures("clock")
def test_a_quadratic_reader_is_told_from_a_linear_one() -> None:
    assert measure(quadratic, A, 2_000, 1).growth > LINEAR > measure(linear, A, 2_000, 1).growth


def test_hostile_texts_have_the_length_asked_for() -> None:
    for text in HOSTILE:
        assert abs(len(text.of(5_000)) - 5_000) < 60, text


def test_the_table_names_every_reader(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench_parsing, "HOSTILE", HOSTILE[:3])
    assert BenchParsing(length=100, tries=1).run() == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert all(name.split()[0] in shown for name in READERS)


@pytest.mark.usefixtures("clock")
def test_a_reader_that_is_not_linear_is_named_and_fails_the_benchmark(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_parsing, "READERS", {"a slow one": quadratic, "a quick one": linear})
    monkeypatch.setattr(bench_parsing, "HOSTILE", (A,))
    assert BenchParsing(length=2_000, tries=1).run() == 1
    assert "Not linear: a slow one, on a…c" in capsys.readouterr().out
