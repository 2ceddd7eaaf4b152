"""Stored text found among the characters of a page."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.align import find
from rag.records import Span


def _span(text: str, part: str, nth: int = 0) -> Span:
    at = -1
    for _ in range(nth + 1):
        at = text.index(part, at + 1)
    return Span(at, at + len(part))


def _seen(page: str, stored: str, part: str, nth: int = 0) -> str | None:
    (found,) = find(stored, [_span(stored, part, nth)], list(page))
    return None if found is None else page[found.start : found.end]


def test_the_same_text_is_found_with_its_marks() -> None:
    page = "One. (Two is here.) Three."
    assert _seen(page, page, "(Two is here.)") == "(Two is here.)"
    assert _seen(page, page, "Three.") == "Three."


def test_white_space_and_hyphens_at_line_ends_do_not_matter() -> None:
    page = "The self\x02\r\nservice desk is o\x02\r\npen  all\r\nday."
    stored = "The self-service desk is open all\nday."
    assert _seen(page, stored, "desk is open all\nday.") == "desk is o\x02\r\npen  all\r\nday."
    assert _seen(page, stored, "self-service") == "self\x02\r\nservice"


def test_of_a_text_that_stands_twice_the_right_one_is_found() -> None:
    page = "Net income rose.\r\nOther words.\r\nNet income rose."
    stored = page.replace("\r", "")
    (first,) = find(stored, [_span(stored, "Net income rose.", 0)], list(page))
    (second,) = find(stored, [_span(stored, "Net income rose.", 1)], list(page))
    assert first == Span(0, 16)
    assert second == Span(32, 48)


def test_ligatures_and_case_are_read_alike() -> None:
    assert _seen("The oﬃce ﬁle", "The office file", "office") == "oﬃce"
    assert _seen("NET INCOME 12", "Net income 12", "income 12") == "INCOME 12"


def test_what_is_not_there_is_not_found() -> None:
    page = "Entirely other words stand on this page, and no others."
    assert _seen(page, "The heron nests in the willow by the weir.", "nests in the willow") is None
    assert _seen(page, "Words. ______", "______") is None


def test_a_long_page_is_searched_in_no_time() -> None:
    stored = "".join(f"row {number} holds {number * 7} birds\n" for number in range(20_000))
    page = "Another head. " + stored.replace("\n", "\r\n")
    began = time.monotonic()
    assert _seen(page, stored, "row 777 holds 5439 birds") == "row 777 holds 5439 birds"
    assert time.monotonic() - began < 20


WORDS = st.lists(st.text("abcäé1", min_size=1, max_size=6), min_size=1, max_size=20)


@given(WORDS, st.data())
def test_whatever_separates_the_words_their_letters_are_found(
    words: list[str], data: st.DataObject
) -> None:
    stored = " ".join(words)
    gaps = data.draw(st.lists(st.sampled_from([" ", "\r\n", "  "]), min_size=len(words)))
    page = "".join(word + gap for word, gap in zip(words, gaps, strict=False))
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start = len(" ".join(words[:first])) + bool(first)
    end = start + len(" ".join(words[first : last + 1]))
    (found,) = find(stored, [Span(start, end)], list(page))
    assert found
    assert page[found.start : found.end].split() == words[first : last + 1]


@pytest.mark.parametrize("page", ["", "\n", "?!"])
def test_a_page_without_letters_holds_nothing(page: str) -> None:
    assert find("Some words.", [Span(0, 11)], list(page)) == [None]
