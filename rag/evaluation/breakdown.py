"""Which rows went wrong, and what is measured of each kind of row."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.evaluation.results import Results, RowResult

MOST_WORST = 25
"""Rows that are shown of those that went wrong."""

MOST_KINDS = 12
"""Kinds in one table; what is rarer stands together under `OTHER`."""

OTHER = "all others"
FAILED = "failed"

HALF = 0.5
"""An answer with less F1 than this counts as wrong, where nothing better tells."""

MAIN = (
    "answer_in_quotes",
    "f1",
    "wrongly_refused",
    "wrongly_answered",
    "groundedness",
    "citation_recall",
)
"""The metrics by which kinds are compared."""

_LONGEST_KIND = 32
_MOST_MAIN = 6


class Pick(StrEnum):
    """Which rows to look at."""

    ALL = "all"
    WRONG = "wrong"
    REFUSED = "refused"
    LOWEST = "lowest grounded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that went wrong in one way: those shown, and how many there are."""

    name: str
    rows: tuple[RowResult, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Worst:
    """What to look at first. `left_out` rows went wrong as well and are not shown."""

    groups: tuple[Group, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one kind. `means` has a value and the rows it is taken over for each metric."""

    name: str
    n: int
    failed: int
    means: tuple[tuple[float | None, int], ...]


def share(value: object) -> float | None:
    """A number of 0..1, None for everything else: a file of results may hold anything."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


def grounded(row: RowResult) -> float | None:
    return share(row.metrics.get("groundedness"))


def wrong(row: RowResult) -> bool | None:
    """Whether an answer that was given is wrong; None where none was given, or nothing tells.

    It is wrong where there is no answer; where no accepted answer stands in its quotes; and, where
    that was not measured, where its F1 is below `HALF`.
    """
    if row.error is not None or row.refused:
        return None
    if _is_one(row, "wrongly_answered"):
        return True
    for name, least in (("answer_in_quotes", 1.0), ("f1", HALF)):
        value = share(row.metrics.get(name))
        if value is not None:
            return value < least
    return None


def why_wrong(row: RowResult) -> str:
    """What is wrong with a row, in words; "" for nothing that is known."""
    if _is_one(row, "wrongly_refused"):
        return "refused, though there is an answer"
    if not wrong(row):
        return ""
    if _is_one(row, "wrongly_answered"):
        return "answered, though there is no answer"
    if row.metrics.get("answer_in_quotes") is not None:
        return "no accepted answer stands in its quotes"
    return "little in common with an accepted answer"


def _is_one(row: RowResult, metric: str) -> bool:
    return share(row.metrics.get(metric)) == 1


def pick(rows: Sequence[RowResult], which: Pick) -> list[int]:
    """The places of the rows to look at, in the order to look at them."""
    places = range(len(rows))
    if which is Pick.WRONG:
        return [at for at in places if why_wrong(rows[at])]
    if which is Pick.REFUSED:
        return [at for at in places if rows[at].refused]
    if which is Pick.FAILED:
        return [at for at in places if rows[at].error is not None]
    if which is Pick.LOWEST:
        found = [(value, at) for at in places if (value := grounded(rows[at])) is not None]
        return [at for _, at in sorted(found)]
    return list(places)


def worst(rows: Sequence[RowResult], most: int = MOST_WORST) -> Worst:
    """At most `most` rows that went wrong, each way in turn, so that none crowds out another.

    The least grounded come first; of wrong answers and wrong refusals, those that were surest of
    an answer. A row that went wrong in several ways is shown once.
    """
    ways: tuple[tuple[str, list[int]], ...] = (
        (
            "Least grounded",
            [at for at in pick(rows, Pick.LOWEST) if (grounded(rows[at]) or 0.0) < 1],
        ),
        ("Answered wrongly", _surest(rows, lambda row: bool(wrong(row)))),
        (
            "Refused wrongly",
            _surest(rows, lambda row: _is_one(row, "wrongly_refused")),
        ),
    )
    shown: dict[int, str] = {}
    waiting = {name: iter(places) for name, places in ways}
    while waiting and len(shown) < most:
        for name in list(waiting):
            at = next((at for at in waiting[name] if at not in shown), None)
            if at is None:
                del waiting[name]
            elif len(shown) < most:
                shown[at] = name
    bad = {at for _, places in ways for at in places}
    groups = (
        Group(name, tuple(rows[at] for at in places if shown.get(at) == name), len(places))
        for name, places in ways
    )
    return Worst(tuple(group for group in groups if group.total), len(bad) - len(shown))


def _surest(rows: Sequence[RowResult], among: Callable[[RowResult], bool]) -> list[int]:
    found = [at for at, row in enumerate(rows) if among(row)]
    return sorted(found, key=lambda at: (-(share(rows[at].evidence) or 0.0), at))


def main_metrics(results: Results) -> tuple[str, ...]:
    """The metrics to compare kinds by: of `MAIN` what was measured, else the first that were."""
    measured = [name for name, measure in results.metrics.items() if measure.value is not None]
    per_row = {name for row in results.rows for name in row.metrics}
    found = [name for name in MAIN if name in measured]
    found += [name for name in measured if name not in MAIN]
    found = [name for name in found if name in per_row]
    main = [name for name in found if name in MAIN]
    return tuple((main if len(main) > 1 else found)[:_MOST_MAIN])


def by_answer(row: RowResult) -> str:
    """Whether there is an answer."""
    if row.answerable is None:
        return "unknown"
    return "answerable" if row.answerable else "unanswerable"


def by_outcome(row: RowResult) -> str:
    """What became of it."""
    if row.error is not None:
        return FAILED
    return (row.outcome or "not said").replace("_", " ")


def by_first_word(row: RowResult) -> str:
    """The first word of a question, and the second after "how": "how many"."""
    found = re.findall(r"\w+(?:['’]\w+)*", row.question[:200].casefold())
    if not found:
        return "no word"
    return " ".join(found[:2]) if found[0] == "how" else found[0]


def kinds(
    rows: Iterable[RowResult], kind_of: Callable[[RowResult], str], metrics: Sequence[str]
) -> list[Kind]:
    """Rows by kind, the most frequent first; beyond `MOST_KINDS` they stand together."""
    found: dict[str, list[RowResult]] = {}
    for row in rows:
        found.setdefault(kind_of(row)[:_LONGEST_KIND], []).append(row)
    ordered = sorted(found.items(), key=lambda each: (-len(each[1]), each[0]))
    table = ordered[:MOST_KINDS]
    rare = [row for _, members in ordered[MOST_KINDS:] for row in members]
    if rare:
        table.append((OTHER, rare))
    return [
        Kind(
            name,
            len(members),
            sum(row.error is not None for row in members),
            tuple(_mean(members, metric) for metric in metrics),
        )
        for name, members in table
    ]


def _mean(rows: Sequence[RowResult], metric: str) -> tuple[float | None, int]:
    values = [value for row in rows if (value := row.metrics.get(metric)) is not None]
    values = [value for value in values if math.isfinite(value)]
    return (math.fsum(values) / len(values) if values else None, len(values))
