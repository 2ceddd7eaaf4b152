"""The vector index: FAISS, derived from the catalogue, written aside and never trusted.

The only file that imports FAISS. `vectors.json` beside the index is its stamp: generation and
state of the catalogue it was made from, the number of vectors, and the SHA-256 of the index file.
When any of them disagrees, the index is built again from the catalogue.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.ports import Vector, Vectors

FILE = "vectors.faiss"
STAMP = "vectors.json"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an index file was made from."""

    generation: int
    state: str
    count: int
    dimensions: int
    sha256: str


class FaissIndex:
    """Exact inner product over unit vectors; keys are the catalogue's chunk keys.

    One thread at a time: FAISS is not safe for adding and searching at once.
    """

    def __init__(self, keys: Sequence[int], vectors: Vectors, dimensions: int) -> None:
        """Index `vectors`, shape (len(keys), dimensions)."""
        faiss = _faiss()
        self._lock = threading.Lock()
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimensions))
        self.add(keys, vectors)

    @classmethod
    def of(cls, batches: Iterable[tuple[Sequence[int], Vectors]], dimensions: int) -> FaissIndex:
        """Index what comes in batches, so that the vectors are in memory only once."""
        made = cls([], np.zeros((0, dimensions), dtype=np.float32), dimensions)
        for keys, vectors in batches:
            made.add(keys, vectors)
        return made

    def add(self, keys: Sequence[int], vectors: Vectors) -> None:
        """Add `vectors`, shape (len(keys), dimensions)."""
        if len(keys):
            with self._lock:
                self._index.add_with_ids(vectors, np.asarray(keys, dtype=np.int64))

    @classmethod
    def _from_file(cls, path: Path) -> FaissIndex:
        found = cls.__new__(cls)
        found._lock = threading.Lock()
        found._index = _faiss().read_index(str(path))
        return found

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self, vector: Vector, limit: int, allowed: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """At most `limit` pairs of key and cosine, best first, ties by key.

        `allowed` restricts the search to those keys.
        """
        faiss = _faiss()
        if not len(self) or limit < 1 or (allowed is not None and not len(allowed)):
            return []
        options = None
        if allowed is not None:
            options = faiss.SearchParameters(
                sel=faiss.IDSelectorBatch(np.asarray(allowed, dtype=np.int64))
            )
        with self._lock:
            scores, keys = self._index.search(
                vector.reshape(1, -1).astype(np.float32), min(limit, len(self)), params=options
            )
        found = [
            (int(key), float(score))
            for key, score in zip(keys[0], scores[0], strict=True)
            if key >= 0
        ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def save(self, folder: Path, generation: int, state: str) -> None:
        """Write index and stamp so that a crash leaves the old pair or the new one.

        FAISS itself would truncate the file first and not report a failing close, so we write it:
        under another name, synced, read back and compared before it takes the place of the old
        one. The stamp goes last: an index without its stamp is rebuilt.
        """
        aside = folder / f"{FILE}.new"
        written = _Written(aside)
        faiss = _faiss()
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(written.write))
        sha256 = written.close()
        _sync(aside)
        if _sha256(aside) != sha256:
            raise OSError(28, "the index could not be written whole", str(aside))
        stamp = Stamp(generation, state, len(self), int(self._index.d), sha256)
        stamp_aside = folder / f"{STAMP}.new"
        stamp_aside.write_text(json.dumps(asdict(stamp)) + "\n", encoding="utf-8")
        _sync(stamp_aside)
        os.replace(aside, folder / FILE)
        os.replace(stamp_aside, folder / STAMP)
        _sync(folder)


class _Written:
    """A file that FAISS writes through us: what fails here is raised, and not swallowed there."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._hash = hashlib.sha256()
        self._failure: OSError | None = None

    def write(self, piece: bytes) -> int:
        if self._failure is None:
            try:
                self._file.write(piece)
                self._hash.update(piece)
            except OSError as error:
                self._failure = error
        return len(piece)

    def close(self) -> str:
        """The SHA-256 of all that was written, in hex. Raises `OSError` where something was not."""
        try:
            self._file.close()
        except OSError as error:
            self._failure = self._failure or error
        if self._failure:
            raise self._failure
        return self._hash.hexdigest()


def open_index(folder: Path, generation: int, state: str, count: int) -> FaissIndex | None:
    """The stored index, if it is the one of this generation; None when it has to be rebuilt."""
    if problem(folder, generation, state, count) is not None:
        return None
    try:
        return FaissIndex._from_file(folder / FILE)
    except RuntimeError:
        return None


def problem(folder: Path, generation: int, state: str, count: int) -> str | None:
    """Why the stored index cannot be used, in words; None when it can."""
    try:
        stamp = Stamp(**json.loads((folder / STAMP).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return "vectors: the stamp of the index is missing or unreadable"
    if stamp.generation != generation:
        return (
            f"vectors: the index belongs to generation {stamp.generation}, "
            f"the catalogue is at {generation}"
        )
    # Generations are numbers: a copy put back, or another library, can be at the same one.
    if stamp.state != state:
        return "vectors: the index belongs to another library or to another past of this one"
    if stamp.count != count:
        return f"vectors: the index holds {stamp.count} vectors, the catalogue {count}"
    try:
        if _sha256(folder / FILE) != stamp.sha256:
            return "vectors: the index file differs from its checksum"
    except OSError:
        return "vectors: the index file is missing"
    return None


def discard(folder: Path) -> None:
    """Delete index, stamp and what an interrupted write left."""
    for name in (STAMP, FILE, f"{STAMP}.new", f"{FILE}.new"):
        (folder / name).unlink(missing_ok=True)


def _faiss() -> Any:
    import faiss

    return faiss


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
