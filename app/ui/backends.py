"""The backends that a visitor may choose by the name of their model, each opened when it is first asked for.

    backends = Backends(BackendConfig(backend="embedded"))
    backend = await backends.get(backends.names()[0])

A visitor never gives a path, an address or a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.backends.config import BackendConfig
from app.backends.open import open_backend
from app.errors import BadInput
from app.models import CATALOGUE, DEFAULT, downloaded
from app.streams import AT_ONCE
from prompts.backend import Backend

SLOTS = AT_ONCE
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
        self._default, self._opener = _public_name(config), opener
        self._opened: dict[str, Backend] = {}
        self._lock = asyncio.Lock()

    def names(self) -> list[str]:
        """The models that can be chosen, the command line's first."""
        others = [model.name for model in downloaded(self.config.cache_dir) if self.config.backend == "embedded"]
        return [self._default, *(name for name in others if name != self._default)]

    def check(self, name: str) -> None:
        """Raise ``BadInput`` when there is no model of that name."""
        if name not in self.names():
            raise BadInput(f"There is no model {name!r} here: choose one of {', '.join(self.names())}.")

    async def get(self, name: str) -> Backend:
        """The backend of the model of that name, ready to answer.

        Raises:
            BadInput: There is no model of that name.
            UserError: The backend cannot be opened; the next call tries again.
        """
        self.check(name)
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
        backend = await self._opener(self.config.model_copy(update={"model": model}).with_slots(SLOTS))
        if model and backend.model == model:
            backend.model = name  # a path is not for every reader of the traces
        return backend


def _public_name(config: BackendConfig) -> str:
    """The name that visitors see of the model of a config."""
    if config.backend == "scripted":
        return "scripted"
    if config.backend != "embedded":
        return config.model or "the server's model"
    name = config.model or DEFAULT
    return name if name in CATALOGUE or ":" in name else Path(name).name
