"""A library on disk: opening, one writer, what is derived, the wrong model, forgetting."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag.ask import Parts, ask
from rag.errors import (
    DocumentUnknown,
    LibraryBusy,
    LibraryError,
    LibraryFull,
    LibraryMissing,
    WrongModel,
)
from rag.library.catalogue import NewDocument, Place
from rag.library.folder import Library, explain
from rag.records import Document, Page
from rag.retrieve import reading, retrieve
from tests.conftest import ROOT, LoadTexts
from tests.stand_ins import HashEmbedder, WordScorer

TEXTS = {
    "birds.txt": "The heron nests in the willow by the weir. It eats small fish at dawn.",
    "boats.txt": "The ferry Zephyrine crosses the estuary twice a day. It carries forty cars.",
    "rules.md": "# Rules\n\nDogs are not allowed in the reading hall. Bicycles stay outside.",
}


def _hits(
    library: Library, question: str = "Where does the heron nest?"
) -> list[tuple[str, float]]:
    with reading([library]):
        found = retrieve(question, [library], HashEmbedder(), limit=10)
    return [(passage.chunk.id, round(passage.score, 5)) for passage in found.passages]


def _files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _reload(library: Library, folder: Path) -> None:
    with Parser() as parser:
        load([folder], library, HashEmbedder, parser)


# -- opening ---------------------------------------------------------------------------------


def test_without_a_library_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing, match="rag load FOLDER"):
        Library.open(tmp_path / "none")


def test_a_library_is_private(load_texts: LoadTexts) -> None:
    assert load_texts(TEXTS).path.stat().st_mode & 0o077 == 0


def test_a_newer_catalogue_is_refused(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    with library.catalogue.writing():
        library.catalogue.set_meta("schema", "99")
    library.close()
    with pytest.raises(LibraryError, match="version 99"):
        Library.open(library.path)


def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalogue.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(LibraryError, match="not a readable catalogue"):
        Library.open(tmp_path)


# -- one writer ------------------------------------------------------------------------------

HOLD = """
import sys, time
from pathlib import Path
from rag.library.folder import Library
library = Library.open(Path(sys.argv[1]))
with library.writing():
    print("holding", flush=True)
    time.sleep(60)
"""


def _holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout
    assert process.stdout.readline() == "holding\n"
    return process


def test_a_second_writer_is_told_within_two_seconds_who_writes(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    with _holder(library.path) as process:
        began = time.monotonic()
        with pytest.raises(LibraryBusy, match=f"Process {process.pid} "), library.writing():
            pass
        assert time.monotonic() - began < 2
        assert _hits(library)
        process.kill()


def test_the_lock_of_a_dead_process_is_taken_over(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    with _holder(library.path) as process:
        process.kill()
        process.wait()
        with library.writing():
            assert library.catalogue.counts().documents == 3


def test_a_reader_sees_one_state_while_a_writer_commits(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    other = Library.open(library.path)
    with library.catalogue.reading():
        before = library.catalogue.counts()
        with other.writing(), other.catalogue.writing():
            other.catalogue.remove_place(other.catalogue.places()[0].path)
        assert library.catalogue.counts() == before
    assert library.catalogue.counts().documents == before.documents - 1
    other.close()


# -- what is derived -------------------------------------------------------------------------

INDEX = ("vectors.faiss", "vectors.json", "words.npy", "words.json")


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 0xFF
    path.write_bytes(bytes(content))


def _delete(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [_truncate, _flip, _delete])
@pytest.mark.parametrize("name", INDEX)
def test_a_damaged_index_is_rebuilt(load_texts: LoadTexts, name: str, damage: object) -> None:
    library = load_texts(TEXTS)
    expected = _hits(library)
    library.close()
    damage(library.path / name)  # type: ignore[operator]
    again = Library.open(library.path)
    assert again.verify()
    assert _hits(again) == expected
    assert again.repair() == []
    assert again.verify() == []
    again.close()


def test_an_index_of_another_generation_is_not_trusted(
    load_texts: LoadTexts, tmp_path: Path
) -> None:
    library = load_texts(TEXTS)
    old = tmp_path / "old"
    old.mkdir()
    for name in INDEX:
        shutil.copy(library.path / name, old / name)
    library.forget("boats.txt")
    expected = _hits(library)
    library.close()
    for name in INDEX:
        shutil.copy(old / name, library.path / name)
    again = Library.open(library.path)
    assert ["generation" in problem for problem in again.verify()] == [True, True]
    assert _hits(again) == expected
    again.close()


def test_verify_changes_nothing(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    before = _files(library.path)
    assert library.verify() == []
    assert _files(library.path) == before


def test_lost_words_are_found_and_repaired(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    expected = _hits(library)
    with library.catalogue.writing():
        library.catalogue._db.execute("UPDATE chunks SET terms = ''")
    assert any("other words" in problem for problem in library.verify())
    assert library.repair() == []
    assert _hits(library) == expected


def test_words_made_again_reach_every_index(load_texts: LoadTexts) -> None:
    """The keys stay and the terms do not: an index kept or stored before must not be built upon."""
    library = load_texts(TEXTS)
    expected = _hits(library)
    with library.catalogue.writing():
        library.catalogue._db.execute("UPDATE chunks SET terms = 'heron'")
    library._derived.discard()
    library.save_indexes()
    other = Library.open(library.path)
    assert _hits(other) == _hits(library) != expected
    # As a repair that is killed right after its commit leaves it.
    with library.catalogue.writing():
        library.catalogue.rebuild_derived()
    third = Library.open(library.path)
    assert _hits(library) == _hits(other) == _hits(third) == expected
    _reload(third, library.path.parent / "documents")
    assert third.verify() == []
    other.close()
    third.close()


def test_an_index_that_grew_and_shrank_equals_a_fresh_one(
    load_texts: LoadTexts, tmp_path: Path
) -> None:
    library = load_texts(TEXTS)
    documents = tmp_path / "documents"
    (documents / "herons.txt").write_text(
        "Two herons nest by the weir, and a third one by the mill."
    )
    (documents / "birds.txt").write_text("The heron left the willow and nests in the reeds.")
    (documents / "boats.txt").unlink()
    _reload(library, documents)
    library.forget("rules.md")
    (documents / "rules.md").unlink()
    fresh = Library.create(tmp_path / "fresh")
    _reload(fresh, documents)
    stored = Library.open(library.path)
    library.forget("boats.txt")
    for question in ("Where does the heron nest?", "ferry Zephyrine", "Dogs in the reading hall"):
        assert _hits(library, question) == _hits(stored, question) == _hits(fresh, question)
    stored.close()
    fresh.close()


def test_a_document_without_passages_may_be_named(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    bare = Document("0" * 64, "heron.pdf", "The heron", "application/pdf", 1)
    with library.catalogue.writing():
        library.catalogue.add_document(NewDocument(bare, (Page(1, 0, "1"),), (), "reader"))
        library.catalogue.add_place(Place("/heron.pdf", "heron.pdf", "/", bare.id, 1, 1))
    assert _hits(library)


# -- the wrong model -------------------------------------------------------------------------


def test_another_model_of_the_same_width_is_refused(load_texts: LoadTexts, tmp_path: Path) -> None:
    library = load_texts(TEXTS)
    other = HashEmbedder(name="other")
    with pytest.raises(WrongModel) as caught:
        library.check_embedder(other.identity)
    said = str(caught.value)
    assert "hash (64 dimensions" in said
    assert "other (64 dimensions" in said
    assert "--embedder hash" in said
    assert "rag load FOLDER --library NEW" in said
    (tmp_path / "documents" / "new.txt").write_text("Something new about otters.")
    with Parser() as parser, pytest.raises(WrongModel):
        load([tmp_path / "documents"], library, lambda: other, parser)
    assert library.catalogue.document("new.txt") is None


class _Moved(HashEmbedder):
    """The same name and weights, but it computes something else."""

    def _vector(self, text: str):  # type: ignore[no-untyped-def]
        return super()._vector(text)[::-1].copy()


def test_a_model_that_computes_something_else_is_refused(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    library.check_canary(HashEmbedder())
    with pytest.raises(WrongModel):
        library.check_canary(_Moved())


# -- forgetting ------------------------------------------------------------------------------


def test_a_forgotten_word_stands_in_no_byte(load_texts: LoadTexts, tmp_path: Path) -> None:
    library = load_texts({**TEXTS, "more.txt": "The Zephyrine rests. " * 300})
    assert any(b"ephyrine" in path.read_bytes() for path in library.path.rglob("*.sqlite*"))
    done = [library.forget("boats.txt"), library.forget("more.txt")]
    assert [each.traces for each in done] == [(), ()]
    assert done[0].words_checked > 0
    for path in library.path.rglob("*"):
        if path.is_file():
            assert b"zephyrine" not in path.read_bytes().lower(), path
    assert _hits(library)
    assert library.verify() == []
    reply = ask("Which ferry crosses?", Parts((library,), HashEmbedder(), WordScorer(), enough=0))
    assert not any("erry" in passage.chunk.text for passage in reply.passages)


def test_an_unknown_document_is_answered_with_the_nearest_name(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    with pytest.raises(DocumentUnknown, match=r"Did you mean boats\.txt"):
        library.forget("boat.txt")


# -- trouble with the disk -------------------------------------------------------------------


def test_the_system_errors_become_sentences() -> None:
    assert isinstance(explain(OSError(28, "No space left"), Path("x")), LibraryFull)
    assert "free some space" in str(explain(OSError(28, "No space left"), Path("x")))
    assert isinstance(explain(PermissionError(13, "Permission denied"), Path("x")), LibraryError)


def test_a_full_disk_loses_nothing(load_texts: LoadTexts, tmp_path: Path) -> None:
    library = load_texts(TEXTS)
    library.close()
    more = tmp_path / "more"
    more.mkdir()
    for number in range(20):
        (more / f"{number}.txt").write_text(
            "\n\n".join(f"Paragraph {number}.{row} of a long report." for row in range(400))
        )
    small = Library.open(library.path)
    # SQLite then says what it says on a full disk, at the same places.
    pages = small.catalogue._db.execute("PRAGMA page_count").fetchone()[0]
    small.catalogue._db.execute(f"PRAGMA max_page_count = {pages + 30}")
    with pytest.raises(LibraryFull, match="free some space"):
        _reload(small, more)
    small.close()
    again = Library.open(library.path)
    assert not [
        problem for problem in again.verify() if not problem.startswith(("vectors:", "words:"))
    ]
    assert again.catalogue.document("birds.txt")
    _reload(again, more)
    assert again.verify() == []
    assert again.catalogue.counts().documents == 23
    again.close()
