"""A task is one file and a line, and so is a strategy: added to a copy of the program, they work everywhere at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.store import Store

ROOT = Path(__file__).parent.parent

TASK = '''"""Colours: a toy task whose answers are words."""

from evals.task import Item, QuestionSet, Source, Task
from prompts.values import Question, Score


def load(source):
    items = [Item(Question(f"colour-{i}", f"Which colour has fruit {i}?"), {"red", "crimson"}) for i in range(9)]
    return QuestionSet("colours/toy", "7", source.sample(items))


def one_of(item, attempt, steps):
    if attempt.answer is None:
        return Score(None, None, "no answer")
    return Score(float(attempt.answer in item.gold), attempt.answer, f"{len(steps)} steps")


TASK = Task(
    "colours", "the colours of fruit", "7", Source, load, {"one-of": one_of}, "one-of", checks=("equations",),
    presets={"nine fruits": Source()},
)

if __name__ == "__main__":
    from evals.commands import main

    main("colours")
'''

STRATEGY = '''"""Twice: a toy strategy with a setting of its own, that thinks once and concludes."""

from pydantic import Field

from graphs.cot import build
from graphs.strategy import Strategy
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings


class TwiceSettings(Settings):
    echoes: int = Field(default=2, ge=1, description="times it is said again")


STRATEGY = Strategy("twice", "think once, then say it again", build, TwiceSettings, PromptReasoner, templates="cot")
'''


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with two more files, each listed."""
    folder = tmp_path_factory.mktemp("extended")
    for name in ("app", "graphs", "prompts", "memory", "evals"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "evals" / "colours.py").write_text(TASK)
    (folder / "graphs" / "twice.py").write_text(STRATEGY)
    for file, name, entry in (("evals/tasks.py", "gsm8k", "colours"), ("graphs/__init__.py", "cot", "twice")):
        text = (folder / file).read_text()
        pair = f'"{name}": {name}.{"TASK" if name == "gsm8k" else "STRATEGY"}'
        assert pair in text
        text = text.replace(pair, f"{pair}, {pair.replace(name, entry)}")
        text = text.replace(f" {name},", f" {entry}, {name},", 1)
        (folder / file).write_text(text)
    replies = [f"Fruit is 2 + 2 = 5.\nAnswer: {colour}" for colour in ("red", "crimson", "blue")]
    (folder / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    return folder


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        (sys.executable, *words), cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def page_config(folder: Path, *words: str) -> str:
    """Everything the page is made of, as the browser is told it."""
    command = (sys.executable, "-m", "app", "ui", "--port", "0", *words)
    environment = os.environ | {"PYTHONPATH": str(folder)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            address = re.search(r"http://\S+?(?=/?\s)", process.stdout.readline())
            assert address, "the page is served"
            return httpx.get(f"{address[0]}/config", trust_env=False, timeout=60).raise_for_status().text
        finally:
            process.terminate()


def test_a_new_task_and_a_new_strategy_run_from_the_command_line_into_store_and_page(extended: Path) -> None:
    store = extended / "t.sqlite"
    where = ("--store", str(store), "--backend", "scripted", "--replies", str(extended / "replies.jsonl"))
    asked = ("-m", "evals.colours", "--strategy", "twice", "--echoes", "3", "--limit", "3", "--concurrency", "1")
    said = ran(extended, *asked, "--json", *where)
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout.splitlines()[-1])
    assert (found["task"], found["strategy"], found["n"], found["errors"]) == ("colours/toy", "twice", 3, 0)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert "one-of" in said.stdout

    help = ran(extended, "-m", "app", "solve", "--help").stdout
    assert "twice: times it is said again" in " ".join(help.split())
    listed = ran(extended, "-m", "app", "runs", "--store", str(store)).stdout
    assert "colours" in listed and "twice" in listed

    with Store.existing(store) as stored:
        spec, items = stored.run(1).spec, stored.items(1)
        assert (spec.task, spec.primary, spec.task_version, spec.checks) == ("colours", "one-of", "7", ("equations",))
        assert sorted(item.scores["one-of"] or 0 for item in items) == [0, 1, 1]
        assert stored.attempt(items[0].attempt).spec.settings.model_dump()["echoes"] == 3
        checks = {found.check for item in items for each in stored.records(item.attempt) for found in each.findings}
        assert checks == {"equations"}

    config = page_config(extended, *where)
    assert "nine fruits" in config, "the task's preset is offered in the eval panel"
    assert '"twice"' in config, "the strategy is offered"
    assert "twice on colours/toy" in config, "the run is listed"
    assert "times it is said again" in config, "the setting has a control"

    other = ran(extended, "-m", "evals.colours", "--resume", "1", "--echoes", "4", *where)
    assert other.returncode == 2 and "echoes was 3 and is 4" in " ".join(other.stderr.split())
    again = ran(extended, "-m", "evals.colours", "--resume", "1", "--json", *where)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout.splitlines()[-1])["n"] == 3
