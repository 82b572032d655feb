"""Parses the page's HTML as a browser does; calls and attempts to show; and hostile texts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markupsafe import Markup

from app.store.records import Attempt, AttemptSpec
from graphs.isump import IsumpSettings
from prompts.memories import TextMemory
from prompts.values import Call, Ending, Generation, Message, Part, Question, Request, Retry, Usage

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
    *("article", "header", "section", "div", "p", "span", "strong", "small", "ul", "ol", "li", "h2", "h3", "dl", "dt"),
    *("dd", "mark", "del", "details", "summary", "a", "nav", "button", "bdi"),
}
ATTRIBUTES = {
    *("class", "aria-hidden", "aria-label", "aria-current", "role", "href", "type", "tabindex", "style", "target"),
    "rel",
}
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


def read(html: Markup) -> Reader:
    """The HTML as a browser reads it; it must be Markup, well-formed, and without anything that acts."""
    assert isinstance(html, Markup)
    reader = Reader(str(html))
    assert not reader.open, f"{reader.open} are left open"
    for tag, attributes in reader.tags:
        assert tag in ALLOWED, tag
        for name, value in attributes.items():
            assert name in ATTRIBUTES or name.startswith("data-"), name
            assert name != "style" or re.fullmatch(r"--columns: \d", value or ""), value
            assert name != "href" or re.fullmatch(r"\?(run|attempt)=\d+(&step=\d+)?", value or ""), value
    assert not set(reader.text) & {"\u202e", "\u2066", "\x00", "\x1b", "\x7f", "\u200b"}
    return reader


def call(reply: str = "ok", *, messages: tuple[Message, ...] = (), error: str = "") -> Call:
    retries = (Retry(error, 1.5),) if error else ()
    generation = Generation(reply, Usage(40, 10, 30), "stop", 0.25, 1.0, retries)
    return Call(Request(messages or (Message("user", (Part("instruction", "hi"),)),), 64), generation)


def attempt(
    text: str = "How many?", *, answer: str | None = "7", error: str | None = None, ending: Ending = Ending.ANSWERED
) -> Attempt:
    spec = AttemptSpec(Question(text, text, text), "isump", "scripted", "m", IsumpSettings(), 2, 3, 4)
    status = "error" if error else "done"
    return Attempt(12, spec, status, error, None if error else answer, "", None if error else ending, 0.0, 1.0)
