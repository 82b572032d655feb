from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from app.backends.scripted import Reply, ScriptedBackend
from app.errors import ModelError
from app.session import Event, solve
from app.store import Store
from app.ui.jobs import REMEMBERED, Job, JobList, Opening, QuestionJob, Streams
from graphs.isump import IsumpSettings
from prompts.values import Question

REPLIES = ["12 - 5 = 7 apples.\n", "What we know:\n- left = 7\nWhat to do next:\n- stop", "Answer: 7"]
QUESTION = Question("q", "Ann has 12 apples and gives 5 away. How many are left?")
NEVER = Reply("never", seconds=600)


def events(store: Store, *replies: str | Reply) -> AsyncGenerator[Event]:
    return solve(QUESTION, "isump", ScriptedBackend(replies), IsumpSettings(memory="rewrite"), store)


def opening(*streams: AsyncGenerator[Event]) -> Opening:
    async def opened() -> Streams:
        return streams

    return opened


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_question_is_followed_to_its_end(store: Store) -> None:
    question, seen = QuestionJob(QUESTION.text), list[int]()
    async for _ in question.follow(opening(events(store, *REPLIES))):
        seen.append(len(question.view.records))
    view = question.view
    assert question.over and view.attempt and not view.error and not question.stopped
    assert view.attempt.answer == "7"
    assert list(view.records) == store.records(1)
    assert seen == sorted(seen) and seen[-1] == 4


async def test_a_mistake_is_a_sentence_and_the_steps_stay(store: Store) -> None:
    question = QuestionJob(QUESTION.text)
    async for _ in question.follow(opening(events(store, REPLIES[0]))):
        pass
    assert question.over and question.view.error and "ran out" in question.view.error
    assert question.view.number == 1 and len(question.view.records) == 1


async def test_stop_ends_it_at_once_and_the_trace_says_so(store: Store) -> None:
    question = QuestionJob(QUESTION.text)
    async with asyncio.timeout(5):
        async for _ in question.follow(opening(events(store, REPLIES[0], NEVER))):
            if question.view.records:
                question.stop()
    assert question.over and question.view.stopped
    assert (store.attempt(1).status, store.attempt(1).error) == ("error", "stopped")
    assert len(store.records(1)) == 1


async def test_it_stops_when_nobody_follows(store: Store) -> None:
    question = QuestionJob(QUESTION.text)
    async with asyncio.timeout(5), aclosing(question.follow(opening(events(store, NEVER)))) as changes:
        await anext(changes)
    assert question.over and question.view.stopped and store.attempt(1).error == "stopped"


async def test_several_attempts_are_followed_and_stopped_together(store: Store) -> None:
    job = Job(3)
    streams = (events(store, *REPLIES), events(store), events(store, NEVER))
    async with asyncio.timeout(5):
        async for _ in job.follow(opening(*streams)):
            if job.views[0].over and job.views[1].over:
                job.stop()
    right, failed, stopped = job.views
    assert right.attempt and right.attempt.answer == "7" and right.error is None
    assert failed.error and "ran out" in failed.error and stopped.stopped
    assert {attempt.status for attempt in store.attempts()} == {"done", "error"}


@pytest.mark.parametrize("before", [True, False])
async def test_stop_works_while_a_model_is_opened(before: bool) -> None:
    opened = False

    async def slowly() -> Streams:
        nonlocal opened
        await asyncio.sleep(600)
        opened = True
        return ()

    job = Job(2)
    if before:
        job.stop()
    else:
        asyncio.get_running_loop().call_later(0.02, job.stop)
    async with asyncio.timeout(5):
        async for _ in job.follow(slowly):
            pass
    assert not opened and all(view.stopped for view in job.views)


async def test_a_model_that_cannot_be_opened_is_an_error_of_the_question() -> None:
    async def absent() -> Streams:
        raise ModelError("There is no such model: download it.")

    question = QuestionJob("Why?")
    async for _ in question.follow(absent):
        pass
    assert question.view.error == "There is no such model: download it."
    with pytest.raises(ModelError):
        async for _ in Job(2).follow(absent):
            pass


async def test_only_what_is_over_is_forgotten() -> None:
    started, running = JobList[QuestionJob](), QuestionJob("running")
    started.add(running)
    for i in range(2 * REMEMBERED):
        question = QuestionJob(str(i))
        async for _ in question.follow(opening(events_that_fail())):
            pass
        started.add(question)
    assert running in started.newest
    assert len(started.newest) == REMEMBERED + 1


async def events_that_fail() -> AsyncGenerator[Event]:
    raise ModelError("There is no such model.")
    yield
