"""The engines that answer: a name on the command line is a key here, and the module of its class.

Opening is asynchronous because a backend is ready once it is open: the model is
loaded, or the server has been asked for its name. It belongs to the event loop it was opened in.

    backend = await open_backend("embedded", BackendOptions(model="smollm2-135m-instruct", cache=cache))
    async with aclosing(backend):
        generation = await backend.generate(request)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import BadInput
from prompts.values import Backend


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOptions:
    """What a backend may be told; each reads the fields it has a use for.

    ``context`` counts the tokens of one slot; ``timeout`` is in seconds per try; ``model`` is a name or path for
    ``app.models.resolve``, or a server's own name (``None``: the first it lists); ``cache`` is the folder of
    downloaded models and ``replies`` the file of the scripted backend.
    """

    model: str | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    slots: int = 1
    context: int = 8192
    timeout: float = 600
    replies: Path | None = None
    cache: Path | None = None


async def _scripted(options: BackendOptions) -> Backend:
    from app.backends.scripted import ScriptedBackend

    if options.replies is None:
        raise BadInput("The scripted backend has no replies: give a file with one JSON string a line as --replies.")
    return ScriptedBackend.from_file(options.replies)


async def _embedded(options: BackendOptions) -> Backend:
    from app.backends.embedded import EmbeddedBackend
    from app.models.catalogue import DEFAULT, resolve

    if options.cache is None:
        raise TypeError("the embedded backend needs BackendOptions.cache")
    model = options.model or DEFAULT
    return await EmbeddedBackend.open(
        resolve(model, options.cache),
        model=model,
        slots=options.slots,
        context=options.context,
        timeout=options.timeout,
    )


async def _openai(options: BackendOptions) -> Backend:
    from app.backends.openai_http import OpenAIBackend

    return await OpenAIBackend.open(
        options.model, base_url=options.base_url, api_key=options.api_key, timeout=options.timeout
    )


BACKENDS: dict[str, Callable[[BackendOptions], Awaitable[Backend]]] = {
    "embedded": _embedded,
    "openai": _openai,
    "scripted": _scripted,
}


async def open_backend(name: str, options: BackendOptions) -> Backend:
    """The backend of that name, ready to answer; the caller closes it with ``aclose``.

    Raises:
        BadInput: There is no such backend, or an option it needs is absent or unusable.
        ModelError: The model is absent or cannot be loaded.
        BackendError: The server cannot be used (no key, no answer, no model).
    """
    if name not in BACKENDS:
        raise BadInput(f"There is no backend named {name!r}: choose {', '.join(BACKENDS)}.")
    return await BACKENDS[name](options)
