from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from app.backends.scripted import Reply, ScriptedBackend
from app.session import Event, solve
from app.store import Store
from app.ui.live import REMEMBERED, Asked, Desk
from prompts.settings import Settings
from prompts.values import Question

REPLIES = ["12 - 5 = 7 apples.", "What we know:\n- left = 7\nWhat to do next:\n- stop", "Answer: 7"]
QUESTION = Question("q", "Ann has 12 apples and gives 5 away. How many are left?")


def events(store: Store, *replies: str | Reply) -> AsyncGenerator[Event]:
    return solve(QUESTION, "isump", ScriptedBackend(replies), Settings(), store)


async def test_it_is_followed_to_its_end(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        asked, seen = Asked(QUESTION.text), list[int]()
        async for _ in asked.follow(events(store, *REPLIES)):
            seen.append(len(asked.records))
        assert asked.over and asked.ended and not asked.error and not asked.stopped
        assert asked.ended.attempt.answer == "7"
        assert asked.records == store.records(1)
        assert seen == sorted(seen) and seen[-1] == 4


async def test_a_mistake_is_a_sentence_and_the_steps_stay(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        asked = Asked(QUESTION.text)
        async for _ in asked.follow(events(store, REPLIES[0])):
            pass
        assert asked.over and asked.error and "ran out" in asked.error
        assert asked.attempt == 1 and len(asked.records) == 1


async def test_stop_ends_it_at_once_and_the_trace_says_so(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        asked = Asked(QUESTION.text)
        async with asyncio.timeout(5):
            async for _ in asked.follow(events(store, REPLIES[0], Reply("never", seconds=600))):
                if asked.records:
                    asked.stop()
        assert asked.over and asked.stopped and not asked.error
        assert (store.attempt(1).status, store.attempt(1).error) == ("error", "stopped")
        assert len(store.records(1)) == 1


async def test_it_stops_when_nobody_follows(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        asked = Asked(QUESTION.text)
        async with asyncio.timeout(5), aclosing(asked.follow(events(store, Reply("never", seconds=600)))) as news:
            await anext(news)
        assert asked.over and store.attempt(1).error == "stopped"


async def test_a_fault_of_ours_is_raised() -> None:
    async def faulty() -> AsyncGenerator[Event]:
        raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        async for _ in Asked("Why?").follow(faulty()):
            pass


async def test_two_questions_at_once_and_stop_is_for_the_newest(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        desk, release = Desk(), asyncio.Event()

        async def waiting() -> AsyncGenerator[Event]:
            await release.wait()
            async for event in events(store, *REPLIES):
                yield event

        async def follow(asked: Asked, its: AsyncGenerator[Event]) -> None:
            desk.add(asked)
            async for _ in asked.follow(its):
                pass

        first, second = Asked("first"), Asked("second")
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(follow(first, waiting()))
            await asyncio.sleep(0)
            group.create_task(follow(second, events(store, Reply("never", seconds=600))))
            while second.attempt is None:
                await asyncio.sleep(0.01)
            assert desk.running == [second, first]
            desk.stop()
            while not second.over:
                await asyncio.sleep(0.01)
            release.set()
        assert second.stopped and first.ended and desk.running == []


def test_a_desk_forgets_only_what_is_over() -> None:
    desk = Desk()
    running = Asked("running")
    desk.add(running)
    for i in range(2 * REMEMBERED):
        asked = Asked(str(i))
        asked.over = True
        desk.add(asked)
    assert running in desk.asked
    assert len(desk.asked) == REMEMBERED + 1
