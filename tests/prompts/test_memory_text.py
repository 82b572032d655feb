from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.memories import TextMemory
from prompts.memory_text import read_memory, schema, show_memory, split_memory
from prompts.render import render

plain = st.text("abcdefghij 0123456789=+", min_size=1, max_size=40).map(lambda s: f"fact {' '.join(s.split())}".strip())
memories = st.builds(
    TextMemory,
    st.lists(plain, min_size=1, max_size=6, unique=True).map(tuple),
    st.lists(plain, max_size=4, unique=True).map(tuple),
)


@given(memories)
def test_a_memory_shown_in_a_prompt_is_read_back(memory: TextMemory) -> None:
    known, goals = show_memory(memory)
    assert read_memory(render("isump/memory", known=known, next=goals)) == memory


@given(memories)
def test_a_json_memory_is_read_back_also_from_a_fence(memory: TextMemory) -> None:
    text = json.dumps({"known": memory.known, "next": memory.next})
    assert read_memory(text) == read_memory(f"Here it is:\n```json\n{text}\n```") == memory


@pytest.mark.parametrize(
    ("text", "known", "goals"),
    [
        ("What we know:\n- a = 1\n\nWhat to do next:\n1. add b", ("a = 1",), ("add b",)),
        ("**Known:**\n* a = 1\n* b = 2\n**Next:** add", ("a = 1", "b = 2"), ("add",)),
        ("### What we know\na = 1\n### To do\n- none", ("a = 1",), ()),
        ("KNOWN: a = 1\nNEXT: none.", ("a = 1",), ()),
        ("Facts:\n1) a = 1\nGoals:\n(1) find c", ("a = 1",), ("find c",)),
        ("What we know so far:\n- 3 dozen = 36\nWhat is left:\n- sell", ("3 dozen = 36",), ("sell",)),
        ('{"known": ["a = 1", 2], "next": []}', ("a = 1", "2"), ()),
    ],
)
def test_tolerated_forms(text: str, known: tuple[str, ...], goals: tuple[str, ...]) -> None:
    assert read_memory(text) == TextMemory(known, goals)


@pytest.mark.parametrize(
    "text", ["", "So we add 3.", '{"known": []}', "What we know:\nWhat to do next:\n- x", "{" * 9999]
)
def test_what_holds_nothing_known_is_no_memory(text: str) -> None:
    assert read_memory(text) is None


def test_a_fused_reply_is_taken_apart() -> None:
    thought, memory = split_memory("48 / 2 = 24.\n\nWhat we know:\n- May = 24\nWhat to do next:\n- add")
    assert thought == "48 / 2 = 24."
    assert memory == TextMemory(("May = 24",), ("add",))
    assert split_memory("48 / 2 = 24.") == ("48 / 2 = 24.", None)


def test_the_schema_bounds_what_can_be_written() -> None:
    known = schema(tokens=81, lines=4)["properties"]["known"]
    assert (known["minItems"], known["maxItems"], known["items"]["maxLength"]) == (1, 4, 50)


@given(memories, st.integers(0, 400))
def test_a_json_memory_that_was_broken_off_keeps_its_whole_lines(memory: TextMemory, length: int) -> None:
    text = json.dumps({"known": memory.known, "next": memory.next})[:length]
    read = read_memory(text)
    whole = [line for line in memory.known if json.dumps(line) in text]
    if read is None:
        assert not whole
    else:
        assert read.known == memory.known[: len(read.known)] and len(read.known) == len(whole)
        assert read.next == memory.next[: len(read.next)]


@pytest.mark.parametrize("braces", ["{", "{}", '{"a": 1}', '"known": ['])
def test_braces_in_a_text_memory_do_not_make_it_json(braces: str) -> None:
    read = read_memory(f"What we know:\n- the set {braces} is given\nWhat to do next:\n- count")
    assert read == TextMemory((f"the set {braces} is given",), ("count",))


@pytest.mark.parametrize(
    ("text", "known", "goals"),
    [
        ('{"known": ["a"], "known": ["b"], "next": ["c"], "next": []}', ("a", "b"), ("c",)),
        ('{"known": [' + "9" * 5000 + ', 1.50, NaN, true, null, [1], {"x": 1}]}', ("9" * 5000, "1.50"), ()),
        ('{"known": ["\\ud800 = 48", "\\ud83d\\ude00"]}', ("\ufffd = 48", "😀"), ()),
        ('{"known": ["a\\n= 1\\u0000", "\\u202eb = 2"]}', ("a = 1", "b = 2"), ()),
        ('{"known": ["\\(a = 1\\)"], "next": ["\\$5"]}', ("\\(a = 1\\)",), ("\\$5",)),
        ('{"known": ["a\nb"]}', ("a b",), ()),
        ('{"memory": {"known": ["a"], "next": []}}', ("a",), ()),
        ('{"thought": "36 - 8", "known": "a"}', ("a",), ()),
        ('The set {1} is given. {"known": ["a"]} {"known": ["b"]}', ("a",), ()),
        ('{"a": 1}\n{"known": ["a"]}', ("a",), ()),
        ('{"known": ["a", "b"], "next": ["c', ("a", "b"), ()),
        ('{"known": ["a"], "next": ["c"] and so on', ("a",), ("c",)),
        (
            'Known:\n- the note says {"known": ["it is 7"]}\nNext:\n- go',
            ('the note says {"known": ["it is 7"]}',),
            ("go",),
        ),
        ("What we know:\u2028- a\x85What to do next:\x0b- b", ("a",), ("b",)),
        ("1. Known:\n   - a = 1\n2. Next:\n   - b", ("a = 1",), ("b",)),
    ],
)
def test_hostile_and_odd_forms(text: str, known: tuple[str, ...], goals: tuple[str, ...]) -> None:
    assert read_memory(text) == TextMemory(known, goals)


@pytest.mark.parametrize(
    "text", ['{"known":' * 100_000, '{"known": ' + "[" * 100_000, '{"known": ["' + '\\"' * 100_000]
)
def test_what_nests_or_never_ends_is_no_memory(text: str) -> None:
    assert read_memory(text) is None


ODD = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)


@given(st.lists(ODD, max_size=5), st.lists(ODD, max_size=5), st.booleans())
def test_the_lines_of_any_memory_can_be_encoded_and_hold_no_line_end(
    known: list[str], goals: list[str], ascii_only: bool
) -> None:
    memory = read_memory(json.dumps({"known": ["fact", *known], "next": goals}, ensure_ascii=ascii_only))
    assert memory is not None
    for line in (*memory.known, *memory.next):
        line.encode()
        assert line and len(line.splitlines()) == 1 and "\x00" not in line
