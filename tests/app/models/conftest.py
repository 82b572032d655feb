"""The wheels of a tiny model, and an empty cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.models.wheels import PARTS, build_wheel


@pytest.fixture
def links(tmp_path: Path) -> Path:
    folder = tmp_path / "links"
    folder.mkdir()
    for number, data in enumerate(PARTS, 1):
        build_wheel(folder, number, {"__init__.py": b"", f"data/part{number:02}.bin": data})
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"
