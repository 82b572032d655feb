"""The backends that a visitor may choose by the name of their model, each opened when it is first asked for.

    backends = Backends(BackendConfig(backend="embedded"))
    backend = await backends.get(backends.names()[0])

A visitor never gives a path, an address or a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from app.backends.config import BackendConfig
from app.backends.open import open_backend
from app.errors import BadInput
from app.models import DEFAULT, downloaded
from app.streams import CONCURRENCY
from prompts.backend import Backend

SLOTS = CONCURRENCY
"""Requests that an embedded model answers at the same time; further ones wait."""


class Backends:
    """The backend of the command line, and of every model already downloaded when it is an embedded one.

    Args:
        config: The backend of the command line.
        opener: Opens the backend of a config.
    """

    def __init__(
        self, config: BackendConfig, opener: Callable[[BackendConfig], Awaitable[Backend]] = open_backend
    ) -> None:
        self.config = config
        names = {"scripted": "scripted", "embedded": DEFAULT}
        self._default = config.model or names.get(config.backend, "the server's model")
        self._opener = opener
        self._opened: dict[str, Backend] = {}
        self._lock = asyncio.Lock()

    def names(self) -> list[str]:
        """The models that can be chosen, the command line's first."""
        others = [model.name for model in downloaded(self.config.cache_dir) if self.config.backend == "embedded"]
        return [self._default, *(name for name in others if name != self._default)]

    async def get(self, name: str) -> Backend:
        """The backend of the model of that name, ready to answer.

        Raises:
            BadInput: There is no model of that name.
            UserError: The backend cannot be opened; the next call tries again.
        """
        if name not in self.names():
            raise BadInput(f"There is no model {name!r} here: choose one of {', '.join(self.names())}.")
        async with self._lock:
            if name in self._opened and not self._opened[name].alive:
                await self._opened.pop(name).aclose()  # its process ended, perhaps for lack of memory
            if name not in self._opened:
                self._opened[name] = await self._open(name)
            return self._opened[name]

    @property
    def state(self) -> str:
        """Whether what was opened can answer, for whoever watches the server."""
        if not self._opened:
            return "not loaded"
        return "alive" if all(backend.alive for backend in self._opened.values()) else "ended"

    async def aclose(self) -> None:
        """Close every backend that was opened."""
        async with self._lock:
            while self._opened:
                await self._opened.popitem()[1].aclose()

    async def _open(self, name: str) -> Backend:
        model = self.config.model if name == self._default else name
        return await self._opener(self.config.model_copy(update={"model": model}).with_slots(SLOTS))
