from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from app.backends.scripted import ScriptedBackend
from app.session import Began, Ended, Event, solve
from app.store import Store
from app.store.records import Record
from app.streams import together
from prompts.settings import Settings
from prompts.values import Question, UserError

QUESTION = Question("q", "How many?")


def attempt(store: Store, replies: list[str], delay: float = 0.0) -> AsyncGenerator[Event]:
    return solve(QUESTION, "cot", ScriptedBackend(replies, delay=delay), Settings(), store)


async def test_each_stream_comes_whole_and_under_its_place() -> None:
    with Store.open(":memory:") as store:
        streams = [attempt(store, [f"Answer: {i}"], delay=0.02 * (3 - i)) for i in range(3)]
        seen = [(place, event) async for place, event in together(streams)]
    for i in range(3):
        events = [event for place, event in seen if place == i]
        assert [type(event) for event in events] == [Began, Record, Record, Ended]
        assert isinstance(events[-1], Ended) and events[-1].attempt.answer == str(i)
    assert [place for place, event in seen if isinstance(event, Ended)] == [2, 1, 0], "as they come, not in order"


async def test_one_that_fails_does_not_disturb_the_others() -> None:
    with Store.open(":memory:") as store:
        streams = [attempt(store, []), attempt(store, ["Answer: 1"], delay=0.02)]
        seen = [(place, event) async for place, event in together(streams)]
        assert isinstance([event for place, event in seen if place == 0][-1], UserError)
        assert isinstance([event for place, event in seen if place == 1][-1], Ended)


async def test_who_stops_stops_them_all_and_the_store_says_so() -> None:
    with Store.open(":memory:") as store:
        streams = [attempt(store, ["Answer: 1"], delay=30) for _ in range(3)]
        async with aclosing(together(streams)) as arriving:
            async for _, event in arriving:
                assert isinstance(event, Began)
                if len(store.attempts()) == 3:
                    break
        assert {(each.status, each.error) for each in store.attempts()} == {("error", "stopped")}


async def test_a_cancelled_reader_stops_them_all() -> None:
    with Store.open(":memory:") as store:

        async def read() -> None:
            async with aclosing(together([attempt(store, ["Answer: 1"], delay=30)])) as arriving:
                async for _ in arriving:
                    pass

        reader = asyncio.create_task(read())
        while not store.attempts():
            await asyncio.sleep(0.01)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert store.attempt(1).error == "stopped"


async def test_no_more_run_at_once_than_are_allowed() -> None:
    running = most = 0

    async def stream() -> AsyncGenerator[Event]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        yield Began(1)
        running -= 1

    assert len([None async for _ in together([stream() for _ in range(9)], at_once=2)]) == 9
    assert most == 2


async def test_a_fault_of_ours_is_raised_and_ends_all() -> None:
    async def broken() -> AsyncGenerator[Event]:
        yield Began(1)
        raise ZeroDivisionError

    with Store.open(":memory:") as store:
        with pytest.raises(ZeroDivisionError):
            async for _ in together([broken(), attempt(store, ["Answer: 1"], delay=30)]):
                pass
        assert {each.status for each in store.attempts()} <= {"error"}
