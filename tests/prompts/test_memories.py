"""Every kind of memory is stored and read back without loss, and shows itself as titled lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.memories import MEMORIES, Encoded, Memory, Section, TextMemory, VectorMemory, decode

lines = st.lists(st.text(st.characters(), max_size=30), max_size=5).map(tuple)
text_memories = st.builds(TextMemory, lines, lines)
vector_memories = st.builds(
    VectorMemory,
    st.binary(max_size=60),
    st.lists(st.integers(0, 4096), max_size=3).map(tuple),
    st.floats(min_value=0, allow_infinity=False),
)
MADE: dict[str, st.SearchStrategy[Memory]] = {"text": text_memories, "vector": vector_memories}


def test_every_kind_is_tested_here() -> None:
    assert MADE.keys() == MEMORIES.keys()
    assert all(kind == memory.kind for kind, memory in MEMORIES.items())


@pytest.mark.parametrize("kind", MADE)
@given(data=st.data())
def test_a_memory_that_is_encoded_is_decoded_equal(kind: str, data: st.DataObject) -> None:
    memory = data.draw(MADE[kind])
    encoded = memory.encode()
    assert encoded.kind == kind
    assert decode(encoded) == memory
    assert decode(encoded).encode() == encoded
    assert type(decode(encoded)) is MEMORIES[kind]


@given(text_memories, text_memories)
def test_different_memories_are_encoded_differently(one: TextMemory, other: TextMemory) -> None:
    assert (one == other) == (one.encode() == other.encode())


@given(text_memories)
def test_the_words_of_a_text_memory_stand_in_its_encoding_for_the_search(memory: TextMemory) -> None:
    text = memory.encode().text
    assert all(line in text for line in (*memory.known, *memory.next) if line.isalnum())
    assert memory.encode().data == b""


@pytest.mark.parametrize(
    ("memory", "empty"),
    [
        (TextMemory(), True),
        (TextMemory(known=("a = 1",)), False),
        (TextMemory(next=("add",)), False),
        (VectorMemory(b"", (), 0.0), True),
        (VectorMemory(b"\0", (1, 4), 0.0), False),
    ],
)
def test_a_memory_is_empty_until_something_is_written_into_it(memory: Memory, empty: bool) -> None:
    assert memory.empty is empty


def test_a_text_memory_shows_both_lists_under_their_titles_even_when_empty() -> None:
    memory = TextMemory(("a = 1", "b = 2"), ("add",))
    assert memory.sections == (Section("what we know", ("a = 1", "b = 2")), Section("what to do next", ("add",)))
    assert [section.lines for section in TextMemory().sections] == [(), ()]


def test_a_vector_memory_shows_its_shape_and_norm() -> None:
    assert VectorMemory(b"1234", (1, 4), 2.0 / 3).sections == (
        Section("memory vectors", ("shape (1, 4), norm 0.667",)),
    )


def test_a_kind_that_is_not_known_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="tape"):
        decode(Encoded("tape", "{}"))


@pytest.mark.parametrize(
    "encoded",
    [
        Encoded("text", "What we know"),
        Encoded("text", "[]"),
        Encoded("text", '{"known": []}'),
        Encoded("text", '{"known": "abc", "next": []}'),
        Encoded("text", '{"known": [1], "next": []}'),
        Encoded("vector", ""),
        Encoded("vector", "{}"),
        Encoded("vector", '{"shape": 4, "norm": 1.0}'),
        Encoded("vector", '{"shape": ["4"], "norm": 1.0}'),
        Encoded("vector", '{"shape": [4], "norm": null}'),
        Encoded("vector", '{"shape": [4], "norm": NaN}'),
        Encoded("vector", f'{{"shape": [4], "norm": {10**400}}}'),
        Encoded("vector", '{"shape": [-4], "norm": 1.0}'),
    ],
)
def test_a_text_that_is_no_encoding_is_a_value_error(encoded: Encoded) -> None:
    with pytest.raises(ValueError):
        decode(encoded)
