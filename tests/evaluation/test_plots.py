"""The numbers behind the plots, and that a drawing says nothing of its own."""

from __future__ import annotations

import random
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation import plots
from rag.evaluation.breakdown import (
    MOST_KINDS,
    OTHER,
    Pick,
    by_answer,
    by_first_word,
    kinds,
    main_metrics,
    pick,
    worst,
    wrong,
)
from rag.evaluation.measure import Measure
from rag.evaluation.results import Results, RowResult


def row(
    name: str = "r",
    *,
    right: bool | None = None,
    evidence: float | None = None,
    grounded: float | None = None,
    refused: bool | None = False,
    answerable: bool | None = True,
    error: str | None = None,
    question: str = "When was it?",
    **metrics: float | None,
) -> RowResult:
    """A row whose answer is `right`, wrong, or of which nobody knows."""
    values: dict[str, float | None] = {"groundedness": grounded, **metrics}
    if right is not None:
        values["answer_in_quotes"] = float(right)
    outcome = None if error else "no_evidence" if refused else "supported"
    return RowResult(
        name, question, answerable, outcome, error, "", 0.1, values, refused, evidence=evidence
    )


def test_a_distribution_counts_each_row_once() -> None:
    values = [0.0, 0.05, 0.1, 0.3, 0.7, 0.7, 0.999, 1.0, None, float("nan"), 1.5]
    rows = [row(grounded=value) for value in values] + [row(error="broken")]
    found = plots.distribution(rows)
    # A border belongs to the bin above it, and 1 to the last.
    assert found.counts == (2, 1, 0, 1, 0, 0, 0, 2, 0, 2)
    assert (found.not_applicable, found.failed) == (3, 1)
    assert found.n + found.not_applicable + found.failed == len(rows)


def test_what_is_wrong() -> None:
    assert wrong(row(right=True)) is False
    assert wrong(row(right=False)) is True
    assert wrong(row(answerable=False, wrongly_answered=1.0)) is True
    assert wrong(row(f1=0.2)) is True
    assert wrong(row(f1=0.5)) is False
    assert wrong(row(right=True, f1=0.1)) is False
    assert wrong(row(grounded=0.1)) is None
    assert wrong(row(right=False, refused=True)) is None
    assert wrong(row(right=False, error="broken")) is None
    assert wrong(row(f1=float("nan"))) is None


def test_risk_and_coverage_by_hand() -> None:
    rows = [
        row(right=True, evidence=0.9),
        row(right=False, evidence=0.8),
        row(right=True, evidence=0.7),
        row(right=False, evidence=0.6),
        row(refused=True, right=False, evidence=0.2),
        row(answerable=None, evidence=0.99),
        row(error="broken"),
    ]
    found = plots.risk_coverage(rows)
    assert found is not None
    assert found.signal == "evidence"
    assert found.coverage == pytest.approx((0.2, 0.4, 0.6, 0.8))
    assert found.risk == pytest.approx((0.0, 1 / 2, 1 / 3, 1 / 2))
    assert found.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert found.shipped == pytest.approx((0.8, 0.5))
    assert (found.rows, found.answered, found.not_applicable) == (5, 4, 2)
    assert found.steps()[:4] == [(0.1, 0.0), (0.2, 0.0), (0.3, 0.5), (0.4, 0.5)]


def test_equal_confidences_are_not_ordered_by_chance() -> None:
    rows = [row(right=at % 3 == 0, evidence=0.5) for at in range(9)]
    found = plots.risk_coverage(rows)
    assert found is not None
    assert found.coverage == (1.0,)
    assert found.risk == pytest.approx((2 / 3,))
    assert found.area == pytest.approx(2 / 3)


def test_groundedness_orders_where_there_is_no_evidence() -> None:
    rows = [row(right=True, grounded=0.9), row(right=False, grounded=0.3)]
    found = plots.risk_coverage(rows)
    assert found is not None
    assert found.signal == "groundedness"
    assert found.risk == pytest.approx((0.0, 0.5))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(grounded=0.5)],
        [row(error="broken", right=True, evidence=0.4)],
        [row(refused=True, right=False, evidence=0.1)],
        [row(right=True)],
    ],
)
def test_without_labels_or_scores_there_is_no_curve(rows: list[RowResult]) -> None:
    assert plots.risk_coverage(rows) is None
    assert plots.reliability(rows) is None


_labelled = st.lists(
    st.tuples(st.floats(0, 1), st.booleans(), st.booleans()), min_size=1, max_size=60
)


@given(_labelled, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    drawn: list[tuple[float, bool, bool]], chance: random.Random
) -> None:
    rows = [row(right=right, evidence=sure, refused=no) for sure, right, no in drawn]
    mixed = list(rows)
    chance.shuffle(mixed)
    one, other = plots.risk_coverage(rows), plots.risk_coverage(mixed)
    if one is None or other is None:
        assert one is other is None
        return
    assert one.coverage == other.coverage
    assert one.risk == pytest.approx(other.risk)
    assert one.area == pytest.approx(other.area)
    assert all(before < after for before, after in pairwise(one.coverage))
    assert all(0 <= risk <= 1 for risk in one.risk)
    answered = [right for _, right, no in drawn if not no]
    assert one.shipped == pytest.approx(
        (len(answered) / len(drawn), answered.count(False) / len(answered))
    )


def test_reliability_by_hand() -> None:
    rows = [
        *(row(right=at < 3, evidence=0.75) for at in range(4)),
        *(row(right=False, evidence=0.35) for _ in range(4)),
        row(right=True, evidence=1.0),
        row(right=False, evidence=0.1, refused=True),
    ]
    found = plots.reliability(rows)
    assert found is not None
    filled = {(each.low, each.n, each.sure, each.right) for each in found.bins if each.n}
    assert filled == {(0.3, 4, 0.35, 0.0), (0.7, 4, 0.75, 0.75), (0.9, 1, 1.0, 1.0)}
    assert found.error == pytest.approx(4 / 9 * 0.35)
    assert (found.n, found.not_applicable) == (9, 1)
    assert len(found.bins) == plots.BINS


@given(_labelled)
def test_the_calibration_error_is_a_share(drawn: list[tuple[float, bool, bool]]) -> None:
    found = plots.reliability([row(right=right, evidence=sure) for sure, right, _ in drawn])
    assert found is not None
    assert 0 <= found.error <= 1
    assert sum(each.n for each in found.bins) == len(drawn)


def test_the_worst_rows_of_each_way_are_shown() -> None:
    rows = [
        *(row(f"low {at}", grounded=at / 100) for at in range(40)),
        *(row(f"wrong {at}", right=False, grounded=1.0, evidence=at / 100) for at in range(40)),
        *(
            row(f"refused {at}", refused=True, evidence=0.1, wrongly_refused=1.0, right=False)
            for at in range(5)
        ),
        row("good", right=True, grounded=1.0),
    ]
    found = worst(rows)
    assert [(group.name, len(group.rows), group.total) for group in found.groups] == [
        ("Least grounded", 10, 40),
        ("Answered wrongly", 10, 40),
        ("Refused wrongly", 5, 5),
    ]
    assert found.groups[0].rows[0].id == "low 0"
    assert found.groups[1].rows[0].id == "wrong 39"
    assert found.left_out == 60


def test_a_row_that_went_wrong_twice_is_shown_once() -> None:
    found = worst([row("both", right=False, grounded=0.2), row("low", grounded=0.4)])
    assert [[each.id for each in group.rows] for group in found.groups] == [["both", "low"], []]
    assert found.left_out == 0
    assert worst([]).groups == ()


def test_picks() -> None:
    rows = [
        row("good", right=True, grounded=1.0),
        row("wrong", right=False, grounded=0.5),
        row("refused", refused=True, wrongly_refused=1.0),
        row("broken", error="broken"),
        row("low", grounded=0.1),
    ]
    assert pick(rows, Pick.ALL) == [0, 1, 2, 3, 4]
    assert pick(rows, Pick.WRONG) == [1, 2]
    assert pick(rows, Pick.REFUSED) == [2]
    assert pick(rows, Pick.FAILED) == [3]
    assert pick(rows, Pick.LOWEST) == [4, 1, 0]


def test_kinds_are_counted_and_rare_ones_stand_together() -> None:
    rows = [row(question="How many are there?", right=True), row(question="How many?", right=False)]
    rows += [row(question="how MUCH is it?"), row(question="?!"), row(error="broken")]
    found = kinds(rows, by_first_word, ["answer_in_quotes"])
    assert [(each.name, each.n, each.failed) for each in found] == [
        ("how many", 2, 0),
        ("how much", 1, 0),
        ("no word", 1, 0),
        ("when", 1, 1),
    ]
    assert found[0].means == ((0.5, 2),)
    assert found[1].means == ((None, 0),)
    many = kinds([row(question=f"w{at}") for at in range(50)], by_first_word, [])
    assert len(many) == MOST_KINDS + 1
    assert (many[-1].name, many[-1].n) == (OTHER, 50 - MOST_KINDS)
    assert [each.name for each in kinds([row(answerable=None)], by_answer, [])] == ["unknown"]


def test_main_metrics_are_those_that_were_measured() -> None:
    shown = (row(grounded=0.5, right=True, own=1.0),)
    both = {"groundedness": Measure(0.5, 1), "answer_in_quotes": Measure(1.0, 1)}
    assert main_metrics(Results(shown, both)) == ("answer_in_quotes", "groundedness")
    scored = {"groundedness": Measure(0.5, 1), "own": Measure(1.0, 1), "f1": Measure(None, 0)}
    assert main_metrics(Results(shown, scored)) == ("groundedness", "own")
    assert main_metrics(Results((), {})) == ()


class _Names(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_drawings_are_the_same_twice_and_stand_in_a_page() -> None:
    rows = [row(right=at % 3 > 0, evidence=at / 50, grounded=at / 50) for at in range(50)]
    curve, score = plots.risk_coverage(rows), plots.reliability(rows)
    assert curve is not None
    assert score is not None
    drawn = [
        plots.draw_distribution(plots.distribution(rows)),
        plots.draw_risk_coverage(curve),
        plots.draw_reliability(score),
    ]
    again = [
        plots.draw_distribution(plots.distribution(rows)),
        plots.draw_risk_coverage(curve),
        plots.draw_reliability(score),
    ]
    assert drawn == again
    for svg in drawn:
        parsed = _Names()
        parsed.feed(svg)
        assert parsed.tags[0] == "svg"
        assert not {"style", "metadata", "script", "image"} & set(parsed.tags)
        assert "http" not in svg
        assert "currentColor" in svg
        assert "text" in parsed.tags  # and not the outlines of its letters
        assert len(svg) < 60_000
    assert "groundedness" in drawn[0]
    assert "answered" in drawn[1]


def test_a_long_curve_is_drawn_with_few_points() -> None:
    rows = [row(right=at % 7 > 0, evidence=at / 20_000) for at in range(20_000)]
    found = plots.risk_coverage(rows)
    assert found is not None
    assert len(found.risk) == 20_000
    assert len(plots.draw_risk_coverage(found)) < 80_000
