"""DraftingReasoner: thinks in numbered steps, and can also draft a whole answer in a few words."""

from __future__ import annotations

from prompts.backend import Backend
from prompts.memories import Memory, TextMemory
from prompts.numbered import NumberedReasoner
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings
from prompts.values import Question, Thought, VerbResult
from prompts.writers import keep


class DraftingReasoner(NumberedReasoner):
    """A NumberedReasoner whose samples from 1 on are chains of draft (2502.18600): whole answers in short."""

    def __init__(self, backend: Backend, settings: Settings, templates: str, temperature: float) -> None:
        """Bind a backend and the settings to the templates of the steps; drafts have a ``temperature`` of their own."""
        super().__init__(backend, settings, templates, keep)
        drafts = settings.model_copy(update={"temperature": temperature})
        self._drafts = PromptReasoner(backend, drafts, "chain_of_draft")

    async def step(self, question: Question, memory: Memory, *, limit: int, sample: int = 0) -> VerbResult[Thought]:
        """The next step, or draft number ``sample``."""
        if sample:
            return await self._drafts.step(question, TextMemory(), limit=limit, sample=sample)
        return await super().step(question, memory, limit=limit)
