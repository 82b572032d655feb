"""Strategy: a state machine with everything the rest of the program needs to know of it.

# graphs/mine.py
STRATEGY = Strategy("mine", "my own loop", build, LoopSettings, PromptReasoner, templates="isump")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, cast

from langgraph.graph.state import CompiledStateGraph
from pydantic import ValidationError

from graphs.live import LiveBackend
from graphs.reasoner import Reasoner, ReasonerSource
from prompts.backend import Backend, Capability
from prompts.settings import Settings, invalid_value
from prompts.values import UserError

Graph = CompiledStateGraph[Any, Any, Any, Any]
S = TypeVar("S", bound=Settings)


def _one(settings: Settings) -> int:
    return 1


@dataclass(frozen=True, slots=True, eq=False)
class Strategy(Generic[S]):
    """One way to solve a question.

    Attributes:
        name: The name typed on the command line, and of the file in ``graphs/``.
        help: One line that says what it does.
        build: Compiles its state machine.
        settings: Its settings; what only it has is added by a type of its own.
        reasoner: Makes its reasoner of a chat backend, the settings and ``templates``.
        templates: Folder of ``prompts/`` that holds its words.
        needs: What a backend must be able to do.
        resumable: Whether the memory is its whole state between two rounds, so that it can go on from any stored step.
        parallel_calls: Calls in flight at once within one attempt, for given settings.
    """

    name: str
    help: str
    build: Callable[[], Graph]
    settings: type[S]
    reasoner: Callable[[Backend, S, str], Reasoner]
    templates: str
    needs: frozenset[Capability] = frozenset()
    resumable: bool = False
    parallel_calls: Callable[[S], int] = _one

    def reasoner_for(self, backend: Backend, settings: S, *, live: bool = False) -> Reasoner:
        """The reasoner this strategy runs with: that of the backend's kind of model, else prompts to a chat backend.

        With ``live`` the text of each call is reported while it is written, where the backend can stream.
        """
        if isinstance(backend, ReasonerSource):
            return backend.reasoner(settings)
        return self.reasoner(cast(Backend, LiveBackend(backend)) if live else backend, settings, self.templates)

    def check_capabilities(self, backend: str, capabilities: frozenset[Capability]) -> None:
        """Raise ``UserError`` when the backend of that name lacks what the strategy needs."""
        if missing := sorted(self.needs - capabilities):
            raise UserError(
                f"{self.name} cannot run on the {backend} backend, which cannot {' or '.join(missing)}: "
                "choose another --backend or --strategy."
            )


def settings_for(strategy: Strategy[S], given: Mapping[str, Any]) -> S:
    """The settings of an attempt: what is given, as far as the strategy has such a setting, else the defaults.

    Raises:
        UserError: A value is out of bounds.
    """
    try:
        return strategy.settings(**{name: given[name] for name in strategy.settings.model_fields if name in given})
    except ValidationError as error:
        name, reason = invalid_value(error)
        raise UserError(f"The setting {name.replace('_', ' ')} {reason}.") from error


@cache
def graph(strategy: Strategy[Any]) -> Graph:
    """The compiled state machine of a strategy."""
    return strategy.build()
