"""Every strategy finds the templates that its reasoner renders, in every setting, and no template lies there unused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from app.backends.scripted import CAPABILITIES, ScriptedBackend
from graphs import STRATEGIES
from graphs.nodes import Resources, initial_state
from graphs.strategy import Strategy, graph, settings_for
from prompts import caller as caller_module
from prompts import numbered as numbered_module
from prompts import reasoner as reasoner_module
from prompts.backend import Capability
from prompts.render import render
from prompts.values import Question
from prompts.writers import MemoryMode
from tests.prompts.conftest import CLIPS

ROOT = Path(str(files("prompts")))
FOLDERS = sorted({strategy.templates for strategy in STRATEGIES.values()})
QUESTIONS = (CLIPS, *(replace(CLIPS, context="She sold 48. Then 24.", answers=form) for form in ("number", "vector")))


def every_setting() -> Iterator[dict[str, object]]:
    forms = product(get_args(MemoryMode), ("text", "json"), (False, True), ("keep", "heads", "rewrite"))
    for memory, form, flag, reading in forms:
        given = {"memory": memory, "memory_form": form, "drop_question": flag, "max_steps": 3, "memory_tokens": 16}
        given["reading"] = reading
        yield {**given, "on_wrong": "ask" if flag else "mark", "pin": "so far = 1" if flag else ""}


async def run(
    strategy: Strategy[Any], given: Mapping[str, Any], question: Question = CLIPS, *, continues: bool = True
) -> int:
    """Run the strategy to its end, with a new memory after each thought; the number of its steps."""
    replies = (f"She sold 48.\n{n} + 1 = {n}.\nKnown:\n- so far = {n}\nNext:\n- go on\n" for n in range(99))
    capabilities = CAPABILITIES if continues else frozenset[Capability]()
    settings = settings_for(strategy, given)
    reasoner = strategy.reasoner_for(ScriptedBackend(replies, capabilities=capabilities), settings)
    deadline = asyncio.get_running_loop().time() + 600
    state: Any = initial_state(question, await reasoner.start(question))
    resources = Resources(reasoner, settings, deadline)
    return len([step async for step in graph(strategy).astream(state, context=resources, stream_mode="custom")])


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the templates rendered so far."""
    names = set[str]()

    def spy(name: str, **values: str) -> str:
        names.add(name)
        return render(name, **values)

    monkeypatch.setattr(reasoner_module, "render", spy)
    monkeypatch.setattr(caller_module, "render", spy)
    monkeypatch.setattr(numbered_module, "render", spy)
    return names


@pytest.mark.parametrize("name", sorted(STRATEGIES))
async def test_a_strategy_finds_its_templates_in_every_setting(name: str, rendered: set[str]) -> None:
    for given in every_setting():
        assert await run(STRATEGIES[name], given)
    assert {f"{STRATEGIES[name].templates}/{each}" for each in ("system", "question")} <= rendered


async def test_every_template_is_rendered_by_some_strategy(rendered: set[str]) -> None:
    for strategy, given, continues in product(STRATEGIES.values(), every_setting(), (True, False)):
        for question in QUESTIONS if strategy.name == "compressed_memory" else (CLIPS,):
            await run(strategy, given, question, continues=continues)
    stored = {str(path.relative_to(ROOT).with_suffix("")) for path in ROOT.rglob("*.txt")}
    assert stored == rendered


def test_every_folder_with_templates_belongs_to_a_strategy() -> None:
    assert sorted({path.parent.name for path in ROOT.rglob("*.txt")}) == FOLDERS
