from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.backends.scripted import ScriptedBackend
from app.cli import parser
from app.config import Config
from app.errors import BadInput, ModelError
from app.store import Store
from app.ui.site import Engines, Site
from prompts.backend import Backend
from prompts.settings import Settings


class Closing(ScriptedBackend):
    alive, closed = True, False

    async def aclose(self) -> None:
        self.closed = True


async def test_an_engine_is_opened_once_for_everyone_and_closed() -> None:
    opened: list[Closing] = []

    async def slowly(name: str) -> Backend:
        await asyncio.sleep(0.01)
        opened.append(Closing([], model=name))
        return opened[-1]

    engines = Engines("small", slowly, lambda: ["large", "small"])
    assert engines.names() == ["small", "large"]
    found = await asyncio.gather(*(engines.get(name) for name in ("small", "large", "small", "small")))
    assert [backend.model for backend in found] == ["small", "large", "small", "small"]
    assert len(opened) == 2
    await engines.aclose()
    assert all(backend.closed for backend in opened)


async def test_an_engine_that_died_is_opened_anew() -> None:
    opened: list[Closing] = []

    async def open_named(name: str) -> Backend:
        opened.append(Closing([], model=name))
        return opened[-1]

    engines = Engines("small", open_named)
    first = await engines.get("small")
    opened[0].alive = False
    second = await engines.get("small")
    assert [first, second] == opened and opened[0].closed and await engines.get("small") is second


async def test_only_a_name_that_is_offered_is_opened() -> None:
    async def never(name: str) -> Backend:
        raise AssertionError(f"{name} was opened")

    with pytest.raises(BadInput, match="choose one of small"):
        await Engines("small", never).get("/etc/passwd")


async def test_an_engine_that_could_not_be_had_is_tried_again() -> None:
    tries = 0

    async def second_time(name: str) -> Backend:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ModelError("It is not there yet.")
        return ScriptedBackend([])

    engines = Engines("small", second_time)
    with pytest.raises(ModelError):
        await engines.get("small")
    assert (await engines.get("small")).name == "scripted"


async def test_the_command_lines_engine_is_named_without_its_path(tmp_path: Path) -> None:
    replies = tmp_path / "replies.jsonl"
    replies.write_text('"Answer: 7"\n')
    config = Config(cache_dir=tmp_path)
    words = {
        "scripted": ["--backend", "scripted", "--replies", str(replies)],
        "qwen2.5-coder-1.5b-instruct": [],
        "own.gguf": ["--model", str(tmp_path / "own.gguf")],
        "maker/repo:file.gguf": ["--model", "maker/repo:file.gguf"],
        "the server's model": ["--backend", "openai"],
    }
    for name, options in words.items():
        engines = Engines.of(parser(config).parse_args(["ui", *options]), config)
        assert engines.names() == [name]
    engines = Engines.of(parser(config).parse_args(["ui", *words["scripted"]]), config)
    assert (await engines.get("scripted")).name == "scripted"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden")
    config = Config(cache_dir=tmp_path / "cache")
    args = parser(config).parse_args(["ui", "--base-url", "http://me:pw@host/v1", "--replies", str(tmp_path / "r")])
    with Store.open(tmp_path / "t.sqlite") as store:
        yield Site(store, config, Settings(step_tokens=77), False, Engines.of(args, config))


def test_no_path_address_or_key_is_shown(site: Site, tmp_path: Path) -> None:
    said = f"{tmp_path}/t.sqlite, {tmp_path}/cache/m.gguf, {tmp_path}/r, http://me:pw@host/v1 and sk-hidden failed."
    assert site.public(said) == (
        "the trace store, the model folder/m.gguf, the file of replies, the server and the key failed."
    )


def test_a_visitors_choices_stand_over_the_command_lines(site: Site) -> None:
    assert site.settings_for("isump", max_steps=3) == Settings(step_tokens=77, max_steps=3)
    assert site.settings_for("self_consistency").temperature > 0, "greedy chains would all be the same one"
    with pytest.raises(BadInput, match="The max steps cannot be 0: input should be greater"):
        site.settings_for("isump", max_steps=0)
