"""Two results side by side: what moved, by how much, and whether the documents moved it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import comb
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import ResultsError
from rag.evaluation.compare import MCNEMAR, SIGN_FLIP, Comparison, compare, mcnemar, sign_flip
from rag.evaluation.measure import Measure, mean
from rag.evaluation.results import About, Results, RowResult
from ui import cli

ABOUT = About(
    "evaluate",
    "cases.jsonl",
    "a" * 64,
    "0.1 (a)",
    {"mode": "quote"},
    {"embedder": "small"},
    {"kept.txt": "1", "changed.txt": "2", "gone.txt": "3"},
)
OTHER_DOCUMENTS = {"kept.txt": "1", "changed.txt": "4", "added.txt": "5"}


def row(id: str, **parts: Any) -> RowResult:
    """A row that was answered; `metrics` and the rest as given."""
    made = RowResult(
        id=id,
        question=f"{id}?",
        answerable=True,
        outcome="supported",
        error=None,
        answer="It is.",
        seconds=1.0,
        metrics={},
        refused=False,
    )
    return replace(made, **parts)


def results(rows: Sequence[RowResult], about: About | None = ABOUT) -> Results:
    """Rows with their sums, as a run would give them."""
    names = {name for each in rows for name in each.metrics}
    sums = {
        name: mean([v for each in rows if (v := each.metrics.get(name)) is not None])
        for name in sorted(names)
    }
    times = [each.seconds for each in rows if each.seconds is not None]
    sums["seconds_p50"] = Measure(sorted(times)[len(times) // 2] if times else None, len(times))
    return Results(tuple(rows), sums, about)


def of(name: str, values: Sequence[float | None], about: About | None = ABOUT) -> Results:
    return results(
        [row(f"{at:03}", metrics={name: value}) for at, value in enumerate(values)], about
    )


def as_text(found: Comparison) -> str:
    return json.dumps(found.as_json(), allow_nan=False, sort_keys=True)


VALUES = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 1.0]))
ROWS = st.lists(
    st.tuples(VALUES, VALUES, st.sampled_from([True, False, None]), st.booleans()),
    min_size=1,
    max_size=12,
)


def made(found: Sequence[tuple[float | None, float | None, bool | None, bool]]) -> Results:
    return results(
        [
            row(str(at), metrics={"f1": f1, "exact_match": exact and 1.0}, refused=refused)
            if not broken
            else row(str(at), error="It broke off.", refused=None, seconds=None)
            for at, (f1, exact, refused, broken) in enumerate(found)
        ]
    )


@given(ROWS)
@settings(max_examples=30)
def test_nothing_differs_from_itself(rows: list[Any]) -> None:
    found = compare(made(rows), made(rows))
    assert found.flips == ()
    for each in found.differences.values():
        assert each.difference in (0, None)
        assert each.p in (1, None)
        assert each.low in (0, None)
        assert each.high in (0, None)
        assert not each.worse_beyond_chance
    assert found.circumstances is not None
    assert found.circumstances.documents == frozenset()
    as_text(found)


@given(ROWS, ROWS, st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_order_of_rows_decides_nothing(
    one: list[Any], other: list[Any], chance: random.Random
) -> None:
    before, after = made(one), made(other)
    shuffled = list(after.rows)
    chance.shuffle(shuffled)
    expected = as_text(compare(before, after))
    assert as_text(compare(before, replace(after, rows=tuple(shuffled)))) == expected
    backwards = replace(before, rows=before.rows[::-1])
    assert as_text(compare(backwards, after)) == expected


@given(ROWS, ROWS)
@settings(max_examples=30)
def test_the_other_way_round_is_the_negative(one: list[Any], other: list[Any]) -> None:
    forth, back = compare(made(one), made(other)), compare(made(other), made(one))
    assert forth.differences.keys() == back.differences.keys()
    for name, there in forth.differences.items():
        here = back.differences[name]
        assert (there.before, there.after) == (here.after, here.before)
        assert (there.n, there.p, there.test) == (here.n, here.p, here.test)
        assert (there.rose, there.fell) == (here.fell, here.rose)
        for plus, minus in (
            (there.difference, here.difference),
            (there.low, here.high),
            (there.high, here.low),
        ):
            assert plus == (None if minus is None else pytest.approx(-minus, abs=2e-6))
    assert [flip.id for flip in forth.flips] == [flip.id for flip in back.flips]


def test_values_by_hand() -> None:
    before = of("f1", [0.5, 0.5, None, 1.0])
    after = of("f1", [0.75, 0.5, 1.0, None])
    found = compare(before, after).differences["f1"]
    assert (found.n, found.before, found.after, found.difference) == (2, 0.5, 0.625, 0.125)
    assert (found.rose, found.fell, found.test) == (1, 0, SIGN_FLIP)
    seconds = compare(before, after).differences["seconds_p50"]
    assert (seconds.n, seconds.before, seconds.difference, seconds.p) == (4, 1.0, 0.0, None)


@pytest.mark.parametrize(("rose", "fell"), [(0, 0), (1, 0), (5, 0), (3, 9), (9, 3), (4, 4)])
def test_mcnemar_is_the_sum_of_the_tails(rose: int, fell: int) -> None:
    n, least = rose + fell, min(rose, fell)
    tail = sum(comb(n, k) for k in range(least + 1)) / 2**n
    expected = min(1.0, 2 * tail)
    assert mcnemar([1.0] * rose + [-1.0] * fell + [0.0] * 7) == pytest.approx(expected)


@pytest.mark.parametrize("moves", [[0.5], [0.1, 0.2], [0.5, -0.25, 0.125, 0.0], [0.3, 0.3, -0.1]])
def test_few_signs_are_all_tried(moves: list[float]) -> None:
    nonzero = [move for move in moves if move]
    seen = abs(sum(nonzero))
    sums = [
        abs(sum(sign * move for sign, move in zip(signs, nonzero, strict=True)))
        for signs in product((1, -1), repeat=len(nonzero))
    ]
    share = sum(each >= seen - 1e-12 for each in sums) / len(sums)
    assert sign_flip(moves) == pytest.approx(share)


def test_many_signs_are_drawn_and_always_the_same() -> None:
    moves = [0.1] * 30 + [-0.1] * 10
    assert sign_flip(moves) == sign_flip(moves)
    assert 0.0005 < sign_flip(moves) < 0.01
    assert sign_flip([-move for move in moves]) == sign_flip(moves)


def test_a_metric_of_zeros_and_ones_is_tested_by_mcnemar() -> None:
    found = compare(of("exact_match", [1, 1, 1, 0]), of("exact_match", [0, 0, 1, 0]))
    assert found.differences["exact_match"].test == MCNEMAR
    assert found.differences["exact_match"].p == 0.5
    assert [flip.id for flip in found.flips] == ["000", "001"]


@pytest.mark.parametrize(
    ("name", "worse"), [("f1", False), ("wrongly_refused", True), ("refused", False)]
)
def test_which_direction_is_better(name: str, worse: bool) -> None:
    found = compare(of(name, [0.0] * 10), of(name, [1.0] * 10)).differences[name]
    assert found.worse_beyond_chance is worse
    assert found.worsening == {"f1": -1, "wrongly_refused": 1, "refused": 1}[name]
    assert found.as_json()["better"] == {"f1": "higher", "refused": None}.get(name, "lower")


def test_rows_that_flipped() -> None:
    before = [
        row("refuses", metrics={"wrongly_refused": 0.0}),
        row("less", metrics={"groundedness": 0.9}),
        row("hardly", metrics={"groundedness": 0.9}),
        row("broke"),
    ]
    after = [
        row("refuses", metrics={"wrongly_refused": 1.0}, refused=True),
        row("less", metrics={"groundedness": 0.7}),
        row("hardly", metrics={"groundedness": 0.75}),
        row("broke", error="It broke off.", refused=None),
    ]
    found = compare(results(before), results(after))
    changes = {
        flip.id: [(change.what, change.before, change.after) for change in flip.changes]
        for flip in found.flips
    }
    assert changes == {
        "broke": [("outcome", "answered", "failed")],
        "less": [("groundedness", 0.9, 0.7)],
        "refuses": [("outcome", "answered", "refused"), ("wrongly_refused", 0.0, 1.0)],
    }
    assert not any(flip.corpus for flip in found.flips)


def flipped(about: About, rests: Mapping[str, tuple[str, str]]) -> Comparison:
    """Rows that turned from right to wrong, resting on one document before and one after."""
    before = [row(i, rests_on=(a,), metrics={"exact_match": 1.0}) for i, (a, _) in rests.items()]
    after = [row(i, rests_on=(b,), metrics={"exact_match": 0.0}) for i, (_, b) in rests.items()]
    return compare(results(before), results(after, about))


def test_documents_that_moved_a_score_are_told() -> None:
    found = flipped(
        replace(ABOUT, documents=OTHER_DOCUMENTS),
        {
            "1": ("kept.txt", "kept.txt"),
            "2": ("changed.txt", "changed.txt"),
            "3": ("gone.txt", "kept.txt"),
            "4": ("kept.txt", "added.txt"),
        },
    )
    assert {flip.id: flip.documents for flip in found.flips} == {
        "1": (),
        "2": ("changed.txt",),
        "3": ("gone.txt",),
        "4": ("added.txt",),
    }
    assert found.said == (
        "The library differs: 1 document changed (changed.txt), 1 added (added.txt), 1 gone "
        "(gone.txt); 3 of 4 flipped rows rest on them.",
        "Nothing else that is recorded differs: not the code, the library moved the scores.",
    )
    about = found.as_json()["about"]["documents"]
    assert about["added"] == {"added.txt": "5"}
    assert about["gone"] == {"gone.txt": "3"}
    assert about["changed"] == {"changed.txt": ["2", "4"]}


def test_everything_else_that_differs_is_told() -> None:
    about = replace(
        ABOUT,
        input_sha256="b" * 64,
        program="0.1 (b)",
        settings={"mode": "generate", "evidence": "0.3"},
        models={"embedder": "large"},
    )
    found = flipped(about, {"1": ("kept.txt", "kept.txt")})
    assert found.said == (
        "The input differs: cases.jsonl (aaaaaaaaaaaa), then cases.jsonl (bbbbbbbbbbbb).",
        "The program differs: 0.1 (a), then 0.1 (b).",
        "Settings differ: evidence none, then 0.3; mode quote, then generate.",
        "Models differ: embedder small, then large.",
        "The library is the same, document by document.",
    )
    assert not found.flips[0].corpus


def test_a_document_of_several_libraries_is_found() -> None:
    one = replace(ABOUT, documents={"work/a.txt": "1", "old/b.txt": "1"})
    other = replace(ABOUT, documents={"work/a.txt": "2", "old/b.txt": "1"})
    rows = [row("1", rests_on=("a.txt",)), row("2", rests_on=("b.txt",))]
    after = [replace(each, refused=True) for each in rows]
    found = compare(results(rows, one), results(after, other))
    assert [flip.documents for flip in found.flips] == [("a.txt",), ()]


def test_many_names_are_counted() -> None:
    after = replace(ABOUT, documents={**ABOUT.documents, **{f"{n}.txt": "9" for n in range(5)}})
    said = flipped(after, {"1": ("kept.txt", "0.txt")}).said[0]
    assert said == (
        "The library differs: 5 documents added (0.txt, 1.txt, 2.txt and 2 more); "
        "1 of 1 flipped row rests on them."
    )


def test_what_nobody_said_cannot_be_told() -> None:
    found = compare(of("f1", [1], None), of("f1", [1]))
    assert found.circumstances is None
    assert "cannot be told" in found.said[0]


def test_rows_in_one_only_are_named() -> None:
    before = results([row(id) for id in ("both", "x", "1", "2", "3", "4")])
    after = results([row("both"), row("x", question="Another?"), row("new")])
    found = compare(before, after, ("old.jsonl", "new.jsonl"))
    assert found.pairs == 1
    assert found.only_before == ("1", "2", "3", "4")
    assert found.only_after == ("new",)
    assert found.asks_another == ("x",)
    assert found.said[-3:] == (
        "Only in old.jsonl: 4 rows (1, 2, 3 and 1 more).",
        "Only in new.jsonl: 1 row (new).",
        "Not compared, because the question is another one: 1 row (x).",
    )


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (of("f1", [1]), of("f1", [1], replace(ABOUT, verb="score")), "same verb"),
        (results([row("1")]), results([row("2")]), "no row in common"),
        (results([row("1")]), results([]), "no row in common"),
        (results([row("1")]), results([row("1", question="Else?")]), "no row in common"),
        (results([row("1"), row("1")]), results([row("1")]), "A has the id '1' twice"),
        (results([row("1")]), results([row("1"), row("1")]), "B has the id '1' twice"),
        (of("f1", [float("nan")]), of("f1", [1]), "f1 is nan"),
        (of("f1", [1]), results([row("1", seconds=float("inf"))]), "seconds is inf"),
    ],
)
def test_what_cannot_be_compared(before: Results, after: Results, says: str) -> None:
    with pytest.raises(ResultsError, match=says):
        compare(before, after)


Write = Callable[[str, Results], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, found: Results) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(line) + "\n" for line in found.lines()))
        return path

    return write


def test_the_verb(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    before = write("a.jsonl", of("exact_match", [1] * 8))
    after = write("b.jsonl", of("exact_match", [0] * 8, replace(ABOUT, program="0.2")))
    assert cli.run(["compare", str(before), str(after)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("The program differs: 0.1 (a), then 0.2.\n")
    assert "8 rows compared." in out
    assert "-1.000..-1.000" in out
    assert "worse" in out
    assert "  007: 007?\n    exact_match 1, then 0\n" in out
    assert cli.run(["compare", str(before), str(after), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["exact_match"]["p"] == 0.007812
    assert found["pairs"] == len(found["flipped"]) == 8
    assert cli.run(["compare", str(before), str(before)]) == 0
    assert "No row flipped." in capsys.readouterr().out


def test_the_verb_refuses_other_files(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write("a.jsonl", of("f1", [1]))
    other = tmp_path / "cases.jsonl"
    other.write_text('{"id": "1", "question": "?"}\n')
    for pair in ((good, other), (other, good), (good, tmp_path / "none"), (tmp_path, good)):
        assert cli.run(["compare", *map(str, pair)]) == 2
        assert capsys.readouterr().out == ""
