"""PromptReasoner: the verbs of reasoning as prompts to a chat backend.

Every prompt of the loop is exactly system, question, memory, instruction, in this order: what stays
the same stands first, so an engine's prefix cache serves it. Earlier thoughts are never shown; the one
exception by design is the ``two-call`` summary, which continues the call that wrote the newest thought.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from prompts.answers import read_answer
from prompts.checks.equations import first_wrong
from prompts.memories import fit, goals_only, read_memory, schema, show_memory, split_memory
from prompts.render import inert, render
from prompts.settings import Settings
from prompts.values import Answer, Backend, Call, Memory, Message, Question, Request, TextMemory, Thought, Turn

_SENTENCE_END = re.compile(r"[.!?;](?=\s)|\n")
_RETRY_TEMPERATURE = 0.7  # a greedy engine would repeat the unreadable summary word for word


def cut(text: str) -> str:
    """``text`` up to its last complete sentence or line; where there is none, without its last, perhaps torn, word."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    if ends and (whole := text[: ends[-1]].rstrip()):
        return whole
    return text.strip().rpartition(" ")[0] or text.strip()


class PromptReasoner:
    """Implements ``graphs.reasoner.Reasoner`` with the templates of ``prompts/<words>/``."""

    def __init__(self, backend: Backend, settings: Settings, words: str) -> None:
        """Bind a backend and the settings to the templates in ``prompts/<words>/``."""
        self.backend, self.settings, self.words = backend, settings, words

    async def step(self, question: Question, memory: Memory, *, limit: int, sample: int = 0) -> Turn[Thought]:
        """The next thought, in at most ``limit`` generated tokens; ``sample`` shifts the seed of parallel chains.

        With ``recheck`` a thought that holds a wrong equation is asked for once more. With the ``fused``
        variant the same call writes the new memory, carried in ``Thought.memory``.
        """
        messages = self._step_prompt(question, memory)
        calls = [await self._ask(messages, limit, shift=sample)]
        marks: tuple[str, ...] = ()
        thought = self._read_thought(calls[0])
        left = limit - calls[0].generation.usage.completion
        if self.settings.recheck and left > 0 and (wrong := first_wrong(thought.text)):
            again = (
                *messages,
                Message("assistant", (thought.text,)),
                Message("user", (render("isump/recheck", claim=wrong.text),)),
            )
            calls.append(await self._ask(again, left, shift=sample))
            thought = self._read_thought(calls[1])
            marks = (f"rechecked: {wrong.text}",)
        return Turn(thought, tuple(calls), marks)

    async def summarize(self, question: Question, memory: Memory, thought: Thought, *, limit: int) -> Turn[Memory]:
        """The memory rewritten after ``thought``; the old one is kept, with a mark, when two tries cannot be read."""
        if self.settings.ablation == "no-memory":
            return Turn(TextMemory())
        if thought.memory is not None:
            return Turn(self._kept(thought.memory))
        if self.settings.variant == "fused":
            return Turn(memory, marks=("summary unreadable, memory kept",))
        messages = (
            *self._step_prompt(question, memory),
            Message("assistant", (inert(thought.text),)),
            Message("user", (render(f"{self.words}/summarize_{self.settings.memory_form}"),)),
        )
        form = (
            schema(self.settings.memory_tokens)
            if self.settings.memory_form == "json" and self.backend.structured
            else None
        )
        calls: list[Call] = []
        for temperature in (self.settings.temperature, max(self.settings.temperature, _RETRY_TEMPERATURE)):
            left = limit - sum(call.generation.usage.completion for call in calls)
            if left <= 0:
                break
            calls.append(await self._ask(messages, left, shift=len(calls), temperature=temperature, form=form))
            written = read_memory(_whole_lines(calls[-1]))
            if written is not None:
                marks = ("summary unreadable, asked again",) if len(calls) > 1 else ()
                return Turn(self._kept(written), tuple(calls), marks)
        return Turn(memory, tuple(calls), ("summary unreadable, memory kept",))

    async def conclude(
        self, question: Question, memory: Memory, thoughts: tuple[Thought, ...], *, limit: int
    ) -> Turn[Answer]:
        """The final answer from the newest of ``thoughts``, or asked for in at most ``limit`` tokens; else none."""
        if thoughts and thoughts[-1].answer is not None:
            return Turn(Answer(thoughts[-1].answer, thoughts[-1].text))
        if limit <= 0:
            return Turn(Answer(None), marks=("no tokens left to ask for an answer",))
        head = self._head(question, memory)
        work = (inert(thoughts[-1].text),) if thoughts else ()
        messages = (head[0], Message("user", (*head[1].parts, *work, render(f"{self.words}/conclude"))))
        call = await self._ask(messages, limit)
        text = call.generation.text.strip()
        return Turn(Answer(read_answer(text) or _short(text), text), (call,))

    def _head(self, question: Question, memory: Memory) -> tuple[Message, Message]:
        shown, parts = _shown(memory, self.settings), list[str]()
        if shown.empty or not self.settings.drop_question:
            parts.append(render(f"{self.words}/question", question=inert(question.text)))
        if not shown.empty:
            parts.append(inert(self._memory_part(shown)))
        return Message("system", (render(f"{self.words}/system"),)), Message("user", tuple(parts))

    def _memory_part(self, memory: TextMemory) -> str:
        known, goals = show_memory(memory)
        return render(f"{self.words}/memory", known=known, next=goals)

    def _step_prompt(self, question: Question, memory: Memory) -> tuple[Message, ...]:
        system, user = self._head(question, memory)
        first = _shown(memory, self.settings).empty
        name = "fused" if self.settings.variant == "fused" and self.words == "isump" else "step"
        instruction = render(f"{self.words}/{name}" if first else f"{self.words}/{name}_on")
        return system, replace(user, parts=(*user.parts, instruction))

    def _read_thought(self, call: Call) -> Thought:
        """A thought whose unfinished last sentence is cut off; an answer counts only in what is left."""
        text = call.generation.text
        text = cut(text) if call.generation.finish_reason == "length" else text.strip()
        memory = None
        if self.settings.variant == "fused" and self.words == "isump":
            text, memory = split_memory(text)
        return Thought(text, read_answer(text), memory)

    def _kept(self, memory: TextMemory) -> TextMemory:
        return fit(goals_only(_shown(memory, self.settings)), self.settings.memory_tokens)

    async def _ask(
        self,
        messages: tuple[Message, ...],
        limit: int,
        *,
        shift: int = 0,
        temperature: float | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> Call:
        warmth = self.settings.temperature if temperature is None else temperature
        request = Request(messages, limit, warmth, self.settings.seed + shift, form)
        return Call(request, await self.backend.generate(request))


class TranscriptReasoner(PromptReasoner):
    """The ``history_loop`` baseline: its memory is every thought so far, word for word, and costs no call to write."""

    async def summarize(self, question: Question, memory: Memory, thought: Thought, *, limit: int) -> Turn[Memory]:
        """The transcript with ``thought`` appended; nothing is ever dropped."""
        return Turn(TextMemory((*_shown(memory, self.settings).known, thought.text), ("",)))

    def _memory_part(self, memory: TextMemory) -> str:
        return render(f"{self.words}/memory", work="\n".join(memory.known))


def _shown(memory: Memory, settings: Settings) -> TextMemory:
    """The part of a text memory that the settings let the model see."""
    if not isinstance(memory, TextMemory):
        raise TypeError(f"a PromptReasoner reads text memories, not {type(memory).__name__}")
    match settings.ablation:
        case "known-only":
            return TextMemory(known=memory.known)
        case "next-only":
            return TextMemory(next=memory.next)
        case "no-memory":
            return TextMemory()
        case _:
            return memory


def _whole_lines(call: Call) -> str:
    """A summary without the line that the token limit broke off, unless that is all there is."""
    text = call.generation.text
    if call.generation.finish_reason == "length" and "\n" in text.strip() and not text.lstrip().startswith("{"):
        return text[: text.rstrip().rfind("\n")]
    return text


def _short(text: str) -> str | None:
    """A reply of a few words is an answer without its label; anything longer is not read as one."""
    return text.strip("*` .") or None if len(text.split()) <= 6 and len(text) <= 80 else None
