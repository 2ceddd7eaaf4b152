"""What is derived from the catalogue, for one generation: made, kept, brought up to date, saved.

Nothing derived is trusted. A stored file is used only where it is whole and was made from a past
state of this very catalogue; what changed since is then taken out and added. Everything else is
made again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.library import stamp, vectors, words
from rag.library.catalogue import Catalogue, Keys
from rag.library.names import Names
from rag.library.owners import Owners
from rag.library.stamp import Stamp
from rag.library.vectors import FaissIndex
from rag.library.words import WordIndex
from rag.ports import Vector, Vectors

WORDING = " ".join([*Stamp.__dataclass_fields__, vectors.EXACT, vectors.APPROXIMATE, words.WORDING])
"""Words that stand in derived files whatever was loaded, in lower case."""

_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Indexes:
    """Everything derived from one state of a catalogue; it never changes."""

    generation: int
    state: str
    words: WordIndex
    vectors: FaissIndex
    owners: Owners
    names: Names
    catalogue: Catalogue

    def nearest(
        self, vector: Vector, limit: int, allowed: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Key and cosine of the passages nearest to a vector, best first, ties by key."""
        return self.vectors.search(vector, limit, allowed, exact=self.catalogue.vectors_of)

    def cosines(self, keys: Sequence[int], vector: Vector) -> dict[int, float]:
        """The cosine of each of these passages; those without a vector yet are left out."""
        return self.vectors.cosines(keys, vector, self.catalogue.vectors_of)

    def recall(self) -> float:
        """Recall@10 (0..1) of the vector index against comparing every vector, measured now."""
        stored = self.catalogue.vectors(_dimensions(self.catalogue))
        return self.vectors.measure(stored, self.catalogue.vectors_of)


class Derived:
    """Keeps the indexes of the generation that was asked for last."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._kept: Indexes | None = None
        self._lock = threading.Lock()

    def current(self) -> Indexes:
        """The indexes of the catalogue's current state; call inside `catalogue.reading()`."""
        generation, state = self._catalogue.generation, self._catalogue.state
        with self._lock:
            kept = self._kept
            if kept and (kept.generation, kept.state) == (generation, state):
                return kept
            if kept and not self._catalogue.descends_from(kept.generation, kept.state):
                kept = None
            index = self._words(kept.words if kept else self._stored_words())
            owners = (kept.owners if kept else Owners.none()).brought_up(
                index.keys, self._catalogue.owners
            )
            made = Indexes(
                generation,
                state,
                index,
                self._vectors(kept.vectors if kept else self._stored_vectors()),
                owners,
                Names(self._catalogue.documents()),
                self._catalogue,
            )
            self._kept = made
            return made

    def save(self) -> None:
        """Write what is not yet stored as it is now; call inside `catalogue.reading()`."""
        now = self.current()
        if self._problem(words, len(now.words)):
            now.words.save(self._folder, now.generation, now.state)
        if self._problem(vectors, len(now.vectors)):
            now.vectors.save(self._folder, now.generation, now.state)

    def problems(self) -> list[str]:
        """Why stored files cannot be used as they are, in words; inside `catalogue.reading()`."""
        counts = self._catalogue.counts()
        found = (
            self._problem(words, counts.chunks),
            self._problem(vectors, counts.embedded_chunks),
        )
        return [problem for problem in found if problem]

    def discard(self) -> None:
        """Delete what is stored and forget what is kept."""
        with self._lock:
            self._kept = None
        for kind in (words, vectors):
            stamp.discard(self._folder, kind.STAMP, kind.FILE)

    # -- words -------------------------------------------------------------------------------

    def _words(self, before: WordIndex | None) -> WordIndex:
        if before is None:
            return WordIndex.of(self._catalogue.terms())
        gone, new = _difference(before.keys, self._catalogue.all_keys())
        if not len(gone) and not len(new):
            return before
        return before.changed(gone.tolist(), self._catalogue.terms(new.tolist()))

    def _stored_words(self) -> WordIndex | None:
        made_from = self._usable(words.FILE, words.STAMP)
        if made_from is None:
            return None
        try:
            found = WordIndex.read(self._folder)
        except (OSError, ValueError):
            return None
        return found if len(found) == made_from.count else None

    # -- vectors -----------------------------------------------------------------------------

    def _vectors(self, before: FaissIndex | None) -> FaissIndex:
        catalogue = self._catalogue
        dimensions = _dimensions(catalogue)
        keys = catalogue.all_keys(embedded=True)
        if (
            before is not None
            and before.dimensions == dimensions
            and not before.outgrown(len(keys))
        ):
            gone, new = _difference(before.keys(), keys)
            if not len(gone) and not len(new):
                return before
            return before.changed(gone.tolist(), self._by_key(new))
        if len(keys) > vectors.EXACT_UP_TO:
            return FaissIndex.approximate(
                lambda: catalogue.vectors(dimensions), len(keys), dimensions, catalogue.vectors_of
            )
        return FaissIndex.of(catalogue.vectors(dimensions), dimensions)

    def _by_key(self, keys: Keys) -> Iterator[tuple[list[int], Vectors]]:
        for start in range(0, len(keys), _AT_ONCE):
            found = self._catalogue.vectors_of(keys[start : start + _AT_ONCE].tolist())
            yield list(found), np.stack([*found.values()])

    def _stored_vectors(self) -> FaissIndex | None:
        made_from = self._usable(vectors.FILE, vectors.STAMP)
        if made_from is None:
            return None
        try:
            found = FaissIndex.read(self._folder, made_from)
        except RuntimeError:
            return None
        return found if len(found) == made_from.count else None

    # -- stamps ------------------------------------------------------------------------------

    def _usable(self, name: str, stamp_name: str) -> Stamp | None:
        """The stamp of a whole file that was made from a past of this catalogue, None else."""
        found = stamp.read(self._folder, stamp_name)
        if found is None or not self._catalogue.descends_from(found.generation, found.state):
            return None
        return found if stamp.whole(self._folder, name, found) else None

    def _problem(self, kind: object, count: int) -> str | None:
        name = "words" if kind is words else "vectors"
        module = words if kind is words else vectors
        return stamp.problem(
            self._folder,
            module.FILE,
            module.STAMP,
            name,
            self._catalogue.generation,
            self._catalogue.state,
            count,
        )


def _dimensions(catalogue: Catalogue) -> int:
    recorded = catalogue.embedder
    return recorded.dimensions if recorded else 1


def _difference(before: Keys, now: Keys) -> tuple[Keys, Keys]:
    """Keys that are gone, and keys that are new; both ascending."""
    gone: Keys = np.setdiff1d(before, now, assume_unique=True)
    new: Keys = np.setdiff1d(now, before, assume_unique=True)
    return gone, new
