"""The verbs every strategy is written in.

A Reasoner is whatever implements them: prompts and a chat backend (``prompts.reasoner``), or a recurrent model.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from prompts.memories import Memory
from prompts.settings import Settings
from prompts.values import Answer, Question, Thought, VerbResult


class Reasoner(Protocol):
    """The verbs. Each generates at most ``limit`` tokens, over all its calls, and lists those in its VerbResult."""

    @property
    def step_tokens(self) -> int:
        """Most tokens that one step of a loop should generate."""
        ...

    async def start(self, question: Question, checkpoint: Memory | None = None) -> Memory:
        """The memory to begin with: a checkpoint's, or the one before anything is known.

        Raises ``UserError`` where the settings leave no room for it.
        """
        ...

    async def split(self, question: Question, tokens: int) -> tuple[Question, tuple[str, ...]]:
        """The question without its context, and the context in pieces of at most ``tokens``; none where it has none."""
        ...

    async def read(self, question: Question, memory: Memory, chunk: str, *, limit: int) -> VerbResult[Memory]:
        """Take in one piece of a long context."""
        ...

    def words_of(self, memory: Memory) -> str:
        """What a memory holds as a text that can be read again.

        Raises ``UserError`` where it is not in words.
        """
        ...

    async def step(self, question: Question, memory: Memory, *, limit: int, sample: int = 0) -> VerbResult[Thought]:
        """Do the next small piece of reasoning; ``sample`` tells parallel chains apart."""
        ...

    async def summarize(
        self, question: Question, memory: Memory, thought: Thought, *, limit: int
    ) -> VerbResult[Memory]:
        """Rewrite the memory: what we know, what to do next."""
        ...

    async def conclude(
        self, question: Question, memory: Memory, thoughts: tuple[Thought, ...], *, limit: int
    ) -> VerbResult[Answer]:
        """Yield an answer, or an explicit none, whatever state the reasoning is in."""
        ...


@runtime_checkable
class ReasonerSource(Protocol):
    """A backend that brings the reasoner of its kind of model, which is not spoken to in prompts."""

    def reasoner(self, settings: Settings) -> Reasoner:
        """The reasoner of this model under any strategy's settings."""
        ...
