from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.store import Store
from evals.length_chart import ChartOptions, Measured, crossover, lines, main
from evals.statistics import accuracy
from evals.sweep import main as sweep


def measured(*peaks: tuple[int, float]) -> list[Measured]:
    return [Measured(length, accuracy(1, 2), peak) for length, peak in peaks]


@pytest.mark.parametrize(
    ("first", "second", "crossing"),
    [
        ([(8, 100), (32, 400)], [(8, 200), (32, 300)], 20),
        ([(8, 100), (32, 400)], [(8, 200), (32, 500)], None),
        ([(8, 100), (16, 150), (32, 400)], [(8, 200), (32, 300)], 20),  # only common lengths are compared
        ([(8, 100)], [(32, 300)], None),
    ],
)
def test_lines_cross_where_their_peaks_are_equal(
    first: list[tuple[int, float]], second: list[tuple[int, float]], crossing: float | None
) -> None:
    assert crossover(measured(*first), measured(*second)) == crossing


def test_runs_that_differ_in_a_setting_are_lines_of_their_own(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = store.with_name("replies.jsonl")
    words = ["riw", "--limit", "1", "--strategies", "cot", "--store", str(store), "--on-wrong", "correct"]
    monkeypatch.setattr(sys, "argv", ["sweep", *words, "--backend", "scripted", "--replies", str(replies)])
    with pytest.raises(SystemExit):
        sweep()
    with Store.existing(store) as opened:
        found = lines(opened, ChartOptions(task="riw", length="vectors"))
    assert {name: len(line) for name, line in found.items()} == {
        "cot, on_wrong=correct": 1, "cot, on_wrong=mark": 2, "direct": 2
    }  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs of two strategies at two lengths."""
    replies, path = tmp_path / "replies.jsonl", tmp_path / "t.sqlite"
    replies.write_text('"So far it is known.\\nAnswer: (1, 1)"\n' * 9)
    for vectors in (8, 32):
        words = ["riw", "--limit", "1", "--vectors", f"{vectors}", "--strategies", "cot,direct", "--store", str(path)]
        monkeypatch.setattr(sys, "argv", ["sweep", *words, "--backend", "scripted", "--replies", str(replies)])
        with pytest.raises(SystemExit) as ended:
            sweep()
        assert ended.value.code == 0
    return path


def drawn(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    monkeypatch.setattr(sys, "argv", ["length_chart", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_runs_become_lines_by_strategy_in_the_order_of_their_lengths(store: Path) -> None:
    with Store.existing(store) as opened:
        found = lines(opened, ChartOptions(task="riw", length="vectors"))
        assert {name: [point.length for point in line] for name, line in found.items()} == {
            "cot": [8, 32], "direct": [8, 32]
        }  # fmt: skip
        assert all(line[0].peak < line[1].peak for line in found.values())
        assert len(lines(opened, ChartOptions(task="riw", length="vectors", runs="1,3"))["cot"]) == 2


@pytest.mark.parametrize(("name", "begins"), [("c.svg", b"<?xml"), ("c.png", b"\x89PNG")])
def test_the_chart_is_written_in_the_form_of_its_name(
    name: str, begins: bytes, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / name
    assert drawn(monkeypatch, "riw", "--length", "vectors", "--store", str(store), "--out", str(out)) == 0
    assert out.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    "words", [["magic"], ["riw", "--length", "colour"], ["gsm8k", "--length", "limit"], ["riw", "--length", "vectors",
              "--out", "no/such/folder.svg"], ["riw", "--length", "vectors", "--out", "chart.xyz"]],
)  # fmt: skip
def test_what_cannot_be_drawn_is_one_sentence(
    words: list[str], store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drawn(monkeypatch, *words, "--store", str(store)) == 2
    assert "Traceback" not in capsys.readouterr().err
