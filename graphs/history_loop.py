"""The baseline of iSUMp's savings: the same loop, keeping every thought instead of a memory.

    python -m app solve "..." --strategy history_loop

The graph and the steps are isump's own; only what is kept of a step differs.
"""

from graphs.isump import build
from graphs.strategy import Strategy
from prompts.backend import Backend
from prompts.numbered import NumberedReasoner, as_written
from prompts.settings import LoopSettings
from prompts.writers import transcript


def reasoner(backend: Backend, settings: LoopSettings, templates: str) -> NumberedReasoner:
    """A reasoner whose memory is every thought so far, word for word."""
    return NumberedReasoner(backend, settings, templates, transcript, show=as_written)


STRATEGY = Strategy(
    "history_loop",
    "step by step, keeping the full history",
    build,
    LoopSettings,
    reasoner,
    templates="history_loop",
    resumable=True,
)
