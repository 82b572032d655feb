"""Facts of a GGUF file's metadata: control tokens and the trained context; read in a tenth of a second.

    facts = read_facts(Path("model.gguf"))
    facts.control_tokens    -> {"<|im_start|>", "<|im_end|>", ...}
    facts.trained_context   -> 32768

What makes no sense is a ``ModelError``; llama.cpp judges the rest of the file, in a process of its own.
Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from app.errors import ModelError

_SCALARS = dict(enumerate(("B", "b", "H", "h", "I", "i", "f", "?"))) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_USER_DEFINED = 4
_SPECIAL = {2, 3, _USER_DEFINED}  # unknown, control: the types of tokens that llama.cpp looks for before all others
_MAX_ENTRIES = 2**16
_MAX_ITEMS = 2**22
_MARK = re.compile(r"<[^\s<>]+>|\[/?[A-Z_]+\]")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Facts of a model.

    Attributes:
        control_tokens: Texts that its tokenizer reads as one token wherever they stand, and that are no words.
        trained_context: Tokens of context it was trained for, or ``None`` when the file does not say.
    """

    control_tokens: frozenset[str]
    trained_context: int | None


def read_facts(path: Path) -> ModelFacts:
    """The facts of the model at ``path``.

    Raises:
        ModelError: There is no such file, it is no GGUF, or its metadata is damaged.
    """
    if not path.is_file():
        raise ModelError(f"there is no file {path}: check the path given as --model.")
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            if data[:4] != b"GGUF":
                raise ModelError(f"{path} is not a GGUF file: give a model converted for llama.cpp.")
            entries = _entries(data)
        trained = entries.get(f"{entries.get('general.architecture')}.context_length")
        return ModelFacts(_control_tokens(entries), trained if type(trained) is int and trained > 0 else None)
    except OSError as error:
        raise ModelError(f"{path} cannot be read as a model: {error.strerror or error}.") from error
    except (struct.error, ValueError, OverflowError) as error:
        raise ModelError(f"{path} cannot be loaded as a model: its metadata is damaged; download it again.") from error


def _control_tokens(entries: Mapping[str, Any]) -> frozenset[str]:
    tokens, types = entries.get("tokenizer.ggml.tokens"), entries.get("tokenizer.ggml.token_type")
    if not (isinstance(tokens, list) and isinstance(types, list)):
        return frozenset()
    special = {str(text): kind for text, kind in zip(tokens, types, strict=False) if kind in _SPECIAL}
    return frozenset(
        text for text, kind in special.items() if text.strip() and (kind != _USER_DEFINED or _MARK.fullmatch(text))
    )


def _entries(data: mmap) -> dict[str, Any]:
    """The metadata: numbers, texts, and arrays of numbers or of strings.

    Raises:
        ValueError: It makes no sense.
        struct.error: It ends too early.
    """
    _, _, _, count = struct.unpack_from("<4sIQQ", data)
    if count > _MAX_ENTRIES:
        raise ValueError("too many entries")
    entries, place = dict[str, Any](), 24
    for _ in range(count):
        name, place = _string(data, place)
        (kind,) = struct.unpack_from("<I", data, place)
        entries[name.decode()], place = _value(data, place + 4, kind)
    return entries


def _value(data: mmap, place: int, kind: int) -> tuple[Any, int]:
    """A value and where the next thing begins."""
    if kind == _STRING:
        text, place = _string(data, place)
        return text.decode(errors="replace"), place
    if kind == _ARRAY:
        return _items(data, place)
    form = struct.Struct(f"<{_form(kind)}")
    return form.unpack_from(data, place)[0], place + form.size


def _items(data: mmap, place: int) -> tuple[Any, int]:
    kind, count = struct.unpack_from("<IQ", data, place)
    place += 12
    if count > _MAX_ITEMS:
        raise ValueError("too many items")
    if kind == _STRING:
        texts = list[str]()
        for _ in range(count):
            text, place = _string(data, place)
            texts.append(text.decode(errors="replace"))
        return texts, place
    form = struct.Struct(f"<{count}{_form(kind)}")
    return list(form.unpack_from(data, place)), place + form.size


def _string(data: mmap, place: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<Q", data, place)
    start = place + 8
    if start + length > len(data):
        raise struct.error("a string ends after the data")
    return data[start : start + length], start + length


def _form(kind: int) -> str:
    if kind not in _SCALARS:
        raise ValueError(f"no type {kind}")
    return _SCALARS[kind]
