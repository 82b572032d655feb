"""Caller: a backend and the settings it is asked with; counts tokens, and mends wrong steps as a reply is written.

All text of a prompt passes through ``break_markup``, so none can form a control token of the model.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from prompts.backend import Backend, Capability, TokenCounter
from prompts.checks import VERIFIERS
from prompts.clean import clean, encodable
from prompts.markup import break_markup
from prompts.memory_text import CHARACTERS_PER_TOKEN
from prompts.render import render
from prompts.settings import Settings
from prompts.values import Call, Finding, Generation, Message, Part, PartKind, Question, Request, Role

Ask = Callable[[tuple[Message, ...], int], Awaitable[Call]]
"""Asks with messages, for at most so many tokens."""
VERIFIER = "verifier"
"""The name under which findings say what became of a wrong step."""
_MIN_TOKENS = 8
"""A correction with fewer tokens left than that to go on with is not made."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it is to be read, the calls it took, and what became of what was wrong in it."""

    read: Generation
    calls: tuple[Call, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def generated(self) -> int:
        """Tokens that the calls generated."""
        return sum(call.generation.usage.completion for call in self.calls)


class Caller:
    """A backend and the settings it is asked with."""

    def __init__(self, backend: Backend, settings: Settings) -> None:
        """Bind the settings to the backend."""
        self.backend, self.settings = backend, settings

    @property
    def continues(self) -> bool:
        """Whether the backend goes on in a message of the assistant."""
        return Capability.CONTINUE in self.backend.capabilities

    async def count(self, text: str) -> int:
        """Tokens of ``text`` by the model's tokenizer, or at four characters a token where none can be asked."""
        if isinstance(self.backend, TokenCounter) and Capability.COUNT_TOKENS in self.backend.capabilities:
            return await self.backend.count_tokens(text)
        return -(-len(text) // CHARACTERS_PER_TOKEN)

    async def ask(
        self,
        messages: tuple[Message, ...],
        limit: int,
        *,
        shift: int = 0,
        temperature: float | None = None,
        form: Mapping[str, Any] | None = None,
        stop: tuple[str, ...] = (),
    ) -> Call:
        """One call, of at most ``limit`` generated tokens, or one; ``shift`` is added to the seed."""
        temperature = self.settings.temperature if temperature is None else temperature
        seed = self.settings.seed + shift
        most = max(1, limit)  # to a server less than one is without a limit
        request = Request(self._escape_control_tokens(messages), most, temperature, seed, form, stop)
        generation = await self.backend.generate(request)
        return Call(request, replace(generation, text=encodable(generation.text)))

    async def think(
        self,
        question: Question,
        messages: tuple[Message, ...],
        limit: int,
        *,
        shift: int = 0,
        stop: tuple[str, ...] = (),
    ) -> Reply:
        """A reply whose errors are treated as ``on_wrong`` says, in at most ``limit`` tokens over all calls.

        The question's verifier finds them. "ask" has the reply written once more. "correct" cuts it before the first
        error whose right text is known, writes that, and lets the model go on from there, as often as it takes; where
        the backend cannot continue a message it asks.
        """

        async def ask(asked: tuple[Message, ...], left: int) -> Call:
            return await self.ask(asked, left, shift=shift, stop=stop)

        call = await ask(messages, limit)
        reply = Reply(call.generation, (call,))
        match self.settings.on_wrong:
            case "mark":
                return reply
            case "correct" if self.continues:
                return await self._corrected(question, messages, reply, limit, ask)
            case _:
                return await self._asked_again(question, messages, reply, limit, ask)

    async def _corrected(
        self, question: Question, messages: tuple[Message, ...], reply: Reply, limit: int, ask: Ask
    ) -> Reply:
        head, begun = _split_prefill(messages)
        first_error, corrected_to = VERIFIERS[question.verifier], len(begun) - 1
        while (left := limit - reply.generated) > _MIN_TOKENS:
            text = begun + clean(reply.read.text)
            error = first_error(question, text, corrected_to)
            if error is None or error.right is None:
                return reply
            kept, corrected_to = text[: error.at] + error.right, error.at
            call = await ask((*head, message("assistant", "thought", kept)), left)
            found = Finding(VERIFIER, "corrected", error.text, f"corrected to {error.right}")
            whole = replace(call.generation, text=kept[len(begun) :] + call.generation.text)
            reply = Reply(whole, (*reply.calls, call), (*reply.findings, found))
        return reply

    async def _asked_again(
        self, question: Question, messages: tuple[Message, ...], reply: Reply, limit: int, ask: Ask
    ) -> Reply:
        text, left = clean(reply.read.text), limit - reply.generated
        head, begun = _split_prefill(messages)
        error = VERIFIERS[question.verifier](question, begun + text, len(begun) - 1)
        if error is None or left <= 0:
            return reply
        asked = message("user", "instruction", render("isump/recheck", claim=error.text))
        again = (*head, message("assistant", "thought", begun + text), asked)
        again += (message("assistant", "memory", begun),) if begun else ()
        call = await ask(again, left)
        found = Finding(VERIFIER, "asked again", error.text)
        return Reply(call.generation, (*reply.calls, call), (found,))

    def _escape_control_tokens(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The messages without a text that the model would read as the end of a turn or the beginning of another."""
        tokens = self.backend.control_tokens

        def harmless(part: Part) -> Part:
            return Part(part.kind, break_markup(clean(part.text), tokens))

        return tuple(replace(message, parts=tuple(map(harmless, message.parts))) for message in messages)


def message(role: Role, kind: PartKind, text: str) -> Message:
    """A message of one part."""
    return Message(role, (Part(kind, text),))


def _split_prefill(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], str]:
    """The messages that a reply answers, and the beginning of that reply."""
    last = messages[-1]
    return (messages[:-1], last.content) if last.role == "assistant" else (messages, "")
