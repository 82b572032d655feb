"""Attacks: none may give a traceback, a hang, a mixed result or a lost item."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from evals.page_client import client, log_in
from tests.attacks.pages import Server, password_of, served, write_replies

HERE = Path(__file__).parent
ANSWER = "So 4 * 12 = 48.\nAnswer: 48"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and begin with the one that takes longest."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.attack)
    items.sort(key=lambda item: item.path.name != "test_visitors.py")


@pytest.fixture(scope="module")
def with_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page with users, each with a store of their own."""
    folder = tmp_path_factory.mktemp("page")
    replies = write_replies(folder / "replies.jsonl", [ANSWER], 0.0, 20_000)
    offline = {"HF_HUB_OFFLINE": "1"}
    with served(folder, replies, users=("ann", "bo", "cleo", "dan"), environment=offline) as found:
        yield found


@pytest.fixture(scope="module")
def without_login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page for this machine alone, without a log-in."""
    folder = tmp_path_factory.mktemp("private")
    with served(folder, write_replies(folder / "replies.jsonl", [ANSWER], 0.0, 1000)) as found:
        yield found


@pytest.fixture
def server(with_users: Server) -> Iterator[Server]:
    """A page with users, which is alive and well after each test."""
    before = len(with_users.said())
    yield with_users
    with_users.check(before)


@pytest.fixture
def private(without_login: Server) -> Iterator[Server]:
    """A page without a log-in, which is alive and well after each test."""
    before = len(without_login.said())
    yield without_login
    without_login.check(before)


@pytest.fixture(scope="module")
def cookies(with_users: Server) -> dict[str, httpx.Cookies]:
    """Those of ann and bo, who are logged in."""

    async def both() -> dict[str, httpx.Cookies]:
        found = dict[str, httpx.Cookies]()
        for user in ("ann", "bo"):
            async with client(with_users.url) as http:
                await log_in(http, user, password_of(user))
                found[user] = http.cookies
        return found

    return asyncio.run(both())
