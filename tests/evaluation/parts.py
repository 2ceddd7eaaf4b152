"""Small replies to measure."""

from __future__ import annotations

from collections.abc import Sequence

from rag.records import (
    Answer,
    Chunk,
    Document,
    Mode,
    Outcome,
    Passage,
    Quote,
    Reply,
    Sentence,
)


def document(name: str, *also: str) -> Document:
    return Document(f"id of {name}", name, name, "text/plain", None, also)


def passage(rank: int, doc: Document, text: str = "", page: int | None = None) -> Passage:
    chunk = Chunk(f"{doc.id} {rank}", doc.id, text, 0, len(text), page)
    return Passage(doc, chunk, rank, 1.0 / rank, 0.0, 0.0)


def quote(name: str, text: str, page: int | None = None, start: int = 0) -> Quote:
    return Quote(document(name), page, start, start + len(text), text)


def said(
    *quotes: Quote,
    support: float | None = 1.0,
    text: str | None = None,
    outcome: Outcome = Outcome.SUPPORTED,
) -> Answer:
    """An answer of one sentence per quote, or of one `text` that rests on all of them."""
    if text is not None:
        return Answer(outcome, (Sentence(text, quotes, support),))
    return Answer(outcome, tuple(Sentence(q.text, (q,), support) for q in quotes))


def reply(answer: Answer, passages: Sequence[Passage] = (), seconds: float | None = 1.0) -> Reply:
    timings = {} if seconds is None else {"total": seconds}
    return Reply("?", Mode.QUOTE, answer, tuple(passages), timings)
