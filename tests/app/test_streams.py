from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import pytest

from app.backends.scripted import ScriptedBackend
from app.session import Began, Ended, Event, solve
from app.store import Store
from app.store.records import AttemptSpec, Record
from app.streams import Merge
from prompts.settings import Settings
from prompts.values import Question, UserError

QUESTION = Question("q", "How many?")


BEGAN = Began(1, AttemptSpec(QUESTION, "cot", "scripted", "m", Settings()))


def attempt(store: Store, replies: list[str], delay: float = 0.0) -> AsyncGenerator[Event]:
    return solve(QUESTION, "cot", ScriptedBackend(replies, delay=delay), Settings(), store)


async def test_every_event_arrives_with_the_place_of_its_stream() -> None:
    with Store.open(":memory:") as store:
        streams = [attempt(store, [f"Answer: {i}"], delay=0.02 * (3 - i)) for i in range(3)]
        seen = [item async for batch in Merge(streams).batches() for item in batch]
    for i in range(3):
        events = [event for place, event in seen if place == i]
        assert [type(event) for event in events] == [Began, Record, Record, Ended]
        assert isinstance(events[-1], Ended) and events[-1].attempt.answer == str(i)
    assert [place for place, event in seen if isinstance(event, Ended)] == [2, 1, 0], "as they come, not in order"


async def test_a_failed_stream_leaves_the_others_alone() -> None:
    with Store.open(":memory:") as store:
        streams = [attempt(store, []), attempt(store, ["Answer: 1"], delay=0.02)]
        seen = [item async for batch in Merge(streams).batches() for item in batch]
        assert isinstance([event for place, event in seen if place == 0][-1], UserError)
        assert isinstance([event for place, event in seen if place == 1][-1], Ended)


async def test_closing_the_merged_stream_stops_every_attempt() -> None:
    with Store.open(":memory:") as store:
        streams = [attempt(store, ["Answer: 1"], delay=30) for _ in range(3)]
        async with aclosing(Merge(streams).batches()) as batches:
            async for batch in batches:
                assert all(isinstance(event, Began) for _, event in batch)
                if len(store.attempts()) == 3:
                    break
        assert {(each.status, each.error) for each in store.attempts()} == {("error", "stopped")}


async def test_at_most_at_once_streams_run_side_by_side() -> None:
    running = most = 0

    async def stream() -> AsyncGenerator[Event]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        yield BEGAN
        running -= 1

    batches = [batch async for batch in Merge([stream() for _ in range(9)], concurrency=2).batches()]
    assert sorted(place for batch in batches for place, _ in batch) == list(range(9))
    assert most == 2


async def test_an_unexpected_error_is_raised_and_ends_every_stream() -> None:
    async def broken() -> AsyncGenerator[Event]:
        yield BEGAN
        raise ZeroDivisionError

    with Store.open(":memory:") as store:
        with pytest.raises(ZeroDivisionError):
            async for _ in Merge([broken(), attempt(store, ["Answer: 1"], delay=30)]).batches():
                pass
        assert {each.status for each in store.attempts()} <= {"error"}


async def test_stop_from_elsewhere_ends_the_stream_after_what_had_arrived() -> None:
    with Store.open(":memory:") as store:
        merging = Merge([attempt(store, ["Answer: 1"], delay=30) for _ in range(2)])
        seen = list[Event | UserError]()
        async for batch in merging.batches():
            seen += [event for _, event in batch]
            merging.stop()
        assert merging.stopped and seen and all(isinstance(event, Began) for event in seen)
        assert {(each.status, each.error) for each in store.attempts()} == {("error", "stopped")}


async def test_streams_are_begun_only_when_there_is_room_for_them() -> None:
    made = list[int]()

    async def stream(number: int) -> AsyncGenerator[Event]:
        yield BEGAN
        await asyncio.sleep(0)

    def streams() -> Iterator[AsyncGenerator[Event]]:
        for number in range(1000):
            made.append(number)
            yield stream(number)

    async with aclosing(Merge(streams(), concurrency=2).batches()) as batches:
        async for _ in batches:
            break
    assert len(made) < 1000


async def test_a_slow_reader_gets_what_piled_up_as_one_batch() -> None:
    async def stream() -> AsyncGenerator[Event]:
        for _ in range(50):
            yield BEGAN

    batches = list[int]()
    async for batch in Merge([stream()]).batches():
        batches.append(len(batch))
        await asyncio.sleep(0.01)
    assert sum(batches) == 50 and len(batches) < 50
