"""An eval killed at any moment and resumed ends with every item done once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

from app.store import Store

ROOT = Path(__file__).parent.parent.parent
KILLS = 20


def start(store: Path, replies: Path, *more: str) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-m", "evals.gsm8k", "--source", "builtin", "--limit", "40", "--backend", "scripted")
    where = ("--store", str(store), "--replies", str(replies), "--json", *more)
    env = dict(os.environ)
    return subprocess.Popen((*command, *where), cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_an_eval_killed_at_random_moments_finishes_every_item_once(tmp_path: Path) -> None:
    store, replies, dice = tmp_path / "t.sqlite", tmp_path / "r.jsonl", random.Random(0)
    replies.write_text("".join(json.dumps(f"3 + 4 = 7.\nAnswer: {i}") + "\n" for i in range(200)))
    run: tuple[str, ...] = ()
    for _ in range(KILLS):
        process = start(store, replies, *run)
        try:
            process.communicate(timeout=dice.uniform(0.1, 1.6))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        if store.exists() and not run:
            with Store.open(store) as opened:
                run = ("--resume", "1") if opened.runs() else ()
    output, _ = start(store, replies, *run).communicate(timeout=60)
    assert json.loads(output.splitlines()[-1])["n"] == 40
    with Store.open(store) as opened:
        items = opened.items(1)
        assert len({item.question_id for item in items}) == len(items) == 40
        assert all(item.status == "done" and item.scores for item in items)
