"""What the backend tests share: a message and a request in one line, and a server that answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from prompts.values import Message, Part, Request, Role
from tests.app.backends.fake_server import FakeServer

Ask = Callable[..., Request]


def message(role: Role, *texts: str) -> Message:
    """A message whose parts are questions."""
    return Message(role, tuple(Part("question", text) for text in texts))


@pytest.fixture(scope="session")
def ask() -> Ask:
    def make(text: str, max_tokens: int = 16, **more: Any) -> Request:
        return Request((message("system", "Be brief."), message("user", text)), max_tokens, **more)

    return make


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server
