"""Quotes: each place once, exactly as it stands, however the documents were cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ingest.load import load
from ingest.parse import Cutting, Parser
from ingest.parsed import Parsed
from rag import quote
from rag.library.catalogue import NewChunk
from rag.library.folder import Library
from rag.retrieve import reading, retrieve
from tests.stand_ins import HashEmbedder


class _Overlapping(Parser):
    def read(
        self, path: Path, media_type: str, document_id: str, cutting: Cutting
    ) -> tuple[Parsed, tuple[NewChunk, ...]]:
        cutting = replace(cutting, capacity=64, overlap=32)
        return super().read(path, media_type, document_id, cutting)


def test_a_sentence_in_two_chunks_is_quoted_once(tmp_path: Path) -> None:
    said = [f"In year {number} the heron had {number * 7} eggs." for number in range(1900, 1912)]
    # Without words it repeats no other; only its place tells that it was quoted before.
    said = [line for pair in zip(said, ["* * * * * ."] * len(said), strict=True) for line in pair]
    (tmp_path / "herons.txt").write_text(" ".join(said), encoding="utf-8")
    library = Library.create(tmp_path / "library")
    embedder = HashEmbedder()
    with _Overlapping() as parser:
        load([tmp_path / "herons.txt"], library, lambda: embedder, parser)
    with reading([library]):
        found = retrieve("How many eggs had the heron?", [library], embedder)
        chunks = [each.chunk for each in found.chunks.values()]
        assert sum(len(chunk.text) for chunk in chunks) > 1.2 * len(" ".join(said))
        quotes = quote.select(found, embedder, most=100, room=100_000)
        assert all(quote.prove(each, library.catalogue) for each in quotes)
    library.close()
    places = [(each.start, each.end) for each in quotes]
    assert len(set(places)) == len(places) > 6
    assert sum("*" in each.text for each in quotes) > 1
