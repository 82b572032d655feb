r"""Statements of an answer: the forms in which models write one, read line by line.

    closing_statement("48 / 2 = 24.\nAnswer: 24 clips")      -> "24 clips"
    closing_statement("We cannot say that the answer is 24.") -> None
    last_statement("The answer is 24.\nHere is why: ...")     -> "24"

The forms: a label (``Answer: 24``, "**Final answer:** 24", a heading "Final Answer" with the answer beneath it), the
line ``#### 24`` of GSM8K, ``\boxed{24}`` in a sentence, and the sentence "the answer is 24". What is denied, reported,
asked, conditional or put off ("the answer is correct", "see below", "24 so far") is no statement of an answer.
"""

from __future__ import annotations

import re

_SEEN = 4000
"""Characters at the end of a thought, and of each line, that are looked at: an answer is short."""
_BENEATH = 240
"""Characters that a line with an answer beneath its label may have."""

_NO_TEXT = re.compile(r"[\W_]*+|`{3,}\w{0,16}|\\(?:begin|end)\{[a-z*]{1,16}\}")
_NOUN = r"(?:final |correct )?(?:numerical )?answer(?: to (?:the|this) (?:question|problem))?"
_LABEL = re.compile(
    rf"(?:^[\s>*_#-]{{0,12}}(?:step \d{{1,3}}[:.] |\d{{1,2}}[.)] )?|(?<=[.!?)])[ \t]{{1,3}})[*_]{{0,3}}"
    rf"(?:(?:so|therefore|thus|hence),? )?(?:(?:the|my|our) )?{_NOUN}[*_ \t]{{0,4}}(?:[:=][*_ \t]{{0,8}}|$)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(rf"(?:^|\b(?:the|my|our|so|thus|therefore|hence),? ){_NOUN} is(?:[: ]{{1,3}}|$)", re.IGNORECASE)
_HASHES = re.compile(r"[>* ]{0,4}#### ?(?=\S)")
_BOX = r"\boxed{"

# The end of a sentence, but not the stops in "3 p.m. on Monday" or "3.5".
_UNMEANT = re.compile(r"[\s$)\]\\]*(?:is|was|are)(?:n['’]t| not| wrong| incorrect| false)\b", re.IGNORECASE)
_STOP = re.compile(r"(?<![ .]\w)[.!](?=[*_\"”')]{0,3}(?:\s|$))")
_CLAUSE = re.compile(r"[,;:.!?(]\s")
_DENIED = re.compile(
    r"\b(?:not|never|nor|cannot|might|maybe|perhaps|doubt|false|wrong|says?|said|claim(?:s|ed)?|suppose|assum\w{1,4})\b"
    r"|n['’]t\b|\b(?:if|whether|unless|until|once|when|where|what|before)\s*$",
    re.IGNORECASE,
)
_NO_VALUE = re.compile(
    r"(?:not|correct|incorrect|right|wrong|true|false|valid|reasonable|consistent|clear|simple|obvious|the same"
    r"|found|given|calculated|computed|obtained|determined|derived|based|expected|needed|required|rounded|expressed"
    r"|in|as|by|already|now|then|likely|probably|either)\b",
    re.IGNORECASE,
)
_DEFERRED = re.compile(
    r"\?(?:\s|\W*$)|\b(?:so far|for now|at this point|until now|not yet|yet to)\b"
    r"|\bwe (?:still |first |then |now |next )?(?:need|must|have to|should)\b"
    r"|^\W*(?:to (?:find|get|determine|calculate|solve|answer|check|see|know)\b|let['’]?s?\b|step \d"
    r"|(?:calculate|subtract|add|multiply|divide|compute|find|take|sum up|work out)\b"
    r"|(?:first|next|then|now)\b)",
    re.IGNORECASE,
)
_REASON = re.compile(r",? (?:because|since)\b.*", re.IGNORECASE | re.DOTALL)
_AFTERWARDS = re.compile(
    rf"(?:^|(?:\b(?:so|thus|therefore|hence|then),? ))(?P<value>[^,;:]{{1,60}}?) is (?:the|our|my) {_NOUN}[.!*_ ]*$",
    re.IGNORECASE,
)
_REASONING = re.compile(r"\A(?:(?!<think).)*</think(?:ing)?>|<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_NEXT_QUESTION = re.compile(r"^[\s>*_#]*(?:question|problem|q)\s*\d*[*_]*\s*[:：]", re.IGNORECASE | re.MULTILINE)
_CONJUNCTIONS = re.compile(r"\b(?:but|however|if|unless|whether)\b", re.IGNORECASE)
_GOES_ON = re.compile(r"\W*(?:next|now|then|wait|but|let|we|however|first|no|not|hmm|oops|actually|sorry)\b", re.I)
_REMARK = re.compile(
    r"\W*(?:good|great|done|correct|well done|that['’]s (?:it|all)|that is (?:it|all)|thanks?\b.{0,40}"
    r"|th(?:is|at) is (?:the|our|my) (?:final )?answer|(?:i )?hope\b.{0,80}|let me know\b.{0,80}|feel free\b.{0,80}"
    r"|if you (?:have|need)\b.{0,80})\W*",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"\W*\d+(?:st|nd|rd|th)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"\W*\d{1,3}[.):][\s*]+\S")
_NUMERIC = re.compile(r"(?:[^\w\n]|\\[a-z]{1,8}|[A-Z]{3} ){0,8}\d")

_OPEN = re.compile(
    r"\W*|n|\[[^\]]*\]|<[^>]*>|n/?a|none|tbd|todo|idk"
    r"|(?:(?:still|yet|currently|as yet) )?(?:unknown|unclear|undetermined|uncertain|unanswerable|pending)\b.*"
    r"|(?:(?:it|this|that|the answer) is )?(?:still )?not (?:yet|known|given|enough|possible|sure|certain|available"
    r"|provided|specified|clear|determin\w+|sufficient|stated|mentioned|applicable|here)\b.*"
    r"|(?:please )?see\b.*|(?:as |is )?(?:shown |given |written )?(?:above|below|follows)\b.*"
    r"|(?:(?:sorry|unfortunately),? (?:but )?)?(?:i|we|you|one)\b(?: \w+)? ?(?:do not|don['’]t|cannot|can not|can['’]t"
    r"|could not|couldn['’]t|am not|['’]m not|are not)\b.*"
    r"|(?:(?:it|this|that|the answer) )?(?:cannot|can not|can['’]t|could not) (?:be )?\w+.*"
    r"|(?:it is |it['’]s |is )?(?:impossible|not possible|unable|insufficient)\b.*"
    r"|there is (?:no|not|insufficient) (?:answer|enough|information|solution|data|way)\b.*"
    r"|no (?:answer|solution|information|idea|data)\b.*|to be (?:determined|found|calculated|decided)\b.*",
    re.IGNORECASE | re.DOTALL,
)


def closing_statement(text: str) -> str | None:
    """The answer that ``text`` ends with; an open one such as "unknown" is returned too, ``is_non_answer`` tells it."""
    lines = _lines(_own(text)[-_SEEN:])
    while lines and _REMARK.fullmatch(lines[-1]):
        lines.pop()
    stated = _stated(lines[-1], None, closing=True) if lines else None
    if stated is None and len(lines) > 1:
        stated = _stated(lines[-2], lines[-1], closing=True)
    return stated


def last_statement(text: str) -> str | None:
    """The last answer stated anywhere in ``text``, open ones included."""
    lines = _lines(_own(text))
    below = [*lines[1:], None]
    stated = (
        _stated(line, beneath, closing=False) for line, beneath in zip(reversed(lines), reversed(below), strict=False)
    )
    return next((answer for answer in stated if answer is not None), None)


def whole_reply(text: str) -> str | None:
    """A reply of a few words as the answer itself, unless it asks, announces or puts off."""
    text = _own(text)
    if _LABEL.search(text) or (_BOX in text and _DENIED.search(text)):  # what it states is no answer
        return None
    if _DEFERRED.search(text) or re.match(r"\s*#+ ?\D|.*:\s*\Z", text, re.DOTALL):
        return None
    return strip_markup(text) or None


def is_non_answer(answer: str) -> bool:
    """Whether what was stated says that there is no answer, or not yet: "unknown", "I do not know", "see below"."""
    return _OPEN.fullmatch(answer[:_BENEATH]) is not None


def strip_markup(answer: str) -> str:
    """``answer`` without the markup around it and its full stop."""
    boxed = _boxed(answer)
    answer = (boxed[1] if boxed else answer).strip().strip("*_`").strip()
    for before, after in (
        (r"\(", r"\)"),
        (r"\[", r"\]"),
        ("$$", "$$"),
        ("$", "$"),
        (r"\text{", "}"),
        ('"', '"'),
        ("“", "”"),
    ):
        if len(answer) >= len(before + after) and answer.startswith(before) and answer.endswith(after):
            answer = answer[len(before) : -len(after)].strip()
    return answer.rstrip(".").strip("*_` ")


def _own(text: str) -> str:
    """``text`` without what stands in thought tags, and without a next question that the model asks itself."""
    if "<" in text or "\n" in text.strip():
        text = _REASONING.sub("", text)
        for found in _NEXT_QUESTION.finditer(text):
            before = text[: found.start()]
            if any(_LABEL.search(line) or _HASHES.match(line) for line in before.split("\n")):
                return before
    return text


def _lines(text: str) -> list[str]:
    """The lines with words or numbers in them; of an endless line its end."""
    lines = (line.strip()[-_SEEN:].replace("：", ":") for line in text.split("\n"))
    return [line for line in lines if not _NO_TEXT.fullmatch(line)]


def _stated(line: str, beneath: str | None, *, closing: bool) -> str | None:
    """The answer stated on a line, or ``beneath`` its label; ``closing`` demands that the text ends with it."""
    answer = _labelled(line, beneath, closing) or _told(line, beneath, closing)
    if answer is None and not (closing and beneath):
        answer = _hashed(line) or _in_box(line, closing)
    return answer


def _labelled(line: str, beneath: str | None, closing: bool) -> str | None:
    for match in reversed(list(_LABEL.finditer(line))):
        value = line[match.end() :].strip()
        if not value.strip("*_ "):
            return _below(beneath)
        if closing and beneath:
            return None
        value, rest = _first_sentence(value)
        if _DEFERRED.search(value) or (closing and _GOES_ON.match(rest)):
            return None
        return strip_markup(_REASON.sub("", value)) or None
    return None


def _told(line: str, beneath: str | None, closing: bool) -> str | None:
    for match in reversed(list(_SENTENCE.finditer(line))):
        if not _is_meant(line[: match.start()]):
            continue
        value, rest = _first_sentence(line[match.end() :].strip())
        if not value.strip("*_ "):
            return _below(beneath)
        if closing and (beneath or (rest.strip() and not _REMARK.fullmatch(rest))):
            return None
        if _NO_VALUE.match(value) or _CONJUNCTIONS.search(value) or _DEFERRED.search(value):
            return None
        return strip_markup(_REASON.sub("", value)) or None
    found = None if closing and beneath else _AFTERWARDS.search(line)
    if found and _is_meant(line[: found.start("value")]) and not _DENIED.search(found["value"]):
        return strip_markup(found["value"].strip()) or None
    return None


def _below(line: str | None) -> str | None:
    """The answer on the line beneath a label."""
    if line is None or len(line) > _BENEATH or _DEFERRED.search(line):
        return None
    return _in_box(line, closing=False) or strip_markup(line) or None


def _hashed(line: str) -> str | None:
    match = _HASHES.match(line)
    value = line[match.end() :] if match else ""
    if (
        not _NUMERIC.match(value)
        or _ORDINAL.match(value)
        or _NUMBERED.match(value)
        or value.endswith(":")
        or len(value.split()) > 5
    ):
        return None
    return strip_markup(value) or None


def _in_box(line: str, closing: bool) -> str | None:
    boxed = _boxed(line)
    if not boxed or not _is_meant(boxed[0]):
        return None
    after = boxed[2]
    if _UNMEANT.match(after):
        return None
    if closing and (re.search(r"[0-9=]", after) or len(after) > 80 or _DEFERRED.search(after)):
        return None
    _, rest = _first_sentence(after)
    if closing and rest.strip() and not _REMARK.fullmatch(rest):
        return None
    return strip_markup(boxed[1]) or None


def _boxed(text: str) -> tuple[str, str, str] | None:
    """The texts before, in and after the last box of ``text``."""
    before, mark, content = text.rpartition(_BOX)
    depth = 1
    for at, character in enumerate(content if mark else ""):
        depth += (character == "{") - (character == "}")
        if not depth:
            return before, content[:at], content[at + 1 :]
    return None


def _first_sentence(text: str) -> tuple[str, str]:
    stop = _STOP.search(text)
    return (text[: stop.end()], text[stop.end() :].lstrip("*_\"”') ")) if stop else (text, "")


def _is_meant(before: str) -> bool:
    """Whether what follows ``before`` is stated: not denied or doubted in its clause, and not quoted."""
    clause = _CLAUSE.split(before[-200:])[-1]
    return not _DENIED.search(clause) and before.count('"') % 2 == 0 and before.count("“") <= before.count("”")
