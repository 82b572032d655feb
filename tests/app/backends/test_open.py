"""BACKENDS: what each backend can do is known, and a strategy that needs more refused, before anything is opened."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from app.backends.config import BackendConfig
from app.backends.embedded import EmbeddedBackend
from app.backends.open import BACKENDS, find_backend, open_backend
from app.errors import BadInput, ModelError
from app.models import CATALOGUE, Model
from app.session import check_backend
from evals.commands import main
from evals.tasks import TASKS
from graphs import STRATEGIES
from graphs.strategy import Strategy
from prompts.backend import Capability
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings
from prompts.values import UserError

LACKING = [
    (name, capability)
    for name, entry in BACKENDS.items()
    for capability in Capability
    if capability not in entry.capabilities
]


def needy(*needs: Capability) -> Strategy[Settings]:
    return Strategy(
        "needy",
        "needs much",
        STRATEGIES["cot"].build,
        Settings,
        PromptReasoner,
        templates="cot",
        needs=frozenset(needs),
    )


@pytest.fixture
def unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends that fail the test when they are opened."""

    async def opened(config: BackendConfig) -> NoReturn:
        raise AssertionError(f"{config.backend} was opened")

    for name, entry in BACKENDS.items():
        monkeypatch.setitem(BACKENDS, name, replace(entry, open=opened))


@pytest.mark.usefixtures("unopened")
@pytest.mark.parametrize(("name", "capability"), LACKING)
def test_a_strategy_that_needs_what_the_backend_lacks_is_refused(name: str, capability: Capability) -> None:
    with pytest.raises(UserError) as caught:
        check_backend(BackendConfig(backend=name), STRATEGIES["cot"], needy(capability))
    assert str(caught.value) == (
        f"needy cannot run on the {name} backend, which cannot {capability}: choose another --backend or --strategy."
    )


@pytest.mark.usefixtures("unopened")
@pytest.mark.parametrize("name", BACKENDS)
def test_what_a_backend_can_do_is_enough_for_every_strategy_that_needs_no_more(name: str) -> None:
    check_backend(BackendConfig(backend=name), needy(*BACKENDS[name].capabilities), *STRATEGIES.values())


@pytest.mark.usefixtures("unopened")
def test_the_command_line_refuses_before_the_backend_is_opened_or_a_question_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(STRATEGIES, "needy", needy(Capability.SCHEMA))
    monkeypatch.setitem(
        TASKS, "gsm8k", replace(TASKS["gsm8k"], load=lambda source: pytest.fail("a question was loaded"))
    )
    words = ("--strategy", "needy", "--backend", "scripted", "--store", str(tmp_path / "t.sqlite"))
    monkeypatch.setattr(sys, "argv", ["evals.gsm8k", *words])
    with pytest.raises(SystemExit) as ended:
        main("gsm8k")
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert "needy cannot run on the scripted backend, which cannot bind a reply to a JSON schema" in said.err


def test_every_backend_says_what_it_is() -> None:
    assert all(entry.help for entry in BACKENDS.values())
    with pytest.raises(BadInput, match=f"no backend named 'gpt': choose {', '.join(BACKENDS)}"):
        find_backend("gpt")


async def test_a_model_of_the_catalogue_that_is_missing_is_downloaded_before_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = b"GGUF\x03\0\0\0" + bytes(16)
    tiny = Model("tiny", "a few bytes", "none", len(whole), hashlib.sha256(whole).hexdigest())
    happened: list[tuple[object, ...]] = []

    def pull(model: Model, cache: Path) -> Path:
        happened.append(("pull", model.name, cache))
        (cache / "tiny.gguf").write_bytes(whole)
        return cache / "tiny.gguf"

    async def opened(path: Path, **options: object) -> object:
        happened.append(("open", path, options))
        return object()

    monkeypatch.setitem(CATALOGUE, "tiny", tiny)
    monkeypatch.setattr("app.backends.open.pull", pull)
    monkeypatch.setattr(EmbeddedBackend, "open_file", opened)
    config = BackendConfig(backend="embedded", model="tiny", cache_dir=tmp_path, slots=3, context=512, timeout=9)
    await open_backend(config)
    await open_backend(config)
    options = {"model": "tiny", "slots": 3, "context": 512, "timeout": 9}
    loaded = ("open", tmp_path / "tiny.gguf", options)
    assert happened == [("pull", "tiny", tmp_path), loaded, loaded]


async def test_a_damaged_model_is_refused_and_not_replaced_unasked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(CATALOGUE, "tiny", Model("tiny", "a few bytes", "none", 24, "0" * 64))
    monkeypatch.setattr("app.backends.open.pull", lambda *_: pytest.fail("pulled"))
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF\x03\0\0\0" + bytes(16))
    with pytest.raises(ModelError, match="run `isump models pull tiny` to fetch it anew"):
        await open_backend(BackendConfig(backend="embedded", model="tiny", cache_dir=tmp_path))


async def test_a_model_that_is_no_name_and_no_file_is_refused(tmp_path: Path) -> None:
    for model in ("gpt-9", str(tmp_path / "absent.gguf")):
        with pytest.raises(ModelError):
            await open_backend(BackendConfig(backend="embedded", model=model, cache_dir=tmp_path))
