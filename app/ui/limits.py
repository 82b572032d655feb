"""Every limit of the page: what one request may send, what one click may start, and how long anything may take.

check_whole(3, "Forks", 1, MOST_FORKS)   # 3
check_whole("x", "Forks", 1, MOST_FORKS) # BadInput: Forks cannot be x: write a whole number from 1 to 8.

The page's own controls stay within them; they are checked because whoever may log in can call its handlers directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import BadInput
from app.session import check_question

# One request
LOGIN_BYTES = 8 * 1024
"""Body of a log-in, the only one taken from strangers."""
SMALL_BYTES = 64 * 1024
"""Body of every other request but a call of a handler."""
CALL_BYTES = 8 * 1024 * 1024
"""Body of a call: the longest stored question and memory come back from the boxes of a fork."""
ALL_BYTES = 64 * 1024 * 1024
"""Bodies that are being received at one moment, over all visitors."""
BODY_SECONDS = 30.0
"""From the end of the headers to the end of the body."""
HEADER_SECONDS = 10.0
"""From the first byte of a request, or the opening of a connection, to the end of the headers."""
HEADER_BYTES = 32 * 1024
"""The line of a request and its headers together."""
IDLE_SECONDS = 15
"""Between two requests of one connection."""
READ_SECONDS = 60.0
"""For a client to read what was sent to it before more is."""
SPARE_CONNECTIONS = 50
"""Connections beyond the most that still get an answer, which says that there are too many."""
MOST_CONNECTIONS = 1000
"""Open connections, unless ``--max-connections`` says otherwise; a visitor holds two or three."""

# One visitor and one click
MOST_SESSIONS = 400
"""Open pages whose state is kept; beyond it the one longest out of use is forgotten."""
SESSION_SECONDS = 30.0
"""How long the state of a page that was left is kept for it to come back."""
MOST_WAITING = 1000
"""Clicks that wait for their turn, over all visitors."""
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
HIGHEST = {"step_tokens": 4096, "memory_tokens": 4096, "answer_tokens": 4096, "max_steps": 200}
"""The highest values of settings that a visitor may choose."""


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


def check_chosen(chosen: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise ``BadInput`` when a visitor chose a setting above what the page allows and above what was ``given``."""
    for name, most in HIGHEST.items():
        value = chosen.get(name)
        allowed = max(most, given.get(name) or 0)
        if isinstance(value, int | float) and value > allowed:
            words = name.replace("_", " ")
            raise BadInput(f"{words.capitalize()} cannot be {str(value)[:40]}: the page allows at most {allowed:,}.")
