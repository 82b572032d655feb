r"""Takes the power from a text that a stranger or a model wrote; every screen shows such text through this.

>>> visible("red \x1b[31m, reversed \u202e")
'red �[31m, reversed �'
"""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """``text`` without the power to move the cursor, change colours or reverse the reading direction."""
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs") else "\ufffd"
        for character in text
    )
