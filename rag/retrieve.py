"""Question to passages: words, meaning and the documents it names, fused by their scores.

In order: look into each library (`look`), fuse what the legs say (`fuse`), move the question
towards what was found and look once more (`feedback`), fold passages to pages and order these
(`fold`). One hit stands for one page, with the best passages of that page inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag import filters as where
from rag import guard
from rag.errors import QuestionError
from rag.library.words import idf
from rag.records import Passage
from rag.terms import question_terms, terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.library.catalogue import Outline, StoredChunk
    from rag.library.derived import Indexes
    from rag.library.folder import Library
    from rag.library.words import Scores
    from rag.ports import Embedder, Reranker, Vector

LONGEST_QUESTION = 10_000
"""Characters. A longer "question" is a document; it belongs into the library."""

CANDIDATES = 100
"""Passages taken from each leg before they are fused."""

REORDERED = 50
"""Pages that are ordered again, by what stands on them."""

_MOST_TERMS = 64
_NAMED = 5  # documents that are looked into by themselves when the question names them
_LEAST_NAMED = 0.2
_INSIDE = 40  # passages taken from each of them
_FED = 3  # passages the question is moved towards
_DIGITS = 5  # of a cosine: the last bits depend on what else was compared, and would part ties
_FADE = 0.02  # how much less a passage's score is for it to count 1/e as much
_INSIDE_HIT = 3  # passages of one page that a hit holds
_LINES = 6  # first lines of a page among which its title is looked for
_LONGEST_TITLE = 14  # words
_BEGINNING = 1_500  # characters of a page in which they stand
_TITLE = 8.0  # weight from which a title is surely named: two or three rare words


@dataclass(frozen=True, slots=True)
class Weights:
    """What a score is made of, each 0..1; `benchmarks/retrieval.py --sweep` tries a range of each.

    `meaning` weighs the cosine, the rest is BM25 over what BM25 could reach at most for this
    question: scores, not ranks, are fused, since rank fusion can lose to its better leg. `named` is
    added where the question names the document, `part` where it names the page by its title or
    heading. `feedback` is how far the question is moved towards the best passages.
    """

    meaning: float = 0.48
    named: float = 0.5
    part: float = 0.1
    feedback: float = 0.9


WEIGHTS = Weights()


class Key(NamedTuple):
    """A passage: which of the libraries asked, and its key there."""

    library: int
    chunk: int


@dataclass(slots=True)
class Look:
    """What the legs say about the passages of one library.

    `scores` has BM25 of every passage, shape (passages,), and `bound` what it could reach at most
    for `terms`; `named` (0..1) how far the question names each document, by id; `meaning` the
    cosine of each passage that a leg found, by key. `allowed` are the keys that may be found, None
    for all.
    """

    library: Library
    indexes: Indexes
    languages: list[str]
    terms: list[str]
    scores: Scores
    bound: float
    named: Mapping[str, float]
    allowed: Sequence[int] | None
    meaning: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage that may be shown; `text` is made of words and meaning, `fused` of all three."""

    words: float
    meaning: float
    named: float
    fused: float
    text: float


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Passages for a question, best first, and what stands behind them.

    `chunks` holds the stored chunks by id, those inside the passages too, and `scores` what each
    says to the question by its own text, 0..1, whatever the document is called. `homes` has the
    library of each document. `terms` are the question's, with their inverse document frequency,
    `languages` those of the libraries. `question_vector` has shape (dimensions,); `reads` (0..1)
    tells how far the embedding model reads the question's script.
    """

    question: str
    passages: tuple[Passage, ...]
    chunks: Mapping[str, StoredChunk]
    question_vector: Vector
    scores: Mapping[str, float]
    homes: Mapping[str, Library]
    terms: Mapping[str, float]
    languages: tuple[str, ...]
    reads: float


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


@contextmanager
def reading(libraries: Sequence[Library]) -> Iterator[None]:
    """One snapshot of each library for as long as the block lasts."""
    with ExitStack() as stack:
        for library in libraries:
            stack.enter_context(library.catalogue.reading())
        yield


def retrieve(
    question: str,
    libraries: Sequence[Library],
    embedder: Embedder,
    *,
    limit: int = 10,
    filters: where.Filters = where.NONE,
    reranker: Reranker | None = None,
    weights: Weights = WEIGHTS,
) -> Retrieved:
    """The `limit` best pages of all libraries; only of documents that the filters accept.

    Call inside `reading(libraries)`. Raises `QuestionError`, `DocumentUnknown`.
    """
    question = check_question(question)
    vector = embedder.embed_question(question)
    reads = embedder.reads(question)
    allowed = where.keys(filters, libraries)
    looks = [
        look(question, library, vector, keys)
        for library, keys in zip(libraries, allowed, strict=True)
    ]
    found = search(looks, vector, weights, reads)
    pages = fold(looks, found, weights, max(limit, REORDERED))
    if reranker is not None:
        pages = rerank(question, looks, pages, reranker)
    return gather(question, looks, found, pages[:limit], vector, reads)


def gather(
    question: str,
    looks: Sequence[Look],
    found: Mapping[Key, Scored],
    pages: Sequence[Page],
    vector: Vector,
    reads: float,
) -> Retrieved:
    """Pages as passages, with all that the steps after this one need.

    `vector` is the question's, shape (dimensions,), `reads` (0..1) how far its script is read.
    """
    shown = show(looks, found, pages)
    return Retrieved(
        question=question,
        passages=tuple(passage for passage, _ in shown),
        chunks={each.chunk.id: each for _, inside in shown for each in inside},
        question_vector=vector,
        scores={
            each.chunk.id: found[key].text
            for page, (_, inside) in zip(pages, shown, strict=True)
            for key, each in zip(page.keys, inside, strict=True)
        },
        homes={page.outline.document_id: looks[page.keys[0].library].library for page in pages},
        terms={
            term: max(
                idf(len(each.indexes.words), each.indexes.words.frequency(term)) for each in looks
            )
            for look in looks
            for term in look.terms
        },
        languages=tuple(sorted({code for look in looks for code in look.languages})),
        reads=reads,
    )


def search(
    looks: Sequence[Look], vector: Vector, weights: Weights, reads: float
) -> dict[Key, Scored]:
    """All passages that any leg found, with the scores that order them.

    `reads` (0..1) tells how far the embedding model reads the question: words count instead.
    """
    weights = replace(weights, meaning=weights.meaning * reads)
    scored = fuse(looks, weights)
    near = feedback(looks, vector, scored, weights)
    return scored if near is None else fuse(looks, weights, near)


# -- the legs ----------------------------------------------------------------------------------


def look(question: str, library: Library, vector: Vector, allowed: Sequence[int] | None) -> Look:
    """Ask the words, the vectors and the names of one library."""
    indexes = library.indexes()
    languages = library.catalogue.languages()
    asked = question_terms(question, languages)[:_MOST_TERMS]
    found = Look(
        library,
        indexes,
        languages,
        asked,
        indexes.words.scores(asked),
        indexes.words.bound(asked),
        indexes.names.named(question, indexes.words, indexes.owners),
        allowed,
    )
    wanted = {key for key, _ in indexes.words.best(found.scores, CANDIDATES, allowed)}
    found.meaning.update(indexes.nearest(vector, CANDIDATES, allowed))
    for inside in _of_named(found):
        wanted.update(key for key, _ in indexes.words.best(found.scores, _INSIDE, inside))
        cosines = indexes.cosines(inside, vector)
        nearest = sorted(cosines, key=lambda key: (-cosines[key], key))
        found.meaning.update((key, cosines[key]) for key in nearest[:_INSIDE])
    _measure(found, wanted, vector)
    return found


def _of_named(look: Look) -> Iterator[list[int]]:
    """The passages of each document that the question names best."""
    best = sorted(look.named, key=lambda identity: (-look.named[identity], identity))
    allowed = None if look.allowed is None else set(look.allowed)
    for identity in best[:_NAMED]:
        if look.named[identity] >= _LEAST_NAMED:
            keys = look.indexes.owners.keys_of(identity)
            yield [key for key in keys if allowed is None or key in allowed]


def _measure(look: Look, keys: Iterable[int], vector: Vector) -> None:
    """Look up the cosine of passages that only another leg found; 0 without a vector yet."""
    missing = sorted(key for key in keys if key not in look.meaning)
    found = look.indexes.cosines(missing, vector)
    look.meaning.update((key, found.get(key, 0.0)) for key in missing)


# -- fusing ------------------------------------------------------------------------------------


def fuse(
    looks: Sequence[Look],
    weights: Weights,
    meaning: Sequence[Mapping[int, float]] | None = None,
) -> dict[Key, Scored]:
    """One score for each passage that any leg found.

    `meaning` has, for each library, the cosines to use instead of those of the question itself.
    """
    found = {}
    for number, look in enumerate(looks):
        cosines = look.meaning if meaning is None else meaning[number]
        keys = sorted(cosines)
        rows = look.indexes.words.rows(keys)
        words = look.scores[rows] / max(look.bound, 1e-9)
        named = look.indexes.owners.values(rows, look.named)
        for key, word, name in zip(keys, words.tolist(), named, strict=True):
            cosine = max(round(cosines[key], _DIGITS), 0.0)
            text = weights.meaning * cosine + (1 - weights.meaning) * word
            shown = max(look.meaning.get(key, 0.0), 0.0)
            found[Key(number, key)] = Scored(word, shown, name, text + weights.named * name, text)
    return found


def feedback(
    looks: Sequence[Look], vector: Vector, scored: Mapping[Key, Scored], weights: Weights
) -> list[dict[int, float]] | None:
    """Cosines with the question moved towards its best passages, for each library.

    Rocchio's relevance feedback (1971), with the first passages taken for relevant: each by the
    exponential of its score, as relevance models weigh them (Lavrenko and Croft, 2001). A passage
    that stands out then draws the question alone, and stays the first. With equal weights questions
    that have one right passage lose (XQuAD .8 points at the first place).
    """
    vectors: dict[Key, Vector] = {}
    for key, _ in _best(looks, scored, _FED):
        found = looks[key.library].library.catalogue.vectors_of([key.chunk])
        if found:
            vectors[key] = found[key.chunk]
    if not vectors or not weights.feedback or not weights.meaning:
        return None
    scores = np.array([scored[key].fused for key in vectors])
    shares = np.exp((scores - scores.max()) / _FADE)
    towards = np.average([*vectors.values()], axis=0, weights=shares)
    moved = (vector + weights.feedback * towards).astype(np.float32)
    moved = (moved / np.linalg.norm(moved)).astype(np.float32)
    moved_cosines = []
    for look in looks:
        near = dict(look.indexes.nearest(moved, CANDIDATES, look.allowed))
        missing = sorted(key for key in look.meaning if key not in near)
        near.update(look.indexes.cosines(missing, moved))
        _measure(look, near, vector)
        # A passage without a vector yet keeps what its words give it.
        near.update((key, 0.0) for key in look.meaning if key not in near)
        moved_cosines.append(near)
    return moved_cosines


def _best(
    looks: Sequence[Look], scored: Mapping[Key, Scored], count: int
) -> list[tuple[Key, Outline]]:
    """The first passages, ties by chunk id, so that the order of loading does not matter."""
    first = sorted(scored, key=lambda key: -scored[key].fused)
    if len(first) > (most := count + CANDIDATES // 2):
        least = scored[first[most]].fused
        first = [key for key in first if scored[key].fused >= least]
    outlines = {}
    for number, look in enumerate(looks):
        mine = [key.chunk for key in first if key.library == number]
        held = look.library.catalogue.outlines(mine)
        outlines.update({Key(number, chunk): each for chunk, each in held.items()})
    known = [(key, outlines[key]) for key in first if key in outlines]
    return sorted(known, key=lambda pair: (-scored[pair[0]].fused, pair[1].id))[:count]


# -- pages -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """One page, or one passage where a format has no pages, with its passages, best first.

    `outline` is that of the best one, `score` what the page is ordered by.
    """

    keys: tuple[Key, ...]
    outline: Outline
    score: float


def fold(
    looks: Sequence[Look], scored: Mapping[Key, Scored], weights: Weights, limit: int
) -> list[Page]:
    """Pages in order of their best passage, the first of them again by what they are titled.

    A document that several libraries hold counts in the first of them only.
    """
    homes: dict[str, int] = {}
    pages: dict[tuple[str, int | str], list[tuple[Key, Outline]]] = {}
    for key, outline in _best(looks, scored, _INSIDE_HIT * limit + CANDIDATES):
        if homes.setdefault(outline.document_id, key.library) == key.library:
            place = outline.id if outline.page is None else outline.page
            pages.setdefault((outline.document_id, place), []).append((key, outline))
    asked = frozenset(term for look in looks for term in look.terms)
    found = []
    for inside in list(pages.values())[:limit]:
        key, outline = inside[0]
        score = scored[key].fused + weights.part * titled(looks[key.library], outline, asked)
        found.append(Page(tuple(each for each, _ in inside[:_INSIDE_HIT]), outline, score))
    return sorted(found, key=_first_page)


def _first_page(page: Page) -> tuple[float, str]:
    return -page.score, page.outline.id


def show(
    looks: Sequence[Look], scored: Mapping[Key, Scored], pages: Sequence[Page]
) -> list[tuple[Passage, tuple[StoredChunk, ...]]]:
    """Pages as passages, ranked, each with its chunks as they are stored."""
    stored: dict[Key, StoredChunk] = {}
    for number, look in enumerate(looks):
        mine = [key.chunk for page in pages for key in page.keys if key.library == number]
        held = look.library.catalogue.chunks(mine)
        stored.update({Key(number, key): each for key, each in held.items()})
    found = []
    for rank, page in enumerate(pages, start=1):
        inside = tuple(stored[key] for key in page.keys)
        best, look = scored[page.keys[0]], looks[page.keys[0].library]
        collection = str(look.library.path) if len(looks) > 1 else ""
        passage = Passage(
            document=replace(inside[0].document, collection=collection),
            chunk=inside[0].chunk,
            rank=rank,
            score=page.score,
            words=best.words,
            meaning=best.meaning,
            named=best.named,
            flags=guard.flags(inside[0].chunk.text),
            more=tuple(each.chunk for each in inside[1:]),
        )
        found.append((passage, inside))
    return found


def titled(look: Look, outline: Outline, asked: frozenset[str]) -> float:
    """How far the question names this page by its title, heading or caption, 0..1.

    "the balance sheet" names a page titled "Consolidated Balance Sheets": the share of a title's
    rare words that the question says, where it says two at least.
    """
    lines = [*outline.headings[-1:], outline.caption, *_first_lines(look, outline)]
    index = look.indexes.words
    best = 0.0
    for line in dict.fromkeys(filter(None, lines)):
        title = {
            term: idf(len(index), index.frequency(term)) for term in terms(line, look.languages)
        }
        said = [term for term in title if term in asked]
        if len(said) >= 2:
            weight = sum(title[term] for term in said)
            best = max(best, weight / sum(title.values()) * min(1.0, weight / _TITLE))
    return best


def _first_lines(look: Look, outline: Outline) -> list[str]:
    if outline.page is None:
        return []
    text = look.library.catalogue.page_beginning(outline.document_id, outline.page, _BEGINNING)
    lines = (line for line in text.split("\n") if any(map(str.isalpha, line)))
    return [line for line in lines if len(line.split()) <= _LONGEST_TITLE][:_LINES]


def rerank(
    question: str, looks: Sequence[Look], pages: Sequence[Page], reranker: Reranker
) -> list[Page]:
    """The first pages by the scores of a model that reads question and passage together."""
    first = pages[:REORDERED]
    texts: dict[Key, str] = {}
    for number, look in enumerate(looks):
        mine = [page.keys[0].chunk for page in first if page.keys[0].library == number]
        held = look.library.catalogue.chunks(mine)
        texts.update({Key(number, key): each.chunk.text for key, each in held.items()})
    values = reranker.scores(question, [texts[page.keys[0]] for page in first])
    again = [replace(page, score=value) for page, value in zip(first, values, strict=True)]
    return sorted(again, key=_first_page)
