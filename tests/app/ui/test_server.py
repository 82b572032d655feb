"""The app as an HTTP client meets it: access, what no response may hold, and a quiet end."""

from __future__ import annotations

import os
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
from app.ui.gate.users import OneUser
from app.ui.server import asgi, serve
from app.ui.site import Site
from prompts.settings import Settings
from tests.app.ui.scripts import CONFIG


def client(site: Site, accounts: OneUser | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(asgi(site, accounts)), base_url="http://127.0.0.1:7860")


async def test_a_page_under_another_name_is_refused(site: Site) -> None:
    async with client(site) as visitor:
        assert (await visitor.get("/")).status_code == 200
        assert (await visitor.get("/", headers={"Host": "evil.example"})).status_code == 400


async def test_no_response_names_a_path_of_this_machine(site: Site, tmp_path: Path) -> None:
    async with client(site) as visitor:
        found = await visitor.get("/")
        assert "default-src 'self'" in found.headers["content-security-policy"]
        for text in (found.text, (await visitor.get("/config")).text, (await visitor.get("/gradio_api/info")).text):
            assert str(tmp_path) not in text and str(Path.home()) not in text and sys.prefix not in text
        for file in (tmp_path / "t.sqlite", Path(__file__)):
            assert (await visitor.get(f"/gradio_api/file={file}")).status_code in (403, 404)
        assert (await visitor.get("/monitoring/summary")).status_code in (403, 404)


async def test_a_password_is_asked_for(site: Site) -> None:
    async with client(site, OneUser("ann", "secret")) as visitor:
        assert "Every tarn" not in (await visitor.get("/")).text
        assert (await visitor.get("/config")).status_code == 401
        wrong = await visitor.post("/login", data={"username": "ann", "password": "guess"})
        assert wrong.status_code == 400
        right = await visitor.post("/login", data={"username": "ann", "password": "secret"})
        assert (right.status_code, right.headers["location"]) == (303, "/")
        assert (await visitor.get("/config")).status_code == 200
        await visitor.post("/logout")
        assert (await visitor.get("/config")).status_code == 401


async def test_a_read_only_page_has_no_controls_that_do_anything(site: Site) -> None:
    shown = replace(site, read_only=True)
    async with client(shown) as visitor:
        config = (await visitor.get("/config")).json()
    labels = {part["props"].get("value") for part in config["components"] if part["type"] == "button"}
    assert "Next step" in labels
    assert not labels & {"Solve", "Stop", "Compare", "Resume from here", "Start the eval", "Which fact mattered?"}


@pytest.mark.parametrize(
    ("serving", "error", "sentence"),
    [
        (Serving(host="0.0.0.0"), BadInput, "--auth USER:PASSWORD, or --open-to-everyone"),
        (Serving(auth=SecretStr("ann")), BadInput, "USER:PASSWORD"),
        (Serving(read_only=True), StoreError, "no trace store"),
    ],
)
def test_options_that_cannot_be_used_are_one_sentence(
    serving: Serving, error: type[Exception], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=sentence):
        serve(tmp_path / "none.sqlite", CONFIG, Settings(), serving)
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--step-tokens", "0"), "--step-tokens cannot be 0"),
        (("--port", "65536"), "--port cannot be 65536"),
        ((), "USER:PASSWORD"),
    ],
)
def test_the_command_line_and_the_environment_are_checked(words: tuple[str, ...], sentence: str) -> None:
    environment = os.environ | {"ISUMP_AUTH": "ann"}
    command = (sys.executable, "-m", "app", "ui", *words)
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert ended.returncode == 2 and sentence in ended.stderr and ended.stderr.count("\n") == 1


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
