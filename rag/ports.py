"""The seams: what a part must do to stand in for another.

One or two verbs each; everything convenient is built on top. Implementations satisfy the contract
suites in `tests/contract/`.
"""

from __future__ import annotations

from collections import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rag.records import ModelIdentity, Quote, Span, Usage, Verdict

Vector = npt.NDArray[np.float32]
"""Shape (dimensions,), unit length."""

Vectors = npt.NDArray[np.float32]
"""Shape (n, dimensions), each row of unit length."""

Pieces = abc.Generator[str, None, Usage]
"""Pieces of a text as they are written; what it returns at the end is what they took."""


@dataclass(frozen=True, slots=True)
class PassageText:
    """A passage as it is embedded: `context` (title, headings) goes before `text`.

    `spans` are the sentences inside `text`, counted from its beginning.
    """

    context: str
    text: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """Unit vectors: `whole` of shape (dimensions,), `spans` (number of spans, dimensions)."""

    whole: Vector
    spans: Vectors


class Embedder(Protocol):
    """Text to unit vectors. A question gives the same bytes on any number of threads."""

    @property
    def identity(self) -> ModelIdentity: ...

    @property
    def window(self) -> int:
        """Tokens read of one text; what is beyond is not seen."""
        ...

    @property
    def tokenizer(self) -> Any | None:
        """The `tokenizers.Tokenizer` that counts those tokens, None where there is none."""
        ...

    def reads(self, text: str) -> float:
        """Share (0..1) of a text's letters in scripts that the model was made for.

        Vectors of what it cannot read still come out, and say nothing.
        """
        ...

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        """Vectors of passages and of the sentences in them, in the order given."""
        ...

    def embed_question(self, question: str) -> Vector:
        """Vector of one question, always embedded alone."""
        ...

    def embed_sentences(self, sentences: Sequence[str]) -> Vectors:
        """Vectors of free-standing sentences, each embedded alone."""
        ...


class VectorIndex(Protocol):
    """Nearest neighbours by inner product."""

    def search(
        self, vector: Vector, limit: int, allowed: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """At most `limit` pairs of key and cosine, best first, ties by key."""
        ...

    def __len__(self) -> int: ...


class Reranker(Protocol):
    """Reads a question and a passage together, and says how relevant the passage is."""

    @property
    def identity(self) -> str:
        """Name and digest of what decides the scores."""
        ...

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """Relevance of each passage from 0 to 1, in the order given; no passages, no scores.

        A score depends on its own pair alone, not on what else is asked, so that a passage keeps it
        when more candidates are taken. The same pair scores the same each time. What is beyond the
        reranker's window is not seen. Equal scores are possible: order them by something else.
        """
        ...


class Generator(Protocol):
    """Phrases an answer from a quote."""

    @property
    def identity(self) -> str: ...

    def phrase(self, question: str, quote: str, *, max_new_tokens: int) -> Pieces:
        """Pieces of one sentence that answers from `quote` alone; joined they are the sentence.

        The generator function returns its `Usage`: several people may ask at the same time, so a
        count kept beside the model would be of all of them. `tokens_out` of `max_new_tokens` says
        that the text was cut there. Raises `GeneratorFailed` when the model breaks off.
        """
        ...


class SupportScorer(Protocol):
    """Checks a sentence against the quotes it names."""

    def check(self, sentence: str, quotes: Sequence[Quote], question: str) -> Verdict:
        """How far the quotes carry the sentence; deterministic."""
        ...
