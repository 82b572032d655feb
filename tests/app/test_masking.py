"""mask(): a key is found in every form in which a server may echo it, and ordinary words are left alone."""

from __future__ import annotations

import base64
import html
import json
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.masking import MASK, SHORTEST_SECRET, StreamMask, mask

KEY = 'sk-S3cret/+&"key~1'

keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=SHORTEST_SECRET, max_size=24)
texts = st.text(max_size=30)


@pytest.mark.parametrize(
    "echoed",
    [
        KEY,
        KEY.upper(),
        quote(KEY),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        html.escape(KEY),
        json.dumps(KEY)[1:-1],
        *(base64.b64encode(f"{before}{KEY}{after}".encode()).decode() for before in ("", "x", "Bearer ", "user:")
          for after in ("", "!", "??")),
        base64.urlsafe_b64encode(f"Bearer {KEY}".encode()).decode(),
    ],
)  # fmt: skip
def test_a_key_is_masked_in_every_form(echoed: str) -> None:
    masked = mask(f"you said {echoed} to me", KEY)
    assert MASK in masked and echoed not in masked
    rest = masked.replace(MASK, "").removeprefix("you said ").removesuffix(" to me")
    assert len(rest) <= 16, "of a base64 text only what stands beside the key is left"


@pytest.mark.parametrize("word", [None, "", "none", "EMPTY", "ollama", "36", "sk-1"])
def test_a_short_key_masks_no_ordinary_word(word: str | None) -> None:
    text = "none of the 36 EMPTY boxes is an ollama, sk-1"
    assert mask(text, word) == text
    stream = StreamMask(word)
    assert stream.feed(text) == text and stream.rest() == ""


@given(texts, keys, texts)
def test_what_is_masked_holds_the_key_no_more_and_the_rest_is_kept(before: str, key: str, after: str) -> None:
    masked = mask(before + key + after, key)
    assert masked.count(MASK) >= 1
    if key not in MASK:
        assert key not in masked.replace(MASK, "\0")


@given(texts, keys)
def test_a_text_without_the_key_is_left_as_it_is(text: str, key: str) -> None:
    assert key.lower() in text.lower() or mask(text, key) == text


@given(keys, st.lists(texts | st.just("KEY") | st.just("ENCODED"), max_size=6), st.data())
@example("abcabcab", ["abcabcababcabcab"], None)
def test_a_text_in_pieces_is_masked_like_the_whole(key: str, parts: list[str], data: st.DataObject | None) -> None:
    said = {"KEY": key, "ENCODED": base64.b64encode(f"Bearer {key}".encode()).decode()}
    text = "".join(said.get(part, part) for part in parts)
    cuts = data.draw(st.sets(st.integers(0, len(text)))) if data else set(range(len(text)))
    places = [0, *sorted(cuts), len(text)]
    stream = StreamMask(key)
    shown = [stream.feed(text[start:end]) for start, end in pairwise(places)]
    assert "".join([*shown, stream.rest()]) == mask(text, key)


@given(st.text("ab", min_size=8, max_size=9), st.text("ab", max_size=40))
def test_a_key_that_repeats_itself_is_masked_in_pieces_too(key: str, text: str) -> None:
    stream = StreamMask(key)
    assert "".join([*map(stream.feed, text), stream.rest()]) == mask(text, key)


def test_only_what_may_begin_the_key_waits() -> None:
    stream = StreamMask("sk-secret-1")
    assert [stream.feed(piece) for piece in ("It is ", "so: sk-sec", "ret", "-1", ", yes s")] == [
        "It is ",
        "so: ",
        "",
        MASK,
        ", yes ",
    ]
    assert stream.rest() == "s"
