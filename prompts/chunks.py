r"""Splits a long text into pieces of so many tokens, cut at the ends of sentences.

    await split_text("One. Two; three.\nFour", 4, count)   -> ("One. Two; ", "three.\nFour")

The pieces joined are the text: nothing is dropped, and a sentence that does not fit is cut again, between words.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

_END = re.compile(r"[.!?;][\"')\]]*\s+|\n\s*")


async def split_text(text: str, tokens: int, count: Callable[[str], Awaitable[int]]) -> tuple[str, ...]:
    """Pieces of ``text`` of at most ``tokens`` by ``count``, each as many whole sentences as fit."""
    pieces = [part for sentence in sentences(text) for part in await _cut(sentence, tokens, count)]
    sizes = await asyncio.gather(*map(count, pieces))
    chunks, room = list[str](), 0
    for piece, size in zip(pieces, sizes, strict=True):
        if size > room or not chunks:
            chunks.append("")
            room = tokens
        chunks[-1] += piece
        room -= size
    return tuple(chunks)


def sentences(text: str) -> list[str]:
    """The sentences, lines and listed items of a text, each with what follows it up to the next."""
    ends = [found.end() for found in _END.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True) if start < end]


async def _cut(text: str, tokens: int, count: Callable[[str], Awaitable[int]]) -> list[str]:
    """A sentence in parts that fit: halves of it, between words where it has some."""
    if len(text) < 2 or await count(text) <= tokens:
        return [text]
    middle = len(text) // 2
    at = text.rfind(" ", 1, middle) + 1 or middle
    return [*await _cut(text[:at], tokens, count), *await _cut(text[at:], tokens, count)]
