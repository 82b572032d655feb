"""The baseline of iSUMp's savings: the same loop, keeping every thought instead of a memory.

    python -m app solve "..." --strategy history_loop

The graph is isump's own; the reasoner's memory is the transcript.
"""

from graphs.isump import build
from graphs.strategy import Strategy
from prompts.transcript import TranscriptReasoner

STRATEGY = Strategy(
    "history_loop",
    "step by step, keeping the full history",
    build,
    TranscriptReasoner,
    templates="history_loop",
    resumable=True,
)
