from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prompts.chunks import split_text

TEXTS = st.lists(
    st.sampled_from(["Mary went home.", "John; ", "(1, 2); ", "x" * 40, " ", "\n", "\n\n", "Why? ", "3.14", '"Ha!" '])
).map("".join)


async def words(text: str) -> int:
    """A tokenizer of four characters a token, that rounds up."""
    return -(-len(text) // 4)


@given(TEXTS, st.integers(2, 30))
async def test_nothing_is_dropped_and_every_piece_fits(text: str, tokens: int) -> None:
    pieces = await split_text(text, tokens, words)
    assert "".join(pieces) == text
    assert all([piece and await words(piece) <= tokens for piece in pieces])


async def test_pieces_end_where_sentences_do() -> None:
    text = "Mary went home. John has 3.5 apples! (1, 2); (3, 4)\nThe end"
    pieces = await split_text(text, 7, words)
    assert pieces == ("Mary went home. ", "John has 3.5 apples! ", "(1, 2); (3, 4)\nThe end")
    assert await split_text("", 8, words) == ()
