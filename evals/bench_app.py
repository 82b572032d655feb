"""Benchmark of the app: search in the store, first paint, clicks, a deep link, concurrent visitors.

    python -m evals.bench_app

A temporary store is filled with 10,000 steps, and `isump ui` serves it with a scripted backend to Chromium. Each number
that matters has a limit, for an otherwise idle machine with two cores; the exit code is 1 when one is missed.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from app import program
from app.errors import BackendError
from app.options import Environment, parse
from app.store import Store
from app.store.search import AttemptFilter
from evals.bench_steps import ms_per_step
from prompts.checks import CHECKS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SECONDS = 0.05
"""Seconds that each scripted reply takes."""
ROUNDS = 25
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CLICK = """async () => {
  const place = () => document.querySelector('.is-place').textContent;
  const before = place(), began = performance.now();
  [...document.querySelectorAll('button')].find((button) => button.textContent.trim() === 'Next step').click();
  while (place() === before && performance.now() - began < 10000) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


SEARCH, READ, PAINTED, USABLE, LINK, STEP = 0.05, 0.02, 1.0, 3.0, 3.0, 0.1
"""Limits in seconds: a filtered search, reading a step, first paint, a usable page, a deep link, the median click."""


class Report:
    """Prints each measurement beside its limit and remembers whether one was missed."""

    def __init__(self) -> None:
        self.missed = False

    def add(self, what: str, seconds: float, limit: float) -> None:
        """Print one measurement."""
        over = seconds > limit
        self.missed |= over
        print(f"{what}: {1000 * seconds:,.0f} ms (limit {1000 * limit:,.0f} ms){' MISSED' if over else ''}")


def search(store: Store, report: Report) -> None:
    """Report the slowest of all filters and words, and reading one step, each the fastest of five tries."""
    faults = [AttemptFilter(fault=(check.name, kind)) for check in CHECKS.values() for kind in check.faults]
    wanted = [
        AttemptFilter(),
        AttemptFilter("clips"),
        AttemptFilter("clips sold June"),
        AttemptFilter("absent"),
        *faults,
    ]
    wanted += [AttemptFilter(outcome=only) for only in ("wrong", "unanswered", "error", "step_limit")]
    report.add("The slowest search", max(_fastest(lambda each=each: _find(store, each)) for each in wanted), SEARCH)
    middle = store.attempts(200)[-1].id
    report.add("Reading a step and its costs", _fastest(lambda: _read(store, middle)), READ)


def _find(store: Store, wanted: AttemptFilter) -> None:
    store.find(wanted, 50)
    store.count(wanted)


def _read(store: Store, attempt: int) -> None:
    store.attempt(attempt)
    store.costs(attempt)
    store.outline(attempt)
    store.record(attempt, 5)


def _fastest(work: Callable[[], None]) -> float:
    took = list[float]()
    for _ in range(5):
        clock = time.perf_counter()
        work()
        took.append(time.perf_counter() - clock)
    return min(took)


@contextmanager
def served(store: Path, replies: Path, *options: str) -> Iterator[str]:
    """The address of `isump ui` with that store, those replies and options, in a process of its own."""
    words = ("--port", "0", "--backend", "scripted", "--replies", str(replies), "--store", str(store))
    command = (sys.executable, "-m", "app", "ui", *words, "--max-steps", "3", *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            found = re.search(r"http://\S+?(?=/?\s)", process.stdout.readline())
            if found is None:
                raise BackendError("The app does not start: run `isump ui` to see why.")
            yield found[0]
        finally:
            process.terminate()


def browse(url: str, path: str, attempt: int, clicks: int, visitors: int, report: Report) -> None:
    """Report what a visitor with a browser waits for."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for words in ("first visit", "next visitor"):
            page = browser.new_page()
            clock = time.perf_counter()
            page.goto(url)
            page.get_by_role("button", name="Solve", exact=True).wait_for()
            ready = time.perf_counter() - clock
            report.add(f"First paint, {words}", page.evaluate(PAINT) / 1000, PAINTED)
            report.add(f"Usable, {words}", ready, USABLE)
            page.close()
        page, step = browser.new_page(), ROUNDS
        clock = time.perf_counter()
        page.goto(f"{url}/?attempt={attempt}&step={step}")
        page.locator(".is-place", has_text=f"Step {step} ").wait_for()
        report.add("A link to a step", time.perf_counter() - clock, LINK)
        took = [page.evaluate(CLICK) for _ in range(min(clicks, ROUNDS))]
        report.add("A click to the next step, median", statistics.median(took) / 1000, STEP)
        print(f"The worst click took {max(took):.0f} ms.")
        page.close()
        ask(browser, url, visitors)
        browser.close()


def ask(browser: Browser, url: str, visitors: int) -> None:
    """Print how long that many visitors, who ask at once, wait for their answers."""
    pages = [browser.new_page() for _ in range(visitors)]
    for number, page in enumerate(pages):
        page.goto(url)
        page.get_by_label("Question", exact=True).first.fill(f"Visitor {number} plants 4 rows of 12. How many?")
    clock = time.perf_counter()
    for page in pages:
        page.get_by_role("button", name="Solve", exact=True).click()
    for page in pages:
        page.locator(".answer-box .is-answer").wait_for(timeout=120_000)
    print(f"{visitors} visitors asked at once: the last answer was there after {time.perf_counter() - clock:.1f} s.")


class BenchApp(Environment):
    """Measure how fast the app is."""

    steps: int = Field(default=10_000, ge=1, le=10_000_000, description="steps in the store")
    clicks: int = Field(default=20, ge=1, le=100_000, description="clicks from step to step")
    visitors: int = Field(default=8, ge=1, le=100, description="who ask at once")

    def run(self) -> int:
        """Print every measurement; the exit code is 1 when a limit is missed."""
        report = Report()
        with tempfile.TemporaryDirectory() as folder:
            path, replies = Path(folder) / "bench.sqlite", Path(folder) / "replies.jsonl"
            with Store.open(path) as store:
                _, steps = asyncio.run(ms_per_step(max(1, self.steps // (2 * ROUNDS)), ROUNDS, store))
                print(f"{steps:,} steps are in the store.")
                newest = store.attempts(1)[0].id
                search(store, report)
            texts = (f"4 * 12 = 48.\nKnown:\n- planted = 48 ({n})\nNext:\n- go on" for n in range(20 * self.visitors))
            replies.write_text("".join(json.dumps({"text": text, "seconds": SECONDS}) + "\n" for text in texts))
            with served(path, replies) as url:
                browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
                if browser:
                    browse(url, browser, newest, self.clicks, self.visitors, report)
                else:
                    print("The page was not measured: `apt install chromium`.")
            with Store.open(path) as store:
                asked = [attempt for attempt in store.attempts(self.visitors) if attempt.id > newest]
                done = sum(attempt.status == "done" for attempt in asked)
            print(f"Their attempts in the store: {len(asked)}, of which {done} came to their end.")
        return int(report.missed)


if __name__ == "__main__":
    program.run(lambda: parse(BenchApp, sys.argv[1:], "python -m evals.bench_app").run())
