"""Forgetting: what is used up goes before what is alive, every line let go is told, and the bound holds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.forgetting import bounded, without_calculation
from prompts.liveness import live_values, name_of, operands_of, results_of, superseded, used_up
from prompts.memories import TextMemory
from prompts.values import Call, Finding, Generation, Request, Usage

EGGS = ("Eggs: 3 * 12 = 36", "Sold: 36 - 8 = 28", "A quarter: 28 / 4 = 7", "Left: 28 - 7 = 21")
CALL = Call(Request((), 1), Generation("", Usage(1, 1), "stop", 0.0))


async def count(text: str) -> int:
    return -(-len(text) // 4)


async def size(memory: TextMemory) -> int:
    return sum([await count(f"- {line}\n") for line in (*memory.known, *memory.next)])


async def fit(known: tuple[str, ...], goal: str, tokens: int) -> tuple[TextMemory, tuple[Finding, ...]]:
    made = await bounded(TextMemory(known, (goal,) if goal else ()), tokens, count)
    assert isinstance(made.value, TextMemory)
    return made.value, made.findings


def test_a_value_that_later_lines_were_computed_from_is_used_up_unless_the_goal_names_it() -> None:
    assert used_up(EGGS, goal="") == [0, 1, 2]
    assert used_up(EGGS[:3], goal="") == [0, 1]
    assert used_up(EGGS, goal="Subtract 7 from the 28") == [0]
    assert used_up(("Two: 1 + 1 = 2; 2 + 3 = 5", "Six: 5 + 1 = 6"), "") == [], "one of its values is alive"


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("Eggs: 3 * 12 = 36", {36}),
        ("Chain: 2 + 3 = 5 + 1 = 6", {6}),
        ("Ages: Ann = 10 + 2 = 12; Bo = 3 * 5 = 15", {12, 15}),
        ("the price = $1,250", {1250}),
        ("Eggs: 36 eggs", {36}),
        ("A part: half of 16 is left", set()),
        ("Sally is a gorpus.", set()),
    ],
)
def test_the_values_of_a_line(line: str, values: set[int]) -> None:
    assert results_of(line) == values


def test_operands_are_the_numbers_left_of_the_last_equals_sign() -> None:
    assert operands_of("A fifth of 20% of 50 = 10") >= {Fraction(50)}
    assert operands_of("Eggs: 3 * 12 = 36; half = 36 / 2 = 18") == {3, 12, 36, 2}


def test_a_name_with_a_number_in_it_names_no_one_thing() -> None:
    assert (name_of("Day 2: 3 + 4 = 7"), name_of("Total cost: 3 + 4 = 7")) == ("", "total cost")
    assert superseded(("3 + 4 = 7", "3 + 5 = 8")) == []
    assert superseded(("Position: (0, 0)", "Position: (1, 2)")) == [0]


async def test_lines_go_in_order_used_up_all_at_once_then_superseded_then_calculations() -> None:
    lines, short = ("Rent: 400 + 100 = 500", *EGGS), ("Eggs: 36", "Sold: 28", "A quarter: 7")
    kept, gone = await fit(lines, "", await size(TextMemory(lines)) - 1)
    assert gone == tuple(Finding("forgetting", "shortened", *pair) for pair in zip(EGGS, short, strict=False))
    assert kept.known == (lines[0], *short, lines[-1])
    kept, gone = await fit(lines, "", await size(kept) - 1)
    assert gone[3:] == tuple(Finding("forgetting", "used up", line) for line in short)
    assert kept.known == (lines[0], lines[-1])
    kept, gone = await fit(lines, "", await size(kept) - 1)
    assert (kept.known, gone[-1]) == (("Rent: 500", EGGS[3]), Finding("forgetting", "shortened", lines[0], "Rent: 500"))
    positions = ("Position: (0, 0)", "Position: (1, 2)", "Steps: 4")
    kept, gone = await fit(positions, "", await size(TextMemory(positions)) - 1)
    assert gone == (Finding("forgetting", "superseded", positions[0]),)


async def test_the_model_is_asked_to_shorten_and_a_live_number_it_loses_is_put_back() -> None:
    lines = tuple(f"There are {n}0 + 2 = {n}2 {colour} marbles in the bag" for n, colour in ((1, "red"), (3, "blue")))

    async def shorten(memory: TextMemory, limit: int) -> tuple[Call, tuple[str, ...]]:
        assert memory.known == lines
        return CALL, ("red = 12",)

    tokens = await size(TextMemory(lines)) - 1
    made = await bounded(TextMemory(lines), tokens, count, shorten, 99)
    assert (made.value, made.calls) == (TextMemory((lines[1], "red = 12")), (CALL,))
    assert made.findings == (Finding("forgetting", "rewritten", lines[0]),)
    without = await bounded(TextMemory(lines), tokens, count, shorten, 0)
    assert (without.value, without.calls) == (TextMemory(lines[1:]), ())
    assert without.findings == (Finding("forgetting", "no room", lines[0]),)


@st.composite
def memories(draw: st.DrawFn) -> tuple[str, ...]:
    """Lines of calculations, some of which start from the results of earlier ones."""
    lines: list[str] = []
    values = draw(st.lists(st.integers(2, 40), min_size=1, max_size=4))
    for at in range(draw(st.integers(1, 9))):
        left, right = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        name = draw(st.sampled_from(["Total", "Cost", f"Part {at}", "Rest"]))
        line = f"{name}: {left} + {right} = {left + right}"
        lines.append(draw(st.sampled_from([line, without_calculation(line)])))
        values.append(left + right)
    return tuple(dict.fromkeys(lines))


@given(memories(), st.integers(16, 60), st.integers(0, 200))
async def test_no_live_line_is_let_go_while_a_used_up_one_stays(lines: tuple[str, ...], room: int, goal: int) -> None:
    kept, gone = await fit(lines, f"add {goal}", room)
    assert await size(kept) <= room
    dead = {form for at in used_up(lines, f"add {goal}") for form in (lines[at], without_calculation(lines[at]))}
    alive = [found for found in gone if found.kind not in ("used up", "shortened") and found.text not in dead]
    assert not alive or not dead & set(kept.known)
    assert {found.text for found in gone} | set(kept.known) >= set(lines), "every line that went is told"
    assert lines[-1] in kept.known or await count(f"- {lines[-1]}\n") > room // 2
    assert gone or kept.known == lines


@given(
    st.lists(st.text("abc def 123=;:", max_size=200), max_size=12), st.text("abc ", max_size=300), st.integers(16, 99)
)
async def test_the_bound_holds_for_any_lines(known: list[str], goal: str, tokens: int) -> None:
    kept, _ = await fit(tuple(known), goal, tokens)
    assert await size(kept) <= tokens


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("Weight of the nails: 4 bags * 5 kg = 20 kg", "Weight of the nails: 20 kg"),
        ("Total: cost = 2 * 3 = 6", "Total: 6"),
        ("3 * 12 = 36", "3 * 12 = 36"),
        ("Ilo: a tarn", "Ilo: a tarn"),
    ],
)
def test_a_live_line_loses_its_calculation_before_it_is_let_go(line: str, short: str) -> None:
    assert without_calculation(line) == short


@given(memories())
def test_live_values_are_those_of_lines_that_are_not_used_up(lines: tuple[str, ...]) -> None:
    dead = set(used_up(lines, ""))
    alive = [results_of(line) for at, line in enumerate(lines) if at not in dead]
    assert live_values(lines, "") == set().union(*alive)
