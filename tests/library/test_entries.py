"""The rows of the library's table, in one reading of the catalogue."""

from __future__ import annotations

from pathlib import Path

from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from tests.stand_ins import HashEmbedder


def test_each_document_is_one_row_with_all_its_places(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    text = "The heron nests in the willow by the weir."
    (folder / "a.txt").write_text(text)
    (folder / "b.txt").write_text(text)
    (folder / "c.md").write_text("# Boats\n\nThe ferry crosses the estuary twice a day.")
    library = Library.create(tmp_path / "library")
    with Parser() as parser:
        load([folder], library, HashEmbedder, parser)
    first, second = library.catalogue.entries()
    assert (first.name, first.names, first.size) == ("a.txt", ("a.txt", "b.txt"), len(text))
    assert first.roots == (str(folder), str(folder))
    assert (second.name, second.embedded, second.reason) == ("c.md", True, None)
    for entry in (first, second):
        assert (entry.pages, entry.chunks, entry.reason) == (
            library.catalogue.document_account(entry.id)
        )
    library.catalogue.drop_vectors()
    assert [entry.embedded for entry in library.catalogue.entries()] == [False, False]
    library.close()


def test_an_empty_library_has_no_rows(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "library")
    assert library.catalogue.entries() == []
    library.close()
