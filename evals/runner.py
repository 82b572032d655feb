"""Runs a strategy over the questions of a task: many attempts at once, stoppable and resumable.

run = begin(store, TASKS["gsm8k"], questions, source, "isump", backend, settings)
async with aclosing(Runner(store, task, questions, run, backend, concurrency=4).progress()) as updates:
async for progress in updates: ...
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from app.attempt_view import AttemptView
from app.errors import BackendUnavailable, BadInput, MissingKey, StoreError
from app.session import Event, solve
from app.store import Store
from app.store.database import retry_while_busy
from app.store.records import Attempt, ItemResult, Run, RunSpec
from app.streams import Merge
from evals.identity import StoredModel, differences, spec_of
from evals.progress import Progress
from evals.task import Item, QuestionSet, Source, Task
from evals.tasks import TASKS
from prompts.backend import Backend
from prompts.settings import Settings
from prompts.steps import Step
from prompts.values import UserError

GIVE_UP_AFTER = 5
"""Unreachable-backend errors in a row after which a run stops, so that a dead server does not fail every item."""


def begin(
    store: Store,
    task: Task,
    questions: QuestionSet,
    source: Source,
    strategy: str,
    backend: Backend,
    settings: Settings,
) -> Run:
    """Open a run of ``strategy`` on ``questions``, which are those of ``source``."""
    return store.begin_run(spec_of(task, questions, source, strategy, backend, settings))


def task_of(run: Run) -> Task:
    """The task a run was made of; raises ``BadInput`` when this program has none of that name."""
    if run.spec.task not in TASKS:
        raise BadInput(f"Run {run.id} is of the task {run.spec.task!r}, which this program does not have.")
    return TASKS[run.spec.task]


def source_of(run: Run, given: Mapping[str, Any] | None = None) -> Source:
    """The source of a run's questions, with the ``given`` options instead of the stored ones.

    Raises:
        BadInput: The task is unknown, or the stored options cannot be read.
    """
    try:
        return task_of(run).source(**{**run.spec.source, **(given or {})})
    except ValidationError as error:
        raise BadInput(f"Run {run.id} does not say where its questions came from, so it cannot be resumed.") from error


def load_again(
    run: Run, source: Source | None = None, strategy: str | None = None, settings: Settings | None = None
) -> QuestionSet:
    """The questions of a run, to resume it with its own source, strategy and settings or those given.

    Raises:
        UserError: The questions cannot be had, or something that makes the run's numbers is no longer the same. The
            model is not looked at: ``check_model`` does, once its backend is open.
    """
    task, spec = task_of(run), run.spec
    source = source or source_of(run)
    questions = task.questions(source)
    model = StoredModel(spec.backend, spec.model, spec.identity.model)
    _check_unchanged(run, spec_of(task, questions, source, strategy or spec.strategy, model, settings or spec.settings))
    return questions


def check_model(run: Run, backend: Backend) -> None:
    """Raise ``BadInput`` when the backend does not run the model that the run was begun with."""
    identity = replace(run.spec.identity, model=backend.fingerprint)
    _check_unchanged(run, replace(run.spec, backend=backend.name, identity=identity))


def _check_unchanged(run: Run, now: RunSpec) -> None:
    if changed := differences(run.spec, now):
        raise BadInput(
            f"Run {run.id} cannot be resumed: {'; '.join(changed)}. Restore what was changed, or start a new run."
        )


@contextmanager
def run_lock(store: Store, run: int) -> Iterator[None]:
    """A run to oneself: until the block ends, or this process does, nobody else can write it.

    Raises:
        BadInput: Somebody else is writing it.
    """
    from filelock import FileLock, Timeout

    if store.file is None:
        yield
        return
    path = store.file.with_name(f"{store.file.name}.run-{run}.lock")
    lock = FileLock(path, blocking=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise BadInput(f"Run {run} is being written already: wait for it, or stop it where it was started.") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be locked ({error.strerror}): pass a --store that you can write.") from error
    try:
        yield
    finally:
        lock.release()


class Runner:
    """The attempts of one run, a fixed number at a time."""

    def __init__(
        self, store: Store, task: Task, questions: QuestionSet, run: Run, backend: Backend, concurrency: int
    ) -> None:
        """Bind the parts; nothing starts before ``progress`` is iterated."""
        self.store, self.task, self.questions, self.run, self.backend = store, task, questions, run, backend
        self.concurrency = concurrency
        self._kept = self._done = self._right = self._judged = self._errors = self._failures = 0

    async def progress(self) -> AsyncGenerator[Progress]:
        """Attempt every item that is not done yet; yields at the start and whenever items have ended.

        Finished items are kept, unfinished and failed ones redone. Closing the generator stops the run; what was
        done stays done. Nobody else can write the run meanwhile.

        Raises:
            UserError: Somebody else is writing the run, the backend cannot be reached or wants a key, or the store
                cannot be written.
        """
        with run_lock(self.store, self.run.id):
            await retry_while_busy(self.store.close_unfinished, self.run.id)
            async with aclosing(self._attempt_all()) as updates:
                async for progress in updates:
                    yield progress

    async def _attempt_all(self) -> AsyncGenerator[Progress]:
        waiting = await self._skip_done()
        yield self._now()
        views: dict[int, AttemptView] = {}
        async with aclosing(Merge(map(self._attempt, waiting), self.concurrency).batches()) as batches:
            async for batch in batches:
                before = self._done
                for place, event in batch:
                    view = views[place] = views.get(place, AttemptView()).after(event)
                    if view.over:
                        await self._close(waiting[place], views.pop(place), event)
                if self._done > before:
                    yield self._now()

    def _now(self) -> Progress:
        total = len(self.questions.items)
        return Progress(self._done, total, self._kept, self._right, self._judged, self._errors)

    async def _skip_done(self) -> list[Item]:
        """Count the items that are done already, judge those that were not, and return the others."""
        done = {result.question_id: result for result in self.store.items(self.run.id) if result.status == "done"}
        waiting: list[Item] = []
        for item in self.questions.items:
            if (before := done.get(item.question.id)) is None:
                waiting.append(item)
                continue
            self._kept += 1
            self._done += 1
            if self.task.scorers.keys() <= before.scores.keys():
                self._count(before.scores[self.task.primary])
            else:
                await self._judge_stored(item, before)
        return waiting

    async def _judge_stored(self, item: Item, result: ItemResult) -> None:
        steps = [record.step for record in self.store.records(result.attempt)]
        await self._judge(item, self.store.attempt(result.attempt), steps)

    def _attempt(self, item: Item) -> AsyncGenerator[Event]:
        spec = self.run.spec
        return solve(
            item.question,
            spec.strategy,
            self.backend,
            spec.settings,
            self.store,
            checks=self.task.checks,
            run=self.run.id,
        )

    async def _close(self, item: Item, view: AttemptView, event: Event | UserError) -> None:
        self._done += 1
        if view.attempt is not None:
            self._failures = 0
            await self._judge(item, view.attempt, [record.step for record in view.records])
            return
        assert isinstance(event, UserError), "an attempt without a result ended in an error"
        self._errors += 1
        self._failures += isinstance(event, BackendUnavailable)
        if isinstance(event, MissingKey | StoreError) or self._failures >= GIVE_UP_AFTER:
            raise event

    async def _judge(self, item: Item, attempt: Attempt, steps: list[Step]) -> None:
        scores = {name: scorer(item, attempt, steps) for name, scorer in self.task.scorers.items()}
        await retry_while_busy(self.store.score, attempt.id, scores)
        self._count(scores[self.task.primary].value)

    def _count(self, value: float | None) -> None:
        self._judged += 1
        self._right += value == 1
