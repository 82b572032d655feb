"""Site: the trace store, the backends and the settings that every tab of the page works with.

site = Site(store, Backends(BackendConfig()), {}, read_only=False)
backend = await site.backend_for(site.backends.names()[0], "isump")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.session import check_backend
from app.store import Store
from app.ui.backends import Backends
from graphs import find_strategy
from graphs.strategy import settings_for
from prompts.backend import Backend
from prompts.settings import Settings


@dataclass(frozen=True, slots=True)
class Site:
    """One page: every tab reads the same store and may use the same backends.

    ``settings`` are those given on the command line, by name.
    """

    store: Store
    backends: Backends
    settings: Mapping[str, Any]
    read_only: bool

    def settings_for(self, strategy: str, chosen: Mapping[str, Any] | None = None) -> Settings:
        """The settings of an attempt: what a visitor chose, else what the command line gave, else the defaults.

        Raises:
            UserError: There is no such strategy, or a setting is out of bounds.
        """
        return settings_for(find_strategy(strategy), {**self.settings, **(chosen or {})})

    def check_strategies(self, *names: str) -> None:
        """Raise ``UserError`` when there is no such strategy, or it needs what the backend cannot do; opens nothing."""
        check_backend(self.backends.config, *map(find_strategy, names))

    async def backend_for(self, model: str, strategy: str) -> Backend:
        """The backend of the model of that name, for that strategy; raises as ``check_strategies`` and ``Backends``."""
        self.check_strategies(strategy)
        return await self.backends.get(model)
