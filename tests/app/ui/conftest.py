"""The site that the tests of the page share: an empty store, and a backend without replies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import Store
from app.ui.site import Site
from tests.app.ui.scripts import scripted_backends


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Store.open(tmp_path / "t.sqlite") as store:
        yield Site(store, scripted_backends([]), {}, read_only=False)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as store:
        yield store
