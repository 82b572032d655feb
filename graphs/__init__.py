"""Strategies: LangGraph state machines over the Reasoner protocol. The name typed is the name of the file.

STRATEGIES["isump"].help
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import ValidationError, create_model
from pydantic.fields import FieldInfo

from graphs import (
    adaptive,
    chain_of_draft,
    compressed_memory,
    cot,
    direct,
    history_loop,
    isump,
    map_reduce,
    markovian,
    self_consistency,
    truncated,
)
from graphs.strategy import Strategy
from prompts.settings import Settings
from prompts.values import UserError

DEFAULT = "isump"

STRATEGIES: dict[str, Strategy[Any]] = {
    "adaptive": adaptive.STRATEGY,
    "chain_of_draft": chain_of_draft.STRATEGY,
    "compressed_memory": compressed_memory.STRATEGY,
    "cot": cot.STRATEGY,
    "direct": direct.STRATEGY,
    "history_loop": history_loop.STRATEGY,
    "isump": isump.STRATEGY,
    "map_reduce": map_reduce.STRATEGY,
    "markovian": markovian.STRATEGY,
    "self_consistency": self_consistency.STRATEGY,
    "truncated": truncated.STRATEGY,
}
"""Every strategy by name."""

SETTINGS: dict[str, dict[str, FieldInfo]] = {
    name: {key: fields[name] for key, each in STRATEGIES.items() if name in (fields := each.settings.model_fields)}
    for name in dict.fromkeys(name for each in STRATEGIES.values() for name in each.settings.model_fields)
}
"""Every setting by name, as the field it is of each strategy that has it."""


def find_strategy(name: str) -> Strategy[Any]:
    """The strategy of that name; raises ``UserError`` with the choices when there is none."""
    if name not in STRATEGIES:
        raise UserError(f"There is no strategy {name!r}: choose one of {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


def read_settings(strategy: str, text: str) -> Settings:
    """Settings as they were stored; those that the strategy no longer has, or of one that is gone, are kept too.

    Raises:
        ValidationError: ``text`` holds no settings.
    """
    kind: type[Settings] = STRATEGIES[strategy].settings if strategy in STRATEGIES else Settings
    try:
        return kind.model_validate_json(text)
    except ValidationError:
        return _with_others(kind).model_validate_json(text)


@cache
def _with_others(kind: type[Settings]) -> type[Settings]:
    return create_model(kind.__name__, __base__=kind, __cls_kwargs__={"extra": "allow"})
