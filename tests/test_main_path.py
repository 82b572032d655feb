"""The command line with a real small language model, as a user runs it: solve, replay, measure, resume, compare."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.store import Store
from evals.results import backend_use
from graphs import SETTINGS, STRATEGIES
from prompts.memories import TextMemory

pytestmark = pytest.mark.integration

QUESTION = "Ann has 3 dozen eggs. She sells 8 and gives a quarter of the rest to Bo. How many are left?"


def ran(*words: str, given: str = "") -> str:
    """What a command printed, which must have ended well and without a word of the engine's log."""
    ended = subprocess.run(
        (sys.executable, *words), input=given, capture_output=True, text=True, timeout=600, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr and "llama" not in ended.stderr
    return ended.stdout


def last_object(output: str) -> dict[str, Any]:
    return json.loads(output.splitlines()[-1])


@pytest.mark.parametrize(("mode", "form"), [("keep", "text"), ("rewrite", "text"), ("rewrite", "json")])
def test_solve_streams_stores_and_replays(mode: str, form: str, smollm2: Path, tmp_path: Path) -> None:
    where = ("--store", str(tmp_path / "t.sqlite"))
    sizes = ("--step-tokens", "40", "--memory-tokens", "400", "--max-steps", "3")
    words = ("--model", str(smollm2), "--memory", mode, "--memory-form", form, *sizes, *where)
    output = ran("-m", "app", "solve", *words, given=QUESTION)
    replayed = ran("-m", "app", "show", "1", *where)
    assert output.strip() == replayed.strip(), "live and replayed, an attempt looks the same"
    assert "what we know" in output.lower() and "Answer:" in output
    with Store.existing(tmp_path / "t.sqlite") as store:
        records = store.records(1)
        assert records[0].step.calls[0].generation.usage.completion <= 40
        for step in (record.step for record in records if record.step.verb == "summarize"):
            assert isinstance(step.memory_after, TextMemory)
            assert step.memory_after.known or mode == "keep" or "summary unreadable, memory kept" in step.marks
            assert step.memory_after.known or form == "text", "a schema makes every summary readable"
        schemas = [call.request.schema for record in records for call in record.step.calls]
        assert any(schemas) == (form == "json")
        assert store.costs(1).cached_tokens > 0, "a summary's prompt begins with the step's"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_is_measured(strategy: str, smollm2: Path, tmp_path: Path) -> None:
    where = ("--store", str(tmp_path / "t.sqlite"), "--model", str(smollm2), "--source", "builtin")
    own = {"step_tokens": ("--step-tokens", "48"), "samples": ("--samples", "2")}
    of_strategy = (word for name, words in own.items() if strategy in SETTINGS[name] for word in words)
    sizes = ("--limit", "3", "--max-steps", "3", "--max-tokens", "256", *of_strategy)
    one_after_another = ("--concurrency", "1")  # four short prompts that arrive together share nothing yet
    found = last_object(ran("-m", "evals.gsm8k", "--strategy", strategy, *sizes, *one_after_another, *where, "--json"))
    assert (found["task"], found["strategy"], found["n"], found["errors"]) == ("gsm8k-builtin", strategy, 3, 0)
    assert found["cached_tokens"] > 0, "the prompts begin alike"
    assert 0 < found["generated"] <= 256
    with Store.existing(tmp_path / "t.sqlite") as store:
        assert {item.status for item in store.items(1)} == {"done"}
        assert backend_use(store, 1).busy > 0.5


def test_a_run_goes_on_where_it_stopped_and_is_compared(smollm2: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    where = ("--store", str(path), "--model", str(smollm2))
    sizes = ("--source", "builtin", "--limit", "3", "--max-steps", "2", "--max-tokens", "160")
    steps = ("--step-tokens", "32", "--concurrency", "1")
    begin = ("-m", "evals.gsm8k", "--strategy", "isump", *sizes, *where, *steps)
    process = subprocess.Popen((sys.executable, *begin), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if path.exists() and _done(path) >= 1:
            process.kill()
            break
    process.wait()
    kept = _done(path)
    assert 1 <= kept < 3
    found = last_object(ran("-m", "evals.gsm8k", "--resume", "1", *where, "--json"))
    assert (found["n"], found["errors"]) == (3, 0)
    with Store.existing(path) as store:
        assert sorted(item.status for item in store.items(1)) == ["done"] * 3
    ran("-m", "evals.gsm8k", "--strategy", "direct", *sizes, *where)
    assert "3 questions" in ran("-m", "evals.compare", "1", "2", "--store", str(path))


def _done(path: Path) -> int:
    with Store.existing(path) as store:
        return sum(item.status == "done" for item in store.items(1)) if store.runs() else 0
