"""Strategies: LangGraph state machines over the Reasoner protocol. The name typed is the name of the file.

STRATEGIES["isump"].help
"""

from __future__ import annotations

from graphs import cot, direct, history_loop, isump, self_consistency
from graphs.strategy import Strategy
from prompts.values import UserError

DEFAULT = "isump"

STRATEGIES: dict[str, Strategy] = {
    "cot": cot.STRATEGY,
    "direct": direct.STRATEGY,
    "history_loop": history_loop.STRATEGY,
    "isump": isump.STRATEGY,
    "self_consistency": self_consistency.STRATEGY,
}
"""Every strategy by name."""


def find_strategy(name: str) -> Strategy:
    """The strategy of that name; raises ``UserError`` with the choices when there is none."""
    if name not in STRATEGIES:
        raise UserError(f"There is no strategy {name!r}: choose one of {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]
