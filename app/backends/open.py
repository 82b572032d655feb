"""Opens the backend that a BackendConfig describes; ``BACKENDS`` says which there are and what each can do.

Opening is asynchronous because a backend is ready once it is open: the model is
loaded, or the server has been asked for its name. It belongs to the event loop it was opened in.

    async with aclosing(await open_backend(BackendConfig(model="smollm2-135m-instruct"))) as backend:
        generation = await backend.generate(request)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from app.backends.config import BackendConfig
from app.errors import BadInput
from app.models import DEFAULT, NotDownloaded, find, pull, resolve
from prompts.backend import Backend, Capability


@dataclass(frozen=True, slots=True, eq=False)
class BackendEntry:
    """A kind of backend: what it can do, known before it is opened, and the coroutine that opens it.

    What depends on the server that an ``openai`` client meets, such as ``CONTINUE``, only the opened backend tells.
    ``package`` runs the model, and its version may change an answer; none where another machine runs it.
    """

    help: str
    capabilities: frozenset[Capability]
    open: Callable[[BackendConfig], Awaitable[Backend]]
    package: str = ""


async def _embedded(config: BackendConfig) -> Backend:
    from app.backends.embedded import EmbeddedBackend

    model = config.model or DEFAULT
    path = await asyncio.to_thread(_model_file, model, config.cache_dir)
    with Console(stderr=True).status("loading the model"):
        return await EmbeddedBackend.open_file(
            path, model=model, slots=config.slots or 1, context=config.context, timeout=config.timeout
        )


def _model_file(name: str, cache: Path) -> Path:
    """The model's file, checked, and downloaded when it is missing and has a source."""
    try:
        return resolve(name, cache)
    except NotDownloaded:
        return pull(find(name), cache)


async def _openai(config: BackendConfig) -> Backend:
    from app.backends.openai import OpenAIBackend

    key = config.api_key.get_secret_value() if config.api_key else None
    with Console(stderr=True).status("connecting"):
        return await OpenAIBackend.open(
            config.model,
            base_url=config.base_url,
            api_key=key,
            timeout=config.timeout,
            continuation=config.continuation,
        )


async def _scripted(config: BackendConfig) -> Backend:
    from app.backends.scripted import ScriptedBackend

    if config.replies is None:
        raise BadInput("The scripted backend has no replies: give a file with one JSON string a line as --replies.")
    return ScriptedBackend.from_file(config.replies)


BACKENDS: dict[str, BackendEntry] = {
    "embedded": BackendEntry(
        "a GGUF model in a process of its own, without a server",
        frozenset({Capability.COUNT_TOKENS, Capability.STREAM, Capability.CONTINUE, Capability.SCHEMA}),
        _embedded,
        package="xllamacpp",
    ),
    "openai": BackendEntry(
        "any server with OpenAI's chat completions", frozenset({Capability.STREAM, Capability.SCHEMA}), _openai
    ),
    "scripted": BackendEntry(
        "replays a file of replies",
        frozenset({Capability.COUNT_TOKENS, Capability.STREAM, Capability.CONTINUE}),
        _scripted,
    ),
}


def find_backend(name: str) -> BackendEntry:
    """The backend of that name; raises ``BadInput`` with the choices when there is none."""
    if name not in BACKENDS:
        raise BadInput(f"There is no backend named {name!r}: choose {', '.join(BACKENDS)}.")
    return BACKENDS[name]


async def open_backend(config: BackendConfig) -> Backend:
    """The backend of the config, ready to answer; downloads an embedded model that is missing.

    The caller closes it with ``aclose``.

    Raises:
        BadInput: There is no such backend, or an option it needs is absent or unusable.
        ModelError: The model is absent or cannot be loaded.
        BackendError: The server cannot be used (no key, no answer, no model).
    """
    return await find_backend(config.backend).open(config)
