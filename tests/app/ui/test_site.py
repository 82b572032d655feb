from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.backends.config import BackendConfig
from app.store import Store
from app.ui.backends import Backends
from app.ui.site import Site
from graphs import STRATEGIES
from graphs.isump import IsumpSettings
from graphs.strategy import Strategy
from prompts.backend import Backend, Capability
from prompts.values import UserError

SERVER = "http://me:pw@host/v1?a=1&b=<2>"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    config = BackendConfig(
        backend="openai",
        base_url=SERVER,
        api_key=SecretStr("sk-hidden"),
        replies=tmp_path / "r",
        cache_dir=tmp_path / "cache",
    )
    with Store.open(tmp_path / "t.sqlite") as store:
        yield Site(store, Backends(config), {"step_tokens": 77}, read_only=False)


def test_a_visitors_choices_go_before_the_command_lines(site: Site) -> None:
    assert site.settings_for("isump", {"max_steps": 3}) == IsumpSettings(step_tokens=77, max_steps=3)
    with pytest.raises(UserError, match="max steps cannot be 0: input should be greater"):
        site.settings_for("isump", {"max_steps": 0})
    with pytest.raises(UserError, match="no strategy"):
        site.settings_for("guess")


def test_defaults_of_a_strategy_stand_only_for_what_was_not_given(site: Site) -> None:
    assert site.settings_for("self_consistency").temperature > 0, "greedy chains would all be the same one"
    assert site.settings_for("self_consistency", {"temperature": 0.0}).temperature == 0


async def test_a_strategy_that_needs_what_the_backend_lacks_is_refused_before_a_model_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cot = STRATEGIES["cot"]
    needy = Strategy(
        "needy", "needs schemas", cot.build, cot.settings, cot.reasoner, "cot", frozenset({Capability.SCHEMA})
    )
    monkeypatch.setitem(STRATEGIES, "needy", needy)

    async def never(config: BackendConfig) -> Backend:
        raise AssertionError("opened")

    with Store.open(tmp_path / "t.sqlite") as store:
        site = Site(store, Backends(BackendConfig(backend="scripted"), never), {}, read_only=False)
        with pytest.raises(UserError, match="needy cannot run on the scripted backend"):
            await site.backend_for("scripted", "needy")
