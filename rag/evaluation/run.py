"""Runs the shipped path over cases and sums up; nothing here knows how a question is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.errors import SourceboundError
from rag.evaluation.cases import Case
from rag.evaluation.measure import Measure, mean, percentile, proportion
from rag.evaluation.metrics import (
    MEMORY,
    PROPORTIONS,
    ROW_METRICS,
    SECONDS,
    applicable_metrics,
    refused,
    row_metrics,
)
from rag.evaluation.results import DIGITS, About, Results, RowResult, Statement
from rag.records import Mode, Reply, Sentence


def evaluate(
    cases: Sequence[Case],
    ask: Callable[[Case], Reply],
    *,
    progress: Callable[[int, int], None] | None = None,
    about: About | None = None,
    memory: Callable[[], float | None] = lambda: None,
) -> Results:
    """Asks every case in order and measures the replies.

    A `SourceboundError` fails its row and the next one is asked; anything else is a defect and is
    raised. `progress` gets the number of rows done and of all rows, after each row. The values
    follow from the replies alone: the same replies give the same numbers and intervals. `about` is
    handed through, and `memory` asked once at the end for the most that was held, in 10^6 bytes.
    """
    rows: list[RowResult] = []
    for case in cases:
        try:
            reply = ask(case)
        except SourceboundError as error:
            rows.append(_failed(case, error))
        else:
            rows.append(_measured(case, reply))
        if progress is not None:
            progress(len(rows), len(cases))
    summary = _summary(cases, rows)
    held = memory()
    summary[MEMORY] = Measure(held, len(rows)) if held else Measure(None, 0, len(rows))
    return Results(tuple(rows), summary, about)


def _measured(case: Case, reply: Reply) -> RowResult:
    answer = reply.answer
    metrics = row_metrics(case, reply)
    shown = sorted({quote.document.name for quote in answer.shown})
    return RowResult(
        id=case.id,
        question=case.question,
        answerable=case.answerable,
        outcome=answer.outcome.value,
        error=None,
        answer=answer.text,
        seconds=reply.timings.get("total"),
        metrics={name: _rounded(value) for name, value in metrics.items()},
        refused=refused(answer),
        sentences=tuple(_statement(reply, sentence) for sentence in answer.sentences),
        evidence=_rounded(answer.evidence),
        rests_on=tuple(shown),
    )


def _statement(reply: Reply, sentence: Sentence) -> Statement:
    """A sentence of an answer with its best quote: of several, the first."""
    quote = sentence.quotes[0] if sentence.quotes else None
    quoted = reply.mode is Mode.QUOTE or sentence.replaced
    return Statement(
        text=quote.text if quote and quoted else sentence.text,
        support=_rounded(sentence.support),
        quote=quote.text if quote else "",
        document=quote.document.name if quote else "",
        page=quote.page if quote else None,
        start=quote.start if quote else None,
        end=quote.end if quote else None,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


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
