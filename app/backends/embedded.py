"""Embedded backend: a GGUF model run by llama.cpp's server in a child process on this machine.

    backend = await EmbeddedBackend.open(Path("model.gguf"), model="my-model", slots=4, context=4096)

Requests share the slots by continuous batching, and a prompt that starts like an earlier one is read from
the prefix cache. Greedy answers repeat exactly when asked one at a time; in a batch with others a rounding
difference may tip a word.

A child process, because loading holds Python's global lock for seconds, because llama.cpp cannot be stopped safely
at every moment, and because a model too big for memory should end nothing but itself. It ends when its parent does.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from pathlib import Path

from app.backends.openai import ApiModel, OpenAIBackend
from app.errors import BackendUnavailable, BadInput, ModelError
from app.gguf import ModelFacts, read_facts
from app.models import fingerprint
from prompts.backend import Capability
from prompts.values import Generation, Request

PROMPT_CACHE_MIB = 1024
"""Memory for prompts that left their slot; llama.cpp's own default is 8192, more than many laptops can spare."""
DEFAULT_CONTEXT = 8192
_MAX_IN_ALL = 2**31 - 1  # llama.cpp counts the tokens of all slots in 32 bits
PROGRAM = Path(__file__).with_name("llama_process.py")


class TokenList(ApiModel):
    """The answer of llama.cpp's server to a text to be tokenized."""

    tokens: list[int]


class EmbeddedBackend(OpenAIBackend):
    """A GGUF model and the process that runs it; made by ``open_file``.

    ``base_url`` and ``api_key`` let another client on this machine use the same model.
    """

    name: str = "embedded"

    def __init__(self, process: subprocess.Popen[str], model: str, base_url: str, api_key: str, timeout: float) -> None:
        super().__init__(
            model,
            base_url=base_url,
            api_key=api_key,
            timeout=timeout,
            server="the embedded model",
            direct=True,
            continuation="prefill",
        )
        self.api_key = api_key
        self._process = process

    @classmethod
    async def open_file(
        cls, path: Path, *, model: str | None = None, slots: int = 1, context: int | None = None, timeout: float = 600
    ) -> EmbeddedBackend:
        """Load a model, which takes seconds.

        Args:
            path: The GGUF file.
            model: The name the traces show; the file's own name by default.
            slots: Requests answered side by side; more wait their turn.
            context: Tokens of prompt and reply that fit each slot; by default as ``choose_context`` says.
            timeout: Seconds one request may take, its wait for a slot included.

        Raises:
            ModelError: The file cannot be loaded as a model.
            BadInput: The context is more than the model was trained for.
        """
        facts = await asyncio.to_thread(read_facts, path)
        context = choose_context(context, slots, facts)
        key = secrets.token_urlsafe(32)
        process = subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the parent, which then decides
        )
        options = {"slots": slots, "context": context, "prompt_cache_mib": PROMPT_CACHE_MIB, "api_key": key}
        try:
            address = await asyncio.to_thread(_address, process, options | {"path": str(path)})
            if address is None:
                raise ModelError(
                    f"{path} cannot be loaded as a model: it is damaged, or too big for memory with a context of "
                    f"{context:,} tokens for {slots} at once; pass a smaller --context, or download it again."
                )
            identity = await asyncio.to_thread(fingerprint, path)
        except BaseException:
            _end(process)
            raise
        backend = cls(process, model or path.stem, f"{address}/v1", key, timeout)
        backend.fingerprint, backend.control_tokens = identity, facts.control_tokens
        return backend

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All that llama.cpp's server can do."""
        return super().capabilities | {Capability.COUNT_TOKENS}

    @property
    def pid(self) -> int:
        """The process that holds the model."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether that process still runs; one that ended does not come back."""
        return self._process.poll() is None

    async def generate(self, request: Request) -> Generation:
        """Answer one request; raises what ``OpenAIBackend.generate`` raises."""
        try:
            return await super().generate(request)
        except BackendUnavailable as error:
            raise self._ended(error) from error

    async def stream(self, request: Request) -> AsyncGenerator[str | Generation]:
        """Answer one request piece by piece; raises what ``OpenAIBackend.stream`` raises."""
        try:
            async with aclosing(super().stream(request)) as items:
                async for item in items:
                    yield item
        except BackendUnavailable as error:
            raise self._ended(error) from error

    async def count_tokens(self, text: str) -> int:
        """Tokens of ``text`` by the model's tokenizer; raises ``BackendUnavailable`` when the process has ended."""
        url = f"{self.base_url.removesuffix('/v1')}/tokenize"
        try:
            found, _ = await self._send(lambda: self._client.post(url, cast_to=object, body={"content": text}))
        except BackendUnavailable as error:
            raise self._ended(error) from error
        return len(self._read(TokenList, found).tokens)

    def _ended(self, error: BackendUnavailable) -> BackendUnavailable:
        """The error to raise: the given one, or one that says that the child process has ended."""
        if self.alive:
            return error
        return BackendUnavailable(
            f"The embedded model's process ended (exit code {self._process.returncode}), "
            "perhaps for lack of memory: take a smaller model or --context, or ask fewer at once."
        )

    async def aclose(self) -> None:
        """End the child process and free its memory."""
        await super().aclose()
        await asyncio.to_thread(_end, self._process)


def _address(process: subprocess.Popen[str], settings: Mapping[str, object]) -> str | None:
    """The server's address once it listens; ``None`` when the process cannot load the model."""
    assert process.stdin and process.stdout
    try:
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline() or "{}").get("address")
    except BrokenPipeError:
        return None


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()  # it holds nothing that would have to be written
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(BrokenPipeError):  # settings that it did not read any more
            if pipe:
                pipe.close()


def choose_context(asked: int | None, slots: int, facts: ModelFacts) -> int:
    """Tokens of context for each of ``slots`` requests at once: by default 8192, or what the model was trained for.

    Raises:
        BadInput: The model was trained for less, or llama.cpp cannot count so many.
    """
    trained = facts.trained_context or _MAX_IN_ALL
    context = min(DEFAULT_CONTEXT, trained) if asked is None else asked
    if context > trained:
        raise BadInput(
            f"A context of {context:,} tokens is more than the {trained:,} this model was trained for: pass --context "
            f"{trained} or less."
        )
    if context * slots > _MAX_IN_ALL:
        raise BadInput(
            f"A context of {context:,} tokens for each of {slots:,} requests at once is more than llama.cpp can hold:"
            " pass a smaller --context, or ask fewer at once (--slots, --concurrency)."
        )
    return context
