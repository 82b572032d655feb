"""Statistics: confidence intervals of one run, and the paired comparison of two runs on the same questions.

Everything is a function of plain numbers; nothing here knows of stores or models.
Differences and ratios are always b against a, so "gained" means b is right where a was wrong.

    result = compare(ids, correct_a, correct_b, costs_a, costs_b)
    result.mcnemar.p, result.costs["generated"].ratio_interval, result.detectable
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIDENCE = 0.95
_BATCH_VALUES = 1_000_000  # numbers drawn at once by the bootstrap: bounds its memory, not its result


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95% interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share of ``n`` items with its interval; ``value`` and ``interval`` are ``None`` when n is 0."""

    correct: int
    n: int
    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class McNemar:
    """Items only one of two runs got right, and the exact two-sided p-value of a split at least as uneven."""

    only_a: int
    only_b: int
    p: float


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Two aligned samples: their means, b - a, and the ratio of totals b / a.

    ``None`` stands for what the numbers cannot say: the means and the difference of no
    items, an interval from fewer than two, a ratio when either total is zero, and a ratio's
    interval when a's total is zero in some resample (too few items have the cost at all).
    """

    mean_a: float | None
    mean_b: float | None
    difference: float | None
    interval: Interval | None
    ratio: float | None
    ratio_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Flips:
    """Ids of the items whose outcome changed: ``gained`` (b right, a wrong) and ``lost`` (a right, b wrong)."""

    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run b against run a on the ``n`` questions both finished.

    ``excluded`` questions ended in an error in either run, ``only_a`` and ``only_b`` were asked in one run only; they
    are in none of the numbers.
    ``unanswered_a`` and ``unanswered_b`` are among the n and count as not correct.
    ``detectable`` is the smallest difference in accuracy that n could show (see
    ``smallest_detectable_difference``).
    """

    n: int
    excluded: int
    only_a: int
    only_b: int
    unanswered_a: int
    unanswered_b: int
    accuracy_a: Estimate
    accuracy_b: Estimate
    accuracy: PairedDifference
    mcnemar: McNemar
    flips: Flips
    detectable: float | None
    costs: Mapping[str, PairedDifference]


def accuracy(correct: int, n: int) -> Estimate:
    """The share of n items that are correct, with its 95% Wilson interval.

    Args:
        correct: How many are right.
        n: How many were judged; 0 gives an Estimate without value or interval.

    Raises:
        ValueError: If ``correct`` is not between 0 and n.
    """
    if not 0 <= correct <= n:
        raise ValueError(f"{correct} correct of {n} is impossible.")
    if n == 0:
        return Estimate(correct, n, None, None)
    from scipy.stats import binomtest

    wilson = binomtest(correct, n).proportion_ci(CONFIDENCE, method="wilson")
    # Rounding can leave a bound a hair beyond the value when all or none are right.
    value = correct / n
    return Estimate(correct, n, value, Interval(min(float(wilson.low), value), max(float(wilson.high), value)))


def mcnemar(a: Sequence[bool], b: Sequence[bool]) -> McNemar:
    """Exact McNemar test of two aligned sequences of outcomes; p is 1 when no item flipped."""
    only_a = sum(x and not y for x, y in zip(a, b, strict=True))
    only_b = sum(y and not x for x, y in zip(a, b, strict=True))
    if only_a + only_b == 0:
        return McNemar(0, 0, 1.0)
    from scipy.stats import binomtest

    return McNemar(only_a, only_b, float(binomtest(min(only_a, only_b), only_a + only_b, 0.5).pvalue))


def paired_bootstrap(
    a: Sequence[float], b: Sequence[float], seed: int = 0, resamples: int = 10_000
) -> PairedDifference:
    """Mean difference b - a and ratio of totals b / a, with 95% percentile intervals from resampled pairs.

    The percentile interval is used rather than BCa because BCa has no answer for samples
    that hardly vary, such as two runs with three flips; equal differences give zero width.

    Args:
        a: One number per item.
        b: The same items, in the same order.
        seed: Seed of the resampling; the same seed gives the same interval.
        resamples: How many times the pairs are drawn again.
    """
    import numpy as np

    if len(a) != len(b):
        raise ValueError(f"Paired samples differ in length: {len(a)} and {len(b)}.")
    if len(a) == 0:
        return PairedDifference(None, None, None, None, None, None)
    xs, ys = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    total_a, total_b = float(xs.sum()), float(ys.sum())
    ratio = total_b / total_a if total_a and total_b else None
    interval = ratio_interval = None
    if len(a) > 1:
        interval = _percentile_interval(xs, ys, _mean_difference, seed, resamples)
        ratio_interval = None if ratio is None else _percentile_interval(xs, ys, _total_ratio, seed, resamples)
    return PairedDifference(
        float(xs.mean()), float(ys.mean()), float((ys - xs).mean()), interval, ratio, ratio_interval
    )


def _mean_difference(a: NDArray[np.float64], b: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    return (b - a).mean(axis=axis)


def _total_ratio(a: NDArray[np.float64], b: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    import numpy as np

    total_a, total_b = np.asarray(a.sum(axis=axis)), np.asarray(b.sum(axis=axis))
    return np.divide(total_b, total_a, out=np.full_like(total_b, np.nan), where=total_a != 0)


def _percentile_interval(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    statistic: Callable[..., NDArray[np.float64]],
    seed: int,
    resamples: int,
) -> Interval | None:
    import numpy as np
    from scipy.stats import DegenerateDataWarning, bootstrap

    with warnings.catch_warnings():
        # A ratio that is undefined in some resample is answered with None instead of a warning.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        interval = bootstrap(
            (a, b),
            statistic,
            paired=True,
            vectorized=True,
            n_resamples=resamples,
            batch=max(1, _BATCH_VALUES // len(a)),
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    low, high = float(interval.low), float(interval.high)
    return Interval(low, high) if np.isfinite([low, high]).all() else None


def smallest_detectable_difference(n: int, discordant: float, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """The smallest true difference in accuracy that the exact McNemar test on n pairs would show.

    With a share psi of discordant pairs and a difference d, the number of flips is
    M ~ Binomial(n, psi), and of these Binomial(M, (psi + d) / 2 psi) go one way. The
    exact power is therefore the sum over m of P(M = m) P(test rejects | m, d) (Duffy 1984,
    "Asymptotic and exact power for the McNemar test", Biometrics 40:1005-1015). The
    difference at which it reaches ``power`` is found numerically. A difference of d needs
    at least a share d of flips, so psi is the larger of ``discordant`` and d: two runs that
    agree everywhere give the difference that one-way flips alone would show. More items
    show a smaller difference, but for wiggles of the exact test when nearly every pair flips.

    Args:
        n: Number of paired items.
        discordant: Observed share of items that flipped, between 0 and 1.
        alpha: A p-value at or below this counts as a difference.
        power: Chance of seeing the difference.

    Returns:
        The difference as a share, or ``None`` if n is too small to show any difference.
    """
    import numpy as np
    from scipy.optimize import root_scalar
    from scipy.stats import binom

    flips = np.arange(n + 1)
    # The test rejects when the rarer kind of flip comes at most `critical` times; -1 is never.
    critical = binom.ppf(alpha / 2, flips, 0.5)
    critical -= binom.cdf(critical, flips, 0.5) > alpha / 2

    def shortfall(difference: float) -> float:
        psi = max(discordant, difference)
        minority = (psi - difference) / (2 * psi)
        rejects = binom.cdf(critical, flips, minority) + binom.cdf(critical, flips, 1 - minority)
        return float(binom.pmf(flips, n, psi) @ rejects) - power

    if shortfall(1.0) < 0:
        return None
    return float(root_scalar(shortfall, method="brentq", bracket=(1e-9, 1.0), xtol=1e-6).root)


def flips(ids: Sequence[str], a: Sequence[bool], b: Sequence[bool]) -> Flips:
    """The ids that b gained and lost against a, in the order given."""
    triples = list(zip(ids, a, b, strict=True))
    return Flips(
        gained=tuple(item for item, x, y in triples if y and not x),
        lost=tuple(item for item, x, y in triples if x and not y),
    )


def compare_paired(
    ids: Sequence[str],
    correct_a: Sequence[bool | None],
    correct_b: Sequence[bool | None],
    costs_a: Mapping[str, Sequence[float]],
    costs_b: Mapping[str, Sequence[float]],
    *,
    excluded: int = 0,
    only_a: int = 0,
    only_b: int = 0,
    seed: int = 0,
    resamples: int = 10_000,
) -> Comparison:
    """Compare two runs on the questions both finished; all sequences are in the order of ``ids``.

    Args:
        ids: The questions that ended without an error in both runs.
        correct_a: Outcome per question in run a; ``None`` is no answer, which counts as not correct.
        correct_b: The same for run b.
        costs_a: Name of a cost -> one number per question.
        costs_b: The same names for run b.
        excluded: How many questions the caller left out because either run ended in an error there.
        only_a: How many questions only run a asked.
        only_b: How many questions only run b asked.
        seed: Seed of the bootstrap.
        resamples: Resamples of the bootstrap.

    Raises:
        ValueError: If the sequences are not aligned or the runs have different costs.
    """
    if set(costs_a) != set(costs_b):
        raise ValueError(f"The runs differ in their costs: {sorted(costs_a)} and {sorted(costs_b)}.")
    right_a, right_b = [bool(outcome) for outcome in correct_a], [bool(outcome) for outcome in correct_b]
    n = len(ids)
    changed = flips(ids, right_a, right_b)
    return Comparison(
        n=n,
        excluded=excluded,
        only_a=only_a,
        only_b=only_b,
        unanswered_a=sum(outcome is None for outcome in correct_a),
        unanswered_b=sum(outcome is None for outcome in correct_b),
        accuracy_a=accuracy(sum(right_a), n),
        accuracy_b=accuracy(sum(right_b), n),
        accuracy=paired_bootstrap(right_a, right_b, seed, resamples),
        mcnemar=mcnemar(right_a, right_b),
        flips=changed,
        detectable=smallest_detectable_difference(n, (len(changed.gained) + len(changed.lost)) / n) if n else None,
        costs={name: paired_bootstrap(costs_a[name], costs_b[name], seed, resamples) for name in costs_a},
    )
