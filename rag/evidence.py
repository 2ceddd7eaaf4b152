"""Enough? The probability that the quotes hold an answer, from features that can be read.

A logistic regression over plain features. Its weights stand in `evidence.json`; they were fitted by
`benchmarks/fit_evidence.py`, which says on what and with which result.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from importlib.resources import files

from rag.quote import Considered
from rag.records import Passage

FEATURES = (
    "passage_meaning",
    "passage_gap",
    "sentence_meaning",
    "sentence_cover",
    "quotes_cover",
)


def features(passages: Sequence[Passage], considered: Considered) -> tuple[float, ...]:
    """The features by name of `FEATURES`, each 0..1."""
    if not passages or not considered.quotes:
        return (0.0,) * len(FEATURES)
    meanings = sorted((passage.meaning for passage in passages), reverse=True)
    gap = meanings[0] - meanings[1] if len(meanings) > 1 else 0.0
    return (
        meanings[0],
        gap,
        considered.meaning,
        considered.cover,
        considered.union_cover,
    )


def probability(passages: Sequence[Passage], considered: Considered) -> float:
    """Estimated probability (0..1) that the quotes hold an answer; 0 where there are none."""
    if not considered.quotes:
        return 0.0
    weights, intercept = _weights()
    total = intercept + sum(
        weight * value
        for weight, value in zip(weights, features(passages, considered), strict=True)
    )
    return 1 / (1 + math.exp(-total))


@functools.cache
def _weights() -> tuple[tuple[float, ...], float]:
    fitted = json.loads(files("rag").joinpath("evidence.json").read_text(encoding="utf-8"))
    return tuple(fitted["weights"][name] for name in FEATURES), fitted["intercept"]
