"""Control tokens in foreign text are broken, whichever the tokenizer names; what no model reads as control stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.markup import break_markup

QWEN = frozenset({"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|fim_prefix|>"})
MARKERS = [
    *("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|begin_of_text|>"),
    *("<|user|>", "<|assistant|>", "<|END_OF_TURN_TOKEN|>", "<|tool_call>", "<turn|>", "<|turn>"),
    *("</s>", "<s>", "<eos>", "<bos>", "<pad>", "<unk>", "<mask>", "<sep>", "<EOS>", "<seed:bos>"),
    *("<start_of_turn>", "<end_of_turn>", "<end_of_utterance>", "<begin_of_image>", "<unused12>", "<extra_id_0>"),
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]"),
    *("[TOOL_CALLS]", "[gMASK]", "[SEP]", "[|user|]", "[|endofturn|]", "<｜User｜>", "<｜end▁of▁sentence｜>"),
    *("<think>", "</think>", "<tool_call>", "<user>", "</assistant>", "<fim_middle>", "<reserved_106>"),
]
ORDINARY = [
    "if a < b and b > c, or a<b>c",
    "<b>bold</b> and <table><tr><td>1</td></tr></table>",
    "List<String> names = new ArrayList<>(); List<User> users;",
    r"\left[ \frac{1}{2} \right] \langle x \rangle <= 3",
    "[1, 2, 3] [x] [ ] [Chorus] [TODO] see [12] and a[i][j]",
    "5 <3 8 << 2 >> 1, <-- look --> |x| x || y",
    "mail <ann@example.org>, <https://example.org>, Vec<T>, <Answer>",
    "{{question}} $12 \\boxed{} #### 7",
]


@pytest.mark.parametrize("marker", MARKERS)
def test_the_markers_of_all_known_families_are_broken_and_stay_readable(marker: str) -> None:
    broken = break_markup(f"before {marker} after {marker}{marker}")
    assert marker not in broken
    assert "".join(broken.split()) == f"before{marker}after{marker}{marker}"


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert break_markup(text, QWEN) == break_markup(text) == text


def test_a_token_only_the_tokenizer_knows_is_broken() -> None:
    assert break_markup("a ~~END~~ b") == "a ~~END~~ b"
    assert break_markup("a ~~END~~ b", frozenset({"~~END~~"})) == "a ~ ~END~~ b"


def test_tokens_that_overlap_or_begin_alike_are_all_broken() -> None:
    tokens = frozenset({"abc", "bcd", "ab", "cc"})
    broken = break_markup("abcd ccc", tokens)
    assert broken == "a b cd c c c"
    assert not any(token in broken for token in tokens)


def test_a_token_of_one_character_is_replaced() -> None:
    assert break_markup("1\ue0002", frozenset({"\ue000"})) == "1 2"


def test_a_vocabulary_with_thousands_of_tokens_and_endless_ones_is_no_trouble() -> None:
    tokens = frozenset({f"<reserved-{n}>" for n in range(5000)} | {"a" * n + "b" for n in range(40, 300)})
    broken = break_markup(f"<reserved-4711> {'a' * 299}b <reserved-5000>", tokens)
    assert not any(token in broken for token in tokens)
    assert broken.endswith(" <reserved-5000>")


PIECES = st.sampled_from(
    ["<", "|", ">", "/", "s", "[", "]", "INST", "im_end", "a", "b", " ", "｜", "eos", "_of_", "\u2009"]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)
TOKENS = st.frozensets(st.lists(PIECES, min_size=1, max_size=5).map("".join), max_size=6)


@given(TEXTS, TOKENS, st.data())
def test_no_token_is_left_and_doing_it_again_changes_nothing(
    text: str, tokens: frozenset[str], data: st.DataObject
) -> None:
    if tokens:
        text += "".join(data.draw(st.lists(st.sampled_from(sorted(tokens)), max_size=4)))
    broken = break_markup(text, tokens)
    assert not [token for token in tokens if token.strip() and token in broken]
    assert break_markup(broken, tokens) == broken
    assert "<|" not in broken and "</s>" not in broken and "[INST]" not in broken


@given(st.text(max_size=60))
def test_only_blanks_are_put_in(text: str) -> None:
    broken = break_markup(text, QWEN)
    assert broken.replace(" ", "") == text.replace(" ", "")
    assert "<|" not in broken
    if not set("<[") & set(text):
        assert broken == text
