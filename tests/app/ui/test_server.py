"""The app as a browser's requests meet it: who gets in, what is never said, and a quiet end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.cli import parser
from app.config import Config, read_config
from app.errors import BadInput, StoreError
from app.ui.server import asgi, serve
from app.ui.site import Site


def browser(site: Site, auth: tuple[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(asgi(site, auth)), base_url="http://127.0.0.1:7860")


async def test_a_page_under_another_name_is_refused(site: Site) -> None:
    async with browser(site) as visitor:
        assert (await visitor.get("/")).status_code == 200
        assert (await visitor.get("/", headers={"Host": "evil.example"})).status_code == 400


async def test_the_page_tells_nothing_of_this_machine(site: Site, tmp_path: Path) -> None:
    async with browser(site) as visitor:
        found = await visitor.get("/")
        assert "default-src 'self'" in found.headers["content-security-policy"]
        for text in (found.text, (await visitor.get("/config")).text, (await visitor.get("/gradio_api/info")).text):
            assert str(tmp_path) not in text and str(Path.home()) not in text and sys.prefix not in text
        for file in (tmp_path / "t.sqlite", Path(__file__)):
            assert (await visitor.get(f"/gradio_api/file={file}")).status_code in (403, 404)
        assert (await visitor.get("/monitoring/summary")).status_code in (403, 404)


async def test_a_password_is_asked_for(site: Site) -> None:
    async with browser(site, ("ann", "secret")) as visitor:
        assert "Every tarn" not in (await visitor.get("/")).text
        assert (await visitor.get("/config")).status_code == 401
        wrong = await visitor.post("/login", data={"username": "ann", "password": "guess"})
        assert wrong.status_code == 400
        right = await visitor.post("/login", data={"username": "ann", "password": "secret"})
        assert right.status_code == 200
        assert (await visitor.get("/config")).status_code == 200


async def test_a_read_only_page_has_no_controls_that_do_anything(site: Site) -> None:
    shown = Site(site.store, site.config, site.settings, True, site.engines)
    async with browser(shown) as visitor:
        config = (await visitor.get("/config")).json()
    labels = {part["props"].get("value") for part in config["components"] if part["type"] == "button"}
    assert "Next step" in labels
    assert not labels & {"Solve", "Stop", "Compare", "Run on from here", "Start the eval", "Which fact mattered?"}


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (("--host", "0.0.0.0"), BadInput, "--auth USER:PASSWORD, or --open-to-everyone"),
        (("--auth", "ann"), BadInput, "USER:PASSWORD"),
        (("--step-tokens", "0"), BadInput, "--step-tokens cannot be 0"),
        (("--read-only",), StoreError, "no trace store"),
    ],
)
def test_bad_options_are_one_sentence(
    words: tuple[str, ...], error: type[Exception], says: str, tmp_path: Path
) -> None:
    config = Config()
    args = parser(config).parse_args(["ui", "--store", str(tmp_path / "none.sqlite"), *words])
    with pytest.raises(error, match=says):
        serve(args, config)


def test_the_password_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISUMP_AUTH", "ann")
    read_config.cache_clear()
    with pytest.raises(BadInput, match="USER:PASSWORD"):
        serve(parser(read_config()).parse_args(["ui"]), read_config())


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
