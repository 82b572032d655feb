from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.models.provenance import Provenance

KNOWN = Provenance(source="hub", origin=("a/b:c.gguf@1234",), sha256="0" * 64, downloaded=1e9)


def test_it_lies_beside_the_file_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "c.gguf"
    assert Provenance.of(path) is None
    KNOWN.store(path)
    assert Provenance.of(path) == KNOWN
    assert [each.name for each in tmp_path.iterdir()] == ["c.gguf.json"]
    assert stat.S_IMODE((tmp_path / "c.gguf.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "old, new", [("hub", "disk"), ("0000", "zzzz"), ("1000000000.0", "NaN"), ('"downloaded"', '"x"')]
)
def test_what_it_cannot_be_is_nothing(tmp_path: Path, old: str, new: str) -> None:
    content = KNOWN.model_dump_json()
    assert old in content
    (tmp_path / "c.gguf.json").write_text(content.replace(old, new, 1))
    assert Provenance.of(tmp_path / "c.gguf") is None
