"""Two results, row by row: what moved, whether by more than chance, and what else differs.

A score can move because the code changed or because the documents did. Results say with what they
were measured; where the documents differ, each row that rests on one of those is marked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rag.errors import ResultsError
from rag.evaluation.measure import bootstrap
from rag.evaluation.metrics import LOWER_IS_BETTER, NEITHER_IS_BETTER, SECONDS
from rag.evaluation.results import DIGITS, About, Results, RowResult

RESAMPLES = 9999
"""Sign flips that the permutation test draws; with at most 13 rows that differ it tries all."""

_SEED = 20_250_102
_FLIPS_AT_ONCE = 1_000_000
_MOVED = 0.2
"""Least change of a row's groundedness that is worth naming."""

_NAMED = 3
"""Ids and names said in a sentence; the rest is counted."""

_SAME = 1e-9
"""Values are kept with `DIGITS` decimals: what differs by less differs by floating point only."""

_LARGEST = 1e100
"""Beyond it sums might be infinite, and JSON has no such number."""

_ALPHA = 0.05

MCNEMAR = "McNemar"
SIGN_FLIP = "sign flip"


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric over the `n` rows that have it in both results.

    `before` and `after` are its values over these rows, so they may differ from those in the
    results. `low` and `high` bound a 95 % interval of `difference` (after - before); `p` is the
    probability of a difference this large if nothing had changed, by `test`. None where there is
    nothing to tell it from; `lost` where no row has the metric in both, though some had it before.
    `rose` and `fell` count rows. `higher_is_better` is None where neither is.
    """

    name: str
    n: int
    before: float | None
    after: float | None
    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    test: str | None = None
    rose: int = 0
    fell: int = 0
    higher_is_better: bool | None = True
    lost: bool = False

    @property
    def worsening(self) -> float | None:
        """By how much it got worse, negative where it got better; any change where neither is."""
        if self.difference is None or self.higher_is_better is None:
            return None if self.difference is None else abs(self.difference)
        return -self.difference if self.higher_is_better else self.difference

    @property
    def worse_beyond_chance(self) -> bool:
        """Whether the interval lies wholly on the bad side, and the test agrees where there is one.

        Of a few rows that differ all one way the bootstrap is too sure: 4 of 60 that fell, and
        none that rose, give an interval below 0 and p = .125.
        """
        if self.low is None or self.high is None or self.higher_is_better is None:
            return False
        if self.p is not None and self.p >= _ALPHA:
            return False
        return self.high < 0 if self.higher_is_better else self.low > 0

    def as_json(self) -> dict[str, Any]:
        better = {True: "higher", False: "lower", None: None}[self.higher_is_better]
        return {
            "n": self.n,
            "before": self.before,
            "after": self.after,
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "p": self.p,
            "test": self.test,
            "rose": self.rose,
            "fell": self.fell,
            "better": better,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """What of a row changed: "outcome" (refused, answered, failed) or the name of a metric."""

    what: str
    before: str | float
    after: str | float


@dataclass(frozen=True, slots=True)
class Flip:
    """A row that is not what it was; `documents` are those it rests on that are not, either."""

    id: str
    question: str
    changes: tuple[Change, ...]
    documents: tuple[str, ...] = ()

    @property
    def corpus(self) -> bool:
        """Whether it rests, in one result or the other, on a document that differs."""
        return bool(self.documents)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "question": self.question,
            "changes": [
                {"what": change.what, "before": change.before, "after": change.after}
                for change in self.changes
            ],
            "corpus": self.corpus,
            "documents": list(self.documents),
        }


Pair = tuple[str | None, str | None]
"""A value before and after, None where there is none."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else differs between two results; what does not is None or empty.

    `input` and `program` are named as the results name them; where the digests of two inputs of
    one name differ, they are named with these. Documents have the beginning of their SHA-256.
    """

    input: Pair | None = None
    program: Pair | None = None
    settings: Mapping[str, Pair] = field(default_factory=dict)
    models: Mapping[str, Pair] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, Pair] = field(default_factory=dict)

    @property
    def documents(self) -> frozenset[str]:
        """Names of all documents that differ."""
        return frozenset({*self.added, *self.gone, *self.changed})

    def as_json(self) -> dict[str, Any]:
        return {
            "input": _listed(self.input),
            "program": _listed(self.program),
            "settings": {name: list(pair) for name, pair in self.settings.items()},
            "models": {name: list(pair) for name, pair in self.models.items()},
            "documents": {
                "added": dict(self.added),
                "gone": dict(self.gone),
                "changed": {name: list(pair) for name, pair in self.changed.items()},
            },
        }


def _listed(pair: Pair | None) -> list[str | None] | None:
    return None if pair is None else list(pair)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results side by side.

    `pairs` counts the rows in both, by id and question. Ids in one only, and ids that stand for
    another question in each, are kept apart. `circumstances` is None where one of the results does
    not say with what it was measured. Everything is sorted by id, so that the order of the rows
    decides nothing.
    """

    pairs: int
    differences: Mapping[str, Difference]
    flips: tuple[Flip, ...]
    circumstances: Circumstances | None
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    asks_another: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        about = self.circumstances
        return {
            "pairs": self.pairs,
            "said": list(self.said),
            "only_before": list(self.only_before),
            "only_after": list(self.only_after),
            "asks_another": list(self.asks_another),
            "about": None if about is None else about.as_json(),
            "metrics": {name: found.as_json() for name, found in self.differences.items()},
            "flipped": [flip.as_json() for flip in self.flips],
        }


def compare(before: Results, after: Results, names: tuple[str, str] = ("A", "B")) -> Comparison:
    """What changed from one to the other; `names` stand for them in what is said.

    Raises `ResultsError` where they are of two verbs, have no row in common, or one of them cannot
    be compared with anything (see `check`).
    """
    for results, name in zip((before, after), names, strict=True):
        check(results, name)
    one, other = before.about, after.about
    if one and other and one.verb != other.verb:
        raise ResultsError(
            f"{names[0]} is of the verb {one.verb}, {names[1]} of {other.verb}; compare two "
            "results of the same verb."
        )
    left, right = ({row.id: row for row in results.rows} for results in (before, after))
    common = sorted(left.keys() & right.keys())
    # The same id with another question is another row, whatever it is called.
    asks_another = tuple(id for id in common if left[id].question != right[id].question)
    pairs = [(left[id], right[id]) for id in common if left[id].question == right[id].question]
    if not pairs:
        raise ResultsError(
            f"{names[0]} and {names[1]} have no row in common, by id and question; compare results "
            "over the same cases."
        )
    differences = _differences(pairs, before, after)
    circumstances = _circumstances(one, other) if one and other else None
    known = {*one.documents, *other.documents} if one and other else set()
    flips = tuple(_flips(pairs, differences, circumstances, known))
    only = (tuple(sorted(left.keys() - right.keys())), tuple(sorted(right.keys() - left.keys())))
    return Comparison(
        len(pairs),
        differences,
        flips,
        circumstances,
        *only,
        asks_another,
        (
            *_said(circumstances, flips, bool(known)),
            *_unpaired(names, *only, asks_another),
        ),
    )


def check(results: Results, name: str) -> None:
    """Raises `ResultsError` where an id stands twice or a value is no finite number."""
    seen: set[str] = set()
    for row in results.rows:
        if row.id in seen:
            raise ResultsError(
                f"{name} has the id {row.id!r} twice, so its rows cannot be told apart. Give every "
                "row its own id and measure again."
            )
        seen.add(row.id)
        for what, value in {**row.metrics, "seconds": row.seconds}.items():
            if value is not None and not abs(value) <= _LARGEST:
                raise ResultsError(f"{name}, row {row.id!r}: {what} is {value}, no finite number.")


# -- metrics ---------------------------------------------------------------------------------


def _differences(
    pairs: Sequence[tuple[RowResult, RowResult]], before: Results, after: Results
) -> dict[str, Difference]:
    found: dict[str, Difference] = {}
    for name in _names(before, after):
        values = [
            (one, other)
            for left, right in pairs
            if (one := left.metrics.get(name)) is not None
            and (other := right.metrics.get(name)) is not None
        ]
        found[name] = _difference(name, values)
        if not values and any(row.metrics.get(name) is not None for row in before.rows):
            found[name] = replace(found[name], lost=True)
    times = [
        (one.seconds, other.seconds)
        for one, other in pairs
        if one.seconds is not None and other.seconds is not None
    ]
    for name in {**before.metrics, **after.metrics}:
        if name in SECONDS:
            found[name] = _percentiles(name, times)
        elif name not in found:
            # Of the whole run, not of its rows.
            first, second = before.metrics.get(name), after.metrics.get(name)
            if first and second and first.value is not None and second.value is not None:
                found[name] = _plain(name, min(first.n, second.n), first.value, second.value)
    return found


def _names(before: Results, after: Results) -> list[str]:
    """Metrics of rows, in the order in which they are reported."""
    of_rows = {name for results in (before, after) for row in results.rows for name in row.metrics}
    reported = [name for name in {**before.metrics, **after.metrics} if name in of_rows]
    return [*reported, *sorted(of_rows.difference(reported))]


def _difference(name: str, values: Sequence[tuple[float, float]]) -> Difference:
    """A metric of rows, with interval and test."""
    n = len(values)
    if not n:
        return Difference(name, 0, None, None, None, higher_is_better=_higher_is_better(name))
    before, after = zip(*values, strict=True)
    moves = [round(b - a, DIGITS + 3) for a, b in values]
    low, high = bootstrap(moves, lambda rows: rows.mean(axis=1))
    binary = _binary(values)
    p = mcnemar(moves) if binary else sign_flip(moves)
    return Difference(
        name,
        n,
        _rounded(math.fsum(before) / n),
        _rounded(math.fsum(after) / n),
        _rounded(math.fsum(moves) / n),
        None if low is None else _rounded(low),
        None if high is None else _rounded(high),
        float(f"{p:.4g}"),
        MCNEMAR if binary else SIGN_FLIP,
        sum(move > 0 for move in moves),
        sum(move < 0 for move in moves),
        _higher_is_better(name),
    )


def _percentiles(name: str, times: Sequence[tuple[float, float]]) -> Difference:
    """A percentile of the seconds of all rows. No test: time tells more of the machine."""
    if not times:
        return Difference(name, 0, None, None, None, higher_is_better=_higher_is_better(name))
    before, after = (
        float(np.percentile(np.asarray(side, dtype=np.float64), SECONDS[name]))
        for side in zip(*times, strict=True)
    )
    return _plain(name, len(times), before, after)


def _plain(name: str, n: int, before: float, after: float) -> Difference:
    return Difference(
        name,
        n,
        _rounded(before),
        _rounded(after),
        _rounded(after - before),
        higher_is_better=_higher_is_better(name),
    )


def _binary(values: Iterable[tuple[float, float]]) -> bool:
    return all(value in (0, 1) for pair in values for value in pair)


def mcnemar(moves: Sequence[float]) -> float:
    """Two-sided p of changes that are each -1, 0 or 1, exact.

    If nothing had changed, a row that differs would be as likely to have risen as to have fallen:
    a binomial test of the rows that differ. Q. McNemar, "Note on the sampling error of the
    difference between correlated proportions or percentages", Psychometrika 12 (1947), 153-157.
    """
    rose, fell = sum(move > 0 for move in moves), sum(move < 0 for move in moves)
    if not rose + fell:
        return 1.0
    from scipy.stats import binomtest  # takes a second to import

    return float(binomtest(rose, rose + fell, 0.5).pvalue)


def sign_flip(moves: Sequence[float]) -> float:
    """Two-sided p of a mean change by flipping the signs of changes, the same at every call.

    If nothing had changed, before and after could be exchanged within any row. All ways to do so
    are tried where there are few, else `RESAMPLES` of them. R. A. Fisher, "The Design of
    Experiments" (1935), section 21.
    """
    # A row that did not change is the same with its sign flipped.
    differing = np.asarray([move for move in moves if move], dtype=np.float64)
    if len(differing) < 2:
        return 1.0  # both signs are equally far from 0
    from scipy.stats import permutation_test

    tested = permutation_test(
        (differing,),
        lambda rows, axis: rows.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=max(1, _FLIPS_AT_ONCE // len(differing)),
        rng=np.random.default_rng(_SEED),
    )
    return min(1.0, float(tested.pvalue))


def _higher_is_better(name: str) -> bool | None:
    return None if name in NEITHER_IS_BETTER else name not in LOWER_IS_BETTER


def _rounded(value: float) -> float:
    return round(value, DIGITS) + 0.0  # no -0.0


# -- rows ------------------------------------------------------------------------------------


def _flips(
    pairs: Iterable[tuple[RowResult, RowResult]],
    differences: Mapping[str, Difference],
    circumstances: Circumstances | None,
    known: set[str],
) -> Iterable[Flip]:
    least = {name: 1.0 for name, each in differences.items() if each.test == MCNEMAR}
    least["groundedness"] = _MOVED
    for one, other in pairs:
        changes = []
        before, after = _outcome(one), _outcome(other)
        if before and after and before != after:
            changes.append(Change("outcome", before, after))
        for name, most in least.items():
            left, right = one.metrics.get(name), other.metrics.get(name)
            if left is not None and right is not None and abs(right - left) >= most - _SAME:
                changes.append(Change(name, left, right))
        if changes:
            rests_on = {*one.rests_on, *other.rests_on}
            moved = circumstances.documents if circumstances else frozenset()
            documents = {name for name in rests_on if _is_among(name, moved, known)}
            yield Flip(one.id, one.question, tuple(changes), tuple(sorted(documents)))


def _outcome(row: RowResult) -> str | None:
    if row.error is not None:
        return "failed"
    return {True: "refused", False: "answered", None: None}[row.refused]


def _is_among(document: str, moved: frozenset[str], known: set[str]) -> bool:
    """Whether a document that a row names moved; of several libraries, all are meant."""
    if document in known:
        return document in moved
    # Of several libraries the results name a document with the folder of its own in front.
    return any(name.partition("/")[2] == document for name in moved)


# -- circumstances ---------------------------------------------------------------------------


def _circumstances(one: About, other: About) -> Circumstances:
    given: Pair | None = None
    if one.input_sha256 != other.input_sha256:
        given = (one.input, other.input)
        if one.input == other.input:
            given = (
                f"{one.input} ({one.input_sha256[:12]})",
                f"{other.input} ({other.input_sha256[:12]})",
            )
    before, after = one.documents, other.documents
    return Circumstances(
        input=given,
        program=None if one.program == other.program else (one.program, other.program),
        settings=_changed(one.settings, other.settings),
        models=_changed(one.models, other.models),
        added={name: after[name] for name in sorted(after.keys() - before.keys())},
        gone={name: before[name] for name in sorted(before.keys() - after.keys())},
        changed={
            name: pair
            for name, pair in _changed(before, after).items()
            if name in before and name in after
        },
    )


def _changed(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, Pair]:
    return {
        name: (one.get(name), other.get(name))
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
    }


def _said(found: Circumstances | None, flips: Sequence[Flip], has_library: bool) -> Iterable[str]:
    """In words: what else differs, the library first, and what that means."""
    if found is None:
        yield (
            "Not both results say with what they were measured: whether the code or the documents "
            "moved a score cannot be told."
        )
        return
    if found.documents:
        parts = [
            f"{len(names)} {word} ({_few(names)})"
            for word, names in (
                ("changed", found.changed),
                ("added", found.added),
                ("gone", found.gone),
            )
            if names
        ]
        count, rest = parts[0].split(" ", 1)
        noun = "document" if count == "1" else "documents"
        parts[0] = f"{count} {noun} {rest}"
        yield f"The library differs: {', '.join(parts)}; {_resting(flips)}."
    for what, pair in (("input", found.input), ("program", found.program)):
        if pair:
            yield f"The {what} differs: {pair[0]}, then {pair[1]}."
    for what, pairs in (("Settings", found.settings), ("Models", found.models)):
        if pairs:
            moves = (f"{name} {a or 'none'}, then {b or 'none'}" for name, (a, b) in pairs.items())
            yield f"{what} differ: {'; '.join(moves)}."
    others = found.input or found.program or found.settings or found.models
    if found.documents and not others:
        yield "Nothing else that is recorded differs: not the code, the library moved the scores."
    elif has_library and not found.documents:
        yield "The library is the same, document by document."
    if not found.documents and not others:
        yield "Nothing else that is recorded differs."


def _resting(flips: Sequence[Flip]) -> str:
    if not flips:
        return "no row flipped"
    resting = sum(flip.corpus for flip in flips)
    rows = "row" if len(flips) == 1 else "rows"
    return f"{resting} of {len(flips)} flipped {rows} rest{'s' * (resting == 1)} on them"


def _unpaired(
    names: tuple[str, str],
    only_before: Sequence[str],
    only_after: Sequence[str],
    asks_another: Sequence[str],
) -> Iterable[str]:
    for name, ids in zip(names, (only_before, only_after), strict=True):
        if ids:
            yield f"Only in {name}: {_rows(ids)}."
    if asks_another:
        yield f"Not compared, because the question is another one: {_rows(asks_another)}."


def _rows(ids: Sequence[str]) -> str:
    return f"{len(ids)} row{'s' * (len(ids) != 1)} ({_few(ids)})"


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more} more" if more > 0 else "")
