"""Dry runs: the first prompts of an eval as the model would be shown them, without a model."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from app.backends.open import find_backend
from app.backends.scripted import ScriptedBackend
from app.session import solve
from app.store import Store
from app.store.records import Record
from evals.task import QuestionSet
from graphs.strategy import Strategy
from prompts.settings import Settings
from prompts.values import Request


async def first_prompts(
    questions: QuestionSet, most: int, strategy: Strategy[Any], backend: str, settings: Settings
) -> str:
    """The first prompt of each of the first questions, as text.

    Pieces of a long text are cut at four characters a token, and a server that turns out to continue messages may be
    asked in another form.
    """
    capabilities = find_backend(backend).capabilities
    shown = list[str]()
    for item in questions.items[:most]:
        asked = list[Request]()

        def reply(request: Request, asked: list[Request] = asked) -> str:
            asked.append(request)
            return "Answer: none"

        answers = ScriptedBackend(reply, capabilities=capabilities)
        with Store.open(":memory:") as store:
            async with aclosing(solve(item.question, strategy.name, answers, settings, store)) as events:
                async for event in events:
                    if isinstance(event, Record) and event.step.calls:
                        break
        shown.append("\n".join([f"-- {item.question.id}", *(_told(asked[0]) if asked else ["no prompt"])]))
    return "\n\n".join(shown)


def _told(request: Request) -> list[str]:
    return [f"[{message.role}]\n{message.content}" for message in request.messages]
