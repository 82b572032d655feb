"""Charts of accuracy and peak context against length, as PNG or SVG.

    python -m evals.length_chart riw --length vectors --out riw.svg
    python -m evals.length_chart babi_long --length tokens --runs 3,4,7,8 --out babi.png

Every run of the task in the store is a point, at the value of the option that makes its questions longer; runs that
differ in nothing else are a line, with 95 % intervals. Where the peak contexts of two lines cross is marked: from there
on a bounded context is the shorter one. Needs matplotlib: ``pip install '.[chart]'``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import CliPositionalArg

from app import program
from app.errors import BadInput
from app.options import StoreOption, parse
from app.store import Store
from app.store.records import Run
from evals.results import summarize_run
from evals.statistics import Estimate
from evals.sweep import listed
from evals.tasks import TASKS
from prompts.user_files import UserPath


class ChartOptions(StoreOption):
    """Draw accuracy and peak context against the length of the questions."""

    task: CliPositionalArg[str] = Field(description="whose runs are drawn")
    length: str = Field(default="tokens", description="the task's option that makes its questions longer")
    runs: str = Field(default="", description="numbers of the runs, by default all of the task")
    out: UserPath = Field(default=Path("lengths.svg"), description="where the chart goes, ending in .svg or .png")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run as a point: accuracy with its interval, and the mean peak context in tokens."""

    length: int
    accuracy: Estimate
    peak: float


def lines(store: Store, options: ChartOptions) -> dict[str, list[Measured]]:
    """The points of every line by its label, in the order of their lengths.

    Raises:
        BadInput: There is no such task, option or run, or nothing has been measured.
    """
    if options.task not in TASKS:
        raise BadInput(f"There is no task {options.task!r}: choose one of {', '.join(TASKS)}.")
    if options.length not in TASKS[options.task].source.model_fields:
        raise BadInput(f"{options.task} has no option {options.length!r} that could be a length.")
    chosen = set(listed(options.runs)) if options.runs else set[str]()
    runs = [run for run in store.runs() if run.spec.task == options.task and (not chosen or str(run.id) in chosen)]
    found, named = dict[str, list[Measured]](), labels(runs, options.length)
    for run in runs:
        summary, length = summarize_run(store, run), run.spec.source.get(options.length)
        if summary.n and isinstance(length, int):
            accuracy, peak = summary.accuracy[summary.primary], summary.costs["peak_context"].mean
            found.setdefault(named[run.id], []).append(Measured(length, accuracy, peak))
    if not found:
        raise BadInput(f"No run of {options.task} in {options.store} has a result: measure something first.")
    return {name: sorted(points, key=lambda point: point.length) for name, points in sorted(found.items())}


def labels(runs: Sequence[Run], length: str) -> dict[int, str]:
    """What the line of each run is called: its strategy, and whatever differs between the runs but their length.

    Settings are named where they differ between runs of one strategy, since strategies have defaults of their own.
    """
    values = dict[tuple[str, str], set[str]]()
    facts = {run.id: dict(_facts(run, length)) for run in runs}
    for each in facts.values():
        for key, value in each.items():
            values.setdefault(key, set()).add(value)
    told = {id: [f"{name}={value}" for (of, name), value in each.items() if len(values[of, name]) > 1]
            for id, each in facts.items()}  # fmt: skip
    return {run.id: ", ".join([run.spec.strategy, *told[run.id]]) for run in runs}


def _facts(run: Run, length: str) -> Iterator[tuple[tuple[str, str], str]]:
    """What a run was made with, each under whose it is and its name."""
    yield ("", "model"), run.spec.model
    passed_over = (length, "limit", "offset")
    yield from ((("", name), str(value)) for name, value in run.spec.source.items() if name not in passed_over)
    yield from (((run.spec.strategy, name), str(value)) for name, value in run.spec.settings.model_dump().items())


def crossover(first: Sequence[Measured], second: Sequence[Measured]) -> float | None:
    """The length at which the peak contexts of two lines are equal, by straight lines between common lengths."""
    peaks = [{point.length: point.peak for point in line} for line in (first, second)]
    common = sorted(peaks[0].keys() & peaks[1].keys())
    for low, high in pairwise(common):
        before, after = (peaks[0][at] - peaks[1][at] for at in (low, high))
        if before * after < 0:
            return low + (high - low) * before / (before - after)
    return None


def draw(found: dict[str, list[Measured]], options: ChartOptions) -> None:
    """Write the chart.

    Raises:
        BadInput: matplotlib is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BadInput("Charts against length need matplotlib: run pip install '.[chart]'.") from error
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    right, peaks = figure.subplots(1, 2)
    for (name, points), marker in zip(found.items(), "osD^vPX*h<>" * len(found), strict=False):
        at = [point.length for point in points]
        values = [100 * (point.accuracy.value or 0) for point in points]
        right.errorbar(at, values, yerr=_reach(points), marker=marker, capsize=3, label=name)
        peaks.plot(at, [point.peak for point in points], marker=marker, label=name)
    for (_, one), (_, other) in combinations(found.items(), 2):
        if (crossing := crossover(one, other)) is not None:
            peaks.axvline(crossing, color="gray", linestyle=":", linewidth=1)
            peaks.annotate(f"{crossing:.0f}", (crossing, 0), ha="center", va="bottom", color="gray")
    right.set(ylabel="right, %, with 95 % intervals", ylim=(-2, 102))
    peaks.set(ylabel="peak context, tokens", ylim=(0, None))
    for axes in (right, peaks):
        axes.set(xlabel=options.length, xscale="log")
        lengths = sorted({point.length for points in found.values() for point in points})
        axes.set_xticks(lengths, [f"{length:,}" for length in lengths])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    counted = sorted({point.accuracy.n for points in found.values() for point in points})
    figure.suptitle(f"{options.task}, n = {' to '.join(map(str, dict.fromkeys((counted[0], counted[-1]))))} a point")
    peaks.legend(fontsize="small")
    try:
        figure.savefig(options.out, dpi=150)
    except (OSError, ValueError) as error:
        raise BadInput(f"{options.out} cannot be written: {error}.") from error


def _reach(points: Sequence[Measured]) -> list[list[float]]:
    """The distances from each accuracy down and up to the ends of its interval, in percent."""
    spans = [(p.accuracy.value or 0, p.accuracy.interval) for p in points]
    down = [100 * (value - span.low) if span else 0 for value, span in spans]
    return [down, [100 * (span.high - value) if span else 0 for value, span in spans]]


def chart(options: ChartOptions) -> int:
    """Draw the chart and say where it is."""
    with Store.existing(options.store) as store:
        found = lines(store, options)
    draw(found, options)
    print(options.out)
    return 0


def main() -> None:
    """Entry point of ``python -m evals.length_chart``."""
    given: Any = ChartOptions
    program.run(lambda: chart(parse(given, sys.argv[1:], "python -m evals.length_chart")))


if __name__ == "__main__":
    main()
