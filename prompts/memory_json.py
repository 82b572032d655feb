r"""Reads a text memory written as JSON: whole, inside other text, or broken off by a token limit.

    memory_in_json('Here: {"known": ["May = 24"], "next": []}')  -> TextMemory(("May = 24",), ())
    memory_in_json('{"known": ["May = 24", "June = 3')           -> TextMemory(("May = 24",), ())

A reply is tried as JSON at two places at most, so time stays in proportion to its length whatever it holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from prompts.memories import TextMemory
from prompts.memory_lines import memory_of

_OBJECT = re.compile(r'\{\s*+"')
_MEMORY = re.compile(r'\{\s*+"(?:known|next)"\s*+:')
_LIST = re.compile(r'"(known|next)"\s*+:\s*+\[')
_FENCE = re.compile(r"`{3}\w{0,16}\Z")
_BLANK = re.compile(r"[\s,]*+")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
# Objects as tuples of pairs, so that a key given twice loses nothing; numbers as they are written, whatever their size.
_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=lambda _: None, strict=False
)


def starts_in_json(text: str) -> bool:
    """Whether an object that could be a memory begins a line: the reply is then JSON, and not lists that quote some."""
    return any(_begins_line(text, at) for at in _places(text))


def before_json(text: str) -> str:
    """The text before the object that could be a memory and its code fence; empty where there is no object."""
    return _FENCE.sub("", text[: max(_places(text), default=0)].rstrip()).rstrip()


def memory_in_json(text: str) -> TextMemory | None:
    """The memory in the JSON of ``text``; of an object that is broken off, the whole strings of its lists."""
    text = _ESCAPE.sub(lambda match: match[0] if len(match[0]) > 1 else r"\\", text)  # models write LaTeX unescaped
    for at in _places(text):
        try:
            found, _ = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, tuple) and any(key in ("known", "next") for key, _ in found):
            return memory_of(_entries(found, "known"), _entries(found, "next"))
    return _broken_off(text)


def _places(text: str) -> list[int]:
    """Starts of objects: of the first of all, and of the first that begins like a memory."""
    found = (pattern.search(text) for pattern in (_OBJECT, _MEMORY))
    return list(dict.fromkeys(match.start() for match in found if match))


def _begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip(" \t`")


def _entries(pairs: tuple[tuple[str, object], ...], key: str) -> Iterator[str]:
    for value in (value for name, value in pairs if name == key):
        yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))


def _broken_off(text: str) -> TextMemory | None:
    lists: dict[str, list[str]] = {}
    at = 0
    while begun := _LIST.search(text, at):
        strings, at = _strings(text, begun.end())
        lists.setdefault(begun[1], []).extend(strings)
    return memory_of(lists.get("known", []), lists.get("next", [])) if lists else None


def _strings(text: str, at: int) -> tuple[list[str], int]:
    """The strings of the list whose bracket ends before ``at``, and where reading stopped."""
    found: list[str] = []
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        if text[at : at + 1] != '"':
            return found, at
        try:
            string, at = _DECODER.raw_decode(text, at)
        except ValueError:
            return found, len(text)  # it is unterminated, so no other string ends after it
        found.append(string)
