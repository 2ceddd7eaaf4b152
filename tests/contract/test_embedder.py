"""What every `Embedder` does, by the real default model and by the stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from rag.ports import Embedder, PassageText
from rag.records import Span
from tests.stand_ins import HashEmbedder

TEXT = "The heron nests in the willow. It eats small fish at dawn."
SPANS = (Span(0, 30), Span(31, 58))


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.models)])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "real":
        real: Embedder = request.getfixturevalue("real_embedder")
        return real
    return HashEmbedder()


def test_vectors_have_unit_length_and_their_shapes(embedder: Embedder) -> None:
    width = embedder.identity.dimensions
    passage = embedder.embed_passages([PassageText("Birds", TEXT, SPANS)])[0]
    assert passage.whole.shape == (width,)
    assert passage.spans.shape == (2, width)
    rows = [
        passage.whole,
        *passage.spans,
        embedder.embed_question("Where does it nest?"),
        *embedder.embed_sentences(["One.", "Another one."]),
    ]
    for row in rows:
        assert row.dtype == np.float32
        assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


def test_order_is_kept_whatever_the_length(embedder: Embedder) -> None:
    texts = [TEXT * 4, "Short.", TEXT, "A little longer than short."]
    together = embedder.embed_passages([PassageText("", text) for text in texts])
    for text, found in zip(texts, together, strict=True):
        alone = embedder.embed_passages([PassageText("", text)])[0]
        assert float(alone.whole @ found.whole) > 0.995


def test_nothing_gives_nothing(embedder: Embedder) -> None:
    assert embedder.embed_passages([]) == []
    assert embedder.embed_sentences([]).shape == (0, embedder.identity.dimensions)
    assert embedder.embed_passages([PassageText("", TEXT)])[0].spans.shape[0] == 0


@pytest.mark.parametrize("text", ["", " ", "?", "🦆", "word " * 5000, "x" * 20_000, "水鳥"])
def test_odd_texts_still_have_a_direction(embedder: Embedder, text: str) -> None:
    assert np.isfinite(embedder.embed_question(text)).all()
    found = embedder.embed_passages([PassageText("", text, (Span(0, len(text)),))])[0]
    assert np.isfinite(found.whole).all()
    assert np.isfinite(found.spans).all()


def test_the_same_question_gives_the_same_bytes(embedder: Embedder) -> None:
    first = embedder.embed_question("Where does the heron nest?").tobytes()
    embedder.embed_passages([PassageText("", TEXT, SPANS)] * 3)
    assert embedder.embed_question("Where does the heron nest?").tobytes() == first


def test_the_identity_stays(embedder: Embedder) -> None:
    before = embedder.identity
    embedder.embed_question("Where does the heron nest?")
    assert embedder.identity == before
    assert before.comparable(embedder.identity)
    assert (len(before.digest), int(before.digest, 16) > 0) == (64, True)
    assert before.dimensions == len(embedder.embed_question("Where?"))
    assert embedder.window > 0


def test_each_sentence_is_embedded_alone(embedder: Embedder) -> None:
    texts = ["One.", TEXT, "Interest rates rose by a quarter point."]
    rows = embedder.embed_sentences(texts)
    for text, row in zip(texts, rows, strict=True):
        assert embedder.embed_sentences([text])[0].tobytes() == row.tobytes()


def test_near_texts_are_nearer(embedder: Embedder) -> None:
    question = embedder.embed_question("Where does the heron nest?")
    near, far = embedder.embed_sentences([TEXT, "Interest rates rose by a quarter point."])
    assert question @ near > question @ far


@pytest.fixture
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.models
def test_threads_do_not_move_a_question(real_embedder: Embedder, one_thread: None) -> None:
    import torch

    alone = real_embedder.embed_question("Where does the heron nest?").tobytes()
    torch.set_num_threads(2)
    assert real_embedder.embed_question("Where does the heron nest?").tobytes() == alone


@pytest.mark.models
def test_batch_size_hardly_moves_a_score(real_embedder: Embedder) -> None:
    from rag.models.embedder import SentenceTransformerEmbedder

    texts = [PassageText("Birds", TEXT * n, SPANS) for n in range(1, 9)]
    question = real_embedder.embed_question("Where does the heron nest?")
    one_by_one = SentenceTransformerEmbedder(batch_size=1).embed_passages(texts)
    together = real_embedder.embed_passages(texts)
    for one, other in zip(one_by_one, together, strict=True):
        assert abs(float((one.whole - other.whole) @ question)) < 0.005
        assert np.abs((one.spans - other.spans) @ question).max() < 0.005
