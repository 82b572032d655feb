"""What the backend tests share: a request in one line, and the small real model for integration tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from prompts.values import Message, Request
from tests.app.backends.fake_server import FakeServer

Ask = Callable[..., Request]


@pytest.fixture(scope="session")
def ask() -> Ask:
    def make(text: str, max_tokens: int = 16, **more: Any) -> Request:
        return Request((Message("system", ("Be brief.",)), Message("user", (text,))), max_tokens, **more)

    return make


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server
