"""Server of the page: typed options become a Site, the Site an ASGI app, and Ctrl-C ends it quietly.

    serve(Path("isump.sqlite"), BackendConfig(), {}, Serving(port=7860))

Gradio is mounted in a server of our own: its ``launch`` runs in a thread, with a loop that the backends could not be
closed in, and finds a free port only by trying.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.backends.config import BackendConfig
from app.store import Store
from app.ui.access import LOCAL_HOSTS, Serving, address, listen, required_login
from app.ui.backends import Backends
from app.ui.site import Site
from prompts.values import UserError

if TYPE_CHECKING:
    from fastapi import FastAPI

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none';"
    " form-action 'self'; base-uri 'self'; object-src 'none'"
)
"""Nothing is fetched from, or sent to, another host; Gradio's own page needs inline scripts and eval."""


def serve(store: Path, backend: BackendConfig, settings: Mapping[str, Any], serving: Serving) -> int:
    """Serve the page until Ctrl-C; returns the exit code of the process.

    Args:
        store: The trace store, which a read-only page does not create.
        backend: The backend that visitors may use.
        settings: The settings of an attempt unless a visitor chooses others.
        serving: Address of the page, and who may use it.

    Raises:
        BadInput: The host, port or password cannot be used, or the host would open the page to strangers.
        StoreError: The trace store cannot be used.
    """
    login = required_login(serving)
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(Store.open(store, read_only=True) if serving.read_only else Store.open(store))
        listener = stack.enter_context(listen(serving.host, serving.port))
        site = Site(opened, Backends(backend), settings, serving.read_only)
        config = uvicorn.Config(
            asgi(site, login, LOCAL_HOSTS if serving.private else ("*",)),
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=serving.behind_proxy,
            forwarded_allow_ips="*" if serving.behind_proxy else None,
            timeout_graceful_shutdown=1,
        )
        asyncio.run(_serve(site, listener, config, address(serving.host, listener)))
    return 0


def asgi(site: Site, login: tuple[str, str] | None = None, hosts: Sequence[str] = LOCAL_HOSTS) -> FastAPI:
    """The page for any ASGI server; ``login`` is the user and password that Gradio asks for.

    A request that names a host not in ``hosts`` is refused, because a page on the internet can give its own name to
    this machine's address and then read what this one shows.
    """
    import gradio as gr  # takes seconds, which a mistyped option should not cost
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from app.ui.page import appearance, page

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SameOrigin)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)

    @app.get("/health")
    def health() -> JSONResponse:  # in a thread, as FastAPI runs it: a store that is locked may wait
        try:
            site.store.attempts(1)
        except UserError:
            return JSONResponse({"status": "failing", "store": "not readable"}, 503)
        return JSONResponse({"status": "ok", "version": version("isump"), "backend": site.backends.state})

    return gr.mount_gradio_app(
        app,
        page(site),
        "/",
        auth=None if login is None else [login],
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        show_error=False,
        max_file_size=1,  # byte: nothing is ever uploaded
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        **appearance(),
    )


class SameOrigin:
    """ASGI middleware: refuses what the page of another site sends, and tells a browser what it may load."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a request of another origin, or add the content policy to the response."""
        if scope["type"] == "http" and scope["method"] != "GET" and _is_foreign(Headers(scope=scope)):
            await JSONResponse({"error": "This request comes from the page of another site."}, 403)(
                scope, receive, send
            )
            return

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = CONTENT_POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
            await send(message)

        await self.app(scope, receive, with_policy)


def _is_foreign(headers: Headers) -> bool:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
    try:
        other = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:
        other = True
    return other or site not in ("same-origin", "none")


async def _serve(site: Site, listener: socket.socket, config: uvicorn.Config, address: str) -> None:
    server = _Server(config, address)
    await server.serve(sockets=[listener])
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await site.backends.aclose()


class _Server(uvicorn.Server):
    """Prints its address once it answers, and ends without output on SIGINT and SIGTERM."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self.address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"iSUMp is open at {self.address} (Ctrl-C ends it)", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Open pages hold streams that end only when they are cut off, which uvicorn would report as errors.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Unlike uvicorn's own, this does not raise the signal again once the server has ended.
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
