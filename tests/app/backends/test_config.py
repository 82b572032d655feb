"""BackendConfig: one value that opens the same backend here and in a worker, and shows its key to nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

from app.backends.config import BackendConfig

ROOT = Path(__file__).parents[3]
HANGS = 120
KEY = "sk-secret-1"

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
paths = words.map(Path)


def test_nothing_shows_the_key() -> None:
    config = BackendConfig.model_validate({"api_key": KEY})
    shown = (config.model_dump_json(), repr(config), str(config), str(config.model_dump()), f"{config.model_copy()}")
    assert not any(KEY in text for text in shown)


@pytest.mark.parametrize("field", BackendConfig.model_fields)
def test_nothing_in_it_can_be_changed(field: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(BackendConfig(), field, None)


@pytest.mark.parametrize(
    "given",
    [
        {"slots": 0},
        {"slots": 1025},
        {"context": 255},
        {"context": 1},
        {"context": 2**24 + 1},
        {"context": 10**30},
        {"slots": 10**9},
        {"timeout": 604_801},
        {"timeout": 0},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"modle": "x"},
    ],
    ids=str,
)
def test_a_value_out_of_bounds_or_an_unknown_name_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BackendConfig.model_validate(given)


def test_slots_are_as_many_as_calls_unless_it_says_how_many() -> None:
    assert BackendConfig().with_slots(7).slots == 7
    assert BackendConfig(slots=2).with_slots(7).slots == 2
    assert BackendConfig().with_slots(10**9).slots == 1024, "more requests wait their turn"
    config = BackendConfig.model_validate({"api_key": KEY, "context": 512})
    assert config.with_slots(7) == BackendConfig.model_validate({"api_key": KEY, "context": 512, "slots": 7})
