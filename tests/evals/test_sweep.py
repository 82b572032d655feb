"""A sweep measures every combination on the same questions, goes on where it stopped, and prints one table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.backends.config import BackendConfig
from app.backends.open import open_backend
from app.errors import BadInput
from app.store import Store
from evals.sweep import SweepOptions, cells, main
from graphs.isump import IsumpSettings
from prompts.backend import Backend


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


def test_a_file_holds_a_grid_and_the_command_line_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replies, store, grid = tmp_path / "replies.jsonl", tmp_path / "t.sqlite", tmp_path / "grid.toml"
    replies.write_text('"1 + 1 = 2\\nAnswer: 2"\n' * 8)
    grid.write_text(
        f'task = "gsm8k"\nsource = "builtin"\nlimit = 9\nstrategies = ["cot", "direct"]\nseeds = [0, 1]\n'
        f'models = ["one", "two"]\nbackend = "scripted"\nreplies = "{replies}"\nstore = "{store}"\n'
    )
    opened_models = list[str | None]()

    async def opening(config: BackendConfig) -> Backend:
        opened_models.append(config.model)
        return await open_backend(config)

    monkeypatch.setattr("evals.sweep.open_backend", opening)
    assert swept(monkeypatch, "--config", str(grid), "--limit", "1") == 0
    assert opened_models == ["one", "two"]
    rows = [line.split("|")[1].strip() for line in capsys.readouterr().out.strip().split("\n")[2:]]
    ways = [(seed, model) for seed in (0, 1) for model in ("one", "two")]
    assert rows == [f"{name} seed {seed} {model}" for name in ("cot", "direct") for seed, model in ways]
    with Store.existing(store) as opened:
        assert {run.spec.settings.seed for run in opened.runs()} == {0, 1}
        assert all(len(opened.items(run.id)) == 1 for run in opened.runs())


@pytest.mark.parametrize("text", ["task = ", 'limit = 2\nno_such_option = 1\ntask = "gsm8k"', 'task = "no such"', None])
def test_a_file_that_is_no_grid_is_one_sentence(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / "grid.toml").write_text(text)
    assert swept(monkeypatch, "--config", str(tmp_path / "grid.toml")) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_dry_run_prints_the_first_prompts_and_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "t.sqlite"
    words = ("riw", "--dry-run", "2", "--strategies", "cot,isump", "--store", str(store), "--model", "no such model")
    assert swept(monkeypatch, *words) == 0
    said = capsys.readouterr().out
    told = ("== cot", "== isump keep", "-- riw-2x8-0-1", "Question: Start from")
    assert [said.count(each) for each in told] == [1, 1, 2, 4]
    assert not store.exists()
