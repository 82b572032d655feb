"""Formats numbers, percentages and intervals for the terminal and the page.

format_number(1234.5)                        -> "1,234"
percent_interval(Interval(.1, .25))   -> "10.0 to 25.0%"
"""

from __future__ import annotations

from evals.statistics import Interval, PairedDifference

MISSING = "–"


def count(amount: int, noun: str) -> str:
    """An amount with its noun, which gets an s unless the amount is 1."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def format_number(value: float | None) -> str:
    """A number with as many digits as a reader can use."""
    if value is None:
        return MISSING
    if value >= 1_000_000:
        return f"{value / 1_000_000:,.1f} M"
    if value >= 1000 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def percent(share: float | None) -> str:
    """A share as a percentage."""
    return MISSING if share is None else f"{100 * share:.1f}%"


def percent_interval(interval: Interval | None) -> str:
    """An interval of shares."""
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}%" if interval else MISSING


def points(difference: float | None) -> str:
    """A difference of shares, in percentage points."""
    return MISSING if difference is None else f"{100 * difference:+.1f} pts"


def points_interval(interval: Interval | None) -> str:
    """An interval of differences of shares."""
    return f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f} pts" if interval else MISSING


def ratio(cost: PairedDifference) -> tuple[str, str]:
    """The ratio of two totals and its interval."""
    interval = cost.ratio_interval
    return (
        MISSING if cost.ratio is None else f"×{cost.ratio:.2f}",
        f"×{interval.low:.2f} to ×{interval.high:.2f}" if interval else MISSING,
    )
