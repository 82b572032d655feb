import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from evals.statistics import (
    Flips,
    Interval,
    McNemar,
    PairedDifference,
    accuracy,
    compare_paired,
    flips,
    mcnemar,
    paired_bootstrap,
    smallest_detectable_difference,
)

outcome_pairs = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40)
cost_pairs = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=20)


def columns(pairs):
    return [a for a, _ in pairs], [b for _, b in pairs]


# Newcombe 1998 (Statistics in Medicine 17:857), table I, score method without continuity correction.
@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_accuracy_has_the_published_wilson_interval(correct, n, low, high):
    estimate = accuracy(correct, n)
    assert estimate.value == correct / n
    assert estimate.interval is not None
    assert (estimate.interval.low, estimate.interval.high) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_accuracy_lies_inside_its_interval(correct_of_n):
    correct, n = correct_of_n
    estimate = accuracy(correct, n)
    assert estimate.interval is not None and estimate.value is not None
    assert 0 <= estimate.interval.low <= estimate.value <= estimate.interval.high <= 1


def test_accuracy_of_nothing_is_unknown_not_zero():
    estimate = accuracy(0, 0)
    assert (estimate.n, estimate.value, estimate.interval) == (0, None, None)


@pytest.mark.parametrize(("correct", "n"), [(3, 2), (-1, 2)])
def test_accuracy_refuses_an_impossible_count(correct, n):
    with pytest.raises(ValueError, match="impossible"):
        accuracy(correct, n)


# Two-sided sign-test probabilities: 2 * sum(C(m, i) for i <= k) / 2**m.
@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [(0, 5, 0.0625), (6, 0, 0.03125), (1, 9, 22 / 1024), (2, 10, 158 / 4096), (4, 4, 1.0), (1, 0, 1.0)],
)
def test_mcnemar_gives_the_exact_binomial_p(only_a, only_b, p):
    a = [True] * only_a + [False] * only_b + [True, False]
    b = [False] * only_a + [True] * only_b + [True, False]
    result = mcnemar(a, b)
    assert (result.only_a, result.only_b) == (only_a, only_b)
    assert result.p == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize("outcomes", [[], [True], [True, False, True]])
def test_mcnemar_without_flips_has_p_one(outcomes):
    assert mcnemar(outcomes, outcomes) == McNemar(0, 0, 1.0)


@given(outcome_pairs)
def test_mcnemar_is_symmetric_and_a_probability(pairs):
    a, b = columns(pairs)
    forward, backward = mcnemar(a, b), mcnemar(b, a)
    assert 0 <= forward.p <= 1
    assert backward == McNemar(forward.only_b, forward.only_a, forward.p)


@settings(deadline=None, max_examples=50)
@given(cost_pairs)
def test_bootstrap_of_swapped_runs_negates_the_difference(pairs):
    a, b = columns(pairs)
    forward, backward = paired_bootstrap(a, b, resamples=200), paired_bootstrap(b, a, resamples=200)
    assert forward.difference is not None and backward.difference is not None
    assert backward.difference == pytest.approx(-forward.difference)
    assert (backward.mean_a, backward.mean_b) == (forward.mean_b, forward.mean_a)
    if forward.interval and backward.interval:
        assert backward.interval.low == pytest.approx(-forward.interval.high, abs=1e-6)
        assert backward.interval.high == pytest.approx(-forward.interval.low, abs=1e-6)
    if forward.ratio is not None and backward.ratio is not None:
        assert forward.ratio * backward.ratio == pytest.approx(1)
    assert (forward.ratio is None) == (sum(a) == 0 or sum(b) == 0)


def test_bootstrap_is_paired():
    costs = [float(2**i) for i in range(12)]
    result = paired_bootstrap(costs, [0.5 * cost for cost in costs])
    assert result.ratio == 0.5
    assert result.ratio_interval == Interval(0.5, 0.5)


def test_bootstrap_depends_on_nothing_but_its_seed():
    a, b = [1.0, 5.0, 2.0, 8.0], [2.0, 3.0, 3.0, 1.0]
    assert paired_bootstrap(a, b, seed=3) == paired_bootstrap(a, b, seed=3)


def test_bootstrap_intervals_cover_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(0)
    trials, difference_hits, ratio_hits = 300, 0, 0
    for trial in range(trials):
        a = rng.gamma(4.0, 25.0, size=80)  # mean 100
        b = a * rng.uniform(0.2, 1.0, size=80)  # mean 60
        result = paired_bootstrap(list(a), list(b), seed=trial, resamples=500)
        assert result.interval and result.ratio_interval
        difference_hits += result.interval.low <= -40 <= result.interval.high
        ratio_hits += result.ratio_interval.low <= 0.6 <= result.ratio_interval.high
    assert 0.91 <= difference_hits / trials <= 0.98
    assert 0.91 <= ratio_hits / trials <= 0.98


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([], [], PairedDifference(None, None, None, None, None, None)),
        ([4.0], [2.0], PairedDifference(4.0, 2.0, -2.0, None, 0.5, None)),
        ([3.0, 3.0], [3.0, 3.0], PairedDifference(3.0, 3.0, 0.0, Interval(0, 0), 1.0, Interval(1, 1))),
        ([0.0, 0.0], [2.0, 2.0], PairedDifference(0.0, 2.0, 2.0, Interval(2, 2), None, None)),
        ([2.0, 2.0], [0.0, 0.0], PairedDifference(2.0, 0.0, -2.0, Interval(-2, -2), None, None)),
    ],
)
def test_bootstrap_of_degenerate_samples(a, b, expected):
    assert paired_bootstrap(a, b) == expected


def test_ratio_has_no_interval_when_a_resample_has_no_cost():
    result = paired_bootstrap([0.0, 0.0, 0.0, 8.0], [1.0, 1.0, 1.0, 1.0])
    assert (result.ratio, result.ratio_interval) == (0.5, None)
    assert result.interval is not None


@pytest.mark.parametrize(("n", "discordant"), [(30, 0.5), (100, 0.3), (100, 0.0), (400, 0.15)])
def test_detectable_difference_is_seen_four_times_in_five(n, discordant):
    difference = smallest_detectable_difference(n, discordant)
    assert difference is not None
    psi = max(discordant, difference)
    shares = [(psi + difference) / 2, (psi - difference) / 2, 1 - psi]
    flipped = np.random.default_rng(0).multinomial(n, shares, size=20_000)
    p = 2 * binom.cdf(flipped[:, :2].min(axis=1), flipped[:, :2].sum(axis=1), 0.5)
    assert np.mean(p <= 0.05) == pytest.approx(0.8, abs=0.01)


def test_flips_name_what_was_gained_and_lost():
    assert flips(["p", "q", "r", "s"], [True, False, True, False], [True, True, False, False]) == Flips(("q",), ("r",))


def test_compare_paired_reports_every_statistic():
    result = compare_paired(
        ["p", "q", "r", "s"],
        [True, False, None, True],
        [True, True, True, None],
        {"generated": [10, 20, 30, 40]},
        {"generated": [5, 10, 15, 20]},
        excluded=2,
    )
    assert (result.n, result.excluded, result.unanswered_a, result.unanswered_b) == (4, 2, 1, 1)
    assert (result.accuracy_a.value, result.accuracy_b.value) == (0.5, 0.75)
    assert result.accuracy.difference == 0.25
    assert result.flips == Flips(gained=("q", "r"), lost=("s",))
    assert result.mcnemar == McNemar(1, 2, 1.0)
    assert result.detectable is None
    assert result.costs["generated"].ratio == 0.5


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.sampled_from([True, False, None])), max_size=15))
def test_compare_paired_agrees_with_itself_and_with_the_swap(pairs):
    a, b = columns(pairs)
    ids = [str(i) for i in range(len(pairs))]
    costs = {"calls": [1.0] * len(pairs)}
    forward = compare_paired(ids, a, b, costs, costs, resamples=100)
    backward = compare_paired(ids, b, a, costs, costs, resamples=100)
    assert (len(forward.flips.gained), len(forward.flips.lost)) == (forward.mcnemar.only_b, forward.mcnemar.only_a)
    assert forward.accuracy.mean_a == pytest.approx(forward.accuracy_a.value)
    assert (backward.flips.gained, backward.flips.lost) == (forward.flips.lost, forward.flips.gained)
    assert (backward.mcnemar.p, backward.detectable) == (forward.mcnemar.p, forward.detectable)


def test_compare_paired_refuses_runs_with_different_costs():
    with pytest.raises(ValueError, match="steps"):
        compare_paired(["p"], [True], [True], {"calls": [1]}, {"steps": [1]})


def test_importing_statistics_imports_no_numpy_or_scipy():
    code = "import evals.statistics, sys; print({'numpy', 'scipy', 'statsmodels', 'pandas'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "set()\n"
