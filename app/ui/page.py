"""The page: a heading and the tabs Solve, Traces, Compare and Runs; its theme and styles; links into it.

    page(site).launch(**appearance())

``?attempt=12&step=3`` opens the trace of attempt 12 at step 3, ``?run=2`` the items of run 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.themes import Base, Default
from gradio.themes.utils import colors
from gradio.utils import cancel_tasks

from app.ui.bindings import EVENT_DEFAULTS
from app.ui.html.text import markup
from app.ui.site import Site
from app.ui.tabs import compare, runs, solve, traces

HEADING = markup("""
<header class="heading">
  <h1>iSUMp</h1>
  <p>Step-by-step reasoning with a bounded context: after every step there is a memory of <em>what we know</em> and
  <em>what to do next</em>, and nothing but that and the question produces the next step.</p>
</header>
""")
_NUMBER = re.compile(r"[0-9]{1,15}")  # more digits would not fit SQLite's integers


@dataclass(frozen=True, slots=True)
class Link:
    """The selection in the address of the page."""

    attempt: int | None = None
    run: int | None = None


def read_link(query: Mapping[str, str]) -> Link:
    """The link in an address's query; what is no number is as if it were not there."""
    found = {name: int(query[name]) for name in ("attempt", "run") if name in query and _NUMBER.fullmatch(query[name])}
    return Link(**found)


def page(site: Site) -> gr.Blocks:
    """The whole app, ready to be launched or mounted; a read-only one has no Solve tab."""
    with gr.Blocks(title="iSUMp", analytics_enabled=False, fill_width=True) as demo:
        gr.HTML(HEADING)
        with gr.Tabs() as tabs:
            if not site.read_only:
                with gr.Tab("Solve", id="solve"):
                    solve.build(site)
            with gr.Tab("Traces", id="traces"):
                traces.build(site)
            with gr.Tab("Compare", id="compare"):
                compare.build(site)
            with gr.Tab("Runs", id="runs"):
                run = runs.build(site)

        def open_link(request: gr.Request) -> tuple[object, object]:
            link = read_link(request.query_params)
            if link.attempt is not None:
                return gr.Tabs(selected="traces"), gr.skip()  # the tab itself opens the attempt at its step
            if link.run is not None:
                return gr.Tabs(selected="runs"), link.run
            return gr.skip(), gr.skip()

        async def leave(request: gr.Request) -> None:
            await cancel_tasks({f"{request.session_hash}_{number}" for number in demo.fns})

        # Unqueued: Gradio closes the stream of a session's queued events when the last of them ends, and the answers to
        # one that joins at that very moment are lost (a first click, right after the page is there).
        demo.load(open_link, None, [tabs, run], queue=False, **EVENT_DEFAULTS)
        demo.unload(leave)  # without it, what runs for a visitor goes on until it has something more to show
    demo.max_threads = 200  # events at once, over all visitors; a question being solved is one
    demo.queue(default_concurrency_limit=None, api_open=False)
    return demo


def appearance() -> dict[str, Any]:
    """Theme and style, as the arguments that ``launch`` and ``mount_gradio_app`` take."""
    return {"theme": _theme(), "css_paths": sorted((Path(__file__).parent / "static").glob("*.css"))}


def _theme() -> Base:
    """One accent colour, the reader's own fonts (none is fetched), and text that is dark enough to read."""
    return Default(
        primary_hue=colors.indigo,
        secondary_hue=colors.indigo,
        neutral_hue=colors.slate,
        font=("ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=("ui-monospace", "Consolas", "monospace"),
    ).set(
        color_accent="*primary_600",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="white",
        link_text_color_dark="*primary_300",
        link_text_color_hover_dark="*primary_200",
        link_text_color_visited_dark="*primary_300",
        link_text_color_active_dark="*primary_300",
        slider_color="*primary_600",
        slider_color_dark="*primary_500",
    )
