"""Limits of the page: how long a typed question may be, and what one click may start.

check_whole(3, "Forks", 1, MOST_FORKS)   # 3
check_whole("x", "Forks", 1, MOST_FORKS) # BadInput: Forks cannot be x: write a whole number from 1 to 8.
"""

from __future__ import annotations

from app.errors import BadInput
from prompts.clean import check_question

LONGEST_TYPED = 100_000
"""Characters of a question typed into the page; longer ones are for the command line."""
MOST_RUNNING = 8
"""Questions that one open page may have running in one tab."""
MOST_FORKS = 8
"""Attempts that one click resumes."""
MOST_FACTS = 64
"""Facts of a memory that one click removes one by one, and lines of an edited memory."""
MOST_QUESTIONS = 2000
"""Questions of an eval that a click starts."""
MOST_AT_ONCE = 8
"""Attempts that such an eval runs at the same time."""
MOST_EVALS = 4
"""Evals that run at the same time, over all visitors."""


def check_typed(text: str | None) -> str:
    """A question that a visitor typed, stripped; raises ``BadInput`` when it is empty, too long or unreadable."""
    if text and len(text) > LONGEST_TYPED:
        raise BadInput(
            f"The question has {len(text):,} characters: the page takes {LONGEST_TYPED:,}, isump solve takes more."
        )
    return check_question(text or "")


def check_whole(value: object, name: str, least: int, most: int) -> int:
    """``value`` as a whole number within the bounds; raises ``BadInput`` for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
        whole = int(value)
        if whole == value:
            return whole
    raise BadInput(f"{name} cannot be {str(value)[:40]}: write a whole number from {least:,} to {most:,}.")
