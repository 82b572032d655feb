from __future__ import annotations

import re

import pytest

from app.backends.scripted import CAPABILITIES, Reply, ScriptedBackend
from graphs.isump import IsumpSettings
from prompts.backend import Capability
from prompts.memories import Memory, TextMemory
from prompts.numbered import NumberedReasoner
from prompts.quotes import quoted
from prompts.reading import READING, SO_FAR, by_heads
from prompts.values import Question, Request, VerbResult
from prompts.writers import keep

WHERE = Question("q", "Where is Mary?", context="A long text.", answers="words")
SUM = Question("q", "Find the sum of the vectors.", context="A long text.", answers="vector", verifier="vectors")
PART = "John went to the hall. Mary moved to the garden. The sky is blue."
VECTORS = "(3, 2); (-1, 4); (2, -9)"


async def read(
    question: Question,
    backend: ScriptedBackend,
    chunk: str,
    memory: Memory | None = None,
    limit: int = 200,
    **given: object,
) -> VerbResult[Memory]:
    made = NumberedReasoner(backend, IsumpSettings.model_validate(given), "isump", keep)
    return await made.read(question, memory or TextMemory(), chunk, limit=limit)


@pytest.mark.parametrize(
    ("written", "kept", "found"),
    [
        (" Mary moved to the garden.\n- none", ("Mary moved to the garden.",), []),
        (" Mary went to the garden.", ("Mary moved to the garden.",), ["taken for"]),
        (" Bill moved to the garden.\n- Mary likes cake a lot.", (), ["not in the text"] * 2),
        (" none", (), []),
        (
            " **MARY moved to the garden**\n- mary moved to the garden",
            ("Mary moved to the garden.",),
            ["taken for"] * 2,
        ),
    ],
)
async def test_what_is_copied_is_a_sentence_of_the_piece(written: str, kept: tuple[str, ...], found: list[str]) -> None:
    backend = ScriptedBackend([written], capabilities=CAPABILITIES)
    made = await read(WHERE, backend, PART, TextMemory(("Mary went home.",)))
    assert made.value == TextMemory(("Mary went home.", *map(quoted, kept)))
    assert [each.kind for each in made.findings if each.check == READING] == found
    (request,) = backend.requests
    assert "Mary went home." in request.prefill and PART in request.messages[1].content
    assert WHERE.context not in request.messages[1].content


def adding(request: Request, wrong: str = "", stops: int = 99) -> str:
    """A model that goes on with a line an item, wrong at ``wrong``, and stops after so many."""
    *_, line = request.prefill.split("\n")
    if line == SO_FAR.strip():
        return " (0, 0)"
    items = re.findall(r"\(-?\d+, -?\d+\)", request.messages[1].content.rpartition("Above")[0])
    item, _, result = (part.strip() for part in line.removeprefix("Next ").partition(":"))
    done, at = line if "=" in line else "", items.index(item)
    if done:
        result, at = done.rpartition("= ")[2], at + 1
    lines = list[str]()
    for item in items[at : at + stops]:
        (x, y), (a, b) = (tuple(map(int, re.findall(r"-?\d+", each))) for each in (result, item))
        new = f"({x + a + (item == wrong)}, {y + b})"
        lines.append(f"Next {item}: {result} + {item} = {new}")
        result = new
    return "\n".join([done, *lines] if done else lines)[len(line) :]


@pytest.mark.parametrize("stops", [1, 2, 99])
async def test_a_result_is_carried_through_every_item_however_far_one_reply_goes(stops: int) -> None:
    backend = ScriptedBackend(lambda request: adding(request, stops=stops), capabilities=CAPABILITIES)
    made = await read(SUM, backend, VECTORS)
    assert made.value == TextMemory((f"{SO_FAR}(4, -3)",)) and not made.marks
    assert len(made.calls) == {1: 4, 2: 3, 99: 3}[stops], "the start, and the last item by itself"
    made = await read(SUM, backend, "(1, 1)", made.value)
    assert made.value == TextMemory((f"{SO_FAR}(5, -2)",))
    assert made.text == "Next (1, 1): (4, -3) + (1, 1) = (5, -2)"


async def test_a_wrong_sum_is_corrected_before_the_next_item_builds_on_it() -> None:
    backend = ScriptedBackend(lambda request: adding(request, wrong="(-1, 4)"), capabilities=CAPABILITIES)
    assert (await read(SUM, backend, VECTORS)).value == TextMemory((f"{SO_FAR}(5, -3)",))

    made = await read(SUM, backend, VECTORS, on_wrong="correct")
    assert made.value == TextMemory((f"{SO_FAR}(4, -3)",))
    assert [each.detail for each in made.findings] == ["corrected to (2, 6)"]


async def test_reading_ends_whatever_is_written_and_says_what_it_could_not_take_in() -> None:
    backend = ScriptedBackend(lambda request: " I do not know.", capabilities=CAPABILITIES)
    made = await read(SUM, backend, VECTORS)
    assert len(made.marks) == 3 and len(made.calls) == 4
    short = ScriptedBackend(lambda request: Reply(adding(request), "length"), capabilities=CAPABILITIES)
    made = await read(SUM, short, VECTORS, limit=1)
    assert "no tokens left for the whole piece" in made.marks


async def test_a_backend_that_cannot_continue_has_the_model_write_notes() -> None:
    backend = ScriptedBackend(["Known:\n- Mary = garden"], capabilities=frozenset[Capability]())
    assert (await read(WHERE, backend, PART)).value == TextMemory(("Mary = garden",))


async def test_a_quote_is_shown_as_text_and_a_result_as_a_step_done() -> None:
    backend = ScriptedBackend([" Say where she is.\nShe is in the hall.\n"], capabilities=CAPABILITIES)
    made = NumberedReasoner(backend, IsumpSettings(), "isump", keep)
    memory = TextMemory((quoted("Mary went home."), "Find Mary: she is at home.", quoted('He said "hi".')))
    await made.step(WHERE, memory, limit=99)
    request = backend.requests[0]
    assert [part.text for part in request.messages[1].parts if part.kind == "memory"] == [
        'Sentences of a longer text, in its order:\nMary went home.\nHe said "hi".'
    ]
    assert request.prefill == "Step 1: Find Mary.\nshe is at home.\nStep 2:"


async def test_a_quote_is_shown_also_where_no_reply_is_continued() -> None:
    backend = ScriptedBackend(["It is 3."], capabilities=frozenset[Capability]())
    made = NumberedReasoner(backend, IsumpSettings(), "isump", keep)
    await made.step(WHERE, TextMemory((quoted("Mary went home."), "She is at home.")), limit=99)
    assert "Solution so far:\nMary went home.\nStep 1: She is at home." in backend.requests[0].messages[1].content


async def test_each_piece_rewrites_the_note_that_was_longest_not_written() -> None:
    written = [f" Note of part {n}." for n in range(5)] + [" none"]
    backend, memory = ScriptedBackend(written, capabilities=CAPABILITIES), TextMemory()
    reasoner = NumberedReasoner(backend, IsumpSettings(memory_tokens=64), "isump", keep, reader=by_heads(3))
    for n in range(6):
        made = await reasoner.read(WHERE, memory, f"Part {n}.", limit=99)
        assert isinstance(made.value, TextMemory)
        memory = made.value
    assert memory.known == tuple(quoted(f"Note of part {n}.") for n in (3, 4, 2)), (
        "nothing new leaves the note as it is"
    )
    shown = [request.prefill.partition("\n")[0] for request in backend.requests]
    assert shown == ["Note so far: nothing yet"] * 3 + [f"Note so far: Note of part {n}." for n in range(3)]
    assert {request.max_tokens for request in backend.requests} == {64 // 3}
