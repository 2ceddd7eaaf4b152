"""Forgetting reaches what is kept: no byte of the document stands in any answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag import kept
from rag.ask import Parts, ask
from rag.errors import LibraryError
from rag.filters import Filters
from rag.library.folder import Library
from tests.conftest import ROOT
from tests.library.test_forget import WORD, _traces
from tests.stand_ins import HashEmbedder, WordScorer

SECRET = f"The {WORD} estate lies by the river. Its gardener Ada Brack came in 1873."
PLAIN = {
    "ferry.txt": "The ferry crosses the estuary twice a day and carries forty cars.",
    "heron.txt": "The heron nests in the willow by the weir.",
    "answers.txt": "The reply was considered, its sentences withheld, its evidence replaced.",
}
ABOUT_IT = f"Where does the {WORD} estate lie?"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("built")
    library = Library.create(place / "library")
    _load(library, _written(place / "documents"))
    library.close()
    return library.path


@pytest.fixture
def library(built: Path, tmp_path: Path) -> Library:
    return Library.open(Path(shutil.copytree(built, tmp_path / "library")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return _written(tmp_path / "documents")


@pytest.fixture
def loaded(tmp_path: Path, folder: Path) -> Library:
    """A library of `folder`, to load that again."""
    made = Library.create(tmp_path / "loaded")
    _load(made, folder)
    return made


def _written(documents: Path) -> Path:
    documents.mkdir()
    for name, text in {**PLAIN, "secret.txt": SECRET}.items():
        (documents / name).write_text(text)
    return documents


def _load(library: Library, folder: Path, *, prune: bool = False) -> None:
    with Parser() as parser:
        load([folder], library, HashEmbedder, parser, prune=prune)


def _parts(*libraries: Library, enough: float = 0.0) -> Parts:
    return Parts(libraries, HashEmbedder(), WordScorer(), enough=enough)


def _talk(library: Library) -> None:
    """A conversation that rests on the secret, follows it up, and then speaks of other things."""
    for question in (
        ABOUT_IT,
        "Who came in 1873?",
        "When did it open?",
        "Which ferry crosses the estuary?",
    ):
        assert not kept.ask(question, _parts(library), conversation="talk").reply.notes


def _left(library: Library, conversation: int = 1) -> list[str | None]:
    turns = library.conversations.read(conversation).turns
    return [turn.reply and turn.reply.question for turn in turns]


def test_kept_answers_lose_what_is_forgotten(library: Library) -> None:
    _talk(library)
    kept.ask(ABOUT_IT, _parts(library))
    assert "conversations.sqlite" in _traces(library.path)
    done = library.forget("secret.txt")
    assert done.words_checked
    assert done.traces == ()
    assert _traces(library.path) == []
    assert b"Brack" not in library.conversations.path.read_bytes()
    assert [turn.asked[:2] for turn in library.conversations.read(1).turns] == ["20"] * 4
    library.close()
    assert _traces(library.path) == []


def test_what_rests_on_others_stays(library: Library) -> None:
    for question, name in (("Where does the heron nest?", "heron.txt"), (ABOUT_IT, "secret.txt")):
        reply = ask(question, _parts(library), filters=Filters(documents=(name,)))
        kept.keep(reply, [library], library.conversations.find("mixed"), name="mixed")
    library.forget("secret.txt")
    assert _left(library) == ["Where does the heron nest?", None]
    assert _traces(library.path) == []
    assert library.verify() == []
    library.close()


def test_a_question_that_names_it_goes_too(library: Library) -> None:
    """Refused, or answered by another document: the words were the visitor's, and are traces."""
    ferry = Filters(documents=("ferry.txt",))
    for question in (
        f"Is there a ferry to {WORD.upper()}?",
        "Does secret.txt speak of the ferry?",
        "How many cars does the ferry carry?",
    ):
        reply = ask(question, _parts(library), filters=ferry)
        kept.keep(reply, [library], library.conversations.find("talk"), name="talk")
    kept.keep(reply, [library], None, name=f"All about {WORD}")
    library.forget("secret.txt")
    assert _left(library) == [None, None, "How many cars does the ferry carry?"]
    assert library.conversations.read(2).name == "How many cars does the ferry carry?"
    assert _traces(library.path) == []
    library.close()


def test_what_was_completed_from_it_goes_too(library: Library) -> None:
    """Words of fewer than six letters are not looked for, so the turn goes as a whole."""
    ferry = Filters(documents=("ferry.txt",))
    reply = ask("Who is Ada Brack?", _parts(library))
    kept.keep(reply, [library], None, name="talk")
    history = kept.said([reply])
    follow = ask("And where is she now?", _parts(library), filters=ferry, history=history)
    assert any("Brack" in each for each in follow.searched)
    kept.keep(follow, [library], 1)
    library.forget("secret.txt")
    assert _left(library) == [None, None]
    assert b"Brack" not in library.conversations.path.read_bytes()
    library.close()


def test_an_older_version_goes_with_its_name(loaded: Library, folder: Path) -> None:
    _talk(loaded)
    (folder / "secret.txt").write_text("Nothing is said here any more.")
    _load(loaded, folder)
    assert "conversations.sqlite" in _traces(loaded.path), "kept, and marked stale"
    assert kept.Stale("secret.txt", "changed") in kept.stale(
        loaded.conversations.all()[0].rests, [loaded]
    )
    loaded.forget("secret.txt")
    assert _traces(loaded.path) == []
    loaded.close()


def test_what_prune_removes_goes_too(loaded: Library, folder: Path) -> None:
    _talk(loaded)
    kept.ask(ABOUT_IT, _parts(loaded))
    ferry = Filters(documents=("ferry.txt",))
    kept.keep(ask(f"Is there a ferry to {WORD}?", _parts(loaded), filters=ferry), [loaded], None)
    (folder / "secret.txt").unlink()
    _load(loaded, folder)
    assert "conversations.sqlite" in _traces(loaded.path)
    _load(loaded, folder, prune=True)
    loaded.close()
    assert _traces(loaded.path) == []


def test_a_moved_document_keeps_its_answers(loaded: Library, folder: Path) -> None:
    _talk(loaded)
    before = _left(loaded)
    (folder / "secret.txt").rename(folder / "moved.txt")
    _load(loaded, folder, prune=True)
    assert _left(loaded) == before
    assert None not in before
    loaded.close()


def test_repair_leaves_no_trace_of_an_older_version_among_answers(
    loaded: Library, folder: Path
) -> None:
    kept.ask(ABOUT_IT, _parts(loaded))
    (folder / "secret.txt").write_text("Nothing is said here any more.")
    _load(loaded, folder)
    assert loaded.repair() == []
    loaded.close()
    assert _traces(loaded.path) == []


def test_it_reaches_what_another_library_keeps(
    library: Library, tmp_path: Path, folder: Path
) -> None:
    keeper = Library.create(tmp_path / "keeper")
    (folder / "secret.txt").unlink()
    (folder / "heron.txt").write_text("The kingfisher digs a tunnel into the bank.")
    _load(keeper, folder)
    assert _traces(keeper.path) == []
    kept.ask(ABOUT_IT, _parts(keeper, library), conversation="both")
    kept.ask(ABOUT_IT, _parts(keeper, library))
    assert _traces(keeper.path) == ["conversations.sqlite"]
    assert library.forget("secret.txt").traces == ()
    assert _traces(keeper.path) == _traces(library.path) == []
    assert _left(keeper) == [None]
    keeper.close()
    library.close()


def test_what_cannot_be_cleaned_is_not_forgotten_by_halves(library: Library) -> None:
    library.conversations.path.write_bytes(b"no database at all " * 50)
    with pytest.raises(LibraryError, match="move it away"):
        library.forget("secret.txt")
    assert library.catalogue.document("secret.txt")
    library.conversations.path.unlink()
    assert library.forget("secret.txt").traces == ()
    library.close()


def test_nor_is_it_pruned_by_halves(loaded: Library, folder: Path) -> None:
    loaded.conversations.path.write_bytes(b"no database at all " * 50)
    (folder / "secret.txt").unlink()
    with pytest.raises(LibraryError, match="move it away"):
        _load(loaded, folder, prune=True)
    assert loaded.catalogue.document("secret.txt")
    loaded.close()


def test_words_of_the_file_itself_are_no_traces(library: Library) -> None:
    """ "considered", "sentences" and others name the fields of every reply."""
    reply = ask("Where does the heron nest?", _parts(library))
    library.forget("secret.txt")
    alone = replace(reply, passages=(), answer=replace(reply.answer, considered=()))
    birds = [s for s in alone.answer.sentences if s.quotes[0].document.name == "heron.txt"]
    kept.keep(replace(alone, answer=replace(alone.answer, sentences=tuple(birds))), [library], None)
    assert b"considered" in library.conversations.path.read_bytes()
    assert library.forget("answers.txt").traces == ()
    assert _left(library) == ["Where does the heron nest?"]
    library.close()


KEEP = """
import sys
from pathlib import Path
from rag import kept
from rag.ask import Parts
from rag.library.folder import Library
from tests.stand_ins import HashEmbedder, WordScorer
library = Library.open(Path(sys.argv[1]))
parts = Parts((library,), HashEmbedder(), WordScorer(), enough=0.0)
print("asking", flush=True)
while library.catalogue.document("secret.txt"):
    kept.ask(sys.argv[2], parts, conversation="busy", fresh=True)
kept.ask("Which ferry crosses the estuary?", parts, conversation="busy")
"""


def test_an_answer_under_way_is_not_kept_after_it(library: Library) -> None:
    asking = subprocess.Popen(
        [sys.executable, "-c", KEEP, str(library.path), ABOUT_IT],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert asking.stdout
    asking.stdout.readline()
    while not library.conversations.all():
        assert asking.poll() is None
    library.forget("secret.txt")
    assert asking.wait(60) == 0
    asking.stdout.close()
    assert len(_left(library)) > 1
    library.close()
    assert _traces(library.path) == []
