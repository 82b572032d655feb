"""The site that the tests of the app's parts share: an empty store, and an engine that says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.backends.scripted import ScriptedBackend
from app.config import Config
from app.store import Store
from app.ui.site import Engines, Site
from prompts.backend import Backend
from prompts.settings import Settings


async def scripted(name: str) -> Backend:
    return ScriptedBackend([])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Store.open(tmp_path / "t.sqlite") as store:
        yield Site(store, Config(), Settings(), False, Engines("scripted", scripted))
