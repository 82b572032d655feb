r"""Writes a text memory into a prompt and reads one back: JSON or headed lists, whichever the reply holds.

read_memory("What we know:\n- May = 24 clips\nWhat to do next:\n- add April and May")
-> TextMemory(known=("May = 24 clips",), next=("add April and May",))
"""

from __future__ import annotations

import json
import re
from typing import Any

from prompts.checks.equations import claims
from prompts.memories import TextMemory

CHARACTERS_PER_TOKEN = 4
"""How ``memory_tokens`` becomes a bound that needs no tokenizer: English text has about four characters a token."""

_HEADING = re.compile(
    r"^[\s>#*_]*(?:(known|what we (?:already )?know|facts|solution|done)"
    r"|(next|what (?:to do|is left)(?: next)?|to ?do|goals?))"
    r"(?:\s+so far)?[*_\s]*(?::[*_]*[ \t]*(.*)|[*_]*\s*)$",
    re.I,
)
_BULLET = re.compile(r"^\s*(?:[-*•+]|\(?\d{1,2}[.)])\s+")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_LIST = re.compile(rf'"(known|next)"\s*:\s*\[\s*((?:{_STRING.pattern}\s*(?:,\s*|(?=\]|$|"[^"]*$)))*)')
_NOTHING = {"none", "nothing", "nothing left", "n/a", "done", "-", "no more steps", "nothing more", "null", "[]"}


def schema(tokens: int = 144, lines: int = 6) -> dict[str, Any]:
    """The JSON schema of a memory of about ``tokens``: at most ``lines`` known and half as many next entries."""
    characters = max(24, tokens * CHARACTERS_PER_TOKEN // (lines + lines // 2) - 4)

    def entries(most: int, least: int) -> dict[str, Any]:
        text = {"type": "string", "minLength": 1, "maxLength": characters}
        return {"type": "array", "items": text, "minItems": least, "maxItems": most}

    return {
        "type": "object",
        "properties": {"known": entries(lines, 1), "next": entries(lines // 2, 0)},
        "required": ["known", "next"],
        "additionalProperties": False,
    }


def read_memory(text: str) -> TextMemory | None:
    """The memory in ``text``, from a JSON object or from headed lists; ``None`` when nothing is known in it."""
    return next((memory for read in (_from_json, _from_text) if (memory := read(text)) and memory.known), None)


def goals_only(memory: TextMemory) -> TextMemory:
    """The memory without goals that hold a finished calculation: it was made out of turn, not by a step."""
    goals = (goal for goal in memory.next if all(claim.verdict == "unreadable" for claim in claims(goal)))
    return TextMemory(memory.known, tuple(goals))


def split_memory(text: str) -> tuple[str, TextMemory | None]:
    """Split a fused reply: the thought before the first memory heading, and the memory after it."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if (m := _HEADING.match(line)) and m[1]), len(lines))
    return "\n".join(lines[:start]).strip(), read_memory("\n".join(lines[start:]))


def show_memory(memory: TextMemory) -> tuple[str, str]:
    """The two lists as bulleted lines, "- none" where a list is empty."""
    known, goals = (("\n".join(f"- {line}" for line in lines) or "- none") for lines in (memory.known, memory.next))
    return known, goals


def fit(memory: TextMemory, tokens: int) -> TextMemory:
    """The memory cut to ``tokens`` (at four characters a token, bullets included): the first lines that fit.

    A first line too long by itself is cut between words. A goal list takes at most half, so that a model which
    plans at length cannot push its own facts out.
    """
    room = tokens * CHARACTERS_PER_TOKEN
    goals, used = _within(memory.next, room // 2)
    known, _ = _within(memory.known, room - used)
    return TextMemory(known, goals)


def _within(lines: tuple[str, ...], room: int) -> tuple[tuple[str, ...], int]:
    kept: list[str] = []
    used = 0
    for line in lines:
        if used + len(line) + 3 > room:
            if not kept and (start := line[: max(room - 3, 0)].rpartition(" ")[0]):
                return (start,), len(start) + 3
            break
        kept.append(line)
        used += len(line) + 3
    return tuple(kept), used


def _from_json(text: str) -> TextMemory | None:
    start, end = text.find("{"), text.rfind("}")
    if start < 0:
        return None
    try:
        found = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return _from_broken_json(text[start:])
    if not isinstance(found, dict):
        return None
    return TextMemory(_entries(found.get("known")), _entries(found.get("next")))


def _from_broken_json(text: str) -> TextMemory | None:
    """The whole strings of lists that a token limit broke off."""
    lists = {name: strings for name, strings in _LIST.findall(text)}
    known, goals = (_lines(json.loads(s) for s in _STRING.findall(lists.get(name, ""))) for name in ("known", "next"))
    return TextMemory(known, goals)


def _entries(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return _lines(item for item in values if isinstance(item, str | int | float) and not isinstance(item, bool))


def _from_text(text: str) -> TextMemory | None:
    lists: dict[str, list[str]] = {"known": [], "next": []}
    current = ""
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            current = "known" if heading[1] else "next"
            line = heading[3] or ""
        if current:
            lists[current].append(line)
    return TextMemory(_lines(lists["known"]), _lines(lists["next"])) if current else None


def _lines(values: Any) -> tuple[str, ...]:
    cleaned = (" ".join(_BULLET.sub("", str(value)).split()).strip("* ").strip() for value in values)
    return tuple(dict.fromkeys(line for line in cleaned if line and line.lower().rstrip(".") not in _NOTHING))
