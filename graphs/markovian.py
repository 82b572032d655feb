"""Markovian thinking (2510.06557, Delethink): one chain of thought in chunks, each from the end of the one before.

    python -m app solve "..." --strategy markovian --step-tokens 192 --memory-tokens 96

Question and the last tokens of the text, word for word, are all that the next chunk is written from: a bounded context
without a summary. The graph is isump's own.
"""

from pydantic import Field

from graphs.isump import build
from graphs.strategy import Strategy
from prompts.settings import LoopSettings
from prompts.tail import TailReasoner


class MarkovianSettings(LoopSettings):
    """Settings of Markovian thinking."""

    memory_tokens: int = Field(default=96, ge=16, le=65536, description="most tokens of the text that are gone on from")


STRATEGY = Strategy(
    "markovian",
    "one chain of thought in chunks, each from the end of the one before",
    build,
    MarkovianSettings,
    TailReasoner,
    templates="markovian",
    resumable=True,
)
