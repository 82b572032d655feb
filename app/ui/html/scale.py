"""How values become places along an axis: how far it goes, its ticks at round numbers, and the place of a value.

low, high = reach(0, 250, [120, 310])   # (0, 400)
ticks(low, high)                        # (0, 100, 200, 300, 400)
Scale(low, high, 40, 440).at(310)       # 350.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_MOST, _MOST_WHOLE = 6, 8
_ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Scale:
    """From values between ``low`` and ``high`` to places between ``start`` and ``end`` in a picture."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def reach(low: float, high: float, values: Sequence[float]) -> tuple[float, float]:
    """The limits given, or round ones that hold all values; they change seldom while values are added."""
    least, most = min((low, *values)), max((high, *values))
    if most > high and most > 0:
        size = 10.0 ** math.floor(math.log10(most))
        most = next((size * part for part in _ROUND if size * part >= most), most)
    return least, most


def ticks(low: float, high: float, whole: bool = False) -> tuple[float, ...]:
    """Round numbers from ``low`` to ``high``, equally far apart; ``whole`` ones where things are counted."""
    least = (high - low) / (_MOST_WHOLE if whole else _MOST)
    size = 10.0 ** math.floor(math.log10(least))
    step = next((size * part for part in (1, 2, 5) if size * part >= least), 10 * size)
    step = max(1.0, step) if whole else step
    return tuple(i * step for i in range(math.ceil(low / step), math.floor(high / step * (1 + 1e-9)) + 1))
