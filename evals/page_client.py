"""A visitor of the page without a browser: an HTTP client that speaks the page's own protocol.

    async with visitor(url) as page:
        await page.do("click", "Solve", {"Question": "Mira plants 4 rows of 12 tulips. How many?"})
        await page.do("submit", "Words", {"Words": "tulips"})

Like the page it opens its configuration, calls what is called on load, keeps a heartbeat until it leaves, posts
unqueued calls, and joins the queue with the others and follows their events.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from app.errors import BackendError

RUN, JOIN, EVENTS = "/gradio_api/run/predict", "/gradio_api/queue/join", "/gradio_api/queue/data"
CANCEL, HEARTBEAT = "/gradio_api/cancel", "/gradio_api/heartbeat/"
SECONDS = 120.0
"""For the server to say something more."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happens on the page, and the handler that the server has for it."""

    number: int
    queued: bool
    targets: tuple[tuple[int, str], ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    selects: bool

    @classmethod
    def read(cls, dependency: Mapping[str, Any]) -> Self:
        """From a dependency of the page's configuration."""
        return cls(
            dependency["id"],
            dependency["queue"],
            tuple((place, kind) for place, kind in dependency["targets"]),
            tuple(dependency["inputs"]),
            tuple(dependency["outputs"]),
            dependency["collects_event_data"],
        )


@dataclass(slots=True)
class Page:
    """The page as one visitor has it open.

    Attributes:
        http: Sends the requests, with the cookie of the log-in if there is one.
        events: Every handler of the page.
        parts: What each component is, by its id.
        values: What each component holds, by its id.
        name: The random name of this open page, Gradio's session hash.
    """

    http: httpx.AsyncClient
    events: tuple[Event, ...]
    parts: dict[int, dict[str, Any]]
    values: dict[int, Any]
    name: str = field(default_factory=lambda: secrets.token_hex(6))

    @classmethod
    async def open(cls, http: httpx.AsyncClient) -> Self:
        """Load the page and call nothing yet."""
        (await http.get("/")).raise_for_status()
        config = (await http.get("/config")).raise_for_status().json()
        parts = {part["id"]: part for part in config["components"]}
        events = tuple(Event.read(each) for each in config["dependencies"] if each["backend_fn"])
        return cls(http, events, parts, {place: part["props"].get("value") for place, part in parts.items()})

    async def load(self, query: str = "") -> None:
        """Call what is called on load; ``query`` is that of the page's address, such as ``attempt=3``."""
        for event in self.events:
            if any(kind == "load" for _, kind in event.targets):
                await self.call(event, query=query)

    def event(self, kind: str, name: str) -> Event:
        """The first handler of that kind of event, at a component with that label, text or class."""
        for event in self.events:
            if any(at == kind and name in self._names(place) for place, at in event.targets):
                return event
        raise LookupError(f"the page has no {kind} of {name!r}")

    def shown(self, name: str) -> str:
        """What the component with that label, text or class holds."""
        return str(next(self.values[place] for place in self.parts if name in self._names(place)))

    async def do(self, kind: str, name: str, given: Mapping[str, Any] | None = None) -> list[Any]:
        """Do as ``call``, with the handler that ``event`` finds."""
        return await self.call(self.event(kind, name), given)

    async def call(
        self, event: Event, given: Mapping[str, Any] | None = None, selected: object = None, query: str = ""
    ) -> list[Any]:
        """Call a handler, with what is ``given`` by the labels of its inputs; its last values, which are then shown.

        Raises:
            BackendError: It failed, and the server says why.
            httpx.HTTPError: There was no answer, or one that says that there is none.
        """
        for label, value in (given or {}).items():
            self.values[next(place for place in event.inputs if label in self._names(place))] = value
        body = self.body(event, [self.values[place] for place in event.inputs], selected)
        if event.queued:
            output = (await self.follow(body))[-1]
        else:
            answer = await self.http.post(f"{RUN}?{query}" if query else RUN, json=body)
            output = answer.raise_for_status().json()["data"]
        for place, value in zip(event.outputs, output, strict=True):
            self._show(place, value)
        return output

    def body(self, event: Event, data: list[Any], selected: object = None) -> dict[str, Any]:
        """A call as it is sent."""
        trigger = event.targets[0][0] if event.targets else None
        return {
            "data": data,
            "fn_index": event.number,
            "session_hash": self.name,
            "trigger_id": trigger,
            "event_data": selected,
        }

    async def follow(self, body: Mapping[str, Any]) -> list[list[Any]]:
        """Join the queue and follow the events until the call has ended: its first values, and its last.

        Raises:
            BackendError: It failed, and the server says why.
            httpx.HTTPError: There was no answer, or one that says that there is none.
        """
        joined = (await self.http.post(JOIN, json=body)).raise_for_status().json()["event_id"]
        found = list[list[Any]]()
        async for said in self.messages():
            kind, output = said["msg"], said.get("output") or {}
            if kind == "unexpected_error":
                raise BackendError(f"The events of the page broke off: {said.get('message')}.")
            if said.get("event_id") != joined:
                continue
            if kind == "process_completed" and not said["success"]:
                raise BackendError(f"The page says: {output.get('error')}")
            if kind == "process_completed" or (kind == "process_generating" and not found):
                found.append(output.get("data", []))
            if kind == "process_completed":
                return found
        raise BackendError("The events of the page ended before the answer.")

    async def messages(self) -> AsyncGenerator[dict[str, Any]]:
        """The events of this page until the server closes their stream."""
        async with self.http.stream("GET", EVENTS, params={"session_hash": self.name}) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])

    async def beat(self) -> None:
        """Hold the heartbeat; the server takes its end for the end of the visit."""
        async with self.http.stream("GET", HEARTBEAT + self.name) as answer:
            answer.raise_for_status()
            async for _ in answer.aiter_raw():
                pass

    def _names(self, place: int) -> tuple[Any, ...]:
        props = self.parts[place]["props"] if place in self.parts else {}
        return props.get("label"), props.get("value"), *(props.get("elem_classes") or ())

    def _show(self, place: int, value: Any) -> None:
        if isinstance(value, dict) and value.get("__type__") == "update":
            if "value" not in value:
                return
            value = value["value"]
        self.values[place] = value


async def log_in(http: httpx.AsyncClient, user: str, password: str) -> None:
    """Log in; raises ``BackendError`` when the server does not let this user in."""
    answer = await http.post("/login", data={"username": user, "password": password})
    if answer.status_code != 303:
        raise BackendError(f"{user} is not let in: {answer.status_code}.")


def client(url: str, **options: Any) -> httpx.AsyncClient:
    """What a visitor sends requests with; ``options`` are httpx's."""
    return httpx.AsyncClient(**{"base_url": url, "timeout": SECONDS, "trust_env": False, "verify": False, **options})


@asynccontextmanager
async def visitor(url: str, **options: Any) -> AsyncGenerator[Page]:
    """Someone who opens the page and has it open until the end; ``options`` are those of ``client``.

    Raises:
        BackendError: The heartbeat ended before the visit.
    """
    async with client(url, **options) as http:
        page = await Page.open(http)
        beating = asyncio.create_task(page.beat())
        try:
            await page.load()
            yield page
            if beating.done():
                raise BackendError("The heartbeat of the page ended before the visit.") from beating.exception()
        finally:
            beating.cancel()
            await asyncio.wait([beating])
