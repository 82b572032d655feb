"""A task is an entry of ``TASKS`` that says what others need to know; whatever task is added is tested here too."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import evals
from evals.gsm8k import numeric
from evals.task import Item, QuestionSet, Source, Task
from evals.tasks import TASKS
from prompts.answers import ANSWER_FORMS
from prompts.checks import CHECKS
from prompts.values import Question

FOLDER = Path(evals.__file__).parent
ITEM = Item(Question("q1", "How many?"), "72")


def asked(source: Source) -> QuestionSet:
    return QuestionSet(
        "toy/ten", "3", source.sample([replace(ITEM, question=Question(f"q{n}", "?")) for n in range(10)])
    )


def task(**changes: Any) -> Task:
    given = {"help": "toys", "version": "3", "source": Source, "load": asked, "scorers": {"numeric": numeric}}
    return Task(name="toy", **{**given, "primary": "numeric", **changes})


each_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


def test_every_module_that_defines_a_task_is_listed_under_its_own_name() -> None:
    modules = {path.stem: import_module(f"evals.{path.stem}") for path in FOLDER.glob("[!_]*.py")}
    defined = {name: found for name, module in modules.items() if (found := getattr(module, "TASK", None))}
    assert {name: found for name, found in defined.items() if found.name == name} == TASKS
    assert all(found.name in defined for found in defined.values()), "the others only import a task of another module"


@each_task
def test_a_task_says_what_others_need_to_know(task: Task) -> None:
    assert task.help and task.version
    assert task.primary in task.scorers
    assert set(task.checks) <= CHECKS.keys()
    assert task.answers in ANSWER_FORMS


@each_task
def test_its_source_is_read_back_from_the_json_that_a_run_stores(task: Task) -> None:
    assert issubclass(task.source, Source)
    for source in (task.source(), *task.presets.values(), task.source(limit=3, offset=2, sample_seed=5)):
        assert type(source) is task.source, "a preset is a source of its own task"
        assert task.source(**source.model_dump(mode="json")) == source
        assert task.source.model_validate_json(source.model_dump_json()) == source


@each_task
def test_its_command_says_what_it_measures(task: Task) -> None:
    said = subprocess.run(
        [sys.executable, "-m", f"evals.{task.name}", "--help"],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert task.help in " ".join(said.stdout.split())
    assert all(f"--{name.replace('_', '-')}" in said.stdout for name in task.source.model_fields)


@pytest.mark.parametrize("form", ANSWER_FORMS)
def test_every_question_is_stamped_with_the_form_its_answer_is_read_by(form: str) -> None:
    loaded = task(answers=form).questions(Source())
    assert len(loaded.items) == 10
    assert {item.question.answers for item in loaded.items} == {form}
    assert (loaded.name, loaded.version) == ("toy/ten", "3")


def test_the_questions_are_those_that_were_loaded_but_for_the_form() -> None:
    source = Source(limit=4, sample_seed=1)
    plain, stamped = asked(source).items, task(answers="number").questions(source).items
    assert stamped == tuple(replace(item, question=replace(item.question, answers="number")) for item in plain)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"checks": ("equations", "spelling")}, "no check 'spelling': choose of equations, fidelity, bindings"),
        ({"primary": "exact"}, "primary scorer 'exact' is not one of numeric"),
        ({"scorers": {}}, "primary scorer 'numeric' is not one of"),
        ({"answers": "letter"}, "no answer form 'letter': choose one of stated, number"),
        ({"verifier": "edges"}, "no verifier 'edges': choose one of equations"),
    ],
)
def test_a_task_with_an_unknown_name_in_it_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        task(**changes)
