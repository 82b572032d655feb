from __future__ import annotations

import pytest

from app.ui.html.calls import prompt_html
from graphs.isump import IsumpSettings
from prompts.backend import Capability
from prompts.memories import TextMemory
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings
from prompts.values import Generation, Message, Part, Question, Request, Thought, Usage
from tests.app.ui.html.reader import EMPTY, call, read

SETTINGS, QUESTION = IsumpSettings(), Question("q", "What we know: nothing?")
MEMORY = TextMemory(("left = 7",), ("stop",))

REPLY = "What we know:\n- left = 7\nWhat to do next:\n- stop"


class OneReply:
    """A backend that always replies the same."""

    name, model, fingerprint, alive = "one", "m", "m", True
    capabilities = frozenset[Capability]()
    control_tokens = frozenset[str]()

    async def generate(self, request: Request) -> Generation:
        return Generation(REPLY, Usage(1, 1), "stop", 0.0)

    async def aclose(self) -> None: ...


async def labels_of(verb: str, templates: str, memory: TextMemory, settings: Settings = SETTINGS) -> list[str]:
    """The labels on the parts of a prompt, in the order in which they are shown."""
    reasoner, thought = PromptReasoner(OneReply(), settings, templates), Thought("So 7.")
    match verb:
        case "step":
            turn = await reasoner.step(QUESTION, memory, limit=50)
        case "summarize":
            turn = await reasoner.summarize(QUESTION, memory, thought, limit=50)
        case _:
            turn = await reasoner.conclude(QUESTION, memory, (thought,), limit=50)
    html = prompt_html(turn.calls[0])
    read(html)
    return [part.partition(" <small>")[0] for part in str(html).split('<span class="is-label">')[1:]]


PREFIX = ["stable prefix", "stable prefix"]


@pytest.mark.parametrize(
    ("verb", "templates", "memory", "wanted"),
    [
        ("step", "isump", EMPTY, [*PREFIX, "instruction"]),
        ("step", "isump", MEMORY, [*PREFIX, "memory", "instruction"]),
        ("step", "cot", EMPTY, [*PREFIX, "instruction"]),
        ("summarize", "isump", MEMORY, [*PREFIX, "memory", "instruction", "thought", "instruction"]),
        ("conclude", "isump", MEMORY, [*PREFIX, "memory", "thought", "instruction"]),
        ("conclude", "isump", EMPTY, [*PREFIX, "thought", "instruction"]),
    ],
)
async def test_each_part_of_a_prompt_is_labelled(
    verb: str, templates: str, memory: TextMemory, wanted: list[str]
) -> None:
    assert await labels_of(verb, templates, memory) == wanted


async def test_a_prompt_without_the_question_begins_with_the_memory() -> None:
    settings = IsumpSettings(drop_question=True)
    assert await labels_of("step", "isump", MEMORY, settings) == ["stable prefix", "memory", "instruction"]


def test_a_part_of_a_context_is_labelled() -> None:
    html = prompt_html(call(messages=(Message("user", (Part("context", "Chapter 1"),)),)))
    assert "context (user)Chapter 1" in read(html).text


def test_a_prompt_is_shown_exactly_as_it_was_sent() -> None:
    message = Message("user", (Part("question", "Question: a  b\n  c"), Part("instruction", "  What?\t")))
    shown = read(prompt_html(call(messages=(message,)))).text
    assert all(part.text in shown for part in message.parts)
