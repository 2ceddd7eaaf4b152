"""Two sides of a comparison: what to look for on each, and what two documents say of the same.

Nothing is concluded: the quotes of both sides stand beside each other, and a person sees what
differs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag import dates
from rag.library.folder import Library
from rag.numerals import numbers
from rag.quote import proven
from rag.records import Document, Quote
from rag.summary import candidates

MOST_PAIRS = 3

_NEAREST = 0.45
"""Cosine of two sentences from which on they are of one thing."""

_SAME = 0.9
"""Share of their words at which two sentences say the same, if they have the same figures."""

_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Side:
    """One side: what it is called, the question to look up, and the documents that it names.

    `documents` are () where it names a thing and not documents.
    """

    name: str
    question: str
    documents: tuple[Document, ...] = ()


def sides(
    names: tuple[str, str],
    subject: str,
    documents: tuple[Sequence[Document], Sequence[Document]],
) -> tuple[Side, Side]:
    """Both sides; documents decide only where each side names its own."""
    left, right = ({document.id for document in each} for each in documents)
    decided = bool(left and right and not left & right)
    first, second = (
        Side(name, _question(name, subject), tuple(named) if decided else ())
        for name, named in zip(names, documents, strict=True)
    )
    return first, second


def is_time(name: str) -> bool:
    """Whether a side is a year or another period, and nothing else."""
    rest = re.sub(r"\b(?:the|year|edition|version|report|fiscal|fy)\b|\W", "", name.lower())
    return bool(dates.periods(name)) and rest.isdigit()


def same_things(
    left: tuple[Document, Library], right: tuple[Document, Library]
) -> tuple[tuple[Quote, ...], tuple[Quote, ...]]:
    """Sentences of two documents in pairs: each is the nearest of the other, and not the same.

    At most `MOST_PAIRS`, in the order of the left document: first those with other figures, then
    the nearest. What both have nearly word for word is no difference, and not among them. Call
    inside `reading(libraries)`.
    """
    mine, theirs = candidates(*left), candidates(*right)
    if not len(mine.quotes) or not len(theirs.quotes) or not (mine.ready and theirs.ready):
        return (), ()
    forth = np.zeros(len(mine.quotes), np.int64)
    near = np.zeros(len(mine.quotes), np.float32)
    back = np.zeros(len(theirs.quotes), np.int64)
    best = np.full(len(theirs.quotes), -1.0, np.float32)
    for start in range(0, len(mine.quotes), _AT_ONCE):
        cosines = mine.vectors[start : start + _AT_ONCE] @ theirs.vectors.T
        forth[start : start + _AT_ONCE] = cosines.argmax(axis=1)
        near[start : start + _AT_ONCE] = cosines.max(axis=1)
        better = cosines.max(axis=0) > best
        back[better] = start + cosines.argmax(axis=0)[better]
        best = np.maximum(best, cosines.max(axis=0))
    pairs = [
        (at, int(forth[at]))
        for at in np.lexsort((np.arange(len(near)), -near)).tolist()
        if back[forth[at]] == at and near[at] >= _NEAREST
    ]
    differing = [
        (numbers(mine.quotes[at].text) == numbers(theirs.quotes[other].text), at, other)
        for at, other in pairs
        if _differ(mine.quotes[at], theirs.quotes[other])
    ]
    # Other figures are a difference for sure; sorting keeps the nearest first among equals.
    first = sorted(differing, key=lambda pair: pair[0])[:MOST_PAIRS]
    pairs = sorted((at, other) for _, at, other in first)
    return (
        tuple(proven([mine.quotes[at] for at, _ in pairs], left[1].catalogue)),
        tuple(proven([theirs.quotes[at] for _, at in pairs], right[1].catalogue)),
    )


def _differ(one: Quote, other: Quote) -> bool:
    """Whether two sentences say something different: other figures, or a tenth of other words."""
    if numbers(one.text) != numbers(other.text):
        return True
    left, right = (set(re.findall(r"\w+", each.text.casefold())) for each in (one, other))
    return len(left & right) < _SAME * len(left | right)


def _question(name: str, subject: str) -> str:
    """What is looked up for a side: a whole question, as the limit of evidence was fitted on."""
    if not subject:
        return f"What is {name}?"
    return f"What is the {subject} {'in' if is_time(name) else 'of the'} {name}?"
