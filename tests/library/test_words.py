"""The words index: BM25 by its formula, however the index came about."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.library import stamp
from rag.library.words import FILE, K1, STAMP, B, WordIndex, idf

TEXTS = {
    3: "heron nest willow weir",
    5: "heron heron heron fish",
    8: "ferry estuary twice day",
    13: "",
    21: "willow " * 300,
    34: "heron ferry",
}

passages = st.dictionaries(
    st.integers(0, 200),
    st.lists(st.sampled_from("a b c d e f gg 1577 東".split()), max_size=12).map(" ".join),
    max_size=25,
)


def _index(texts: Mapping[int, str]) -> WordIndex:
    return WordIndex.of(sorted(texts.items()))


def _plain(texts: Mapping[int, str], terms: list[str]) -> dict[int, float]:
    """Robertson and Zaragoza's formula with Lucene's inverse document frequency, as written."""
    counted = {key: Counter(text.split()) for key, text in texts.items()}
    mean = sum(map(Counter.total, counted.values())) / max(1, len(counted))
    scores = dict.fromkeys(texts, 0.0)
    for term in terms:
        having = sum(1 for each in counted.values() if each[term])
        rarity = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        for key, each in counted.items():
            tf = min(each[term], 255)
            if tf:
                norm = K1 * (1 - B + B * each.total() / mean)
                scores[key] += rarity * tf * (K1 + 1) / (tf + norm)
    return scores


def _same(one: WordIndex, other: WordIndex) -> bool:
    """Bit for bit, also what only shows in scores."""
    terms = [*"abcdef", "gg", "1577", "東", "nowhere"]
    assert one.keys.tolist() == other.keys.tolist()
    assert [one.frequency(term) for term in terms] == [other.frequency(term) for term in terms]
    assert one.bound(terms) == other.bound(terms)
    for asked in (terms, *([term] for term in terms)):
        assert one.scores(asked).tobytes() == other.scores(asked).tobytes()
    for term in terms:
        assert one.having(term).tolist() == other.having(term).tolist()
    return True


# -- scores ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "terms", [["heron"], ["heron", "willow", "ferry"], ["nowhere"], [], ["heron", "heron"]]
)
def test_scores_follow_the_formula(terms: list[str]) -> None:
    index = _index(TEXTS)
    found = dict(zip(index.keys.tolist(), index.scores(terms).tolist(), strict=True))
    assert found == pytest.approx(_plain(TEXTS, terms), rel=1e-5)


@given(passages, st.lists(st.sampled_from("a b gg 東 nowhere".split()), max_size=5))
def test_scores_follow_the_formula_for_any_passages(
    texts: dict[int, str], asked: list[str]
) -> None:
    index = _index(texts)
    scores = index.scores(asked)
    found = dict(zip(index.keys.tolist(), scores.tolist(), strict=True))
    assert found == pytest.approx(_plain(texts, asked), rel=1e-5)
    assert all(score <= index.bound(asked) * (1 + 1e-6) for score in found.values())


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    assert idf(100, 1) > idf(100, 50) > idf(100, 100) > 0


def test_frequency_and_rows() -> None:
    index = _index(TEXTS)
    assert len(index) == 6
    assert index.frequency("heron") == 3
    assert index.frequency("nowhere") == 0
    assert index.keys[index.having("heron")].tolist() == [3, 5, 34]
    assert index.rows([5, 6, 8, 1_000]).tolist() == [1, 2]
    assert index.rows([]).tolist() == []


# -- the best ----------------------------------------------------------------------------------


def test_ties_go_by_key_and_all_that_tie_at_the_cut_are_given() -> None:
    index = _index(dict.fromkeys(range(10, 40), "heron nest") | {99: "heron heron", 100: "x y"})
    scores = index.scores(["heron"])
    first, *tied = index.best(scores, 2)
    assert first[0] == 99
    assert [key for key, _ in tied] == list(range(10, 40))
    assert len({score for _, score in tied}) == 1
    assert [key for key, _ in index.best(scores, 1)] == [99]


def test_only_what_is_allowed_and_only_what_has_a_word() -> None:
    index = _index(TEXTS)
    scores = index.scores(["heron"])
    assert [key for key, _ in index.best(scores, 9)] == [5, 34, 3]
    assert [key for key, _ in index.best(scores, 9, [3, 8, 1_000])] == [3]
    assert index.best(scores, 9, []) == []
    assert index.best(index.scores(["nowhere"]), 9) == []


def test_an_empty_index() -> None:
    index = WordIndex.of([])
    assert (len(index), index.bound(["a"]) >= 0, index.frequency("a")) == (0, True, 0)
    assert index.best(index.scores(["a"]), 5) == []
    assert index.best(index.scores(["a"]), 5, [1, 2]) == []
    assert len(index.changed([1], [])) == 0
    assert _same(index.changed([], [(4, "a b")]), _index({4: "a b"}))


# -- growing and shrinking ---------------------------------------------------------------------


@given(passages, passages, st.sets(st.integers(0, 200)))
def test_an_index_that_changed_is_the_one_built_afresh(
    before: dict[int, str], more: dict[int, str], gone: set[int]
) -> None:
    new = {key + 1_000: text for key, text in more.items()}
    old = _index(before)
    untouched = old.scores(["a", "b"]).tobytes()
    changed = old.changed(sorted(gone), sorted(new.items()))
    kept = {key: text for key, text in before.items() if key not in gone}
    assert _same(changed, _index(kept | new))
    assert old.scores(["a", "b"]).tobytes() == untouched


@given(st.lists(st.tuples(passages, st.sets(st.integers(0, 9_999))), max_size=5))
def test_many_changes_leave_no_trace(steps: list[tuple[dict[int, str], set[int]]]) -> None:
    index, texts = WordIndex.of([]), dict[int, str]()
    for number, (more, gone) in enumerate(steps):
        new = {number * 1_000 + key: text for key, text in more.items()}
        index = index.changed(sorted(gone), sorted(new.items()))
        texts = {key: text for key, text in texts.items() if key not in gone} | new
    assert _same(index, _index(texts))


# -- on disk -----------------------------------------------------------------------------------


@given(texts=passages)
def test_what_is_saved_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[int, str]
) -> None:
    folder = tmp_path_factory.mktemp("words")
    index = _index(texts)
    index.save(folder, 7, "state")
    read = WordIndex.read(folder)
    assert _same(read, index)
    found = stamp.read(folder, STAMP)
    assert found is not None
    assert (found.generation, found.state, found.count) == (7, "state", len(texts))
    # A mapped index changes like one in memory.
    assert _same(read.changed([3], [(5_000, "a")]), index.changed([3], [(5_000, "a")]))


def _saved(folder: Path) -> bytes:
    _index(TEXTS).save(folder, 1, "state")
    return (folder / FILE).read_bytes()


def test_a_file_cut_off_anywhere_is_an_error_and_no_crash(tmp_path: Path) -> None:
    content = _saved(tmp_path)
    for size in [*range(0, len(content), 13), *range(len(content) - 20, len(content))]:
        (tmp_path / FILE).write_bytes(content[:size])
        with pytest.raises((ValueError, OSError)):
            WordIndex.read(tmp_path)


@given(st.data())
def test_a_file_with_other_bytes_is_an_error_and_no_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("words")
    content = bytearray(_saved(folder))
    starts = [at for at in range(len(content)) if content[at : at + 6] == b"\x93NUMPY"]
    header = data.draw(st.sampled_from(starts))
    for _ in range(data.draw(st.integers(1, 4))):
        content[header + data.draw(st.integers(0, 127))] = data.draw(st.integers(0, 255))
    (folder / FILE).write_bytes(content)
    try:
        read = WordIndex.read(folder)
    except (ValueError, OSError):
        return
    # What can still be read has the right kinds of numbers, and can be asked.
    assert read.keys.dtype == np.int64
    assert len(read.scores(["heron"])) == len(read)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x00" * 4096])
def test_another_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises((ValueError, OSError)):
        WordIndex.read(tmp_path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=FILE):
        WordIndex.read(tmp_path)


def test_an_array_of_objects_is_not_read(tmp_path: Path) -> None:
    """Objects would be pickles, or addresses taken from the file."""
    with (tmp_path / FILE).open("wb") as file:
        for _ in range(6):
            np.save(file, np.asarray([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r".+"):
        WordIndex.read(tmp_path)
