"""What a GGUF file says of its model, beside the weights: control tokens, and what a context costs.

    facts = read_facts(Path("model.gguf"))
    facts.control_tokens    -> {"<|im_start|>", "<|im_end|>", ...}
    facts.context_bytes     -> 28672, the memory that a token of context takes

A file may say anything: every length is checked against what was read, and what makes no sense is a ``ModelError``.
Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from app.errors import ModelError
from app.models.gguf import open_model

_SCALARS = dict(enumerate(("B", "b", "H", "h", "I", "i", "f", "?"))) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_USER_DEFINED = 4
_SPECIAL = {2, 3, _USER_DEFINED}  # unknown, control: the types of tokens that llama.cpp looks for before all others
_READ_AT_ONCE = (16 * 2**20, 256 * 2**20)
_MOST_ENTRIES = 2**16
_MOST_ITEMS = 2**22
_MARK = re.compile(r"<[^\s<>]+>|\[/?[A-Z_]+\]")


@dataclass(frozen=True, slots=True)
class Strings:
    """An array of strings, of which only few are looked at: ``places`` of their lengths, and of the end."""

    data: bytes
    places: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.places) - 1

    def __getitem__(self, index: int) -> str:
        return self.data[self.places[index] + 8 : self.places[index + 1]].decode(errors="replace")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model's file says of it.

    Attributes:
        control_tokens: Texts that its tokenizer reads as one token wherever they stand, and that are no words.
        trained_context: Tokens of context it was trained for, or ``None`` when the file does not say.
        context_bytes: Memory of one token of context, or ``None`` when it depends on more than the file says.
    """

    control_tokens: frozenset[str]
    trained_context: int | None
    context_bytes: int | None


def read_facts(path: Path) -> ModelFacts:
    """Read the metadata of the model at ``path``, which takes a tenth of a second; raises ``ModelError``."""
    for size in _READ_AT_ONCE:
        with open_model(path) as file:
            data = file.read(size)
        try:
            return _facts(_entries(data))
        except (struct.error, ValueError, OverflowError):
            if len(data) < size:
                break
    raise ModelError(f"{path} cannot be loaded as a model: its metadata is damaged; download it again.")


def _facts(entries: Mapping[str, Any]) -> ModelFacts:
    prefix = f"{entries.get('general.architecture')}."
    of_model = {key.removeprefix(prefix): value for key, value in entries.items() if key.startswith(prefix)}
    trained = of_model.get("context_length")
    return ModelFacts(_control_tokens(entries), trained if _whole(trained) else None, _context_bytes(of_model))


def _control_tokens(entries: Mapping[str, Any]) -> frozenset[str]:
    tokens, types = entries.get("tokenizer.ggml.tokens"), entries.get("tokenizer.ggml.token_type")
    if not (isinstance(tokens, Strings) and isinstance(types, list)):
        return frozenset()
    special = {tokens[index]: kind for index, kind in enumerate(types[: len(tokens)]) if kind in _SPECIAL}
    return frozenset(
        text for text, kind in special.items() if text.strip() and (kind != _USER_DEFINED or _MARK.fullmatch(text))
    )


def _context_bytes(model: Mapping[str, Any]) -> int | None:
    """Keys and values of every layer, two bytes a number; ``None`` where some layers keep only a window of them."""
    layers, heads, width = (model.get(name) for name in ("block_count", "attention.head_count", "embedding_length"))
    kv_heads = model.get("attention.head_count_kv", heads)
    if not (_whole(layers) and _whole(heads) and _whole(kv_heads) and _whole(width)):
        return None
    key, value = (model.get(f"attention.{name}_length", width // heads) for name in ("key", "value"))
    if not (_whole(key) and _whole(value)) or model.get("attention.sliding_window"):
        return None
    return 2 * layers * kv_heads * (key + value)


def _whole(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 < value < 2**31


def _entries(data: bytes) -> dict[str, Any]:
    """The metadata: numbers, texts, and arrays of numbers or of strings.

    Raises:
        ValueError: It makes no sense.
        struct.error: It ends too early.
    """
    magic, _, _, count = struct.unpack_from("<4sIQQ", data)
    if magic != b"GGUF" or count > _MOST_ENTRIES:
        raise ValueError("no GGUF metadata")
    entries, place = dict[str, Any](), 24
    for _ in range(count):
        name, place = _string(data, place)
        (kind,) = struct.unpack_from("<I", data, place)
        entries[name.decode()], place = _value(data, place + 4, kind)
    return entries


def _value(data: bytes, place: int, kind: int) -> tuple[Any, int]:
    """A value and where the next thing begins."""
    if kind == _STRING:
        text, place = _string(data, place)
        return text.decode(errors="replace"), place
    if kind == _ARRAY:
        return _items(data, place)
    form = struct.Struct(f"<{_form(kind)}")
    return form.unpack_from(data, place)[0], place + form.size


def _items(data: bytes, place: int) -> tuple[Any, int]:
    kind, count = struct.unpack_from("<IQ", data, place)
    place += 12
    if count > _MOST_ITEMS:
        raise ValueError("too many items")
    if kind == _STRING:
        starts, length_at = list[int](), struct.Struct("<Q").unpack_from
        for _ in range(count):
            starts.append(place)
            place += 8 + length_at(data, place)[0]
        return Strings(data, (*starts, place)), place
    form = struct.Struct(f"<{count}{_form(kind)}")
    return list(form.unpack_from(data, place)), place + form.size


def _string(data: bytes, place: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<Q", data, place)
    start = place + 8
    if start + length > len(data):
        raise struct.error("a string ends after the data")
    return data[start : start + length], start + length


def _form(kind: int) -> str:
    if kind not in _SCALARS:
        raise ValueError(f"no type {kind}")
    return _SCALARS[kind]
