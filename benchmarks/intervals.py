"""Figures with their 95 % intervals, as the benchmarks print them."""

from __future__ import annotations

from collections.abc import Sequence

from rag.evaluation.measure import mean, wilson


def share(hits: float, n: int) -> str:
    """A share in per cent with Wilson's interval; "-" of none."""
    if not n:
        return "-"
    low, high = wilson(round(hits), n)
    return f"{100 * hits / n:.1f} % ({100 * low:.1f}..{100 * high:.1f})"


def average(values: Sequence[float]) -> str:
    """A mean with a bootstrap interval; "-" of none."""
    found = mean(values)
    if found.value is None or found.low is None or found.high is None:
        return "-" if found.value is None else f"{found.value:.4f}"
    return f"{found.value:.4f} ({found.low:.4f}..{found.high:.4f})"
