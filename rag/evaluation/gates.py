"""Bounds that metrics must keep, so that a script can fail a build."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.errors import SettingsError
from rag.evaluation.measure import Measure

_ROUNDING = 1e-9
"""A mean that misses its bound by less than this misses it by floating point only."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound that a metric must keep; the bound itself is still allowed."""

    name: str
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def at_least(cls, text: str, names: Sequence[str]) -> Gate:
        """A minimum from `NAME=VALUE`; raises `SettingsError` for another name or no number."""
        name, value = _parse(text, names)
        return cls(name, minimum=value)

    @classmethod
    def at_most(cls, text: str, names: Sequence[str]) -> Gate:
        """A maximum from `NAME=VALUE`; raises `SettingsError` for another name or no number."""
        name, value = _parse(text, names)
        return cls(name, maximum=value)


def _parse(text: str, names: Sequence[str]) -> tuple[str, float]:
    name, equals, number = (part.strip() for part in text.partition("="))
    if not equals:
        raise SettingsError(f"The gate {text!r} has no value; write NAME=VALUE, as in f1=0.5.")
    if name not in names:
        raise SettingsError(f"The gate {text!r} names no metric; the names are {', '.join(names)}.")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SettingsError(
            f"The gate {text!r} needs a number after {name}=, such as 0.5. "
            f"Any of these names takes one: {', '.join(names)}."
        )
    return name, value


def broken_gates(metrics: Mapping[str, Measure], gates: Iterable[Gate]) -> list[str]:
    """One sentence for every gate that does not hold, in the order given; empty when all hold.

    A metric that could not be measured breaks its gate: nothing was shown about it.
    """
    sentences: list[str] = []
    for gate in gates:
        measure = metrics.get(gate.name, Measure(None, 0))
        value = measure.value
        failed = f", {measure.failed} failed" if measure.failed else ""
        rows = f"({measure.n} rows measured{failed})"
        if value is None:
            sentences.append(f"{gate.name} could not be measured {rows}.")
        elif gate.minimum is not None and value < gate.minimum - _ROUNDING:
            sentences.append(
                f"{gate.name} is {value:.6g} {rows}, below its minimum {gate.minimum:g}."
            )
        elif gate.maximum is not None and value > gate.maximum + _ROUNDING:
            sentences.append(
                f"{gate.name} is {value:.6g} {rows}, above its maximum {gate.maximum:g}."
            )
    return sentences
