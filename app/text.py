r"""Text for a screen: untrusted text without control characters, and numbers, shares and times as a reader likes them.

>>> sanitize("red \x1b[31m, reversed \u202e")
'red �[31m, reversed �'
>>> count(1, "run"), format_number(1234.5), percent(0.5)
('1 run', '1,234', '50.0%')
"""

from __future__ import annotations

import unicodedata
from datetime import datetime

MISSING = "–"


def sanitize(text: str) -> str:
    """``text`` with every control, format and surrogate character but newline and tab replaced by U+FFFD."""
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs") else "\ufffd"
        for character in text
    )


def count(amount: int, noun: str) -> str:
    """An amount with its noun, which gets an s unless the amount is 1."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def format_number(value: float | None) -> str:
    """A number with as many digits as a reader can use."""
    if value is None:
        return MISSING
    if value >= 1_000_000:
        return f"{value / 1_000_000:,.1f} M"
    if value >= 1000 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def percent(share: float | None) -> str:
    """A share as a percentage."""
    return MISSING if share is None else f"{100 * share:.1f}%"


def when(seconds: float) -> str:
    """Unix seconds as local date and time, to the minute."""
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"
