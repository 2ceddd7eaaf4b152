"""Sentences: exact offsets, nothing lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.terms import question_terms, terms
from rag.text import LONGEST_SENTENCE, content_stems, sentences, stems

PIECES = st.lists(
    st.sampled_from(
        [
            "The heron nests here. ",
            "Dr. Smith paid $3.5 million (2%). ",
            "Why? ",
            "\n",
            "\n\n",
            "- an item\n",
            "1. first\n",
            "Revenue 1,200 1,100 980\n",
            "水鳥は川にいる。",
            "هذا نص قصير. ",
            "e.g. this, i.e. that ",
            " ",
            "\u00a0",
            "🦆",
        ]
    ),
    max_size=40,
).map("".join)


@given(st.one_of(PIECES, st.text(max_size=400)))
def test_sentences_cover_the_text_in_order(text: str) -> None:
    spans = sentences(text)
    at = 0
    for span in spans:
        assert at <= span.start < span.end <= len(text)
        assert not text[at : span.start].strip()
        piece = text[span.start : span.end]
        assert piece == piece.strip()
        at = span.end
    assert not text[at:].strip()


@given(st.text(alphabet="ab ,;\n.", min_size=1, max_size=3000))
def test_no_sentence_is_too_long(text: str) -> None:
    assert all(span.end - span.start <= LONGEST_SENTENCE for span in sentences(text))


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("One is here. Two is there.", ["One is here.", "Two is there."]),
        ("Dr. Lee paid 3.5 euros. She left.", ["Dr. Lee paid 3.5 euros.", "She left."]),
        ("- milk\n- bread", ["- milk", "- bread"]),
        ("Sales 12 14\nCosts 10 11", ["Sales 12 14", "Costs 10 11"]),
        (
            "A line that was wrapped by a\nprogram goes on here.",
            ["A line that was wrapped by a\nprogram goes on here."],
        ),
        ("Heading\n\nA paragraph follows.", ["Heading", "A paragraph follows."]),
        ("水鳥は川にいる。魚を食べる。", ["水鳥は川にいる。", "魚を食べる。"]),
    ],
)
def test_cuts(text: str, cut: list[str]) -> None:
    assert [text[span.start : span.end] for span in sentences(text)] == cut


@pytest.mark.parametrize("unit", ["x", "word ", "a. ", "\n", "- \n", "1. ", "((", "“", ",", "?!"])
def test_worst_cases_come_to_an_end(unit: str) -> None:
    """Anything quadratic takes minutes here: ten times the text took a hundred times as long."""
    text = unit * (300_000 // len(unit))
    spans = sentences(text)
    kept = sum(len(text[span.start : span.end].split()) for span in spans)
    assert kept >= len(text.split())


def test_words_that_say_nothing_are_kept_where_nothing_else_is() -> None:
    assert content_stems("Where are the herons nesting?") == ["heron", "nest"]
    assert content_stems("to be or not to be") == ["not"]
    assert content_stems("Who is she?") == stems("Who is she?")


def test_a_blank_to_be_filled_is_no_term() -> None:
    """An empty term stands nowhere, and would count as the rarest word of the question."""
    assert question_terms("The weir of ____ was built.") == question_terms("The weir was built.")


@pytest.mark.parametrize("piece", ["x", "1", "_", "a_", "a.", "1,234", "水"])
def test_terms_take_time_in_step_with_the_text(piece: str) -> None:
    began = time.monotonic()
    assert sum(1 for _ in terms(piece * 200_000)) <= 400_000
    assert time.monotonic() - began < 10
