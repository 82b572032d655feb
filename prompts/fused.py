"""FusedReasoner: thought and memory in one call instead of two (``--memory fused``)."""

from __future__ import annotations

from prompts.answers import ANSWER_FORMS
from prompts.memories import Memory
from prompts.memory_text import known_part, split_memory
from prompts.reasoner import PromptReasoner
from prompts.replies import readable
from prompts.values import Ending, Generation, Question, Thought, VerbResult


class FusedReasoner(PromptReasoner):
    """A PromptReasoner whose step also writes the memory; ``summarize`` reads it from the same reply."""

    @property
    def step_tokens(self) -> int:
        """Most tokens of a thought and its memory together."""
        return self.settings.step_tokens + self.settings.memory_tokens

    async def renew(self, question: Question, memory: Memory, thought: Thought, limit: int) -> VerbResult[Memory]:
        """The memory that the reply behind ``thought`` holds; the old one is kept, with a mark, when it holds none."""
        _, written = split_memory(thought.source)
        if written is None:
            marks = ("summary unreadable, memory kept",)
            return VerbResult(memory, marks=marks, ending=Ending.UNREADABLE)
        return await self.bounded(written)

    def instruction(self, question: Question, *, first: bool) -> str:
        """Ask for the thought and the two lists."""
        form = ANSWER_FORMS[question.answers]
        return self.render("fused" if first else "fused_on", noun=form.noun, line=form.line)

    def read_thought(self, reply: Generation, question: Question) -> Thought:
        """The thought before the lists."""
        written, whole = readable(reply)
        text, memory = split_memory(written)
        read = ANSWER_FORMS[question.answers].from_thought
        swallowed = text == written and memory is not None
        ended = whole or text != written  # the lists follow it, so the limit cut those
        answer = read(text) if ended else None
        return Thought(text, answer or (read(known_part(written)) if swallowed else None), written)
