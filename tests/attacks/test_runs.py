"""A run is one experiment: whatever would make its second half otherwise than its first is refused by name."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.store import Store
from evals.commands import main
from graphs import SETTINGS

HANGS = 60
"""Seconds after which something hangs, however busy the machine is."""
OTHER = {
    "memory": "fused",
    "ablation": "no-memory",
    "drop_question": "true",
    "memory_form": "json",
    "step_tokens": "64",
    "memory_tokens": "64",
    "answer_tokens": "64",
    "temperature": "0.6",
    "seed": "1",
    "on_wrong": "ask",
    "samples": "4",
    "token_budget": "64",
    "votes": "3",
    "draft_tokens": "64",
    "draft_temperature": "0.5",
    "pin": "It is spring.",
    "chunk_tokens": "64",
    "reading": "rewrite",
    "heads": "2",
    "context_tokens": "64",
    "max_steps": "3",
    "max_tokens": "512",
    "max_seconds": "60",
}
"""A value of each setting that is not its default."""
N = 4


def ask(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """The exit code of ``python -m evals.gsm8k`` with those words, and what it printed as one line."""
    monkeypatch.setattr(sys, "argv", ["evals.gsm8k", *words])
    with pytest.raises(SystemExit) as ended:
        main("gsm8k")
    said = capsys.readouterr()
    return ended.value.code, " ".join((said.out + said.err).split())


def data_file(path: Path, golds: range = range(N)) -> Path:
    lines = ({"question": f"How many are {n} and 0?", "answer": f"#### {n}"} for n in golds)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def replies_file(path: Path, count: int, seconds: float = 0.0) -> Path:
    line = json.dumps({"text": "Answer: 1", "seconds": seconds})
    path.write_text(f"{line}\n" * count)
    return path


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The words that resume a run in which two of four questions have failed."""
    replies = replies_file(tmp_path / "replies.jsonl", 2)
    where = ["--store", str(tmp_path / "t.sqlite"), "--replies", str(replies)]
    asked = ["--data", str(data_file(tmp_path / "data.jsonl")), "--strategy", "direct", "--concurrency", "1"]
    code, said = ask([*where, "--backend", "scripted", *asked], monkeypatch, capsys)
    assert code == 1 and "2 errors" in said
    return ["--resume", "1", *where]


def results(path: Path) -> list[tuple[str, str, int]]:
    with Store.existing(path) as store:
        return [(item.question_id, item.status, item.attempt) for item in store.items(1)]


def test_every_setting_is_tried() -> None:
    assert OTHER.keys() == SETTINGS.keys()
    assert all(str(field.default).lower() != OTHER[name] for name in OTHER for field in SETTINGS[name].values())


@pytest.mark.parametrize("how", ["option", "environment"])
@pytest.mark.parametrize("name", OTHER)
def test_another_setting_is_refused_by_name(
    name: str,
    how: str,
    begun: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, words = results(tmp_path / "t.sqlite"), begun
    if how == "environment":
        monkeypatch.setenv(f"ISUMP_{name.upper()}", OTHER[name])
    else:
        value = [] if OTHER[name] == "true" else [OTHER[name]]
        words = [*begun, f"--{name.replace('_', '-')}", *value]
    own = "direct" in SETTINGS[name]
    code, said = ask(words, monkeypatch, capsys)
    assert "Traceback" not in said
    if how == "environment" and not own:
        assert code == 0, "it is meant for other strategies"
        return
    assert code == 2 and (f"{name.replace('_', ' ')} was" if own else "for direct: it is a setting of") in said
    assert results(tmp_path / "t.sqlite") == before, "nothing was asked"


@pytest.mark.parametrize(
    "more",
    [
        ["--limit", "2"],
        ["--offset", "1"],
        ["--sample-seed", "3"],
        ["--split", "train"],
        ["--source", "builtin"],
        ["--strategy", "isump"],
        ["--model", "another"],
    ],
    ids=lambda words: words[0].strip("-"),
)
def test_other_questions_strategies_and_models_are_refused(
    more: list[str],
    begun: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if more[0] == "--model":
        replies_file(tmp_path / "replies.jsonl", 3)
        more = []
    before = results(tmp_path / "t.sqlite")
    code, said = ask([*begun, *more], monkeypatch, capsys)
    assert code == 2 and "Traceback" not in said
    assert results(tmp_path / "t.sqlite") == before, "nothing was asked"


@pytest.mark.parametrize(
    "more", [["--concurrency", "3"], ["--timeout", "5"], ["--context", "4096"], ["--json"]], ids=str
)
def test_what_makes_no_number_may_change(
    more: list[str],
    begun: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = [result for result in results(tmp_path / "t.sqlite") if result[1] == "done"]
    code, _ = ask([*begun, *more], monkeypatch, capsys)
    after = results(tmp_path / "t.sqlite")
    assert code == 0 and len(after) == N
    assert set(done) <= set(after) and len(done) == 2, "what was done stays"
    assert {status for _, status, _ in after} == {"done"}


def process(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (sys.executable, "-m", "evals.gsm8k", *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_processes_that_resume_one_run_at_once_do_every_item_once(tmp_path: Path) -> None:
    store, replies = tmp_path / "t.sqlite", replies_file(tmp_path / "replies.jsonl", 64, seconds=0.3)
    where = ["--store", str(store), "--replies", str(replies), "--concurrency", "1"]
    first = process(["--source", "builtin", "--limit", "30", "--strategy", "direct", "--backend", "scripted", *where])
    until = time.monotonic() + HANGS
    while time.monotonic() < until and not (store.exists() and (Store.existing(store).runs() or [])):
        time.sleep(0.05)
    first.kill()
    first.communicate()
    together = [process(["--resume", "1", *where]) for _ in range(4)]
    said = [(each.communicate(timeout=HANGS)[0], each.returncode) for each in together]
    assert sorted(code for _, code in said) == [0, 2, 2, 2], said
    for text, code in said:
        assert "Traceback" not in text and "IntegrityError" not in text
        if code == 2:
            assert "Run 1 is being written already" in text
    with Store.existing(store) as opened:
        items = opened.items(1)
        assert len({item.question_id for item in items}) == len(items) == 30
        assert all(item.status == "done" for item in items)
