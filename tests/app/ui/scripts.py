"""Scripted backends for the page, instead of those that a config describes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.backends.config import BackendConfig
from app.backends.scripted import Reply, ScriptedBackend
from app.ui.backends import Backends
from prompts.backend import Backend
from prompts.values import Request

Script = Sequence[str | Reply] | Callable[[Request], str]

CONFIG = BackendConfig(backend="scripted")


def scripted_backends(script: Script, delay: float = 0.0) -> Backends:
    """Backends of one model, "scripted", which replies as the script says after ``delay`` seconds."""

    async def open_scripted(config: BackendConfig) -> Backend:
        return ScriptedBackend(script, delay=delay)

    return Backends(CONFIG, open_scripted)
