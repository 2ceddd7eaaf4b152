"""An embedder that embeds no question and no sentence twice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from rag.ports import Embedder, PassageText, PassageVectors, Vector, Vectors
from rag.records import ModelIdentity


class Remembering:
    """Another embedder with a memory: the same questions are asked again and again here."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._question = cache(embedder.embed_question)
        self._sentence = cache(lambda text: embedder.embed_sentences([text])[0])

    @property
    def identity(self) -> ModelIdentity:
        return self._embedder.identity

    @property
    def window(self) -> int:
        return self._embedder.window

    @property
    def tokenizer(self) -> Any | None:
        return self._embedder.tokenizer

    def reads(self, text: str) -> float:
        return self._embedder.reads(text)

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        return self._embedder.embed_passages(passages)

    def embed_question(self, question: str) -> Vector:
        return self._question(question)

    def embed_sentences(self, sentences: Sequence[str]) -> Vectors:
        if not sentences:
            return self._embedder.embed_sentences(())
        return np.stack([self._sentence(each) for each in sentences])
