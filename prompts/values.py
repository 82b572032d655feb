"""The values that cross package borders: questions, prompts, replies, thoughts, answers, scores.

Everything here is frozen and knows nothing of files, models or the screen, so a
value can be handed from a graph to the store to the terminal unchanged.

    Message("user", (Part("question", "How many?"), Part("instruction", "Think step by step.")))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

Role = Literal["system", "user", "assistant"]
PartKind = Literal["system", "question", "context", "memory", "thought", "instruction"]
T = TypeVar("T")


class Ending(StrEnum):
    """The reason why an attempt ended; the value is stored."""

    ANSWERED = "answered"
    UNREADABLE = "unreadable_summary"
    NOTHING_NEW = "nothing_new"
    STEP_LIMIT = "step_limit"
    TOKEN_LIMIT = "token_limit"
    TIME_LIMIT = "time_limit"

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _ENDINGS[self]


_ENDINGS = {
    Ending.ANSWERED: "answered",
    Ending.UNREADABLE: "the memory that the model wrote could not be read",
    Ending.NOTHING_NEW: "nothing new was learned",
    Ending.STEP_LIMIT: "hit the step limit",
    Ending.TOKEN_LIMIT: "hit the token limit",
    Ending.TIME_LIMIT: "hit the time limit",
}


class UserError(Exception):
    """A mistake a person can mend; its message is one sentence that says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Question:
    """The problem as given.

    ``context`` is an optional long text it is asked about; ``answers`` names the form its answer is read by, a key of
    ``prompts.answers.ANSWER_FORMS``; ``verifier`` what finds a wrong step, a key of ``prompts.checks.VERIFIERS``.
    """

    id: str
    text: str
    context: str = ""
    answers: str = "stated"
    verifier: str = "equations"


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
    """One reasoning step in words, the answer if it reached one, and the whole reply it was read from.

    ``result`` is the line of it to be kept in the memory that is written next; it is not stored with the thought.
    """

    text: str
    answer: str | None = None
    source: str = field(default="", compare=False)
    result: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of an attempt: the answer as written, or ``None``, and the text it was read from."""

    text: str | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a step: ``text`` as it stands there, ``detail`` what there is to say about it.

    ``check`` names what found it and ``kind`` is one of its own words; see ``prompts.checks.CHECKS``.
    """

    check: str
    kind: str
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class VerbResult(Generic[T]):
    """A verb's result with the calls it cost.

    ``marks`` are for the reader of a trace (such as "summary unreadable, memory kept"). ``findings`` are what the verb
    itself did to a text: what it corrected, what it let go. ``ending`` says that another step would gain nothing.
    ``text`` is what the model wrote on the way, where ``value`` does not hold it.
    """

    value: T
    calls: tuple[Call, ...] = ()
    marks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    ending: Ending | None = None
    text: str = ""

    @property
    def generated(self) -> int:
        """Tokens that the calls generated."""
        return sum(call.generation.usage.completion for call in self.calls)


@dataclass(frozen=True, slots=True)
class Score:
    """A scorer's verdict on an attempt: from 0.0 (wrong) to 1.0 (right), ``None`` when there was nothing to judge.

    ``extracted`` is the answer it read, ``why`` the reason in a few words.
    """

    value: float | None
    extracted: str | None
    why: str
