"""docs/nginx.conf as it is, but for the lines that it says to change, in a real nginx before a real `isump ui`."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from evals.bench_app import served
from tests.browser.conftest import not_run

pytestmark = [pytest.mark.browser]

CONF = Path(__file__).parents[2] / "docs" / "nginx.conf"
REPLY = "4 * 12 = 48.\nAnswer: 48"
Client = Callable[..., httpx.Client]


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
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Client]]:
    """The address of nginx with the page behind it, and who visits it."""
    nginx, openssl, folder = program("nginx"), program("openssl"), tmp_path_factory.mktemp("proxy")
    key, certificate, users = folder / "key.pem", folder / "certificate.pem", folder / "users"
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    words = (openssl, "req", "-x509", *kind, *subject, "-keyout", str(key), "-out", str(certificate))
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    hashed = subprocess.run((openssl, "passwd", "-apr1", "secret"), check=True, capture_output=True, text=True)
    users.write_text(f"ann:{hashed.stdout}")
    replies = folder / "replies.jsonl"
    replies.write_text((json.dumps(REPLY) + "\n") * 50)
    with served(folder / "t.sqlite", replies, "--behind-proxy") as url:
        tls = free_port()
        changes = {
            r"server 127\.0\.0\.1:7860": f"server {url.removeprefix('http://')}",
            "listen 80": f"listen 127.0.0.1:{free_port()}",
            "listen 443": f"listen 127.0.0.1:{tls} ssl http2",
            "ssl_certificate_key": f"ssl_certificate_key {key}",
            "ssl_certificate": f"ssl_certificate {certificate}",
            "server_name": "server_name localhost",
            "auth_basic_user_file": f"auth_basic_user_file {users}",
        }
        (folder / "isump.conf").write_text(changed(CONF.read_text(), changes))
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join(f"{what}_temp_path {folder}/{what};" for what in kinds)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"daemon off; {user} pid {folder}/pid; error_log {folder}/nginx.log; events {{}}"
            f" http {{ access_log off; {paths} include {folder}/isump.conf; }}\n"
        )
        command = (nginx, "-p", str(folder), "-e", str(folder / "nginx.log"), "-c", str(folder / "nginx.conf"))
        with subprocess.Popen(command) as running:
            try:
                trust, address = ssl.create_default_context(cafile=str(certificate)), f"https://localhost:{tls}"
                client = httpx.Client(base_url=address, verify=trust, trust_env=False, timeout=60)
                with client as http:
                    until = time.monotonic() + 60
                    while time.monotonic() < until:
                        try:
                            http.get("/health")
                            break
                        except httpx.ConnectError:
                            time.sleep(0.05)
                yield (
                    address,
                    lambda **given: httpx.Client(base_url=address, verify=trust, trust_env=False, timeout=60, **given),
                )
            finally:
                running.terminate()
                running.wait(60)


def test_a_question_is_solved_through_the_proxy(proxy: tuple[str, Client], chromium: Browser) -> None:
    context = chromium.new_context(ignore_https_errors=True, http_credentials={"username": "ann", "password": "secret"})
    page = context.new_page()
    page.goto(proxy[0])
    page.get_by_label("Question", exact=True).first.fill("Mira plants 4 rows of 12 tulips. How many?")
    page.get_by_role("button", name="Solve", exact=True).click()
    expect(page.locator(".answer-box .is-value")).to_have_text("48")
    page.goto(f"{proxy[0]}/?attempt=1")
    expect(page.locator(".step-box .is-step")).to_contain_text("48")
    context.close()


def test_strangers_other_hosts_other_routes_and_huge_bodies_end_at_the_proxy(proxy: tuple[str, Client]) -> None:
    _, client = proxy
    with client() as stranger:
        assert stranger.get("/").status_code == 401
        assert stranger.get("/health").status_code == 200
    with client(auth=("ann", "guess")) as stranger:
        assert stranger.get("/config").status_code == 401
    with client(auth=("ann", "secret")) as ann:
        assert ann.get("/").status_code == 200
        assert ann.get("/", headers={"Host": "evil.example"}).status_code == 421
        for route in ("/gradio_api/file=/etc/passwd", "/gradio_api/upload", "/gradio_api/proxy=x", "/monitoring"):
            assert ann.get(route).status_code == 404
        assert ann.post("/gradio_api/queue/join", content=bytes(3_000_000)).status_code == 413
