"""Masks the API key in text that a server sent, so that a key it echoes is never printed, stored or shown.

>>> mask("you sent 'Bearer sk-secret-1'", "sk-secret-1")
"you sent 'Bearer [API key]'"

The key is found as it is, in any case of its letters, percent-encoded, escaped for JSON or HTML, and inside base64.
A key shorter than ``SHORTEST_SECRET`` is a word that a local server is given for want of a key ("none", "EMPTY").
"""

from __future__ import annotations

import base64
import html
import json
import re
import string
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, quote_plus

MASK = "[API key]"
"""What stands for a key."""
SHORTEST_SECRET = 8
"""Characters; what is shorter may be an ordinary word or number, and masking it would change replies."""
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def mask(text: str, secret: str | None) -> str:
    """``text`` with ``MASK`` for every occurrence of ``secret`` in any of the forms above."""
    if not secret or len(secret) < SHORTEST_SECRET:
        return text
    return _pattern(secret).sub(MASK, text)


class StreamMask:
    """Masks a text that arrives in pieces; an end that may be the beginning of the key waits for the next piece.

    The texts given back, ``rest`` included, are together what ``mask`` makes of the whole text.
    """

    def __init__(self, secret: str | None) -> None:
        self._secret = secret if secret and len(secret) >= SHORTEST_SECRET else None
        self._held = ""

    def feed(self, piece: str) -> str:
        """What of the text so far can be shown; it may be empty."""
        if self._secret is None:
            return piece
        text, shown, place = self._held + piece, "", 0
        waits = _cut_off(text, place, self._secret)
        while (found := _pattern(self._secret).search(text, place)) and found.start() < waits:
            shown += text[place : found.start()] + MASK
            place = found.end()
            waits = _cut_off(text, place, self._secret)
        self._held = text[waits:]
        return shown + text[place:waits]

    def rest(self) -> str:
        """What was held back, at the end of the text."""
        held, self._held = self._held, ""
        return mask(held, self._secret)


def _cut_off(text: str, place: int, secret: str) -> int:
    """The first index from ``place`` on where a form of the secret begins and the text ends before it does."""
    first = len(text)
    for form in _forms(secret):
        start = max(place, len(text) - len(form) + 1)
        end = text[start:].translate(_LOWER)
        index = end.find(form[0])
        while index >= 0 and not form.startswith(end[index:]):
            index = end.find(form[0], index + 1)
        if index >= 0:
            first = min(first, start + index)
    return first


@lru_cache(maxsize=8)
def _pattern(secret: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, _forms(secret))), re.IGNORECASE | re.ASCII)


@lru_cache(maxsize=8)
def _forms(secret: str) -> tuple[str, ...]:
    """The texts to look for, in small letters; the longest first, so that none hides a longer one."""
    forms = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
    }
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms.update(_inside(secret.encode(), encode, before) for before in range(3))
    lowered = {form.translate(_LOWER) for form in forms}
    return tuple(sorted(lowered, key=lambda form: (-len(form), form)))


def _inside(secret: bytes, encode: Callable[[bytes], bytes], before: int) -> str:
    """The base64 characters that ``secret`` alone decides in a text that holds it after 3n + ``before`` bytes."""
    encoded = encode(bytes(before) + secret).decode()
    return encoded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
