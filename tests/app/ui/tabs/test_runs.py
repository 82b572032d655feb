from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from app.backends.scripted import ScriptedBackend
from app.errors import BackendError, BackendUnavailable
from app.store import Store
from app.store.records import Costs, ItemResult, Status
from app.ui.html.runs import items_html, progress_html
from app.ui.site import Site
from app.ui.tabs import eval_panel, runs
from app.ui.tabs.runs import scorer_choices
from evals.gsm8k import GsmSource
from evals.progress import Progress
from evals.runner import GIVE_UP_AFTER, begin
from evals.task import Source
from evals.tasks import TASKS
from prompts.settings import Settings
from prompts.values import Request
from tests.app.ui.scripts import scripted_backends

HOSTILE = "<script>alert(1)</script>\u202e"
BUILTIN = "gsm8k: built-in questions"
TASK = TASKS["gsm8k"]


def seven(request: Request) -> str:
    return "Answer: 7"


def site_of(store: Store, reply: Callable[[Request], str] = seven, delay: float = 0.0) -> Site:
    return Site(store, scripted_backends(reply, delay), {}, read_only=False)


def begun(store: Store, source: Source | None = None, model: str = "scripted") -> None:
    """Begin a run of two questions that says it is of ``source``."""
    questions = TASK.questions(GsmSource(source="builtin", limit=2))
    source = source or GsmSource(source="builtin", limit=2)
    begin(store, TASK, questions, source, "cot", ScriptedBackend([], model=model), Settings())


async def last(pages: AsyncGenerator[Any]) -> Any:
    return [page async for page in pages][-1]


async def test_an_eval_is_started_from_the_page_and_shows_its_progress(store: Store) -> None:
    site = site_of(store)
    pages = [page async for page in eval_panel.start(site, BUILTIN, 5, "cot", "scripted", 2)]
    assert "Fetching" in pages[0][0] and "0 of 5 questions done" in pages[1][0]
    assert "5 of 5 questions done" in pages[-1][0] and pages[-1][1] == 1
    assert store.run(1).spec.source["source"] == "builtin" and store.run(1).spec.n == 5
    assert {item.status for item in store.items(1)} == {"done"}
    words, table, *_ = runs.ended(site, 1)
    assert "5 of 5 questions done" in str(words) and "run 1" in str(table)
    table, peak, processed, choices = runs.overview(site)
    assert "run 1" in table and [value for _, value in choices["choices"]] == [1]
    for chart in (peak, processed):
        assert "run 1: cot," in chart and "of 5 questions" in chart and chart.count('<g class="point') == 1
        assert "<li>" in chart and "isump" not in chart, "only strategies that were run"
    assert "0 invented: 0.0% (" in runs.one_run(site, 1, "numeric")[2], "seven is never right"
    assert "mean peak context" in peak and "mean processed" in processed


async def test_a_stopped_eval_keeps_what_is_done_and_is_resumed(store: Store) -> None:
    site = site_of(store, delay=0.01)
    async with aclosing(eval_panel.start(site, BUILTIN, 6, "cot", "scripted", 2)) as pages:
        async for _ in pages:
            if store.runs() and sum(item.status == "done" for item in store.items(1)) >= 2:
                break
    done = {item.attempt for item in store.items(1) if item.status == "done"}
    assert 2 <= len(done) < 6
    assert "resume it" in str(runs.ended(site, 1)[0])
    page, number = await last(eval_panel.resume(site, 1, 2))
    assert "6 of 6 questions done" in page and number == 1
    after = store.items(1)
    assert len(after) == 6 and {item.status for item in after} == {"done"}
    assert done <= {item.attempt for item in after}, "nothing is done twice"


async def test_a_run_is_not_run_twice_at_once(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        site = site_of(store, delay=0.05)
        async with aclosing(eval_panel.start(site, BUILTIN, 4, "cot", "scripted", 2)) as pages:
            async for _, number in pages:
                if number is not None:
                    break
            assert "being written already" in (await last(eval_panel.resume(site, 1, 2)))[0]
        assert "4 of 4 questions done" in (await last(eval_panel.resume(site, 1, 4)))[0]


async def test_a_run_of_another_model_is_not_resumed(store: Store) -> None:
    begun(store, model="another")
    page, number = await last(eval_panel.resume(site_of(store), 1, 2))
    assert "made with another" in page and "python -m evals.gsm8k --resume 1" in page and number is None


async def test_a_run_of_other_questions_is_not_resumed(store: Store) -> None:
    begun(store, GsmSource(source="builtin", limit=3))
    assert "3 of gsm8k-builtin" in (await last(eval_panel.resume(site_of(store), 1, 2)))[0]


@pytest.mark.parametrize("number", [None, 9, "x", HOSTILE])
async def test_a_run_that_is_not_there_is_a_sentence(store: Store, number: Any) -> None:
    site = site_of(store)
    page, _ = await last(eval_panel.resume(site, number, 2))
    assert 'role="alert"' in page and "<script" not in page
    shown = str(runs.one_run(site, number, "numeric")[0])
    assert ("Choose a run" in shown) if number is None else ('role="alert"' in shown and "<script" not in shown)
    assert runs.questions(site, number, "numeric", runs.ALL) == ""
    for chart in runs.one_run(site, number, "numeric")[1:]:
        assert "nothing to show yet" in chart and HOSTILE not in chart


async def test_a_backend_that_is_gone_ends_the_eval_with_a_sentence(store: Store) -> None:
    def gone(request: Request) -> str:
        raise BackendUnavailable("The server does not answer: start it.")

    page, _ = await last(eval_panel.start(site_of(store, gone), BUILTIN, 20, "cot", "scripted", 1))
    assert "does not answer" in page
    assert GIVE_UP_AFTER <= len(store.items(1)) <= GIVE_UP_AFTER + 1, "the next may have begun by then"
    assert {item.status for item in store.items(1)} == {"error"}


async def test_what_cannot_be_measured_is_a_sentence(store: Store) -> None:
    site = site_of(store)
    assert (
        "The number of questions cannot be 0"
        in (await last(eval_panel.start(site, BUILTIN, 0, "cot", "scripted", 1)))[0]
    )
    assert "no questions" in (await last(eval_panel.start(site, "/etc/passwd", 1, "cot", "scripted", 1)))[0]
    assert store.runs() == []


async def test_one_run_is_seen_whole_and_by_outcome(store: Store) -> None:
    items = TASK.questions(GsmSource(source="builtin", limit=4)).items
    golds = {item.question.text: item.gold for item in items}

    def reply(request: Request) -> str:
        place = list(golds).index(request.messages[1].parts[0].text.removeprefix("Question: "))
        if place == 3:
            raise BackendError(f"The backend is out of order {HOSTILE}: mend it.")
        first, silent = next(iter(golds.values())), "I cannot say that at all, not even roughly."
        return (f"Answer: {first}", "Answer: -5", silent)[place]

    site = site_of(store, reply)
    await last(eval_panel.start(site, BUILTIN, 4, "cot", "scripted", 1))
    head, context, fidelity = runs.one_run(site, 1, "numeric")
    assert "3 of 4 questions judged" in str(head) and "1 errors" in str(head) and "strict-match" in str(head)
    assert context.count('<g class="point') == 2 and "n=3" in context and "n=1" in context, "one was asked again"
    assert fidelity.count('<g class="point') == 1 and "33.3% (" in fidelity and "of 3 attempts" in fidelity
    names = [item.question.id for item in items]
    for only, place in (("right", 0), ("wrong", 1), ("no answer", 2), ("error", 3)):
        page = runs.questions(site, 1, "numeric", only)
        assert [name for name in names if f">{name}<" in page] == [names[place]]
        assert "<script" not in page
    assert all(f">{name}<" in runs.questions(site, 1, "numeric", runs.ALL) for name in names)
    assert "No question is like that" in runs.questions(site, 1, "numeric", "unfinished")


async def test_the_newest_run_is_shown_where_none_is_chosen(store: Store) -> None:
    site = site_of(store)
    assert runs.newest(site, None) == gr.skip()
    for _ in range(2):
        await last(eval_panel.start(site, BUILTIN, 1, "cot", "scripted", 1))
    assert runs.newest(site, None) == 2
    assert runs.newest(site, 1) == gr.skip(), "a link keeps its run"


async def test_scorers_are_those_of_the_runs_task_with_the_primary_one_first(store: Store) -> None:
    site = site_of(store)
    begun(store)
    names = scorer_choices(site, store.run(1))
    assert names[0] == TASK.primary == "numeric" and set(names) == set(TASK.scorers)
    offered: Any = runs.offer_scorers(site, 1, None)
    assert (offered["choices"], offered["value"]) == (names, "numeric")
    kept: Any = runs.offer_scorers(site, 1, "strict-match")
    assert kept["value"] == "strict-match"
    assert runs.offer_scorers(site, 9, "numeric") == gr.update(choices=[], value=None)


async def test_a_run_of_a_task_that_is_gone_is_shown_by_its_stored_scores(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_of(store)
    await last(eval_panel.start(site, BUILTIN, 2, "cot", "scripted", 1))
    before = runs.one_run(site, 1, None)
    monkeypatch.delitem(TASKS, "gsm8k")
    assert scorer_choices(site, store.run(1)) == ["numeric", "flexible-extract", "strict-match"]
    assert runs.one_run(site, 1, None) == before
    assert "does not have" in (await last(eval_panel.resume(site, 1, 2)))[0]


def item(status: Status = "done", answer: str | None = "7", **scores: float | None) -> ItemResult:
    return ItemResult("q", (1, None), 1, status, answer, None, scores, Costs())


def test_many_items_are_cut_and_said_to_be() -> None:
    page = items_html([item(numeric=1.0)] * 1000, "numeric")
    assert page.count("<tr>") == 301 and "The first 300 of 1,000 are shown." in page


def test_progress_has_the_rate_since_this_start_only() -> None:
    page = progress_html(Progress(done=15, total=20, kept=5, right=7, judged=14, errors=1), 3, 60.0)
    assert "15 of 20 questions done, 7 of 14 right, 1 errors, 10.0 a minute" in page and 'value="15"' in page
    assert "a minute" not in progress_html(Progress(5, 20, 5, 0, 5, 0), 3, 1.0)
