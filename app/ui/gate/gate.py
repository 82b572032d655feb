"""The gate: an ASGI middleware that lets through to Gradio only what the page itself asks for, of whom may ask.

    app.add_middleware(Gate, login=Login(users), health=Health(site), handlers=page.fns, page_of=page.page_of)

What is not listed here does not exist: Gradio has some sixty routes (uploads, files, proxies, recordings, its API), of
which its page needs ten. Each request is judged in this order: where it comes from, which route, who sent it, how
large it is and how long it takes, and what a call of a handler holds.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ui.gate.bodies import Budget, receive_body, replay
from app.ui.gate.calls import PAGE, Cancel, Handler, as_body, read_call, read_cancel
from app.ui.gate.health import PATH as HEALTH
from app.ui.gate.health import Health
from app.ui.gate.login import LINKED, Login, to_login
from app.ui.gate.refusal import Refusal
from app.ui.limits import ALL_BYTES, BODY_SECONDS, CALL_BYTES, LOGIN_BYTES, SMALL_BYTES

LOGIN, LOGOUT = "/login", "/logout"
JOIN, RUN, CANCEL = "/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/cancel"
EVENTS, HEARTBEAT = "/gradio_api/queue/data", "/gradio_api/heartbeat/"
READ = frozenset({"/", "/config", "/theme.css", "/favicon.ico", "/gradio_api/app_id", EVENTS})
"""What is read by its exact path."""
READ_UNDER = ("/assets/", "/static/", HEARTBEAT)
WRITTEN = frozenset({JOIN, RUN, CANCEL})
MOST_PAGES = 10_000
"""Open pages whose user is remembered."""
_PASSED = frozenset({b"host", b"accept", b"accept-encoding", b"if-none-match", b"if-modified-since"})
"""Headers that Gradio gets. It would believe anybody's X-Forwarded-Host or X-Gradio-Server, and let other sites read
what it answers to their Origin; uvicorn has used the headers of a trusted proxy before they come here."""
_ASKED = (*LINKED, "session_hash")
"""What of a query Gradio gets; it would take more, such as the name of another page or of a stored state."""
_PAGE = re.compile(PAGE)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Visit:
    """One request on its way to a handler: who sent it, and whether the handler refused it with a sentence."""

    user: str | None = None
    refused: bool = False


VISIT = "isump.visit"
"""Where the scope of a request holds its ``Visit``."""


class Gate:
    """Stands before ``app``; without a ``login`` everybody may ask.

    ``page_of`` says which open page a call that has not ended is of. A body has ``seconds`` to arrive.
    """

    def __init__(
        self,
        app: ASGIApp,
        login: Login | None,
        health: Health,
        handlers: Mapping[int, Handler],
        page_of: Callable[[str], str | None],
        seconds: float = BODY_SECONDS,
    ) -> None:
        self.app, self.login, self.health, self.handlers, self.seconds = app, login, health, handlers, seconds
        self._page_of = page_of
        self._budget = Budget(ALL_BYTES)
        self._pages: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through; whatever goes wrong behind is logged once."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            response = await self._answer(scope, receive, send_on)
        except Refusal as refusal:
            response = refusal.response()
        except Exception as error:
            if not isinstance(error.__cause__ or error, HTTPException):  # Gradio's end of a stream that nobody reads
                logger.exception("A request for %s failed", scope["path"][:200])
            response = JSONResponse({"error": "The program made a mistake: its log file says which."}, 500)
            if begun:
                with contextlib.suppress(RuntimeError):  # the response was complete before it failed
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        if response is not None and not begun:
            await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """The response, unless Gradio gives it."""
        method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
        if method == "POST":
            _check_origin(headers)
        elif method not in ("GET", "HEAD"):
            raise Refusal(405, f"{method[:20]} is not taken here.", closes=True)
        elif headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
            raise Refusal(400, f"A {method} request has no body.", closes=True)
        if path == HEALTH and method != "POST":
            return await self.health.response()
        if self.login is not None and path in (LOGIN, LOGOUT):
            return await self._log_in_or_out(self.login, scope, receive)
        user = self.login.user(scope) if self.login is not None else None
        if self.login is not None and user is None:
            if path == "/" and method != "POST":
                return to_login(scope["query_string"].decode("latin-1"))
            raise Refusal(401, "Nobody is logged in here: reload the page.", closes=method == "POST")
        known = path in WRITTEN if method == "POST" else path in READ or path.startswith(READ_UNDER)
        if not known:
            raise Refusal(404, "There is nothing here.", closes=method == "POST")
        asked, visit = _asked(scope["query_string"]), Visit(user)
        own = [(name, value) for name, value in scope["headers"] if name.lower() in _PASSED]
        passed = {**scope, "headers": own, "query_string": urlencode(asked).encode(), VISIT: visit}
        if method == "POST":
            body = await self._body(scope, receive, user)
            await self._write(passed, body, receive, send, visit)
        else:
            self._check_page(path, asked.get("session_hash", ""), user)
            await self.app(passed, receive, send)
        return None

    async def _log_in_or_out(self, login: Login, scope: Scope, receive: Receive) -> Response:
        if scope["method"] != "POST":
            return login.ask(scope) if scope["path"] == LOGIN else to_login("")
        if scope["path"] == LOGOUT:
            return login.end(scope)
        with self._budget.share() as share:
            return await login.post(scope, await receive_body(scope, receive, share, LOGIN_BYTES, self.seconds))

    async def _body(self, scope: Scope, receive: Receive, user: str | None) -> bytes:
        """What of the body of a request Gradio gets: a call, or the end of one, of the user's own page."""
        path = scope["path"]
        with self._budget.share() as share:
            most = SMALL_BYTES if path == CANCEL else CALL_BYTES
            body = await receive_body(scope, receive, share, most, self.seconds)
            sent = read_cancel(body) if path == CANCEL else read_call(body, self.handlers)
            self._claim(sent.session_hash, user)
            if isinstance(sent, Cancel) and self._page_of(sent.event_id) not in (None, sent.session_hash):
                raise Refusal(404, "There is no such call: reload the page.")
            return as_body(sent)

    async def _write(self, scope: Scope, body: bytes, receive: Receive, send: Send, visit: Visit) -> None:
        about = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

        async def send_refused(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 500 and visit.refused:
                message["status"] = 422  # Gradio knows no other status for an error of a handler
            await send(message)

        await self.app({**scope, "headers": [*scope["headers"], *about]}, replay(body, receive), send_refused)

    def _check_page(self, path: str, page: str, user: str | None) -> None:
        """Refuse the events of a page that is not open, or is somebody else's."""
        if path.startswith(HEARTBEAT):
            page = path.removeprefix(HEARTBEAT)
        elif path != EVENTS:
            return
        if not _PAGE.fullmatch(page) or (path == EVENTS and page not in self._pages):
            raise Refusal(404, "There is no such page: reload it.")
        self._claim(page, user)

    def _claim(self, page: str, user: str | None) -> None:
        """Remember whose page it is; raises ``Refusal`` when it is another user's."""
        if self._pages.setdefault(page, user or "") != (user or ""):
            raise Refusal(404, "There is no such page: reload it.")
        self._pages.move_to_end(page)
        while len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)


def _asked(query: bytes) -> dict[str, str]:
    """What the page asks with, each once: of two Gradio would take the other one than we do."""
    try:
        return {name: value for name, value in parse_qsl(query.decode("latin-1"), max_num_fields=20) if name in _ASKED}
    except ValueError:
        return {}


def _check_origin(headers: Headers) -> None:
    """Refuse what the page of another site sends in the name of whoever has it open."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
    try:
        foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:
        foreign = True
    if foreign or site not in ("same-origin", "none"):
        raise Refusal(403, "This request comes from the page of another site.", closes=True)
