r"""Pins: lines that every memory keeps, whatever is forgotten or rewritten (``--pin``).

pins = pinned_lines("Prices are in euros\nThe shop closes at 18:00")
with_pins(TextMemory(("bread = 3",)), pins).known
-> ("Prices are in euros", "The shop closes at 18:00", "bread = 3")

They stand first in a memory. The model is shown them apart from it, behind the question, so that a memory with
nothing but pins in it still counts as one before anything is known.
"""

from __future__ import annotations

from prompts.memories import TextMemory
from prompts.memory_lines import kept_lines
from prompts.settings import LoopSettings, Settings


def pinned_lines(text: str) -> tuple[str, ...]:
    """The lines of ``text`` as a memory holds them."""
    return kept_lines(text.split("\n"))


def with_pins(memory: TextMemory, pins: tuple[str, ...]) -> TextMemory:
    """The memory with every pin in it, once, in front."""
    return TextMemory((*pins, *without_pins(memory, pins).known), memory.next)


def without_pins(memory: TextMemory, pins: tuple[str, ...]) -> TextMemory:
    """What the memory holds besides the pins."""
    return TextMemory(tuple(line for line in memory.known if line not in pins), memory.next)


def unpinned(settings: Settings, line: str) -> Settings:
    """The settings without that pin, so that a memory can do without its line."""
    if not isinstance(settings, LoopSettings) or line not in (pins := pinned_lines(settings.pin)):
        return settings
    return settings.model_copy(update={"pin": "\n".join(pin for pin in pins if pin != line)})
