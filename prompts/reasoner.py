"""PromptReasoner: the verbs of reasoning as prompts to a chat backend.

Every prompt of the loop is exactly system, question, memory, instruction, in this order: what stays
the same stands first, so a prefix cache serves it. Earlier thoughts are never shown; the one
exception by design is the summary, which continues the call that wrote the newest thought.

All text of a prompt passes through ``_escape_control_tokens``, so none can form a control token of the
model; lines of a question or a context that could pass for a memory's headings are quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from prompts.backend import Backend, Capability
from prompts.checks.equations import first_wrong
from prompts.clean import clean, encodable
from prompts.headings import quote_headings
from prompts.markup import break_markup
from prompts.memories import Memory, TextMemory
from prompts.memory_text import drop_calculated_goals, read_memory, schema, show_memory, truncate_memory
from prompts.render import render
from prompts.replies import read_answer, read_thought, whole_lines
from prompts.settings import Settings
from prompts.values import Answer, Call, Message, Part, PartKind, Question, Request, Role, Thought, VerbResult

_RETRY_TEMPERATURE = 0.7  # greedy decoding would repeat the unreadable summary word for word


class PromptReasoner:
    """Implements ``graphs.reasoner.Reasoner`` with the templates of one folder of ``prompts/``."""

    def __init__(self, backend: Backend, settings: Settings, templates: str) -> None:
        """Bind a backend and the settings to the templates in ``prompts/<templates>/``."""
        self.backend, self.settings, self.templates = backend, settings, templates

    @property
    def step_tokens(self) -> int:
        """Most tokens that one step of a loop generates."""
        return self.settings.step_tokens

    def start(self, question: Question) -> Memory:
        """The memory before anything is known."""
        return TextMemory()

    async def read(self, question: Question, memory: Memory, chunk: str, *, limit: int) -> VerbResult[Memory]:
        """The memory after ``chunk``, one piece of a long text; at most ``memory_tokens`` and ``limit`` generated."""
        system, user = self._head(question, memory)
        instruction = self._render(f"read_{self.settings.memory_form}")
        context = Part("context", quote_headings(clean(chunk), self.templates))
        messages = (system, replace(user, parts=(*user.parts, context, Part("instruction", instruction))))
        return await self._write_memory(messages, memory, limit)

    async def step(self, question: Question, memory: Memory, *, limit: int, sample: int = 0) -> VerbResult[Thought]:
        """The next thought, in at most ``limit`` generated tokens; ``sample`` shifts the seed of parallel chains.

        With ``recheck`` a thought that holds a wrong equation is asked for once more.
        """
        messages = self._step_prompt(question, memory)
        calls = [await self._ask(messages, limit, shift=sample)]
        marks: tuple[str, ...] = ()
        thought = self._read_thought(calls[0], question)
        left = limit - calls[0].generation.usage.completion
        if self.settings.recheck and left > 0 and (wrong := first_wrong(thought.text)):
            again = (
                *messages,
                _message("assistant", "thought", thought.text),
                _message("user", "instruction", render("isump/recheck", claim=wrong.text)),
            )
            calls.append(await self._ask(again, left, shift=sample))
            thought = self._read_thought(calls[1], question)
            marks = (f"rechecked: {wrong.text}",)
        return VerbResult(thought, tuple(calls), marks)

    async def summarize(
        self, question: Question, memory: Memory, thought: Thought, *, limit: int
    ) -> VerbResult[Memory]:
        """The memory rewritten after ``thought``; the old one is kept, with a mark, when two tries cannot be read."""
        if self.settings.ablation == "no-memory":
            return VerbResult(TextMemory())
        messages = (
            *self._step_prompt(question, memory),
            _message("assistant", "thought", thought.text),
            _message("user", "instruction", self._render(f"summarize_{self.settings.memory_form}")),
        )
        return await self._write_memory(messages, memory, limit)

    async def conclude(
        self, question: Question, memory: Memory, thoughts: tuple[Thought, ...], *, limit: int
    ) -> VerbResult[Answer]:
        """The final answer from the newest of ``thoughts``, or asked for in at most ``limit`` tokens; else none."""
        if thoughts and thoughts[-1].answer is not None:
            return VerbResult(Answer(thoughts[-1].answer, thoughts[-1].text))
        if limit <= 0:
            return VerbResult(Answer(None), marks=("no tokens left to ask for an answer",))
        system, user = self._head(question, memory)
        work = [Part("thought", thought.text) for thought in thoughts[-1:]]
        asked = Part("instruction", self._render("conclude"))
        call = await self._ask((system, replace(user, parts=(*user.parts, *work, asked))), limit)
        return VerbResult(Answer(*read_answer(call, question.answers)), (call,))

    def visible_memory(self, memory: Memory) -> TextMemory:
        """The part of a text memory that the settings let the model see."""
        if not isinstance(memory, TextMemory):
            raise TypeError(f"a PromptReasoner reads text memories, not {type(memory).__name__}")
        match self.settings.ablation:
            case "known-only":
                return TextMemory(known=memory.known)
            case "next-only":
                return TextMemory(next=memory.next)
            case "no-memory":
                return TextMemory()
            case _:
                return memory

    def memory_part(self, memory: TextMemory) -> str:
        """A memory as the model is shown it."""
        known, goals = show_memory(memory)
        return self._render("memory", known=known, next=goals)

    def instruction(self, *, first: bool) -> str:
        """The instruction of a step; ``first`` says that nothing is in the memory yet."""
        return self._render("step" if first else "step_on")

    def bounded(self, memory: TextMemory) -> TextMemory:
        """A memory the model wrote, without what may not be kept and cut to ``memory_tokens``."""
        return truncate_memory(drop_calculated_goals(self.visible_memory(memory)), self.settings.memory_tokens)

    async def _write_memory(self, messages: tuple[Message, ...], memory: Memory, limit: int) -> VerbResult[Memory]:
        bound = self.settings.memory_form == "json" and Capability.SCHEMA in self.backend.capabilities
        form = schema(self.settings.memory_tokens) if bound else None
        calls: list[Call] = []
        for temperature in (self.settings.temperature, max(self.settings.temperature, _RETRY_TEMPERATURE)):
            spent = sum(call.generation.usage.completion for call in calls)
            left = min(limit, self.settings.memory_tokens) - spent
            if left <= 0:
                break
            calls.append(await self._ask(messages, left, shift=len(calls), temperature=temperature, form=form))
            written = read_memory(whole_lines(calls[-1]))
            if written is not None:
                marks = ("summary unreadable, asked again",) if len(calls) > 1 else ()
                return VerbResult(self.bounded(written), tuple(calls), marks)
        return VerbResult(memory, tuple(calls), ("summary unreadable, memory kept",))

    def _render(self, name: str, **values: str) -> str:
        return render(f"{self.templates}/{name}", **values)

    def _head(self, question: Question, memory: Memory) -> tuple[Message, Message]:
        shown, parts = self.visible_memory(memory), list[Part]()
        if shown.empty or not self.settings.drop_question:
            asked = self._render("question", question=quote_headings(clean(question.text), self.templates))
            parts.append(Part("question", asked))
        if not shown.empty:
            parts.append(Part("memory", self.memory_part(shown)))
        return _message("system", "system", self._render("system")), Message("user", tuple(parts))

    def _step_prompt(self, question: Question, memory: Memory) -> tuple[Message, ...]:
        system, user = self._head(question, memory)
        asked = self.instruction(first=self.visible_memory(memory).empty)
        return system, replace(user, parts=(*user.parts, Part("instruction", asked)))

    def _read_thought(self, call: Call, question: Question) -> Thought:
        return read_thought(call, question.answers)

    async def _ask(
        self,
        messages: tuple[Message, ...],
        limit: int,
        *,
        shift: int = 0,
        temperature: float | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> Call:
        temperature = self.settings.temperature if temperature is None else temperature
        request = Request(self._escape_control_tokens(messages), limit, temperature, self.settings.seed + shift, form)
        generation = await self.backend.generate(request)
        return Call(request, replace(generation, text=encodable(generation.text)))

    def _escape_control_tokens(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The messages without a text that the model would read as the end of a turn or the beginning of another."""
        tokens = self.backend.control_tokens

        def harmless(part: Part) -> Part:
            return Part(part.kind, break_markup(clean(part.text), tokens))

        return tuple(replace(message, parts=tuple(map(harmless, message.parts))) for message in messages)


def _message(role: Role, kind: PartKind, text: str) -> Message:
    return Message(role, (Part(kind, text),))
