"""Deleted means gone: nothing of a forgotten document stands in any byte of the library."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag.library import words
from rag.library.folder import UPLOADS, Library
from rag.retrieve import reading, retrieve
from rag.terms import terms
from tests.stand_ins import HashEmbedder

WORD = "xqzvykwompfing"
SECRET = (
    f"# The {WORD} estate\n\nThe gardener met the {WORD} twice. {WORD.upper()} was painted green."
)
PLAIN = "The ferry crosses the estuary twice a day and carries forty cars."


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _load(library: Library, *paths: Path, prune: bool = False) -> None:
    with Parser() as parser:
        load(paths, library, HashEmbedder, parser, prune=prune)


def _traces(folder: Path) -> list[str]:
    """Files that hold any five letters of the word, in a name or in a byte, or its hash.

    Five, because a journal keeps of words alike only the differing end. The words index keeps a
    hash of each term, by which one who guesses the word could tell that it was there.
    """
    parts = {WORD[at : at + 5].encode() for at in range(len(WORD) - 4)}
    (term,) = terms(WORD)
    mark = words._hash(term).to_bytes(8, "little")
    found = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        lowered = content.lower()
        if mark in content or any(
            part in lowered or part in path.name.lower().encode() for part in parts
        ):
            found.append(path.name)
    return found


def _names(library: Library, question: str) -> set[str]:
    with reading([library]):
        found = retrieve(question, [library], HashEmbedder(), limit=10)
    return {passage.document.name for passage in found.passages}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "documents"
    _write(documents, "secret.md", SECRET)
    for number in range(30):
        _write(documents, f"plain-{number}.txt", f"{PLAIN} This is report number {number}.")
    return documents


@pytest.fixture
def library(tmp_path: Path, folder: Path) -> Library:
    made = Library.create(tmp_path / "library")
    _load(made, folder)
    assert {name.split("-")[0] for name in _traces(made.path)} == {"catalogue.sqlite", "words.npy"}
    return made


def test_no_byte_of_it_is_left(library: Library) -> None:
    done = library.forget("secret.md")
    assert done.words_checked >= 1
    assert done.traces == ()
    assert _traces(library.path) == []
    assert _names(library, "Which ferry crosses the estuary?")
    assert library.verify() == []
    library.close()
    assert _traces(library.path) == []


def test_none_comes_back_with_the_next_load(library: Library, folder: Path) -> None:
    (folder / "secret.md").unlink()
    library.forget("secret.md")
    for number in range(40):
        _write(folder, f"later-{number}.txt", f"{PLAIN} A later report, {number}.")
    _load(library, folder)
    assert _traces(library.path) == []
    assert library.catalogue.counts().documents == 70
    library.close()


def test_a_document_goes_with_all_its_names(library: Library, folder: Path) -> None:
    _write(folder, "copies/again.md", SECRET)
    _load(library, folder)
    assert library.forget("copies/again.md").document.also == ("copies/again.md",)
    assert library.catalogue.document("secret.md") is None
    assert _traces(library.path) == []
    library.close()


def test_the_uploaded_copy_goes_with_it(library: Library) -> None:
    text = SECRET + " More."
    identity = hashlib.sha256(text.encode()).hexdigest()
    _load(library, _write(library.path / UPLOADS / identity, "second.md", text))
    library.forget("second.md")
    library.forget("secret.md")
    assert list((library.path / UPLOADS).iterdir()) == []
    assert _traces(library.path) == []
    library.close()


def test_its_refusal_goes_with_it(library: Library, folder: Path) -> None:
    """A file that became unreadable keeps its text; forgetting takes both, name included."""
    path = _write(folder, f"{WORD}.txt", "The lighthouse was lit in 1811.")
    _load(library, folder)
    path.write_bytes(b"%PDF-1.7 nothing of the kind")
    _load(library, folder)
    assert [refusal.name for refusal in library.catalogue.refusals()] == [path.name]
    library.forget(path.name)
    library.forget("secret.md")
    assert library.catalogue.refusals() == []
    assert _traces(library.path) == []
    library.close()


def test_what_prune_removes_is_gone_as_well(library: Library, folder: Path) -> None:
    (folder / "secret.md").unlink()
    _load(library, folder, prune=True)
    library.close()
    assert _traces(library.path) == []


def test_an_older_version_is_gone_after_its_update_and_repair(
    library: Library, folder: Path
) -> None:
    _write(folder, "secret.md", "The gardener met nobody.")
    _load(library, folder)
    document = library.catalogue.document("secret.md")
    assert document
    assert WORD not in "".join(page.text for page in library.catalogue.pages(document.id))
    assert library.repair() == []
    library.close()
    assert _traces(library.path) == []


@pytest.mark.parametrize(
    ("gone", "stays"),
    [
        # Words that numpy writes in front of its arrays, and a stamp as keys and values.
        ("Fortran and NumPy, an approximate generation of recall.", PLAIN),
        # What stays is kept as terms that its text does not hold: 157700, gottingen, abcd12.
        ("Exactly 157700 came to Gottingen with abcd12.", "The 157,700 of Göttingen, ab-cd12."),
    ],
)
def test_what_stays_is_no_trace_of_what_is_gone(tmp_path: Path, gone: str, stays: str) -> None:
    folder = tmp_path / "documents"
    _write(folder, "gone.txt", gone)
    _write(folder, "stays.txt", stays)
    made = Library.create(tmp_path / "library")
    _load(made, folder)
    assert made.forget("gone.txt").traces == ()
    made.close()
