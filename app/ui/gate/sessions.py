"""Who is logged in: random tokens in the cookies of browsers, of which the server keeps hashes.

sessions = Sessions()
token = sessions.begin("ann", line)
sessions.user(token, {"ann": line}.get)   # "ann", until it ends, or ann's password changes
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

IDLE_SECONDS = 12 * 3600.0
LONGEST_SECONDS = 7 * 24 * 3600.0
MOST = 10_000
"""Log-ins that are remembered; beyond it the one longest out of use ends."""


@dataclass(slots=True)
class _Session:
    user: str
    line: str
    begun: float
    used: float


class Sessions:
    """The log-ins of one server; all of them end with it. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()

    def begin(self, user: str, line: str) -> str:
        """A new token of ``user``, whose line in the users file is ``line``."""
        token, now = secrets.token_urlsafe(32), self._clock()
        self._sessions[_key(token)] = _Session(user, line, now, now)
        while len(self._sessions) > MOST:
            self._sessions.popitem(last=False)
        return token

    def user(self, token: str, line_of: Callable[[str], str | None]) -> str | None:
        """Whose ``token`` it is; none when it has ended, or ``line_of`` its user has changed since."""
        found, now = self._sessions.get(_key(token)), self._clock()
        if found is None:
            return None
        ended = now - found.used > IDLE_SECONDS or now - found.begun > LONGEST_SECONDS
        if ended or line_of(found.user) != found.line:
            self.end(token)
            return None
        found.used = now
        self._sessions.move_to_end(_key(token))
        return found.user

    def end(self, token: str) -> None:
        """Log out."""
        self._sessions.pop(_key(token), None)


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
