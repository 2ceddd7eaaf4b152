"""Sketches tell how much two texts share."""

from __future__ import annotations

import random
import struct

import pytest

from ingest.sketch import HASHES, sketch


def _text(seed: int, count: int = 2_000) -> list[str]:
    return [f"word{number}" for number in random.Random(seed).choices(range(5_000), k=count)]


def _agreement(one: bytes, other: bytes) -> float:
    first, second = (struct.unpack(f"<{HASHES}I", each) for each in (one, other))
    return sum(a == b for a, b in zip(first, second, strict=True)) / HASHES


def _shared(one: list[str], other: list[str]) -> float:
    """The share itself, counted."""
    first, second = (
        {tuple(each[at : at + 5]) for at in range(len(each) - 4)} for each in (one, other)
    )
    return len(first & second) / len(first | second)


@pytest.mark.parametrize("changed", [0, 100, 400, 1_000, 2_000])
def test_sketches_agree_as_much_as_the_texts(changed: int) -> None:
    one = _text(1)
    other = one[: len(one) - changed] + _text(2, changed)
    estimate = _agreement(sketch(" ".join(one)), sketch(" ".join(other)))
    assert estimate == pytest.approx(_shared(one, other), abs=0.12)


def test_case_and_white_space_do_not_count() -> None:
    text = " ".join(_text(1, 50))
    assert sketch(text) == sketch(text.upper().replace(" ", "\n"))


def test_a_text_of_a_few_words_has_no_sketch() -> None:
    assert sketch("word " * 19) == b""
    assert len(sketch("word " * 20)) == HASHES * 4
