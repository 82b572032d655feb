from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing

import pytest

from app.backends.scripted import ScriptedBackend
from app.config import Config
from app.store import Store
from app.store.records import Run, Score
from app.ui.site import Engines, Site
from app.ui.tabs import compare
from evals import gsm8k
from evals.runner import Runner, begin
from prompts.settings import Settings
from prompts.values import Request

HOSTILE = "<script>alert(1)</script>\u202e"
TASK = gsm8k.load("builtin", limit=6)
GOLD = {item.question.text: item.gold for item in TASK.items}


async def scripted(name: str) -> Backend:
    return ScriptedBackend(lambda _: f"So it is {HOSTILE}.\nAnswer: 7", delay=0.01)


@pytest.fixture
def site() -> Iterator[Site]:
    with Store.open(":memory:") as store:
        yield Site(store, Config(), Settings(), False, Engines("scripted", scripted))


async def measured(store: Store, right: range) -> Run:
    places = {item.question.text: place for place, item in enumerate(TASK.items)}

    def reply(request: Request) -> str:
        text = request.messages[1].parts[0].removeprefix("Question: ")
        return f"Answer: {GOLD[text] if places[text] in right else -1}"

    backend = ScriptedBackend(reply)
    run = begin(store, TASK, {}, "cot", backend, Settings())
    await Runner(store, TASK, run, backend, 2).attempt_all(lambda _: None)
    return run


async def test_two_strategies_are_seen_side_by_side_as_they_grow(site: Site) -> None:
    ways = ("isump", "scripted", "cot", "scripted", "none", "scripted")
    pages = [page async for page, _ in compare.side_by_side(site, "How many?", *ways)]
    assert "--columns: 2" in pages[0] and pages[0].count("Thinking") == 2
    assert pages[-1].count("Thinking") == 0 and "What each cost" in pages[-1]
    assert all("<script" not in page and "\u202e" not in page for page in pages)
    assert {attempt.spec.strategy for attempt in site.store.attempts()} == {"isump", "cot"}


async def test_self_consistency_is_not_run_greedily(site: Site) -> None:
    ways = ("self_consistency", "scripted", "cot", "scripted")
    async for _ in compare.side_by_side(site, "How many?", *ways):
        pass
    warmth = {attempt.spec.strategy: attempt.spec.settings.temperature for attempt in site.store.attempts()}
    assert warmth["self_consistency"] > 0 == warmth["cot"]


@pytest.mark.parametrize(
    ("text", "ways", "said"),
    [
        ("", ("isump", "scripted", "cot", "scripted"), "question is empty"),
        (None, ("isump", "scripted", "cot", "scripted"), "question is empty"),
        ("Why?", ("isump", "scripted", "none", "scripted"), "at least two"),
        ("Why?", ("isump", "scripted", HOSTILE, "scripted"), "no strategy"),
        ("Why?", ("isump", "scripted", "cot", "/etc/passwd"), "no engine"),
    ],
)
async def test_what_cannot_be_compared_is_a_sentence(site: Site, text: str, ways: tuple[str, ...], said: str) -> None:
    pages = [page async for page, _ in compare.side_by_side(site, text, *ways)]
    assert 'role="alert"' in pages[-1] and said in pages[-1] and "<script" not in pages[-1]
    assert site.store.attempts() == []


async def test_stop_ends_every_column_and_keeps_it(site: Site) -> None:
    ways, columns = ("isump", "scripted", "cot", "scripted"), ()
    async with aclosing(compare.side_by_side(site, "How many?", *ways)) as pages:
        async for _, columns in pages:
            if all(column.number for column in columns):
                break
    assert {attempt.error for attempt in site.store.attempts()} == {"stopped"}
    page = str(await compare.as_it_ended(site, columns))
    assert page.count("Stopped; what was done is kept.") == 2


async def test_two_runs_are_compared_question_by_question(site: Site) -> None:
    first, second = await measured(site.store, range(0, 2)), await measured(site.store, range(1, 5))
    page = compare.compared(site, first.id, second.id, "numeric", compare.FLIPS)
    assert "got 3 questions right that" in page and "McNemar" in page
    rows = page.split("<caption>Question by question")[1]
    flips = {item.question.id for place, item in enumerate(TASK.items) if place in (0, 2, 3, 4)}
    assert all((f">{item.question.id}<" in rows) == (item.question.id in flips) for item in TASK.items)
    assert rows.count(">gained<") == 3 and rows.count(">lost<") == 1
    everything = compare.compared(site, first.id, second.id, "numeric", compare.ALL).split(
        "<caption>Question by question"
    )[1]
    assert all(f">{item.question.id}<" in everything for item in TASK.items)


async def test_what_cannot_be_paired_is_a_sentence(site: Site) -> None:
    first = await measured(site.store, range(2))
    assert "Two runs are needed" in compare.compared(site, None, first.id, "numeric", compare.ALL)
    assert "Two runs are needed" in compare.compared(site, first.id, first.id, "numeric", compare.ALL)
    assert "no run 99" in compare.compared(site, first.id, 99, "numeric", compare.ALL)


async def test_words_of_an_attempt_are_inert_in_the_comparison(site: Site) -> None:
    runs = [await measured(site.store, range(2)) for _ in range(2)]
    for item in site.store.items(runs[1].id):
        site.store.score(item.attempt, [Score("numeric", 1.0, HOSTILE, HOSTILE)])
        site.store._rows("UPDATE attempts SET answer = ? WHERE id = ?", HOSTILE, item.attempt)
    page = compare.compared(site, runs[0].id, runs[1].id, "numeric", compare.ALL)
    assert "&lt;script" in page and "<script" not in page and "\u202e" not in page
