"""One document in a few of its own sentences, chosen so that together they cover all of it.

No model writes anything. The sentences maximise what Lin and Bilmes ("A Class of Submodular
Functions for Document Summarization", ACL 2011) call coverage and diversity:

    F(S) = sum over passages p of w(p) * max over s in S of cos(p, s)
           + DIVERSITY * sum over sections k of sqrt(size(k) * sum over s in S and k of r(s))

where r(s) is the sum of w(p) cos(p, s) over all passages, more for the first sentence of a section,
and size(k) the share of the passages in a section. Every passage of the document counts in
the first sum, and the root rewards a section that nothing was taken from yet. Chosen greedily,
which for such a function reaches at least 63 % of the best (Nemhauser, Wolsey and Fisher, 1978).
The weight w(p) is ours: how far a passage points where this document differs from the rest of the
library. For the same reason a sentence is left out whose words three other documents hold in one
passage each: what all filings say of themselves does not stand for one of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.library.folder import Library
from rag.ports import Vector, Vectors
from rag.quote import of_sentence, proven
from rag.records import Document, Quote
from rag.terms import terms

FEWEST, MOST = 5, 8
"""Sentences of a summary, by the length of the document."""

ROOM = 1_800
"""Characters of a summary."""

DIVERSITY = 0.5
"""Weight of the sections against the passages, both sums taken as means: 0 would choose by meaning
alone, and take three of five sentences from one section of the sample documents."""

FIRST = 1.5
"""What the first sentence of a section counts more: it often says what the section is about."""

_OTHERS = 3  # documents that hold a sentence's words, from which on it is common
_MOST_TRIED = 100  # sentences that are looked up in the rest of the library
_LONG = 60  # passages from which on a document gets a sentence more for each doubling
_SHORTEST_WORDS, _LONGEST = 6, 400  # words; characters
_PARTS = 6  # stretches that a document without headings is taken for
_LEAST = 0.01  # what a sentence without a vector counts, so that sections still decide
_SAMPLE = 2_000  # passages that stand for the rest of a library
_FEWEST_OTHERS = 20
_AT_ONCE = 512  # sentences compared with all passages at once

_UNEXPLAINED = frozenset(
    """it its they their them this that these those he she his her such however therefore thus
    also but and or so then otherwise""".split()
)
"""Words that a sentence begins with which says something only after the one before it."""

# Sentences that only say where something stands, and notes to a table.
_POINTS_AWAY = re.compile(
    r"^\W*\(?\w\)|^\d|\b(?:see|refer to|read in conjunction|incorporated (?:herein )?by reference"
    r"|set forth in|included in item|appears? (?:on page|in item)|table of contents)\b",
    re.IGNORECASE,
)

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The sentences of a document that may be quoted, in reading order.

    `vectors` has shape (n, dimensions), a row of zeros where there is none yet; `passages` shape
    (passages, dimensions). `sections` numbers the section of each sentence, from 0; `sizes`
    (sections,) are their shares of the passages, `first` marks the first sentence of each.
    `weights` (passages,) add up to 1. `ready` is False while vectors are missing.
    """

    quotes: tuple[Quote, ...]
    vectors: Vectors
    passages: Vectors
    sections: tuple[int, ...]
    sizes: Scores
    first: tuple[bool, ...]
    weights: Scores
    ready: bool


def summary(
    document: Document, library: Library, *, most: int = MOST, room: int = ROOM
) -> tuple[Quote, ...]:
    """The sentences that cover the document best, in reading order, each proven.

    () where it holds no text. Call inside `reading(libraries)`.
    """
    found = candidates(document, library)
    count = min(most, _count(len(found.passages)), math.ceil(len(found.quotes) / 2))
    chosen = choose(found, count, room, lambda quote: _common(quote, library))
    return tuple(proven([found.quotes[at] for at in sorted(chosen)], library.catalogue))


def candidates(document: Document, library: Library) -> Candidates:
    """All sentences of a document that read as one; every sentence where none does."""
    stored = library.catalogue.chunks(library.indexes().owners.keys_of(document.id))
    chunks = [stored[key] for key in sorted(stored)]
    held = library.catalogue.vectors_of([each.key for each in chunks])
    width = len(next(iter(held.values()), np.zeros(1)))
    depth = _depth([each.chunk.headings for each in chunks])
    names: dict[object, int] = {}
    sizes: list[int] = []
    quotes, rows, sections = [], [], []
    for number, each in enumerate(chunks):
        part: object = number * _PARTS // len(chunks)
        if depth:
            part = each.chunk.headings[:depth]
        section = names.setdefault(part, len(names))
        sizes += [0] * (len(names) - len(sizes))
        sizes[section] += 1
        for at in range(len(each.sentences)):
            quotes.append(of_sentence(each, document, at))
            vectors = each.sentence_vectors
            rows.append(np.zeros(width, np.float32) if vectors is None else vectors[at])
            sections.append(section)
    kept = [at for at, quote in enumerate(quotes) if _reads(quote)] or list(range(len(quotes)))
    firsts = {sections[at]: at for at in reversed(kept)}
    return Candidates(
        tuple(quotes[at] for at in kept),
        np.stack([rows[at] for at in kept]) if kept else np.zeros((0, width), np.float32),
        np.stack([held[key] for key in sorted(held)]) if held else np.zeros((0, width), np.float32),
        tuple(sections[at] for at in kept),
        np.asarray([size / len(chunks) for size in sizes], np.float32),
        tuple(firsts.get(sections[at]) == at for at in kept),
        _weights(held, library),
        len(held) == len(chunks),
    )


def choose(found: Candidates, count: int, room: int, common: Callable[[Quote], bool]) -> list[int]:
    """Places of at most `count` sentences, `room` characters together, best first.

    None for which `common` is true, where there are others.
    """
    cosines = _cosines(found)
    worth = np.maximum(cosines @ found.weights, _LEAST) * np.where(found.first, FIRST, 1.0)
    sizes = found.sizes[list(found.sections)] if found.sections else found.sizes
    lengths = np.asarray([len(quote.text) for quote in found.quotes])
    sections = np.asarray(found.sections, np.int64)
    covered: Scores = np.zeros(cosines.shape[1], np.float32)
    taken = np.zeros(int(sections.max(initial=-1)) + 1)
    chosen: list[int] = []
    said: set[str] = set()
    tried = 0
    while len(chosen) < count:
        gain = _gains(cosines, covered, found.weights)
        before = taken[sections]
        gain += DIVERSITY * np.sqrt(sizes) * (np.sqrt(before + worth) - np.sqrt(before))
        gain[lengths > room] = -1
        gain[chosen] = -1
        # Ties by place: the first of the document.
        best = int(np.argmax(gain))
        if gain[best] < 0:
            break
        text = " ".join(found.quotes[best].text.casefold().split())
        if text in said or (tried < _MOST_TRIED and common(found.quotes[best])):
            tried += 1
            lengths[best] = room + 1
            continue
        said.add(text)
        chosen.append(best)
        room -= int(lengths[best])
        covered = np.maximum(covered, cosines[best])
        taken[sections[best]] += worth[best]
    return chosen


def _cosines(found: Candidates) -> Scores:
    """Of every sentence with every passage, shape (sentences, passages), 0..1."""
    made: Scores = np.empty((len(found.quotes), len(found.passages)), np.float32)
    for start in range(0, len(made), _AT_ONCE):
        made[start : start + _AT_ONCE] = (
            found.vectors[start : start + _AT_ONCE] @ found.passages.T
        ).clip(0, 1)
    return made


def _gains(cosines: Scores, covered: Scores, weights: Scores) -> npt.NDArray[np.float64]:
    """How much better each sentence would have the passages covered, as a mean over them."""
    found = np.zeros(len(cosines))
    for start in range(0, len(cosines), _AT_ONCE):
        part = cosines[start : start + _AT_ONCE]
        found[start : start + _AT_ONCE] = np.maximum(part - covered, 0) @ weights
    return found


def _weights(held: Mapping[int, Vector], library: Library) -> Scores:
    """What each passage counts, shape (passages,), adding up to 1, in order of their keys."""
    if not held:
        return np.zeros(0, np.float32)
    own = np.stack([held[key] for key in sorted(held)])
    keys = library.indexes().words.keys
    others = keys[:: max(1, len(keys) // _SAMPLE)]
    rest = library.catalogue.vectors_of([key for key in others.tolist() if key not in held])
    weights = np.ones(len(own), np.float32)
    if len(rest) >= _FEWEST_OTHERS:
        away = own.mean(axis=0) - np.mean([rest[key] for key in sorted(rest)], axis=0)
        length = float(np.linalg.norm(away))
        if length > 0:
            weights = np.maximum(own @ (away / length), 0.05).astype(np.float32)
    shares: Scores = weights / weights.sum()
    return shares


def _common(quote: Quote, library: Library) -> bool:
    """Whether other documents say the same: each holds all of its words in one passage."""
    indexes = library.indexes()
    rows: npt.NDArray[np.int32] | None = None
    held = [
        indexes.words.having(term) for term in {*terms(quote.text, library.catalogue.languages())}
    ]
    for here in sorted(held, key=len):
        rows = here if rows is None else np.intersect1d(rows, here, assume_unique=True)
    owners = set() if rows is None else set(indexes.owners.documents_of(rows.astype(np.int64)))
    return len(owners - {quote.document.id}) >= _OTHERS


def _count(passages: int) -> int:
    """More sentences for longer documents."""
    return FEWEST + max(0, round(math.log2(max(passages, 1) / _LONG)))


def _depth(paths: Sequence[Sequence[str]]) -> int:
    """How many headings of a path name a section: as few as tell two apart; 0 without headings."""
    for depth in range(1, max(map(len, paths), default=0) + 1):
        if len({tuple(path[:depth]) for path in paths}) > 2:
            return depth
    return 0


def _reads(quote: Quote) -> bool:
    """Whether it is a plain statement: no heading, no row of a table, no question, no order."""
    text = quote.text.strip()
    words = text.split()
    letters = sum(map(str.isalpha, text))
    return (
        not quote.columns
        and not quote.flags
        and len(text) <= _LONGEST
        and (len(words) >= _SHORTEST_WORDS or not text.isascii())
        and text.rstrip("\"'”’)").endswith((".", "!", "。", "।", "؟", "！"))
        and letters >= 0.6 * len(text)
        and not text[0].islower()
        and words[0].strip("\"'“‘").casefold() not in _UNEXPLAINED
        and not _POINTS_AWAY.search(text)
    )
