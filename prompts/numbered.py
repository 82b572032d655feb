r"""NumberedReasoner: works in numbered steps, each a continuation of the model's own reply.

The memory stands at the start of that reply, as steps done, and the model goes on in it:

    Step 1: Calculate the eggs
    3 * 12 = 36
    Step 2: Calculate the eggs left after the sale
    |

Quoted in a message to the model the same lines are copied or begun anew; at the start of its own reply they are taken
as work done (measured: docs/experiments.md; for long thoughts, The Markovian Thinker, 2510.06557). A step ends where
the model would write its next heading. That heading is what to do next: it is asked for when the memory is written, by
continuing the same text. Where a backend cannot continue a message the memory is quoted, and the trace says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from prompts.answers import ANSWER_FORMS
from prompts.backend import Backend
from prompts.caller import Reply
from prompts.clean import clean
from prompts.headings import quote_headings
from prompts.liveness import BETWEEN
from prompts.memories import Memory, TextMemory
from prompts.quotes import split_quotes
from prompts.reading import Reader, by_form
from prompts.reasoner import PromptReasoner
from prompts.render import render
from prompts.replies import cut, read_stated, readable
from prompts.results import RESULT_FORMS, new_results
from prompts.settings import Settings
from prompts.values import Call, Message, Part, Question, Thought, VerbResult
from prompts.writers import Writer

HEADING_TOKENS = 64
"""Most tokens of a heading; models write 10 to 20."""
RESULT_TOKENS = 96
"""Most tokens of a result that is asked for once more."""
QUOTED = "the backend cannot continue a message: the memory is quoted"

_NUMBERED = re.compile(r"[\s>#*_]*step\s+\d{1,3}\s*[:.)]?[*_]*[ \t]*", re.IGNORECASE)
_GOES_ON = re.compile(r"\n[\s>#*_-]*\Z")


def as_step(number: int, line: str) -> str:
    """A line of the memory as the step it was: its label as the heading, its results beneath."""
    label, colon, results = line.partition(": ")
    body = results.replace(BETWEEN, "\n")
    return f"{titled(number, label)}{body}\n" if colon else f"Step {number}: {line}\n"


def titled(number: int, heading: str) -> str:
    """The first line of a step, the same while it is worked on and when it is done, for the prefix cache."""
    return f"Step {number}: {heading}{'' if heading.endswith(('.', '?', '!', ':')) else '.'}\n"


def as_written(number: int, line: str) -> str:
    """A line of the memory that is a whole thought."""
    return f"{line}\n"


class NumberedReasoner(PromptReasoner):
    """A PromptReasoner that thinks in numbered steps; ``write`` writes its memory, ``show`` shows a line of it.

    A step without a goal, as the first one, begins with a heading of its own.
    """

    def __init__(
        self,
        backend: Backend,
        settings: Settings,
        templates: str,
        write: Writer,
        show: Callable[[int, str], str] = as_step,
        *,
        reader: Reader | None = by_form,
    ) -> None:
        """Bind a backend and the settings to the templates in ``prompts/<templates>/`` and a way to write memories.

        ``reader`` takes in a piece of a text by continuing; without one, the notes are rewritten for each.
        """
        super().__init__(backend, settings, templates)
        self._write, self._show, self._reader = write, show, reader

    async def step(self, question: Question, memory: Memory, *, limit: int, sample: int = 0) -> VerbResult[Thought]:
        """The work under one heading, and the answer if the model ends with it.

        A step without a new result is asked for one in another form, once.
        """
        shown, form = self.visible_memory(memory), ANSWER_FORMS[question.answers]
        number, goal = next_number(shown), "; ".join(shown.next)
        if answer := form.from_thought(goal):  # the model wrote it where a heading would stand
            return VerbResult(Thought(goal, answer))
        begun = titled(number, goal) if goal else f"Step {number}:"
        messages, stop = self.continued(question, shown, begun), (f"Step {number + 1}",)
        reply = await self.caller.think(question, messages, limit, shift=sample, stop=stop)
        calls = reply.calls
        heading, body, goes_on = _parts(reply, goal)
        text = f"{titled(number, heading)}{body}".strip() if body else f"Step {number}: {heading}"
        known = (*self.pins, *shown.known, question.text, question.context)
        results = new_results(body, heading, known, RESULT_FORMS[form.results])
        marks = () if self.caller.continues or not shown.empty else (QUOTED,)
        answer = None if goes_on else form.from_thought(text)
        if self.caller.continues and answer is None:
            left = limit - _generated(calls)
            if not goes_on:
                answer, asked = await self._answer(question, shown, text, left)
                calls += asked
            elif not results:
                again, asked = await self._result(question, shown, titled(number, heading), left)
                results = new_results(again, heading, known, RESULT_FORMS[form.results])
                calls, marks = calls + asked, (*marks, "no result: asked again")
                text = f"{titled(number, heading)}{again}" if results else text
        result = labelled(heading, results)
        return VerbResult(Thought(text, answer, reply.read.text, result), calls, marks, reply.findings)

    async def read(self, question: Question, memory: Memory, chunk: str, *, limit: int) -> VerbResult[Memory]:
        """The memory after ``chunk``, taken in by the reader (``prompts.reading``)."""
        if self._reader is None or not self.caller.continues:
            return await super().read(question, memory, chunk, limit=limit)
        return self.pinned(await self._reader(self, question, self.visible_memory(memory), chunk, limit))

    async def renew(self, question: Question, memory: Memory, thought: Thought, limit: int) -> VerbResult[Memory]:
        """The memory with what ``thought`` adds to it, and the heading of the step to follow as what to do next."""
        return await self._write(self, question, self.visible_memory(memory), thought, limit)

    async def heading(
        self, question: Question, shown: TextMemory, done: str, limit: int
    ) -> tuple[str, tuple[Call, ...]]:
        """What the model will do next: its next heading, behind ``shown`` and the text of a step ``done``."""
        if limit <= 0 or not self.caller.continues:
            return "", ()
        messages = self.continued(question, shown, f"{done}\nStep {next_number(shown) + 1}:")
        call = await self.caller.ask(messages, min(limit, HEADING_TOKENS), stop=("\n",))
        return _one_line(call.generation.text).rstrip(" .:"), (call,)

    def continued(self, question: Question, shown: TextMemory, begun: str) -> tuple[Message, ...]:
        """The prompt whose reply goes on behind ``begun``, which follows the steps done."""
        if not self.caller.continues:
            return self.step_prompt(question, shown)  # the memory is quoted in it, and the reply begins anew
        hidden = self.settings.drop_question and not shown.empty
        parts = () if hidden else self.question_parts(question)
        parts = (*self.quote_parts(shown), *parts, *self.pinned_parts(), Part("instruction", self.render("step")))
        done = self.steps_done(shown)
        reply = (Part("memory", done), Part("instruction", begun)) if done else (Part("instruction", begun),)
        return self.system(question), Message("user", parts), Message("assistant", reply, join="")

    def after(self, question: Question, shown: TextMemory, thought: Thought) -> tuple[Message, ...]:
        """The call that wrote ``thought``, with it as the reply."""
        continued = self.continued if self.caller.continues else super().continued
        return continued(question, shown, thought.text)

    def steps_done(self, shown: TextMemory) -> str:
        """What we know, but for what is quoted, as the steps that the model has done."""
        _, results = split_quotes(shown.known)
        return "".join(self._show(number, line) for number, line in enumerate(results, 1))

    def quote_parts(self, shown: TextMemory) -> tuple[Part, ...]:
        """What is known by the words of a text, if anything is."""
        quotes, _ = split_quotes(shown.known)
        lines = quote_headings("\n".join(quotes), self.templates)
        return (Part("memory", render("isump/quotes", lines=lines)),) if quotes else ()

    def memory_part(self, memory: TextMemory) -> str:
        """What is quoted and the steps done, for a backend that has to be shown them."""
        known = "\n".join((*split_quotes(memory.known)[0], self.steps_done(memory))).rstrip("\n")
        return self.render("memory", known=known, next="\n".join(memory.next) or "none")

    async def _answer(
        self, question: Question, shown: TextMemory, text: str, limit: int
    ) -> tuple[str | None, tuple[Call, ...]]:
        """The answer of a model that has ended without stating one."""
        if limit <= 0:
            return None, ()
        call = await self.caller.ask(self.continued(question, shown, f"{text}\nAnswer:"), limit, stop=("\n",))
        return read_stated(call.generation, question.answers)[0], (call,)

    async def _result(
        self, question: Question, shown: TextMemory, heading: str, limit: int
    ) -> tuple[str, tuple[Call, ...]]:
        """What the model writes behind the beginning of a result."""
        if limit <= 0:
            return "", ()
        ask = RESULT_FORMS[ANSWER_FORMS[question.answers].results].ask
        messages = self.continued(question, shown, f"{heading}{ask}")
        call = await self.caller.ask(messages, min(limit, RESULT_TOKENS), stop=("\n",))
        return readable(call.generation)[0], (call,)


def next_number(shown: TextMemory) -> int:
    """The number of the step behind those that are done."""
    return len(split_quotes(shown.known)[1]) + 1


def labelled(heading: str, results: tuple[str, ...]) -> str:
    """The results of a step with its heading, without which a bare calculation misleads later steps."""
    label, line = heading.strip(" .:").replace(": ", ", "), BETWEEN.join(results)
    return line if not label or not line or line in heading else f"{label}: {line}"


def _generated(calls: tuple[Call, ...]) -> int:
    return sum(call.generation.usage.completion for call in calls)


def _parts(reply: Reply, goal: str) -> tuple[str, str, bool]:
    """The heading of a step, its body, and whether the model went on to another step."""
    text = clean(reply.read.text)
    torn = reply.read.finish_reason == "length"
    goes_on = torn or not text.strip() or _GOES_ON.search(text) is not None
    body = (cut(text) if torn else _GOES_ON.sub("", text)).strip()
    if repeated := _NUMBERED.match(body):
        body = body[repeated.end() :].strip()
        if goal and body.startswith(goal):
            body = body[len(goal) :].strip()
    if goal:
        return goal, body, goes_on
    heading, _, rest = body.partition("\n")
    return _one_line(heading), rest.strip(), goes_on


def _one_line(text: str) -> str:
    return " ".join(clean(text).split()).strip("*_# ")
