"""The lines of a memory as they are kept: clean, without bullets, each once, and none that says "nothing"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from prompts.clean import clean
from prompts.memories import TextMemory

_BULLET = re.compile(r"\s*+(?:[-*•+]|\(?\d{1,2}[.)])\s++")
_NOTHING = {"none", "nothing", "nothing left", "n/a", "done", "-", "no more steps", "nothing more", "null", "[]"}


def memory_of(known: Iterable[str], goals: Iterable[str]) -> TextMemory:
    """The memory of raw lines."""
    return TextMemory(kept_lines(known), kept_lines(goals))


def kept_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """The lines as they are kept in a memory."""
    bare = (_without_bullet(clean(line)) for line in lines)
    cleaned = (" ".join(line.split()).strip("* ").strip() for line in bare)
    return tuple(dict.fromkeys(line for line in cleaned if line and line.lower().rstrip(".") not in _NOTHING))


def _without_bullet(line: str) -> str:
    bullet = _BULLET.match(line)
    return line[bullet.end() :] if bullet else line
