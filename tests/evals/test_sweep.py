"""A sweep measures every combination on the same questions, goes on where it stopped, and prints one table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.errors import BadInput
from app.store import Store
from evals.sweep import SweepOptions, cells, main
from graphs.isump import IsumpSettings


def swept(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    monkeypatch.setattr(sys, "argv", ["sweep", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_every_combination_is_there_once() -> None:
    options = SweepOptions.model_validate(
        {"strategies": "cot,history_loop,isump", "memories": "keep,add", "step_sizes": "64,96", "seed": 5}
    )
    found = list(cells(options))
    assert [cell.label for cell in found] == [
        "cot", "history_loop 64 tokens", "history_loop 96 tokens", "isump keep 64 tokens", "isump keep 96 tokens",
        "isump add 64 tokens", "isump add 96 tokens",
    ]  # fmt: skip
    assert {cell.settings.seed for cell in found} == {5}
    assert found[-1].settings == IsumpSettings(memory="add", step_tokens=96, seed=5)


@pytest.mark.parametrize("given", [{"memories": "keep,magic"}, {"step_sizes": "many"}, {"strategies": " , "}])
def test_a_combination_that_is_none_is_one_sentence(given: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        list(cells(SweepOptions.model_validate(given)))


def test_a_sweep_is_one_table_and_a_second_one_asks_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replies, store = tmp_path / "replies.jsonl", tmp_path / "t.sqlite"
    replies.write_text('"1 + 1 = 2\\nAnswer: 2"\n' * 4)
    where = ("gsm8k", "--source", "builtin", "--limit", "2", "--backend", "scripted", "--replies", str(replies))
    for _ in range(2):
        assert swept(monkeypatch, *where, "--store", str(store), "--strategies", "cot,isump") == 0
        header, _, cot, isump = capsys.readouterr().out.strip().split("\n")
        assert header.startswith("|  | right | peak context |")
        assert cot.startswith("| cot | 0 of 2 |") and "×" not in cot
        assert isump.startswith("| isump keep | 0 of 2 (+0.0 pts") and "×" in isump
    with Store.existing(store) as opened:
        assert len(opened.runs()) == 2 and len(opened.attempts()) == 4


def test_the_task_is_named_first(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert swept(monkeypatch, "--limit", "2") == 2
    assert "gsm8k" in capsys.readouterr().err
