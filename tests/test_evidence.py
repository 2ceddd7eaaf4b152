"""Are the quotes enough? What the probability rises and falls with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag import evidence, quote
from rag.library.folder import Library
from rag.ports import Embedder
from rag.quote import Shares
from rag.retrieve import Retrieved, reading, retrieve
from tests.conftest import LoadTexts
from tests.stand_ins import HashEmbedder

GPT = "How many parameters does GPT-3 have?"


@pytest.fixture(scope="module")
def samples(sample_library: Path) -> Iterator[Library]:
    library = Library.open(sample_library)
    yield library
    library.close()


def _found(question: str, library: Library, embedder: Embedder) -> Retrieved:
    with reading([library]):
        return retrieve(question, [library], embedder)


@pytest.mark.models
def test_an_answer_is_told_from_none(samples: Library, real_embedder: Embedder) -> None:
    found = _found(GPT, samples, real_embedder)
    there = evidence.probability(found, quote.select(found, real_embedder))
    without = quote.select(found, real_embedder, without=lambda one: "175" in one.text)
    gone = evidence.probability(found, without)
    found = _found("What did the mayor of Lisbon have for breakfast?", samples, real_embedder)
    nowhere = evidence.probability(found, quote.select(found, real_embedder))
    assert nowhere < 0.2 < 0.6 < there
    assert gone < there


@pytest.mark.models
def test_features_stay_within_their_ranges(samples: Library, real_embedder: Embedder) -> None:
    for question in (GPT, "Who?", "?!", "什么是令牌", "a" * 500):
        found = _found(question, samples, real_embedder)
        values = evidence.features(found, quote.select(found, real_embedder))
        assert len(values) == len(evidence.FEATURES)
        assert all(0 <= value <= 1 for value in values)


def test_without_quotes_there_is_no_evidence(load_texts: LoadTexts) -> None:
    library = load_texts({"birds.txt": "The heron nests in the willow by the weir."})
    found = _found("Where does the heron nest?", library, HashEmbedder())
    assert evidence.probability(found, ()) == 0


def test_a_sentence_that_offers_nothing_of_the_kind_asked_for_comes_later(
    load_texts: LoadTexts,
) -> None:
    library = load_texts(
        {
            "mill.txt": "The mill on the brook burned down in the night and was lost. "
            "The mill on the brook burned down in 1911 and was lost."
        }
    )
    embedder = HashEmbedder()
    found = _found("When did the mill on the brook burn down?", library, embedder)
    (best,) = quote.select(found, embedder, most=1)
    assert "1911" in best.text
    alike = quote.select(found, embedder, most=1, shares=replace(Shares(), lacks=0.0))
    assert "night" in alike[0].text
