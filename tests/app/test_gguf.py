"""read_facts(): what a GGUF file says of its model is read quickly, and believed only as far as it makes sense."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import ModelError
from app.gguf import ModelFacts, read_facts

TOKENS = ["the", "<|im_start|>", "<unk>", "\n\n", "<tool_call>", "[INST]", " ", "<s>", "<table", "▁▁"]
TYPES = [1, 3, 2, 4, 4, 4, 3, 3, 4, 4]
SIZES = {
    "llama.block_count": 30,
    "llama.attention.head_count": 9,
    "llama.attention.head_count_kv": 3,
    "llama.embedding_length": 576,
    "llama.context_length": 8192,
}


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def value(given: Any) -> bytes:
    """A value with its type: a text, a whole number, or a list of either."""
    if isinstance(given, str):
        return struct.pack("<I", 8) + text(given)
    if isinstance(given, int):
        return struct.pack("<II", 4, given)
    if isinstance(given[0], str):
        return struct.pack("<IIQ", 9, 8, len(given)) + b"".join(map(text, given))
    return struct.pack(f"<IIQ{len(given)}i", 9, 5, len(given), *given)


def gguf(entries: dict[str, Any], *, count: int | None = None) -> bytes:
    """A GGUF file without tensors; bytes stand for a value as they are."""
    head = struct.pack("<4sIQQ", b"GGUF", 3, 0, len(entries) if count is None else count)
    written = (text(key) + (each if isinstance(each, bytes) else value(each)) for key, each in entries.items())
    return head + b"".join(written)


WHOLE = gguf(
    {
        "general.architecture": "llama",
        **SIZES,
        "tokenizer.ggml.tokens": TOKENS,
        "tokenizer.ggml.token_type": TYPES,
        "tokenizer.ggml.merges": ["t h", "th e"],
        "tokenizer.ggml.add_bos_token": struct.pack("<I?", 7, True),
        "general.score": struct.pack("<Id", 12, 0.5),
    }
)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], ModelFacts]:
    def reading(content: bytes) -> ModelFacts:
        (tmp_path / "m.gguf").write_bytes(content)
        return read_facts(tmp_path / "m.gguf")

    return reading


Read = Callable[[bytes], ModelFacts]


def test_control_tokens_are_those_that_are_no_words(read: Read) -> None:
    assert read(WHOLE).control_tokens == {"<|im_start|>", "<unk>", "<tool_call>", "[INST]", "<s>"}


@pytest.mark.parametrize(("said", "trained"), [({}, 8192), ({"llama.context_length": "many"}, None), ({"x": 1}, 8192)])
def test_the_trained_context_is_a_number_or_unknown(read: Read, said: dict[str, Any], trained: int | None) -> None:
    entries = {"general.architecture": "llama", "llama.context_length": 8192} | said
    assert read(gguf(entries)).trained_context == trained
    assert read(gguf(entries | {"general.architecture": "qwen2"})).trained_context is None


def test_a_file_without_a_vocabulary_has_no_control_tokens(read: Read) -> None:
    assert read(gguf({})) == ModelFacts(frozenset(), None)
    assert not read(gguf({"tokenizer.ggml.tokens": TOKENS})).control_tokens
    assert not read(gguf({"tokenizer.ggml.tokens": "x", "tokenizer.ggml.token_type": 3})).control_tokens
    assert not read(gguf({"tokenizer.ggml.tokens": TOKENS, "tokenizer.ggml.token_type": TOKENS})).control_tokens
    more = {"tokenizer.ggml.tokens": ["<s>"], "tokenizer.ggml.token_type": [3, 3, 3]}
    assert read(gguf(more)).control_tokens == {"<s>"}


HOSTILE = {
    "a text of 2**63 bytes": gguf({"a": struct.pack("<IQ", 8, 2**63)}),
    "a text of 2**64 - 1 bytes": gguf({"a": struct.pack("<IQ", 8, 2**64 - 1)}),
    "a key of 2**64 - 1 bytes": struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, 2**64 - 1),
    "an array of 2**63 numbers": gguf({"a": struct.pack("<IIQ", 9, 5, 2**63)}),
    "an array of 2**40 texts": gguf({"a": struct.pack("<IIQ", 9, 8, 2**40)}),
    "an array of 4 million bytes that are not there": gguf({"a": struct.pack("<IIQ", 9, 0, 2**22)}),
    "an array of texts of 2**63 bytes": gguf({"a": struct.pack("<IIQQQ", 9, 8, 2, 2**63, 2**63)}),
    "an array of arrays": gguf({"a": struct.pack("<IIQ", 9, 9, 1) * 1000}),
    "an unknown type": gguf({"a": struct.pack("<I", 13)}),
    "an unknown type in an array": gguf({"a": struct.pack("<IIQ", 9, 99, 1)}),
    "a key that is no UTF-8": struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + text(b"\xff") + value(3),
    "more entries than there are": gguf({"a": 3}, count=2),
    "2**64 - 1 entries": gguf({"a": 3}, count=2**64 - 1),
    "nothing": b"",
    "a magic word alone": b"GGUF",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_metadata_that_makes_no_sense_is_one_sentence(read: Read, name: str) -> None:
    with pytest.raises(ModelError, match=r"m\.gguf (.* is damaged; download|is not a GGUF file)"):
        read(HOSTILE[name])


def test_metadata_cut_anywhere_is_damaged(read: Read) -> None:
    for end in range(0, len(WHOLE), 7):
        with pytest.raises(ModelError, match=r"damaged|not a GGUF"):
            read(WHOLE[:end])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(24, len(WHOLE) - 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=3))
def test_metadata_changed_anywhere_is_read_or_refused(read: Read, changes: list[tuple[int, bytes]]) -> None:
    content = bytearray(WHOLE)
    for place, new in changes:
        content[place : place + len(new)] = new
    try:
        facts = read(bytes(content))
    except ModelError:
        return
    assert all(isinstance(token, str) and token.strip() for token in facts.control_tokens)
    assert facts.trained_context is None or facts.trained_context > 0
