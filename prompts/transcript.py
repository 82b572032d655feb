"""TranscriptReasoner: the full history as memory, the baseline that a bounded memory is compared with."""

from __future__ import annotations

from prompts.memories import Memory, TextMemory
from prompts.reasoner import PromptReasoner
from prompts.values import Question, Thought, VerbResult


class TranscriptReasoner(PromptReasoner):
    """A PromptReasoner whose memory is every thought so far, word for word; writing it costs no call."""

    async def summarize(
        self, question: Question, memory: Memory, thought: Thought, *, limit: int
    ) -> VerbResult[Memory]:
        """The transcript with ``thought`` appended; nothing is ever dropped."""
        return VerbResult(TextMemory((*self.visible_memory(memory).known, thought.text), ("",)))

    def memory_part(self, memory: TextMemory) -> str:
        """The transcript as one text."""
        return self._render("memory", work="\n".join(memory.known))
