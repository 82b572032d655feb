r"""Replaces control and bidirectional characters in untrusted text; every screen shows such text through this.

>>> sanitize("red \x1b[31m, reversed \u202e")
'red �[31m, reversed �'
"""

from __future__ import annotations

import unicodedata


def sanitize(text: str) -> str:
    """``text`` with every control, format and surrogate character but newline and tab replaced by U+FFFD."""
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs") else "\ufffd"
        for character in text
    )
