"""Small deterministic parts that satisfy the same contract suites as the real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from rag.ports import PassageText, PassageVectors, Pieces, Vector, Vectors
from rag.records import ModelIdentity, Quote, Usage, Verdict
from rag.text import content_stems


class HashEmbedder:
    """A bag of stems, each at the place its hash gives it: texts that share words are near."""

    def __init__(self, dimensions: int = 64, *, name: str = "hash", window: int = 256) -> None:
        self.window = window
        self.tokenizer = None
        self.identity = ModelIdentity(
            name, hashlib.sha256(name.encode()).hexdigest(), dimensions, "sum", "float32"
        )

    def reads(self, text: str) -> float:
        return 1.0

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        return [
            PassageVectors(
                self._vector(f"{passage.context}\n{passage.text}"),
                self._rows([passage.text[span.start : span.end] for span in passage.spans]),
            )
            for passage in passages
        ]

    def embed_question(self, question: str) -> Vector:
        return self._vector(question)

    def embed_sentences(self, sentences: Sequence[str]) -> Vectors:
        return self._rows(sentences)

    def _rows(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.identity.dimensions), dtype=np.float32)
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> Vector:
        vector = np.zeros(self.identity.dimensions, dtype=np.float32)
        for stem in content_stems(text):
            digest = hashlib.sha256(stem.encode()).digest()
            vector[int.from_bytes(digest[:4], "big") % self.identity.dimensions] += 1
        # A text without words still has a direction.
        vector[0] += 1e-3
        unit: Vector = vector / np.linalg.norm(vector)
        return unit


class OverlapReranker:
    """The share of the question's stems that stand in the passage."""

    identity = "overlap"

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        asked = set(content_stems(question))
        return [
            len(asked & set(content_stems(passage))) / len(asked) if asked else 0.0
            for passage in passages
        ]


class EchoGenerator:
    """Says the quote again, or whatever it was told to say, piece by piece."""

    def __init__(self, says: str | None = None, *, breaks: Exception | None = None) -> None:
        self.identity = "echo"
        self._says = says
        self._breaks = breaks
        self.asked: list[tuple[str, str]] = []

    def phrase(self, question: str, quote: str, *, max_new_tokens: int) -> Pieces:
        self.asked.append((question, quote))
        if self._breaks:
            raise self._breaks
        words = (quote if self._says is None else self._says).split()[:max_new_tokens]
        for word in words:
            yield f"{word} "
        return Usage(len(f"{question} {quote}".split()), len(words))


class WordScorer:
    """Passes a sentence whose every stem stands in its quotes."""

    def check(self, sentence: str, quotes: Sequence[Quote], question: str) -> Verdict:
        there = {stem for quote in quotes for stem in content_stems(quote.text)}
        missing = sorted(set(content_stems(sentence)) - there)
        if not content_stems(sentence) or missing:
            return Verdict(0.0, (f"not in the quote: {missing}",))
        return Verdict(1.0)


class BrokenScorer:
    """A scorer that cannot check."""

    def check(self, sentence: str, quotes: Sequence[Quote], question: str) -> Verdict:
        raise RuntimeError("the scorer broke")
