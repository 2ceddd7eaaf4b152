"""Chunks: exact text, nothing lost, inside the window, never over a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import Chunker
from ingest.parse import Parser
from ingest.parsed import Parsed
from rag.library.catalogue import NewChunk
from rag.ports import Embedder
from rag.records import Heading, Page
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
