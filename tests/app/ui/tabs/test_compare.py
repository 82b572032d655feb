from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from markupsafe import Markup

from app.backends.scripted import ScriptedBackend
from app.store import Store
from app.store.records import Run
from app.ui.jobs import Job, JobList
from app.ui.site import Site
from app.ui.tabs import compare
from evals.gsm8k import GsmSource
from evals.runner import Runner, begin
from evals.tasks import TASKS
from prompts.settings import Settings
from prompts.values import Request
from tests.app.ui.scripts import scripted_backends

HOSTILE = "<script>alert(1)</script>\u202e"
TASK = TASKS["gsm8k"]
SOURCE = GsmSource(source="builtin", limit=6)
QUESTIONS = TASK.questions(SOURCE)
GOLD = {item.question.text: item.gold for item in QUESTIONS.items}


@pytest.fixture
def site(store: Store) -> Iterator[Site]:
    backends = scripted_backends(lambda _: f"So it is {HOSTILE}.\nAnswer: 7", delay=0.01)
    yield Site(store, backends, {}, read_only=False)


async def compared(site: Site, text: str | None, *ways: str | None) -> list[Markup]:
    """Every page that a comparison shows."""
    return [page async for page in compare.compare_strategies(site, JobList(), text, *ways)]


async def measured(store: Store, right: range) -> Run:
    """A run of six questions, right on those at the places ``right``."""
    places = {item.question.text: place for place, item in enumerate(QUESTIONS.items)}

    def reply(request: Request) -> str:
        text = request.messages[1].parts[0].text.removeprefix("Question: ")
        return f"Answer: {GOLD[text] if places[text] in right else -1}"

    backend = ScriptedBackend(reply)
    run = begin(store, TASK, QUESTIONS, SOURCE, "cot", backend, Settings())
    async for _ in Runner(store, TASK, QUESTIONS, run, backend, 2).progress():
        pass
    return run


async def test_two_strategies_are_shown_in_columns_as_they_grow(site: Site) -> None:
    pages = await compared(site, "How many?", "isump", "scripted", "cot", "scripted", "none", "scripted")
    assert "--columns: 2" in pages[0] and pages[0].count("Thinking") == 2
    assert pages[-1].count("Thinking") == 0 and "What each cost" in pages[-1]
    assert all(isinstance(page, Markup) and "<script" not in page and "\u202e" not in page for page in pages)
    assert {attempt.spec.strategy for attempt in site.store.attempts()} == {"isump", "cot"}


async def test_self_consistency_is_not_run_greedily(site: Site) -> None:
    await compared(site, "How many?", "self_consistency", "scripted", "cot", "scripted")
    temperatures = {attempt.spec.strategy: attempt.spec.settings.temperature for attempt in site.store.attempts()}
    assert temperatures["self_consistency"] > 0 == temperatures["cot"]


@pytest.mark.parametrize(
    ("text", "ways", "sentence"),
    [
        ("", ("isump", "scripted", "cot", "scripted"), "question is empty"),
        (None, ("isump", "scripted", "cot", "scripted"), "question is empty"),
        ("Why?", ("isump", "scripted", "none", "scripted"), "at least two"),
        ("Why?", ("isump", "scripted", HOSTILE, "scripted"), "no strategy"),
        ("Why?", ("isump", "scripted", "cot", "/etc/passwd"), "no model"),
    ],
)
async def test_what_cannot_be_compared_is_a_sentence(
    site: Site, text: str | None, ways: tuple[str, ...], sentence: str
) -> None:
    page = (await compared(site, text, *ways))[-1]
    assert 'role="alert"' in page and sentence in page and "<script" not in page
    assert site.store.attempts() == []


async def test_stop_ends_every_column_and_keeps_it(site: Site) -> None:
    started, shown = JobList[Job](), list[Markup]()
    pages = compare.compare_strategies(site, started, "How many?", "isump", "scripted", "cot", "scripted")
    async with asyncio.timeout(5):
        async for page in pages:
            shown.append(page)
            if all(view.number for view in started.newest[0].views):
                started.stop()
    assert {attempt.error for attempt in site.store.attempts()} == {"stopped"}
    assert shown[-1].count("Stopped; what was done is kept.") == 2 and "Thinking" not in shown[-1]


async def test_two_runs_are_compared_question_by_question(site: Site) -> None:
    first, second = await measured(site.store, range(0, 2)), await measured(site.store, range(1, 5))
    page = compare.compare_runs(site, first.id, second.id, "numeric", compare.FLIPS)
    assert "got 3 questions right that" in page and "McNemar" in page
    rows = page.split("<caption>Question by question")[1]
    flips = {item.question.id for place, item in enumerate(QUESTIONS.items) if place in (0, 2, 3, 4)}
    assert all((f">{item.question.id}<" in rows) == (item.question.id in flips) for item in QUESTIONS.items)
    assert rows.count(">gained<") == 3 and rows.count(">lost<") == 1
    everything = compare.compare_runs(site, first.id, second.id, "numeric", compare.ALL)
    rows = everything.split("<caption>Question by question")[1]
    assert all(f">{item.question.id}<" in rows for item in QUESTIONS.items)


async def test_runs_are_compared_by_the_primary_scorer_unless_another_is_chosen(site: Site) -> None:
    first, second = await measured(site.store, range(2)), await measured(site.store, range(4))
    chosen = compare.compare_runs(site, first.id, second.id, TASK.primary, compare.FLIPS)
    assert compare.compare_runs(site, first.id, second.id, None, compare.FLIPS) == chosen
    assert compare.compare_runs(site, first.id, second.id, "strict-match", compare.FLIPS) != chosen


async def test_what_cannot_be_paired_is_a_sentence(site: Site) -> None:
    first = await measured(site.store, range(2))
    assert "Two runs are needed" in compare.compare_runs(site, None, first.id, "numeric", compare.ALL)
    assert "Two runs are needed" in compare.compare_runs(site, first.id, first.id, "numeric", compare.ALL)
    assert "no run 99" in compare.compare_runs(site, first.id, 99, "numeric", compare.ALL)
