"""Strategy: a state machine with everything the rest of the program needs to know of it.

# graphs/mine.py
STRATEGY = Strategy("mine", "my own loop", build, PromptReasoner, templates="isump")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from langgraph.graph.state import CompiledStateGraph
from pydantic import ValidationError

from graphs.reasoner import Reasoner
from prompts.backend import Backend, Capability
from prompts.settings import Settings, invalid_value
from prompts.values import UserError

Graph = CompiledStateGraph[Any, Any, Any, Any]


def _one(settings: Settings) -> int:
    return 1


@dataclass(frozen=True, slots=True, eq=False)
class Strategy:
    """One way to solve a question.

    Attributes:
        name: The name typed on the command line, and of the file in ``graphs/``.
        help: One line that says what it does.
        build: Compiles its state machine.
        reasoner: Makes its reasoner of a backend, the settings and ``templates``.
        templates: Folder of ``prompts/`` that holds its words.
        needs: What a backend must be able to do.
        resumable: Whether the memory is its whole state between two rounds, so that it can go on from any stored step.
        defaults: Settings whose default differs under this strategy.
        parallel_calls: Calls in flight at once within one attempt, for given settings.
    """

    name: str
    help: str
    build: Callable[[], Graph]
    reasoner: Callable[[Backend, Settings, str], Reasoner]
    templates: str
    needs: frozenset[Capability] = frozenset()
    resumable: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    parallel_calls: Callable[[Settings], int] = _one

    def reasoner_for(self, backend: Backend, settings: Settings) -> Reasoner:
        """The reasoner this strategy runs with."""
        return self.reasoner(backend, settings, self.templates)

    def check_capabilities(self, backend: str, capabilities: frozenset[Capability]) -> None:
        """Raise ``UserError`` when the backend of that name lacks what the strategy needs."""
        if missing := sorted(self.needs - capabilities):
            raise UserError(
                f"{self.name} cannot run on the {backend} backend, which cannot {' or '.join(missing)}: "
                "choose another --backend or --strategy."
            )


def settings_for(strategy: Strategy, given: Mapping[str, Any]) -> Settings:
    """The settings of an attempt: what is given, else the strategy's defaults, else those of ``Settings``.

    Raises:
        UserError: A value is out of bounds.
    """
    try:
        return Settings(**{**strategy.defaults, **given})
    except ValidationError as error:
        name, reason = invalid_value(error)
        raise UserError(f"The setting {name.replace('_', ' ')} {reason}.") from error


@cache
def graph(strategy: Strategy) -> Graph:
    """The compiled state machine of a strategy."""
    return strategy.build()
