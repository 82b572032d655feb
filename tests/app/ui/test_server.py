"""The page as an HTTP client meets it: access, what no response may hold, and a quiet end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from app.errors import BadInput, StoreError
from app.ui.access import Serving
from app.ui.server import asgi, serve
from app.ui.site import Site
from tests.app.ui.scripts import CONFIG

JOIN = "/gradio_api/queue/join"


def client(site: Site, login: tuple[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(asgi(site, login)), base_url="http://127.0.0.1:7860")


async def test_only_the_pages_own_name_and_origin_are_served_and_no_path_is_told(site: Site, tmp_path: Path) -> None:
    async with client(site) as visitor:
        found = await visitor.get("/")
        assert found.status_code == 200 and "default-src 'self'" in found.headers["content-security-policy"]
        assert (await visitor.get("/", headers={"Host": "evil.example"})).status_code == 400
        for foreign in ({"Origin": "http://evil.example"}, {"Origin": "http://["}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await visitor.post(JOIN, json={}, headers=foreign)).status_code == 403
        assert (await visitor.post(JOIN, json={}, headers={"Origin": "http://127.0.0.1:7860"})).status_code != 403
        for text in (found.text, (await visitor.get("/config")).text):
            assert str(tmp_path) not in text and str(Path.home()) not in text and sys.prefix not in text
        for file in (tmp_path / "t.sqlite", Path(__file__)):
            assert (await visitor.get(f"/gradio_api/file={file}")).status_code in (403, 404)
        upload = await visitor.post("/gradio_api/upload", files={"files": ("x.txt", b"xx")})
        assert upload.status_code >= 400
        assert (await visitor.get("/health")).json() == {"status": "ok", "version": "0.1.0", "backend": "not loaded"}


async def test_a_password_is_asked_for(site: Site) -> None:
    async with client(site, ("ann", "secret")) as visitor:
        assert "Every tarn" not in (await visitor.get("/")).text
        assert (await visitor.get("/config")).status_code == 401
        assert (await visitor.post("/login", data={"username": "ann", "password": "guess"})).status_code == 400
        assert (await visitor.post("/login", data={"username": "ann", "password": "secret"})).status_code == 200
        visitor.cookies = {name: value for name, value in visitor.cookies.items()}  # Secure, over plain http here
        assert (await visitor.get("/config")).status_code == 200


async def test_a_read_only_page_has_no_controls_that_do_anything(site: Site) -> None:
    async with client(replace(site, read_only=True)) as visitor:
        config = (await visitor.get("/config")).json()
    labels = {part["props"].get("value") for part in config["components"] if part["type"] == "button"}
    assert "Next step" in labels
    assert not labels & {"Solve", "Stop", "Compare", "Resume from here", "Start the eval", "Which fact mattered?"}


@pytest.mark.parametrize(
    ("serving", "error", "sentence"),
    [
        (Serving(host="0.0.0.0"), BadInput, "--auth USER:PASSWORD, or --behind-proxy"),
        (Serving(auth=SecretStr("ann")), BadInput, "USER:PASSWORD"),
        (Serving(read_only=True), StoreError, "no trace store"),
    ],
)
def test_options_that_cannot_be_used_are_one_sentence(
    serving: Serving, error: type[Exception], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=sentence):
        serve(tmp_path / "none.sqlite", CONFIG, {}, serving)
    assert not (tmp_path / "none.sqlite").exists()


def test_the_real_program_says_where_it_is_and_ends_quietly(tmp_path: Path) -> None:
    replies = tmp_path / "replies.jsonl"
    replies.write_text('"Answer: 7"\n')
    words = ("--backend", "scripted", "--replies", str(replies), "--store", str(tmp_path / "t.sqlite"), "--port", "0")
    command = (sys.executable, "-m", "app", "ui", *words)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        assert httpx.get(found.group(), trust_env=False).status_code == 200
        program.send_signal(signal.SIGINT)
        rest, complaints = program.communicate(timeout=30)
    assert (program.returncode, rest, complaints) == (0, "", "")
