"""Forgetting: keeps a memory within its tokens, by letting go first of what is used up.

    made = await bounded(memory, tokens=96, count=count, shorten=shorten, limit=64)
    made.value      the memory that fits
    made.findings   every line that was let go, with the reason

In this order, until the memory fits: the calculations of the lines that are used up (``prompts.liveness``), so that
what was done can still be seen; those lines; lines whose name has a newer value, the oldest first; of lines that are
alive the calculation, so that name and value stay; then the model is asked to compress, and a value alive that its text
has lost is put back; only then goes the oldest line. What is used up goes all at once, so that the rounds to come
change nothing before the end of the prompt and are served from the cache.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

from prompts.checks.numbers import numbers
from prompts.liveness import BETWEEN, live_values, results_of, superseded, used_up
from prompts.memories import Memory, TextMemory
from prompts.values import Call, Finding, VerbResult

FORGETTING = "forgetting"
"""The name under which findings say what was let go."""
Count = Callable[[str], Awaitable[int]]
"""Counts the tokens of a text."""
Shorten = Callable[[TextMemory, int], Awaitable[tuple[Call, tuple[str, ...]]]]
"""Has the model write the lines of a memory in fewer words, in at most so many tokens."""
_EQUALS = re.compile(r"[=≈]")


async def bounded(
    memory: TextMemory, tokens: int, count: Count, shorten: Shorten | None = None, limit: int = 0
) -> VerbResult[Memory]:
    """The memory within ``tokens``; ``shorten`` may generate ``limit`` tokens.

    Goals take half of it at most, so that a model which plans at length cannot push its own facts out.
    """

    async def sizes(lines: Sequence[str]) -> list[int]:
        return list(await asyncio.gather(*(count(f"- {line}\n") for line in lines)))

    goals, known = memory.next, memory.known
    while len(goals) > 1 and sum(await sizes(goals)) > tokens // 2:
        goals = goals[:-1]
    goals = tuple(filter(None, [await _shortened(goal, tokens // 2, count) for goal in goals]))
    room = tokens - sum(await sizes(goals))
    goal, gone, calls = " ".join(goals), list[Finding](), tuple[Call, ...]()

    def let_go(places: Sequence[int], reason: str) -> None:
        nonlocal known
        gone.extend(Finding(FORGETTING, reason, known[at]) for at in places)
        known = tuple(line for at, line in enumerate(known) if at not in places)

    def shortened(line: str) -> None:
        nonlocal known
        if (instead := without_calculation(line)) != line:
            gone.append(Finding(FORGETTING, "shortened", line, instead))
            known = tuple(instead if each == line else each for each in known)

    async def excess() -> int:
        return sum(await sizes(known)) - room

    dead = [known[at] for at in used_up(known, goal)] if await excess() > 0 else []
    for line in dead:
        shortened(line)
    if await excess() > 0:
        let_go([at for at, line in enumerate(known) if line in {*dead, *map(without_calculation, dead)}], "used up")
    while await excess() > 0 and (places := superseded(known)):
        let_go(places[:1], "superseded")
    for line in known[:-1]:
        if await excess() > 0:
            shortened(line)
    if await excess() > 0 and len(known) > 1 and shorten and min(limit, room) > 0:
        call, written = await shorten(TextMemory(known, goals), min(limit, room))
        calls, found = (call,), {value for line in written for value in results_of(line)}
        lost = live_values(known, goal) - found
        written = tuple(dict.fromkeys((*(line for line in known if results_of(line) & lost), *written)))
        if sum(await sizes(written)) < sum(await sizes(known)):
            gone += [Finding(FORGETTING, "rewritten", line) for line in known if line not in written]
            known = written
    while await excess() > 0 and len(known) > 1:
        let_go([0], "no room")
    if known and await excess() > 0:
        known = tuple(filter(None, [await _shortened(known[0], room, count)]))
    return VerbResult(TextMemory(known, goals), calls, findings=tuple(gone))


def without_calculation(line: str) -> str:
    """A line with its name and values, without the calculations; as it is where they cannot be told apart.

    >>> without_calculation("Weight of the nails: 4 bags * 5 kg = 20 kg")
    'Weight of the nails: 20 kg'
    """
    label, colon, results = line.partition(": ")
    values = [_EQUALS.split(part)[-1].strip() for part in results.split(BETWEEN)]
    shorter = f"{label}: {BETWEEN.join(values)}"
    return shorter if colon and len(values) == 1 and shorter != line and numbers(values[0]) else line


async def _shortened(line: str, room: int, count: Count) -> str:
    """``line`` as far as ``room`` tokens go, cut between words; nothing where not even one word fits."""
    while line and (size := await count(f"- {line}\n")) > room:
        line = line[: min(len(line) - 1, len(line) * max(room, 0) // size + 1)].rpartition(" ")[0]
    return line
