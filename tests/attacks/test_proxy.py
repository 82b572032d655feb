"""docs/nginx.conf as it is, but for the lines that it says to change, in a real nginx before a real `isump ui`."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from app.store import Store
from app.store.wanted import Wanted
from evals.page_client import EVENTS, JOIN, Page, client, log_in
from tests.attacks.pages import HANGS, Server, password_of, served, write_replies

CONF = Path(__file__).parents[2] / "docs" / "nginx.conf"
NAME = "localhost"
THOUGHTS = ["4 * 12 = 48.\nKnown:\n- planted = 48\nNext:\n- go on"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """nginx, which answers at ``url`` by TLS and at ``plain`` without, and the page behind it."""

    url: str
    plain: str
    certificate: Path
    server: Server

    def client(self, **options: Any) -> httpx.Client:
        """Who visits the page through the proxy."""
        found = {"base_url": self.url, "verify": self.trust(), "trust_env": False, "timeout": HANGS, **options}
        return httpx.Client(**found)

    def trust(self) -> ssl.SSLContext:
        """Trust in this certificate and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))


def not_run(why: str) -> NoReturn:
    """Skip what a newcomer's machine lacks; where ISUMP_BROWSER_TESTS=required says that it is there, fail."""
    if os.environ.get("ISUMP_BROWSER_TESTS") == "required":
        pytest.fail(why)
    pytest.skip(why)


def program(name: str) -> str:
    """A program, which Debian may keep where only root looks."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    return found or not_run(f"docs/nginx.conf was not tried: `apt install nginx-light openssl` ({name} is not there)")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def changed(text: str, changes: dict[str, str]) -> str:
    """The file with other values in the lines that it says to change, and in no others."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        directive, comment, _ = line.partition("  # CHANGE")
        if comment:
            name = next(name for name in changes if re.match(rf"\s*{name}\b", directive))
            lines[place] = f"{changes[name]};"
    assert not any("example.org" in line for line in lines if not line.lstrip().startswith("#"))
    return "\n".join(lines)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx, openssl, folder = program("nginx"), program("openssl"), tmp_path_factory.mktemp("proxy")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2")
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    words = (openssl, "req", "-x509", *kind, *subject, "-keyout", str(key), "-out", str(certificate))
    subprocess.run(words, check=True, capture_output=True, timeout=HANGS)
    replies = write_replies(folder / "replies.jsonl", THOUGHTS, 1.0, 200)
    trusted = ("--trusted-proxy", "127.0.0.1", "--max-steps", "3")
    with served(folder, replies, *trusted, users=("ann", "bo")) as server:
        tls, plain = free_port(), free_port()
        changes = {
            r"server 127\.0\.0\.1:7860": f"server 127.0.0.1:{server.port}",
            "listen 80": f"listen 127.0.0.1:{plain}",
            "listen 443": f"listen 127.0.0.1:{tls} ssl http2",
            "server_name": f"server_name {NAME}",
            "ssl_certificate": f"ssl_certificate {certificate}",
            "ssl_certificate_key": f"ssl_certificate_key {key}",
        }
        changes = dict(sorted(changes.items(), key=lambda each: -len(each[0])))
        (folder / "isump.conf").write_text(changed(CONF.read_text(), changes))
        temporary = "".join(f"{what}_temp_path {folder}/{what};" for what in ("client_body", "proxy"))
        others = "".join(f"{what}_temp_path {folder}/{what};" for what in ("fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"daemon off; {user} pid {folder}/pid; error_log {folder}/nginx.log; events {{}}"
            f" http {{ access_log off; {temporary} {others} include {folder}/isump.conf; }}\n"
        )
        command = (nginx, "-p", str(folder), "-e", str(folder / "nginx.log"), "-c", str(folder / "nginx.conf"))
        subprocess.run((*command, "-t"), check=True, timeout=HANGS)
        with subprocess.Popen(command) as running:
            try:
                wait_for(tls)
                yield Proxy(f"https://{NAME}:{tls}", f"http://{NAME}:{plain}", certificate, server)
                server.check()
            finally:
                running.terminate()
                running.wait(HANGS)


def wait_for(port: int) -> None:
    until = time.monotonic() + HANGS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=HANGS).close()
            return
        except ConnectionError:
            time.sleep(0.05)
    raise AssertionError("nginx does not start")


async def test_a_question_is_solved_through_the_proxy_and_its_events_come_as_they_happen(proxy: Proxy) -> None:
    path = proxy.server.folder / "t.sqlite.users" / "ann.sqlite"
    async with client(proxy.url, verify=proxy.trust()) as http:
        await log_in(http, "ann", password_of("ann"))
        assert all(cookie.secure for cookie in http.cookies.jar)
        page = await Page.open(http)
        assert (await http.get("/config")).json()["root"] == proxy.url
        await page.load()
        solve = page.event("click", "Solve")
        page.values[solve.inputs[1]] = "Mira plants 4 rows of 12 tulips. How many?"
        sent = page.body(solve, [page.values[place] for place in solve.inputs])
        (await http.post(JOIN, json=sent)).raise_for_status()
        came, running = Counter[str](), False
        async for message in page.messages():
            came[message["msg"]] += 1
            if message["msg"] == "process_generating" and path.exists():
                with Store.open(path, read_only=True) as store:
                    running |= any(found.status == "running" for found in store.find(Wanted()))
        assert came["process_completed"] == 1 and came["process_generating"] > 1
        assert running, "what came while it was being solved was not kept until its end"
        await page.do("submit", "Words", {"Words": "tulips"})
        assert "tulips" in page.shown("attempts-box")
    with Store.open(path, read_only=True) as store:
        assert [found.status for found in store.find(Wanted())] == ["done"]


def test_without_tls_there_is_only_the_way_to_it(proxy: Proxy) -> None:
    with proxy.client(base_url=proxy.plain) as visitor:
        answer = visitor.get("/?attempt=3", headers={"Host": "evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (301, f"https://{NAME}/?attempt=3")


def test_another_host_name_is_refused(proxy: Proxy) -> None:
    with proxy.client() as visitor:
        assert visitor.get("/login", headers={"Host": "evil.example"}).status_code == 421
        assert visitor.get("/login").status_code == 200


@pytest.mark.parametrize("how", ["announced", "chunked"])
@pytest.mark.parametrize("path", ["/login", JOIN, EVENTS, "/nothing"])
def test_a_huge_body_does_not_reach_the_page(path: str, how: str, proxy: Proxy) -> None:
    before, size = proxy.server.rss(), 400 * 1024 * 1024
    headers = {"Content-Length": str(size)} if how == "announced" else {}
    with proxy.client() as stranger:
        try:
            answer = stranger.post(path, content=(bytes(1024 * 1024) for _ in range(400)), headers=headers)
            assert answer.status_code in (401, 413)
        except httpx.TransportError:
            pass  # cut off before all was sent
    assert proxy.server.rss() - before < 40 * 1024 * 1024


def test_who_guesses_is_locked_out_by_the_address_that_the_proxy_saw(proxy: Proxy) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    transport = httpx.HTTPTransport(local_address="127.0.9.7", verify=proxy.trust())
    with proxy.client(transport=transport) as stranger:
        statuses = list[int]()
        while 429 not in statuses and len(statuses) < 40:
            form = {"username": f"nobody{len(statuses)}", "password": "a guess"}
            statuses.append(stranger.post("/login", data=form, headers=forged).status_code)
        assert set(statuses) == {400, 429}
    assert "127.0.9.7" in proxy.server.said() and "203.0.113.9" not in proxy.server.said()
    with proxy.client() as other:
        assert other.post("/login", data={"username": "bo", "password": password_of("bo")}).status_code == 303


def test_a_flood_of_requests_ends_at_the_proxy(proxy: Proxy) -> None:
    transport = httpx.HTTPTransport(local_address="127.0.9.8", verify=proxy.trust())
    with proxy.client(transport=transport) as flood, ThreadPoolExecutor(20) as threads:
        statuses = Counter(threads.map(lambda _: flood.get("/nothing").status_code, range(1000)))
    assert set(statuses) <= {401, 429}
    with proxy.client() as visitor:
        assert visitor.get("/login").status_code == 200, "others are not kept out"
