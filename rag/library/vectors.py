"""The vector index: FAISS, derived from the catalogue.

The only file that imports FAISS. Up to `EXACT_UP_TO` vectors every one is compared. Beyond that,
vectors are kept as 8-bit numbers in lists around centroids (IVF, SQ8), as many lists are looked
through as a measurement at build time asks for, and what is found is scored again with the exact
vectors of the catalogue.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from rag.library import stamp
from rag.library.stamp import Stamp
from rag.ports import Vector, Vectors

FILE = "vectors.faiss"
STAMP = "vectors.json"

EXACT, APPROXIMATE = "exact", "approximate"

EXACT_UP_TO = 200_000
"""Vectors. Comparing 200,000 of 384 dimensions takes some 15 ms; a million 1.5 GB and 80 ms."""

RECALL = 0.995
"""Of the ten nearest, how many the approximate index shall find; measured when it is built."""

_SAMPLE = 200  # questions of that measurement
_TRAINING = 40  # vectors per centroid that k-means sees
_GROWTH = 2  # times its size when it was trained an index may grow
_OVERSAMPLED = 4  # candidates per hit that are scored again exactly
_PROBES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)

Exact = Callable[[Sequence[int]], Mapping[int, Vector]]
"""Looks up the exact vectors of some keys."""


class FaissIndex:
    """Inner product over unit vectors; keys are the catalogue's chunk keys.

    One thread at a time: FAISS is not safe for adding and searching at once.
    """

    def __init__(self, keys: Sequence[int], vectors: Vectors, dimensions: int) -> None:
        """Index `vectors`, shape (len(keys), dimensions), exactly."""
        faiss = _faiss()
        self._lock = threading.Lock()
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimensions))
        self.recall: float | None = None
        self.add(keys, vectors)

    @classmethod
    def of(cls, batches: Iterable[tuple[Sequence[int], Vectors]], dimensions: int) -> FaissIndex:
        """Index what comes in batches, so that the vectors are in memory only once."""
        made = cls([], np.zeros((0, dimensions), dtype=np.float32), dimensions)
        for keys, vectors in batches:
            made.add(keys, vectors)
        return made

    @classmethod
    def approximate(
        cls,
        batches: Callable[[], Iterator[tuple[Sequence[int], Vectors]]],
        count: int,
        dimensions: int,
        exact: Exact,
        *,
        recall: float = RECALL,
    ) -> FaissIndex:
        """Index `count` vectors, which are gone through three times, for a recall@10 of `recall`.

        The number of lists looked through is the smallest of a range that reaches it on mixtures of
        vectors of the index, which stand for questions. `exact` looks up vectors by key.
        """
        faiss = _faiss()
        # FAISS advises 4 to 16 lists for each square root; fewer need fewer vectors to be trained.
        lists = max(1, int(4 * count**0.5))
        quantizer = faiss.IndexFlatIP(dimensions)
        index = faiss.IndexIVFScalarQuantizer(
            quantizer, dimensions, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        )
        index.cp.seed = 1234
        index.train(_every(batches(), max(1, count // (lists * _TRAINING))))
        for keys, vectors in batches():
            index.add_with_ids(vectors, np.asarray(keys, dtype=np.int64))
        made = cls.__new__(cls)
        made._lock = threading.Lock()
        made._index = index
        made.recall = 0.0
        made.recall = made.measure(batches(), exact, wanted=recall)
        return made

    def measure(
        self,
        batches: Iterator[tuple[Sequence[int], Vectors]],
        exact: Exact,
        *,
        wanted: float | None = None,
    ) -> float:
        """Recall@10 against all vectors compared; `wanted` sets the fewest lists that reach it.

        Questions are mixtures of vectors of the index; see `mixed`.
        """
        if self.recall is None or not len(self):
            return 1.0
        keys = self.keys()[:: max(1, len(self) // _SAMPLE)][:_SAMPLE]
        questions = mixed(np.stack([*exact(keys.tolist()).values()]))
        truth = nearest(batches, questions, 10)
        measured = 0.0
        for probes in _PROBES if wanted else (self._index.nprobe,):
            self._index.nprobe = probes
            found = [self._refined(question, 10, None, exact) for question in questions]
            measured = overlap(truth, [[key for key, _ in pairs] for pairs in found])
            if wanted and measured >= wanted:
                break
        return measured

    def add(self, keys: Sequence[int], vectors: Vectors) -> None:
        """Add `vectors`, shape (len(keys), dimensions)."""
        if len(keys):
            with self._lock:
                self._index.add_with_ids(vectors, np.asarray(keys, dtype=np.int64))

    def changed(
        self, gone: Sequence[int], new: Iterable[tuple[Sequence[int], Vectors]]
    ) -> FaissIndex:
        """An index without the keys `gone` and with new ones; this one stays as it is.

        Others may be asking this one, inside an older snapshot of the library.
        """
        faiss = _faiss()
        made = type(self).__new__(type(self))
        made._lock = threading.Lock()
        made._index = faiss.clone_index(self._index)
        made.recall = self.recall
        if len(gone):
            made._index.remove_ids(faiss.IDSelectorBatch(np.asarray(gone, dtype=np.int64)))
        for keys, vectors in new:
            made.add(keys, vectors)
        return made

    @property
    def dimensions(self) -> int:
        return int(self._index.d)

    @property
    def kind(self) -> str:
        return EXACT if self.recall is None else APPROXIMATE

    def outgrown(self, count: int) -> bool:
        """Whether `count` vectors want another index than this one."""
        if self.recall is None:
            return count > EXACT_UP_TO
        trained = (self._index.nlist / 4) ** 2
        return count < EXACT_UP_TO / _GROWTH or count > trained * _GROWTH

    def keys(self) -> npt.NDArray[np.int64]:
        """All keys, ascending."""
        faiss = _faiss()
        if self.recall is None:
            found = faiss.vector_to_array(self._index.id_map)
        else:
            lists = self._index.invlists
            parts = [
                faiss.rev_swig_ptr(lists.get_ids(each), lists.list_size(each)).copy()
                for each in range(self._index.nlist)
                if lists.list_size(each)
            ]
            found = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        ascending: npt.NDArray[np.int64] = np.sort(found.astype(np.int64))
        return ascending

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self,
        vector: Vector,
        limit: int,
        allowed: Sequence[int] | None = None,
        exact: Exact | None = None,
    ) -> list[tuple[int, float]]:
        """At most `limit` pairs of key and cosine, best first, ties by key.

        `allowed` restricts the search to those keys. `exact` looks up vectors to score again what
        an approximate index found; without it the cosines are those of 8-bit numbers.
        """
        if not len(self) or limit < 1 or (allowed is not None and not len(allowed)):
            return []
        if self.recall is not None and exact is not None:
            return self._refined(vector, limit, allowed, exact)
        return self._nearest(vector, limit, allowed)

    def cosines(self, keys: Sequence[int], vector: Vector, exact: Exact) -> dict[int, float]:
        """The cosine of each of these keys; those without a vector are left out.

        Read from the index where it holds vectors as they are, else looked up by `exact`.
        """
        if self.recall is not None:
            return {key: float(found @ vector) for key, found in exact(keys).items()}
        if not len(self):
            return {}
        wanted = np.asarray(keys, np.int64)
        at = np.minimum(np.searchsorted(self._known, wanted), len(self) - 1)
        there = self._known[at] == wanted
        values = self._matrix[at[there]] @ vector
        return dict(zip(wanted[there].tolist(), values.tolist(), strict=True))

    @functools.cached_property
    def _known(self) -> npt.NDArray[np.int64]:
        """Keys in the order of the vectors: ascending, since new keys are always larger."""
        found: npt.NDArray[np.int64] = _faiss().vector_to_array(self._index.id_map)
        return found

    @functools.cached_property
    def _matrix(self) -> Vectors:
        """The vectors where they lie in the index, shape (len(self), dimensions)."""
        faiss = _faiss()
        flat = faiss.downcast_index(self._index.index)
        held: Vectors = faiss.rev_swig_ptr(flat.get_xb(), len(self) * self.dimensions)
        return held.reshape(len(self), self.dimensions)

    def _refined(
        self,
        vector: Vector,
        limit: int,
        allowed: Sequence[int] | None,
        exact: Exact,
    ) -> list[tuple[int, float]]:
        rough = self._nearest(vector, limit * _OVERSAMPLED, allowed)
        vectors = exact([key for key, _ in rough])
        scored = [(key, float(vectors[key] @ vector)) for key, _ in rough if key in vectors]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def _nearest(
        self, vector: Vector, limit: int, allowed: Sequence[int] | None
    ) -> list[tuple[int, float]]:
        faiss = _faiss()
        options = None
        if allowed is not None:
            chosen = faiss.IDSelectorBatch(np.asarray(allowed, dtype=np.int64))
            # A filter must not leave hits in lists that are not looked through.
            options = (
                faiss.SearchParameters(sel=chosen)
                if self.recall is None
                else faiss.SearchParametersIVF(sel=chosen, nprobe=self._index.nlist)
            )
        with self._lock, _one_thread():
            scores, keys = self._index.search(
                vector.reshape(1, -1).astype(np.float32), min(limit, len(self)), params=options
            )
        found = [
            (int(key), float(score))
            for key, score in zip(keys[0], scores[0], strict=True)
            if key >= 0
        ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    # -- on disk -----------------------------------------------------------------------------

    def save(self, folder: Path, generation: int, state: str) -> None:
        """Write index and stamp so that a crash leaves the old pair or the new one.

        FAISS itself would truncate the file first and not report a failing close, so what it writes
        goes through us.
        """
        faiss = _faiss()

        def content(file: IO[bytes]) -> None:
            written = _Written(file)
            faiss.write_index(self._index, faiss.PyCallbackIOWriter(written.write))
            if written.failure:
                raise written.failure

        made_from = Stamp(generation, state, len(self), kind=self.kind, recall=self.recall)
        stamp.write(folder, FILE, STAMP, content, made_from)

    @classmethod
    def read(cls, folder: Path, made_from: Stamp) -> FaissIndex:
        """The stored index. Raises `RuntimeError` where FAISS cannot read it."""
        found = cls.__new__(cls)
        found._lock = threading.Lock()
        found._index = _faiss().read_index(str(folder / FILE))
        found.recall = made_from.recall
        return found


@dataclass(slots=True)
class _Written:
    """What FAISS writes through us: a failure is kept to be raised, and not swallowed there."""

    file: IO[bytes]
    failure: OSError | None = None

    def write(self, piece: bytes) -> int:
        if self.failure is None:
            try:
                self.file.write(piece)
            except OSError as error:
                self.failure = error
        return len(piece)


def nearest(
    batches: Iterable[tuple[Sequence[int], Vectors]], questions: Vectors, limit: int
) -> list[list[int]]:
    """The true nearest keys of each question, by comparing everything."""
    scores = np.full((len(questions), limit), -np.inf, np.float32)
    keys = np.full((len(questions), limit), -1, np.int64)
    for some, vectors in batches:
        numbers = np.asarray(some, np.int64)
        all_scores = np.concatenate((scores, questions @ vectors.T), axis=1)
        all_keys = np.concatenate((keys, np.tile(numbers, (len(questions), 1))), axis=1)
        order = np.argsort(-all_scores, axis=1, kind="stable")[:, :limit]
        scores = np.take_along_axis(all_scores, order, axis=1)
        keys = np.take_along_axis(all_keys, order, axis=1)
    return [[key for key in row if key >= 0] for row in keys.tolist()]


def mixed(vectors: Vectors) -> Vectors:
    """Unit vectors between three of the given ones each, by a fixed seed, as many as were given.

    Questions lie between passages, farther from each than a passage with noise does. Of the ten
    nearest to questions about a library of a million passages, 8 lists of 4,000 gave 76 %, to such
    mixtures 72 %, but to passages with noise half their length 99.7 %.
    """
    random = np.random.default_rng(0)
    rows = sum(vectors[random.permutation(len(vectors))] for _ in range(3))
    found: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def overlap(truth: Sequence[Sequence[int]], found: Sequence[Sequence[int]]) -> float:
    """Mean share (0..1) of the true nearest that were found."""
    shares = [
        len(set(one) & set(other)) / max(1, len(set(one)))
        for one, other in zip(truth, found, strict=True)
    ]
    return sum(shares) / max(1, len(shares))


def _every(batches: Iterator[tuple[Sequence[int], Vectors]], step: int) -> Vectors:
    """Every `step`th vector."""
    rows, at = [], 0
    for _, vectors in batches:
        rows.append(vectors[(-at) % step :: step])
        at += len(vectors)
    return np.concatenate(rows)


@contextmanager
def _one_thread() -> Iterator[None]:
    """One question gains nothing from more threads: 100,000 vectors take 10 ms, and on a busy
    machine 35 ms with two, which wait for each other.
    """
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _faiss() -> Any:
    import faiss

    return faiss
