"""Changes a users file from the terminal: ``isump user add ann --users users.txt``.

edit(Path("users.txt"), "add", "ann")      # asks for the password; "Added ann to users.txt."
edit(Path("users.txt"), "list", None)
"""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path
from typing import Literal

from filelock import FileLock

from app.errors import BadInput
from app.ui.gate.users import LONGEST_PASSWORD, check_name, hash_password, read, write

Action = Literal["add", "remove", "list"]


def edit(path: Path, action: Action, name: str | None) -> str:
    """Do it; what to print.

    Raises:
        BadInput: The name, the password or the file cannot be used.
    """
    if action == "list":
        return "\n".join(sorted(read(path)))
    if name is None:
        raise BadInput(f"There is no name: write isump user {action} NAME --users {path}.")
    check_name(name)
    if action == "add":
        hashed = hash_password(asked_password(name))
        with _alone(path):
            users = read(path) if path.exists() else {}
            known = name in users
            write(path, users | {name: hashed})
        return f"Changed the password of {name}." if known else f"Added {name} to {path}."
    with _alone(path):
        users = read(path)
        if users.pop(name, None) is None:
            raise BadInput(f"There is no user {name!r} in {path}: isump user list --users {path} shows them.")
        write(path, users)
    return f"Removed {name} from {path}; the trace store stays."


def asked_password(name: str) -> str:
    """The password, typed twice on a terminal, or else the first line of standard input."""
    if not sys.stdin.isatty():
        line = sys.stdin.buffer.readline(4 * LONGEST_PASSWORD + 2)
        try:
            return line.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise BadInput("The password on standard input is not UTF-8 text.") from None
    password = getpass(f"Password of {name}: ")
    if getpass("Once more: ") != password:
        raise BadInput("The two passwords differ: nothing was changed.")
    return password


def _alone(path: Path) -> FileLock:
    """Two commands at once must not each write what the other has not seen."""
    if not path.resolve().parent.is_dir():
        raise BadInput(f"{path} cannot be written, because there is no folder {path.resolve().parent}: make it first.")
    return FileLock(path.with_name(f".{path.name}.lock"), timeout=30)
