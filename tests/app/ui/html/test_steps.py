from __future__ import annotations

import re

import pytest

from app.store.records import Costs, Record, Score, record
from app.ui.html.attempt import output_html
from app.ui.html.steps import answer_html, costs_html, memory_html, part_labels, prompt_html, thought_html
from app.ui.html.text import without_folders
from prompts.checks.fidelity import Fidelity
from prompts.reasoner import PromptReasoner, TranscriptReasoner
from prompts.settings import Settings
from prompts.steps import Step
from prompts.values import (
    Answer,
    Generation,
    Message,
    Question,
    Request,
    TextMemory,
    Thought,
    Usage,
    VectorMemory,
)
from tests.app.ui.html.reader import EMPTY, attempt, call, read


def test_a_memory_says_what_became_of_each_line_and_marks_invented_numbers() -> None:
    question = Question("q", "April 48, half in May. In all?")
    before, after = (
        TextMemory(("April = 48",), ("work out May",)),
        TextMemory(("April = 48", "May = 31"), ("add them",)),
    )
    item = record(1, Step("summarize", 1, before, after), question, "48 / 2 = 24")
    html = thought_html(item)
    assert '<mark class="is-invented">31</mark>' in html
    assert '<mark class="is-invented">48</mark>' not in html
    shown = read(html).text
    for words in (
        "What we know",
        "What to do next",
        "kept",
        "added May = 31",
        "dropped work out May",
        "1 invented: 31",
    ):
        assert words in shown
    assert html.index("is-kept") < html.index("is-added") < html.index("is-dropped")


def test_numbers_are_marked_by_value_and_whole() -> None:
    html = memory_html(
        EMPTY, TextMemory(("a = 31", "b = 31.5", "c = $1,031 and 31", "31 was dropped")), Fidelity((), (), ("31",))
    )
    assert re.findall(r'<mark class="is-invented">(.*?)</mark>', html) == ["31", "31", "31"]


def test_a_memory_that_is_the_same_has_no_fates() -> None:
    memory = TextMemory(("a = 1",), ())
    for before in (None, memory):
        html = memory_html(before, memory)
        assert "is-fate" not in html and "a = 1" in html and "none" in html


def test_a_memory_of_vectors_is_shown_by_shape_and_norm() -> None:
    html = memory_html(VectorMemory(b"", (1, 4, 8), 1.0), VectorMemory(b"", (1, 4, 8), 2.5))
    assert "1 × 4 × 8" in html and "norm 2.5 (norm before 1)" in html


def test_a_wrong_equation_is_marked_and_corrected() -> None:
    step = Step("step", 3, EMPTY, EMPTY, (call(),), ("rechecked",), Thought("First 12 - 5 = 8, then 2 + 2 = 4."))
    html = thought_html(record(0, step, Question("q", "?"), ""))
    assert '<mark class="is-wrong">12 - 5 = 8</mark>' in html
    shown = read(html).text
    assert "Thought 3" in shown and "✗ 12 - 5 = 8 it is 7" in shown and "rechecked" in shown
    assert "2 + 2 = 4 it is" not in shown
    assert "context 50 tokens · 10 generated · 75% of the prompt cached · 0.2 s" in shown


def test_a_conclusion_without_a_call_says_where_its_answer_is_from() -> None:
    taken = Step("conclude", 1, EMPTY, EMPTY, answer=Answer("7", "so 7"), ending="answered")
    none = Step(
        "conclude", 1, EMPTY, EMPTY, answer=Answer(None), marks=("chain 1 of 1: no answer",), ending="steps spent"
    )
    assert "taken from the thoughts before" in thought_html(Record(0, taken))
    assert "No answer was reached" in thought_html(Record(0, none)) and "chain 1 of 1" in thought_html(Record(0, none))


class Asked:
    """A backend that keeps what it is asked."""

    name, model, structured = "asked", "m", False

    def __init__(self, reply: str) -> None:
        self.reply = reply

    async def generate(self, request: Request) -> Generation:
        return Generation(self.reply, Usage(1, 1), "stop", 0.0)

    async def aclose(self) -> None: ...


SETTINGS, QUESTION, MEMORY = Settings(), Question("q", "What we know: nothing?"), TextMemory(("left = 7",), ("stop",))
REPLY = "What we know:\n- left = 7\nWhat to do next:\n- stop"


async def labels_of(verb: str, words: str, memory: TextMemory, settings: Settings = SETTINGS) -> list[str]:
    reasoner = (TranscriptReasoner if words == "history_loop" else PromptReasoner)(Asked(REPLY), settings, words)
    thought = Thought("So 7.")
    match verb:
        case "step":
            turn = await reasoner.step(QUESTION, memory, limit=50)
        case "summarize":
            turn = await reasoner.summarize(QUESTION, memory, thought, limit=50)
        case _:
            turn = await reasoner.conclude(QUESTION, memory, (thought,), limit=50)
    labels = [label for message in turn.calls[0].request.messages for label in part_labels(message)]
    assert [label for label in labels if label in prompt_html(turn.calls[0])] == labels
    return labels


HEAD = ["stable prefix", "stable prefix"]


@pytest.mark.parametrize(
    ("verb", "words", "memory", "wanted"),
    [
        ("step", "isump", EMPTY, [*HEAD, "instruction"]),
        ("step", "isump", MEMORY, [*HEAD, "memory", "instruction"]),
        ("step", "cot", EMPTY, [*HEAD, "instruction"]),
        ("step", "history_loop", MEMORY, [*HEAD, "memory", "instruction"]),
        ("summarize", "isump", MEMORY, [*HEAD, "memory", "instruction", "thought", "instruction"]),
        ("conclude", "isump", MEMORY, [*HEAD, "memory", "thought", "instruction"]),
        ("conclude", "isump", EMPTY, [*HEAD, "thought", "instruction"]),
    ],
)
async def test_each_part_of_a_prompt_is_labelled(verb: str, words: str, memory: TextMemory, wanted: list[str]) -> None:
    assert await labels_of(verb, words, memory) == wanted


async def test_a_prompt_without_the_question_begins_with_the_memory() -> None:
    settings = Settings(drop_question=True)
    assert await labels_of("step", "isump", MEMORY, settings) == ["stable prefix", "memory", "instruction"]


def test_a_prompt_is_shown_exactly_as_it_was_sent() -> None:
    message = Message("user", ("Question: a  b\n  c", "  What?\t"))
    shown = read(prompt_html(call(messages=(message,)))).text
    assert all(part in shown for part in message.parts)


def test_an_answer_stands_out_with_why_it_ended_and_what_it_cost() -> None:
    costs = Costs(1200, 34, 500, 100, 99_999, 3, 2, 1.25)
    shown = read(answer_html(attempt(answer="7 & <8>"), costs, [Score("numeric", 0, "7", "expected 9")])).text
    for words in ("7 & <8>", "answered", "1,200 tokens", "434 tokens", "99,999 pairs", "1.2 s", "numeric: wrong"):
        assert words in shown
    assert "none" in read(answer_html(attempt(answer=None, ending="steps spent"), costs)).text
    assert "hit the step limit" in answer_html(attempt(ending="steps spent"), costs)
    assert "434 tokens" in costs_html(costs)


def test_an_error_names_no_folder() -> None:
    told = "The replies in /home/ann/secret/replies.jsonl ran out: add more to C:\\Users\\ann\\replies.jsonl, 3/4 done."
    assert without_folders(told) == "The replies in replies.jsonl ran out: add more to replies.jsonl, 3/4 done."
    kept = "The server at http://127.0.0.1:8000/v1/x timed out and/or failed in 1/2 s; a/b/c."
    assert without_folders(kept) == kept
    assert "secret" not in answer_html(attempt(error=told), Costs())
    assert "secret" not in output_html(call(error=told))
