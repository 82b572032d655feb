"""The values that cross package borders: questions, prompts, replies, thoughts, answers, scores.

Everything here is frozen and knows nothing of files, models or the screen, so a
value can be handed from a graph to the store to the terminal unchanged.

    Message("user", (Part("question", "How many?"), Part("instruction", "Think step by step.")))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

Role = Literal["system", "user", "assistant"]
PartKind = Literal["system", "question", "context", "memory", "thought", "instruction"]
T = TypeVar("T")


class UserError(Exception):
    """A mistake a person can mend; its message is one sentence that says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Question:
    """The problem as given.

    ``context`` is an optional long text it is asked about; ``answers`` names the form its answer is read by, a key of
    ``prompts.answers.ANSWER_FORMS``.
    """

    id: str
    text: str
    context: str = ""
    answers: str = "stated"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message and what it is; the store keeps each text once, and a reader sees what is what."""

    kind: PartKind
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message, kept in the parts it was built from and the text that stands between them."""

    role: Role
    parts: tuple[Part, ...]
    join: str = "\n\n"

    @property
    def content(self) -> str:
        """The message as the model sees it."""
        return self.join.join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a backend: messages, the most tokens to generate, sampling, and what binds the reply.

    A last message of the assistant is the beginning of the reply, which goes on from there (``Capability.CONTINUE``).
    The reply ends before any text of ``stop``, of which servers take four. ``schema`` is a JSON schema.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    schema: Mapping[str, Any] | None = None
    stop: tuple[str, ...] = ()

    @property
    def prefill(self) -> str:
        """The beginning of the reply that the request gives."""
        last = self.messages[-1]
        return last.content if last.role == "assistant" else ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the backend counted them; ``cached`` of the prompt tokens came from its prefix cache."""

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
    """A backend's reply, without the prefill.

    ``finish_reason``: "stop" (the model ended, or was stopped) or "length" (max_tokens hit). ``stop_reason``: the stop
    text that ended it, where the server says so.
    """

    text: str
    usage: Usage
    finish_reason: str
    seconds: float
    started: float = 0.0  # Unix time at which the request was sent
    retries: tuple[Retry, ...] = ()
    stop_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One exchange with a backend, request and generation together."""

    request: Request
    generation: Generation


@dataclass(frozen=True, slots=True)
class Thought:
    """One reasoning step in words, the answer if it reached one, and the whole reply it was read from."""

    text: str
    answer: str | None = None
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of an attempt: the answer as written, or ``None``, and the text it was read from."""

    text: str | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class VerbResult(Generic[T]):
    """A verb's result with the calls it cost and the marks a reader should see (such as "summary unreadable, kept")."""

    value: T
    calls: tuple[Call, ...] = ()
    marks: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Score:
    """A scorer's verdict on an attempt: from 0.0 (wrong) to 1.0 (right), ``None`` when there was nothing to judge.

    ``extracted`` is the answer it read, ``why`` the reason in a few words.
    """

    value: float | None
    extracted: str | None
    why: str
