"""Dates and periods: the forms people write, one form out of them, and no text that breaks it."""

from __future__ import annotations

import datetime
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.dates import bounds, document_date, periods, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021", ["2021"]),
        ("FY2022, FY22 and FY'22", ["2022"]),
        ("fiscal year 2021", ["2021"]),
        ("Q2 2023", ["2023-Q2"]),
        ("2023 Q1, 2023Q2, 2023-Q3", ["2023-Q1", "2023-Q2", "2023-Q3"]),
        ("2Q FY23", ["2023-Q2"]),
        ("Q4 FY22", ["2022-Q4"]),
        ("the second quarter of 2023", ["2023-Q2"]),
        ("third quarter, fiscal 2020", ["2020-Q3"]),
        ("2023-04-30, 2023/05/01 and 20230502", ["2023-04-30", "2023-05-01", "2023-05-02"]),
        ("April 30, 2023", ["2023-04-30"]),
        ("30th of April, 2023", ["2023-04-30"]),
        ("30\nApril\n2023", ["2023-04-30"]),
        ("Sept. 5, 2021", ["2021-09-05"]),
        ("May 2022", ["2022-05"]),
        ("2023-05", ["2023-05"]),
        ("from 2019 to 2021", ["2019", "2021"]),
        ("PEPSICO_2022Q4_EARNINGS.pdf", ["2022-Q4"]),
        ("AMCOR_2020_10K.pdf", ["2020"]),
        ("2022年12月", ["2022"]),
        ("20٢٣", ["2023"]),
    ],
)
def test_forms(text: str, expected: list[str]) -> None:
    assert periods(text) == expected


@pytest.mark.parametrize(
    "text", ["", "in 1850", "12,021 ships", "2021%", "2021.5", "1.2021", "120210", "Q5", "may be"]
)
def test_other_numbers_are_no_dates(text: str) -> None:
    assert periods(text) == []


def test_a_day_that_does_not_exist_leaves_its_year() -> None:
    assert periods("2023-02-30") == ["2023"]


@given(st.text())
def test_whatever_is_read_has_bounds(text: str) -> None:
    for period in periods(text):
        first, last = bounds(period)
        assert first <= last
        assert tokens(period)[0] == str(first.year) == period[:4]


@given(
    st.lists(
        st.sampled_from(
            "fy FY q1 Q4 4q 20 19 2022 2023 13 31 -02 -30 / . , ' jan May sept. fiscal year first "
            "quarter of the 1st 30th ٢ ² \n _".split(" ")
        )
    ).map(" ".join)
    | st.text(alphabet="fyq1234 0'-/.,of", max_size=60)
)
def test_near_dates_never_break_it(text: str) -> None:
    assert all(bounds(period)[0].year >= 1900 for period in periods(text))
    assert document_date(text, text) in ["", *periods(text)]


@given(st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2099, 12, 31)))
def test_a_day_is_read_in_every_form(day: datetime.date) -> None:
    forms = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%B %d, %Y", "%d %B %Y", "%b. %d, %Y", "%d %b %Y")
    for form in forms:
        assert periods(f"as of {day.strftime(form)} or so") == [day.isoformat()], form
    assert bounds(day.isoformat()) == (day, day)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2023", "2023-01-01", "2023-12-31"),
        ("2023-Q1", "2023-01-01", "2023-03-31"),
        ("2023-Q4", "2023-10-01", "2023-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-12", "2023-12-01", "2023-12-31"),
        ("2023-04-30", "2023-04-30", "2023-04-30"),
    ],
)
def test_bounds(period: str, first: str, last: str) -> None:
    assert [day.isoformat() for day in bounds(period)] == [first, last]


@pytest.mark.parametrize("period", ["", "soon", "2023-Q5", "2023-13", "2023-02-30", "0000", "23"])
def test_what_is_no_period_has_no_bounds(period: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        bounds(period)


def test_tokens_go_from_the_year_to_the_day() -> None:
    assert tokens("2023") == ("2023",)
    assert tokens("2023-Q2") == ("2023", "q2", "2023-q2")
    assert tokens("2023-04-30") == ("2023", "2023-04", "2023-04-30")


# -- the date of a document --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Annual report 2021", "Published March 1, 2022.", "2021"),
        ("Report of 2021, March 31, 2021", "", "2021-03-31"),
        ("Report", "For the quarter ended June 30, 2022.", "2022-06-30"),
        ("Report", "Founded in 1998. Dated 2 May 2022. As of 2023.", "2022-05-02"),
        ("Report", "Founded in 1998, grown since 2001.", ""),
        ("Report", "x" * 4_000 + " dated 2 May 2022", ""),
        ("", "", ""),
    ],
)
def test_the_date_a_document_gives_itself(title: str, text: str, expected: str) -> None:
    assert document_date(title, text) == expected


@pytest.mark.parametrize(
    "piece", ["'", "q1'", "fy ", "2020 ", "jan ", "1q,-", "2020-01-01,", "q1' "]
)
def test_long_text_takes_no_longer(piece: str) -> None:
    """A question of 10,000 apostrophes took seconds."""
    began = time.process_time()
    assert len(periods(piece * 100_000)) <= 1
    assert time.process_time() - began < 10
