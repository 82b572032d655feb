"""The values that cross package borders: questions, memories, thoughts, calls, and the Backend that answers.

Everything here is frozen and knows nothing of files, models or the screen, so a
value can be handed from a graph to the store to the terminal unchanged.

    memory = TextMemory(known=("clips in May = 24",), next=("add April and May",))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

Role = Literal["system", "user", "assistant"]
T = TypeVar("T")


class UserError(Exception):
    """A mistake a person can mend; its message is one sentence that says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Question:
    """The problem as given; ``context`` is an optional long text it is asked about."""

    id: str
    text: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class TextMemory:
    """What survives a turn, in words: "what we know" and "what to do next", one line each."""

    known: tuple[str, ...] = ()
    next: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """True before the first summary."""
        return not (self.known or self.next)


@dataclass(frozen=True, slots=True)
class VectorMemory:
    """What survives a turn, in vectors: one safetensors document with its tensor's shape and L2 norm."""

    safetensors: bytes
    shape: tuple[int, ...]
    norm: float


Memory = TextMemory | VectorMemory


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message, kept in the parts it was built from.

    The parts (system | question, memory, instruction | thought) let the store keep
    each text once and let a reader see which part of a prompt is stable.
    """

    role: Role
    parts: tuple[str, ...]

    @property
    def content(self) -> str:
        """The message as the model sees it: its parts, a blank line between them."""
        return "\n\n".join(self.parts)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a backend: messages, the most tokens to generate, sampling, and an optional JSON schema."""

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the engine counted them; ``cached`` of the prompt tokens came from its prefix cache."""

    prompt: int
    completion: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Retry:
    """One failed try that was repeated: what went wrong and the seconds waited before the next."""

    error: str
    waited: float


@dataclass(frozen=True, slots=True)
class Generation:
    """What a backend returned. ``finish_reason``: "stop" (the model ended) or "length" (max_tokens hit)."""

    text: str
    usage: Usage
    finish_reason: str
    seconds: float
    started: float = 0.0  # Unix time at which the request was sent
    retries: tuple[Retry, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One exchange with a backend, request and generation together."""

    request: Request
    generation: Generation


@dataclass(frozen=True, slots=True)
class Thought:
    """One reasoning step in words, the answer if it reached one, and the memory if the same call wrote it."""

    text: str
    answer: str | None = None
    memory: TextMemory | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt ends: the answer as written, or ``None`` when there is none, and the text it was read from."""

    text: str | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Turn(Generic[T]):
    """A verb's result with the calls it cost and the marks a reader should see (such as "summary unreadable, kept")."""

    value: T
    calls: tuple[Call, ...] = ()
    marks: tuple[str, ...] = field(default=())


class Backend(Protocol):
    """Turns chat messages into a Generation; every implementation passes ``tests/backends/test_contract.py``."""

    name: str
    """The name typed on the command line."""
    model: str
    """The model that answers, as the traces name it."""
    structured: bool
    """Whether a request's JSON schema is enforced by the engine."""

    async def generate(self, request: Request) -> Generation:
        """Answer one request; raises a ``UserError`` (see ``app.errors``) when it cannot be answered."""
        ...

    async def aclose(self) -> None:
        """Release the engine or connection."""
        ...
