"""Every route of an app, those of what is mounted or included in it too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from starlette.applications import Starlette
from starlette.routing import Mount, Route, Router


def routes(app: Router | Starlette) -> Iterator[tuple[str, str]]:
    """Every method and path of the app and of what is mounted or included in it, placeholders filled."""
    for route in app.routes:
        if isinstance(included := getattr(route, "original_router", None), Router):  # FastAPI's include_router
            yield from routes(included)
        elif isinstance(route, Mount) and isinstance(route.app, Starlette):
            yield from routes(route.app)
        elif isinstance(route, Mount):
            yield "GET", f"{route.path}/x"
        elif isinstance(route, Route):
            yield from ((method, re.sub(r"\{[^}]*\}", "x", route.path)) for method in route.methods or ())
