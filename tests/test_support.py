"""How far texts carry a statement: what counts, what is missing, and where it stands."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.support import FEATURES, judge

TEXTS = [
    "The mill burned down in 1911. Nobody was hurt.",
    "Ann Lee rebuilt the mill by the weir within two years. It grinds oats and barley today.",
]


def test_what_stands_in_a_text_is_carried_surely() -> None:
    found = judge("Nobody was hurt.", TEXTS)
    assert found.support == 1
    assert found.context == 0
    assert found.span
    assert TEXTS[0][found.span.start : found.span.end] == "Nobody was hurt."


def test_the_sentence_that_carries_most_is_named() -> None:
    found = judge("The mill was rebuilt by Ann Lee.", TEXTS)
    assert found.context == 1
    assert found.span
    assert TEXTS[1][found.span.start : found.span.end].startswith("Ann Lee rebuilt")
    assert found.missing == ()


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("The mill burned down in 1911.", "The mill burned down in 1912."),
        ("Ann Lee rebuilt the mill.", "Tom Pike rebuilt the mill."),
        ("It grinds oats and barley.", "It grinds wheat and rye."),
        ("Ann Lee rebuilt the mill.", "Penguins waddle across the ice."),
    ],
)
def test_what_the_texts_say_is_carried_better(better: str, worse: str) -> None:
    assert judge(better, TEXTS).support > judge(worse, TEXTS).support


def test_numbers_and_names_that_stand_nowhere_are_named() -> None:
    assert judge("In 1912 the mill of Ann Pike burned.", TEXTS).missing == ("1912", "pike")


def test_a_part_of_a_word_or_number_is_not_what_stands_there() -> None:
    assert judge("The fee is 1", ["The fee is 100 euros."]).support < 1
    assert judge("The fee is 100", ["The fee is 100 euros."]).support == 1


@pytest.mark.parametrize("texts", [[], [""], ["   "]])
def test_without_texts_nothing_is_carried(texts: list[str]) -> None:
    found = judge("The mill burned down.", texts)
    assert found.support < 0.1
    assert (found.context, found.span) == (None, None)


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3))
def test_any_text_gives_a_probability(statement: str, texts: list[str]) -> None:
    found = judge(statement, texts)
    assert 0 <= found.support <= 1
    assert len(found.features) == len(FEATURES)
    assert all(0 <= value <= 1 for value in found.features)
    if found.span is not None and found.context is not None:
        assert 0 <= found.span.start < found.span.end <= len(texts[found.context])


def test_long_texts_take_no_longer_than_their_length() -> None:
    long = ("The mill burned down in 1911 and was rebuilt. " * 4_000).strip()
    began = time.perf_counter()
    assert judge("The mill was rebuilt in 1911.", [long, long]).support > 0.5
    assert time.perf_counter() - began < 20
