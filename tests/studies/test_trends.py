"""Slopes over widths: honest intervals, and no verdict from a slope that still moves."""

from __future__ import annotations

import numpy as np
import pytest

from ntk_theory.studies.judging.statistics import Interval
from ntk_theory.studies.judging.trends import NO_TREND, Trend, trend

pytestmark = pytest.mark.statistics

LOG_WIDTHS = np.log(2.0 ** np.arange(6, 15))


def curve(log_size, seed, networks=64, noise=0.3):
    rng = np.random.default_rng(seed)
    return log_size[:, None] + noise * rng.standard_normal((len(log_size), networks))


def median_trend(log_size, seed, **how):
    return trend(LOG_WIDTHS[: len(log_size)], curve(log_size, seed, **how), "median", 0.01, 1)


def test_a_power_is_found_within_the_interval_as_often_as_stated():
    # 99 % intervals over 200 samples: with probability 1 − 1e-4 at most 8 misses.
    found = [median_trend(-0.5 * LOG_WIDTHS, seed).whole for seed in range(200)]
    assert sum(f.excludes(-0.5) for f in found) <= 8
    assert all(f.half_width < 0.05 for f in found)


def test_p_values_of_the_true_slope_are_not_too_small():
    # Below 0.05 in 10 of 200 on average; more than 22 has a probability of 2e-4.
    p = [median_trend(0.25 * LOG_WIDTHS, seed, networks=24).p_value(0.25) for seed in range(200)]
    assert sum(np.array(p) < 0.05) <= 22
    assert median_trend(0.25 * LOG_WIDTHS, 0).p_value(0.0) < 1e-6


@pytest.mark.parametrize("slope", [-0.5, -1.0])
def test_the_spread_of_an_average_falls_at_its_rate(slope):
    rng = np.random.default_rng(3)
    samples = np.exp(slope * LOG_WIDTHS)[:, None] * rng.standard_normal((2, len(LOG_WIDTHS), 64))
    found = trend(LOG_WIDTHS, samples, "log_spread", 0.01, 1)
    assert found.whole.within(slope, 0.15)
    assert not found.excludes(slope, 0.0)


def test_a_slope_on_its_way_refutes_nothing_and_a_settled_one_does():
    # log(1 + 8/√N): the slope goes from −0.3 to 0.
    moving = median_trend(np.log(1 + 8 / np.exp(LOG_WIDTHS / 2)), 0, noise=0.02)
    assert moving.whole.excludes(0.0, 0.02)
    assert moving.approaches(0.0)
    assert not moving.excludes(0.0, 0.02)
    settled = median_trend(-0.25 * LOG_WIDTHS, 0, noise=0.02)
    assert settled.excludes(0.0, 0.02)
    assert not settled.excludes(-0.25, 0.02)


def test_three_narrow_widths_with_a_correction_of_order_1_over_n_are_not_settled():
    """log(1 − 12/N) at 64, 256, 1024, as T of a network of two layers: seen by the slope, not settled."""
    widths = np.log([64.0, 256.0, 1024.0])
    noise = 1 / np.exp(widths / 2)[:, None]

    def found(log_size, seed):
        drawn = np.random.default_rng(seed).standard_normal((3, 16))
        return trend(widths, log_size[:, None] + noise * drawn, "median", 0.01, 1)

    moving = [found(np.log(1 - 12 / np.exp(widths)), seed) for seed in range(100)]
    assert sum(t.excludes(0.0, 0.02) for t in moving) > 5
    # What is left of it beyond lies within the margin that a claim is supported by.
    assert sum(t.excludes(0.0, 0.02) and t.onward.excludes(0.0, 0.2) for t in moving) == 0
    # The powers that could be meant lie 1/2 apart.
    settled = [found(0.5 * widths, seed) for seed in range(100)]
    assert sum(t.excludes(0.0, 0.02) and t.onward.excludes(0.0, 0.2) for t in settled) > 95


def test_one_width_or_a_constant_sample_say_nothing():
    assert median_trend(np.zeros(1), 0) is NO_TREND
    assert trend(LOG_WIDTHS, np.ones((len(LOG_WIDTHS), 8)), "log_spread", 0.01, 1) is NO_TREND
    assert NO_TREND.p_value(0.0) == 1.0
    assert not NO_TREND.excludes(5.0, 0.0)


def test_a_constant_statistic_is_exactly_what_it_is():
    exact = Interval(0.5, 0.5, 0.5)
    flat = Trend(exact, exact, exact, 0.0, 20)
    assert (flat.p_value(0.5), flat.p_value(0.4)) == (1.0, 0.0)
