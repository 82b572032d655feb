"""Backend: what turns chat messages into a reply, and the protocols for what only some backends can do.

A strategy names the capabilities it needs, a backend those it provides; they are compared before a model is loaded.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Protocol, runtime_checkable

from prompts.values import Generation, Request


class Capability(StrEnum):
    """An ability that only some backends have; the value completes the sentence "the backend cannot ..."."""

    COUNT_TOKENS = "count the tokens of a text"
    STREAM = "stream a reply"
    CONTINUE = "continue a message of the assistant"
    SCHEMA = "bind a reply to a JSON schema"


@runtime_checkable
class Backend(Protocol):
    """Turns chat messages into a Generation; every implementation passes ``tests/app/backends/test_contract.py``.

    ``Capability.SCHEMA`` means that ``Request.schema`` is enforced, ``Capability.CONTINUE`` that a request whose last
    message is the assistant's is answered by the continuation alone. Both are ways of ``generate``; the other
    capabilities are the protocols below.
    """

    name: str
    """The name typed on the command line."""
    model: str
    """The model that answers, as the traces name it."""

    @property
    def fingerprint(self) -> str:
        """The identity of the model: ``sha256:`` and its file's hash, or the server's name for it."""
        ...

    @property
    def control_tokens(self) -> frozenset[str]:
        """Texts that the tokenizer reads as control tokens wherever they stand; none where it cannot be asked."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The abilities of this backend beyond ``generate``."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it can still answer; a backend that is not alive never will be again and has to be reopened."""
        ...

    async def generate(self, request: Request) -> Generation:
        """Answer one request; raises a ``UserError`` (see ``app.errors``) when it cannot be answered."""
        ...

    async def aclose(self) -> None:
        """Release the model or connection."""
        ...


@runtime_checkable
class TokenCounter(Protocol):
    """``Capability.COUNT_TOKENS``."""

    async def count_tokens(self, text: str) -> int:
        """Tokens of ``text`` by the model's own tokenizer, without special tokens."""
        ...


@runtime_checkable
class Streamer(Protocol):
    """``Capability.STREAM``."""

    def stream(self, request: Request) -> AsyncGenerator[str | Generation]:
        """Answer one request: pieces of text as they are written, then the whole Generation as the last item.

        Closing the generator (``contextlib.aclosing``) gives the rest of the reply up.
        """
        ...


PROTOCOLS: dict[Capability, type] = {Capability.COUNT_TOKENS: TokenCounter, Capability.STREAM: Streamer}
"""The protocol that a backend with the capability implements."""
