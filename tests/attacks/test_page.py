"""Strangers, other web pages and users who are logged in attack a real `isump ui`: nothing breaks, nothing leaks."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from app.store import Store
from app.ui.gate.gate import READ, READ_UNDER, WRITTEN
from app.ui.gate.users import OneUser
from app.ui.server import asgi
from app.ui.site import Site
from evals.page_client import CANCEL, JOIN, RUN
from prompts.settings import Settings
from tests.app.ui.routes import routes
from tests.app.ui.scripts import scripted_backends
from tests.attacks.pages import (
    ENDED,
    HANGS,
    HOST,
    Server,
    answered,
    asking,
    cookie_line,
    password_of,
    status,
)

MEGABYTE = 1024 * 1024
HUGE = 400 * MEGABYTE
GROWTH = 40 * MEGABYTE
"""What the process may grow by, whatever is sent to it."""


# Routes


@pytest.fixture(scope="module")
def known() -> list[tuple[str, str]]:
    """Every method and path of the app, Gradio's included, and those that the page asks for under them."""

    async def found() -> set[tuple[str, str]]:
        with Store.open(":memory:") as store:
            return {*routes(asgi(Site(store, scripted_backends([]), Settings(), False), OneUser("ann", "secret")))}

    every = {*asyncio.run(found()), *(("POST", path) for path in WRITTEN), *(("GET", path) for path in READ)}
    assert len(every) > 60
    return sorted(every)


def test_strangers_get_the_log_in_and_nothing_else(server: Server, known: list[tuple[str, str]]) -> None:
    with asking(server) as stranger:
        for method, path in known:
            answer = stranger.request(method, path)
            allowed = {"/health": (200, 405), "/login": (200, 400), "/logout": (303,), "/": (303, 401)}
            assert answer.status_code in allowed.get(path, (401, 405)), (method, path, answer.status_code)
            assert answer.headers.get("location", "/login") == "/login"
            assert "gradio" not in answer.text.lower(), (method, path)


def test_users_get_what_the_page_needs_and_nothing_else(
    server: Server, known: list[tuple[str, str]], cookies: dict[str, httpx.Cookies]
) -> None:
    needed = {*READ, *WRITTEN, "/health", "/login"}
    with asking(server, cookies["ann"]) as ann:
        for method, path in known:
            if path in (*needed, "/logout") or path.startswith(READ_UNDER):
                continue
            answer = ann.request(method, path, json={} if method == "POST" else None)
            assert answer.status_code in (404, 405), (method, path, answer.status_code)


def test_nothing_of_gradios_is_found_under_other_spellings(server: Server, cookies: dict[str, httpx.Cookies]) -> None:
    with asking(server, cookies["ann"]) as ann:
        for path in (
            *("/CONFIG", "/config/", "//config", "/./config", "/%63onfig", "/config;x", "/config%20", "/config%00"),
            *("/gradio_api//info", "/gradio_api/./info", "/gradio_api/Info", "/gradio_api%2finfo", "/gradio_api/info/"),
            *("/gradio_api/queue/../info", "/gradio_api/heartbeat/../info", "/assets/../gradio_api/info"),
            *("/static/..%2f..%2fgradio_api/upload", "/x/../openapi.json", "/gradio_api/openapi.json?x=/config"),
        ):
            target = ann.build_request("GET", server.url)
            target.url = target.url.copy_with(raw_path=path.encode())
            answer = ann.send(target)
            assert answer.status_code in (200, 403, 404), path
            assert answer.status_code != 200 or path in ("/%63onfig", "/./config"), path
            assert "openapi" not in answer.text, path


# Hostile HTTP

TEN_THOUSAND = b"".join(b"X-%d: y\r\n" % n for n in range(10_000))
REQUESTS: dict[str, bytes] = {
    **{
        f"method {name}": name.encode() + b" / HTTP/1.1\r\n" + HOST + ENDED
        for name in (
            "PUT",
            "DELETE",
            "PATCH",
            "OPTIONS",
            "TRACE",
            "CONNECT",
            "PROPFIND",
            "get",
            "G%45T",
            "X" * 5000,
        )
    },
    "no Host": b"GET /login HTTP/1.1\r\n" + ENDED,
    "two Hosts": b"GET /login HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n" + ENDED,
    "HTTP/1.0 without Host but Origin": b"GET /login HTTP/1.0\r\nOrigin: http://evil.example\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(64),
    "HTTP/9.9": b"GET / HTTP/9.9\r\n" + HOST + ENDED,
    "upgrade": b"GET /gradio_api/queue/join HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + ENDED,
    "TLS": bytes.fromhex("16030100a5010000a103") + bytes(range(160)),
    "nothing": b"",
    "half a line": b"GET /log",
    "line ends": b"\r\n" * 1000,
    "NULs": bytes(4096),
    "noise": bytes(range(256)) * 16,
    "another protocol": b"SSH-2.0-OpenSSH_9.9\r\n",
    "a long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + ENDED,
    "a long header": b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 100_000 + b"\r\n" + ENDED,
    "a long cookie": b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: " + b"a=b; " * 5000 + b"\r\n" + ENDED,
    "many headers": b"GET / HTTP/1.1\r\n" + HOST + TEN_THOUSAND + ENDED,
    "a folded header": b"GET /login HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n" + ENDED,
    "a header without a colon": b"GET / HTTP/1.1\r\n" + HOST + b"header\r\n" + ENDED,
    "a header with a space": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length : 3\r\n" + ENDED + b"abc",
    "a header with a NUL": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n" + ENDED,
    "a header with bytes": b"GET /login HTTP/1.1\r\n" + HOST + b"X: \xff\xfe\x80\r\nCookie: \xff=\xfe\r\n" + ENDED,
    "an absolute target": b"GET http://evil.example/config HTTP/1.1\r\n" + HOST + ENDED,
    "a target of another": b"GET //evil.example/login HTTP/1.1\r\n" + HOST + ENDED,
    "a star": b"OPTIONS * HTTP/1.1\r\n" + HOST + ENDED,
    "no slash": b"GET config HTTP/1.1\r\n" + HOST + ENDED,
    "a NUL in the path": b"GET /login%00 HTTP/1.1\r\n" + HOST + ENDED,
    "a raw NUL in the path": b"GET /login\0 HTTP/1.1\r\n" + HOST + ENDED,
    "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + ENDED,
    "bad UTF-8 in the path": b"GET /%ff%fe%c0%af HTTP/1.1\r\n" + HOST + ENDED,
    "bad UTF-8 in the query": b"GET /login?attempt=%ff%fe&%c0%af=%ed%a0%80 HTTP/1.1\r\n" + HOST + ENDED,
    "bad escapes": b"GET /login?%=%zz&%u1234&attempt=%0 HTTP/1.1\r\n" + HOST + ENDED,
    "a body of a GET": b"GET /login HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n" + ENDED + b"hello",
    "two lengths": b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 30\r\n" + ENDED + b"a=b",
    "a length and chunks": b"POST /login HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
    + ENDED
    + b"0\r\n\r\nGET /config HTTP/1.1\r\n"
    + HOST
    + ENDED,
    "a negative length": b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n" + ENDED,
    "a length in words": b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: three\r\n" + ENDED,
    "an odd encoding": b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n" + ENDED,
    "a chunk without a size": b"POST /login HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n"
    + ENDED
    + b"zz\r\n",
    "a chunk of no end": b"POST /login HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n"
    + ENDED
    + b"ffffffffffffffff\r\n"
    + b"x" * 9000,
    "chunk extensions": b"POST /login HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n"
    + ENDED
    + b"1;"
    + b"x" * 100_000
    + b"\r\na\r\n0\r\n\r\n",
    "trailers": b"POST /login HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n"
    + ENDED
    + b"1\r\na\r\n0\r\nCookie: isump=x\r\n\r\n",
    "a broken body": b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\nuser",
    "continue": b"POST /login HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 1\r\n" + ENDED + b"a",
    "expect": b"POST /login HTTP/1.1\r\n" + HOST + b"Expect: a miracle\r\nContent-Length: 1\r\n" + ENDED + b"a",
    "ranges": b"GET /login HTTP/1.1\r\n" + HOST + b"Range: bytes=0-0,1-1,2-,-9999999999999\r\n" + ENDED,
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("who", ["stranger", "user"])
def test_what_is_hardly_http_is_refused(who: str, name: str, server: Server, cookies: dict[str, httpx.Cookies]) -> None:
    request = REQUESTS[name]
    if who == "user":
        request = request.replace(b"\r\n", b"\r\n" + cookie_line(cookies["ann"]), 1)
    answer = answered(server, [request], ends=ENDED not in request)
    assert status(answer) < 500 or answer.startswith(b"HTTP/1.1 501"), answer[:300]
    assert b"evil.example" not in answer and b"Traceback" not in answer


LEVELS = ("../" * 12, "%2e%2e/" * 12, "..%2f" * 12, "%2e%2e%2f" * 12, "..%5c" * 12, "..\\" * 12, "%252e%252e%252f" * 12)
MORE_LEVELS = ("..%c0%af" * 12, "%uff0e%uff0e/" * 12, "....//" * 12, "..;/" * 12, "./" * 500 + "../" * 12, "%2f", "//")


@pytest.mark.parametrize("levels", [*LEVELS, *MORE_LEVELS], ids=lambda levels: levels[:9])
def test_no_file_is_reached_by_a_path(levels: str, server: Server, cookies: dict[str, httpx.Cookies]) -> None:
    files = ("etc/passwd", str(server.folder / "users.txt")[1:], "routes.py", "pyproject.toml")
    for under in ("/", "/assets/", "/static/", "/static/fonts/", "/gradio_api/file=", "/svelte/"):
        for file in files:
            line = f"GET {under}{levels}{file} HTTP/1.1\r\n".encode()
            answer = answered(server, [line, HOST, cookie_line(cookies["ann"]), ENDED])
            assert status(answer) in (400, 403, 404, 405), (line, answer[:300])
            assert not any(secret in answer for secret in (b"root:", b"scrypt", b"import ", b"[build-system]"))


QUERIES = ("page=x", "page=../../x", "deep_link=../../../etc/passwd", "deep_link=x", "deep_link=%00", "view=api", "=")
MORE_QUERIES = ("__theme=dark", "session_hash[]=x", "attempt=x", "step=" + "9" * 5000, "&" * 2000, "a=b&" * 2000)
ODD_QUERIES = ("%ff=%fe", "x=%00%01%02%7f", "attempt=%00", "run=1&run=x", "q=<script>alert(1)</script>", "page&page=1")


@pytest.mark.parametrize("query", [*QUERIES, *MORE_QUERIES, *ODD_QUERIES], ids=lambda query: query[:20])
def test_a_query_changes_nothing_that_it_should_not(
    query: str, server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    for path in ("/", "/config", "/theme.css", "/gradio_api/app_id", "/favicon.ico", "/login"):
        line = f"GET {path}?{query} HTTP/1.1\r\n".encode()
        answer = answered(server, [line, HOST, cookie_line(cookies["ann"]), ENDED])
        assert status(answer) == 200, (path, answer[:300])
        assert b"alert(1)" not in answer
    call = {"data": [], "fn_index": 3, "session_hash": "asked"}
    with asking(server, cookies["ann"]) as ann:
        assert ann.post(f"{RUN}?{query}", json=call).status_code == 200


NAMES = ("evil.example", "a b", "x:abc", "x:99999999", "[::1", "a]b", '"><script>alert(1)</script>', "x@y", "%00", "é")
MORE_NAMES = (
    "127.0.0.1.evil.example",
    "127.0.0.1:80@evil.example",
    "localhost\tevil",
    "..",
    "a" * 20_000,
    "x/../y",
    "",
)


@pytest.mark.parametrize("name", [*NAMES, *MORE_NAMES], ids=lambda name: name[:20])
def test_another_host_name_gets_nothing_on_this_machine_alone(name: str, private: Server) -> None:
    for path in ("/", "/config", "/assets/x"):
        answer = answered(private, [f"GET {path} HTTP/1.1\r\nHost: {name}\r\n".encode("latin-1"), ENDED])
        assert status(answer) == 400, answer[:300]


@pytest.mark.parametrize("name", [*NAMES, *MORE_NAMES], ids=lambda name: name[:20])
def test_another_host_name_breaks_nothing(name: str, server: Server, cookies: dict[str, httpx.Cookies]) -> None:
    for path in ("/", "/config"):
        line = f"GET {path} HTTP/1.1\r\nHost: {name}\r\n".encode("latin-1")
        answer = answered(server, [line, cookie_line(cookies["ann"]), ENDED])
        assert status(answer) in (200, 400), answer[:300]
        assert b"alert(1)" not in answer.replace(b"\\", b""), "it stays out of the page's own script"


PROXIES = ("X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Server", "Forwarded")
MORE_PROXIES = ("X-Forwarded-For", "X-Real-IP", "X-Gradio-Server", "X-IP-Token", "X-Original-URL", "X-Rewrite-URL")


@pytest.mark.parametrize("header", [*PROXIES, *MORE_PROXIES, "X-HTTP-Method-Override", "X-Gradio-User"])
def test_headers_of_a_proxy_that_nobody_trusts_are_as_if_they_were_not_there(
    header: str, server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    with asking(server, cookies["ann"]) as ann, asking(server) as stranger:
        plain = ann.get("/config").text
        for value in ("evil.example", "https", "http://evil.example/x", "host=evil.example;proto=https", "http://[::1"):
            for path in ("/", "/config"):
                answer = ann.get(path, headers={header: value})
                assert answer.status_code == 200 and "evil.example" not in answer.text, (path, value)
                assert stranger.get(path, headers={header: value}).status_code in (303, 401)
            assert ann.get("/config", headers={header: value}).text == plain
            call = {"data": [], "fn_index": 3, "session_hash": "proxied"}
            assert ann.post(RUN, json=call, headers={header: value}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        *({"Origin": origin} for origin in ("http://evil.example", "null", "", "http://[::1", "http://localhost:1")),
        *({"Origin": f"http://127.0.0.1:{port}"} for port in (1, 80, "x")),
        *({"Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "x")),
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
    ],
    ids=str,
)
def test_the_page_of_another_site_writes_and_reads_nothing(
    headers: dict[str, str], server: Server, private: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    for where, cookie in ((server, cookies["ann"]), (private, None)):
        with asking(where, cookie) as victim:
            for path in (*sorted(WRITTEN), "/login", "/logout"):
                answer = victim.post(path, headers=headers, content=b"{}")
                assert answer.status_code in (403, 404), (path, answer.status_code)
            for path in ("/", "/config"):
                answer = victim.get(path, headers=headers)
                assert answer.status_code in (200, 403), (path, answer.status_code)
                assert "access-control-allow-origin" not in answer.headers
            assert victim.options("/config", headers=headers).status_code == 405


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "a" * 20_000,
        "\xff\xfe",
        "%00",
        "'; DROP TABLE",
        "..",
        "ann",
        "0",
        "null",
        '"',
        '"\\',
        "a=b=c",
        "=",
        ";;;",
    ],
    ids=lambda value: value[:12],
)
def test_a_cookie_that_was_made_up_is_none(value: str, server: Server) -> None:
    name = f"isump-{server.port}".encode()
    for line in (name + b"=" + value.encode("latin-1"), name + b"=\0", name, value.encode("latin-1")):
        answer = answered(server, [b"GET /config HTTP/1.1\r\n", HOST, b"Cookie: ", line, b"\r\n", ENDED])
        assert status(answer) in (400, 401), answer[:300]


def test_a_cookie_ends_with_its_log_in_and_is_nobody_elses(server: Server) -> None:
    with asking(server) as cleo:
        assert cleo.post("/login", data={"username": "cleo", "password": password_of("cleo")}).status_code == 303
        token = dict(cleo.cookies)[f"isump-{server.port}"]
        assert cleo.get("/config").json()["username"] == "cleo"
        for other in (token[:-1], token + "x", token.swapcase(), token[::-1]):
            with asking(server, httpx.Cookies({f"isump-{server.port}": other})) as thief:
                assert thief.get("/config").status_code == 401
        before = httpx.Cookies(cleo.cookies)
        cleo.post("/logout")
        with asking(server, before) as later:
            assert later.get("/config").status_code == 401


# Bodies


@pytest.mark.parametrize("how", ["announced", "chunked", "announced and not sent"])
@pytest.mark.parametrize("path", ["/login", RUN, JOIN, CANCEL, "/gradio_api/upload", "/nothing"])
@pytest.mark.parametrize("who", ["stranger", "user"])
def test_a_huge_body_costs_no_memory(
    who: str, path: str, how: str, server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    head = f"POST {path} HTTP/1.1\r\n".encode() + HOST + (cookie_line(cookies["ann"]) if who == "user" else b"")
    before, part = server.rss(), bytes(MEGABYTE)
    if how == "chunked":
        head += b"Transfer-Encoding: chunked\r\n\r\n"
        part = f"{len(part):x}\r\n".encode() + part + b"\r\n"
    else:
        head += f"Content-Length: {HUGE}\r\n\r\n".encode()
    parts = 0 if how == "announced and not sent" else HUGE // MEGABYTE
    answer = answered(server, (head, *(part for _ in range(parts))))
    assert status(answer) in (0, 401, 404, 413), answer[:300]
    assert server.rss() - before < GROWTH


def test_many_bodies_at_once_share_one_budget(server: Server, cookies: dict[str, httpx.Cookies]) -> None:
    before, growth, running = server.rss(), list[int](), True

    def watch() -> None:
        while running:
            growth.append(server.rss() - before)
            time.sleep(0.05)

    def send(number: int) -> int:
        with asking(server, cookies["ann"]) as ann:
            return ann.post(RUN, content=b'{"data": [' + b" " * (7 * MEGABYTE)).status_code

    with ThreadPoolExecutor(40) as threads:
        watching = threads.submit(watch)
        statuses = list(threads.map(send, range(30)))
        running = False
        watching.result()
    assert set(statuses) <= {400, 413, 503}
    assert max(growth) < 5 * 64 * MEGABYTE


def test_a_compressed_body_is_not_unpacked(server: Server, cookies: dict[str, httpx.Cookies]) -> None:
    bomb, before = gzip.compress(bytes(HUGE // 4)), server.rss()
    with asking(server, cookies["ann"]) as ann:
        for coding in ("gzip", "x-gzip", "deflate", "br", "zstd", "gzip, gzip", "identity"):
            for path in (RUN, JOIN, CANCEL, "/login"):
                answer = ann.post(path, content=bomb, headers={"Content-Encoding": coding})
                assert answer.status_code in (400, 413), (path, coding)
    assert server.rss() - before < GROWTH


# Log-ins and strangers


def from_address(server: Server, number: int) -> httpx.Client:
    """A client with another address of this machine: failures here are nobody else's."""
    return asking(server, transport=httpx.HTTPTransport(local_address=f"127.0.9.{number}"))


def locked_for(stranger: httpx.Client, who: str, forged: bool = False) -> int:
    """Guess until this address is refused; for how many seconds it then is."""
    for n in range(30):
        headers = {"X-Forwarded-For": f"203.0.113.{n}", "X-Real-IP": f"203.0.113.{n}"} if forged else {}
        answer = stranger.post("/login", data={"username": f"{who}{n}", "password": "a guess"}, headers=headers)
        if answer.status_code == 429:
            assert "try again in" in answer.text
            return int(answer.headers["retry-after"])
        assert answer.status_code == 400
    raise AssertionError("thirty guesses of one address were taken")


def test_guesses_lock_an_address_out_for_longer_and_longer(server: Server) -> None:
    with from_address(server, 1) as stranger, from_address(server, 2) as dan:
        right = {"username": "dan", "password": password_of("dan")}
        first = locked_for(stranger, "one")
        assert stranger.post("/login", data=right).status_code == 429, "the right password, too"
        assert dan.post("/login", data=right).status_code == 303, "others are not"
        time.sleep(first)
        second = locked_for(stranger, "two")
        time.sleep(second)
        assert first < second < locked_for(stranger, "three")


def test_an_address_that_was_made_up_does_not_help(server: Server) -> None:
    with from_address(server, 3) as stranger:
        assert locked_for(stranger, "forged", forged=True) >= 1


def test_guesses_at_a_name_do_not_keep_its_user_out(server: Server) -> None:
    for number in range(10, 17):
        with from_address(server, number) as stranger:
            assert stranger.post("/login", data={"username": "dan", "password": "a guess"}).status_code == 400
    with from_address(server, 20) as dan:
        assert dan.post("/login", data={"username": "dan", "password": password_of("dan")}).status_code == 303


FORMS = (
    *(b"", b"username", b"username=ann", b"password=x", b"=", b"&" * 5000, b"a=b&" * 1000, b"\xff=\xfe", b"%ff=%fe"),
    *(b"username=ann&password=%00", b"username=%00&password=x", b"username=ann&username=bo&password=x", b"{}"),
    *(b"username=ann&password=" + b"x" * 8000, b"username=" + b"x" * 8000 + b"&password=x", b"\0" * 100),
    *(b"username=../ann&password=x", b"username=%0d%0aSet-Cookie:a&password=x", b"username=%ed%a0%80&password=x"),
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: repr(form[:24]))
def test_a_form_that_is_none_logs_nobody_in(form: bytes, server: Server) -> None:
    with from_address(server, 30 + FORMS.index(form)) as stranger:
        answer = stranger.post("/login", content=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code in (400, 413), answer.text[:300]
        assert not stranger.cookies


def test_many_silent_connections_keep_nobody_out(server: Server, cookies: dict[str, httpx.Cookies]) -> None:
    with ExitStack() as opened, asking(server, cookies["ann"]) as ann:
        for number in range(300):
            silent = opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=HANGS))
            silent.sendall(b"GET / HTTP/1.1\r\nX-" + b"a" * (number % 7))
        assert ann.get("/config").status_code == 200


def test_health_answers_strangers_and_tells_no_secret(server: Server) -> None:
    with asking(server) as anybody:
        answer = anybody.get("/health", headers={"Host": "load-balancer"})
        assert answer.status_code == 200 and set(answer.json()) == {"status", "version", "store", "backend"}
        assert not any(word in answer.text for word in (str(server.folder), "ann", "users"))
        assert anybody.post("/health").status_code == 401
