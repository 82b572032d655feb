"""Serves the page: typed options become a Site, the Site an ASGI app, and Ctrl-C ends it quietly.

    serve(Path("isump.sqlite"), BackendConfig(), Settings(), Serving(port=7860))

Gradio is mounted in a server of our own: its ``launch`` runs in a thread, with a loop that the backends could not be
closed in, and finds a free port only by trying.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import log
from app.backends.config import BackendConfig
from app.store import Store
from app.ui.access import LOCAL_HOSTS, Serving, address, listen, required_login, trusted_proxies
from app.ui.backends import Backends
from app.ui.gate.connections import limited
from app.ui.gate.login import Accounts
from app.ui.limits import HEADER_BYTES, IDLE_SECONDS
from app.ui.site import Site
from app.ui.stores import UserStores
from prompts.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none';"
    " form-action 'self'; base-uri 'self'; object-src 'none'"
)
"""Nothing is fetched from, or sent to, another host; Gradio's own page needs inline scripts and eval."""


def serve(store: Path, backend: BackendConfig, settings: Settings, serving: Serving) -> int:
    """Serve the app until Ctrl-C; the exit code of the process.

    Args:
        store: The trace store, which a read-only app does not create.
        backend: The backend that visitors may use.
        settings: The settings of an attempt unless a visitor chooses others.
        serving: Where the app is reached, and by whom.

    Raises:
        BadInput: The host, port or password cannot be used, or the host would open the app to strangers.
        StoreError: The trace store cannot be used.
    """
    accounts, proxies = required_login(serving), trusted_proxies(serving)
    if serving.auth is not None:
        log.hide(serving.auth.get_secret_value().partition(":")[2])
    with contextlib.ExitStack() as stack:
        stores = None
        if serving.users is None or serving.shared:
            opened = Store.open(store, read_only=True) if serving.read_only else Store.open(store)
        else:
            stores = stack.enter_context(UserStores(store, read_only=serving.read_only))
            opened = Store.open(":memory:")
        stack.enter_context(opened)
        listener = stack.enter_context(listen(serving.host, serving.port))
        site = Site(opened, Backends(backend), settings, serving.read_only, stores, has_login=accounts is not None)
        app = asgi(site, accounts, LOCAL_HOSTS if serving.private else ("*",))
        config = configured(app, proxies, serving.max_connections)
        asyncio.run(_serve(site, listener, config, address(serving.host, listener)))
    return 0


def configured(app: Starlette, proxies: Sequence[str], connections: int) -> uvicorn.Config:
    """How ``app`` is served: with limits of size, time and number, and its errors in the log file alone.

    Only a proxy whose address is among ``proxies``, or in a network of them, is believed who it speaks for.
    """
    _allow_files(connections)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a request that is no HTTP is no news
    return uvicorn.Config(
        app,
        http=limited(connections),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        limit_concurrency=connections,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=1,
    )


def asgi(site: Site, accounts: Accounts | None = None, hosts: Sequence[str] = LOCAL_HOSTS) -> FastAPI:
    """The app for any ASGI server; ``accounts`` say who may log in, and without them everybody may ask.

    A request that names a host not in ``hosts`` is refused, because a page on the internet can give its own name to
    this machine's address and then read what the app shows.
    """
    import gradio as gr  # takes seconds, which a mistyped option should not cost
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from app.ui.gate.gate import VISIT, Gate
    from app.ui.gate.health import Health
    from app.ui.gate.login import Login
    from app.ui.page import appearance, page

    shown, login = page(site), None if accounts is None else Login(accounts)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Gate, login=login, health=Health(site), handlers=shown.fns, page_of=shown.page_of)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(_Policy)
    return gr.mount_gradio_app(
        app,
        shown,
        "/",
        auth_dependency=None if login is None else lambda request: request.scope[VISIT].user,
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        show_error=False,
        max_file_size=1,  # nothing is ever uploaded
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        **appearance(),
    )


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


class _Policy:
    """Adds to every response what a browser may do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = CONTENT_POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
            await send(message)

        await self.app(scope, receive, with_policy)


def _allow_files(connections: int) -> None:
    """Let this process have a file open for each connection, as far as the system lets it."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 500
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
