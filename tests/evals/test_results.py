from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.scripted import ScriptedBackend
from app.errors import BackendError, BadInput
from app.store import Store
from app.store.records import Run
from evals.gsm8k import TASK, GsmSource
from evals.progress import Progress
from evals.report import describe
from evals.results import BackendUse, backend_use, pair, summarize_run, union_length
from evals.runner import Runner, begin
from evals.task import Item, QuestionSet
from prompts.backend import Backend
from prompts.settings import Settings
from prompts.values import Request

SOURCE = GsmSource(source="builtin", limit=6)
QUESTIONS = TASK.questions(SOURCE)
GOLD = {item.question.text: item.gold for item in QUESTIONS.items}


def begun(store: Store, backend: Backend, questions: QuestionSet = QUESTIONS, strategy: str = "cot") -> Run:
    return begin(store, TASK, questions, SOURCE, strategy, backend, Settings())


async def finished(
    store: Store, run: Run, backend: Backend, concurrency: int = 3, questions: QuestionSet = QUESTIONS
) -> list[Progress]:
    """What the run tells until its end."""
    async with aclosing(Runner(store, TASK, questions, run, backend, concurrency).progress()) as news:
        return [progress async for progress in news]


async def measured(store: Store, right: int, questions: QuestionSet = QUESTIONS) -> Run:
    """A run of cot in which the first ``right`` questions are answered rightly, the rest with -1."""
    known = {item.question.text: place for place, item in enumerate(questions.items)}

    def reply(request: Request) -> str:
        asked = next(part.text for part in request.messages[1].parts if part.kind == "question")
        asked = asked.removeprefix("Question: ")
        return f"Answer: {GOLD[asked] if known[asked] < right else -1}"

    backend = ScriptedBackend(reply)
    run = begun(store, backend, questions)
    await finished(store, run, backend, questions=questions)
    return run


async def test_a_run_is_summed_up_and_paired_with_another(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        first, second = await measured(store, 2), await measured(store, 5)
        summary = summarize_run(store, first)
        assert (summary.n, summary.accuracy["numeric"].correct, summary.errors, summary.unanswered) == (6, 2, 0, 0)
        assert (summary.primary, summary.task, summary.strategy) == ("numeric", "gsm8k-builtin", "cot")
        assert summary.costs["calls"].total == 6
        assert summary.wall_seconds > 0
        comparison = pair(store, first, second, "numeric")
        assert (comparison.n, comparison.accuracy.mean_a, comparison.accuracy.mean_b) == (6, 2 / 6, 5 / 6)
        assert set(comparison.flips.gained) == {item.question.id for item in QUESTIONS.items[2:5]}
        assert comparison.flips.lost == ()


async def test_unanswered_texts_with_a_number_are_counted_apart(tmp_path: Path) -> None:
    said = itertools.cycle(["Ann has 12 or 13 of them.", "I do not know."])
    backend = ScriptedBackend(lambda request: next(said) if request.prefill else "Hm.")
    with Store.open(tmp_path / "t.sqlite") as store:
        run = begun(store, backend, QUESTIONS)
        await finished(store, run, backend, questions=QUESTIONS)
        summary = summarize_run(store, run)
        told = sum("12" in store.attempt(item.attempt).completion for item in store.items(run.id))
        assert (summary.unanswered, summary.unstated) == (6, told) and 0 < told < 6


async def test_another_scorer_may_be_the_one_that_counts(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        run = await measured(store, 2)
        assert next(iter(summarize_run(store, run).accuracy)) == "numeric"
        summary = summarize_run(store, run, "strict-match")
        assert summary.primary == next(iter(summary.accuracy)) == "strict-match"
        assert summary.accuracy["strict-match"].correct == 0
        assert summary.accuracy.keys() == TASK.scorers.keys()


async def test_errors_are_counted_apart_and_redone_on_resume(tmp_path: Path) -> None:
    def broken(request: Request) -> str:
        raise BackendError("The engine is out of order: mend it.")

    with Store.open(tmp_path / "t.sqlite") as store:
        backend = ScriptedBackend(broken)
        run = begun(store, backend)
        await finished(store, run, backend)
        summary = summarize_run(store, run)
        assert (summary.n, summary.errors) == (0, 6)
        assert sum(summary.reasons.values()) == 6
        await finished(store, run, ScriptedBackend(lambda _: "Answer: 1"))
        summary = summarize_run(store, run)
        assert (summary.n, summary.errors) == (6, 0)


def renamed(items: Sequence[Item], order: Sequence[int]) -> tuple[Item, ...]:
    """The items in another order, their ids given anew as a file of that order would."""
    return tuple(
        replace(items[old], question=replace(items[old].question, id=items[new].question.id))
        for new, old in enumerate(order)
    )


async def test_runs_are_paired_by_the_text_of_the_question_and_not_by_its_place(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        shuffled = replace(QUESTIONS, name="a copy", items=renamed(QUESTIONS.items, (5, 4, 3, 2, 1, 0)))
        one, two = await measured(store, 6), await measured(store, 1, shuffled)
        comparison = pair(store, one, two, "numeric")
        assert comparison.n == 6
        kept = {item.question.id for item in QUESTIONS.items} - set(comparison.flips.lost)
        assert kept == {QUESTIONS.items[5].question.id}, "the first of the copy is the last of the original"


async def test_the_same_question_about_another_text_is_another(tmp_path: Path) -> None:
    def about(*pages: str) -> QuestionSet:
        item = QUESTIONS.items[0]
        asked = (replace(item.question, id=f"q-{place}", context=page) for place, page in enumerate(pages))
        return replace(QUESTIONS, items=tuple(replace(item, question=each) for each in asked))

    with Store.open(tmp_path / "t.sqlite") as store:
        one, two = await measured(store, 1, about("A hall.", "A park.")), await measured(store, 1, about("A park."))
        comparison = pair(store, one, two, "numeric")
        assert (comparison.n, comparison.only_a, comparison.only_b) == (1, 1, 0)


async def test_questions_that_only_one_run_asked_are_left_out_and_counted(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        one = await measured(store, 1, replace(QUESTIONS, items=QUESTIONS.items[:4]))
        two = await measured(store, 1, replace(QUESTIONS, items=QUESTIONS.items[2:]))
        comparison = pair(store, one, two, "numeric")
        assert (comparison.n, comparison.only_a, comparison.only_b) == (2, 2, 2)
        assert "2 asked by a only, 2 by b only" in " ".join(describe(comparison, "a", "b"))


async def test_an_unknown_scorer_is_refused_with_the_choices(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        runs = await measured(store, 1), await measured(store, 1)
        with pytest.raises(BadInput, match=r"no scorer 'magic'.*flexible-extract, numeric, strict-match"):
            pair(store, *runs, "magic")


async def test_runs_without_a_question_in_common_are_not_compared(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.sqlite") as store:
        halves = [replace(QUESTIONS, items=items) for items in (QUESTIONS.items[:3], QUESTIONS.items[3:])]
        runs = [await measured(store, 1, half) for half in halves]
        with pytest.raises(BadInput, match="no question in common"):
            pair(store, runs[0], runs[1], "numeric")


@pytest.mark.parametrize(
    ("attempts", "calls", "use"),
    [
        ([], [], BackendUse(0, 0, 0)),
        ([(0, 10)], [], BackendUse(10, 0, 0)),
        ([(0, 10)], [(0, 10)], BackendUse(10, 1, 1)),
        ([(0, 10), (0, 10)], [(0, 5), (2.5, 7.5)], BackendUse(10, 0.75, 1)),
        ([(0, 10), (100, 110)], [(0, 10), (100, 105)], BackendUse(20, 0.75, 0.75)),
    ],
    ids=["nothing ran", "no call", "always busy", "two at once", "stopped and resumed"],
)
def test_the_backend_is_busy_while_a_call_is_in_flight(
    attempts: list[tuple[float, float]],
    calls: list[tuple[float, float]],
    use: BackendUse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Store.open(":memory:") as store:
        monkeypatch.setattr(store, "attempt_spans", {7: attempts}.__getitem__)
        monkeypatch.setattr(store, "call_spans", {7: calls}.__getitem__)
        assert backend_use(store, 7) == use
        assert "The backend had work for" in use.describe()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12))
def test_covered_is_the_length_of_the_union(spans: list[tuple[int, int]]) -> None:
    moments = {moment for start, length in spans for moment in range(start, start + length)}
    assert union_length((start, start + length) for start, length in spans) == len(moments)
