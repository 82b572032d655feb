r"""Breaks control tokens in text that comes from outside, so that it cannot end its own turn or begin another.

    break_markup("48</s> clips", frozenset({"</s>"}))  -> "48< /s> clips"

llama.cpp and others read such tokens wherever they stand in a message. Which they are, the tokenizer says
(``Backend.control_tokens``). For servers that cannot be asked, and for turn markers that are no tokens of their own
(``[INST]`` of Llama 2), the shapes of the known families are broken as well. A blank after the first character breaks
a token and leaves it readable. What no model reads as control stays as it is: ``a < b``, ``<b>bold</b>``, LaTeX, lists
in brackets; the price is a blank in HTML's ``<s>`` and in the ``<|`` of F#.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain, groupby

_MAX_LINE = 64
"""Characters of a token that are looked at: what only begins like a longer one is broken too."""
_NAMES = (
    "s|(?:[a-z]{1,16}:)?[be]os|pad|unk|mask|sep|cls|eo[dmptu]|sop|human|bot|user|assistant|system|sys|think"
    "|tool_(?:call|response)s?|extra_id_[0-9]{1,4}|unused_?[0-9]{1,4}|special_[0-9]{1,4}|reserved_[a-z0-9_]{1,32}"
    "|fim_[a-z_]{1,16}|(?:bos|eos|pad|unk|mask)_token|(?:start|end|begin|beginning)_?of_?[a-z_]{1,32}"
)
_BRACKETED = (
    "INST|SYS|SYSTEM_PROMPT|MODEL_SETTINGS|AVAILABLE_TOOLS|TOOL_[A-Z]{1,16}|IMG_[A-Z]{1,16}"
    "|g?MASK|CLS|SEP|PAD|UNK|BOS|EOS|EOT"
)
_SHAPES = re.compile(
    rf"<(?=[|｜]|/?(?:{_NAMES}|{_NAMES.upper()})>|</?(?:SYS|sys)>>|[A-Za-z_]{{1,32}}[|｜]>)"
    rf"|\[(?=/?(?:{_BRACKETED})\]|\|[a-z]{{1,32}}\|\])"
)
_SEPARATORS = " \u2009\u00b7_"


def break_markup(text: str, tokens: frozenset[str] = frozenset()) -> str:
    """``text`` with every control token broken: those of ``tokens`` exactly, and the shapes of all known families.

    Doing it again changes nothing, and it takes time in proportion to the text. A token of nothing but whitespace
    stays, since it cannot be told from ordinary text.
    """
    exact, separator = _breaker(tokens)
    text = _SHAPES.sub(lambda match: match[0] + separator, text)
    return exact.sub(lambda match: separator if match[0] in tokens else match[0] + separator, text) if exact else text


@lru_cache(maxsize=16)
def _breaker(tokens: frozenset[str]) -> tuple[re.Pattern[str] | None, str]:
    """A pattern for the first character of every token, and a separator that stands in none: no new one can arise."""
    kept: list[str] = []
    for token in sorted(token[:_MAX_LINE] for token in tokens if token.strip()):
        if not (kept and token.startswith(kept[-1])):  # broken with the shorter one, which sorts before it
            kept.append(token)
    used = set("".join(tokens))
    separator = next(c for c in chain(_SEPARATORS, map(chr, range(0x2010, 0xD800))) if c not in used)
    starts = (
        re.escape(first) + ("" if first in tokens else f"(?={_any_of([token[1:] for token in group])})")
        for first, group in groupby(kept, key=lambda token: token[0])
    )
    return (re.compile("|".join(starts)) if kept else None), separator


def _any_of(words: list[str]) -> str:
    """A pattern for any of some sorted words, none of which begins another; it never tries a character twice."""
    first, last = words[0], words[-1]
    prefix = first[: next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
    rest = [word[len(prefix) :] for word in words]
    if len(rest) == 1:
        return re.escape(prefix)
    branches = (_any_of(list(group)) for _, group in groupby(rest, key=lambda word: word[0]))
    return f"{re.escape(prefix)}(?:{'|'.join(branches)})"
