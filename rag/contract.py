"""Records to the JSON rows that other people's scripts rely on. The keys here are a promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.records import FileReport, Page, Passage, Quote, Reply

Json = dict[str, Any]


def hit(passage: Passage) -> Json:
    """One row of `hits` or `passages`."""
    return {
        "rank": passage.rank,
        "document": passage.document.name,
        "page": passage.chunk.page,
        "start": passage.chunk.start,
        "end": passage.chunk.end,
        "heading": " > ".join(passage.chunk.headings) or None,
        "score": round(passage.score, 6),
        "text": passage.chunk.text,
        "place": passage.chunk.place or None,
        "caption": passage.chunk.caption or None,
        "columns": list(passage.chunk.columns),
        "also": list(passage.document.also),
        "flags": list(passage.flags),
    }


def quote(item: Quote) -> Json:
    return {
        "document": item.document.name,
        "page": item.page,
        "start": item.start,
        "end": item.end,
        "text": item.text,
        "place": item.place or None,
        "caption": item.caption or None,
        "columns": list(item.columns),
    }


def reply(identity: str | None, item: Reply) -> Json:
    """The whole of `rag ask --json`."""
    answer = item.answer
    return {
        "id": identity,
        "question": item.question,
        "mode": item.mode.value,
        "outcome": answer.outcome.value,
        "answer": answer.text,
        "sentences": [
            {
                "text": sentence.text,
                "support": None if sentence.support is None else round(sentence.support, 6),
                "quotes": [quote(each) for each in sentence.quotes],
            }
            for sentence in answer.sentences
        ],
        "quotes_only": [quote(each) for each in answer.quotes_only],
        "withheld": len(answer.withheld),
        "withheld_sentences": [
            {"text": each.text, "reasons": list(each.reasons)} for each in answer.withheld
        ],
        "evidence": round(answer.evidence, 6),
        "passages": [hit(passage) for passage in item.passages],
        "notes": list(item.notes),
        "timings": {step: round(seconds, 4) for step, seconds in item.timings.items()},
        "models": dict(item.models),
    }


def file_report(report: FileReport) -> Json:
    """One line of `rag load --json`."""
    return {
        "path": report.name,
        "outcome": report.outcome.value,
        "reason": report.reason,
        "pages": report.pages,
        "chunks": report.chunks,
        "seconds": round(report.seconds, 3),
    }


def load_summary(counts: Mapping[str, int], files: int, seconds: float) -> Json:
    """The last line of `rag load --json`; the counts add up to `files`."""
    return {"summary": {**counts, "files": files, "seconds": round(seconds, 3)}}


def shown_page(document: str, page: Page) -> Json:
    """One line of `rag show --json`."""
    return {"document": document, "page": page.number, "start": page.start, "text": page.text}
