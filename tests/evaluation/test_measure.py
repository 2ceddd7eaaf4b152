"""Values with their denominators, and intervals against hand-computed figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.measure import Measure, bootstrap, mean, percentile, proportion, wilson


def test_wilson_by_hand() -> None:
    # p = 0.8, n = 10, z = 1.96: (0.8 + 0.19207) / 1.38415 +- 1.96 / 1.38415 * 0.160078
    low, high = wilson(8, 10)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    # One hit of one: the lower end is 1 / (1 + z^2).
    assert wilson(1, 1) == pytest.approx((1 / (1 + 1.959964**2), 1.0))


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_contains_the_share_and_stays_in_range(counts: tuple[int, int]) -> None:
    hits, n = counts
    low, high = wilson(hits, n)
    assert 0.0 <= low <= hits / n <= high <= 1.0
    assert wilson(n - hits, n) == pytest.approx((1 - high, 1 - low))


def test_bootstrap_is_near_the_normal_interval_and_repeats() -> None:
    values = [float(n % 7) for n in range(350)]
    low, high = bootstrap(values, lambda rows: rows.mean(axis=1))
    assert low is not None
    assert high is not None
    reach = 1.96 * np.std(values) / math.sqrt(len(values))
    assert (low, high) == pytest.approx((3 - reach, 3 + reach), abs=0.05)
    assert bootstrap(values, lambda rows: rows.mean(axis=1)) == (low, high)


def test_bootstrap_in_several_batches_has_all_resamples() -> None:
    seen: list[int] = []

    def count(rows: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> np.ndarray:
        seen.append(rows.shape[0])
        return rows[:, 0]

    bootstrap([0.0] * 6000, count)
    assert len(seen) > 1
    assert sum(seen) == 1000


def test_one_value_has_no_interval() -> None:
    assert mean([0.5]) == Measure(0.5, 1)
    assert percentile([2.0], 95) == Measure(2.0, 1)


def test_nothing_measured_is_none_and_keeps_its_counts() -> None:
    for measure in (proportion([], 3, 2), mean([], 3, 2), percentile([], 50, 3, 2)):
        assert measure == Measure(None, 0, 3, 2, None, None)


def test_percentile_is_linear_between_ranks() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 50).value == 2.5
    assert percentile([float(n) for n in range(1, 102)], 95).value == pytest.approx(96.0)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_mean_lies_in_range_and_interval_is_ordered(values: list[float]) -> None:
    measure = mean(values)
    assert measure.value is not None
    assert measure.low is not None
    assert measure.high is not None
    assert min(values) - 1e-12 <= measure.low <= measure.high <= max(values) + 1e-12
    assert measure.value == pytest.approx(sum(values) / len(values))


def test_json_has_the_contract_keys() -> None:
    assert list(proportion([1.0, 0.0]).as_json()) == [
        "value",
        "n",
        "not_applicable",
        "failed",
        "low",
        "high",
    ]
