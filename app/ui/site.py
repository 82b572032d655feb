"""What every tab of the app works with: the trace store, the engines, the settings. No gradio here.

    site = Site(store, config, Settings(), read_only=False, engines=Engines.of(args, config))
    backend = await site.engines.get(site.engines.names()[0])

A visitor chooses an engine by a name that is offered, and never gives a path, an address or a key.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.backends.open import open_engine
from app.config import Config
from app.errors import BadInput
from app.models.catalogue import CATALOGUE, DEFAULT, status
from app.options import SELF_CONSISTENCY_TEMPERATURE
from app.store import Store
from prompts.backend import Backend
from prompts.settings import Settings

SLOTS = 4
"""Requests an embedded model answers side by side; further visitors wait their turn."""


class Engines:
    """The engines a visitor may choose, each opened once, when it is first asked for.

    Args:
        first: The name of the engine that the command line chose.
        open_named: Opens the engine of a name.
        others: The names that may be chosen beside it; asked anew each time.
        private: What of the settings no visitor may read, each with the words shown instead.
    """

    def __init__(
        self,
        first: str,
        open_named: Callable[[str], Awaitable[Backend]],
        others: Callable[[], Iterable[str]] = tuple,
        private: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.private = tuple(private)
        self._first, self._open_named, self._others = first, open_named, others
        self._opened: dict[str, Backend] = {}
        self._lock = asyncio.Lock()

    @classmethod
    def of(cls, args: argparse.Namespace, config: Config) -> Engines:
        """The engine the command line names, and every model already downloaded when it is an embedded one."""
        first = _public_name(args.backend, args.model)

        async def open_named(name: str) -> Backend:
            asked = args.model if name == first else name
            backend = await open_engine(argparse.Namespace(**(vars(args) | {"model": asked})), config, slots=SLOTS)
            if asked and backend.model == asked:
                backend.model = name  # a path is not for every reader of the traces
            return backend

        others = partial(_downloaded, config.cache_dir) if args.backend == "embedded" else tuple
        return cls(first, open_named, others, _private(args, config))

    def names(self) -> list[str]:
        """What can be chosen, the engine of the command line first."""
        return [self._first, *(name for name in self._others() if name != self._first)]

    async def get(self, name: str) -> Backend:
        """The engine of that name, ready to answer.

        Raises:
            BadInput: There is no engine of that name.
            UserError: The engine cannot be had; the next call tries again.
        """
        if name not in self.names():
            raise BadInput(f"There is no engine {name!r} here: choose one of {', '.join(self.names())}.")
        async with self._lock:
            if name in self._opened and not getattr(self._opened[name], "alive", True):
                await self._opened.pop(name).aclose()  # its process ended, perhaps for lack of memory
            if name not in self._opened:
                self._opened[name] = await self._open_named(name)
            return self._opened[name]

    async def aclose(self) -> None:
        """Close every engine that was opened."""
        async with self._lock:
            while self._opened:
                await self._opened.popitem()[1].aclose()


@dataclass(frozen=True, slots=True)
class Site:
    """One app: every tab reads the same store and may use the same engines; nothing in it belongs to a visitor."""

    store: Store
    config: Config
    settings: Settings
    read_only: bool
    engines: Engines

    def settings_for(self, strategy: str, **chosen: Any) -> Settings:
        """The settings of an attempt: the command line's, with what a visitor chose over them.

        Raises:
            BadInput: A setting is out of bounds.
        """
        given = self.settings.model_dump() | chosen
        if strategy == "self_consistency" and not given["temperature"]:
            given["temperature"] = SELF_CONSISTENCY_TEMPERATURE
        try:
            return Settings(**given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).replace("_", " ")
            raise BadInput(f"The {name} cannot be {first['input']}: {first['msg'].lower()}.") from error

    def public(self, text: str) -> str:
        """``text``, which may be an error's, without paths, addresses and keys of this machine."""
        store = Path(self.store.path)
        private = [*self.engines.private, (str(store.resolve()), "the trace store"), (str(store), "the trace store")]
        for secret, words in sorted(private, key=lambda pair: -len(pair[0])):
            text = text.replace(secret, words)
        return text


def _public_name(backend: str, model: str | None) -> str:
    if backend == "scripted":
        return "scripted"
    if backend != "embedded":
        return model or "the server's model"
    name = model or DEFAULT
    return name if name in CATALOGUE or ":" in name else Path(name).name


def _downloaded(cache: Path) -> list[str]:
    return [found.model.name for found in status(cache) if found.path]


def _private(args: argparse.Namespace, config: Config) -> list[tuple[str, str]]:
    secrets = [
        (config.api_key.get_secret_value() if config.api_key else None, "the key"),
        (args.base_url, "the server"),
        (args.replies, "the file of replies"),
        (args.model if args.model and Path(args.model).is_absolute() else None, "the model"),
        (config.cache_dir, "the model folder"),
        (Path.home(), "~"),
    ]
    return [(str(secret), words) for secret, words in secrets if secret and len(str(secret)) > 3]
