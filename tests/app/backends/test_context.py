"""choose_context(): a context that cannot be had is blamed itself, and the message says what fits."""

from __future__ import annotations

import pytest

from app.backends.context import choose_context, free_memory
from app.errors import BadInput
from app.models.metadata import ModelFacts

QWEN = ModelFacts(frozenset(), 32_768, 28_672)
UNKNOWN = ModelFacts(frozenset(), None, None)
GB = 10**9


@pytest.mark.parametrize(
    ("asked", "slots", "facts", "free", "context"),
    [
        (None, 1, QWEN, 8 * GB, 8192),
        (None, 1, ModelFacts(frozenset(), 2048, 100), 8 * GB, 2048),
        (None, 4, UNKNOWN, None, 8192),
        (256, 1024, QWEN, 8 * GB, 256),
        (32_768, 1, QWEN, GB, 32_768),
        (32_768, 1, QWEN, None, 32_768),
        (2**24, 1, UNKNOWN, GB, 2**24),
    ],
)
def test_a_context_that_fits_is_taken(
    asked: int | None, slots: int, facts: ModelFacts, free: int | None, context: int
) -> None:
    assert choose_context(asked, slots, facts, free) == context


@pytest.mark.parametrize(
    ("asked", "slots", "facts", "free", "said"),
    [
        (32_769, 1, QWEN, None, r"of 32,769 tokens is more than the 32,768 this model was trained for: pass --context"),
        (
            32_768,
            4,
            QWEN,
            GB,
            r"needs 3\.8 GB of memory, and 1\.0 GB are free: pass --context 8719 or less, or ask fewer at once",
        ),
        (None, 1024, QWEN, GB, r"of 8,192 tokens for each of 1,024 requests at once needs .*: ask fewer at once"),
        (256, 1, QWEN, 10_000, r"needs 0\.0 GB of memory, and 0\.0 GB are free: ask fewer at once"),
        (2**24, 1024, UNKNOWN, None, r"is more than llama\.cpp can hold: pass --context 2097151 or less"),
    ],
)
def test_one_that_does_not_is_blamed(
    asked: int | None, slots: int, facts: ModelFacts, free: int | None, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        choose_context(asked, slots, facts, free)
    assert "damaged" not in str(caught.value)


def test_the_free_memory_is_a_number_of_bytes_or_unknown() -> None:
    free = free_memory()
    assert free is None or free > 2**20
