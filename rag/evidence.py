"""Enough? The probability that the quotes hold an answer, from features that can be read.

A logistic regression over two features; `benchmarks/fit_evidence.py` fits the weights in
`evidence.json` and says on what and with which result. Five features (passage and sentence cosine,
word covers, gap) fit their own set no better and others worse: AUROC .885 instead of .918 on XQuAD
with the answering document taken away. The default threshold, 0.25, is where 1 in 20 answerable
questions of the set it was fitted on is refused.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from importlib.resources import files

from rag.records import Passage, Quote

FEATURES = ("sentence_score", "passage_gap")


def features(passages: Sequence[Passage], quotes: Sequence[Quote]) -> tuple[float, ...]:
    """The features by name of `FEATURES`, each 0..1.

    The score of the best sentence, and by how much the best passage is nearer to the question than
    the second.
    """
    if not passages or not quotes:
        return (0.0,) * len(FEATURES)
    meanings = sorted((passage.meaning for passage in passages), reverse=True)
    gap = meanings[0] - meanings[1] if len(meanings) > 1 else 0.0
    return max(quote.score for quote in quotes), gap


def probability(passages: Sequence[Passage], quotes: Sequence[Quote]) -> float:
    """Estimated probability (0..1) that the quotes hold an answer; 0 where there are none."""
    if not quotes:
        return 0.0
    weights, intercept = _weights()
    total = intercept + sum(
        weight * value for weight, value in zip(weights, features(passages, quotes), strict=True)
    )
    return 1 / (1 + math.exp(-total))


@functools.cache
def _weights() -> tuple[tuple[float, ...], float]:
    fitted = json.loads(files("rag").joinpath("evidence.json").read_text(encoding="utf-8"))
    return tuple(fitted["weights"][name] for name in FEATURES), fitted["intercept"]
