from __future__ import annotations

import re
import time
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser

import pytest

from app.record import Attempt, AttemptSpec, Costs, Record, Score, record
from app.search import Found, Outline
from app.ui.attempt import (
    attempt_row,
    header_html,
    output_html,
    outputs_html,
    prompts_html,
    settings_html,
    step_html,
    steps_html,
)
from app.ui.difference import differences
from app.ui.inert import LONGEST, alert_html, inert, text_html, without_folders
from app.ui.show import answer_html, costs_html, memory_html, part_labels, prompt_html, thought_html
from graphs.reasoner import Ending, Step
from prompts.dials import Dials
from prompts.equations import Claim
from prompts.fidelity import Fidelity
from prompts.reasoner import PromptReasoner, TranscriptReasoner
from prompts.values import (
    Answer,
    Call,
    Generation,
    Message,
    Question,
    Request,
    Retry,
    TextMemory,
    Thought,
    Usage,
    VectorMemory,
)

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "attribute": "' onmouseover='alert(1)",
    "think": "<think>secret</think>",
    "markdown": "[link](javascript:alert(1)) **bold** ![i](http://x/y.png)",
    "latex": r"$$\def\a{\a\a}\a$$ \href{javascript:alert(1)}{x}",
    "reversed": "safe \u202egpj.exe\u202c \u2066x\u2069",
    "controls": "a\x00b\x1b[31mc\x7f\u200bd",
    "template": "${alert(1)} {{value}} {{#each x}}",
    "entity": "&lt;b&gt; &#x202e;",
    "comment": "<!-- --><style>*{display:none}</style>",
    "megabyte": "<b>" + "x" * 1_000_000,
    "lines": "<i>\n" * 100_000,
}
ALLOWED = {
    *("article", "header", "section", "div", "p", "span", "strong", "small", "ul", "ol", "li", "h3", "h4", "dl", "dt"),
    *("dd", "mark", "del", "details", "summary", "a", "nav", "button"),
}
ATTRIBUTES = {"class", "aria-hidden", "aria-label", "aria-current", "role", "href", "type", "tabindex"}
EMPTY = TextMemory()


class Reader(HTMLParser):
    """Reads what a browser would: the tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed where it is not open"

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read(html: str) -> Reader:
    """What a browser makes of it; nothing in it may act."""
    reader = Reader(html)
    assert not reader.open, f"{reader.open} are left open"
    for tag, attributes in reader.tags:
        assert tag in ALLOWED, tag
        for name, value in attributes.items():
            assert name in ATTRIBUTES or name.startswith("data-"), name
            assert name != "href" or re.fullmatch(r"\?(run|attempt)=\d+(&step=\d+)?", value or ""), value
    assert not set(reader.text) & {"\u202e", "\u2066", "\x00", "\x1b", "\x7f", "\u200b"}
    return reader


def call(reply: str = "ok", *, messages: tuple[Message, ...] = (), error: str = "") -> Call:
    retries = (Retry(error, 1.5),) if error else ()
    generation = Generation(reply, Usage(40, 10, 30), "stop", 0.25, 1.0, retries)
    return Call(Request(messages or (Message("user", ("hi",)),), 64), generation)


def attempt(
    text: str = "How many?", *, answer: str | None = "7", error: str | None = None, ending: Ending = "answered"
):
    spec = AttemptSpec(Question(text, text, text), "isump", "scripted", "m", Dials(), 2, 3, 4)
    status = "error" if error else "done"
    return Attempt(12, spec, status, error, None if error else answer, "", None if error else ending, 0.0, 1.0)


def everything(text: str) -> list[str]:
    """Everything that can be shown, with the text wherever a model, a stranger or an error could have put it."""
    memory = TextMemory((text, f"kept = {text}"), (text,))
    step = Step("step", 1, memory, memory, (call(text, error=text),), (text,), Thought(text, text))
    claim = Claim(text, Fraction(7), Fraction(8), "wrong")
    summary = Step("summarize", 1, TextMemory((f"kept = 7{text}", "gone")), memory, (call(text),), (text,))
    conclusion = Step(
        "conclude", 1, memory, memory, (call(text),), (text,), answer=Answer(text, text), ending="answered"
    )
    prompt = call(text, messages=tuple(Message(role, (text, text)) for role in ("system", "user", "assistant")))
    fidelity = Fidelity((text,), (text, "1"), (text, "7"))
    name = text[:1000]
    spec = AttemptSpec(Question(text, text, text), name, name, name, Dials(), 2, 3, 4)
    found = attempt(text, answer=text)
    return [
        alert_html(text),
        thought_html(Record(0, step, None, (claim, Claim(text, None, None, "unreadable")))),
        thought_html(Record(1, summary, fidelity)),
        thought_html(Record(2, conclusion)),
        step_html(1, Record(2, conclusion), 3),
        memory_html(TextMemory((text + "!",)), memory, fidelity),
        prompt_html(prompt),
        prompts_html((prompt, prompt)),
        outputs_html((prompt,)),
        answer_html(found, Costs(), [Score(text[:1000], 0, text, text)]),
        answer_html(attempt(text, error=text), Costs()),
        header_html(Attempt(1, spec, "done", None, text, text, "answered", 0, 1)),
        settings_html(found),
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_inert(name: str) -> None:
    for html in everything(HOSTILE[name]):
        assert len(html) < 1_000_000
        read(html)


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if name not in ("reversed", "controls", "megabyte", "lines")]
)
def test_hostile_text_is_shown_as_it_is(name: str) -> None:
    text = HOSTILE[name]
    for html in everything(text)[:6]:
        assert text in read(html).text


def test_what_could_reverse_a_line_or_hide_in_it_is_seen() -> None:
    assert inert("a\u202eb\x1bc") == "a\ufffdb\ufffdc"
    assert unescape(inert("<a>'\"&")) == "<a>'\"&"


def test_a_megabyte_is_cut_and_says_so() -> None:
    started = time.perf_counter()
    html = text_html("x" * 1_000_000)
    assert time.perf_counter() - started < 0.5
    assert html.count("x") < LONGEST + 50
    assert "20,000 of 1,000,000 characters" in html
    assert "characters are shown" not in text_html("x" * LONGEST)
    many = memory_html(None, TextMemory(tuple(f"{i} " + "y" * 1000 for i in range(100))))
    assert many.count("y" * 1000) == 19 and "81 more lines are not shown" in many


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ((), ("a",), "added a"),
        (("a", "b"), ("b",), "kept b, dropped a"),
        (("May = 24",), ("May = 31",), "changed May = 31 (May = 24)"),
        (("sold on Monday = 5",), ("sold on Tuesday = 5",), "added sold on Tuesday = 5, dropped sold on Monday = 5"),
        (("add April and May",), ("add April and June",), "changed add April and June (add April and May)"),
        (("find the sum",), ("divide by four",), "added divide by four, dropped find the sum"),
        (("a", "a"), ("a",), "kept a, dropped a"),
        (("a",), ("a", "a"), "kept a, added a"),
        (("x = 1", "y = 2"), ("y = 2", "X = 3"), "kept y = 2, changed X = 3 (x = 1)"),
        (("= 1",), ("= 2",), "added = 2, dropped = 1"),
        (("a", "b"), ("b", "a"), "kept b, kept a"),
    ],
)
def test_each_line_is_kept_changed_added_or_dropped(
    before: tuple[str, ...], after: tuple[str, ...], wanted: str
) -> None:
    said = [
        f"{line.fate} {line.text}" + (f" ({line.before})" if line.before else "") for line in differences(before, after)
    ]
    assert ", ".join(said) == wanted


def test_every_line_has_one_fate_and_long_lists_take_no_time() -> None:
    before, after = (
        [f"line {i} of old" for i in range(3000)],
        [f"line {i} of new" for i in range(2000)] + ["line 7 of old"],
    )
    started = time.perf_counter()
    lines = differences(before, after)
    assert time.perf_counter() - started < 1
    assert [line.text for line in lines if line.fate != "dropped"] == after
    assert sum(line.fate in ("kept", "dropped", "changed") for line in lines) == len(before)


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


DIALS, QUESTION, MEMORY = Dials(), Question("q", "What we know: nothing?"), TextMemory(("left = 7",), ("stop",))
REPLY = "What we know:\n- left = 7\nWhat to do next:\n- stop"


async def labels_of(verb: str, words: str, memory: TextMemory, dials: Dials = DIALS) -> list[str]:
    reasoner = (TranscriptReasoner if words == "history_loop" else PromptReasoner)(Asked(REPLY), dials, words)
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
    dials = Dials(drop_question=True)
    assert await labels_of("step", "isump", MEMORY, dials) == ["stable prefix", "memory", "instruction"]


def test_a_prompt_is_shown_exactly_as_it_was_sent() -> None:
    message = Message("user", ("Question: a  b\n  c", "  What?\t"))
    shown = read(prompt_html(call(messages=(message,)))).text
    assert all(part in shown for part in message.parts)


def test_an_answer_stands_out_with_why_it_ended_and_what_it_cost() -> None:
    costs = Costs(1200, 34, 500, 100, 99_999, 3, 2, 1.25)
    shown = read(answer_html(attempt(answer="7 & <8>"), costs, [Score("numeric", 0, "7", "expected 9")])).text
    for words in ("7 & <8>", "answered", "1,200 tokens", "434 tokens", "99,999 token pairs", "1.2 s", "numeric: wrong"):
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


def test_an_alert_is_announced_and_nothing_is_nothing() -> None:
    assert 'role="alert"' in alert_html("No.")
    assert alert_html("") == ""


def test_the_head_links_to_run_and_parent() -> None:
    html = header_html(attempt())
    assert 'href="?run=2"' in html and 'href="?attempt=3&amp;step=4"' in html
    assert "attempt 12" in read(html).text


def test_steps_are_buttons_and_the_current_one_is_marked() -> None:
    outline = [
        Outline(0, "step", 1, 38, 1.2, False, 1, 0, False),
        Outline(1, "summarize", 1, 0, 0.0, False, 0, 2, True),
        Outline(2, "conclude", 1, 0, 0.0, True, 0, 0, False),
    ]
    html = steps_html(outline, 1, 3)
    buttons = [attributes for tag, attributes in read(html).tags if tag == "button"]
    assert [button["data-step"] for button in buttons] == ["0", "1", "2"]
    assert [button.get("aria-current") for button in buttons] == [None, "step", None]
    for words in ("0: thought 1", "38 tokens, 1.2 s", "1 wrong", "1: memory 1", "2 invented", "note", "2: conclusion"):
        assert words in read(html).text
    assert "the slider reaches all" in steps_html(outline, 1, 900)
    assert "No step" in steps_html([], 0, 0)


def test_a_step_links_to_itself_and_shows_the_memory_it_was_given() -> None:
    step = Step("step", 2, MEMORY, MEMORY, (call(),), thought=Thought("So 7."))
    html = step_html(12, Record(4, step), 9)
    assert 'href="?attempt=12&amp;step=4"' in html
    assert "Step 4 (of steps 0 to 8)" in html and "The memory it was given" in html and "left = 7" in html
    bare = Step("step", 1, EMPTY, EMPTY, thought=Thought("So 7."))
    assert "The memory it was given" not in step_html(12, Record(0, bare), 1)


def test_a_row_is_plain_short_and_says_how_it_came_out() -> None:
    found = Found(
        5, 2, "gsm8k", "isump", "m", "a\nb <b>" + "x" * 200, "done", "7", None, "steps spent", 3, 0.0, False, 4, 1
    )
    row = attempt_row(found, str.upper)
    assert row[0] == 5 and row[6] == 4
    assert str(row[1]).startswith("a b <b>xx") and len(str(row[1])) == 90
    assert row[3] == "WRONG, HIT THE STEP LIMIT, NUMBERS INVENTED, FORKED FROM 3"
    assert row[5] == "2 (gsm8k)"


def test_raw_replies_come_with_settings_and_retries() -> None:
    shown = read(outputs_html((call("<b>raw</b>", error="timed out"), call()))).text
    for words in (
        "Call 1 of 2",
        "<b>raw</b>",
        "40 tokens, 30 of them cached",
        "10 of at most 64",
        "timed out (waited 1.5 s)",
    ):
        assert words in shown
    assert "asked the model nothing" in outputs_html(()) and "asked the model nothing" in prompts_html(())
    assert "step tokens" in settings_html(attempt())
