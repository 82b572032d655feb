from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.store import Store
from evals.compare import main
from tests.evals.test_results import measured


def compared(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["evals.compare", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


async def test_two_runs_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.sqlite"
    with Store.open(path) as store:
        await measured(store, 2)
        await measured(store, 5)
    assert compared(monkeypatch, "1", "2", "--store", str(path)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "33.3%" in said and "83.3%" in said and "+50.0 pts" in said and "Gained" in said
    assert compared(monkeypatch, "1", "9", "--store", str(path)) == 2
    assert "no run 9" in capsys.readouterr().err
    assert compared(monkeypatch, "1", "2", "--store", str(tmp_path / "none.sqlite")) == 2
    assert "no trace store" in capsys.readouterr().err
