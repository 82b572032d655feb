"""How fast the app is: first paint, a click from step to step, a deep link, and many visitors who ask at once.

    python -m evals.bench_app

A temporary store is filled with 10,000 steps, and `isump ui` serves it with a scripted backend. The page is measured
in Chromium where there is one; the visitors are plain HTTP clients that speak the page's own protocol.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.errors import BackendError
from app.options import Parser, run, whole
from app.store import Store
from evals.bench_steps import ms_per_step

SECONDS = 0.05
"""What each scripted reply takes."""
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


@contextmanager
def served(store: Path, replies: Path) -> Iterator[str]:
    """The address of `isump ui` with that store and those replies, in a process of its own."""
    words = ("--port", "0", "--backend", "scripted", "--replies", str(replies), "--store", str(store))
    command = (sys.executable, "-m", "app", "ui", *words, "--max-steps", "3")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            found = re.search(r"http://\S+?(?=/?\s)", process.stdout.readline())
            if found is None:
                raise BackendError("The app does not start: run `isump ui` to see why.")
            yield found[0]
        finally:
            process.terminate()


def browse(url: str, path: str, attempt: int, clicks: int) -> None:
    """Print what a visitor with a browser waits for."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for words in ("first visit", "next visitor"):
            page = browser.new_page()
            clock = time.perf_counter()
            page.goto(url)
            page.get_by_role("button", name="Solve", exact=True).wait_for()
            ready = time.perf_counter() - clock
            print(f"First paint, {words}: {page.evaluate(PAINT) / 1000:.2f} s; to be used after {ready:.2f} s.")
            page.close()
        page, step = browser.new_page(), ROUNDS
        clock = time.perf_counter()
        page.goto(f"{url}/?attempt={attempt}&step={step}")
        page.locator(".is-place", has_text=f"Step {step} ").wait_for()
        print(f"A link to a step opens in {time.perf_counter() - clock:.2f} s.")
        took = [page.evaluate(CLICK) for _ in range(min(clicks, ROUNDS))]
        print(f"A click to the next step: median {statistics.median(took):.0f} ms, worst {max(took):.0f} ms.")
        browser.close()


async def visit(url: str, number: int) -> float:
    """Open the page and ask one question as the page itself would; returns the seconds until its answer.

    Raises:
        BackendError: The question was not answered.
    """
    import httpx

    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        clock = time.perf_counter()
        (await client.get("/")).raise_for_status()
        config = (await client.get("/config")).raise_for_status().json()
        parts = {part["id"]: part for part in config["components"]}
        asked = next(each for each in config["dependencies"] if _is_solve(each, parts))
        values = [parts[place]["props"].get("value") for place in asked["inputs"]]
        values[1] = f"Visitor {number} plants 4 rows of 12 tulips. How many?"
        session = f"visitor{number}"
        body = {"data": values, "fn_index": asked["id"], "session_hash": session, "trigger_id": asked["targets"][0][0]}
        (await client.post("/gradio_api/queue/join", json=body)).raise_for_status()
        async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as lines:
            async for line in lines.aiter_lines():
                said: dict[str, Any] = json.loads(line[5:]) if line.startswith("data:") else {}
                if said.get("msg") == "process_completed" and said["success"]:
                    return time.perf_counter() - clock
                if said.get("msg") in ("process_completed", "unexpected_error"):
                    break
        raise BackendError(f"Visitor {number} had no answer: look at what the server printed.")


def _is_solve(event: dict[str, Any], parts: dict[int, dict[str, Any]]) -> bool:
    return any(
        kind == "click" and place in parts and parts[place]["props"].get("value") == "Solve"
        for place, kind in event["targets"]
    )


async def visitors(url: str, count: int) -> None:
    """Print how that many visitors fare who ask at the same time."""
    took = await asyncio.gather(*(visit(url, number) for number in range(count)), return_exceptions=True)
    fine = [seconds for seconds in took if isinstance(seconds, float)]
    errors = [error for error in took if isinstance(error, BaseException)]
    slowest = f"; the slowest answer after {max(fine):.1f} s" if fine else ""
    print(f"{count} visitors asked at once: {len(errors)} errors{slowest}.")
    for error in errors[:3]:
        print(f"  {type(error).__name__}: {error}")


def _main() -> None:
    parser = Parser(prog="python -m evals.bench_app", description="How fast the app is.")
    parser.add_argument("--steps", type=whole, default=10_000, help="steps in the store (%(default)s)")
    parser.add_argument("--clicks", type=whole, default=20, help="clicks from step to step (%(default)s)")
    parser.add_argument("--visitors", type=whole, default=20, help="who ask at once (%(default)s)")
    args = parser.parse_args()

    def bench() -> int:
        with tempfile.TemporaryDirectory() as folder:
            path, replies = Path(folder) / "bench.sqlite", Path(folder) / "replies.jsonl"
            with Store.open(path) as store:
                _, steps = asyncio.run(ms_per_step(max(1, args.steps // (2 * ROUNDS)), ROUNDS, store))
                newest = store.attempts(1)[0].id
            texts = (f"4 * 12 = 48.\nKnown:\n- planted = 48 ({n})\nNext:\n- go on" for n in range(20 * args.visitors))
            replies.write_text("".join(json.dumps({"text": text, "seconds": SECONDS}) + "\n" for text in texts))
            with served(path, replies) as url:
                print(f"{steps:,} steps are in the store.")
                browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
                if browser:
                    browse(url, browser, newest, args.clicks)
                else:
                    print("The page was not measured: `apt install chromium`.")
                asyncio.run(visitors(url, args.visitors))
            with Store.open(path) as store:
                asked = [attempt for attempt in store.attempts(args.visitors) if attempt.id > newest]
                done = sum(attempt.status == "done" for attempt in asked)
            print(f"Their attempts in the store: {len(asked)}, of which {done} came to their end.")
        return 0

    run(bench)


if __name__ == "__main__":
    _main()
