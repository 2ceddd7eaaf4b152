"""A number with what it was measured over, and how far it may be off by chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_Z95 = 1.959963984540054
"""97.5 % point of the standard normal distribution."""

_SEED = 20_250_101
_RESAMPLES = 1000
_DRAWS_AT_ONCE = 500_000
"""Indices drawn in one go: 4 MB and as much again for the values, however many rows there are."""

_Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric over the rows of a set.

    `value` is taken over the `n` rows that were measured, and None where there are none: never
    NaN, never a made-up 0 or 1. Rows the metric says nothing about are `not_applicable`; rows it
    should have covered but that broke off are `failed`. The three counts add up to all rows.
    `low` and `high` bound a 95 % interval; None where there is nothing to estimate it from.
    """

    value: float | None
    n: int
    not_applicable: int = 0
    failed: int = 0
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, float | int | None]:
        """The fields by name, in the order of the script contract."""
        return {
            "value": self.value,
            "n": self.n,
            "not_applicable": self.not_applicable,
            "failed": self.failed,
            "low": self.low,
            "high": self.high,
        }


def proportion(values: Sequence[float], not_applicable: int = 0, failed: int = 0) -> Measure:
    """Share of ones among values that are each 0 or 1, with Wilson's interval."""
    if not values:
        return Measure(None, 0, not_applicable, failed)
    hits = sum(1 for value in values if value)
    low, high = wilson(hits, len(values))
    return Measure(hits / len(values), len(values), not_applicable, failed, low, high)


def mean(values: Sequence[float], not_applicable: int = 0, failed: int = 0) -> Measure:
    """Arithmetic mean, with a bootstrap interval."""
    if not values:
        return Measure(None, 0, not_applicable, failed)
    low, high = bootstrap(values, lambda rows: rows.mean(axis=1))
    value = math.fsum(values) / len(values)
    return Measure(value, len(values), not_applicable, failed, low, high)


def percentile(
    values: Sequence[float], percent: float, not_applicable: int = 0, failed: int = 0
) -> Measure:
    """Percentile (`percent` 0..100, linear between ranks), with a bootstrap interval."""
    if not values:
        return Measure(None, 0, not_applicable, failed)
    low, high = bootstrap(values, lambda rows: np.percentile(rows, percent, axis=1))
    value = float(np.percentile(np.asarray(values, dtype=np.float64), percent))
    return Measure(value, len(values), not_applicable, failed, low, high)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % score interval of a proportion; `n` must be at least 1.

    Formula: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), 209-212.
    """
    share = hits / n
    scale = 1 + _Z95**2 / n
    middle = (share + _Z95**2 / (2 * n)) / scale
    reach = _Z95 / scale * math.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n**2))
    # The ends are exactly 0 and 1 there; floating point would miss them by a rounding.
    return (0.0 if hits == 0 else middle - reach, 1.0 if hits == n else middle + reach)


def bootstrap(
    values: Sequence[float], statistic: Callable[[_Matrix], npt.NDArray[np.floating]]
) -> tuple[float | None, float | None]:
    """95 % percentile interval of a statistic over 1,000 resamples; the same at every call.

    The order of the values does not matter: the same rows in another order give the same interval.
    `statistic` maps shape (resamples, n) to shape (resamples,). One value says nothing about its
    own spread: the interval is then (None, None). Method: B. Efron and R. J. Tibshirani, "An
    Introduction to the Bootstrap" (1993), chapter 13.
    """
    n = len(values)
    if n < 2:
        return None, None
    rows = np.sort(np.asarray(values, dtype=np.float64))
    generator = np.random.default_rng(_SEED)
    batch = max(1, min(_RESAMPLES, _DRAWS_AT_ONCE // n))
    found = [
        statistic(rows[generator.integers(0, n, size=(min(batch, _RESAMPLES - done), n))])
        for done in range(0, _RESAMPLES, batch)
    ]
    low, high = np.percentile(np.concatenate(found), [2.5, 97.5])
    return float(low), float(high)
