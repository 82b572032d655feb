"""PromptReasoner: the verbs of reasoning as prompts to a chat backend.

Every prompt of the loop is exactly system, context and question, memory, instruction, in this order: what stays the
same stands first, so a prefix cache serves it. Earlier thoughts are never shown; the one exception by design is the
writing of the memory, which continues the call that wrote the newest thought.

Lines of a question or a context that could pass for a memory's headings are quoted.
"""

from __future__ import annotations

from dataclasses import replace

from prompts.answers import ANSWER_FORMS
from prompts.backend import Backend, Capability
from prompts.caller import Caller, message
from prompts.chunks import split_text
from prompts.clean import clean
from prompts.forgetting import Shorten, bounded
from prompts.headings import quote_headings
from prompts.memories import Memory, TextMemory
from prompts.memory_text import read_memory, schema, show_memory
from prompts.pins import pinned_lines, with_pins, without_pins
from prompts.quotes import split_quotes
from prompts.render import render
from prompts.replies import read_answer, read_stated, read_thought, whole_lines
from prompts.settings import MemorySettings, Settings, with_memory
from prompts.values import Answer, Call, Ending, Generation, Message, Part, Question, Thought, UserError, VerbResult

_RETRY_TEMPERATURE = 0.7  # greedy decoding would repeat the unreadable summary word for word


class PromptReasoner:
    """Implements ``graphs.reasoner.Reasoner`` with the templates of one folder of ``prompts/``.

    It thinks in one reply, and its memory is written anew by the model.
    """

    def __init__(self, backend: Backend, settings: Settings, templates: str) -> None:
        """Bind a backend and the settings to the templates in ``prompts/<templates>/``."""
        self.settings, self.templates = with_memory(settings), templates
        self.pins = pinned_lines(self.settings.pin)
        self._is_bounded = isinstance(settings, MemorySettings)
        self.caller = Caller(backend, settings)

    @property
    def step_tokens(self) -> int:
        """Most tokens that one step of a loop generates."""
        return self.settings.step_tokens

    async def start(self, question: Question, checkpoint: Memory | None = None) -> Memory:
        """The memory of a checkpoint, or the one before anything is known; what is pinned is in it.

        Raises:
            UserError: The pins would leave less than half of a bounded memory to what is worked out.
        """
        limit = self.settings.memory_tokens
        if self._is_bounded and 2 * (size := limit - await self._room()) > limit:
            raise UserError(
                f"What is pinned takes {size} tokens, more than half of the {limit} a memory may have: "
                "pin less, or raise --memory-tokens."
            )
        return with_pins(_text(checkpoint or TextMemory()), self.pins)

    async def split(self, question: Question, tokens: int) -> tuple[Question, tuple[str, ...]]:
        """The question without its context, and the context in pieces of at most ``tokens``, cut at sentence ends."""
        chunks = await split_text(clean(question.context), tokens, self.caller.count)
        return replace(question, context=render("isump/read_all") if chunks else ""), chunks

    async def read(self, question: Question, memory: Memory, chunk: str, *, limit: int) -> VerbResult[Memory]:
        """The memory after ``chunk``, one piece of a long text; at most ``memory_tokens`` and ``limit`` generated."""
        system, user = self._head(replace(question, context=""), memory)
        instruction = self.render(f"read_{self.settings.memory_form}")
        context = Part("context", quote_headings(clean(chunk), self.templates))
        messages = (system, replace(user, parts=(*user.parts, context, Part("instruction", instruction))))
        return self.pinned(await self.write_memory(messages, memory, limit))

    async def step(self, question: Question, memory: Memory, *, limit: int, sample: int = 0) -> VerbResult[Thought]:
        """The next thought, in at most ``limit`` generated tokens; ``sample`` shifts the seed of parallel chains."""
        reply = await self.caller.think(question, self.step_prompt(question, memory), limit, shift=sample)
        return VerbResult(self.read_thought(reply.read, question), reply.calls, findings=reply.findings)

    async def summarize(
        self, question: Question, memory: Memory, thought: Thought, *, limit: int
    ) -> VerbResult[Memory]:
        """The memory after ``thought``, with everything in it that is pinned."""
        if self.settings.ablation == "no-memory":
            return self.pinned(VerbResult(TextMemory()))
        return self.pinned(await self.renew(question, memory, thought, limit))

    async def renew(self, question: Question, memory: Memory, thought: Thought, limit: int) -> VerbResult[Memory]:
        """The memory rewritten after ``thought``; the old one is kept, with a mark, when two tries cannot be read."""
        asked = message("user", "instruction", self.render(f"summarize_{self.settings.memory_form}"))
        messages = (*self.after(question, self.visible_memory(memory), thought), asked)
        return await self.write_memory(messages, memory, limit)

    async def conclude(
        self, question: Question, memory: Memory, thoughts: tuple[Thought, ...], *, limit: int
    ) -> VerbResult[Answer]:
        """The final answer from the newest of ``thoughts``, or asked for in at most ``limit`` tokens; else none.

        It is asked for by continuing the work with "Answer:", or by an instruction where the backend cannot continue a
        message or there is no work yet.
        """
        if thoughts and thoughts[-1].answer is not None:
            return VerbResult(Answer(thoughts[-1].answer, thoughts[-1].text))
        if limit <= 0:
            return VerbResult(Answer(None), marks=("no tokens left to ask for an answer",))
        shown = self.visible_memory(memory)
        if self.caller.continues and (thoughts or not shown.empty):
            begun = f"{thoughts[-1].text}\nAnswer:" if thoughts else "Answer:"
            messages = self.continued(question, shown, begun)
            call = await self.caller.ask(messages, limit, stop=("\n",))
            return VerbResult(Answer(*read_stated(call.generation, question.answers)), (call,))
        system, user = self._head(question, memory)
        work = [Part("thought", quote_headings(thought.text, self.templates)) for thought in thoughts[-1:]]
        asked = Part("instruction", self.render("conclude", noun=ANSWER_FORMS[question.answers].noun))
        call = await self.caller.ask((system, replace(user, parts=(*user.parts, *work, asked))), limit)
        return VerbResult(Answer(*read_answer(call.generation, question.answers)), (call,))

    def continued(self, question: Question, shown: TextMemory, begun: str) -> tuple[Message, ...]:
        """The prompt whose reply goes on behind ``begun``."""
        return (*self.step_prompt(question, shown), message("assistant", "thought", begun))

    def after(self, question: Question, shown: TextMemory, thought: Thought) -> tuple[Message, ...]:
        """The call that wrote ``thought``, with it as the reply."""
        return self.continued(question, shown, thought.text)

    def visible_memory(self, memory: Memory) -> TextMemory:
        """The part of a text memory that the settings let the model see, besides what is pinned."""
        shown = without_pins(_text(memory), self.pins)
        match self.settings.ablation:
            case "known-only":
                return TextMemory(known=shown.known)
            case "next-only":
                return TextMemory(next=shown.next)
            case "no-memory":
                return TextMemory()
            case _:
                return shown

    def words_of(self, memory: Memory) -> str:
        """What is known, as a text that can be read."""
        return "\n".join(line for lines in split_quotes(self.visible_memory(memory).known) for line in lines)

    def memory_part(self, memory: TextMemory) -> str:
        """A memory as the model is shown it."""
        known, goals = show_memory(memory)
        return self.render("memory", known=known, next=goals)

    def instruction(self, question: Question, *, first: bool) -> str:
        """The instruction of a step; ``first`` says that nothing is in the memory yet."""
        return self.render("step" if first else "step_on")

    async def bounded(self, memory: TextMemory, shorten: Shorten | None = None, limit: int = 0) -> VerbResult[Memory]:
        """The visible part of a memory, within ``memory_tokens`` together with the pins (``prompts.forgetting``)."""
        return await bounded(self.visible_memory(memory), await self._room(), self.caller.count, shorten, limit)

    async def write_memory(self, messages: tuple[Message, ...], memory: Memory, limit: int) -> VerbResult[Memory]:
        """The memory as the model writes it; ``memory`` is kept, with a mark, when two tries cannot be read."""
        bound = self.settings.memory_form == "json" and Capability.SCHEMA in self.caller.backend.capabilities
        form = schema(self.settings.memory_tokens) if bound else None
        calls: list[Call] = []
        for temperature in (self.settings.temperature, max(self.settings.temperature, _RETRY_TEMPERATURE)):
            spent = sum(call.generation.usage.completion for call in calls)
            left = min(limit, self.settings.memory_tokens) - spent
            if left <= 0:
                break
            calls.append(await self.caller.ask(messages, left, shift=len(calls), temperature=temperature, form=form))
            written = read_memory(whole_lines(calls[-1].generation))
            if written is not None:
                marks = ("summary unreadable, asked again",) if len(calls) > 1 else ()
                return replace(await self.bounded(written), calls=tuple(calls), marks=marks)
        marks = ("summary unreadable, memory kept",)
        return VerbResult(memory, tuple(calls), marks, ending=Ending.UNREADABLE)

    def render(self, name: str, **values: str) -> str:
        """A template of this reasoner's folder, filled."""
        return render(f"{self.templates}/{name}", **values)

    def system(self, question: Question) -> Message:
        """The system message, which says in what form the answer is wanted."""
        form = ANSWER_FORMS[question.answers]
        return message("system", "system", self.render("system", noun=form.noun, line=form.line))

    def question_parts(self, question: Question) -> tuple[Part, ...]:
        """The question, behind its context if it has one."""
        context = (Part("context", quote_headings(clean(question.context), self.templates)),)
        text = self.render("question", question=quote_headings(clean(question.text), self.templates))
        return (*(context if question.context.strip() else ()), Part("question", text))

    def pinned_parts(self) -> tuple[Part, ...]:
        """What is pinned, if anything is."""
        lines = quote_headings("\n".join(f"- {pin}" for pin in self.pins), self.templates)
        return (Part("memory", render("isump/pinned", lines=lines)),) if self.pins else ()

    def step_prompt(self, question: Question, memory: Memory) -> tuple[Message, ...]:
        """The prompt of a step that begins a reply of its own, the memory quoted in it."""
        system, user = self._head(question, memory)
        asked = self.instruction(question, first=self.visible_memory(memory).empty)
        return system, replace(user, parts=(*user.parts, Part("instruction", asked)))

    def read_thought(self, reply: Generation, question: Question) -> Thought:
        """The thought in a reply."""
        return read_thought(reply, question.answers)

    def _head(self, question: Question, memory: Memory) -> tuple[Message, Message]:
        shown, parts = self.visible_memory(memory), tuple[Part, ...]()
        if shown.empty or not self.settings.drop_question:
            parts += self.question_parts(question)
        parts += self.pinned_parts()
        if not shown.empty:
            parts += (Part("memory", self.memory_part(shown)),)
        return self.system(question), Message("user", parts)

    def pinned(self, made: VerbResult[Memory]) -> VerbResult[Memory]:
        """A result whose memory holds what is pinned."""
        return replace(made, value=with_pins(_text(made.value), self.pins))

    async def _room(self) -> int:
        """Tokens of a memory that the pins leave."""
        sizes = [await self.caller.count(f"- {pin}\n") for pin in self.pins]
        return self.settings.memory_tokens - sum(sizes)


def _text(memory: Memory) -> TextMemory:
    if not isinstance(memory, TextMemory):
        raise TypeError(f"a PromptReasoner reads text memories, not {type(memory).__name__}")
    return memory
