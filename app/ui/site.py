"""Site: what every tab of the app works with, the trace store, the backends and the settings.

site = Site(store, Backends(BackendConfig()), Settings(), read_only=False)
own = site.seen_by("ann")
backend = await site.backend_for(site.backends.names()[0], "isump")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from markupsafe import Markup

from app.backends.open import check_backend
from app.store import Store
from app.ui.backends import Backends
from app.ui.html.text import escaped
from app.ui.stores import UserStores
from graphs import find_strategy
from graphs.strategy import settings_for
from prompts.backend import Backend
from prompts.settings import Settings

T = TypeVar("T", str, Markup)


@dataclass(frozen=True, slots=True)
class Site:
    """One app: every tab reads the same store and may use the same backends.

    ``settings`` are those of the command line. Where each user has a store (``stores``), ``store`` is an empty one
    until ``seen_by`` says whose Site it is: what was not asked of a user's own Site shows nothing.
    """

    store: Store
    backends: Backends
    settings: Settings
    read_only: bool
    stores: UserStores | None = None
    has_login: bool = False

    def seen_by(self, user: str | None) -> Self:
        """The Site of one user: the same, but with the user's own store where each has one.

        Raises:
            UserError: The user's store cannot be opened.
        """
        return self if self.stores is None else replace(self, store=self.stores.of(user))

    def check_store(self) -> None:
        """Raise ``StoreError`` when what is stored cannot be read."""
        if self.stores is not None:
            self.stores.check()
        self.store.attempts(1)

    def settings_for(self, strategy: str, chosen: Mapping[str, Any] | None = None) -> Settings:
        """The settings of an attempt: what a visitor chose, else what the command line gave, else the defaults.

        Raises:
            UserError: There is no such strategy, or a setting is out of bounds.
        """
        given = self.settings.model_dump(exclude_unset=True)
        return settings_for(find_strategy(strategy), given | dict(chosen or {}))

    def check_strategies(self, *names: str) -> None:
        """Raise ``UserError`` when there is no such strategy, or it needs what the backend cannot do; opens nothing."""
        check_backend(self.backends.config, *map(find_strategy, names))

    async def backend_for(self, model: str, strategy: str) -> Backend:
        """The backend of the model of that name, for that strategy; raises as ``check_strategies`` and ``Backends``."""
        self.check_strategies(strategy)
        return await self.backends.get(model)

    def public(self, text: T) -> T:
        """``text``, which may be an error's, without paths, addresses and keys of this machine."""
        stored = [Path(self.store.path), *([] if self.stores is None else [self.stores.folder])]
        paths = [path for store in stored for path in (str(store.resolve()), str(store))]
        private = [*self.backends.private, *((path, "the trace store") for path in paths)]
        for secret, words in sorted(private, key=lambda pair: -len(pair[0])):
            # A replacement in Markup escapes the new words but looks for the old ones as they are written in HTML.
            text = text.replace(escaped(secret) if isinstance(text, Markup) else secret, words)
        return text
