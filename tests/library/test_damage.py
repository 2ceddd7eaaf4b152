"""Damage from outside: half a beginning, a strange index, bad pages, a disk that is full."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag.errors import LibraryError, LibraryFull, LibraryMissing
from rag.library.folder import CATALOGUE, Library
from rag.retrieve import reading, retrieve
from tests.conftest import ROOT, LoadTexts
from tests.stand_ins import HashEmbedder
from ui import cli

VECTORS = ("vectors.faiss", "vectors.json")
WORDS = ("words.npy", "words.json")
QUESTION = "Where does the heron nest?"
TEXTS = {
    "a.txt": "The heron nests in the willow by the weir.",
    "b.txt": "The ferry crosses the estuary twice a day.",
}
OTHERS = {
    "a.txt": "Trains leave the harbour station at noon.",
    "b.txt": "Herons, willows and nests are painted on the ceiling.",
}


def _write(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def _load(library: Library, *folders: Path) -> None:
    with Parser() as parser:
        load(folders, library, HashEmbedder, parser)


def _made(path: Path, *folders: Path) -> Library:
    library = Library.create(path)
    _load(library, *folders)
    return library


def _hits(library: Library) -> list[tuple[str, str, float]]:
    with reading([library]):
        found = retrieve(QUESTION, [library], HashEmbedder(), limit=10)
    return [
        (passage.document.name, passage.chunk.text, round(passage.score, 5))
        for passage in found.passages
    ]


# -- half a beginning ------------------------------------------------------------------------


def _no_bytes(catalogue: Path) -> None:
    catalogue.touch()


def _no_tables(catalogue: Path) -> None:
    db = sqlite3.connect(catalogue)
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    assert catalogue.stat().st_size > 0


@pytest.mark.parametrize("begin", [_no_bytes, _no_tables])
def test_a_library_killed_at_its_making_is_made_by_the_next_load(
    tmp_path: Path, begin: object
) -> None:
    """SQLite makes the file before we make the tables: between the two there is no library yet."""
    path = tmp_path / "library"
    path.mkdir()
    begin(path / CATALOGUE)  # type: ignore[operator]
    with pytest.raises(LibraryMissing, match="rag load FOLDER"):
        Library.open(path)
    library = _made(path, _write(tmp_path / "documents", TEXTS))
    assert library.catalogue.counts().documents == 2
    assert library.verify() == []
    assert path.stat().st_mode & 0o077 == 0
    library.close()


# -- an index that is not ours ---------------------------------------------------------------


@pytest.mark.parametrize("files", [VECTORS, WORDS, VECTORS + WORDS], ids=str)
def test_the_index_of_another_library_is_not_trusted(
    tmp_path: Path, files: tuple[str, ...]
) -> None:
    """Same generation, same number of entries, right checksum: still another one's texts."""
    ours = _made(tmp_path / "ours", _write(tmp_path / "one", TEXTS))
    theirs = _made(tmp_path / "theirs", _write(tmp_path / "two", OTHERS))
    assert ours.catalogue.generation == theirs.catalogue.generation
    expected = _hits(ours)
    assert expected[0][0] == "a.txt"
    assert _hits(theirs)[0][0] == "b.txt"
    ours.close()
    theirs.close()
    for name in files:
        shutil.copy(theirs.path / name, ours.path / name)
    again = Library.open(ours.path)
    problems = again.verify()
    assert len(problems) == len(files) / 2
    assert all("another library" in problem for problem in problems)
    assert _hits(again) == expected
    assert again.repair() == []
    assert _hits(again) == expected
    again.close()


@pytest.mark.parametrize("name", [VECTORS[0], WORDS[0]])
def test_an_index_under_the_stamp_of_another_is_not_trusted(tmp_path: Path, name: str) -> None:
    """A copy that was broken off puts back one file of the two."""
    ours = _made(tmp_path / "ours", _write(tmp_path / "one", TEXTS))
    theirs = _made(tmp_path / "theirs", _write(tmp_path / "two", OTHERS))
    expected = _hits(ours)
    ours.close()
    theirs.close()
    shutil.copy(theirs.path / name, ours.path / name)
    again = Library.open(ours.path)
    assert [problem for problem in again.verify() if "checksum" in problem]
    assert _hits(again) == expected
    assert again.repair() == []
    assert _hits(again) == expected
    again.close()


def test_a_catalogue_that_was_put_back_does_not_take_the_later_index(tmp_path: Path) -> None:
    """From a backup, other documents can lead to the very generation that the index knows."""
    first = _write(tmp_path / "first", {"a.txt": TEXTS["a.txt"]})
    path = tmp_path / "library"
    _made(path, first).close()
    shutil.copy(path / CATALOGUE, tmp_path / "backup")
    later = _made(path, _write(tmp_path / "later", {"z.txt": OTHERS["b.txt"]}))
    generation = later.catalogue.generation
    later.close()
    index = {name: (path / name).read_bytes() for name in VECTORS + WORDS}

    shutil.copy(tmp_path / "backup", path / CATALOGUE)
    other = _made(path, _write(tmp_path / "other", {"y.txt": OTHERS["a.txt"]}))
    assert other.catalogue.generation == generation
    expected = _hits(other)
    other.close()
    for name, content in index.items():
        (path / name).write_bytes(content)
    again = Library.open(path)
    assert len(again.verify()) == 2
    assert _hits(again) == expected
    again.close()


# -- bad pages -------------------------------------------------------------------------------


def test_damaged_pages_are_said_and_end_4(
    load_texts: LoadTexts, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never a trace, and never 1, which says that a gate failed."""
    library = load_texts({f"{n}.txt": f"Report {n} about the bridge. " * 60 for n in range(20)})
    library.close()
    catalogue = library.path / CATALOGUE
    content = bytearray(catalogue.read_bytes())
    pages = len(content) // 4096
    # All but the first pages: what is needed to open the file stays readable.
    content[3 * 4096 :] = b"\xa5" * ((pages - 3) * 4096)
    catalogue.write_bytes(bytes(content))
    place = ["--library", str(library.path)]
    commands = (["verify"], ["status"], ["show"], ["show", "3.txt"], ["forget", "3.txt"])
    for command in (*commands, ["repair"]):
        code = cli.run([*command, *place])
        captured = capsys.readouterr()
        assert code == 4, (command, captured)
        assert "Traceback" not in captured.err
        assert re.search("malformed|damaged", captured.out + captured.err), captured


def test_a_cut_off_catalogue_is_refused(load_texts: LoadTexts) -> None:
    library = load_texts(TEXTS)
    library.close()
    catalogue = library.path / CATALOGUE
    catalogue.write_bytes(catalogue.read_bytes()[: 4096 * 5 + 100])
    with pytest.raises(LibraryError, match="not a readable catalogue"):
        Library.open(library.path)


# -- a disk that does not take it --------------------------------------------------------------


@pytest.mark.parametrize("name", [f"{name}.new" for name in VECTORS + WORDS])
def test_an_index_that_cannot_be_written_whole_is_not_put_in_place(
    load_texts: LoadTexts, tmp_path: Path, name: str
) -> None:
    """/dev/full takes the place of a full disk."""
    library = load_texts(TEXTS)
    (library.path / name).symlink_to("/dev/full")
    more = _write(tmp_path / "more", OTHERS)
    with pytest.raises(LibraryFull, match="full"):
        _load(library, more)
    (library.path / name).unlink(missing_ok=True)
    expected = _hits(library)
    assert len(expected) == 4
    library.close()
    again = Library.open(library.path)
    assert all(problem.startswith(("vectors: ", "words: ")) for problem in again.verify())
    assert _hits(again) == expected
    _load(again, more)
    assert again.verify() == []
    assert _hits(again) == expected
    again.close()


SHORT = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
from ingest.load import load
from ingest.parse import Parser
from rag.errors import LibraryError
from rag.library.folder import Library
from tests.stand_ins import HashEmbedder
try:
    with Parser() as parser:
        load([Path(sys.argv[1])], Library.create(Path(sys.argv[2])), HashEmbedder, parser)
except LibraryError as error:
    sys.exit(f"said: {error}")
"""


@pytest.mark.parametrize("most", [1_000, 30_000, 110_000, 200_000, 400_000])
def test_a_write_that_fails_anywhere_is_said_and_finished_later(tmp_path: Path, most: int) -> None:
    """No file may grow beyond `most` bytes: the making, a commit or the index fails."""
    texts = {f"{n}.txt": f"Report {n} about the heron and bridge. " * 60 for n in range(20)}
    documents = _write(tmp_path / "documents", texts)
    path = tmp_path / "library"
    done = subprocess.run(
        [sys.executable, "-c", SHORT, str(documents), str(path), str(most)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 1, done
    assert done.stderr.startswith("said: The "), done.stderr
    assert "Traceback" not in done.stderr
    again = _made(path, documents)
    fresh = _made(tmp_path / "fresh", documents)
    assert again.verify() == []
    assert again.catalogue.counts() == fresh.catalogue.counts()
    assert _hits(again) == _hits(fresh)
    again.close()
    fresh.close()


NO_ROOM = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
from rag.terms import language
print(language("Der Reiher nistet in der Weide am Wehr und frisst kleine Fische."))
"""


def test_languages_are_told_without_room_on_the_disk() -> None:
    """Where they cannot be, no file can be read, and each would stay refused until it changes."""
    command = [sys.executable, "-B", "-c", NO_ROOM]
    # A pipe has no size; whatever is written into a file ends the process.
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.stdout, done.stderr) == ("de\n", "")
