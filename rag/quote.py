"""Passages to quotes: the sentences that answer a question best, exactly as they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag import guard
from rag.asked import Asked, asked
from rag.candidates import lacks
from rag.library.catalogue import Catalogue, StoredChunk
from rag.ports import Embedder, Vector
from rag.records import Document, Page, Passage, Quote
from rag.retrieve import Retrieved
from rag.terms import terms

MOST_QUOTES = 3
MOST_CHARACTERS = 600
"""All quotes of an answer together."""

PASSAGES = 5
"""How many of the best passages are cut to sentences."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What a sentence's score (0..1) is made of; the first three add up to 1.

    `meaning` weighs the cosine of sentence and question (0..1), `cover` the share of the question's
    words in the sentence, `passage` the score of the passage. `lacks` is taken off where the
    question plainly asks for a date, an amount, a name or a place, and the sentence has none to
    offer: of QED's gold sentences 90 % instead of 88 % then stand among three quotes.
    `benchmarks/quotes.py --sweep` prints how often the answer is quoted for a grid of shares.
    """

    meaning: float = 0.50
    cover: float = 0.10
    passage: float = 0.40
    lacks: float = 0.06

    def without_meaning(self, share: float) -> Shares:
        """The shares where that much (0..1) of the meaning's weight goes to the words."""
        moved = self.meaning * share
        return replace(self, meaning=self.meaning - moved, cover=self.cover + moved)


ALONE = 6
"""How many of the best sentences are embedded by themselves as well.

A sentence's stored vector is pooled from the passage's tokens. That gives it the passage's subject,
and smears it where the passage speaks of several things: "McKinsey's 2025 survey, which had nearly
2,000 participants" stands at .41 to a question about just that, and alone at .73. The higher of the
two counts; of XQuAD's questions 10 % instead of 13 % are then wrongly refused.
"""

_FEWEST_WORDS = 4
"""Shorter "sentences" are headings and fragments: quoted only where nothing else is there."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    quote: Quote
    meaning: float
    terms: frozenset[str]
    plain: bool


def select(
    found_for: Retrieved,
    embedder: Embedder,
    *,
    passages: Sequence[Passage] | None = None,
    shares: Shares = Shares(),
    most: int = MOST_QUOTES,
    room: int = MOST_CHARACTERS,
    without: Callable[[Quote], bool] | None = None,
) -> tuple[Quote, ...]:
    """The best sentences of the best passages: `most` of them, `room` characters together.

    `passages` are those to look into instead of all that were found; sentences for which `without`
    holds are left out.
    """
    # What the embedding model cannot read, only words can tell.
    shares = shares.without_meaning(1 - found_for.reads)
    question_vector = found_for.question_vector
    wanted = asked(found_for.question)
    found: list[_Sentence] = []
    for passage in (found_for.passages if passages is None else passages)[:PASSAGES]:
        for chunk in (passage.chunk, *passage.more):
            stored = found_for.chunks[chunk.id]
            found += _sentences(passage, stored, found_for, embedder, shares, wanted)
    if without:
        found = [sentence for sentence in found if not without(sentence.quote)]
    # Fragments and questions only where there is no plain sentence at all.
    found = sorted([sentence for sentence in found if sentence.plain] or found, key=_best_first)
    found = _distinct(found)
    first = [_alone(one, question_vector, embedder, shares) for one in found[:ALONE]]
    found = sorted([*first, *found[ALONE:]], key=_best_first)
    chosen: list[_Sentence] = []
    for sentence in found:
        if len(chosen) == most:
            break
        if len(sentence.quote.text) > room or _repeats(sentence, chosen):
            continue
        chosen.append(sentence)
        room -= len(sentence.quote.text)
    return _in_reading_order([sentence.quote for sentence in chosen])


def _distinct(sentences: Sequence[_Sentence]) -> list[_Sentence]:
    """Each place once, the first of several: where chunks overlap, a sentence stands in two."""
    once: dict[tuple[str, int, int], _Sentence] = {}
    for one in sentences:
        once.setdefault((one.quote.document.id, one.quote.start, one.quote.end), one)
    return [*once.values()]


def _best_first(one: _Sentence) -> tuple[float, str, int, int]:
    return -one.quote.score, one.quote.document.id, one.quote.start, one.quote.end


def _alone(
    one: _Sentence, question_vector: Vector, embedder: Embedder, shares: Shares
) -> _Sentence:
    """The sentence with the cosine it has without its passage, where that is the higher one."""
    vector = embedder.embed_sentences([" ".join(one.quote.text.split())])[0]
    gain = max(0.0, float(vector @ question_vector) - one.meaning)
    score = one.quote.score + shares.meaning * gain
    return replace(one, meaning=one.meaning + gain, quote=replace(one.quote, score=score))


def _in_reading_order(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """Documents by their best quote, the quotes of one document as they follow each other in it.

    Sentences that stood in order read as prose: ROUGE-L on CLAPNQ is .537 so, .473 by score.
    """
    documents = list(dict.fromkeys(quote.document.id for quote in quotes))
    return tuple(sorted(quotes, key=lambda one: (documents.index(one.document.id), one.start)))


def of_sentence(stored: StoredChunk, document: Document, at: int, *, score: float = 1.0) -> Quote:
    """Sentence number `at` of a stored passage as a quote of the document."""
    chunk, cut = stored.chunk, stored.sentences[at]
    text = chunk.text[cut.start : cut.end]
    return Quote(
        document=document,
        page=chunk.page,
        start=chunk.start + cut.start,
        end=chunk.start + cut.end,
        text=text,
        score=score,
        headings=chunk.headings,
        flags=guard.flags(text),
        place=stored.places[at],
        columns=chunk.columns,
        caption=chunk.caption,
    )


def prove(item: Quote, catalogue: Catalogue) -> bool:
    """Whether the quote is exactly the stored document's text at its offsets."""
    return bool(proven([item], catalogue))


def proven(quotes: Sequence[Quote], catalogue: Catalogue) -> list[Quote]:
    """Those that are exactly the stored text at their offsets; a page that follows is read once."""
    found = []
    read: tuple[str, Page] | None = None
    for quote in quotes:
        identity, start = quote.document.id, quote.start
        if read is None or read[0] != identity or not _holds(read[1], start):
            page = catalogue.page_at(identity, start)
            read = (identity, page) if page else None
        if read:
            text = read[1].text[start - read[1].start : quote.end - read[1].start]
            found += [quote] if text == quote.text else []
    return found


def _holds(page: Page, start: int) -> bool:
    return page.start <= start < page.start + len(page.text)


def _sentences(
    passage: Passage,
    stored: StoredChunk,
    found_for: Retrieved,
    embedder: Embedder,
    shares: Shares,
    wanted: Asked | None,
) -> list[_Sentence]:
    chunk = stored.chunk
    text = chunk.text
    vectors = stored.sentence_vectors
    if vectors is None:
        # Not embedded yet: the load is still running. These few are embedded now.
        vectors = embedder.embed_sentences([text[cut.start : cut.end] for cut in stored.sentences])
    if not stored.sentences:
        return []
    cosines = np.clip(vectors @ found_for.question_vector, 0.0, 1.0)
    total = sum(found_for.terms.values()) or 1.0
    titles = {title.casefold() for title in (passage.document.title, *chunk.headings)}
    found = []
    for at, (cut, cosine) in enumerate(zip(stored.sentences, cosines, strict=True)):
        piece = text[cut.start : cut.end]
        said = frozenset(terms(piece, found_for.languages))
        cover = sum(weight for term, weight in found_for.terms.items() if term in said) / total
        meaning = float(cosine)
        score = (
            shares.meaning * meaning
            + shares.cover * cover
            + shares.passage * found_for.scores[chunk.id]
        )
        if wanted and lacks(wanted, found_for.question, piece):
            score = max(0.0, score - shares.lacks)
        plain = (
            len(piece.split()) >= _FEWEST_WORDS
            and not piece.rstrip().endswith(("?", "？", "؟", ":"))
            # The first line of a short note is its title and a sentence all the same.
            and (piece.rstrip()[-1] in ".!。" or piece.strip("#*=- \t").casefold() not in titles)
        ) or not piece.isascii()
        quote = of_sentence(stored, passage.document, at, score=score)
        found.append(_Sentence(quote, meaning, said, plain))
    return found


def _repeats(sentence: _Sentence, chosen: Sequence[_Sentence]) -> bool:
    """Whether nearly the same words are already quoted."""
    for other in chosen:
        both = len(sentence.terms & other.terms)
        if both >= 0.9 * max(1, min(len(sentence.terms), len(other.terms))):
            same_length = len(sentence.terms) <= 1.2 * len(other.terms)
            if same_length:
                return True
    return False
