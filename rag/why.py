"""Why a place was not found, or was: its way through every step, and the first that lost it.

The steps are those of an answer, asked in the same way; only more of what they say is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag import ask, retrieve
from rag.ask import PASSAGES_SHOWN, Parts
from rag.errors import DocumentUnknown
from rag.filters import NONE, Filters, keys
from rag.library.catalogue import StoredChunk
from rag.library.folder import Library, unknown
from rag.ports import Vector
from rag.question import split
from rag.records import Document
from rag.retrieve import CANDIDATES, WEIGHTS, Key, Weights

FARTHEST = 1_000
"""Ranks of the meaning leg beyond this one are not counted out."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did with the place.

    `rank` counts from 1 in the step's own order, None where it ranks nothing or the place is not in
    it; `score` is the step's own. `ok` is None for a step that only tells and can lose nothing.
    """

    name: str
    ok: bool | None
    detail: str
    rank: int | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The way of one place through one question; `lost` names the first step that lost it."""

    question: str
    document: str
    page: int | None
    steps: tuple[Step, ...]

    @property
    def lost(self) -> str | None:
        return next((step.name for step in self.steps if step.ok is False), None)


def why(
    question: str,
    parts: Parts,
    document: str,
    page: int | None = None,
    *,
    filters: Filters = NONE,
    weights: Weights = WEIGHTS,
) -> Trace:
    """Follow a document, or one page of it, through the steps of answering a question.

    Raises `QuestionError`, and `DocumentUnknown` for a name of which no library knows anything.
    """
    question = retrieve.check_question(question)
    with retrieve.reading(parts.libraries):
        steps = _steps(question, parts, document, page, filters, weights)
    return Trace(question, document, page, tuple(steps))


def _steps(
    question: str,
    parts: Parts,
    name: str,
    page: int | None,
    filters: Filters,
    weights: Weights,
) -> list[Step]:
    number, document = _home(name, parts.libraries)
    if document is None:
        return [_refused(name, parts.libraries)]
    library = parts.libraries[number]
    parsed, chunks = _parsed(library, document, page)
    if not chunks:
        return parsed
    vector = parts.embedder.embed_question(question)
    reads = parts.embedder.reads(question)
    allowed = keys(filters, parts.libraries)
    steps = [*parsed, *_filtered(document, allowed[number], chunks)]
    if steps[-1].ok is False:
        return steps
    looks = [
        retrieve.look(question, each, vector, some)
        for each, some in zip(parts.libraries, allowed, strict=True)
    ]
    mine = looks[number]
    steps.append(_by_words(mine, chunks))
    steps.append(_by_meaning(mine, chunks, vector, reads))
    steps.append(_by_name(mine, document))
    found = retrieve.search(looks, vector, weights, reads)
    steps.append(_fused(found, number, chunks))
    pages = retrieve.fold(looks, found, weights, retrieve.REORDERED)
    steps.append(_page("pages", "one hit a page, titles counted", pages, number, chunks))
    if parts.reranker is not None:
        pages = retrieve.rerank(question, looks, pages, parts.reranker)
        steps.append(_page("reranked", parts.reranker.identity, pages, number, chunks))
    return [*steps, *_answered(question, parts, filters, document, page)]


# -- loading -----------------------------------------------------------------------------------


def _home(name: str, libraries: Sequence[Library]) -> tuple[int, Document | None]:
    for number, library in enumerate(libraries):
        found = library.catalogue.document(name)
        if found is not None:
            return number, found
    return 0, None


def _refused(name: str, libraries: Sequence[Library]) -> Step:
    for library in libraries:
        for refusal in library.catalogue.refusals():
            if refusal.name == name:
                return Step("parsed", False, f"the file was refused: {refusal.reason}")
    raise DocumentUnknown(unknown(libraries[0], name))


def _parsed(
    library: Library, document: Document, page: int | None
) -> tuple[list[Step], dict[int, StoredChunk]]:
    catalogue = library.catalogue
    pages = [each for each in catalogue.pages(document.id) if page in (None, each.number)]
    _, _, reason = catalogue.document_account(document.id)
    if not pages:
        last = document.page_count
        there = f"its pages run from 1 to {last}" if last else "it has no pages"
        return [Step("parsed", False, f"there is no page {page}; {there}")], {}
    characters = sum(len(each.text.strip()) for each in pages)
    said = f"{characters:,} characters of text" + (f"; {reason}" if reason else "")
    if not characters:
        return [Step("parsed", False, f"no text was found there{_because(reason)}")], {}
    wanted = (
        catalogue.chunk_keys([document.id])
        if page is None
        else catalogue.page_keys(document.id, page)
    )
    chunks = catalogue.chunks(wanted)
    steps = [Step("parsed", True, said)]
    if not chunks:
        aside = "all its text is header, footer or page number, which is shown and not indexed"
        return [*steps, Step("chunked", False, aside)], {}
    lacking = sum(1 for each in chunks.values() if each.sentence_vectors is None)
    cut = f"{len(chunks)} passages" + (f", {lacking} of them without a vector yet" * bool(lacking))
    return [*steps, Step("chunked", True, cut)], chunks


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _filtered(
    document: Document, allowed: Sequence[int] | None, chunks: Mapping[int, StoredChunk]
) -> list[Step]:
    if allowed is None:
        return []
    inside = bool(set(allowed) & set(chunks))
    said = "the filters accept it" if inside else f"the filters leave out {document.name}"
    return [Step("filtered", inside, said)]


# -- searching ---------------------------------------------------------------------------------


def _by_words(look: retrieve.Look, chunks: Mapping[int, StoredChunk]) -> Step:
    held = {term for chunk in chunks.values() for term in chunk.terms}
    there = [term for term in look.terms if term in held]
    missing = [term for term in look.terms if term not in held]
    rows = look.indexes.words.rows(sorted(chunks))
    best = float(look.scores[rows].max(initial=0.0))
    score = best / look.bound if look.bound else 0.0
    said = f"holds {_listed(there)}; lacks {_listed(missing)}"
    if best <= 0:
        return Step("words", None, said)
    rank = 1 + int((look.scores > best).sum())
    return Step("words", None, said, rank, score)


def _by_meaning(
    look: retrieve.Look, chunks: Mapping[int, StoredChunk], vector: Vector, reads: float
) -> Step:
    known = look.library.catalogue.vectors_of(sorted(chunks))
    if not known:
        return Step("meaning", None, "there are no vectors yet; the next load makes them")
    best = max(float(each @ vector) for each in known.values())
    near = look.indexes.nearest(vector, FARTHEST)
    rank = next((at for at, (key, _) in enumerate(near, 1) if key in chunks), None)
    said = f"cosine {best:.3f}; the nearest passage of all {near[0][1]:.3f}"
    if reads < 1:
        said += f"; the model reads {reads:.0%} of the question's letters, so it counts less"
    if rank is None:
        said += f"; beyond the first {FARTHEST:,}"
    return Step("meaning", None, said, rank, best)


def _by_name(look: retrieve.Look, document: Document) -> Step:
    value = look.named.get(document.id, 0.0)
    if not value:
        others = sum(1 for each in look.named.values() if each)
        said = f"the question names {others} other documents" if others else "names no document"
        return Step("named", None, said)
    rank = 1 + sum(1 for each in look.named.values() if each > value)
    return Step("named", None, f"the question names {document.name}", rank, value)


def _fused(
    found: Mapping[Key, retrieve.Scored], library: int, chunks: Mapping[int, StoredChunk]
) -> Step:
    mine = [key for key in found if key.library == library and key.chunk in chunks]
    if not mine:
        said = f"among the first {CANDIDATES} of no leg, and the document is not named"
        return Step("fused", False, said)
    best = max(mine, key=lambda key: found[key].fused)
    score = found[best].fused
    rank = 1 + sum(1 for each in found.values() if each.fused > score)
    parts = found[best]
    said = f"words {parts.words:.3f}, meaning {parts.meaning:.3f}, named {parts.named:.3f}"
    return Step("fused", True, said, rank, score)


def _page(
    name: str,
    what: str,
    pages: Sequence[retrieve.Page],
    library: int,
    chunks: Mapping[int, StoredChunk],
) -> Step:
    for rank, page in enumerate(pages, 1):
        if any(key.library == library and key.chunk in chunks for key in page.keys):
            shown = rank <= PASSAGES_SHOWN
            beyond = "" if shown else f"; the first {PASSAGES_SHOWN} are looked into"
            return Step(name, shown, what + beyond, rank, page.score)
    return Step(name, False, f"{what}; beyond the first {len(pages)}")


# -- answering ---------------------------------------------------------------------------------


def _answered(
    question: str, parts: Parts, filters: Filters, document: Document, page: int | None
) -> list[Step]:
    asked = split(question)
    looked = [ask.look(each, parts, filters) for each in asked]
    quotes = [quote for each in looked for quote in each.quotes]
    mine = [
        quote for quote in quotes if quote.document.id == document.id and page in (None, quote.page)
    ]
    if mine:
        said = f"“{' '.join(mine[0].text.split())[:200]}”"
        rank = 1 + quotes.index(mine[0])
        step = Step("quoted", True, said, rank, mine[0].score)
    else:
        from_where = ", ".join(dict.fromkeys(_place(q.document.name, q.page) for q in quotes))
        step = Step("quoted", False, f"the quotes come from {from_where or 'nowhere'}")
    best = float(np.max([each.probability for each in looked]))
    enough = best >= parts.enough
    said = f"probability of an answer {best:.2f}, " + (
        "enough" if enough else f"below {parts.enough:.2f}: withheld"
    )
    return [step, Step("enough", enough, said, score=best)]


def _place(name: str, page: int | None) -> str:
    return name if page is None else f"{name} page {page}"


def _listed(terms: Sequence[str]) -> str:
    return " ".join(terms[:20]) or "none of the question's words"
