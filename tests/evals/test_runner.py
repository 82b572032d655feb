"""Runs: what is asked, kept, judged and given up; and what of a stored run can be gone on with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from app.attempt_view import STOPPED
from app.backends.scripted import ScriptedBackend
from app.errors import BackendUnavailable, BadInput, MissingKey
from app.store import Store
from app.store.records import Run
from evals.commands import main
from evals.gsm8k import TASK, GsmSource
from evals.progress import Progress
from evals.runner import GIVE_UP_AFTER, Runner, begin, load_again, task_of
from evals.task import Attempted, Item, QuestionSet, Task
from prompts.backend import Backend
from prompts.settings import Settings
from prompts.steps import Step
from prompts.values import Request, Score, UserError

SOURCE = GsmSource(source="builtin", limit=8)
QUESTIONS = TASK.questions(SOURCE)
N = len(QUESTIONS.items)


def begun(store: Store, *, task: Task = TASK, questions: QuestionSet = QUESTIONS, source: GsmSource = SOURCE) -> Run:
    return begin(store, task, questions, source, "cot", ScriptedBackend([]), Settings())


async def told(store: Store, run: Run, backend: Backend, *, task: Task = TASK, concurrency: int = 1) -> list[Progress]:
    """What a run tells until its end."""
    async with aclosing(Runner(store, task, QUESTIONS, run, backend, concurrency).progress()) as updates:
        return [progress async for progress in updates]


def right(request: Request) -> str:
    """The right answer, looked up."""
    asked = request.messages[1].parts[0].text.removeprefix("Question: ")
    return f"Answer: {next(item.gold for item in QUESTIONS.items if item.question.text == asked)}"


class Failing(ScriptedBackend):
    """Answers rightly, but for the numbered requests, which fail."""

    def __init__(self, error: UserError, fails: Callable[[int], bool]) -> None:
        def answer(request: Request) -> str:
            self.asked += 1
            if fails(self.asked):
                raise error
            return right(request)

        self.asked = 0
        super().__init__(answer)


async def test_progress_tells_of_the_start_and_of_every_item_that_ended() -> None:
    with Store.open(":memory:") as store:
        told_of = await told(store, begun(store), ScriptedBackend(right))
        assert told_of == [Progress(done, N, 0, done, done, 0) for done in range(N + 1)]


async def test_no_more_attempts_run_at_once_than_asked_for() -> None:
    with Store.open(":memory:") as store:
        run, most = begun(store), list[int]()

        def answer(request: Request) -> str:
            most.append(sum(item.status == "running" for item in store.items(run.id)))
            return right(request)

        told_of = await told(store, run, ScriptedBackend(answer, delay=0.01), concurrency=3)
        assert max(most) == 3
        assert told_of[-1] == Progress(N, N, 0, N, N, 0)


async def test_a_stopped_run_keeps_what_is_done_and_resume_asks_only_the_rest() -> None:
    with Store.open(":memory:") as store:
        run = begun(store)
        async with aclosing(Runner(store, TASK, QUESTIONS, run, ScriptedBackend(right), 1).progress()) as updates:
            async for progress in updates:
                if progress.done == 3:
                    break
        done = {item.question_id: item.attempt for item in store.items(run.id) if item.status == "done"}
        assert len(done) in (3, 4), "the next one may have been on its way"
        backend = ScriptedBackend(right)
        told_of = await told(store, run, backend)
        assert told_of[0] == Progress(len(done), N, len(done), len(done), len(done), 0)
        assert told_of[-1] == Progress(N, N, len(done), N, N, 0)
        assert len(backend.requests) == N - len(done)
        items = {item.question_id: item for item in store.items(run.id)}
        assert {name: items[name].attempt for name in done} == done
        assert all(item.status == "done" for item in items.values())


async def test_a_scorer_is_given_the_item_the_attempt_and_its_steps_in_order() -> None:
    seen: list[tuple[Item, str | None, str, list[str]]] = []

    def spy(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
        seen.append((item, attempt.answer, attempt.completion, [step.verb for step in steps]))
        return Score(1.0, attempt.answer, "seen")

    task = replace(TASK, scorers={"spy": spy}, primary="spy")
    with Store.open(":memory:") as store:
        run = begun(store, task=task)
        await told(store, run, ScriptedBackend(right), task=task)
        assert seen == [(item, item.gold, f"Answer: {item.gold}", ["step", "conclude"]) for item in QUESTIONS.items]
        assert all(item.scores == {"spy": 1.0} for item in store.items(run.id))


@pytest.mark.parametrize("checks", [("equations", "fidelity"), ("equations",), ("fidelity",), ()], ids=str)
async def test_the_traces_get_the_checks_of_the_task_and_no_others(checks: tuple[str, ...]) -> None:
    task = replace(TASK, checks=checks)
    with Store.open(":memory:") as store:
        run = begun(store, task=task)
        assert store.run(run.id).spec.checks == checks
        await told(store, run, ScriptedBackend(lambda _: "1 + 1 = 3.\nAnswer: 3"), task=task)
        for item in store.items(run.id):
            assert store.attempt(item.attempt).spec.checks == checks
            found = {finding.check for record in store.records(item.attempt) for finding in record.findings}
            assert found == set(checks) & {"equations"}, "cot writes no summary"


async def test_resume_judges_only_the_items_whose_scores_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(":memory:") as store:
        run, score, lost = begun(store), store.score, {2, 5}

        def score_some(attempt: int, scores: dict[str, Score]) -> None:
            """What a kill between the end of an attempt and its judgement leaves behind."""
            if attempt not in lost:
                score(attempt, scores)

        with monkeypatch.context() as killed:
            killed.setattr(store, "score", score_some)
            await told(store, run, ScriptedBackend(right))
        assert {item.attempt for item in store.items(run.id) if not item.scores} == lost

        judged, loaded, records = list[int](), list[int](), store.records
        monkeypatch.setattr(store, "score", lambda attempt, scores: (judged.append(attempt), score(attempt, scores)))
        monkeypatch.setattr(store, "records", lambda attempt: (loaded.append(attempt), records(attempt))[1])
        backend = ScriptedBackend([])
        assert await told(store, run, backend) == [Progress(N, N, N, N, N, 0)]
        assert set(judged) == lost and len(judged) == len(lost)
        assert set(loaded) == lost and len(loaded) == len(lost)
        assert not backend.requests
        assert all(item.scores.keys() == TASK.scorers.keys() for item in store.items(run.id))


async def test_a_scorer_that_is_new_judges_what_was_done_before_without_asking_again() -> None:
    with Store.open(":memory:") as store:
        run = begun(store)
        await told(store, run, ScriptedBackend(right))
        more = replace(
            TASK, scorers={**TASK.scorers, "steps": lambda item, attempt, steps: Score(len(steps), None, "")}
        )
        backend = ScriptedBackend([])
        await told(store, run, backend, task=more)
        assert not backend.requests
        assert {item.scores["steps"] for item in store.items(run.id)} == {2.0}


async def test_a_backend_that_cannot_be_reached_is_given_up_after_so_many_items_in_a_row() -> None:
    error = BackendUnavailable("The server gave no answer: is it running?")
    with Store.open(":memory:") as store:
        run, backend = begun(store), Failing(error, lambda number: True)
        with pytest.raises(BackendUnavailable, match="is it running"):
            await told(store, run, backend)
        assert backend.asked == GIVE_UP_AFTER == 5
        ended = [item.error for item in store.items(run.id) if item.error != STOPPED]
        assert ended == [str(error)] * 5


async def test_items_that_fail_now_and_then_do_not_end_a_run() -> None:
    error = BackendUnavailable("The server gave no answer: is it running?")
    with Store.open(":memory:") as store:
        backend = Failing(error, lambda number: number % GIVE_UP_AFTER != 0)
        told_of = await told(store, begun(store), backend)
        assert told_of[-1] == Progress(N, N, 0, 1, 1, N - 1)
        assert backend.asked == N > GIVE_UP_AFTER


async def test_a_missing_key_ends_a_run_at_once() -> None:
    with Store.open(":memory:") as store:
        backend = Failing(MissingKey("The server wants an API key: set OPENAI_API_KEY."), lambda number: number > 2)
        run = begun(store)
        with pytest.raises(MissingKey):
            await told(store, run, backend)
        assert backend.asked == 3
        ended = [item.status for item in store.items(run.id) if item.error != STOPPED]
        assert ended == ["done", "done", "error"]


async def test_an_unanswered_item_is_judged_and_not_right() -> None:
    with Store.open(":memory:") as store:
        run = begun(store)
        told_of = await told(store, run, ScriptedBackend(lambda _: "I would have to think longer about this question."))
        assert told_of[-1] == Progress(N, N, 0, 0, N, 0)
        assert all(item.scores["numeric"] is None for item in store.items(run.id))


def test_resume_loads_the_runs_own_task_and_questions() -> None:
    with Store.open(":memory:") as store:
        run = begun(store)
        assert run.spec.source == SOURCE.model_dump(mode="json")
        assert task_of(run) is TASK
        assert load_again(store.run(run.id)) == QUESTIONS


def resumed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: Path, *more: str
) -> tuple[object, str]:
    """The exit code of ``python -m evals.gsm8k --resume 1`` and what it said, which is one sentence."""
    (path.parent / "replies.jsonl").write_text('"Answer: 1"\n')
    where = ("--store", str(path), "--replies", str(path.parent / "replies.jsonl"))
    monkeypatch.setattr(sys, "argv", ["evals.gsm8k", "--resume", "1", *where, *more])
    with pytest.raises(SystemExit) as ended:
        main("gsm8k")
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    return ended.value.code, said.err


@pytest.mark.parametrize(
    ("questions", "says"),
    [
        (replace(QUESTIONS, version="0"), "Run 1 cannot be resumed: task version was 0 and is 2. Restore"),
        (replace(QUESTIONS, items=QUESTIONS.items[:5]), "asked 5 questions of gsm8k-builtin and 8 of gsm8k-builtin"),
        (replace(QUESTIONS, name="gsm8k/test"), "8 questions of gsm8k/test and 8 of gsm8k-builtin are found now"),
    ],
    ids=["another version", "fewer questions", "other questions"],
)
def test_resume_is_refused_when_the_questions_are_no_longer_the_same(
    questions: QuestionSet,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "t.sqlite"
    with Store.open(path) as store:
        run = begun(store, questions=questions)
        with pytest.raises(BadInput, match=says):
            load_again(run)
    code, said = resumed(monkeypatch, capsys, path)
    assert code == 2 and says in said
    with Store.open(path) as store:
        assert store.items(1) == [], "nothing was asked"


@pytest.mark.parametrize(
    ("replies", "code"), [(["Answer: 1"] * 3, 0), (["Answer: 1"], 1), ([], 2)], ids=["all", "some", "none"]
)
def test_the_exit_code_says_whether_every_item_has_a_result(
    replies: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "replies.jsonl"
    script.write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    where = ("--store", str(tmp_path / "t.sqlite"), "--backend", "scripted", "--replies", str(script))
    words = ("--source", "builtin", "--limit", "3", "--strategy", "cot", "--concurrency", "1", *where)
    monkeypatch.setattr(sys, "argv", ["evals.gsm8k", *words])
    with pytest.raises(SystemExit) as ended:
        main("gsm8k")
    said = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == code
    assert ("ran out" in said) == (code > 0), "the reason is named"
    assert f"{3 - len(replies)} errors" in said


def test_what_failed_is_attempted_again_as_often_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replies, data = tmp_path / "replies.jsonl", tmp_path / "data.jsonl"
    replies.write_text('"Answer: 1"\n')
    data.write_text('{"question": "How many?", "answer": "#### 1"}\n{"question": "How much?", "answer": "#### 1"}\n')
    where = ["--data", str(data), "--strategy", "direct", "--backend", "scripted", "--replies", str(replies)]
    words = ["gsm8k", *where, "--concurrency", "1", "--store", str(tmp_path / "t.sqlite"), "--retry-errors", "2"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main("gsm8k")
    assert ended.value.code == 1, "the script holds one reply"
    with Store.existing(tmp_path / "t.sqlite") as store:
        tries = [attempt.spec.question.text for attempt in store.attempts()]
    assert sorted(map(tries.count, set(tries))) == [1, 3]
