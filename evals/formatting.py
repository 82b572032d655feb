"""Intervals, differences and ratios as the terminal and the page show them.

percent_interval(Interval(.1, .25))   -> "10.0 to 25.0%"
"""

from __future__ import annotations

from app.text import MISSING
from evals.statistics import Interval, PairedDifference


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
