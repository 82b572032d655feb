"""Ways to take in one piece of a long text as a continuation of what is known: ``copy``, ``carry`` and by heads.

    copy    the sentences of the piece that the answer may depend on, word for word, behind those of the pieces before
    carry   the result so far, with every item of the piece worked into it, one line each
    heads   several notes, of which each piece rewrites one

The model writes on from its own lines, as in ``prompts.numbered``; asked to write notes anew, a small model loses what
it had. What it writes is held against the piece: a line that is no sentence of it is none, an item that was passed over
is put before the model again. A new way is a coroutine like these and an entry in ``READERS``.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from prompts.answers import ANSWER_FORMS
from prompts.caller import message
from prompts.chunks import sentences
from prompts.clean import clean
from prompts.forgetting import FORGETTING
from prompts.headings import quote_headings
from prompts.memories import Memory, TextMemory
from prompts.memory_lines import kept_lines
from prompts.quotes import asks_of_the_past, quoted, split_quotes, superseded
from prompts.replies import cut
from prompts.results import canonical
from prompts.values import Call, Ending, Finding, Generation, Message, Part, Question, VerbResult

if TYPE_CHECKING:
    from prompts.numbered import NumberedReasoner

Reader = Callable[["NumberedReasoner", Question, TextMemory, str, int], Awaitable[VerbResult[Memory]]]
"""Writes the memory that follows ``(reasoner, question, memory, piece)`` in at most so many generated tokens."""
READING = "reading"
"""The name under which findings say what became of a line that the model wrote while it read."""
SO_FAR = "Result so far: "
SPARE = 8
"""Tokens of a reply beyond every sentence of a piece, each once."""
START_TOKENS = 48
"""Most tokens of the result before the first item."""
MIN_WRITTEN, WRITTEN_PER_READ = 48, 8
"""Most tokens of a reply that carries a result through a piece, and for each token of the piece."""
_COPIED = "Sentences of this part that matter:\n-"
_LIKE = 0.6
"""Least similarity, of 1, of a line and the sentence of the piece that it is taken for."""


async def copy(
    reasoner: NumberedReasoner, question: Question, memory: TextMemory, chunk: str, limit: int
) -> VerbResult[Memory]:
    """Add the sentences of a piece that the answer may depend on, copied by the model."""
    quotes, results = split_quotes(memory.known)
    known = "".join(f"- {line}\n" for line in (*results, *quotes))
    begun = f"What we know from the parts before:\n{known}\n{_COPIED}" if known else _COPIED
    prompt = _reading(reasoner, question, chunk, "copy", begun)
    if limit <= 0:
        return VerbResult(memory, marks=("no tokens left to read with",))
    found = [clean(sentence).strip() for sentence in sentences(clean(chunk))]
    each_once = await reasoner.caller.count("".join(f"- {sentence}\n" for sentence in dict.fromkeys(found)))
    most = min(limit, reasoner.settings.memory_tokens, each_once + SPARE)  # else it copies in circles
    call = await reasoner.caller.ask(prompt, most, stop=("\n\n",))
    copied, findings = set[str](), list[Finding]()
    for line in kept_lines(_whole(call.generation).split("\n")):
        sentence = _sentence(line, found)
        if sentence is None:
            findings.append(Finding(READING, "not in the text", line))
        else:
            copied.add(sentence)
            if sentence != line:
                findings.append(Finding(READING, "taken for", line, sentence))
    lines = [sentence for sentence in found if sentence in copied]
    kept, gone = _with(quotes, lines, question)
    findings += (Finding(FORGETTING, "superseded", quoted(line)) for line in gone)
    made = await reasoner.bounded(TextMemory((*results, *map(quoted, kept)), memory.next))
    return VerbResult(made.value, (call,), findings=(*findings, *made.findings), text="\n".join(lines))


def _with(quotes: Sequence[str], lines: Sequence[str], question: Question) -> tuple[list[str], list[str]]:
    """The quotes of a memory with new ones behind them, and those that are no longer true; what is said twice once."""
    kept, gone = list(quotes), list[str]()
    for line in lines:
        told = [*kept, line]
        old = superseded(told)
        if line in kept and not old:
            continue
        kept = told
        if not asks_of_the_past(question.text):
            gone += (told[at] for at in old if told[at] != line)
            kept = [each for at, each in enumerate(told) if at not in old]
    return kept, gone


async def carry(
    reasoner: NumberedReasoner, question: Question, memory: TextMemory, chunk: str, limit: int
) -> VerbResult[Memory]:
    """Work every item of a piece into the result so far; only the newest result is kept, and is the answer at last."""
    accepts, calls = ANSWER_FORMS[question.answers].accepts, tuple[Call, ...]()
    items = [item.strip(" \n\t;").removeprefix(SO_FAR) for item in sentences(clean(chunk))]
    findings, marks, lines = list[Finding](), dict[str, None](), list[str]()
    start = next((line.removeprefix(SO_FAR) for line in memory.known if line.startswith(SO_FAR)), "")
    if not start and limit > 0:
        prompt = _reading(reasoner, question, chunk, "carry", SO_FAR.rstrip())
        calls = (await reasoner.caller.ask(prompt, min(limit, START_TOKENS), stop=("\n",)),)
        said = calls[0].generation.text.strip(" .")
        start = said if accepts(said) else ""
    result, most = start, MIN_WRITTEN + WRITTEN_PER_READ * await reasoner.caller.count(chunk)

    def begun(item: str) -> str:
        return f"Next {item}: {result}".rstrip()

    while len(lines) < len(items):  # each round takes in an item, or says that it could not
        left = limit - sum(call.generation.usage.completion for call in calls)
        if left <= 0:
            marks["no tokens left for the whole piece"] = None
            break
        before, rest = len(lines), items[len(lines) :]
        head = [f"{SO_FAR}{start}"] if start else []
        prompt = _reading(reasoner, question, chunk, "carry", "\n".join([*head, *lines, begun(rest[0])]))
        stop = "\n" if len(rest) == 1 else f"\nNext {rest[-1]}:"  # else it goes on with items that are not there
        reply = await reasoner.caller.think(question, prompt, min(left, most), stop=(stop,))
        calls, findings = (*calls, *reply.calls), [*findings, *reply.findings]
        written = f"{begun(rest[0])}{_whole(reply.read)}"
        for item, line in zip(rest, written.split("\n"), strict=False):
            value = _value(line)
            if not line.startswith(begun(item)) or not accepts(value):
                break
            lines.append(line)
            result = value
        if len(lines) == before:
            marks[f"{rest[0]} could not be worked in"] = None
            lines.append(begun(rest[0]))
    made = TextMemory((f"{SO_FAR}{result}",) if result else (), memory.next)
    return VerbResult(made, calls, tuple(marks), tuple(findings), Ending.ANSWERED, "\n".join(lines))


def by_heads(count: int) -> Reader:
    """A reader into a memory of ``count`` notes, of which each piece rewrites the one that was longest not written.

    After Multi-Head Recurrent Memory (2607.01523): what the other notes hold cannot be lost in the rewriting, and no
    call is made to choose. A memory holds its notes in the order in which they were written.
    """

    async def heads(
        reasoner: NumberedReasoner, question: Question, memory: TextMemory, chunk: str, limit: int
    ) -> VerbResult[Memory]:
        notes, results = split_quotes(memory.known)
        note, others = (notes[0], notes[1:]) if len(notes) >= count else ("", notes)
        begun = f"Note so far: {note or 'nothing yet'}\nNote with this part:"
        most = min(limit, reasoner.settings.memory_tokens // count)
        if most <= 0:
            return VerbResult(memory, marks=("no tokens left to read with",))
        call = await reasoner.caller.ask(_reading(reasoner, question, chunk, "heads", begun), most, stop=("\n",))
        written = " ".join(kept_lines(_whole(call.generation).split("\n"))) or note
        lines = (*results, *(quoted(each) for each in (*others, written) if each))
        made = await reasoner.bounded(TextMemory(lines, memory.next))
        return VerbResult(made.value, (call,), findings=made.findings, text=written)

    return heads


async def by_form(
    reasoner: NumberedReasoner, question: Question, memory: TextMemory, chunk: str, limit: int
) -> VerbResult[Memory]:
    """Take in a piece as the question's form of answer has it."""
    return await READERS[ANSWER_FORMS[question.answers].reads](reasoner, question, memory, chunk, limit)


READERS: dict[str, Reader] = {"copy": copy, "carry": carry}
"""The ways to take in a piece, by the name that an ``AnswerForm`` gives."""


def _reading(reasoner: NumberedReasoner, question: Question, chunk: str, name: str, begun: str) -> tuple[Message, ...]:
    """The prompt that goes on behind ``begun``: the question, one piece of the text, and how to take it in."""
    piece = Part("context", quote_headings(clean(chunk).strip(), reasoner.templates))
    asked = Part("instruction", reasoner.render(f"read_{name}"))
    asked_of = reasoner.question_parts(replace(question, context=""))
    user = Message("user", (*asked_of, *reasoner.pinned_parts(), piece, asked))
    return message("system", "system", reasoner.render("read_system")), user, message("assistant", "memory", begun)


def _value(line: str) -> str:
    """What a line comes to: behind its last equals sign, or else behind the item."""
    _, sign, value = line.rpartition("=")
    return (value if sign else line.partition(":")[2]).strip(" .")


def _whole(reply: Generation) -> str:
    text = clean(reply.text)
    return cut(text) if reply.finish_reason == "length" else text


def _sentence(line: str, found: list[str]) -> str | None:
    """The sentence of the piece that a line is, or the most similar one that begins with the same word."""
    said = canonical(line)
    same = next((sentence for sentence in found if canonical(sentence) == said), None)
    if same or not said:
        return same
    begins = re.split(r"\s", said)[0]
    alike = [sentence for sentence in found if canonical(sentence).split(" ")[0] == begins]
    score, nearest = max(((_likeness(said, sentence), sentence) for sentence in alike), default=(0.0, ""))
    return nearest if score >= _LIKE else None


def _likeness(said: str, sentence: str) -> float:
    return SequenceMatcher(None, said.split(), canonical(sentence).split()).ratio()
