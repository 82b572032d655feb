from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.backends.config import BackendConfig
from app.backends.scripted import ScriptedBackend
from app.errors import BadInput, ModelError
from app.models import CATALOGUE, DEFAULT
from app.ui.backends import SLOTS, Backends
from prompts.backend import Backend

SMALL = "smollm2-135m-instruct"


class Closing(ScriptedBackend):
    """A backend that keeps the config it was opened with, and whether it was closed."""

    living, closed = True, False

    def __init__(self, config: BackendConfig) -> None:
        super().__init__([], model=config.model or "")
        self.config = config

    @property
    def alive(self) -> bool:
        return self.living

    async def aclose(self) -> None:
        self.closed = True


class Opener:
    """Opens ``Closing`` backends, and keeps them."""

    def __init__(self) -> None:
        self.opened: list[Closing] = []

    async def __call__(self, config: BackendConfig) -> Backend:
        await asyncio.sleep(0.01)
        self.opened.append(Closing(config))
        return self.opened[-1]


def embedded(cache: Path, **options: str) -> BackendConfig:
    return BackendConfig(backend="embedded", cache_dir=cache, **options)  # pyright: ignore[reportArgumentType]


def download(cache: Path, name: str) -> None:
    """Put a file of the right size where the model would be; it takes no room on the disk."""
    model = CATALOGUE[name]
    assert model.bytes
    with model.path(cache).open("wb") as file:
        file.truncate(model.bytes)


async def test_a_backend_is_opened_once_for_everyone_and_closed(tmp_path: Path) -> None:
    download(tmp_path, SMALL)
    opener = Opener()
    backends = Backends(embedded(tmp_path), opener)
    assert backends.names() == [DEFAULT, SMALL]
    found = await asyncio.gather(*(backends.get(name) for name in (DEFAULT, SMALL, DEFAULT, DEFAULT)))
    assert [backend.model for backend in found] == ["", SMALL, "", ""], "the default is left to the backend"
    assert [backend.config.slots for backend in opener.opened] == [SLOTS, SLOTS]
    await backends.aclose()
    assert len(opener.opened) == 2 and all(backend.closed for backend in opener.opened)


async def test_a_backend_that_died_is_opened_anew(tmp_path: Path) -> None:
    opener = Opener()
    backends = Backends(embedded(tmp_path), opener)
    first = await backends.get(DEFAULT)
    opener.opened[0].living = False
    second = await backends.get(DEFAULT)
    assert [first, second] == opener.opened and opener.opened[0].closed and await backends.get(DEFAULT) is second


async def test_only_a_name_that_is_offered_is_opened(tmp_path: Path) -> None:
    opener = Opener()
    backends = Backends(embedded(tmp_path), opener)
    for name in ("/etc/passwd", SMALL):
        with pytest.raises(BadInput, match=f"choose one of {DEFAULT}"):
            await backends.get(name)
    assert opener.opened == []


async def test_a_backend_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    tries = 0

    async def second_time(config: BackendConfig) -> Backend:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ModelError("It is not there yet.")
        return ScriptedBackend([])

    backends = Backends(embedded(tmp_path), second_time)
    with pytest.raises(ModelError):
        await backends.get(DEFAULT)
    assert (await backends.get(DEFAULT)).name == "scripted"


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"backend": "scripted"}, "scripted"),
        ({}, DEFAULT),
        ({"model": "/home/ann/own.gguf"}, "/home/ann/own.gguf"),
        ({"model": "maker/repo:file.gguf"}, "maker/repo:file.gguf"),
        ({"backend": "openai"}, "the server's model"),
        ({"backend": "openai", "model": "gpt"}, "gpt"),
    ],
)
async def test_the_backend_of_the_command_line_is_named(options: dict[str, str], name: str, tmp_path: Path) -> None:
    opener = Opener()
    backends = Backends(BackendConfig.model_validate({"cache_dir": tmp_path, **options}), opener)
    assert backends.names() == [name]
    backend = await backends.get(name)
    assert opener.opened[0].config.model == options.get("model")
    assert backend.model == options.get("model", "")
