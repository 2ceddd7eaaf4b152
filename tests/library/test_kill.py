"""A load that is killed anywhere loses nothing that was committed, and the next one finishes it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from rag.retrieve import retrieve
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
        with library.catalogue.reading():
            found = retrieve(question, library, HashEmbedder(), limit=20)
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

    library = Library.open(path)
    allowed = ("vectors: ",)  # the index is stale or documents still lack vectors: both derived
    assert [one for one in library.verify() if not one.startswith(allowed)] == []
    for document in library.catalogue.documents():
        text = "".join(page.text for page in library.catalogue.pages(document.id))
        assert text.split() == (documents / document.name).read_text().split()
    assert _hits(library) or not library.catalogue.counts().documents
    library.close()

    finished = _load(documents, path)
    assert finished.verify() == []
    assert _hits(finished) == fresh
    finished.close()
