"""The gate before the real app: which routes there are, and what is made of each request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from app.store import Store
from app.ui.gate.gate import READ, READ_UNDER, WRITTEN
from app.ui.gate.users import OneUser
from app.ui.page import page
from app.ui.server import asgi
from app.ui.site import Site
from app.ui.stores import UserStores
from prompts.settings import Settings
from tests.app.ui.routes import routes
from tests.app.ui.scripts import scripted_backends

OPEN = {"/health", "/login"}
"""What answers strangers, beside the way to the log-in."""


class Two:
    """Accounts of ann and bo, each with their name as password."""

    def line(self, name: str) -> str | None:
        return name if name in ("ann", "bo") else None

    def verify(self, name: str, password: str) -> str | None:
        return self.line(name) if name == password else None


@pytest.fixture
async def app(site: Site) -> Starlette:
    return asgi(site, OneUser("ann", "secret"))


def visitor(app: Starlette, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:7860", **options)


async def test_every_route_of_the_app_is_behind_the_log_in(app: Starlette) -> None:
    found = sorted({*routes(app), *(("POST", path) for path in WRITTEN), *(("GET", path) for path in READ)})
    assert len(found) > 60, "Gradio's routes are enumerated"
    async with visitor(app) as stranger:
        for method, path in found:
            answer = await stranger.request(method, path)
            if path in OPEN:
                assert answer.status_code in (200, 400, 405), (method, path)
            elif path in ("/", "/logout", "/login/"):
                assert answer.status_code in (303, 401, 405), (method, path)
            else:
                assert answer.status_code in (401, 405), (method, path, answer.status_code)
            assert "gradio" not in answer.text.lower(), (method, path)


async def test_what_the_page_does_not_need_does_not_exist(app: Starlette) -> None:
    async with visitor(app) as ann:
        await ann.post("/login", data={"username": "ann", "password": "secret"})
        for method, path in sorted(set(routes(app))):
            needed = path in {*READ, *WRITTEN, *OPEN, "/logout"} or path.startswith(READ_UNDER)
            if not needed:
                answer = await ann.request(method, path, json={} if method == "POST" else None)
                assert answer.status_code in (404, 405), (method, path, answer.status_code)


@pytest.mark.parametrize("path", ["/upload", "/gradio_api/upload", "/gradio_api/component_server", "/gradio_api/info"])
async def test_nothing_is_uploaded(site: Site, path: str) -> None:
    async with visitor(asgi(site)) as anybody:
        files = {"files": ("x.txt", b"x" * 1000)}
        assert (await anybody.post(path, files=files)).status_code == 404


async def test_a_log_in_leads_back_to_where_a_link_leads(app: Starlette) -> None:
    async with visitor(app) as ann:
        led = await ann.get("/?attempt=12&step=3&next=//evil.example&x=%0d%0aSet-Cookie:a")
        assert (led.status_code, led.headers["location"]) == (303, "/login?attempt=12&step=3")
        form = await ann.get(led.headers["location"])
        assert 'value="attempt=12&amp;step=3"' in form.text
        sent = {"username": "ann", "password": "secret", "link": "attempt=12&step=3&evil=1&run=//evil.example"}
        back = await ann.post("/login", data=sent)
        assert back.headers["location"] == "/?attempt=12&step=3"
        assert "HttpOnly" in back.headers["set-cookie"] and "SameSite=lax" in back.headers["set-cookie"]


async def test_a_cookie_over_https_stays_there(app: Starlette) -> None:
    async with visitor(app) as ann:
        sent = {"username": "ann", "password": "secret"}
        assert "Secure" not in (await ann.post("/login", data=sent)).headers["set-cookie"]
        answer = await ann.post("https://127.0.0.1/login", data=sent)
        assert "Secure" in answer.headers["set-cookie"]


async def test_an_error_on_the_form_is_escaped(app: Starlette) -> None:
    async with visitor(app) as stranger:
        answer = await stranger.post(
            "/login", data={"username": "<b>", "password": "x", "link": '"><script>alert(1)</script>'}
        )
        assert answer.status_code == 400 and "<script" not in answer.text and 'role="alert"' in answer.text


async def test_health_needs_no_log_in_and_tells_no_secret(site: Site, tmp_path: Path) -> None:
    async with visitor(asgi(site, OneUser("ann", "secret"))) as docker:
        answer = await docker.get("/health")
        assert answer.status_code == 200
        assert answer.json() == {
            "status": "ok",
            "version": answer.json()["version"],
            "store": "readable",
            "backend": "not loaded",
        }
        await site.backends.get("scripted")
        assert (await docker.get("/health")).json()["backend"] == "alive"
        assert str(tmp_path) not in answer.text and "ann" not in answer.text


async def test_health_is_503_when_the_store_cannot_be_read(site: Site) -> None:
    app = asgi(site)
    site.store.close()
    async with visitor(app) as docker:
        answer = await docker.get("/health")
        assert (answer.status_code, answer.json()["status"], answer.json()["store"]) == (503, "failing", "not readable")


@pytest.fixture
async def shared_by_two(tmp_path: Path) -> AsyncGenerator[tuple[Starlette, UserStores]]:
    with UserStores(tmp_path / "t.sqlite", read_only=False) as stores, Store.open(":memory:") as nobodys:
        site = Site(nobodys, scripted_backends(lambda _: "Answer: 7"), Settings(), False, stores, has_login=True)
        yield asgi(site, Two()), stores


async def logged_in(app: Starlette, name: str) -> httpx.AsyncClient:
    one = visitor(app)
    assert (await one.post("/login", data={"username": name, "password": name})).status_code == 303
    return one


async def test_a_page_is_its_users_alone(shared_by_two: tuple[Starlette, UserStores]) -> None:
    app, _ = shared_by_two
    ann, bo = await logged_in(app, "ann"), await logged_in(app, "bo")
    call = {"data": [], "fn_index": 3, "session_hash": "annspage"}  # an example, which needs no queue
    assert (await ann.post("/gradio_api/run/predict", json=call)).status_code == 200
    refused = [
        await bo.post("/gradio_api/run/predict", json=call),
        await bo.get("/gradio_api/queue/data", params={"session_hash": "annspage"}),
        await bo.get("/gradio_api/heartbeat/annspage"),
        await bo.get("/gradio_api/queue/data?session_hash=bospage&session_hash=annspage"),
        await bo.post("/gradio_api/cancel", json={"session_hash": "annspage", "fn_index": 0, "event_id": "x"}),
    ]
    assert [answer.status_code for answer in refused] == [404] * 5
    await ann.aclose()
    await bo.aclose()


async def test_a_call_is_ended_from_its_own_page_alone(shared_by_two: tuple[Starlette, UserStores]) -> None:
    app, _ = shared_by_two
    ann, bo = await logged_in(app, "ann"), await logged_in(app, "bo")
    call = {"data": [], "fn_index": 25, "session_hash": "annspage"}  # the Compare tab, which needs the queue
    event = (await ann.post("/gradio_api/queue/join", json=call)).json()["event_id"]
    end = {"fn_index": 25, "event_id": event}
    assert (await bo.post("/gradio_api/cancel", json=end | {"session_hash": "bospage"})).status_code == 404
    assert (await ann.post("/gradio_api/cancel", json=end | {"session_hash": "annspage"})).status_code == 200
    await ann.aclose()
    await bo.aclose()


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"X-Gradio-Server": "http://evil.example"}),
        ("", {"X-Forwarded-Host": "evil.example"}),
        ("", {"Origin": "http://localhost:1"}),
        ("?page=x", {}),
        ("?deep_link=x&view=api", {}),
    ],
    ids=str,
)
async def test_gradio_gets_of_a_request_what_the_page_needs(site: Site, query: str, headers: dict[str, str]) -> None:
    async with visitor(asgi(site)) as anybody:
        plain, odd = await anybody.get("/config"), await anybody.get(f"/config{query}", headers=headers)
        assert (odd.status_code, odd.text) == (200, plain.text)
        assert "access-control-allow-origin" not in odd.headers


async def test_a_budget_for_all_bodies_together(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.ui.gate import gate

    monkeypatch.setattr(gate, "ALL_BYTES", 1000)
    async with visitor(asgi(site)) as anybody:
        answer = await anybody.post("/gradio_api/run/predict", content=b" " * 2000)
        assert answer.status_code == 503 and "Retry-After" in answer.headers
        assert (await anybody.post("/gradio_api/run/predict", content=b" " * 900)).status_code == 400


async def test_the_handlers_of_the_page_take_single_values_only(site: Site) -> None:
    """The gate lets nothing else through: a component that takes more would never get it."""
    kinds = {component.get_block_name() for each in page(site).fns.values() for component in each.inputs}
    assert kinds <= {"textbox", "dropdown", "number", "slider", "radio", "state"}


async def test_a_mistake_of_the_program_is_logged_once_and_told_in_a_sentence(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("app.ui.tabs.traces.list_attempts", broken)
    shown = page(site)
    find = next(number for number, each in shown.fns.items() if each.name == "answer" and len(each.inputs) == 6)
    async with visitor(asgi(site)) as anybody:
        call = {"data": ["", "", 0, 0, "", ""], "fn_index": find, "session_hash": "x"}
        answer = await anybody.post("/gradio_api/run/predict", json=call)
    assert answer.status_code == 500 and "log file" in answer.text and "secret" not in answer.text
    assert len([record for record in caplog.records if record.exc_info]) == 1


@pytest.mark.parametrize("values", [["x" * 2000, "", 0, 0, "", ""], ["", "no such choice", 0, 0, "", ""]])
async def test_what_a_handler_refuses_is_a_sentence_and_no_traceback(
    values: list[object], site: Site, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    shown = page(site)
    find = next(number for number, each in shown.fns.items() if each.name == "answer" and len(each.inputs) == 6)
    async with visitor(asgi(site)) as anybody:
        call = {"data": values, "fn_index": find, "session_hash": "x"}
        answer = await anybody.post("/gradio_api/run/predict", json=call)
    assert answer.status_code == 422 and answer.json()["error"].endswith(".")
    assert "Traceback" not in capfd.readouterr().err and not [each for each in caplog.records if each.exc_info]


async def test_many_log_ins_at_once_count_as_many(site: Site) -> None:
    async with visitor(asgi(site, OneUser("ann", "secret"))) as attacker:
        guesses = (attacker.post("/login", data={"username": "ann", "password": f"guess{n}"}) for n in range(30))
        statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
        assert statuses.count(400) <= 6 and statuses.count(429) >= 24
        locked = await attacker.post("/login", data={"username": "ann", "password": "secret"})
        assert locked.status_code == 429 and int(locked.headers["retry-after"]) >= 1
        assert "try again in" in locked.text
