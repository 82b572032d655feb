"""How many tokens of context an embedded model is given: what was asked, if the model and the memory allow it.

>>> choose_context(None, 1, ModelFacts(frozenset(), 2048, None), free=None)
2048
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from app.errors import BadInput
from app.models.metadata import ModelFacts

DEFAULT_CONTEXT = 8192
SMALLEST_CONTEXT = 256
"""Tokens; in less no prompt of ours fits, together with a reply."""
_MOST_IN_ALL = 2**31 - 1  # llama.cpp counts the tokens of all slots in 32 bits


def choose_context(asked: int | None, slots: int, facts: ModelFacts, free: int | None) -> int:
    """Tokens of context for each of ``slots`` requests at once.

    Args:
        asked: What the person wants; by default 8192, or what the model was trained for if that is less.
        slots: Requests answered side by side, each with a context of its own.
        facts: What the model's file says.
        free: Bytes of memory that can be had, or ``None`` when that is unknown.

    Raises:
        BadInput: The model was trained for less, or the memory holds less; the message says what fits.
    """
    trained = facts.trained_context or _MOST_IN_ALL
    context = min(DEFAULT_CONTEXT, trained) if asked is None else asked
    if context > trained:
        raise BadInput(
            f"A context of {context:,} tokens is more than the {trained:,} this model was trained for: pass --context "
            f"{trained} or less."
        )
    fits = _MOST_IN_ALL // slots
    if facts.context_bytes and free is not None:
        fits = min(fits, free // facts.context_bytes // slots)
    if context <= fits:
        return context
    wanted = f"A context of {context:,} tokens for each of {slots:,} requests at once"
    if facts.context_bytes and free is not None:
        needs = context * slots * facts.context_bytes / 1e9
        wanted += f" needs {needs:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free"
    else:
        wanted += " is more than llama.cpp can hold"
    less = f"pass --context {fits} or less, or ask" if fits >= SMALLEST_CONTEXT else "ask"
    raise BadInput(f"{wanted}: {less} fewer at once (--slots, --concurrency).")


def free_memory() -> int | None:
    """Bytes of memory that can be had without taking any from other programs; ``None`` where the system won't say."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None
