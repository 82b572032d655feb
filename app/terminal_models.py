"""Shows models in the terminal: which are here, where they came from, and whether they are what they should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app.models.catalogue import Model
from app.models.provenance import Provenance
from app.models.status import ModelStatus
from app.text import sanitize


def catalogue(statuses: Sequence[ModelStatus], default: str) -> RenderableType:
    """The models known by name, a few lines each."""
    return Group(*(_block(status, status.model.name == default) for status in statuses))


def details(status: ModelStatus) -> RenderableType:
    """Everything known of one model, a row each."""
    table = Table.grid(padding=(0, 2))
    for name, says in _rows(status):
        table.add_row(Text(name, "dim"), _inert(says) if isinstance(says, str) else says)
    return table


def _block(status: ModelStatus, is_default: bool) -> RenderableType:
    model = status.model
    head = Text.assemble((sanitize(model.name), "bold"), " (default)" if is_default else "", f": {_here(status)}")
    digest = status.verified.sha256 if status.verified else status.expected
    hashed = Text.assemble(f"sha256 {digest[:12]}, " if digest else "", _verdict(status))
    lines = (_inert(model.description), _inert(f"{model.licence}, {_source(status)}"), hashed)
    return Group(head, Padding(Group(*lines), (0, 0, 0, 2), expand=False))


def _rows(status: ModelStatus) -> Iterator[tuple[str, str | Text]]:
    model, provenance = status.model, status.provenance
    yield "model", model.name
    yield "what it is", model.description
    yield "licence", model.licence
    if model.context:
        yield "context", f"{model.context:,} tokens"
    if model.hub:
        yield "on the hub", str(model.hub)
    if model.wheels:
        yield "on PyPI", _range([wheel.requirement for wheel in model.wheels])
    yield "size", _here(status)
    if status.path:
        yield "file", str(status.path)
        yield "source", _origin(provenance) if provenance else _source(status)
    if provenance:
        yield "downloaded", _when(provenance.downloaded)
    if status.verified:
        yield "sha256", status.verified.sha256
    if status.expected and (status.is_wrong or not status.verified):
        yield "expected", status.expected
    yield "check", _verdict(status)


def _here(status: ModelStatus) -> str:
    if status.path:
        return f"{status.bytes / 1e6:,.0f} MB, here"
    whole = f"{status.model.bytes / 1e6:,.0f} MB, not here" if status.model.bytes else "not here"
    return f"{whole}, {status.bytes / 1e6:,.0f} MB of it downloaded" if status.bytes else whole


def _source(status: ModelStatus) -> str:
    """Where the file came from, or can come from."""
    can = _places(status.model)
    if not status.path:
        return f"can come from {can}"
    if status.provenance:
        return f"from {_origin(status.provenance)}"
    return "source not noted when it was downloaded" if can else "given by its path"


def _places(model: Model) -> str:
    return " or ".join(name for name, has in (("the hub", model.hub), ("PyPI", model.wheels)) if has)


def _origin(provenance: Provenance) -> str:
    return f"{'the hub' if provenance.source == 'hub' else 'PyPI'}: {_range(provenance.origin)}"


def _range(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]} ({len(names)} wheels)"


def _verdict(status: ModelStatus) -> Text:
    """Whether the file was found to be what it should be."""
    if not status.path:
        return Text("is checked when it is downloaded", "dim")
    if not status.verified:
        return Text("is checked when it is loaded", "dim")
    if status.is_wrong:
        return Text(sanitize(f"NOT the file it should be: run `isump models pull {status.model.name}`"), "bold red")
    when = _when(status.verified.when)
    return Text(f"verified {when}", "green") if status.expected else Text(f"hashed {when}, nothing to compare it with")


def _when(moment: float) -> str:
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M")


def _inert(words: str) -> Text:
    return Text(sanitize(words), overflow="fold")
