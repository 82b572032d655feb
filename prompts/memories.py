"""Memories: what passes from one step to the next, in words or in vectors, and how each is encoded for storage.

    memory = TextMemory(known=("clips in May = 24",), next=("add April and May",))
    decode(memory.encode()) == memory

A new kind of memory is a class with the members of ``Memory`` and an entry in ``MEMORIES``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self


@dataclass(frozen=True, slots=True)
class Encoded:
    """A memory as it is stored: ``kind`` is a key of ``MEMORIES``, ``text`` is searchable, ``data`` is binary."""

    kind: str
    text: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Section:
    """One titled list of lines of a memory, as it is shown to a reader."""

    title: str
    lines: tuple[str, ...]


class Memory(Protocol):
    """The memory between two steps; immutable and compared by value."""

    kind: ClassVar[str]
    """Key of this class in ``MEMORIES``."""

    @property
    def empty(self) -> bool:
        """True when nothing was written into it yet."""
        ...

    def adds_to(self, earlier: Memory) -> bool:
        """Whether anything is known in it that is not in the ``earlier`` one."""
        ...

    def says(self, fact: str) -> bool | None:
        """Whether a fact stands in it, in whatever case; ``None`` where it is not in words."""
        ...

    @property
    def sections(self) -> tuple[Section, ...]:
        """The memory as titled lines for display; untrusted text."""
        ...

    def encode(self) -> Encoded:
        """The memory for storage; ``decode`` reverses it exactly."""
        ...

    @classmethod
    def decode(cls, encoded: Encoded) -> Self:
        """The memory that was encoded; raises ``ValueError`` when the text is no encoding of this kind."""
        ...


@dataclass(frozen=True, slots=True)
class TextMemory:
    """A memory in words: "what we know" and "what to do next", one line each."""

    known: tuple[str, ...] = ()
    next: tuple[str, ...] = ()

    kind: ClassVar[str] = "text"

    @property
    def empty(self) -> bool:
        """True before the first summary."""
        return not (self.known or self.next)

    def adds_to(self, earlier: Memory) -> bool:
        """Whether there is a known line that the earlier memory has not."""
        return not isinstance(earlier, TextMemory) or not set(self.known) <= set(earlier.known)

    def says(self, fact: str) -> bool:
        """Whether a known line holds the fact."""
        return any(bare(fact) in bare(line) for line in self.known)

    @property
    def sections(self) -> tuple[Section, ...]:
        """Known facts and goals."""
        return Section("what we know", self.known), Section("what to do next", self.next)

    def encode(self) -> Encoded:
        """Both lists as one JSON object."""
        return Encoded(self.kind, json.dumps({"known": self.known, "next": self.next}, ensure_ascii=False))

    @classmethod
    def decode(cls, encoded: Encoded) -> Self:
        """Read the JSON object back."""
        match json.loads(encoded.text):
            case {"known": [*known], "next": [*goals]} if all(isinstance(line, str) for line in (*known, *goals)):
                return cls(tuple(known), tuple(goals))
        raise ValueError(f"{encoded.text[:80]!r} is no text memory")


@dataclass(frozen=True, slots=True)
class VectorMemory:
    """A memory in vectors: one safetensors document with its tensor's shape and L2 norm."""

    safetensors: bytes
    shape: tuple[int, ...]
    norm: float

    kind: ClassVar[str] = "vector"

    @property
    def empty(self) -> bool:
        """True when there is no tensor."""
        return not self.safetensors

    def adds_to(self, earlier: Memory) -> bool:
        """Whether it is another tensor."""
        return self != earlier

    def says(self, fact: str) -> None:
        """Nobody can tell."""
        return None

    @property
    def sections(self) -> tuple[Section, ...]:
        """Shape and norm; the values themselves say nothing to a reader."""
        return (Section("memory vectors", (f"shape {self.shape}, norm {self.norm:.3g}",)),)

    def encode(self) -> Encoded:
        """Shape and norm as JSON, the tensor as bytes."""
        return Encoded(self.kind, json.dumps({"shape": self.shape, "norm": self.norm}), self.safetensors)

    @classmethod
    def decode(cls, encoded: Encoded) -> Self:
        """Read shape, norm and tensor back."""
        match json.loads(encoded.text):
            case {"shape": [*shape], "norm": int() | float() as norm} if all(map(_is_size, shape)) and _is_norm(norm):
                return cls(encoded.data, tuple(shape), norm)
        raise ValueError(f"{encoded.text[:80]!r} is no vector memory")


def bare(text: str) -> str:
    """A text for comparison: without case, line ends and a last full stop."""
    return " ".join(text.casefold().split()).strip(" .")


def _is_size(value: object) -> bool:
    return isinstance(value, int) and 0 <= value < 2**63


def _is_norm(value: float) -> bool:
    return 0 <= value <= sys.float_info.max  # JSON knows larger integers, which no float can show


MEMORIES: dict[str, type[Memory]] = {"text": TextMemory, "vector": VectorMemory}
"""The kinds of memory a trace can hold, by the name they are stored under."""


def decode(encoded: Encoded) -> Memory:
    """The memory that was encoded; raises ``KeyError`` for a kind that is not in ``MEMORIES``."""
    return MEMORIES[encoded.kind].decode(encoded)
