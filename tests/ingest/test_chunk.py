"""Chunks: exact text, nothing lost, inside the window, never over a page."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import Chunker
from ingest.parse import Parser
from ingest.parsed import Mark, Parsed, Table
from rag.library.catalogue import NewChunk
from rag.ports import Embedder
from rag.records import Heading, Page, Span
from tests.conftest import SAMPLES


def _parsed(pages: list[str], headings: tuple[Heading, ...] = ()) -> Parsed:
    made, start = [], 0
    for number, text in enumerate(pages, start=1):
        made.append(Page(number if len(pages) > 1 else None, start, text))
        start += len(text)
    count = len(pages) if len(pages) > 1 else None
    return Parsed("A title", "text/plain", tuple(made), headings, count)


def _check(parsed: Parsed, chunks: tuple[NewChunk, ...]) -> None:
    text = "".join(page.text for page in parsed.pages)
    covered = [False] * len(text)
    for item in chunks:
        chunk = item.chunk
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
        home = [
            page for page in parsed.pages if page.start <= chunk.start < page.start + len(page.text)
        ]
        assert chunk.page == home[0].number
        assert chunk.end <= home[0].start + len(home[0].text)
        covered[chunk.start : chunk.end] = [True] * (chunk.end - chunk.start)
        for span in item.sentences:
            assert chunk.text[span.start : span.end].strip()
    for aside in parsed.asides:
        assert not any(covered[aside.start : aside.end])
        covered[aside.start : aside.end] = [True] * (aside.end - aside.start)
    lost = [letter for letter, kept in zip(text, covered, strict=True) if not kept]
    assert not "".join(lost).strip()
    assert len({item.chunk.id for item in chunks}) == len(chunks)


@cache
def _plain() -> Chunker:
    return Chunker(None, 256)


PAGES = st.lists(
    st.lists(
        st.sampled_from(
            [
                "A sentence about herons. ",
                "Short.\n",
                "\n\n",
                "word " * 80,
                "x" * 700,
                "水鳥。",
                " ",
            ]
        ),
        min_size=1,
        max_size=12,
    ).map("".join),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(PAGES)
def test_chunks_are_exact_and_nothing_is_lost(pages: list[str]) -> None:
    parsed = _parsed(pages)
    chunks = _plain().chunks("d", parsed)
    _check(parsed, chunks)
    assert chunks == _plain().chunks("d", parsed)


@cache
def _overlapping() -> Chunker:
    return Chunker(None, 256, capacity=96, overlap=40)


@settings(max_examples=60)
@given(PAGES)
def test_overlapping_chunks_are_exact_and_nothing_is_lost(pages: list[str]) -> None:
    parsed = _parsed(pages)
    chunks = _overlapping().chunks("d", parsed)
    _check(parsed, chunks)
    places = [(item.chunk.start, item.chunk.end) for item in chunks]
    assert places == sorted(set(places))
    assert all(item.chunk.end - item.chunk.start <= 96 * 4 for item in chunks)


def test_a_chunk_begins_with_whole_sentences_of_the_one_before() -> None:
    said = [f"In year {number} the heron laid {number % 7} eggs." for number in range(1900, 1960)]
    text = " ".join(said)
    chunks = [item.chunk for item in _overlapping().chunks("d", _parsed([text]))]
    assert len(chunks) > 3
    for before, after in pairwise(chunks):
        shared = text[after.start : before.end]
        assert 0 < len(shared) <= 40 * 4
        assert all(sentence.strip() + "." in said for sentence in shared.split(".")[:-1])
    apart = [item.chunk for item in _plain().chunks("d", _parsed([text]))]
    assert all(before.end <= after.start for before, after in pairwise(apart))


@pytest.mark.models
def test_the_samples_fit_the_window_of_the_model(real_embedder: Embedder) -> None:
    chunker = Chunker(real_embedder.tokenizer, real_embedder.window)
    files = sorted(path for path in SAMPLES.rglob("*") if path.is_file())
    assert files
    with Parser() as parser:
        for path in files:
            parsed = parser.parse(path, _kind(path))
            chunks = chunker.chunks("d", parsed)
            _check(parsed, chunks)
            assert real_embedder.tokenizer is not None
            for item in chunks:
                ids = real_embedder.tokenizer.encode(f"{item.context}\n{item.chunk.text}").ids
                assert len(ids) <= real_embedder.window


def _kind(path: Path) -> str:
    from ingest.admit import media_type

    return media_type(path)


def test_a_chunk_knows_its_headings() -> None:
    text = "Birds\n\nHerons nest in willows.\n\nBoats\n\nThe ferry carries forty cars."
    headings = (Heading(1, "Birds", 0), Heading(1, "Boats", text.index("Boats")))
    chunks = _plain().chunks("d", _parsed([text], headings))
    found = {item.chunk.headings for item in chunks if "ferry" in item.chunk.text}
    assert found == {("Boats",)}
    assert all("A title" in item.context for item in chunks)


@pytest.mark.parametrize("text", ["x" * 2_000_000, "word " * 400_000, "a. " * 300_000])
def test_a_huge_text_is_cut(text: str) -> None:
    parsed = _parsed([text])
    chunks = _plain().chunks("d", parsed)
    assert sum(item.chunk.end - item.chunk.start for item in chunks) >= len(text.replace(" ", ""))


def test_a_table_is_cut_at_its_rows_and_says_what_its_columns_are() -> None:
    rows = [f"Heron {number} 2019 {number * 17} eggs" for number in range(60)]
    before, after = "Counted in May. ", "\nThat is all."
    text = before + "\n".join(rows) + after
    start = len(before)
    marks = []
    at = start
    for number, row in enumerate(rows, start=2):
        marks.append(Mark(at, f"Birds!A{number}:D{number}"))
        at += len(row) + 1
    table = Table(start, start + len("\n".join(rows)), ("bird", "year", "count"), "Birds seen")
    page = Page(None, 0, text)
    marks.append(Mark(table.end, ""))
    parsed = Parsed("A title", "text/csv", (page,), (), tables=(table,), marks=tuple(marks))
    chunks = _plain().chunks("doc", parsed)
    _check(parsed, chunks)
    inside = [item for item in chunks if item.chunk.columns]
    assert len(inside) > 1
    for item in inside:
        assert item.chunk.columns == ("bird", "year", "count")
        assert item.chunk.caption == "Birds seen"
        assert item.context == "A title - Birds seen bird year count"
        lines = item.chunk.text.split("\n")
        assert [item.chunk.text[cut.start : cut.end] for cut in item.sentences] == lines
        first = rows.index(lines[0]) + 2
        assert item.places[0] == f"Birds!A{first}:D{first}"
        assert item.chunk.place == f"Birds!A{first}:D{first + len(lines) - 1}"
    others = [item.chunk.text.strip() for item in chunks if not item.chunk.columns]
    assert others == ["Counted in May.", "That is all."]


def test_what_is_set_aside_is_in_no_chunk() -> None:
    text = "ANNUAL REPORT 2019\nHerons breed early.\nThey nest in trees.\n17\n"
    asides = (Span(0, 19), Span(text.index("17\n"), len(text)))
    parsed = Parsed("A title", "text/plain", (Page(1, 0, text),), (), 1, asides=asides)
    chunks = _plain().chunks("doc", parsed)
    assert [item.chunk.text for item in chunks] == ["Herons breed early.\nThey nest in trees."]
