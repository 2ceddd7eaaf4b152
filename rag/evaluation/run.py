"""Runs the shipped path over cases and sums up; nothing here knows how a question is answered."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.errors import SettingsError, SourceboundError
from rag.evaluation.cases import Case
from rag.evaluation.measure import Measure, mean, percentile, proportion
from rag.evaluation.metrics import (
    METRICS,
    PROPORTIONS,
    ROW_METRICS,
    SECONDS,
    applicable_metrics,
    row_metrics,
)
from rag.records import Mode, Outcome, Reply

__all__ = ["Evaluation", "Gate", "Measure", "RowResult", "broken_gates", "evaluate"]

_ROUNDING = 1e-9
"""A mean that misses its bound by less than this misses it by floating point only."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one case.

    `metrics` has every name of `ROW_METRICS`, None where it does not apply. A row that broke off
    has `error`, the reason, and neither outcome nor values. `seconds` is wall-clock time.
    """

    id: str
    question: str
    answerable: bool
    outcome: Outcome | None
    error: str | None
    answer: str
    seconds: float | None
    metrics: Mapping[str, float | None]

    def as_json(self) -> dict[str, object]:
        """The fields by name, as JSON can hold them."""
        return {
            "id": self.id,
            "question": self.question,
            "answerable": self.answerable,
            "outcome": None if self.outcome is None else self.outcome.value,
            "error": self.error,
            "answer": self.answer,
            "seconds": self.seconds,
            "metrics": dict(self.metrics),
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All rows in the order of the cases, and every metric by name.

    A failed row is no part of any value, because it measured nothing; it is counted under `failed`
    of each metric it should have been part of, and `failures` tells how many there were. Whoever
    reports the values must show that count, or broken rows would make the rest look good.
    `mode` is None where no row was answered, or not all in one mode.
    """

    rows: tuple[RowResult, ...]
    metrics: Mapping[str, Measure]
    mode: Mode | None = None

    @property
    def failures(self) -> tuple[RowResult, ...]:
        """Rows that broke off, each with its `error`."""
        return tuple(row for row in self.rows if row.error is not None)

    def as_json(self) -> dict[str, object]:
        """Number of cases, mode where it is known, metrics as `summary`; rows are given apart."""
        mode = {} if self.mode is None else {"mode": self.mode.value}
        return {
            "cases": len(self.rows),
            **mode,
            "summary": {name: measure.as_json() for name, measure in self.metrics.items()},
        }

    def rows_as_json(self) -> list[dict[str, object]]:
        """All rows, in order, as JSON can hold them."""
        return [row.as_json() for row in self.rows]


def evaluate(
    cases: Sequence[Case],
    ask: Callable[[Case], Reply],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Asks every case in order and measures the replies.

    A `SourceboundError` fails its row and the next one is asked; anything else is a defect and is
    raised. `progress` gets the number of rows done and of all rows, after each row. The values
    follow from the replies alone: the same replies give the same numbers and intervals.
    """
    rows: list[RowResult] = []
    modes: set[Mode] = set()
    for case in cases:
        try:
            reply = ask(case)
        except SourceboundError as error:
            rows.append(_failed(case, error))
        else:
            modes.add(reply.mode)
            rows.append(_measured(case, reply))
        if progress is not None:
            progress(len(rows), len(cases))
    return Evaluation(tuple(rows), _summary(cases, rows), modes.pop() if len(modes) == 1 else None)


def _measured(case: Case, reply: Reply) -> RowResult:
    return RowResult(
        id=case.id,
        question=case.question,
        answerable=case.answerable,
        outcome=reply.answer.outcome,
        error=None,
        answer=reply.answer.text,
        seconds=reply.timings.get("total"),
        metrics=row_metrics(case, reply),
    )


def _failed(case: Case, error: SourceboundError) -> RowResult:
    return RowResult(
        id=case.id,
        question=case.question,
        answerable=case.answerable,
        outcome=None,
        error=str(error) or type(error).__name__,
        answer="",
        seconds=None,
        metrics=dict.fromkeys(ROW_METRICS),
    )


def _summary(cases: Sequence[Case], rows: Sequence[RowResult]) -> dict[str, Measure]:
    failed = [
        applicable_metrics(case)
        for case, row in zip(cases, rows, strict=True)
        if row.error is not None
    ]
    summary: dict[str, Measure] = {}
    for name in ROW_METRICS:
        values = [value for row in rows if (value := row.metrics[name]) is not None]
        lost = sum(1 for names in failed if name in names)
        sum_up = proportion if name in PROPORTIONS else mean
        summary[name] = sum_up(values, len(rows) - len(values) - lost, lost)
    times = [row.seconds for row in rows if row.seconds is not None]
    untimed = len(rows) - len(times) - len(failed)
    for name, percent in SECONDS.items():
        summary[name] = percentile(times, percent, untimed, len(failed))
    return summary


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound that a metric must keep; the bound itself is still allowed."""

    name: str
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def at_least(cls, text: str, names: Sequence[str] = METRICS) -> Gate:
        """A minimum from `NAME=VALUE`; raises `SettingsError` for another name or no number."""
        name, value = _parse(text, names)
        return cls(name, minimum=value)

    @classmethod
    def at_most(cls, text: str, names: Sequence[str] = METRICS) -> Gate:
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


def broken_gates(
    evaluation: Evaluation | Mapping[str, Measure], gates: Iterable[Gate]
) -> list[str]:
    """One sentence for every gate that does not hold, in the order given; empty when all hold.

    A metric that could not be measured breaks its gate: nothing was shown about it.
    """
    metrics = evaluation.metrics if isinstance(evaluation, Evaluation) else evaluation
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
