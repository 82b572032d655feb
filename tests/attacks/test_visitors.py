"""Two hundred visitors come, ask, read and leave for two minutes: no error, no lost question, no more memory."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from app.store import Store
from app.store.wanted import Wanted
from evals.page_client import client, log_in, visitor
from tests.attacks.pages import HANGS, Server, password_of, served, write_replies

VISITORS = int(os.environ.get("ISUMP_VISITORS", "200"))
SECONDS = float(os.environ.get("ISUMP_VISITORS_SECONDS", "120"))
"""How many visitors, and for how long once all are there; fewer and shorter are for trying it out."""
ARRIVING = 20.0
"""Seconds over which the first of them come."""
VISIT = 100.0
"""Seconds that a visit takes, most of it reading."""
USERS = ("ann", "bo", "cleo", "dan")
THOUGHTS = (
    "4 * 12 = 48 tulips are planted.",
    "Known:\n- planted = 48\nNext:\n- take away a third",
    "48 - 16 = 32 tulips come up.\nAnswer: 32",
    "Answer: 32",
)
REPLY_SECONDS = 0.5
GROWTH = 0.10


@dataclass(slots=True)
class Crowd:
    """What the visitors of one server did, and how much memory it needed meanwhile."""

    server: Server
    cookies: dict[str, httpx.Cookies]
    ends: float
    solved: dict[str, list[str]] = field(default_factory=lambda: {user: [] for user in USERS})
    levels: list[tuple[float, int]] = field(default_factory=list)

    async def come_and_go(self, number: int) -> None:
        """One visitor, and another in the same place when that one has left; the first has been here for a while."""
        dice, visits = random.Random(number), 0
        await asyncio.sleep(dice.uniform(0, ARRIVING))
        here = dice.uniform(0, VISIT)
        while time.monotonic() < self.ends:
            await self.visit(USERS[number % len(USERS)], f"v{number}x{visits}", VISIT - here, dice)
            here, visits = 0.0, visits + 1

    async def visit(self, user: str, who: str, seconds: float, dice: random.Random) -> None:
        """Open the page, ask a question, find it among the traces, read some of its steps, and leave.

        When the time is over, everybody leaves.
        """

        async def think() -> bool:
            left = self.ends - time.monotonic()
            await asyncio.sleep(max(0.0, min(left, dice.uniform(0.5, 1.5) * seconds / 6)))
            return time.monotonic() < self.ends

        question = f"Visitor {who} plants 4 rows of 12 tulips. How many are left?"
        async with visitor(self.server.url, cookies=self.cookies[user]) as page:
            if not await think():
                return
            await page.do("click", "Solve", {"Question": question})
            assert "is-answer" in page.shown("answer-box")
            self.solved[user].append(question)
            if not await think():
                return
            await page.do("submit", "Words", {"Words": who})
            rows = page.shown("attempts-box")
            assert question in rows, rows
            number = int(rows.partition("[[")[2].partition(",")[0])
            if not await think():
                return
            await page.do("input", "Attempt", {"Attempt": number})
            assert question in page.shown("question-box")
            for _ in range(2):
                if not await think():
                    return
                await page.do("click", "Next step")
                assert f"?attempt={number}&amp;step=" in page.shown("step-box")
            await think()

    async def watch(self, begun: float) -> None:
        """Note the memory once a second."""
        while True:
            self.levels.append((time.monotonic() - begun, self.server.rss()))
            await asyncio.sleep(1)

    def level(self, begin: float, end: float) -> float:
        """The median of the memory between two seconds."""
        return statistics.median(size for at, size in self.levels if begin <= at <= end)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("visitors")
    visits = VISITORS * (2 + int(SECONDS / VISIT))
    replies = write_replies(folder / "replies.jsonl", THOUGHTS, REPLY_SECONDS, 4 * len(THOUGHTS) * visits)
    with served(folder, replies, users=USERS) as found:
        yield found


async def cookies_of(server: Server) -> dict[str, httpx.Cookies]:
    found = dict[str, httpx.Cookies]()
    for user in USERS:
        async with client(server.url) as http:
            await log_in(http, user, password_of(user))
            found[user] = http.cookies
    return found


async def test_two_hundred_visitors_for_two_minutes(server: Server) -> None:
    begun = time.monotonic()
    crowd = Crowd(server, await cookies_of(server), begun + ARRIVING + SECONDS)
    watching = asyncio.create_task(crowd.watch(begun + ARRIVING))
    try:
        async with asyncio.timeout(ARRIVING + SECONDS + HANGS):
            await asyncio.gather(*(crowd.come_and_go(number) for number in range(VISITORS)))
    finally:
        watching.cancel()
    server.check()
    assert server.said() == ""

    lost = list[str]()
    for user in USERS:
        with Store.open(server.folder / "t.sqlite.users" / f"{user}.sqlite", read_only=True) as store:
            found = store.find(Wanted(), 10_000)
            done = {store.attempt(each.attempt).spec.question.text for each in found if each.status == "done"}
        lost += [question for question in crowd.solved[user] if question not in done]
        assert len(found) == len(crowd.solved[user]), "each was asked once"
    assert not lost
    assert sum(map(len, crowd.solved.values())) >= VISITORS

    middle = SECONDS / 2
    level = crowd.level(middle, middle + SECONDS / 12)
    for begin in range(int(middle), int(SECONDS), 5):
        size = crowd.level(begin, begin + 5)
        assert abs(size / level - 1) <= GROWTH, f"{size / 1e6:.0f} MB at {begin} s after {level / 1e6:.0f} MB"
