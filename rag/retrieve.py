"""Question to passages: words and meaning, fused by their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag import guard
from rag.errors import DocumentUnknown, QuestionError
from rag.library.catalogue import StoredChunk
from rag.library.folder import Library, unknown
from rag.ports import Embedder, Vector
from rag.records import Passage
from rag.text import content_words

LONGEST_QUESTION = 10_000
"""Characters. A longer "question" is a document; it belongs into the library."""

CANDIDATES = 100
"""Passages taken from each leg before they are fused."""

MEANING_SHARE = 0.7
"""Weight of the cosine in the fused score, the rest is BM25 over the best BM25 of the question.

Scores, not ranks, are fused: rank fusion can lose to its better leg. Measured by
`benchmarks/retrieval.py`: nDCG@10 of the whole range is printed there.
"""

_MOST_TERMS = 64


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Passages, best first, the stored chunks behind them, and the question's vector."""

    passages: tuple[Passage, ...]
    chunks: Mapping[str, StoredChunk]
    question_vector: Vector


def check_question(question: str) -> str:
    """The question without white space around it. Raises `QuestionError`."""
    text = question.strip()
    if not text:
        raise QuestionError("The question is empty. Write what you want to know.")
    if len(text) > LONGEST_QUESTION:
        raise QuestionError(
            f"The question has {len(text):,} characters; at most {LONGEST_QUESTION:,} are read. "
            "Shorten it, or load the text as a document and ask about it."
        )
    return text


def retrieve(
    question: str,
    library: Library,
    embedder: Embedder,
    *,
    limit: int = 10,
    documents: Sequence[str] | None = None,
) -> Retrieved:
    """The `limit` best passages; only from `documents` (names) where these are given.

    Call inside `library.catalogue.reading()`. Raises `QuestionError`, `DocumentUnknown`.
    """
    question = check_question(question)
    catalogue = library.catalogue
    allowed = None if documents is None else _keys(library, documents)
    vector = embedder.embed_question(question)
    wanted = max(CANDIDATES, limit)
    words = dict(catalogue.search_words(_query(question), wanted, allowed))
    meaning = dict(library.index().search(vector, wanted, allowed))
    missing = [key for key in words if key not in meaning]
    for key, chunk_vector in catalogue.vectors_of(missing).items():
        meaning[key] = float(chunk_vector @ vector)
    best = max(words.values(), default=0.0)
    scores = {
        key: (words.get(key, 0.0) / best if best > 0 else 0.0, max(meaning.get(key, 0.0), 0.0))
        for key in {*words, *meaning}
    }
    fused = {key: fuse(*parts) for key, parts in scores.items()}
    first = sorted(fused, key=lambda key: -fused[key])[: limit + CANDIDATES // 2]
    stored = catalogue.chunks(first)
    # Ties are broken by id, so that the order does not depend on the order of loading.
    order = sorted(first, key=lambda key: (-fused[key], stored[key].chunk.id))[:limit]
    passages = tuple(
        Passage(
            document=stored[key].document,
            chunk=stored[key].chunk,
            rank=rank,
            score=fused[key],
            words=scores[key][0],
            meaning=scores[key][1],
            flags=guard.flags(stored[key].chunk.text),
        )
        for rank, key in enumerate(order, start=1)
    )
    return Retrieved(passages, {stored[key].chunk.id: stored[key] for key in order}, vector)


def fuse(words: float, meaning: float) -> float:
    """One score from both legs, each 0..1."""
    return float(np.float64(MEANING_SHARE * meaning + (1 - MEANING_SHARE) * words))


def _query(question: str) -> str:
    """A full-text query that holds the question's words and none of its operators."""
    terms = list(dict.fromkeys(content_words(question)))[:_MOST_TERMS]
    return " OR ".join(f'"{term}"' for term in terms) or '""'


def _keys(library: Library, names: Sequence[str]) -> list[int]:
    ids = []
    for name in names:
        document = library.catalogue.document(name)
        if document is None:
            raise DocumentUnknown(unknown(library, name))
        ids.append(document.id)
    return library.catalogue.chunk_keys(ids)
