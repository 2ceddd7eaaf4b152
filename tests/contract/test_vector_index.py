"""What every `VectorIndex` does: FAISS beside an index that compares everything in numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rag.library import stamp
from rag.library.vectors import EXACT_UP_TO, FILE, STAMP, FaissIndex, mixed
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


# -- the approximate index ---------------------------------------------------------------------

COUNT, WIDE = 6_000, 32


@dataclass(frozen=True)
class Approximate:
    """An approximate index of clustered vectors, beside all of them."""

    index: FaissIndex
    vectors: Vectors

    @property
    def keys(self) -> range:
        return range(1_000, 1_000 + len(self.vectors))

    def batches(self) -> Iterator[tuple[Sequence[int], Vectors]]:
        for start in range(0, len(self.vectors), 700):
            yield self.keys[start : start + 700], self.vectors[start : start + 700]

    def exact(self, keys: Sequence[int]) -> dict[int, Vector]:
        return {key: self.vectors[key - 1_000] for key in keys if key in self.keys}

    def recall(self, index: FaissIndex) -> float:
        """Recall@10, counted here and not by the index itself."""
        questions = mixed(self.vectors[::37])
        shares = []
        for question in questions:
            truth = {self.keys[row] for row in np.argsort(-(self.vectors @ question))[:10]}
            found = {key for key, _ in index.search(question, 10, exact=self.exact)}
            shares.append(len(truth & found) / 10)
        return sum(shares) / len(shares)


def _unit(rows: Vectors) -> Vectors:
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.fixture(scope="module")
def approximate() -> Approximate:
    random = np.random.default_rng(3)
    centres = random.normal(size=(60, WIDE))
    rows = centres[random.integers(0, 60, COUNT)] + random.normal(size=(COUNT, WIDE)) * 0.7
    made = Approximate(FaissIndex([], np.zeros((0, WIDE), np.float32), WIDE), _unit(rows))
    index = FaissIndex.approximate(made.batches, COUNT, WIDE, made.exact)
    return Approximate(index, made.vectors)


def test_the_approximate_index_finds_what_was_promised(approximate: Approximate) -> None:
    index = approximate.index
    assert (index.kind, len(index), index.dimensions) == ("approximate", COUNT, WIDE)
    assert index.recall is not None
    assert index.recall >= 0.985
    assert approximate.recall(index) >= 0.97
    assert index.measure(approximate.batches(), approximate.exact) == pytest.approx(index.recall)
    assert index.keys().tolist() == list(approximate.keys)


def test_a_lower_promise_looks_through_fewer_lists(approximate: Approximate) -> None:
    hasty = FaissIndex.approximate(approximate.batches, COUNT, WIDE, approximate.exact, recall=0.3)
    assert hasty._index.nprobe <= approximate.index._index.nprobe
    assert hasty.recall is not None
    assert hasty.recall >= 0.3


def test_cosines_of_the_approximate_index_are_exact(approximate: Approximate) -> None:
    question = approximate.vectors[5]
    found = approximate.index.search(question, 10, exact=approximate.exact)
    assert found[0][0] == approximate.keys[5]
    for key, cosine in found:
        assert cosine == pytest.approx(float(approximate.exact([key])[key] @ question), abs=1e-6)
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))
    rough = approximate.index.search(question, 10)
    assert [cosine for _, cosine in rough] == pytest.approx([c for _, c in found], abs=0.05)


def test_the_approximate_index_looks_through_all_lists_for_what_is_allowed(
    approximate: Approximate,
) -> None:
    """A filter that leaves passages far from the question must still find them."""
    far = PlainIndex(approximate.keys, approximate.vectors).search(
        approximate.vectors[0], len(approximate.vectors)
    )[-5:]
    allowed = sorted(key for key, _ in far)
    found = approximate.index.search(
        approximate.vectors[0], 10, [*allowed, 99_999_999], approximate.exact
    )
    assert [key for key, _ in found] == [key for key, _ in far]
    assert approximate.index.search(approximate.vectors[0], 10, [], approximate.exact) == []
    assert approximate.index.search(approximate.vectors[0], 0, None, approximate.exact) == []


def test_a_changed_approximate_index_holds_what_it_should(approximate: Approximate) -> None:
    old = approximate.index
    gone = list(approximate.keys[:50])
    new = approximate.vectors[:3]
    changed = old.changed(gone, [([70_001, 70_002, 70_003], new)])
    assert len(changed) == COUNT - 50 + 3
    assert changed.keys().tolist() == [*approximate.keys[50:], 70_001, 70_002, 70_003]
    known = dict(zip([70_001, 70_002, 70_003], new, strict=True))
    found = changed.search(new[1], 3, exact=lambda keys: approximate.exact(keys) | known)
    assert found[0][0] == 70_002
    assert found[0][1] == pytest.approx(1, abs=1e-5)
    # Who asks the old one, inside an older snapshot, finds what was there.
    assert len(old) == COUNT
    assert old.keys().tolist() == list(approximate.keys)
    assert old.search(new[1], 1, exact=approximate.exact)[0][0] == approximate.keys[1]


@pytest.mark.parametrize("kind", ["exact", "approximate"])
def test_what_is_saved_is_what_is_read(approximate: Approximate, kind: str, tmp_path: Path) -> None:
    index = approximate.index
    if kind == "exact":
        index = FaissIndex(approximate.keys, approximate.vectors, WIDE)
    index.save(tmp_path, 4, "state")
    made_from = stamp.read(tmp_path, STAMP)
    assert made_from is not None
    assert (made_from.generation, made_from.count, made_from.kind) == (4, COUNT, kind)
    again = FaissIndex.read(tmp_path, made_from)
    assert (again.kind, again.recall, again.dimensions) == (kind, index.recall, WIDE)
    assert again.keys().tolist() == index.keys().tolist()
    assert approximate.recall(again) == approximate.recall(index)
    question = approximate.vectors[9]
    assert again.search(question, 10) == index.search(question, 10)
    changed = again.changed(list(approximate.keys[:10]), [([90_000], approximate.vectors[9:10])])
    assert changed.keys().tolist() == [*approximate.keys[10:], 90_000]


def test_a_file_that_is_no_index_is_a_runtime_error(
    approximate: Approximate, tmp_path: Path
) -> None:
    approximate.index.save(tmp_path, 4, "state")
    made_from = stamp.read(tmp_path, STAMP)
    assert made_from is not None
    content = (tmp_path / FILE).read_bytes()
    for broken in (b"", b"no index at all", content[:1000], content[: len(content) // 2]):
        (tmp_path / FILE).write_bytes(broken)
        with pytest.raises(RuntimeError):
            FaissIndex.read(tmp_path, made_from)


# -- growing and shrinking ---------------------------------------------------------------------


def test_a_changed_index_leaves_the_old_one_as_it_was(vectors: Vectors) -> None:
    old = FaissIndex(range(40), vectors, 8)
    before = old.search(vectors[3], 40)
    changed = old.changed([3, 4, 5, 999], [([100], vectors[3:4]), ([101, 102], vectors[4:6])])
    assert old.search(vectors[3], 40) == before
    assert old.keys().tolist() == list(range(40))
    kept = [key for key in range(40) if key not in (3, 4, 5)]
    afresh = FaissIndex([*kept, 100, 101, 102], np.concatenate((vectors[kept], vectors[3:6])), 8)
    assert changed.keys().tolist() == afresh.keys().tolist()
    for question in vectors:
        assert changed.search(question, 40) == afresh.search(question, 40)


def test_an_index_may_lose_everything(vectors: Vectors) -> None:
    empty = FaissIndex(range(40), vectors, 8).changed(range(40), [])
    assert (len(empty), empty.keys().tolist(), empty.search(vectors[0], 5)) == (0, [], [])
    again = empty.changed([], [([7], vectors[:1])])
    assert [key for key, _ in again.search(vectors[0], 5)] == [7]


def test_an_index_made_in_batches_is_the_one_made_at_once(vectors: Vectors) -> None:
    batches = [(range(start, start + 7), vectors[start : start + 7]) for start in range(0, 35, 7)]
    pieces = FaissIndex.of(batches, 8)
    whole = FaissIndex(range(35), vectors[:35], 8)
    assert pieces.search(vectors[38], 35) == whole.search(vectors[38], 35)


def test_when_an_index_is_outgrown(
    approximate: Approximate, vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = FaissIndex(range(40), vectors, 8)
    assert exact.kind == "exact"
    assert exact.recall is None
    assert not exact.outgrown(EXACT_UP_TO)
    assert exact.outgrown(EXACT_UP_TO + 1)
    monkeypatch.setattr("rag.library.vectors.EXACT_UP_TO", 5_000)
    assert not approximate.index.outgrown(COUNT)
    assert not approximate.index.outgrown(2_600)
    assert approximate.index.outgrown(2_400)
    assert not approximate.index.outgrown(int(COUNT * 1.9))
    assert approximate.index.outgrown(int(COUNT * 2.1))
