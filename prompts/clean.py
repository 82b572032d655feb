r"""Text from outside: cleaned of hidden controls, or refused where it is a question.

clean("12\x00 eggs\r\n")  -> "12 eggs\n"
"""

from __future__ import annotations

import re
import unicodedata

from prompts.values import UserError

MAX_QUESTION = 1_000_000
"""Characters; a longer question is refused before a backend has to tokenize it."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# The other C0 and C1 controls but the tab, and the characters that reorder what is seen (Unicode's bidi controls).
_HIDDEN = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def encodable(text: str) -> str:
    """``text`` with surrogates joined to the characters they stand for, and the rest of them replaced by U+FFFD."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def clean(text: str) -> str:
    r"""``text`` as UTF-8 can hold it, every line end a ``\n``, without control and bidirectional characters."""
    return _HIDDEN.sub("", _LINE_END.sub("\n", encodable(text)))


def check_question(text: str) -> str:
    """``text`` stripped; raises ``UserError`` when it is empty, enormous, or holds control characters."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise UserError("The question is empty: write it after the command, or pipe it in.")
    if len(text) > MAX_QUESTION:
        raise UserError(f"The question has {len(text):,} characters: at most {MAX_QUESTION:,} are taken.")
    for place, character in enumerate(text):
        category = "" if character in "\n\t" else unicodedata.category(character)
        if category == "Cs":
            raise UserError(f"The question is no text at {place} (a lone U+{ord(character):04X}): write it in UTF-8.")
        if category == "Cc":
            raise UserError(f"The question holds the control character U+{ord(character):04X} at {place}: remove it.")
    return text
