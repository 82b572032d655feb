"""TailReasoner: goes on from the last tokens of what was written, word for word, without a summary."""

from __future__ import annotations

import re

from prompts.clean import clean
from prompts.memories import Memory, TextMemory
from prompts.numbered import QUOTED
from prompts.reasoner import PromptReasoner
from prompts.values import Message, Part, Question, Thought, VerbResult

_WORD = re.compile(r"\S+\s*")


class TailReasoner(PromptReasoner):
    """A PromptReasoner whose memory is the end of its own text: ``memory_tokens`` of it, cut between words.

    The chunks of The Markovian Thinker (2510.06557, Delethink), here with a model that was not trained for them.
    """

    async def step(self, question: Question, memory: Memory, *, limit: int, sample: int = 0) -> VerbResult[Thought]:
        """The text behind the tail, and the answer if the model ends with it."""
        shown = self.visible_memory(memory)
        fresh = shown.empty or not self.caller.continues
        asked = self.step_prompt(question, shown) if fresh else self.continued(question, shown, "")
        reply = await self.caller.think(question, asked, limit, shift=sample)
        marks = () if self.caller.continues or shown.empty else (QUOTED,)
        return VerbResult(self.read_thought(reply.read, question), reply.calls, marks, reply.findings)

    async def renew(self, question: Question, memory: Memory, thought: Thought, limit: int) -> VerbResult[Memory]:
        """The last tokens of the earlier tail and the thought together."""
        join = "" if self.caller.continues else "\n"
        words = _WORD.findall(join.join((_tail(self.visible_memory(memory)), clean(thought.source))))
        kept, more = 0, len(words)
        while kept < more:  # bisects for the most words that fit
            middle = (kept + more + 1) // 2
            fits = await self.caller.count("".join(words[-middle:])) <= self.settings.memory_tokens
            kept, more = (middle, more) if fits else (kept, middle - 1)
        return VerbResult(TextMemory(("".join(words[len(words) - kept :]),) if kept else ()))

    def continued(self, question: Question, shown: TextMemory, begun: str) -> tuple[Message, ...]:
        """The prompt whose reply goes on behind the tail and ``begun``."""
        reply = tuple(part for part in (Part("memory", _tail(shown)), Part("thought", begun)) if part.text)
        return (*self.step_prompt(question, TextMemory()), Message("assistant", reply, join=""))

    def memory_part(self, memory: TextMemory) -> str:
        """The tail, for a backend that has to be shown it."""
        return self.render("memory", tail=_tail(memory))


def _tail(memory: TextMemory) -> str:
    return "\n".join(memory.known)
