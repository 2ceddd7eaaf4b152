"""A load killed at many points, each time finished by another one: is anything lost or doubled?

python -m benchmarks.kill [--points N] [--real]

Half of the points are SQL statements, spread evenly over those of an undisturbed load; a quarter
are its changes to files, and a quarter are moments in time. `--real` embeds with the default model
instead of the tests' stand-in. Ends 1 when a resumed library differs from the undisturbed one.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.sets import ROOT
from ingest.load import load
from ingest.parse import Parser
from rag.assemble import embedder as make_embedder
from rag.library.folder import Library
from rag.ports import Embedder
from rag.settings import read_settings
from tests.stand_ins import HashEmbedder

SAMPLES = ROOT / "data" / "samples"
REPORTS = 40
COSINE = 0.999
DERIVED = ("vectors: ", "words: ")  # how problems begin that the next load mends
TERMS = ("report", "bridg", "ferri", "7", "nowhere")

# Counts its own statements and changes to files, and kills itself when the one asked for comes.
LOAD = """
import os, signal, sys
from pathlib import Path
from rag.library import catalogue
from benchmarks.kill import embedder, load, Library, Parser
kind, number = sys.argv[3], int(sys.argv[4])
counts = {"statement": 0, "file": 0}
def count(what):
    counts[what] += 1
    if what == kind and counts[what] == number:
        os.kill(os.getpid(), signal.SIGKILL)
class Traced(catalogue._Connection):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.set_trace_callback(lambda statement: count("statement"))
def watch(event, arguments):
    if event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"):
        count("file")
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wxa+"):
        count("file")
catalogue._Connection = Traced
model = embedder(sys.argv[5] == "real")
print("go", flush=True)
sys.addaudithook(watch)
with Parser() as parser:
    load([Path(sys.argv[1])], Library.create(Path(sys.argv[2])), lambda: model, parser)
print(counts["statement"], counts["file"], flush=True)
"""


def embedder(real: bool) -> Embedder:
    return make_embedder(read_settings()) if real else HashEmbedder()


@dataclass(frozen=True)
class State:
    """All that a library holds, in a form that can be compared."""

    documents: dict[str, tuple[object, ...]]
    places: list[tuple[str, str]]
    refusals: list[tuple[str, str]]
    chunks: dict[str, tuple[object, ...]]
    vectors: dict[str, np.ndarray]
    words: dict[str, tuple[float, ...]]


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.kill")
    options.add_argument("--points", type=int, default=200)
    options.add_argument("--real", action="store_true")
    given = options.parse_args(arguments)
    model = embedder(given.real)
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        documents = home / "documents"
        _make_documents(documents)
        whole = home / "whole"
        began = time.monotonic()
        statements, files = _counts(documents, whole, given.real)
        seconds = time.monotonic() - began
        reference = _state(whole)
        print(
            f"undisturbed: {len(reference.documents)} documents, {len(reference.chunks)} chunks, "
            f"{statements} statements, {files} changes to files, {seconds:.1f} s"
        )
        wrong: list[str] = []
        tally: Counter[str] = Counter()
        killed = late = 0
        points = _points(given.points, statements, files)
        while killed < given.points and late < given.points:
            kind, number = next(points)
            path = home / "killed"
            if not _kill(documents, path, kind, number, given.real, seconds):
                late += 1  # a moment after its end
            else:
                killed += 1
                tally[kind] += 1
            wrong += [f"{kind} {number}, killed: {each}" for each in _left(path)]
            with Parser() as parser:
                load([documents], library := Library.create(path), lambda: model, parser)
            library.close()
            wrong += [f"{kind} {number}: {each}" for each in _differences(path, reference)]
            shutil.rmtree(path)
            if sys.stderr.isatty():
                print(f"\r{killed}/{given.points} ", end="", file=sys.stderr)
        print(f"killed at {killed} points: {dict(tally)}; {late} moments came after the end")
        print(f"differences after the next load: {len(wrong)}")
        for each in wrong[:20]:
            print(f"  {each}")
    sys.exit(bool(wrong) or killed < given.points)


def _make_documents(folder: Path) -> None:
    """Many small files, the samples, an archive, a copy, and files that are refused."""
    folder.mkdir()
    for number in range(REPORTS):
        rows = [f"Report {number} names part {row} of the bridge." for row in range(20)]
        (folder / f"report-{number:02}.txt").write_text("\n\n".join(rows), encoding="utf-8")
    for sample in sorted(path for path in SAMPLES.rglob("*") if path.is_file()):
        (folder / sample.name).write_bytes(sample.read_bytes())
    (folder / "copy.txt").write_bytes((folder / "report-01.txt").read_bytes())
    (folder / "empty.txt").write_bytes(b"")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        for number in range(6):
            archive.writestr(f"letter-{number}.txt", f"Letter {number} is about the ferry. " * 20)


def _points(count: int, statements: int, files: int) -> Iterator[tuple[str, int]]:
    """Kind and number of each point; of a moment the number is a thousandth of the whole time."""
    chance = random.Random(1)
    at_files = min(files, count // 4)
    half = count // 2
    for at in range(half):
        yield "statement", 1 + round(at * (statements - 1) / max(1, half - 1))
    for number in sorted(chance.sample(range(1, files + 1), at_files)):
        yield "file", number
    while True:
        yield "moment", chance.randrange(1, 1000)


def _started(
    documents: Path, path: Path, kind: str, number: int, real: bool
) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(documents), str(path), kind, str(number), "real" * real],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout
    process.stdout.readline()
    return process


def _counts(documents: Path, path: Path, real: bool) -> tuple[int, int]:
    with _started(documents, path, "none", 0, real) as process:
        assert process.stdout
        statements, files = process.stdout.read().split()
    return int(statements), int(files)


def _kill(documents: Path, path: Path, kind: str, number: int, real: bool, seconds: float) -> bool:
    """Whether the load was killed before its end."""
    with _started(documents, path, kind, number, real) as process:
        if kind == "moment":
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds * number / 1000)
            process.kill()
        process.wait(300)
    return process.returncode == -signal.SIGKILL


def _left(path: Path) -> list[str]:
    """What is wrong with a library whose writer was killed; missing and stale vectors or words
    are not.
    """
    if not (path / "catalogue.sqlite").is_file():
        return []
    library = Library(path)
    if library.catalogue.is_new():
        return []
    try:
        return [each for each in library.verify() if not each.startswith(DERIVED)]
    finally:
        library.close()


def _differences(path: Path, reference: State) -> list[str]:
    library = Library.open(path)
    problems = library.verify()
    library.close()
    found = _state(path)
    problems += [
        f"{name} differ"
        for name in ("documents", "places", "refusals", "chunks", "words")
        if getattr(found, name) != getattr(reference, name)
    ]
    if found.vectors.keys() != reference.vectors.keys():
        problems.append("vectors are missing or too many")
    else:
        least = min(float(found.vectors[key] @ reference.vectors[key]) for key in found.vectors)
        if least < COSINE:
            problems.append(f"a vector has cosine {least:.4f}")
    return problems


def _state(path: Path) -> State:
    library = Library.open(path)
    catalogue = library.catalogue
    documents: dict[str, tuple[object, ...]] = {}
    chunks: dict[str, tuple[object, ...]] = {}
    vectors: dict[str, np.ndarray] = {}
    for document in catalogue.documents():
        documents[document.id] = (
            document.title,
            document.media_type,
            document.page_count,
            document.date,
            sorted([document.name, *document.also]),
            [(page.number, page.start, page.text) for page in catalogue.pages(document.id)],
        )
        keys = catalogue.chunk_keys([document.id])
        stored = catalogue.chunks(keys)
        contexts = dict(catalogue.passage_texts(document.id))
        for key, vector in catalogue.vectors_of(keys).items():
            vectors[stored[key].chunk.id] = vector
        for key in keys:
            chunk = stored[key].chunk
            assert chunk.id not in chunks
            chunks[chunk.id] = (
                chunk,
                contexts[key].context,
                stored[key].sentences,
                stored[key].terms,
            )
    places = sorted((place.name, place.document_id) for place in catalogue.places())
    refusals = sorted((refusal.name, refusal.reason) for refusal in catalogue.refusals())
    with catalogue.reading():
        index = library.indexes().words
        scores = np.stack([index.scores([term]) for term in TERMS], axis=1)
        held = catalogue.outlines(index.keys.tolist())
    words = {
        held[key].id: tuple(row)
        for key, row in zip(index.keys.tolist(), scores.tolist(), strict=True)
    }
    library.close()
    return State(documents, places, refusals, chunks, vectors, words)


if __name__ == "__main__":
    main(sys.argv[1:])
