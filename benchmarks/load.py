"""A whole load against the time that embedding its chunks alone takes, in one process.

python -m benchmarks.load [SET] [--default] [--every N] [--keep DIR]

`--every N` loads every Nth file only; `--keep DIR` leaves the library there.

Also: when the first question could be answered from words, how long the unchanged folder takes
again, and, with --default, chunks per second against sentence-transformers as it comes (float32,
its own batches) on a sample of the same chunks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import sets
from ingest.embed import Progress
from ingest.load import load
from ingest.parse import Parser
from rag.assemble import embedder as make_embedder
from rag.library.folder import Library
from rag.ports import Embedder, PassageText
from rag.settings import read_settings

SAMPLE = 768
"""Chunks on which two ways of embedding are compared."""

_AT_ONCE = 256


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.load")
    options.add_argument("set", nargs="?", default="financebench-dev")
    options.add_argument("--default", action="store_true")
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--keep", type=Path)
    given = options.parse_args(arguments)
    folder = sets.folder(given.set) / "docs"
    files = sorted(path for path in folder.rglob("*") if path.is_file())[:: given.every]
    settings = read_settings()
    with tempfile.TemporaryDirectory() as temporary:
        library = Library.create(given.keep or Path(temporary) / "library")
        began = time.monotonic()
        model = make_embedder(settings)
        print(f"model ready after {time.monotonic() - began:.1f} s")
        watch = _Watch(library, began)
        whole = _load(files, library, model)
        watch.stop()
        counts = library.catalogue.counts()
        print(
            f"{folder.parent.name}: {counts.files} files, {counts.pages} pages, "
            f"{counts.chunks} chunks, {counts.refused} refused; loaded in {whole:.1f} s"
        )
        print(f"first words found after {watch.first:.1f} s, all after {watch.last:.1f} s")
        again = _load(files, library, model)
        print(f"loaded again, unchanged: {again:.2f} s, {again / whole:.2%} of the first time")
        texts = _texts(library)
        alone = _embed(model, texts)
        print(f"embedding alone: {alone:.1f} s, {len(texts) / alone:.1f} chunks/s")
        print(f"whole load / embedding alone: {whole / alone:.3f}")
        if given.default:
            _against_default(model, texts)
        library.close()


class _Watch:
    """Notes when words were first found and when the last document was stored, by polling."""

    def __init__(self, library: Library, began: float) -> None:
        self.first = self.last = 0.0
        self._library = library
        self._began = began
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        documents = 0
        while not self._stopped.wait(0.2):
            found = self._library.catalogue.counts().documents
            if found > documents:
                documents, self.last = found, time.monotonic() - self._began
                self.first = self.first or self.last


def _load(files: Sequence[Path], library: Library, model: Embedder) -> float:
    def show(progress: Progress) -> None:
        if sys.stderr.isatty():
            print(f"\r{progress.step} {progress.done}/{progress.total}   ", end="", file=sys.stderr)

    began = time.monotonic()
    with Parser() as parser:
        load(files, library, lambda: model, parser, on_progress=show)
    return time.monotonic() - began


def _texts(library: Library) -> list[PassageText]:
    ids = sorted(document.id for document in library.catalogue.documents())
    return [text for identity in ids for _, text in library.catalogue.passage_texts(identity)]


def _embed(model: Embedder, texts: Sequence[PassageText]) -> float:
    began = time.monotonic()
    for start in range(0, len(texts), _AT_ONCE):
        model.embed_passages(texts[start : start + _AT_ONCE])
    return time.monotonic() - began


def _against_default(model: Embedder, texts: Sequence[PassageText]) -> None:
    from sentence_transformers import SentenceTransformer

    from rag.models import weights

    step = max(1, len(texts) // SAMPLE)
    sample = texts[::step][:SAMPLE]
    plain = [f"{each.context}\n{each.text}" for each in sample]
    default = SentenceTransformer(
        str(weights.packaged(weights.EMBEDDER).parent), local_files_only=True
    )
    default.max_seq_length = model.window
    ours, theirs = [], []
    for _ in range(3):
        ours.append(_embed(model, sample))
        began = time.monotonic()
        default.encode(plain, show_progress_bar=False)
        theirs.append(time.monotonic() - began)
    for name, seconds in (("ours", min(ours)), ("sentence-transformers as it comes", min(theirs))):
        print(f"{name}: {len(sample) / seconds:.1f} chunks/s")
    print(f"chunks per second, ours / theirs: {min(theirs) / min(ours):.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
