"""BackendConfig: one value that opens the same backend here and in a worker, and shows its key to nobody else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.backends.config import BackendConfig

ROOT = Path(__file__).parents[3]
HANGS = 120
KEY = "sk-secret-1"

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
paths = words.map(Path)
configs = st.builds(
    lambda **given: BackendConfig.model_validate(given),
    backend=words,
    model=st.none() | words,
    base_url=st.none() | words,
    api_key=st.none() | words,
    replies=st.none() | paths,
    context=st.none() | st.integers(256, 2**24),
    slots=st.none() | st.integers(1, 1024),
    timeout=st.floats(0, 604_800, exclude_min=True),
    cache_dir=paths,
)


@given(configs)
def test_what_a_worker_reads_from_the_json_is_the_same_config(config: BackendConfig) -> None:
    read = BackendConfig.model_validate_json(config.to_json())
    assert read == config and read.to_json() == config.to_json()
    assert json.loads(config.to_json()).keys() == BackendConfig.model_fields.keys()


def test_the_defaults_are_read_back_too() -> None:
    assert BackendConfig.model_validate_json(BackendConfig().to_json()) == BackendConfig()
    assert BackendConfig.model_validate_json("{}") == BackendConfig()


def test_only_to_json_shows_the_key() -> None:
    config = BackendConfig.model_validate({"api_key": KEY})
    shown = (config.model_dump_json(), repr(config), str(config), str(config.model_dump()), f"{config.model_copy()}")
    assert not any(KEY in text for text in shown)
    assert KEY in config.to_json()


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


WORKER = """
import asyncio, sys
from contextlib import aclosing
from app.backends.config import BackendConfig
from app.backends.open import open_backend
from prompts.values import Message, Part, Request

async def main():
    config = BackendConfig.model_validate_json(sys.stdin.read())
    async with aclosing(await open_backend(config)) as backend:
        made = await backend.generate(Request((Message("user", (Part("question", "Why?"),)),), 16))
        print(backend.name, backend.model, made.text, sep=";")

asyncio.run(main())
"""


def test_a_worker_opens_the_backend_from_the_json_and_answers(tmp_path: Path) -> None:
    (tmp_path / "replies.jsonl").write_text('"Because it is so."\n')
    config = BackendConfig(backend="scripted", replies=tmp_path / "replies.jsonl")
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        input=config.to_json(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "scripted;scripted;Because it is so.\n", "")
