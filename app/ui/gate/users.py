"""The users file: who may log in, each with a scrypt hash of their password.

    isump user add ann --users users.txt
    users = Users(Path("users.txt"))
    users.verify("ann", "a long password")   # the line of ann, or None

A line is ``name:hash``, the hash in the PHC format that passlib and libsodium's tools read, too:
``ann:$scrypt$ln=15,r=8,p=1$<salt>$<hash>``, both in base64 without padding. A change of the file counts at once.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import re
import secrets
import tempfile
import time
from pathlib import Path

from app.errors import BadInput

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024
"""Characters; more would only cost time."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,30}[a-z0-9])?")
_HASH = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{4,100})\$([A-Za-z0-9+/]{22,100})")
_LN, _R, _P = 15, 8, 1
"""32 MB and about 0.1 s a password."""
_MOST_MEMORY = 128 * 1024 * 1024
_FRESH = 1.0
"""Seconds for which the file is taken to be as it was read."""


def check_name(name: str) -> str:
    """``name``; raises ``BadInput`` when it is no name of a user, which is also the name of a file."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:40]!r} is no user name: use 1 to 32 of a to z, 0 to 9, - and _, with no - or _ at either end."
        )
    return name


def hash_password(password: str) -> str:
    """A new hash of ``password``, with a salt of its own; raises ``BadInput`` when it is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInput(
            f"The password has {len(password)} characters: it needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD:,}."
        )
    salt = secrets.token_bytes(16)
    return f"$scrypt$ln={_LN},r={_R},p={_P}${_encoded(salt)}${_encoded(_scrypt(password, salt, _LN, _R, _P, 32))}"


def verify_hash(password: str, hashed: str) -> bool:
    """Whether ``password`` is the one of ``hashed``, which ``Users`` has checked; it takes as long either way."""
    found = _HASH.fullmatch(hashed)
    if not found or len(password) > LONGEST_PASSWORD:
        return False
    ln, r, p = map(int, found.groups()[:3])
    salt, right = _decoded(found[4]), _decoded(found[5])
    return hmac.compare_digest(_scrypt(password, salt, ln, r, p, len(right)), right)


class OneUser:
    """The only user of ``--auth USER:PASSWORD``."""

    def __init__(self, name: str, password: str) -> None:
        self._name, self._password = _digest(name), _digest(password)

    def line(self, name: str) -> str | None:
        """Something that every log-in of the user has in common; none for a stranger."""
        return "the only user" if hmac.compare_digest(_digest(name), self._name) else None

    def verify(self, name: str, password: str) -> str | None:
        """As ``line`` when the password is right, else none; it takes as long either way."""
        right = hmac.compare_digest(_digest(password), self._password)
        line = self.line(name)
        return line if right else None


class Users:
    """The users of a file, read again whenever it changes."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            BadInput: There is none, it cannot be read, or a line of it is no ``name:hash``.
        """
        self.path = path
        self._stranger = f"$scrypt$ln={_LN},r={_R},p={_P}${_encoded(bytes(16))}${_encoded(bytes(32))}"
        self._stamp, self._looked = _stamp(path), time.monotonic()
        self._lines = read(path)

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, name: str) -> str | None:
        """The hash of a user, which says whether the user still is who logged in; none for a stranger."""
        self._refresh()
        return self._lines.get(name)

    def verify(self, name: str, password: str) -> str | None:
        """The hash of the user when the password is right, else none; a stranger takes as long as a user."""
        line = self.line(name)
        right = verify_hash(password, line or self._stranger)
        return line if right and line else None

    def _refresh(self) -> None:
        if time.monotonic() - self._looked < _FRESH:
            return
        self._looked = time.monotonic()
        # A file that is being written, or was broken by hand, changes nothing; those who are in stay in.
        with contextlib.suppress(BadInput):
            stamp = _stamp(self.path)
            if stamp != self._stamp:
                self._lines, self._stamp = read(self.path), stamp


def read(path: Path) -> dict[str, str]:
    """The hash of every user, by name.

    Raises:
        BadInput: The file cannot be read, a line of it is no ``name:hash``, or a hash asks for too much memory.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"There is no users file at {path}: make it with isump user add NAME --users {path}.") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{str(path)[:200]} cannot be read as a users file ({error}): pass another --users.") from error
    users: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, hashed = line.strip().partition(":")
        if not _NAME.fullmatch(name) or not _is_usable(hashed):
            raise BadInput(f"Line {number} of {path} is no user (name:$scrypt$...): write it with isump user add.")
        if name in users:
            raise BadInput(f"{path} has two lines of {name}: remove one.")
        users[name] = hashed
    return users


def write(path: Path, users: dict[str, str]) -> None:
    """Replace the file at once, readable for its owner alone; raises ``BadInput`` when it cannot be written."""
    text = "".join(f"{name}:{hashed}\n" for name, hashed in sorted(users.items()))
    target = path.resolve()
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}): pass another --users.") from error


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _is_usable(hashed: str) -> bool:
    found = _HASH.fullmatch(hashed)
    if not found:
        return False
    ln, r, p = map(int, found.groups()[:3])
    if not (10 <= ln <= 20 and 1 <= r <= 32 and 1 <= p <= 16) or 128 * r * (2**ln + p + 2) > _MOST_MEMORY:
        return False
    try:
        return bool(_decoded(found[4]) and _decoded(found[5]))
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes, ln: int, r: int, p: int, length: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=2**ln, r=r, p=p, maxmem=2 * _MOST_MEMORY, dklen=length)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino
