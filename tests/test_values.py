"""Sentences taken apart: which values they state, and which two values are the same."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.values import Kind, Value, agree, read


def _values(text: str) -> list[tuple[Kind, str]]:
    return [(value.kind, value.text) for value in read(text).values]


def _only(text: str, kind: Kind) -> Value:
    (found,) = (value for value in read(text).values if value.kind is kind)
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It weighs 1,200 kg.", [(Kind.NUMBER, "1,200 kg")]),
        ("It took twenty-five people.", [(Kind.NUMBER, "twenty-five")]),
        ("It reaches 2 billion people.", [(Kind.NUMBER, "2 billion")]),
        ("Report it within 2 working days.", [(Kind.NUMBER, "2 working days")]),
        ("It was counted on 31 March 2025.", [(Kind.DATE, "31 March 2025")]),
        ("The bridge was built in 1534.", [(Kind.DATE, "1534")]),
        ("The hall seats 1500 people.", [(Kind.NUMBER, "1500")]),
        ("The rule holds since May 2024.", [(Kind.DATE, "May 2024")]),
        ("It opens at 8:30 am.", [(Kind.NUMBER, "8:30 am")]),
        ("It is kept by the Head of Digital Services.", [(Kind.NAME, "Head of Digital Services")]),
        ("The model GPT-3 is older.", [(Kind.NAME, "GPT-3")]),
        ("You may march on.", []),
        ("Reports are kept.", []),
    ],
)
def test_values_are_found_as_they_stand(text: str, found: list[tuple[Kind, str]]) -> None:
    assert _values(text) == found


def test_a_first_word_is_a_name_only_where_it_is_known_as_one() -> None:
    assert not read("Warsaw lies on a river.").values
    assert _only_name("Warsaw lies on a river.", frozenset({"warsaw"})) == "Warsaw"


def _only_name(text: str, names: frozenset[str]) -> str:
    (found,) = read(text, names).values
    return found.text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("up to 1,000 g", "up to 1 kg", True),
        ("up to 24 months", "up to two years", True),
        ("up to 24 months", "up to 36 months", False),
        ("about 2,000 birds", "1,998 birds", True),
        ("1,600 birds", "1,998 birds", False),
        ("over 4 % of it", "4.3 % of it", True),
        ("2 million birds", "1.98 million birds", True),
        ("10 birds", "11 birds", False),
        ("364 days", "365 days", False),
        ("20 MB of it", "5 MB of it", False),
        ("175 billion birds", "170 billion birds", False),
        ("88 % of it", "88 kg of it", False),
        ("at 9 am", "at 9:00", True),
        ("at 5 pm", "at 17:00", True),
        ("at 9 am", "at 8:30", False),
        ("the first version", "the second version", False),
        ("the 1st version", "the first version", True),
    ],
)
def test_numbers_agree_across_units_and_rounding(one: str, other: str, same: bool) -> None:
    values = _only(one, Kind.NUMBER), _only(other, Kind.NUMBER)
    assert agree(*values) is same
    assert agree(*reversed(values)) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("in November 2022", "on 30 November 2022", True),
        ("in 2022", "in November 2022", True),
        ("in the 1990s", "in 1995", True),
        ("on 31 March 2025", "on 31 May 2025", False),
        ("on Monday", "on Tuesday", False),
    ],
)
def test_dates_agree_where_one_is_only_less_exact(one: str, other: str, same: bool) -> None:
    assert agree(_only(one, Kind.DATE), _only(other, Kind.DATE)) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("by the International Labour Organization", "by the ILO", True),
        ("by President Anna Berg", "by Anna Berg", True),
        ("by Anna Berg", "by Carl Dietz", False),
        ("by the Labour Organisation", "by the Labour Organization", True),
    ],
)
def test_names_agree_when_shortened_or_spelt_otherwise(one: str, other: str, same: bool) -> None:
    values = [_only(f"it was kept again {text}", Kind.NAME) for text in (one, other)]
    assert agree(*values) is same


@given(st.text(max_size=300))
def test_every_value_is_the_text_at_its_offsets(text: str) -> None:
    for value in read(text).values:
        assert text[value.start : value.end] == value.text
        assert value.text


def test_reading_takes_time_linear_in_the_text() -> None:
    began = time.perf_counter()
    for text in ("9" * 200_000, "A " * 100_000, "1," * 100_000, "about " * 50_000):
        read(text)
    assert time.perf_counter() - began < 20
