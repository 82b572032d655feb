"""A strategy is an entry of ``STRATEGIES`` that says what others need to know; nobody compares its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import graphs
from app.backends.scripted import ScriptedBackend
from app.session import solve
from app.store import Store
from graphs import DEFAULT, STRATEGIES, find_strategy
from graphs.strategy import Strategy, settings_for
from prompts.backend import Capability
from prompts.reasoner import PromptReasoner
from prompts.render import template
from prompts.settings import Settings
from prompts.values import Question, UserError

ROOT = Path(__file__).parent.parent.parent
PRODUCT = sorted(
    path for name in ("app", "graphs", "prompts", "memory", "evals") for path in (ROOT / name).rglob("*.py")
)


def comparisons(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of every strategy's name that is compared with, matched, or looked up as a literal."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare():
                inside = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
            case ast.MatchValue(value=value):
                inside = [value]
            case ast.Subscript(slice=index):
                inside = [index]
            case ast.Call(func=ast.Attribute(attr="get" | "startswith" | "endswith"), args=[first, *_]):
                inside = [first]
            case _:
                continue
        for part in inside:
            if isinstance(part, ast.Constant) and part.value in STRATEGIES:
                yield part.lineno, str(part.value)


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_strategy_name_is_compared(path: Path) -> None:
    assert list(comparisons(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "source",
    [
        'if strategy == "isump": pass',
        'x = 1 if strategy in ("cot", "direct") else 2',
        'match strategy:\n    case "cot": pass',
        'LOOPS["isump"]',
        'if words.startswith("history_loop"): pass',
    ],
)
def test_a_comparison_is_noticed(source: str) -> None:
    assert list(comparisons(ast.parse(source)))


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_name_is_that_of_the_file_and_its_words_exist(name: str) -> None:
    strategy = STRATEGIES[name]
    assert strategy.name == name and (ROOT / "graphs" / f"{name}.py").is_file()
    assert strategy.help and template(f"{strategy.templates}/system")


def test_the_default_is_a_strategy() -> None:
    assert DEFAULT in STRATEGIES


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


async def test_a_strategy_that_needs_what_the_backend_lacks_is_refused_before_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needy = Strategy(
        "needy", "needs vectors", STRATEGIES["cot"].build, PromptReasoner, "cot", frozenset({Capability.VECTORS})
    )
    monkeypatch.setitem(STRATEGIES, "needy", needy)
    backend = ScriptedBackend(["never asked"])
    with Store.open(":memory:") as store:
        with pytest.raises(UserError, match=r"needy cannot run on the scripted backend.*hand out memory vectors"):
            async for _ in solve(Question("q", "Why?"), "needy", backend, Settings(), store):
                pass
        assert store.attempts() == [] and not backend.requests


def test_every_file_that_defines_a_strategy_is_listed_under_its_own_name() -> None:
    modules = {
        path.stem: import_module(f"graphs.{path.stem}") for path in Path(graphs.__file__).parent.glob("[!_]*.py")
    }
    defined = {name: module.STRATEGY for name, module in modules.items() if hasattr(module, "STRATEGY")}
    assert defined == STRATEGIES
    assert all(strategy.name == name for name, strategy in defined.items())
