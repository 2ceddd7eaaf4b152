"""How long a search takes in a large library, and what an approximate index finds.

    python -m benchmarks.scale [--chunks 100000] [--keep DIR]

The library is made from `financebench-dev`: its passages as they are, then the same filings cut at
other places (the end of one passage with the beginning of the next), as often as it takes. The
vector of a passage that was cut anew is the mean of its two, with a little noise. Text, words and
vectors lie in a real catalogue, and everything is asked by the way of the product.

Prints half and 95 % of the times of a whole search and of its legs, question embedding included, by
the questions of the set and of qed-dev; kind, size, memory and recall of the vector index; how long
it took to make the indexes, and to bring them up to date after one more document.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks import sets
from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from rag.library.vectors import FILE, nearest, overlap
from rag.ports import Vectors
from rag.retrieve import reading, retrieve
from rag.terms import question_terms

SET, MORE_QUESTIONS = "financebench-dev", "qed-dev"
QUESTIONS = 200
_NOISE = 0.1  # length, beside vectors of length 1
_AT_ONCE = 20_000

_MEMORY = """
import sys
from pathlib import Path
import rag.library.vectors as vectors
from rag.library import stamp
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
vectors._faiss()
before = resident()
folder = Path(sys.argv[1])
index = vectors.FaissIndex.read(folder, stamp.read(folder, vectors.STAMP))
print(resident() - before)
"""


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    options.add_argument("--chunks", type=int, default=100_000)
    options.add_argument("--keep", type=Path)
    given = options.parse_args(arguments)
    source = sets.library(SET)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary) / "library"
        if not (folder / "catalogue.sqlite").exists():
            began = time.monotonic()
            _make(source, Library.create(folder), given.chunks)
            print(f"made in {time.monotonic() - began:.0f} s", flush=True)
        library = Library.open(folder)
        _indexes(library)
        _searches(library)
        _grown(library, Path(temporary))
        library.close()


# -- a large library ---------------------------------------------------------------------------


def _make(source: Library, target: Library, count: int) -> None:
    """Fill the catalogue straight: reading and embedding are measured elsewhere."""
    read = sqlite3.connect(f"file:{source.catalogue.path}?mode=ro", uri=True)
    write = sqlite3.connect(target.catalogue.path, isolation_level=None)
    write.execute("PRAGMA synchronous = OFF")
    rows = read.execute(
        "SELECT document_id, page, context, text, terms, sentences, headings FROM chunks "
        "ORDER BY key"
    ).fetchall()
    stored = read.execute("SELECT whole, sentences FROM vectors ORDER BY key").fetchall()
    whole = np.stack([np.frombuffer(row[0], "<f4") for row in stored])
    documents = read.execute(
        "SELECT documents.id, title, media_type, page_count, language, date, name FROM documents "
        "JOIN places ON document_id = documents.id"
    ).fetchall()
    random = np.random.default_rng(7)
    write.execute("BEGIN")
    made, version = 0, 0
    while made < count:
        for identity, title, kind, pages, language, date, name in documents:
            own = _name(identity, version)
            write.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, NULL, 'scale', 1)",
                (own, title, kind, pages, language, date),
            )
            write.execute(
                "INSERT INTO places VALUES (?, ?, '/', ?, 0, 0, 0, ?)",
                (f"/{version}/{name}", f"{version}/{name}" if version else name, own, made),
            )
        vectors = _cut_anew(whole, random) if version else whole
        for start in range(0, min(len(rows), count - made), _AT_ONCE):
            stop = min(start + _AT_ONCE, len(rows), start + count - made)
            chunks, kept = [], []
            for at in range(start, stop):
                key = made + 1
                chunks.append(_chunk(key, rows, at, version, random))
                blob = stored[at][1] if not version else b""
                kept.append((key, vectors[at].astype("<f4").tobytes(), blob))
                made += 1
            marks = ",".join("?" * len(chunks[0]))
            write.executemany(f"INSERT INTO chunks VALUES ({marks})", chunks)
            write.executemany("INSERT INTO vectors VALUES (?, ?, ?)", kept)
        version += 1
    write.execute(
        "INSERT OR REPLACE INTO meta SELECT * FROM (SELECT ? AS key, ? AS value)",
        ("embedder", read.execute("SELECT value FROM meta WHERE key = 'embedder'").fetchone()[0]),
    )
    write.execute("COMMIT")
    with target.catalogue.writing():
        pass  # a generation and a state, as every load leaves them
    write.close()
    read.close()


def _name(identity: str, version: int) -> str:
    return hashlib.sha256(f"{identity} {version}".encode()).hexdigest() if version else identity


def _cut_anew(whole: Vectors, random: np.random.Generator) -> Vectors:
    mixed = whole + np.roll(whole, -1, axis=0)
    mixed = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    noise = random.normal(size=mixed.shape) * (_NOISE / mixed.shape[1] ** 0.5)
    mixed = mixed + noise
    found: Vectors = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
    return found


def _chunk(
    key: int, rows: Sequence[tuple[str, ...]], at: int, version: int, random: np.random.Generator
) -> tuple[object, ...]:
    identity, page, context, text, terms, sentences, headings = rows[at]
    if version:
        _, _, _, after, next_terms, *_ = rows[(at + 1) % len(rows)]
        share = random.uniform(0.2, 0.8)
        text = text[int(len(text) * share) :] + " " + after[: int(len(after) * share)]
        mine, theirs = terms.split(), next_terms.split()
        terms = " ".join(mine[int(len(mine) * share) :] + theirs[: int(len(theirs) * share)])
        sentences = json.dumps([[0, len(text)]])
    own = _name(identity, version)
    return (
        key, f"{own}-{key:09d}", own, 0, len(text), page, headings, "", "[]", "", sentences,
        context, text, terms,
    )  # fmt: skip


# -- measured ----------------------------------------------------------------------------------


def _indexes(library: Library) -> None:
    with library.catalogue.reading():
        began = time.monotonic()
        indexes = library.indexes()
        print(
            f"{len(indexes.words):,} passages, {len(indexes.vectors):,} vectors; "
            f"indexes ready after {time.monotonic() - began:.0f} s"
        )
    began = time.monotonic()
    with library.writing():
        library.save_indexes()
    print(f"saved in {time.monotonic() - began:.0f} s")
    for name in (FILE, "words.npy"):
        print(f"{name}: {(library.path / name).stat().st_size / 1e6:.0f} MB")
    grown = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(library.path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(sets.ROOT)},
    )
    print(f"vector index ({indexes.vectors.kind}) in memory: {int(grown.stdout) / 1e6:.0f} MB")
    with library.catalogue.reading():
        print(
            f"recall@10 against comparing everything: {library.indexes().recall():.3f}", flush=True
        )


def _searches(library: Library) -> None:
    model = sets.embedder()
    asked = [case.question for case in sets.cases(SET)]
    asked += [case.question for case in sets.cases(MORE_QUESTIONS)[:QUESTIONS]]

    def whole(question: str) -> object:
        return retrieve(question, [library], model)

    def meaning(question: str) -> object:
        return library.indexes().nearest(model.embed_question(question), 100)

    def words(question: str) -> object:
        index = library.indexes().words
        terms = question_terms(question, library.catalogue.languages())
        return index.best(index.scores(terms), 100)

    with reading([library]):
        for name, search in (
            ("whole search", whole),
            ("meaning leg, question embedded", meaning),
            ("words leg", words),
            ("question embedded", model.embed_question),
        ):
            half, most = _times(search, asked)
            print(f"{name}: half within {half:.0f} ms, 95 % within {most:.0f} ms", flush=True)
        _truth(library, asked)


def _times(search: Callable[[str], object], asked: Sequence[str]) -> tuple[float, float]:
    for question in asked[:20]:
        search(question)
    taken = []
    for question in asked:
        began = time.perf_counter()
        search(question)
        taken.append(1000 * (time.perf_counter() - began))
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 95))


def _truth(library: Library, asked: Sequence[str]) -> None:
    """Recall for real questions, beside that for the mixtures that stand for them.

    Those of another set ask for what the library does not hold: nothing is near to them.
    """
    questions = np.stack([sets.embedder().embed_question(each) for each in asked])
    dimensions = sets.embedder().identity.dimensions
    truth = nearest(library.catalogue.vectors(dimensions), questions, 10)
    found = [[key for key, _ in library.indexes().nearest(question, 10)] for question in questions]
    own = len(sets.cases(SET))
    print(f"recall@10 for the {own} questions of {SET}: {overlap(truth[:own], found[:own]):.3f}")
    rest = overlap(truth[own:], found[own:])
    print(f"recall@10 for {len(asked) - own} questions of {MORE_QUESTIONS}: {rest:.3f}")


def _grown(library: Library, temporary: Path) -> None:
    note = temporary / "notes" / "note.txt"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text("One more note, about herons that nest in willows near the river.\n" * 3)
    with Parser() as parser:
        began = time.monotonic()
        load([note.parent], library, sets.embedder, parser)
    print(f"one more document loaded, indexes brought up to date: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
