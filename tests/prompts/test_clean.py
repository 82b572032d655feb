"""Text from outside becomes valid Unicode without hidden controls; ordinary text is not touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.clean import check_question, clean, encodable
from prompts.values import UserError

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("12\x00 eggs\x1b[31m", "12 eggs[31m"),
        ("a\r\nb\rc\x0bd\x85e\u2028f", "a\nb\nc\nd\ne\nf"),
        ("pay \u202e001\u202c now\u2066", "pay 001 now"),
        ("tab\tand é, 数, 👩\u200d🌾, ن", "tab\tand é, 数, 👩\u200d🌾, ن"),
    ],
)
def test_examples(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(ANY)
def test_what_is_clean_can_be_encoded_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert clean(cleaned) == cleaned
    assert cleaned.splitlines() == cleaned.removesuffix("\n").split("\n") or not cleaned
    encodable(text).encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=60))
def test_words_numbers_and_signs_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "a\x1b[2Jb", "\ud800", "x" * 1_000_001])
def test_questions_that_cannot_be_asked_are_refused(text: str) -> None:
    with pytest.raises(UserError):
        check_question(text)
    assert check_question(" why?\r\n") == "why?"
