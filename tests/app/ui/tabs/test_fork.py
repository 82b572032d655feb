from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import astuple, replace
from typing import Any

import pytest
from markupsafe import Markup

from app.backends.scripted import ScriptedBackend
from app.errors import BackendError
from app.session import solve
from app.store import Store
from app.ui.jobs import Job, JobList
from app.ui.site import Site
from app.ui.tabs import fork as fork_panel
from app.ui.tabs.fork import ForkEdits, edited_fork, fork_in_view, memory_lines
from graphs.isump import IsumpSettings
from prompts.memories import TextMemory, VectorMemory
from prompts.settings import Settings
from prompts.values import Question, Request
from tests.app.ui.scripts import scripted_backends

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202etxt"
QUESTION = Question("q", f"Ann has 12 apples and gives 5 away. {HOSTILE} How many are left?")
MEMORY = f"What we know:\n- left = 7\n- {HOSTILE}\nWhat to do next:\n- say it"

SETTINGS = IsumpSettings(memory="rewrite")


def reply(request: Request) -> str:
    *_, last = request.messages
    if last.role == "user" and len(request.messages) > 2:
        return MEMORY
    found = re.search(r"left = (\d+)", last.content)
    return f"Answer: {found[1]}" if found else "12 - 5 = 7.\n"


@pytest.fixture
def site(store: Store) -> Site:
    return Site(store, scripted_backends(reply, delay=0.01), {}, read_only=False)


@pytest.fixture
async def parent(site: Site) -> int:
    """An isump attempt: thought, summary, thought with the answer 7, conclusion."""
    async for _ in solve(QUESTION, "isump", ScriptedBackend(reply), SETTINGS, site.store):
        pass
    return 1


def edits(site: Site, at: int, **changes: Any) -> ForkEdits:
    """The boxes as they are filled for a step of attempt 1, with ``changes`` made to them."""
    attempt, fork = fork_in_view(site, 1, at)
    known, goals = memory_lines(fork)
    filled = ForkEdits(1, at, known, goals, attempt.spec.question.text, "scripted", 0.0, 12)
    return replace(filled, **changes)


async def forked(site: Site, typed: ForkEdits, number: int = 1) -> Markup:
    """The last page of ``number`` forks."""
    return await last(fork_panel.resume_forks(site, JobList(), number, *astuple(typed)))


def boxed(values: tuple[Any, ...]) -> list[Any]:
    """What the boxes hold, whether the update says only that or more."""
    return [value["value"] if isinstance(value, dict) else value for value in values]


async def last(pages: AsyncGenerator[Any]) -> Any:
    return [page async for page in pages][-1]


async def test_untouched_boxes_stand_for_exactly_what_was_stored(site: Site, parent: int) -> None:
    known, goals, text, model, temperature, max_steps, _ = boxed(fork_panel.boxes(site, parent, 1))
    assert "\u202e" not in known + text
    typed = ForkEdits(parent, 1, known, goals, text, model, temperature, max_steps)
    found, at, question, settings = edited_fork(site, typed)
    memory = site.store.record(parent, 1).step.memory_after
    assert (at.memory, question, settings) == (memory, QUESTION, found.spec.settings)
    _, at, question, _ = edited_fork(site, replace(typed, known="left = 9\n\n  two  ", question="Why?"))
    assert at.memory == TextMemory(("left = 9", "two"), ("say it",))
    assert (question.id, question.text) == ("q", "Why?")


async def test_a_fork_stands_beside_its_parent_with_the_first_difference_marked(site: Site, parent: int) -> None:
    page = await forked(site, edits(site, 1, known="left = 9"))
    assert site.store.attempt(2).answer == "9"
    assert (site.store.attempt(2).spec.parent, site.store.attempt(2).spec.forked_at_step) == (parent, 1)
    assert page.count("First difference") == 1 and "Forked at step 1" in page
    assert "the 2 steps before the fork" in page and "<script" not in page and "\u202e" not in page
    rows = page.split('class="columns"')[1]
    assert "round 1" not in rows and rows.count("Conclusion") == 2


async def test_k_forks_have_k_seeds_and_one_table_of_answers(site: Site, parent: int) -> None:
    page = await forked(site, edits(site, 1), 3)
    assert {site.store.attempt(number).spec.settings.seed for number in (2, 3, 4)} == {0, 1, 2}
    assert "<caption>Answers</caption>" in page and "Fork 3" in page
    assert "--columns: 4" in page


async def test_stop_keeps_what_was_done_and_says_so(site: Site, parent: int) -> None:
    started, shown = JobList[Job](), list[Markup]()
    async with asyncio.timeout(5):
        async for page in fork_panel.resume_forks(site, started, 2, *astuple(edits(site, 0))):
            shown.append(page)
            if all(view.records for view in started.newest[0].views):
                started.stop()
    assert {site.store.attempt(number).error for number in (2, 3)} == {"stopped"}
    assert shown[-1].count("Stopped; what was done is kept.") == 2 and "Thinking" not in shown[-1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"attempt": 99}, "no attempt 99"),
        ({"attempt": None}, "no step in view"),
        ({"attempt": "x"}, "no step in view"),
        ({"step": 77}, "no step 77"),
        ({"question": " "}, "question is empty"),
        ({"model": "/etc/passwd"}, "There is no model"),
        ({"max_steps": 0}, "max steps cannot be 0"),
        ({"max_steps": 1}, "allow more"),
        ({"temperature": -1.0}, "temperature cannot be"),
    ],
)
async def test_what_cannot_be_resumed_is_a_sentence(
    site: Site, parent: int, changes: dict[str, object], sentence: str
) -> None:
    typed = edits(site, 1, **changes)
    page = await forked(site, typed)
    assert 'role="alert"' in page and sentence in page
    if sentence != "question is empty":
        assert sentence in await last(fork_panel.remove_each_fact(site, *astuple(typed)))


async def test_a_backend_that_fails_is_an_error_in_its_column(site: Site, parent: int) -> None:
    def broken(request: Request) -> str:
        raise BackendError(f"The backend is out of order {HOSTILE}: mend it.")

    page = await forked(replace(site, backends=scripted_backends(broken)), edits(site, 1))
    assert "out of order" in page and "<script" not in page and "Parent" in page


async def test_which_fact_mattered_is_a_table(site: Site, parent: int) -> None:
    typed = edits(site, 1, known=f"left = 9\n{HOSTILE}")
    pages = [page async for page in fork_panel.remove_each_fact(site, *astuple(typed))]
    assert "with every fact" in pages[0] and "0 of 2 facts" in pages[1]
    assert "2 of 2 facts removed, 1 of them flip" in pages[-1]
    assert "<script" not in pages[-1] and "left = 9" in pages[-1]
    assert pages[-1].count("?attempt=") == 3


async def test_removing_facts_can_be_stopped(site: Site, parent: int) -> None:
    task = asyncio.create_task(last(fork_panel.remove_each_fact(site, *astuple(edits(site, 1)))))
    while len(site.store.attempts()) < 2:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert site.store.attempt(2).error == "stopped"


async def test_of_a_strategy_that_is_not_resumable_only_the_question_can_be_edited(site: Site) -> None:
    async for _ in solve(QUESTION, "cot", ScriptedBackend(["Answer: 7"]), Settings(), site.store):
        pass
    known, *_, note = fork_panel.boxes(site, 1, 0)
    assert isinstance(known, dict) and known["interactive"] is False and "begins again" in str(note)
    page = await forked(site, edits(site, 0, question="left = 3, so?"))
    assert site.store.attempt(2).answer == "3" and "Shared" not in page


async def test_a_memory_of_vectors_is_resumed_but_not_edited(
    site: Site, parent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt, fork = fork_in_view(site, parent, 1)
    vectors = replace(fork, memory=VectorMemory(b"x", (1, 4), 2.0))
    monkeypatch.setattr(fork_panel, "fork_in_view", lambda *_: (attempt, vectors))
    known, goals, *_, note = fork_panel.boxes(site, parent, 1)
    assert known == goals == {"__type__": "update", "value": "", "interactive": False}
    assert fork_panel.VECTORS in str(note)
