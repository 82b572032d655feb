"""Strategies: LangGraph state machines over the Reasoner protocol. The name typed is the name of the file.

STRATEGIES["isump"].help
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from graphs.strategy import Strategy
from prompts.values import UserError

DEFAULT = "isump"

STRATEGIES: dict[str, Strategy] = {
    module.STRATEGY.name: module.STRATEGY
    for module in (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    if hasattr(module, "STRATEGY")
}
"""Every strategy by name: one for each module of this package that defines ``STRATEGY``."""


def find_strategy(name: str) -> Strategy:
    """The strategy of that name; raises ``UserError`` with the choices when there is none."""
    if name not in STRATEGIES:
        raise UserError(f"There is no strategy {name!r}: choose one of {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]
