"""The baseline of iSUMp's savings: the same loop, keeping every thought instead of a memory.

    python -m app solve "..." --strategy history_loop

The graph is isump's own; the reasoner's memory is the transcript (``prompts.reasoner.TranscriptReasoner``).
"""

from graphs.isump import build

__all__ = ["build"]
