r"""Writes a text memory into a prompt and reads one back: JSON or headed lists, whichever the reply holds.

read_memory("What we know:\n- May = 24 clips\nWhat to do next:\n- add April and May")
-> TextMemory(known=("May = 24 clips",), next=("add April and May",))
"""

from __future__ import annotations

from typing import Any

from prompts.clean import clean
from prompts.headings import heading_of
from prompts.memories import TextMemory
from prompts.memory_json import before_json, memory_in_json, starts_in_json
from prompts.memory_lines import memory_of

CHARACTERS_PER_TOKEN = 4
"""Counts tokens where no tokenizer can be asked: English text has about four characters a token."""


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
    readers = (memory_in_json, _in_lists) if starts_in_json(text) else (_in_lists, memory_in_json)
    return next((memory for read in readers if (memory := read(text)) and memory.known), None)


def split_memory(text: str) -> tuple[str, TextMemory | None]:
    """Split a fused reply: the thought before the first memory heading, and the memory after it.

    Where nothing stands before that heading it has swallowed the thought. The memory then begins at the last such
    heading, as behind a "Solution:"; with only one heading the whole reply is both.
    """
    text = clean(text).strip()
    lines = text.split("\n")
    starts = [at for at, line in enumerate(lines) if (heading := heading_of(line)) and heading.list == "known"]
    for start in dict.fromkeys((*starts[:1], *starts[-1:])):
        memory, thought = read_memory("\n".join(lines[start:])), "\n".join(lines[:start]).strip()
        if thought and (memory or start == starts[0]):
            return thought, memory
    if not starts and (memory := memory_in_json(text)) and memory.known:
        return before_json(text) or text, memory
    return text, read_memory(text) if starts else None


def known_part(text: str) -> str:
    """The text under the first heading for known facts, up to the next heading."""
    found: list[str] | None = None
    for line in text.split("\n"):
        heading = heading_of(line)
        if heading and found is not None:
            break
        if heading and heading.list == "known":
            found = [heading.rest]
        elif found is not None:
            found.append(line)
    return "\n".join(found or ()).strip()


def show_memory(memory: TextMemory) -> tuple[str, str]:
    """The two lists as bulleted lines, "- none" where a list is empty."""
    known, goals = (("\n".join(f"- {line}" for line in lines) or "- none") for lines in (memory.known, memory.next))
    return known, goals


def _in_lists(text: str) -> TextMemory | None:
    lists: dict[str, list[str]] = {"known": [], "next": []}
    current: list[str] | None = None
    for line in clean(text).split("\n"):
        if heading := heading_of(line):
            current = lists[heading.list]
            line = heading.rest
        if current is not None:
            current.append(line)
    return memory_of(lists["known"], lists["next"]) if current is not None else None
