"""Bounds that metrics must keep, so that a script can fail a build."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.errors import SettingsError
from rag.evaluation.compare import Comparison, Difference
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

    def __str__(self) -> str:
        bounds = (("at least", self.minimum), ("at most", self.maximum))
        return " ".join([self.name, *(f"{word} {b:g}" for word, b in bounds if b is not None)])


@dataclass(frozen=True, slots=True)
class Drop:
    """The most that a metric may be worse than the baseline; that much is still allowed."""

    name: str
    most: float

    @classmethod
    def read(cls, text: str, names: Sequence[str]) -> Drop:
        """From `NAME=VALUE`; raises `SettingsError` for another name or no number from 0 up."""
        name, value = _parse(text, names)
        if value < 0:
            raise SettingsError(
                f"The drop {text!r} is below 0; write how much worse {name} may get, as in 0.02."
            )
        return cls(name, value)


@dataclass(frozen=True, slots=True)
class Judged:
    """A gate, in words, and the sentence that says how it was broken; "" where it holds."""

    gate: str
    broken: str = ""


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
    return _broken(judge(metrics, gates))


def judge(metrics: Mapping[str, Measure], gates: Iterable[Gate]) -> list[Judged]:
    """Every gate in the order given, as `broken_gates` judges it."""
    return [Judged(str(gate), _bound(metrics, gate)) for gate in gates]


def _bound(metrics: Mapping[str, Measure], gate: Gate) -> str:
    measure = metrics.get(gate.name, Measure(None, 0))
    value = measure.value
    failed = f", {measure.failed} failed" if measure.failed else ""
    rows = f"({measure.n} rows measured{failed})"
    if value is None:
        return f"{gate.name} could not be measured {rows}."
    if gate.minimum is not None and value < gate.minimum - _ROUNDING:
        return f"{gate.name} is {value:.6g} {rows}, below its minimum {gate.minimum:g}."
    if gate.maximum is not None and value > gate.maximum + _ROUNDING:
        return f"{gate.name} is {value:.6g} {rows}, above its maximum {gate.maximum:g}."
    return ""


def worsened(comparison: Comparison, drops: Sequence[Drop] = ()) -> list[str]:
    """One sentence for every metric that got worse than its baseline allows; see below."""
    return _broken(judge_against(comparison, drops))


def judge_against(comparison: Comparison, drops: Sequence[Drop] = ()) -> list[Judged]:
    """Every metric of a baseline that can be judged, in the order in which it is reported.

    A metric may not get worse beyond chance: the 95 % interval of its paired difference may not lie
    wholly on the bad side with p below .05. Each metric is judged alone, so that of many one may do
    so by chance. A metric with a `Drop` may get worse by that much instead, whatever chance says.
    One that the baseline has and that no row has in both is broken, and so is a comparison of which
    nothing can be judged: nothing was shown.
    """
    fixed = {drop.name for drop in drops}
    judged = [
        Judged(f"{each.name} not worse than the baseline", _by_chance(each))
        for each in comparison.differences.values()
        if each.name not in fixed and (each.low is not None or each.lost)
        if each.higher_is_better is not None
    ]
    judged += [_by_drop(comparison, drop) for drop in drops]
    return judged or [nothing_compared("no metric that can get worse has two rows in both")]


def nothing_compared(why: str) -> Judged:
    """The gate of a baseline with which nothing could be compared, broken."""
    why = why.removesuffix(".")
    return Judged("not worse than the baseline", f"Nothing was compared with the baseline: {why}.")


def _by_chance(found: Difference) -> str:
    if not found.n:
        return f"{found.name} could not be compared: no row has it in the baseline and now."
    if not found.worse_beyond_chance:
        return ""
    return (
        f"{found.name} got worse than the baseline: {_from_to(found)}, difference "
        f"{found.difference:+.6g} (95 % {found.low:+.6g} to {found.high:+.6g}, p {found.p:g})."
    )


def _by_drop(comparison: Comparison, drop: Drop) -> Judged:
    gate = f"{drop.name} at most {drop.most:g} worse than the baseline"
    found = comparison.differences.get(drop.name)
    if found is None or found.worsening is None:
        return Judged(
            gate, f"{drop.name} could not be compared: no row has it in the baseline and now."
        )
    if found.worsening <= drop.most + _ROUNDING:
        return Judged(gate)
    return Judged(
        gate,
        f"{drop.name} got worse than the baseline by {found.worsening:.6g}: {_from_to(found)}; "
        f"{drop.most:g} is allowed.",
    )


def _from_to(found: Difference) -> str:
    rows = f"{found.n} row{'s' * (found.n != 1)}"
    return f"{found.before:.6g}, now {found.after:.6g} over the same {rows}"


def _broken(judged: Iterable[Judged]) -> list[str]:
    return [each.broken for each in judged if each.broken]
