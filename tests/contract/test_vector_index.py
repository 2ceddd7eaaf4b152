"""What every `VectorIndex` does: FAISS beside an index that compares everything in numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from rag.library.vectors import FaissIndex
from rag.ports import Vector, VectorIndex, Vectors

Make = Callable[[Sequence[int], Vectors], VectorIndex]


class PlainIndex:
    """Every vector compared, every pair sorted."""

    def __init__(self, keys: Sequence[int], vectors: Vectors) -> None:
        self._keys, self._vectors = list(keys), vectors

    def search(
        self, vector: Vector, limit: int, allowed: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        pairs = [
            (key, float(row @ vector))
            for key, row in zip(self._keys, self._vectors, strict=True)
            if allowed is None or key in allowed
        ]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[: max(0, limit)]

    def __len__(self) -> int:
        return len(self._keys)


def _faiss(keys: Sequence[int], vectors: Vectors) -> VectorIndex:
    return FaissIndex(keys, vectors, 8)


@pytest.fixture(params=[_faiss, PlainIndex], ids=["faiss", "plain"])
def make(request: pytest.FixtureRequest) -> Make:
    found: Make = request.param
    return found


@pytest.fixture
def vectors() -> Vectors:
    rows = np.random.default_rng(7).normal(size=(40, 8)).astype(np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def test_best_first(make: Make, vectors: Vectors) -> None:
    index = make(range(100, 140), vectors)
    found = index.search(vectors[3], 10)
    assert found[0][0] == 103
    assert found[0][1] == pytest.approx(1, abs=1e-5)
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
    plain = PlainIndex(range(100, 140), vectors).search(vectors[3], 10)
    assert [key for key, _ in found] == [key for key, _ in plain]


def test_ties_go_by_key(make: Make, vectors: Vectors) -> None:
    index = make([9, 4, 7], np.stack([vectors[0]] * 3))
    assert [key for key, _ in index.search(vectors[0], 3)] == [4, 7, 9]


@pytest.mark.parametrize("limit", [2, 90, 100, 150])
def test_ties_go_by_key_even_at_the_cut(make: Make, vectors: Vectors, limit: int) -> None:
    """FAISS takes another way of sorting from 100 results on."""
    index = make(range(50, 350), np.stack([vectors[0]] * 300))
    assert [key for key, _ in index.search(vectors[0], limit)] == list(range(50, 50 + limit))


def test_a_key_that_is_not_there_may_be_allowed(make: Make, vectors: Vectors) -> None:
    index = make(range(40), vectors)
    assert [key for key, _ in index.search(vectors[3], 10, [3, 4_000])] == [3]


def test_only_what_is_allowed(make: Make, vectors: Vectors) -> None:
    index = make(range(40), vectors)
    assert {key for key, _ in index.search(vectors[0], 10, [5, 6, 7])} == {5, 6, 7}
    assert index.search(vectors[0], 10, []) == []


def test_limits(make: Make, vectors: Vectors) -> None:
    index = make(range(40), vectors)
    assert len(index) == 40
    assert len(index.search(vectors[0], 1000)) == 40
    assert index.search(vectors[0], 0) == []


def test_empty(make: Make) -> None:
    index = make([], np.zeros((0, 8), dtype=np.float32))
    assert len(index) == 0
    assert index.search(np.ones(8, dtype=np.float32), 5) == []
