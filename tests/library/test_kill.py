"""A load that is killed anywhere loses nothing that was committed, and the next one finishes it."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag.errors import LibraryMissing
from rag.library.folder import Library
from rag.retrieve import reading, retrieve
from tests.conftest import ROOT
from tests.stand_ins import HashEmbedder

DOCUMENTS = 60

# The child stops at every line it prints until it is told to go on: the kill hits where it aims.
LOAD = """
import sys
from pathlib import Path
from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from tests.stand_ins import HashEmbedder
def stop(line):
    print(line, flush=True)
    sys.stdin.readline()
with Parser() as parser:
    load([Path(sys.argv[1])], Library.create(Path(sys.argv[2])), HashEmbedder, parser,
         on_file=lambda report: stop(report.name),
         on_progress=lambda at: stop(f"{at.step} {at.done}"))
"""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    for number in range(DOCUMENTS):
        rows = [f"Report {number} names part {row} of the bridge." for row in range(30)]
        (folder / f"report-{number:02}.txt").write_text("\n\n".join(rows))
    return folder


def _load(documents: Path, path: Path) -> Library:
    library = Library.create(path)
    with Parser() as parser:
        load([documents], library, HashEmbedder, parser)
    return library


def _hits(library: Library) -> list[tuple[str, float]]:
    hits = []
    for question in ("What does report 7 name?", "Which part of the bridge is in report 41?"):
        with reading([library]):
            found = retrieve(question, [library], HashEmbedder(), limit=20)
        hits += [(passage.chunk.id, round(passage.score, 5)) for passage in found.passages]
    return hits


@pytest.fixture(scope="module")
def fresh(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, float]]:
    library = _load(documents, tmp_path_factory.mktemp("fresh") / "library")
    hits = _hits(library)
    library.close()
    return hits


@pytest.mark.parametrize(
    "moment",
    [
        "reading 0",
        "report-05.txt",
        "reading 18",
        "embedding",
        "reading 33",
        "report-59.txt",
        f"reading {DOCUMENTS}",
        "the last embedding",
    ],
)
def test_a_killed_load_is_finished_by_the_next(
    documents: Path, fresh: list[tuple[str, float]], tmp_path: Path, moment: str
) -> None:
    path = tmp_path / "library"
    with subprocess.Popen(
        [sys.executable, "-c", LOAD, str(documents), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdin
        assert process.stdout
        read_all = False
        for line in process.stdout:
            read_all = read_all or line.startswith(f"reading {DOCUMENTS}")
            if line.startswith(moment) or (read_all and line.startswith(moment.split()[-1])):
                break
            process.stdin.write("\n")
            process.stdin.flush()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL

    _whole_or_absent(path, documents)
    _finished_like_new(path, documents, fresh)


def _whole_or_absent(path: Path, *versions: Path) -> int:
    """Check a library whose writer was killed; how many documents are in it.

    Each document is the whole file of one of the folders `versions`.
    """
    library = Library.open(path)
    # An index is stale or documents still lack vectors: all of that is derived.
    allowed = ("vectors: ", "words: ")
    assert [one for one in library.verify() if not one.startswith(allowed)] == []
    documents = library.catalogue.documents()
    for document in documents:
        text = "".join(page.text for page in library.catalogue.pages(document.id)).split()
        assert text in [(folder / document.name).read_text().split() for folder in versions]
    assert _hits(library) or not documents
    library.close()
    return len(documents)


def _finished_like_new(path: Path, documents: Path, fresh: list[tuple[str, float]]) -> None:
    finished = _load(documents, path)
    assert finished.verify() == []
    assert _hits(finished) == fresh
    finished.close()


# -- killed at any moment ----------------------------------------------------------------------

# Says when it begins, runs without a stop, and then waits, so that the kill always finds it alive.
RUN = """
import sys, time
from pathlib import Path
import faiss
from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from tests.stand_ins import HashEmbedder
print("go", flush=True)
with Parser() as parser:
    load([Path(sys.argv[1])], Library.create(Path(sys.argv[2])), HashEmbedder, parser)
print("done", flush=True)
time.sleep(60)
"""


def _seconds_of_a_load(documents: Path, path: Path) -> float:
    with _started(RUN, documents, path) as process:
        began = time.monotonic()
        assert process.stdout
        assert process.stdout.readline() == "done\n"
        process.kill()
    return time.monotonic() - began


def _started(code: str, *arguments: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout
    assert process.stdout.readline() == "go\n"
    return process


def test_a_load_killed_at_any_moment_is_finished_by_the_next(
    documents: Path, fresh: list[tuple[str, float]], tmp_path: Path
) -> None:
    whole = _seconds_of_a_load(documents, tmp_path / "timed")
    moment = random.Random(20261124)
    found = []
    for trial in range(12):
        path = tmp_path / f"library-{trial}"
        with _started(RUN, documents, path) as process:
            time.sleep(moment.uniform(0, whole))
            process.kill()
        assert process.returncode == -signal.SIGKILL
        if (path / "catalogue.sqlite").exists():
            try:
                found.append(_whole_or_absent(path, documents))
            except LibraryMissing:  # killed before there were tables
                found.append(0)
        _finished_like_new(path, documents, fresh)
    # Some hit the middle, or the trials prove nothing.
    assert any(0 < count < DOCUMENTS for count in found), found


# The child kills itself at an event of its own file system calls, as `number` comes round.
AT_EVENT = """
import os, signal, sys
from pathlib import Path
import faiss
from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from tests.stand_ins import HashEmbedder
verb, event, ends, number = sys.argv[3], sys.argv[4], sys.argv[5], int(sys.argv[6])
def watch(name, arguments):
    global number
    if name == event and str(arguments[0]).endswith(ends):
        number -= 1
        if not number:
            os.kill(os.getpid(), signal.SIGKILL)
print("go", flush=True)
sys.addaudithook(watch)
library = Library.create(Path(sys.argv[2]))
if verb == "load":
    with Parser() as parser:
        load([Path(sys.argv[1])], library, HashEmbedder, parser)
elif verb == "forget":
    library.forget("report-07.txt")
else:
    library.repair()
"""


def _killed_at(documents: Path, path: Path, verb: str, event: str, ends: str, number: int) -> None:
    with _started(AT_EVENT, documents, path, verb, event, ends, number) as process:
        process.wait(60)
    assert process.returncode == -signal.SIGKILL, "it ran past the moment"


INDEX_MOMENTS = [
    ("open", "words.npy.new", 1),
    ("open", "words.json.new", 1),
    ("os.rename", "words.npy.new", 1),
    ("os.rename", "words.json.new", 1),
    ("open", "vectors.faiss.new", 1),
    ("open", "vectors.json.new", 1),
    ("os.rename", "vectors.faiss.new", 1),
    ("os.rename", "vectors.json.new", 1),
    ("os.remove", "writer.json", 1),
]


@pytest.mark.parametrize(
    ("event", "ends", "number"), [("open", "writer.json", 1), *INDEX_MOMENTS], ids=str
)
def test_a_first_load_killed_at_a_file_is_finished_by_the_next(
    documents: Path,
    fresh: list[tuple[str, float]],
    tmp_path: Path,
    event: str,
    ends: str,
    number: int,
) -> None:
    path = tmp_path / "library"
    _killed_at(documents, path, "load", event, ends, number)
    if ends != "writer.json" or event == "os.remove":
        _whole_or_absent(path, documents)
    _finished_like_new(path, documents, fresh)


@pytest.mark.parametrize(("event", "ends", "number"), INDEX_MOMENTS, ids=str)
def test_an_update_killed_at_a_file_leaves_old_or_new(
    documents: Path,
    fresh: list[tuple[str, float]],
    tmp_path: Path,
    event: str,
    ends: str,
    number: int,
) -> None:
    """Every report was another one before; no document may mix the two."""
    old = tmp_path / "old"
    current = tmp_path / "current"
    current.mkdir()
    old.mkdir()
    for file in documents.iterdir():
        (old / file.name).write_text(f"It was said otherwise in {file.name} of the bridge.")
        shutil.copy(old / file.name, current / file.name)
    path = tmp_path / "library"
    _load(current, path).close()
    for file in documents.iterdir():
        shutil.copy(file, current / file.name)
    _killed_at(current, path, "load", event, ends, number)
    assert _whole_or_absent(path, documents, old) == DOCUMENTS
    _finished_like_new(path, current, fresh)


@pytest.mark.parametrize(
    ("event", "ends"),
    [
        ("open", "writer.json"),
        ("os.remove", "words.json"),
        ("os.remove", "words.npy"),
        ("os.remove", "vectors.faiss"),
        ("open", "words.npy.new"),
        ("os.rename", "words.npy.new"),
    ],
)
@pytest.mark.parametrize("verb", ["forget", "repair"])
def test_a_killed_forget_or_repair_can_be_run_again(
    documents: Path,
    fresh: list[tuple[str, float]],
    tmp_path: Path,
    verb: str,
    event: str,
    ends: str,
) -> None:
    path = tmp_path / "library"
    _load(documents, path).close()
    _killed_at(documents, path, verb, event, ends, 1)
    assert _whole_or_absent(path, documents) >= DOCUMENTS - (verb == "forget")
    library = Library.open(path)
    if library.catalogue.document("report-07.txt") and verb == "forget":
        library.forget("report-07.txt")
    assert library.repair() == []
    kept = library.catalogue.counts().documents
    assert kept == DOCUMENTS - (verb == "forget")
    for file in path.rglob("*"):
        assert verb == "repair" or b"Report 7 names" not in file.read_bytes(), file
    library.close()
    _finished_like_new(path, documents, fresh)
