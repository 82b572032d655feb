r"""Reads the reply of a call: without what the token limit broke off, and the answer it states.

    read_thought(reply, "stated").answer  -> "72", or None when the thought is no answer yet
    read_answer(reply, "number")          -> ("72", "The sum is 72.\nAnswer: 72")

A reply that ended by itself is whole. Of one that the limit ended, the last sentence or line is dropped: a number there
may lack its last digits.
"""

from __future__ import annotations

import re

from prompts.answers import ANSWER_FORMS
from prompts.clean import clean
from prompts.values import Generation, Thought

_OPEN_BRACKET = re.compile(r"[(\[][^()\[\]]*\Z")
_SENTENCE_END = re.compile(r"[.!?;](?=\s)|\n")


def read_thought(reply: Generation, form: str) -> Thought:
    """A thought; one that was broken off in a sentence is without that sentence, and has not ended in an answer."""
    text, ended = readable(reply)
    return Thought(text, ANSWER_FORMS[form].from_thought(text) if ended else None, reply.text)


def read_answer(reply: Generation, form: str) -> tuple[str | None, str]:
    """The answer in the reply to a request for it, and the reply; a reply of nothing but a torn sentence has none."""
    text, ended = readable(reply)
    if not ended and not _last_end(clean(reply.text)):
        return None, text
    return ANSWER_FORMS[form].from_reply(text, whole=ended), text


def read_stated(reply: Generation, form: str) -> tuple[str | None, str]:
    """The answer in a reply that goes on behind "Answer:", and the line that they make."""
    text = f"Answer: {clean(reply.text).strip()}"
    return ANSWER_FORMS[form].from_reply(text, whole=reply.finish_reason != "length"), text


def readable(reply: Generation) -> tuple[str, bool]:
    """The reply without a sentence that the token limit broke off, and whether it ended where a sentence did."""
    text = clean(reply.text)
    if reply.finish_reason != "length":
        return text.strip(), True
    return cut(text), bool(text.strip()) and not text[_last_end(text) :].strip()


def whole_lines(reply: Generation) -> str:
    """A summary without the line that the token limit broke off, unless that is all there is."""
    text = reply.text
    if reply.finish_reason == "length" and "\n" in text.strip() and not text.lstrip().startswith("{"):
        return text[: text.rstrip().rfind("\n")]
    return text


def cut(text: str) -> str:
    """``text`` up to its last complete sentence or line; where there is none, without its last, perhaps torn, word.

    A bracket that was broken off, as of a vector, goes as a whole.
    """
    if whole := text[: _last_end(text)].rstrip():
        return whole
    torn = text.strip().rpartition(" ")[0] or text.strip()
    return _OPEN_BRACKET.sub("", torn).rstrip() or torn


def _last_end(text: str) -> int:
    """The end of the last complete sentence or line; 0 where there is none."""
    return max((match.end() for match in _SENTENCE_END.finditer(text)), default=0)
