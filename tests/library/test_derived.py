"""What is derived is brought up to date from its own past, and made anew from anything else."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.load import load
from ingest.parse import Parser
from rag.library import vectors, words
from rag.library.derived import Indexes
from rag.library.folder import Library
from rag.library.vectors import FaissIndex
from rag.library.words import WordIndex
from rag.retrieve import retrieve
from tests.stand_ins import HashEmbedder

FILES = (words.FILE, words.STAMP, vectors.FILE, vectors.STAMP)
QUESTION = "Where does the heron nest?"


def _texts(first: int, last: int) -> dict[str, str]:
    subjects = "heron ferry quarry willow estuary harbour miller ceiling".split()
    return {
        f"{number:02}.txt": f"The {subjects[number % 8]} of report {number} is near the weir. "
        f"In report {number} the {subjects[(number + 3) % 8]} stands {number} times."
        for number in range(first, last)
    }


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "documents"
    found.mkdir()
    return found


class Made:
    """A library and the folder it is loaded from."""

    def __init__(self, path: Path, folder: Path, parser: Parser) -> None:
        self.path, self.folder, self._parser = path, folder, parser

    def load(self, texts: dict[str, str], *, gone: tuple[str, ...] = ()) -> Library:
        """Write the texts, delete what is gone, load; by a library opened for it."""
        self.folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (self.folder / name).write_text(text)
        for name in gone:
            (self.folder / name).unlink()
        library = Library.create(self.path)
        load([self.folder], library, HashEmbedder, self._parser, prune=True)
        return library


@pytest.fixture
def made(tmp_path: Path, folder: Path, parser: Parser) -> Made:
    return Made(tmp_path / "library", folder, parser)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, parser: Parser) -> Path:
    """A library of eight documents, to be copied."""
    folder = tmp_path_factory.mktemp("loaded")
    Made(folder / "library", folder / "documents", parser).load(_texts(0, 8)).close()
    return folder / "library"


def _indexes(library: Library) -> Indexes:
    with library.catalogue.reading():
        return library.indexes()


def _fresh(library: Library) -> tuple[WordIndex, FaissIndex]:
    """Both indexes made from the catalogue alone."""
    with library.catalogue.reading():
        return (
            WordIndex.of(library.catalogue.terms()),
            FaissIndex.of(library.catalogue.vectors(64), 64),
        )


def _agrees(library: Library) -> bool:
    """The indexes are, in all they say, those of a fresh build."""
    now = _indexes(library)
    word, vector = _fresh(library)
    assert now.words.keys.tolist() == word.keys.tolist()
    for term in ("heron", "weir", "report", "7", "nowhere"):
        assert now.words.scores([term]).tobytes() == word.scores([term]).tobytes()
        assert now.words.frequency(term) == word.frequency(term)
    assert now.vectors.keys().tolist() == vector.keys().tolist()
    for text in (QUESTION, "ferry quarry"):
        question = HashEmbedder().embed_question(text)
        assert now.vectors.search(question, 20) == vector.search(question, 20)
    owners = dict(library.catalogue.owners())
    for document in library.catalogue.documents():
        mine = [key for key, owner in owners.items() if owner == document.id]
        assert now.owners.keys_of(document.id) == mine
        assert now.owners.size_of(document.id) == len(mine)
    return True


def _plant(library: Library) -> int:
    """Put what no fresh build would hold into the stored indexes; the key it stands at.

    Whole and stamped as they should be: what still shows it later was made from these files.
    """
    with library.catalogue.reading():
        rows = list(library.catalogue.terms())
        generation, state = library.catalogue.generation, library.catalogue.state
        key = rows[0][0]
        WordIndex.of([(key, rows[0][1] + " planted"), *rows[1:]]).save(
            library.path, generation, state
        )
        known = library.catalogue.vectors_of([each for each, _ in rows])
        known[key] = -np.ones(64, np.float32) / 8
        FaissIndex([*known], np.stack([*known.values()]), 64).save(library.path, generation, state)
    return key


def _planted(library: Library) -> tuple[bool, bool]:
    """Whether the words index and the vector index hold what was planted."""
    now = _indexes(library)
    nearest = now.vectors.search(-np.ones(64, np.float32) / 8, 1)
    return now.words.frequency("planted") == 1, nearest[0][1] > 0.99


# -- brought up to date ------------------------------------------------------------------------


def test_stored_indexes_of_the_past_are_brought_up_to_date(made: Made) -> None:
    library = made.load(_texts(0, 12))
    _plant(library)
    library.close()
    later = made.load(_texts(12, 20), gone=("03.txt", "05.txt"))
    assert _planted(later) == (True, True)
    # All that is not planted is right.
    now, (word, _) = _indexes(later), _fresh(later)
    assert now.words.keys.tolist() == word.keys.tolist()
    assert now.words.having("heron").tolist() == word.having("heron").tolist()
    later.close()


def test_what_was_brought_up_to_date_is_a_fresh_build(made: Made) -> None:
    for step in range(4):
        gone = (f"{step * 3:02}.txt",) if step else ()
        library = made.load(_texts(step * 5, step * 5 + 5), gone=gone)
        assert library.verify() == []
        assert _agrees(library)
        library.close()
    again = Library.open(made.path)
    assert _agrees(again)
    again.close()


def test_a_changed_file_takes_the_place_of_the_old(made: Made) -> None:
    made.load(_texts(0, 6)).close()
    library = made.load({"02.txt": "The kingfisher digs a tunnel into the bank."})
    assert _agrees(library)
    assert _indexes(library).words.frequency("kingfish") == 1
    assert _indexes(library).words.frequency("2") == 0
    library.close()


def test_indexes_that_are_kept_are_brought_up_to_date(made: Made) -> None:
    """The page stays open while the command loads: another process, the same files."""
    page = made.load(_texts(0, 6))
    before = _indexes(page)
    assert _indexes(page) is before
    made.load(_texts(6, 9), gone=("01.txt",)).close()
    after = _indexes(page)
    assert after is not before
    assert after.generation > before.generation
    assert _agrees(page)
    page.close()


def test_a_document_forgotten_is_in_no_index(made: Made) -> None:
    library = made.load(_texts(0, 6))
    (key,) = library.catalogue.chunk_keys([_id(library, "04.txt")])
    library.forget("04.txt")
    now = _indexes(library)
    assert key not in now.words.keys
    assert key not in now.vectors.keys().tolist()
    assert now.owners.keys_of("04.txt") == []
    assert _agrees(library)
    library.close()


def _id(library: Library, name: str) -> str:
    document = library.catalogue.document(name)
    assert document
    return document.id


# -- made anew ---------------------------------------------------------------------------------


def _missing(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [_missing, _empty, _cut, _one_bit, _folder_instead])
def test_a_damaged_file_is_not_used(
    loaded: Path, tmp_path: Path, name: str, damage: object
) -> None:
    path = shutil.copytree(loaded, tmp_path / "library")
    damage(path / name)  # type: ignore[operator]
    again = Library.open(path)
    assert again.verify()
    assert _agrees(again)
    again.close()


@pytest.mark.parametrize(
    "content",
    [
        "[]", "null", "7", "{", '{"generation": 1}', '{"generation": "x"}',
        '{"generation": [], "state": {}, "count": null, "sha256": 5}',
        '{"generation": 1e99, "state": "s", "count": 1}',
        '{"generation": 99999999999999999999, "state": "s", "count": 1}',
        '{"generation": true, "state": "s", "count": true, "recall": "much"}',
        '{"generation": 1, "state": "s", "count": 1, "more": 1}', "\u2603",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", [words.STAMP, vectors.STAMP])
def test_a_stamp_that_says_nonsense_is_not_believed(
    loaded: Path, tmp_path: Path, name: str, content: str
) -> None:
    path = shutil.copytree(loaded, tmp_path / "library")
    (path / name).write_text(content, encoding="utf-8")
    again = Library.open(path)
    assert any("stamp" in problem for problem in again.verify())
    assert _agrees(again)
    again.close()


def test_two_stamps_that_were_swapped_are_not_believed(made: Made) -> None:
    made.load(_texts(0, 8)).close()
    one, other = made.path / words.STAMP, made.path / vectors.STAMP
    content = one.read_text()
    one.write_text(other.read_text())
    other.write_text(content)
    again = Library.open(made.path)
    assert len(again.verify()) == 2
    assert _agrees(again)
    again.close()


def test_the_indexes_of_another_library_are_not_used(
    made: Made, tmp_path: Path, parser: Parser
) -> None:
    """Also when this library has grown since: another one's past is not its own."""
    other = Made(tmp_path / "other", tmp_path / "others", parser)
    theirs = other.load(_texts(20, 28))
    _plant(theirs)
    theirs.close()
    made.load(_texts(0, 8)).close()
    for grown in ({}, _texts(8, 10)):
        for name in FILES:
            shutil.copy(other.path / name, made.path / name)
        library = made.load(grown)
        assert _planted(library) == (False, False)
        assert _agrees(library)
        library.close()


def test_the_indexes_of_another_past_are_not_used(made: Made, tmp_path: Path) -> None:
    """A copy of the catalogue was put back, and went another way to the same generation."""
    made.load(_texts(0, 4)).close()
    shutil.copy(made.path / "catalogue.sqlite", tmp_path / "backup")
    later = made.load(_texts(4, 6))
    generation = later.catalogue.generation
    _plant(later)
    later.close()
    stored = {name: (made.path / name).read_bytes() for name in FILES}
    shutil.copy(tmp_path / "backup", made.path / "catalogue.sqlite")
    for name in ("04.txt", "05.txt"):
        (made.folder / name).unlink()
    other = made.load(_texts(6, 8))
    assert other.catalogue.generation == generation
    other.close()
    for name, content in stored.items():
        (made.path / name).write_bytes(content)
    again = Library.open(made.path)
    assert _planted(again) == (False, False)
    assert _agrees(again)
    again.close()


def test_stored_stamps_that_lie_about_their_count_are_not_believed(made: Made) -> None:
    made.load(_texts(0, 4)).close()
    for name in (words.STAMP, vectors.STAMP):
        row = json.loads((made.path / name).read_text())
        (made.path / name).write_text(json.dumps(row | {"count": row["count"] + 1}))
    again = Library.open(made.path)
    assert len(again.verify()) == 2
    assert _agrees(again)
    again.close()


# -- readers beside a writer -------------------------------------------------------------------


def test_a_reader_in_an_older_snapshot_keeps_its_own_generation(made: Made) -> None:
    library = made.load(_texts(0, 8))
    model = HashEmbedder()
    with library.catalogue.reading():
        before = library.indexes()
        first = retrieve(QUESTION, [library], model)
        # What is replaced is gone from the new state.
        texts = _texts(8, 16) | {"00.txt": "The ceiling was painted in 1902."}
        writer = threading.Thread(target=lambda: made.load(texts).close())
        writer.start()
        writer.join(60)
        assert not writer.is_alive()
        # Somebody else asks the same library meanwhile, and sees the new state.
        seen: list[int] = []
        other = threading.Thread(target=lambda: seen.append(_indexes(library).generation))
        other.start()
        other.join(60)
        assert seen[0] > before.generation
        now = library.indexes()
        assert (now.generation, now.state) == (before.generation, before.state)
        assert now.words.keys.tolist() == before.words.keys.tolist()
        assert now.vectors.keys().tolist() == before.vectors.keys().tolist()
        again = retrieve(QUESTION, [library], model)
        assert again.passages == first.passages
    assert _indexes(library).generation == seen[0]
    assert _agrees(library)
    library.close()


def test_answers_come_from_whole_generations_while_a_load_runs(made: Made) -> None:
    """Many askers beside a writer: every hit exists in the snapshot it was found in."""
    library = made.load(_texts(0, 8))
    model = HashEmbedder()
    stop = threading.Event()
    failures: list[str] = []
    asked: list[int] = []

    def ask() -> None:
        try:
            while not stop.is_set():
                with library.catalogue.reading():
                    generation = library.catalogue.generation
                    found = retrieve(QUESTION, [library], model, limit=20)
                    names = {each.name for each in library.catalogue.documents()}
                    if library.indexes().generation != generation:
                        failures.append("another generation")
                    if not {each.document.name for each in found.passages} <= names:
                        failures.append("a document that is not there")
                asked.append(generation)
        except Exception as error:
            failures.append(repr(error))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for step in range(1, 4):
        texts = _texts(step * 8, step * 8 + 8) | {f"{step:02}.txt": f"Painted in 190{step}."}
        made.load(texts).close()
    stop.set()
    for asker in askers:
        asker.join(60)
    assert failures == []
    assert len(set(asked)) > 1
    assert _agrees(library)
    library.close()
