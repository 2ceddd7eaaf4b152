"""Normalisation, whole words, and quotes that a border cut."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.matching import (
    covered_share,
    holds_words,
    normalise,
    normalised_words,
    overlaps,
    shared_run,
)
from rag.text import stands_in

WORDS = st.lists(st.sampled_from(["red", "green", "blue", "sky"]), max_size=8)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Quick, brown fox!", "quick brown fox"),
        ("An answer to a question", "answer to question"),
        ("theatre anthem", "theatre anthem"),
        ("1,308.5 — it’s so", "13085 its so"),
        ("黑豹队的，308 分。", "黑 豹 队 的 308 分"),
        ("136次", "136 次"),
        ("من هو؟ نقطة،", "من هو نقطة"),
        ("", ""),
        ("The a!", ""),
    ],
)
def test_normalise(text: str, normal: str) -> None:
    assert normalise(text) == normal


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(alphabet=string.ascii_letters + string.digits + string.punctuation + " \n\t"))
def test_on_ascii_it_is_what_squad_does(text: str) -> None:
    bare = "".join(c for c in text.lower() if c not in string.punctuation)
    assert normalise(text) == " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


@given(st.text(alphabet=st.characters(categories=["Lo", "Ll", "Mn", "Nd"])))
def test_no_letter_mark_or_digit_is_lost(text: str) -> None:
    articles = {"a", "an", "the"}
    kept = "".join(word for word in text.lower().split() if word not in articles)
    if "a" not in kept and "the" not in kept:
        assert "".join(normalised_words(text)) == kept


def test_words_stand_whole_or_not_at_all() -> None:
    assert holds_words("won by 308 points", "308 points")
    assert not holds_words("won by 1308 points", "308 points")
    assert not holds_words("anything", "")
    assert holds_words(normalise("黑豹队丢了308分。"), normalise("308 分"))


@pytest.mark.parametrize(
    ("quote", "text", "stands"),
    [
        ("one  two", "zero one\ntwo.", True),
        ("308", "a 308-yard run", True),
        ("308", "13080", False),
        ("cat", "concatenate", False),
        ("كم", "وكم نقطة", True),
        ("308", "丢了308分", True),
        ("50%", "about 50% more", True),
        ("", "anything", False),
        ("Two", "two", False),
    ],
)
def test_stands_in(quote: str, text: str, stands: bool) -> None:
    assert stands_in(quote, text) is stands


@pytest.mark.parametrize(
    ("quote", "text", "run"),
    [
        ("b c", "a b c d", range(2)),
        ("a b c d", "b c", range(1, 3)),
        ("b c d", "a b c", range(2)),
        ("b c d", "c d e", range(1, 3)),
        ("b c d", "x c y", range(0)),
        ("bb c", "b c", range(0)),
        ("", "a", range(0)),
        ("a", "", range(0)),
    ],
)
def test_shared_run(quote: str, text: str, run: range) -> None:
    assert list(shared_run(quote.split(), text.split())) == list(run)


@given(WORDS, WORDS)
def test_shared_run_lies_in_the_text(quote: list[str], text: list[str]) -> None:
    run = shared_run(quote, text)
    words = [quote[place] for place in run]
    assert not words or holds_words(" ".join(text), " ".join(words))


def test_parts_of_a_quote_add_up() -> None:
    quote = "Red brick walls hold warm air."
    assert covered_share(quote, ["They say red brick walls", "hold warm air all night"]) == 1.0
    assert covered_share(quote, ["They say red brick"]) == pytest.approx(2 / 6)
    assert covered_share(quote, []) == 0.0
    assert covered_share("%", ["5 % of it"]) == 1.0
    assert covered_share("%", ["nothing"]) == 0.0


def test_overlap_needs_more_than_half_of_the_shorter() -> None:
    assert overlaps("one two three four", "two three four five")
    assert not overlaps("one two three four", "three four five six")
    assert overlaps("one two three four", "so two three four")
    assert not overlaps("one two three four", "so one so two so three so four")
    assert overlaps("308", "They gave up 308 points.")
    assert overlaps("They gave up 308 points.", "308 points")
    assert not overlaps("The end", "Start at the")


@given(WORDS, WORDS)
def test_overlap_is_symmetric(one: list[str], other: list[str]) -> None:
    assert overlaps(" ".join(one), " ".join(other)) == overlaps(" ".join(other), " ".join(one))
