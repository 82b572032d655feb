"""A trace store for each user, in a file of their own: whatever is asked of one, nothing of another's is in it.

with UserStores(Path("isump.sqlite"), read_only=False) as stores:
stores.of("ann")   # isump.sqlite.users/ann.sqlite
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Self

from app.errors import StoreError
from app.store import Store
from app.ui.gate.users import check_name

ABSENT = ":memory:"


class UserStores:
    """The stores of all users, each opened when its user first comes, and closed together."""

    def __init__(self, shared: Path, *, read_only: bool) -> None:
        """Make the folder beside ``shared``, the store that they have instead of.

        Raises:
            StoreError: It cannot be made.
        """
        self.folder = shared.with_name(f"{shared.name}.users")
        self.read_only = read_only
        self._stores: dict[str, Store] = {}
        self._lock = threading.Lock()
        try:
            if not read_only:
                self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot hold the users' stores ({error.strerror}): pass another --store."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            while self._stores:
                self._stores.popitem()[1].close()

    def of(self, user: str | None) -> Store:
        """The store of ``user``; an empty one where nothing may be made and there is none.

        Raises:
            BadInput: It is no name of a user.
            StoreError: The file cannot be used.
        """
        name = check_name(user or "")
        with self._lock:
            if name not in self._stores:
                self._stores[name] = self._open(self.folder / f"{name}.sqlite")
            return self._stores[name]

    def check(self) -> None:
        """Raise ``StoreError`` when the folder, or a store that is open, cannot be read."""
        if not self.read_only and not self.folder.is_dir():
            raise StoreError("The folder of the users' stores is gone.")
        with self._lock:
            opened = list(self._stores.values())
        for store in opened:
            store.attempts(1)

    def _open(self, path: Path) -> Store:
        if not self.read_only:
            return Store.open(path)
        return Store.open(path, read_only=True) if path.is_file() else Store.open(ABSENT)
