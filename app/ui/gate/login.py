"""The page that asks for a name and a password, and what is done with them. It needs nothing of Gradio's.

login = Login(Users(path))
response = await login.post(scope, body)    # 303 with a cookie, 400 for a wrong password, 429 for a locked address
user = login.user(scope)
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from app.sanitize import sanitize
from app.ui.gate.lockout import Lockout, network
from app.ui.gate.sessions import LONGEST_SECONDS, Sessions
from app.ui.html.login import login_html

LINKED = ("attempt", "step", "run")
"""What of an address's query survives a log-in: a link into the page."""
_HASHED_AT_ONCE, _WAITING = 2, 50
_LONGEST_NAME = 64
_WRONG = "This name and password do not belong together."

logger = logging.getLogger(__name__)


class Accounts(Protocol):
    """Who may log in."""

    def line(self, name: str) -> str | None:
        """What is known of a user; none for a stranger."""
        ...

    def verify(self, name: str, password: str) -> str | None:
        """The same, if the password is right."""
        ...


class Login:
    """Log-ins of one server."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.sessions = Sessions()
        self.lockout = Lockout()
        self._hashing = anyio.CapacityLimiter(_HASHED_AT_ONCE)

    def user(self, scope: Scope) -> str | None:
        """Who sent a request; none when nobody is logged in there."""
        token = Request(scope).cookies.get(_cookie(scope))
        return self.sessions.user(token, self.accounts.line) if token else None

    def ask(self, scope: Scope) -> Response:
        """The page with its form."""
        return _page(200, _link(Request(scope).url.query))

    async def post(self, scope: Scope, body: bytes) -> Response:
        """Log in with what the form sent."""
        try:
            sent = dict(parse_qsl(body.decode("utf-8"), max_num_fields=10, errors="strict"))
        except ValueError:
            return _page(400, "", "The form cannot be read: reload the page.")
        name, password, link = sent.get("username", "").strip(), sent.get("password", ""), _link(sent.get("link", ""))
        if not name or not password:
            return _page(400, link, _WRONG)
        address = scope["client"][0] if scope.get("client") else ""
        wait = self.lockout.wait_for_address(address)
        if wait or self._hashing.statistics().tasks_waiting >= _WAITING:
            logger.warning("A log-in from %s was refused for %.0f s", network(address), wait or 1)
            words = f"Too many log-ins have failed here: try again in {wait or 1:,.0f} s."
            return _page(429, link, words, {"Retry-After": str(int(wait) + 1)})
        name = name[:_LONGEST_NAME]
        self.lockout.tried(address, name)
        await asyncio.sleep(self.lockout.wait_for_name(name))
        line = await anyio.to_thread.run_sync(self.accounts.verify, name, password, limiter=self._hashing)
        if line is None:
            logger.warning("A log-in from %s as %r failed", network(address), sanitize(name))
            return _page(400, link, _WRONG)
        self.lockout.forgive(address, name)
        response = RedirectResponse(f"/?{link}" if link else "/", 303, {"Cache-Control": "no-store"})
        response.set_cookie(
            _cookie(scope),
            self.sessions.begin(name, line),
            max_age=int(LONGEST_SECONDS),
            httponly=True,
            samesite="lax",
            secure=scope["scheme"] == "https",
        )
        return response

    def end(self, scope: Scope) -> Response:
        """Log out."""
        if token := Request(scope).cookies.get(_cookie(scope)):
            self.sessions.end(token)
        response = to_login("")
        response.delete_cookie(_cookie(scope))
        return response


def to_login(query: str) -> Response:
    """Leads a browser that asked for the page to the form, and from there back to where its link leads."""
    link = _link(query)
    return RedirectResponse(f"/login?{link}" if link else "/login", 303, {"Cache-Control": "no-store"})


def _cookie(scope: Scope) -> str:
    """The cookie's name: browsers keep one jar for all ports of a host, and a server may run on each."""
    server = scope.get("server")
    return f"isump-{server[1] if server else 0}"


def _link(query: str) -> str:
    """What of ``query`` leads into the page, written anew."""
    try:
        found = parse_qsl(query[:1000], max_num_fields=20)
    except ValueError:
        return ""
    return urlencode([(name, value[:16]) for name, value in found if name in LINKED and value[:16].isdecimal()])


def _page(status: int, link: str, error: str = "", headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(str(login_html(link, error)), status, {"Cache-Control": "no-store", **(headers or {})})
