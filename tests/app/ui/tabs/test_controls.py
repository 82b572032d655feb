from __future__ import annotations

from dataclasses import replace

import gradio as gr
import pytest

from app.ui.site import Site
from app.ui.tabs import controls
from graphs import DEFAULT, SETTINGS, STRATEGIES


def in_view(updates: list[dict[str, object]]) -> set[str]:
    return {name for name, update in zip(SETTINGS, updates, strict=True) if update["visible"]}


async def test_every_setting_has_a_control_and_those_of_the_strategy_are_in_view(site: Site) -> None:
    with gr.Blocks():
        made = controls.build(site)
    assert {name for name, control in zip(SETTINGS, made, strict=True) if control.visible} == set(
        STRATEGIES[DEFAULT].settings.model_fields
    )
    for name, strategy in STRATEGIES.items():
        assert in_view(controls.of_strategy(site, name)) == set(strategy.settings.model_fields)


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_untouched_controls_are_the_settings_of_the_command_line_else_the_defaults(
    site: Site, strategy: str
) -> None:
    site = replace(site, settings={"max_steps": 7, "step_tokens": 77})
    with gr.Blocks():
        values = {name: control.value for name, control in zip(SETTINGS, controls.build(site), strict=True)}
    for name, update in zip(SETTINGS, controls.of_strategy(site, strategy), strict=True):
        values[name] = update.get("value", values[name])
    values["max_seconds"] = None  # emptied
    assert site.settings_for(strategy, controls.chosen(list(values.values()))) == site.settings_for(strategy)
