r"""Cleans text that comes from outside: what is kept or shown to a model is valid Unicode without hidden controls.

clean("12\x00 eggs\r\n")  -> "12 eggs\n"
"""

from __future__ import annotations

import re

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
