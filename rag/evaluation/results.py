"""What a measurement found, row by row and in sum, in memory and as a file of JSON lines.

`rag evaluate` and `rag score` write the same form: one row per line in the order of the input, then
one line `{"summary": ..., "about": ...}`. Reports, comparisons and the page read nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import ResultsError
from rag.evaluation.measure import Measure
from rag.records import Span

DIGITS = 6
"""Decimals of every value of a row; sums are taken over the rounded values, so that a file that is
read again gives the same sums."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer, and the text that carries most of it.

    `support` is 0..1, None where there is nothing to check (a question, a line of code). `quote`
    is the sentence that carries it best, "" where there is none; it stands at `start`..`end` of
    the given text number `context` (from 0), or of `document`. `unsupported` are the stretches of
    `text` whose words stand in no text, `missing` the numbers and names among them. `cited` are
    the numbers (from 0) of the texts that the sentence itself names, None where it names none.
    """

    text: str
    support: float | None
    quote: str = ""
    context: int | None = None
    document: str = ""
    page: int | None = None
    start: int | None = None
    end: int | None = None
    unsupported: tuple[Span, ...] = ()
    missing: tuple[str, ...] = ()
    cited: tuple[int, ...] | None = None

    @property
    def source(self) -> str:
        """Where the quote stands, in words; contexts and pages count from 1 there."""
        if self.document:
            return f"{self.document}, page {self.page}" if self.page else self.document
        return "" if self.context is None else f"context {self.context + 1}"

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "support": self.support,
            "context": self.context,
            "document": self.document or None,
            "page": self.page,
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
            "unsupported": [[span.start, span.end] for span in self.unsupported],
            "missing": list(self.missing),
            "cited": None if self.cited is None else list(self.cited),
        }


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one case, or of one answer that was scored.

    `metrics` has every name that is measured, None where it does not apply. A row that broke off
    has `error`, the reason, and neither outcome nor values. `answerable` is None where nobody said.
    `evidence` is how sure (0..1) the system was that there is an answer. `seconds` is wall-clock
    time. `rests_on` are the names of the documents it quotes.
    """

    id: str
    question: str
    answerable: bool | None
    outcome: str | None
    error: str | None
    answer: str
    seconds: float | None
    metrics: Mapping[str, float | None]
    refused: bool | None = None
    sentences: tuple[Statement, ...] = ()
    evidence: float | None = None
    rests_on: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The fields by name, as JSON can hold them."""
        return {
            "id": self.id,
            "question": self.question,
            "answerable": self.answerable,
            "outcome": self.outcome,
            "refused": self.refused,
            "error": self.error,
            "groundedness": self.metrics.get("groundedness"),
            "answer": self.answer,
            "seconds": self.seconds,
            "evidence": self.evidence,
            "sentences": [sentence.as_json() for sentence in self.sentences],
            "rests_on": list(self.rests_on),
            "metrics": dict(self.metrics),
        }


@dataclass(frozen=True, slots=True)
class About:
    """What was measured with what: two results that differ here do not differ by code alone.

    `input` and `input_sha256` name the file of cases or answers, `program` the version. `settings`
    and `models` are those that decide about answers. `documents` are those of the library, each
    name with the first 12 digits of its SHA-256.
    """

    verb: str
    input: str
    input_sha256: str
    program: str
    settings: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """All rows in the order of the input, and every metric by name.

    A failed row is no part of any value, because it measured nothing; it is counted under `failed`
    of each metric it should have been part of, and `failures` tells how many there were. Whoever
    reports the values must show that count, or broken rows would make the rest look good.
    """

    rows: tuple[RowResult, ...]
    metrics: Mapping[str, Measure]
    about: About | None = None

    @property
    def failures(self) -> tuple[RowResult, ...]:
        """Rows that broke off, each with its `error`."""
        return tuple(row for row in self.rows if row.error is not None)

    def summary_as_json(self) -> dict[str, Any]:
        """The last line of a file."""
        return summary_as_json(self.metrics, self.about)

    def lines(self) -> Iterator[dict[str, Any]]:
        """All lines of a file: the rows in order, then the summary."""
        yield from (row.as_json() for row in self.rows)
        yield self.summary_as_json()


def summary_as_json(metrics: Mapping[str, Measure], about: About | None) -> dict[str, Any]:
    return {
        "summary": {name: measure.as_json() for name, measure in metrics.items()},
        "about": None if about is None else asdict(about),
    }


def read_results(path: Path) -> Results:
    """The results in a file. Raises `ResultsError` naming file, line and what is wrong with it."""
    rows: list[RowResult] = []
    last: Mapping[str, Any] | None = None
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                if last is not None:
                    raise ResultsError(f"{path}, line {number}: something follows the summary.")
                found = json.loads(line.decode("utf-8"))
                if "summary" in found:
                    last = found
                else:
                    rows.append(row_from_json(found))
    except OSError as error:
        raise ResultsError(f"{path} cannot be read ({error.strerror}); check the path.") from error
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise ResultsError(
            f"{path}, line {number}: this is not a row of results ({type(error).__name__}: "
            f"{error}). Give a file that `rag evaluate --out` or `rag score --out` wrote."
        ) from None
    if last is None:
        raise ResultsError(
            f"{path} has no summary at its end; it was not finished, or is no file of results. "
            "Run the command that wrote it again."
        )
    try:
        about = None if last.get("about") is None else _about(last["about"])
        metrics = {name: _measure(measure) for name, measure in last["summary"].items()}
    except (TypeError, AttributeError) as error:
        raise ResultsError(
            f"{path}, line {number}: this is not a summary of results ({error})."
        ) from None
    return Results(tuple(rows), metrics, about)


def row_from_json(row: Mapping[str, Any]) -> RowResult:
    """A row as `RowResult.as_json` wrote it. Raises `KeyError` or `TypeError` for another."""
    return RowResult(
        id=_checked(row["id"], str),
        question=_checked(row["question"], str),
        answerable=_checked(row["answerable"], bool, None),
        outcome=_checked(row["outcome"], str, None),
        error=_checked(row["error"], str, None),
        answer=_checked(row["answer"], str),
        seconds=_number(row["seconds"]),
        metrics={
            name: None if value is None else float(_number(value) or 0.0)
            for name, value in row["metrics"].items()
        },
        refused=_checked(row["refused"], bool, None),
        sentences=tuple(_statement(sentence) for sentence in row["sentences"]),
        evidence=_number(row["evidence"]),
        rests_on=_texts(row["rests_on"]),
    )


def _statement(row: Mapping[str, Any]) -> Statement:
    return Statement(
        text=_checked(row["text"], str),
        support=_number(row["support"]),
        quote=_checked(row["quote"], str),
        context=_checked(row["context"], int, None),
        document=_checked(row["document"], str, None) or "",
        page=_checked(row["page"], int, None),
        start=_checked(row["start"], int, None),
        end=_checked(row["end"], int, None),
        unsupported=tuple(
            Span(_checked(start, int), _checked(end, int)) for start, end in row["unsupported"]
        ),
        missing=_texts(row["missing"]),
        cited=None if row["cited"] is None else tuple(_checked(at, int) for at in row["cited"]),
    )


def _about(row: Mapping[str, Any]) -> About:
    about = About(**row)
    for text in (about.verb, about.input, about.input_sha256, about.program):
        _checked(text, str)
    for named in (about.settings, about.models, about.documents):
        _texts(named.values())
    return about


def _measure(row: Mapping[str, Any]) -> Measure:
    measure = Measure(**row)
    for value in (measure.value, measure.low, measure.high):
        _number(value)
    for count in (measure.n, measure.not_applicable, measure.failed):
        _checked(count, int)
    return measure


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(_checked(value, str) for value in values)


def _number(value: object) -> float | None:
    """A number, or None; NaN and infinity, which Python reads from JSON, are neither."""
    found: float | None = _checked(value, float, int, None)
    if found is not None and not math.isfinite(found):
        raise TypeError(f"a number is needed, not {found}")
    return found


def _checked(value: object, *kinds: type | None) -> Any:
    """The value, if it is of one of the kinds; JSON has true where Python has a number."""
    if (value is None and None in kinds) or type(value) in kinds:
        return value
    wanted = " or ".join("null" if kind is None else kind.__name__ for kind in kinds)
    raise TypeError(f"{wanted} is needed, not {str(value)[:100]!r}")
