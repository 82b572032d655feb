"""An eval killed at any moment and resumed ends with every item done once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.store import Store
from evals.gsm8k import BUILTIN

ROOT = Path(__file__).parent.parent.parent
KILLS = 20
ITEMS = len(BUILTIN.read_text().splitlines())
HANGS = 300
"""Seconds after which something hangs, however busy the machine is."""


def start(store: Path, replies: Path, *more: str) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-m", "evals.gsm8k", "--source", "builtin", "--backend", "scripted", "--json")
    where = ("--store", str(store), "--replies", str(replies), *more)
    return subprocess.Popen((*command, *where), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def done(store: Path) -> int:
    """How many items are done; -1 while there is no run yet."""
    if not store.exists():
        return -1
    with Store.open(store) as opened:
        return sum(item.status == "done" for item in opened.items(1)) if opened.runs() else -1


def wait(process: subprocess.Popen[bytes], store: Path, dice: random.Random) -> None:
    """Until a random moment: during the start, or soon after an item was finished."""
    before = done(store)
    for _ in range(dice.randrange(50) if dice.random() < 0.25 else HANGS * 50):
        if process.poll() is not None or done(store) != before:
            break
        time.sleep(0.02)
    time.sleep(dice.uniform(0, 0.1))


@pytest.mark.slow
def test_an_eval_killed_at_random_moments_finishes_every_item_once(tmp_path: Path) -> None:
    store, replies, dice = tmp_path / "t.sqlite", tmp_path / "r.jsonl", random.Random(0)
    reply = {"text": "3 + 4 = 7.\nAnswer: 7", "seconds": 0.1}
    replies.write_text(f"{json.dumps(reply)}\n" * 2 * ITEMS)
    counts: list[int] = []
    for _ in range(KILLS):
        process = start(store, replies, *(("--resume", "1") if done(store) >= 0 else ()))
        wait(process, store, dice)
        process.kill()
        process.communicate()
        counts.append(done(store))
    assert counts == sorted(counts), "nothing done is lost"
    assert len({count for count in counts if 0 < count < ITEMS}) > KILLS // 4, f"few kills fell into the work: {counts}"
    output, _ = start(store, replies, "--resume", "1").communicate(timeout=HANGS)
    assert json.loads(output.splitlines()[-1])["n"] == ITEMS
    with Store.open(store) as opened:
        items = opened.items(1)
        assert len({item.question_id for item in items}) == len(items) == ITEMS
        assert all(item.status == "done" and item.scores for item in items)
