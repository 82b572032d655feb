"""Pins through whole attempts: whatever writes the memory, every one of them holds what is pinned."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from app.ablation import remove_facts
from app.backends.scripted import CAPABILITIES, ScriptedBackend
from app.fork import Fork, fork_at
from app.session import solve
from app.store import Store
from app.store.records import Record
from graphs import STRATEGIES
from graphs.strategy import settings_for
from prompts.backend import Capability
from prompts.memories import TextMemory
from prompts.values import Question, Request, UserError

QUESTION = Question("q", "Mia has 48 clips in April and half as many in May. How many altogether?")
PINS = ("Prices are in euros", "AX-7731-B")
LONG = "a word " * 60


def reply(request: Request) -> str:
    """A step or notes about a number that is another in each, so that the loop goes on, and never the pins."""
    number = len(str(request.messages))
    return f"Work out no. {number}: {number} + 1 = {number + 1}.\nKnown:\n- {LONG} = {number}\nNext:\n- {LONG}\n"


async def taken(
    store: Store, strategy: str, backend: ScriptedBackend, fork: Fork | None = None, **given: object
) -> list[Record]:
    settings = settings_for(STRATEGIES[strategy], {"pin": "\n".join(PINS), "max_steps": 4, **given})
    async with aclosing(solve(QUESTION, strategy, backend, settings, store, fork=fork)) as events:
        return [event async for event in events if isinstance(event, Record)]


def held(memory: Any) -> tuple[str, ...]:
    return memory.known[: len(PINS)]


MODES = [("history_loop", {})] + [("isump", {"memory": mode}) for mode in ("keep", "add", "rewrite", "fused")]


@pytest.mark.parametrize(("mode", "ablation"), list(product(MODES, ("none", "known-only", "next-only", "no-memory"))))
async def test_every_memory_keeps_what_is_pinned(mode: tuple[str, dict[str, Any]], ablation: str) -> None:
    strategy, given = mode
    for continues, drop in product((True, False), repeat=2):
        backend = ScriptedBackend(reply, capabilities=CAPABILITIES if continues else frozenset[Capability]())
        with Store.open(":memory:") as store:
            records = await taken(
                store, strategy, backend, ablation=ablation, drop_question=drop, memory_tokens=48, **given
            )
        assert sum(record.step.verb == "summarize" for record in records) >= 1
        for memory in (each for record in records for each in (record.step.memory_before, record.step.memory_after)):
            assert isinstance(memory, TextMemory) and held(memory) == PINS
            size = sum(-(-len(f"- {line}\n") // 4) for line in (*memory.known, *memory.next))
            assert strategy == "history_loop" or size <= 48, "the pins are within the bound"
        shown = [request.messages[1].content for request in backend.requests]
        assert QUESTION.text in shown[0], "pins alone are no memory that could replace the question"
        assert all(pin in content for pin in PINS for content in shown)


async def test_a_fork_has_its_pins_back_and_an_ablation_goes_without() -> None:
    with Store.open(":memory:") as store:
        records = await taken(store, "isump", ScriptedBackend(reply))
        fork = fork_at(store.attempt(1), records[:2])
        assert isinstance(fork.memory, TextMemory)
        edited = replace(fork, memory=replace(fork.memory, known=("April = 48",)))
        again = await taken(store, "isump", ScriptedBackend(reply), edited)
        assert again[0].step.memory_before == TextMemory((*PINS, "April = 48"), fork.memory.next)

        settings = store.attempt(1).spec.settings
        removals = remove_facts(fork, QUESTION, "isump", ScriptedBackend(reply), settings, store)
        lacking = {each.fact: store.records(each.attempt.id) async for each in removals}
    assert {*PINS, None} < lacking.keys()
    for fact, steps in lacking.items():
        for memory in (step.step.memory_after for step in steps):
            assert isinstance(memory, TextMemory) and set(PINS) - {fact} <= set(memory.known)
            assert fact not in memory.known


async def test_pins_that_leave_no_room_are_refused_before_anything_is_stored() -> None:
    with Store.open(":memory:") as store:
        with pytest.raises(UserError, match="more than half of the 160"):
            await taken(store, "isump", ScriptedBackend(reply), pin=LONG * 2)
        assert not store.attempts()
        assert await taken(store, "history_loop", ScriptedBackend(reply), pin=LONG * 2), "its memory has no bound"
