"""A strategy is an entry of ``STRATEGIES`` that says what others need to know; nobody compares its name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import graphs
from graphs import STRATEGIES, find_strategy
from graphs.strategy import settings_for
from prompts.render import template
from prompts.settings import Settings
from prompts.values import UserError

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_name_is_that_of_the_file_and_its_words_exist(name: str) -> None:
    strategy = STRATEGIES[name]
    assert strategy.name == name and (ROOT / "graphs" / f"{name}.py").is_file()
    assert strategy.help and template(f"{strategy.templates}/system")


def test_an_unknown_name_is_refused_with_the_choices() -> None:
    with pytest.raises(UserError, match=r"'magic'.*cot.*isump"):
        find_strategy("magic")


def test_settings_are_what_is_given_else_the_strategys_default_else_the_general_one() -> None:
    votes = STRATEGIES["self_consistency"]
    assert settings_for(votes, {}).temperature == 0.7
    assert settings_for(votes, {"temperature": 0.0}).temperature == 0.0
    assert settings_for(STRATEGIES["cot"], {}).temperature == Settings().temperature
    with pytest.raises(UserError, match="step tokens cannot be 0"):
        settings_for(votes, {"step_tokens": 0})


def test_the_calls_in_flight_are_known_before_anything_runs() -> None:
    assert STRATEGIES["self_consistency"].parallel_calls(Settings(samples=9)) == 9
    assert STRATEGIES["isump"].parallel_calls(Settings(samples=9)) == 1


def test_every_file_that_defines_a_strategy_is_listed_under_its_own_name() -> None:
    modules = {
        path.stem: import_module(f"graphs.{path.stem}") for path in Path(graphs.__file__).parent.glob("[!_]*.py")
    }
    defined = {name: module.STRATEGY for name, module in modules.items() if hasattr(module, "STRATEGY")}
    assert defined == STRATEGIES
    assert all(strategy.name == name for name, strategy in defined.items())
