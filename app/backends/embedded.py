"""A language model inside this process: llama.cpp's own server on a private port, asked over HTTP.

    backend = await EmbeddedBackend.open(Path("model.gguf"), model="my-model", slots=4, context=4096)

Requests share the slots by continuous batching, and a prompt that starts like an earlier one is read from
the prefix cache. Greedy answers repeat exactly when asked one at a time; in a batch with others a rounding
difference may tip a word.
"""

from __future__ import annotations

import secrets
from importlib import import_module
from pathlib import Path
from typing import Any

from app.backends.openai_http import OpenAIBackend
from app.errors import ModelError
from prompts.values import Generation, Request

PROMPT_CACHE_MIB = 1024
"""Memory for prompts that left their slot; llama.cpp's own default is 8192, more than many laptops can spare."""


class EmbeddedBackend:
    """A GGUF model and the engine that runs it; made by ``open``.

    ``base_url`` and ``api_key`` let another client of this process use the same engine.
    """

    name: str = "embedded"
    structured: bool = True

    def __init__(self, engine: Any, client: OpenAIBackend, api_key: str) -> None:
        self.model = client.model
        self.base_url = f"{engine.listening_address}/v1"
        self.api_key = api_key
        self._engine = engine
        self._client = client

    @classmethod
    async def open(
        cls, path: Path, *, model: str | None = None, slots: int = 1, context: int = 8192, timeout: float = 600
    ) -> EmbeddedBackend:
        """Load a model, which takes seconds and blocks the event loop: llama.cpp holds Python's lock meanwhile.

        Args:
            path: The GGUF file.
            model: The name the traces show; the file's own name by default.
            slots: Requests answered side by side; more wait their turn.
            context: Tokens of prompt and reply that fit each slot.
            timeout: Seconds one request may take, its wait for a slot included.

        Raises:
            ModelError: The file cannot be loaded as a model.
        """
        key = secrets.token_urlsafe(32)
        engine = _start(path, slots, context, key)
        client = OpenAIBackend(
            model or path.stem,
            base_url=f"{engine.listening_address}/v1",
            api_key=key,
            timeout=timeout,
            server="the embedded engine",
            direct=True,
        )
        return cls(engine, client, key)

    async def generate(self, request: Request) -> Generation:
        """Answer one request; raises what ``OpenAIBackend.generate`` raises."""
        return await self._client.generate(request)

    async def aclose(self) -> None:
        """Stop the engine and free its memory."""
        await self._client.aclose()
        self._engine = None  # the engine stops when its last reference goes


def _start(path: Path, slots: int, context: int, key: str) -> Any:
    xllamacpp: Any = import_module("xllamacpp")  # compiled, without types

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_gpu_layers = 0
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.kv_unified = True  # one pool: an idle slot's prompt moves to the prompt cache, for any slot to take up
    params.kv_unified_per_slot = context  # and yet no slot takes more than its share
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.port = 0  # any free one, on 127.0.0.1 only
    params.api_keys = [key]  # without a key, any web page open in a browser could ask
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = 0  # its log goes to standard error, past Python
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise ModelError(
            f"{path} cannot be loaded as a model: it is damaged or too big for memory; download it again."
        ) from error
