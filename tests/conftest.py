"""No test reaches the network or this user's files; what a test needs, it makes under ``tmp_path``."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from app.models import find, pull
from app.options import BackendOptions

hypothesis.settings.register_profile("isump", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("isump")

LOCAL = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True)
def guard(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Unit tests connect to this machine only and leave the environment's store, cache and key alone."""
    if request.node.get_closest_marker("integration"):
        yield
        return
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL:
            raise AssertionError(f"a unit test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)
    for name in os.environ:
        if name.startswith(("ISUMP_", "OPENAI_")) and name != "ISUMP_BROWSER_TESTS":
            monkeypatch.delenv(name)
    monkeypatch.setenv("ISUMP_CACHE_DIR", str(tmp_path / "cache"))
    yield


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The GGUF of SmolLM2 135M, downloaded into the user's own cache the first time."""
    return pull(find("smollm2-135m-instruct"), BackendOptions().cache_dir)
