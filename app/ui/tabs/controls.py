"""Controls of the settings: one for each that any strategy has; those of the chosen strategy are in view.

inputs = build(site)         # drawn inside the current context
chosen(values)               # what they hold, as settings by name
of_strategy(site, "cot")     # the same controls for another strategy
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import gradio as gr
from gradio.components import Component

from app.ui.site import Site
from graphs import DEFAULT, SETTINGS

PROMINENT = ("step_tokens", "memory_tokens", "memory")
"""The settings in view at first; the others are behind "More settings"."""


def build(site: Site) -> list[Component]:
    """The controls of ``SETTINGS``, in that order, as they are for the strategy that is chosen at first."""
    made = {name: _control(name, site) for name in PROMINENT}
    with gr.Accordion("More settings", open=False), gr.Row():
        made |= {name: _control(name, site) for name in SETTINGS if name not in PROMINENT}
    return [made[name] for name in SETTINGS]


def chosen(values: Sequence[Any]) -> dict[str, Any]:
    """The settings that the controls hold; one that was emptied stays open to its default."""
    return {name: value for name, value in zip(SETTINGS, values, strict=True) if value is not None}


def of_strategy(site: Site, strategy: str) -> list[dict[str, Any]]:
    """Updates of the controls for a strategy: its own are in view, with its default where strategies differ in that."""
    settings, updates = site.settings_for(strategy), list[dict[str, Any]]()
    for name, owners in SETTINGS.items():
        differs = strategy in owners and len({field.default for field in owners.values()}) > 1
        update = {"value": getattr(settings, name)} if differs else {}
        updates.append(gr.update(visible=strategy in owners, **update))
    return updates


def _control(name: str, site: Site) -> Component:
    strategy = DEFAULT if DEFAULT in (owners := SETTINGS[name]) else next(iter(owners))
    field, value = owners[strategy], getattr(site.settings_for(strategy), name)
    label = name.replace("_", " ").capitalize()
    about: Any = {"label": label, "info": field.description, "visible": DEFAULT in owners, "min_width": 150}
    if choices := get_args(field.annotation):
        return gr.Dropdown(list(choices), value=value, **about)
    if field.annotation is bool:
        return gr.Checkbox(value, **about)
    if field.annotation is str:
        return gr.Textbox(value, **about)
    return gr.Number(value, precision=0 if field.annotation is int else None, **about)
