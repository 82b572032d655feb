from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import astuple, replace
from typing import Any

import pytest

from app.backends.scripted import ScriptedBackend
from app.config import Config
from app.errors import BackendError
from app.session import solve
from app.store import Store
from app.ui.html.columns import Column, columns_html, first_difference, forked_html, split, stored
from app.ui.site import Engines, Site
from app.ui.tabs import fork_panel as fork
from app.ui.tabs.fork_edits import Edits, checkpoint, edited, lines
from prompts.memories import TextMemory
from prompts.settings import Settings
from prompts.values import Question, Request

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202etxt"
QUESTION = Question("q", f"Ann has 12 apples and gives 5 away. {HOSTILE} How many are left?")
MEMORY = f"What we know:\n- left = 7\n- {HOSTILE}\nWhat to do next:\n- say it"


def reply(request: Request) -> str:
    shown = request.messages[-1].content if len(request.messages) == 2 else ""
    if not shown:
        return MEMORY
    found = re.search(r"left = (\d+)", shown)
    return f"Answer: {found[1]}" if found else "12 - 5 = 7."


async def scripted(name: str) -> Backend:
    return ScriptedBackend(reply, delay=0.01)


@pytest.fixture
def site() -> Iterator[Site]:
    with Store.open(":memory:") as store:
        yield Site(store, Config(), Settings(), False, Engines("scripted", scripted))


@pytest.fixture
async def parent(site: Site) -> int:
    """An isump attempt: thought, summary, thought with the answer 7, conclusion."""
    async for _ in solve(QUESTION, "isump", ScriptedBackend(reply), Settings(), site.store):
        pass
    return 1


def asked(site: Site, at: int, **changes: Any) -> Edits:
    """The boxes as they are filled for a step of attempt 1, with ``changes`` made to them."""
    attempt, fork = checkpoint(site, 1, at)
    known, goals = lines(fork)
    filled = Edits(1, at, known, goals, attempt.spec.question.text, "scripted", 0.0, 12)
    return replace(filled, **changes)


def boxed(values: tuple[Any, ...]) -> list[Any]:
    """What the boxes hold, whether the update says only that or more."""
    return [value["value"] if isinstance(value, dict) else value for value in values]


async def last(pages: AsyncGenerator[Any]) -> Any:
    return [page async for page in pages][-1]


async def test_boxes_left_alone_stand_for_exactly_what_was_stored(site: Site, parent: int) -> None:
    known, goals, text, engine, warmth, most, _ = boxed(fork.boxes(site, parent, 1))
    assert "\u202e" not in known + text
    typed = Edits(parent, 1, known, goals, text, engine, warmth, most)
    found, at, question, settings = edited(site, typed)
    memory = site.store.record(parent, 1).step.memory_after
    assert (at.memory, question, settings) == (memory, QUESTION, found.spec.settings)
    _, at, question, _ = edited(site, replace(typed, known="left = 9\n\n  two  ", asked="Why?"))
    assert at.memory == TextMemory(("left = 9", "two"), ("say it",))
    assert (question.id, question.text) == ("q", "Why?")


async def test_a_fork_stands_beside_its_parent_with_the_first_difference_marked(site: Site, parent: int) -> None:
    page, _ = await last(fork.run_on(site, 1, *astuple(asked(site, 1, known="left = 9"))))
    assert site.store.attempt(2).answer == "9"
    assert (site.store.attempt(2).spec.parent, site.store.attempt(2).spec.forked_at_step) == (parent, 1)
    assert page.count("First difference") == 1 and "Forked at step 1" in page
    assert "the 2 steps before the fork" in page and "<script" not in page and "\u202e" not in page
    rows = page.split('class="columns"')[1]
    assert "round 1" not in rows and rows.count("Conclusion") == 2


async def test_an_unedited_fork_differs_nowhere(site: Site, parent: int) -> None:
    page, _ = await last(fork.run_on(site, 1, *astuple(asked(site, 1))))
    assert "First difference" not in page


async def test_k_forks_have_k_seeds_and_one_table_of_answers(site: Site, parent: int) -> None:
    page, shown = await last(fork.run_on(site, 3, *astuple(asked(site, 1))))
    assert {site.store.attempt(number).spec.settings.seed for number in (2, 3, 4)} == {0, 1, 2}
    assert len(shown.forks) == 3 and "<caption>Answers</caption>" in page
    assert "--columns: 4" in page


async def test_stop_keeps_what_was_done_and_says_so(site: Site, parent: int) -> None:
    shown = None
    async with aclosing(fork.run_on(site, 2, *astuple(asked(site, 0)))) as pages:
        async for _, shown in pages:
            if shown is not None and all(column.records for column in shown.forks):
                break
    assert {site.store.attempt(number).error for number in (2, 3)} == {"stopped"}
    page = str(await fork.as_it_ended(site, shown))
    assert page.count("Stopped; what was done is kept.") == 2 and "Thinking" not in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"attempt": 99}, "no attempt 99"),
        ({"attempt": None}, "no step in view"),
        ({"attempt": "x"}, "no step in view"),
        ({"step": 77}, "no step 77"),
        ({"asked": " "}, "question is empty"),
        ({"engine": "/etc/passwd"}, "There is no engine"),
        ({"most": 0}, "max steps cannot be 0"),
        ({"most": 1}, "allow more"),
        ({"warmth": -1.0}, "temperature cannot be"),
    ],
)
async def test_what_cannot_be_run_on_is_a_sentence(
    site: Site, parent: int, changes: dict[str, object], said: str
) -> None:
    typed = astuple(asked(site, 1, **changes))
    page, _ = await last(fork.run_on(site, 1, *typed))
    assert 'role="alert"' in page and said in page
    if said != "question is empty":
        assert said in str(await last(fork.facts(site, *typed)))


async def test_an_engine_that_fails_is_said_in_its_column(site: Site, parent: int) -> None:
    def broken(request: Request) -> str:
        raise BackendError(f"The engine is out of order {HOSTILE}: mend it.")

    async def opened(name: str) -> Backend:
        return ScriptedBackend(broken)

    page, _ = await last(fork.run_on(replace(site, engines=Engines("scripted", opened)), 1, *astuple(asked(site, 1))))
    assert "out of order" in page and "<script" not in page and "Parent" in page


async def test_which_fact_mattered_is_a_table(site: Site, parent: int) -> None:
    typed = asked(site, 1, known=f"left = 9\n{HOSTILE}")
    pages = [page async for page in fork.facts(site, *astuple(typed))]
    assert "nothing taken away" in pages[0] and "0 of 2 facts" in pages[1]
    assert "2 of 2 facts taken away, 1 of them flip" in pages[-1]
    assert "<script" not in pages[-1] and "left = 9" in pages[-1]
    assert pages[-1].count("?attempt=") == 3


async def test_facts_can_be_stopped(site: Site, parent: int) -> None:
    task = asyncio.create_task(last(fork.facts(site, *astuple(asked(site, 1)))))
    while len(site.store.attempts()) < 2:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert site.store.attempt(2).error == "stopped"


async def test_a_strategy_without_memory_has_only_its_question_to_edit(site: Site) -> None:
    async for _ in solve(QUESTION, "cot", ScriptedBackend(["Answer: 7"]), Settings(), site.store):
        pass
    known, *_, note = fork.boxes(site, 1, 0)
    assert isinstance(known, dict) and known["interactive"] is False and "begins again" in str(note)
    page, _ = await last(fork.run_on(site, 1, *astuple(asked(site, 0, asked="left = 3, so?"))))
    assert site.store.attempt(2).answer == "3" and "Shared" not in page


async def test_the_columns_of_a_fork_begin_where_it_begins(site: Site, parent: int) -> None:
    column = stored(site.store, parent, "Parent")
    for step, shared in ((0, 0), (1, 2), (2, 2), (3, 2)):
        assert len(split(column, checkpoint(site, parent, step)[1])[0]) == shared


def test_nothing_differs_before_there_is_anything() -> None:
    assert first_difference((), ()) is None
    assert "Thinking" in columns_html([Column("isump"), Column("cot")])


async def test_a_fork_of_a_fork_that_has_not_begun_can_be_drawn(site: Site, parent: int) -> None:
    column = stored(site.store, parent, "Parent")
    page = forked_html(column, checkpoint(site, parent, 1)[1], [Column("Fork")])
    assert "Thinking" in page and "First difference" not in page
