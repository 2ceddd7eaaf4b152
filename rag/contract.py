"""Records to the JSON rows that other people's scripts rely on. The keys here are a promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rag.records import Conflict, FileReport, Page, Passage, Quote, Reply

if TYPE_CHECKING:
    from rag.why import Trace

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
        "date": passage.document.date or None,
        "collection": passage.document.collection or None,
        "parts": {
            "words": round(passage.words, 6),
            "meaning": round(passage.meaning, 6),
            "named": round(passage.named, 6),
        },
        "more": [
            {"start": chunk.start, "end": chunk.end, "text": chunk.text} for chunk in passage.more
        ],
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
        "collection": item.document.collection or None,
        "short": item.short
        and {
            "start": item.start + item.short.start,
            "end": item.start + item.short.end,
            "text": item.text[item.short.start : item.short.end],
        },
    }


def conflict(item: Conflict) -> Json:
    """One row of `conflicts`: two quotes that disagree, the newer first where `dated` is true."""
    return {
        "kind": item.kind.value,
        "dated": item.dated,
        "values": list(item.values),
        "quotes": [quote(item.newer), quote(item.older)],
    }


def reply(identity: str | None, item: Reply) -> Json:
    """The whole of `rag ask --json`."""
    answer = item.answer
    return {
        "id": identity,
        "question": item.question,
        "mode": item.mode.value,
        "task": item.task,
        "outcome": answer.outcome.value,
        "answer": answer.text,
        "short_answer": item.short,
        "sentences": [
            {
                "text": sentence.text,
                "support": None if sentence.support is None else round(sentence.support, 6),
                "quotes": [quote(each) for each in sentence.quotes],
                "side": sentence.side or None,
            }
            for sentence in answer.sentences
        ],
        "quotes_only": [quote(each) for each in answer.quotes_only],
        "withheld": len(answer.withheld),
        "withheld_sentences": [
            {"text": each.text, "reasons": list(each.reasons)} for each in answer.withheld
        ],
        "conflicts": [conflict(each) for each in answer.conflicts],
        "evidence": round(answer.evidence, 6),
        "passages": [hit(passage) for passage in item.passages],
        "notes": list(item.notes),
        "searched": list(item.searched),
        "cached": item.cached,
        "timings": {step: round(seconds, 4) for step, seconds in item.timings.items()},
        "models": dict(item.models),
        "usage": {
            "tokens_in": item.usage.tokens_in,
            "tokens_out": item.usage.tokens_out,
            "cost": None if item.usage.cost is None else round(item.usage.cost, 9),
        },
    }


def trace(item: Trace) -> Json:
    """The whole of `rag why --json`."""
    return {
        "question": item.question,
        "expect": {"document": item.document, "page": item.page},
        "lost": item.lost,
        "steps": [
            {
                "step": step.name,
                "ok": step.ok,
                "rank": step.rank,
                "score": None if step.score is None else round(step.score, 6),
                "detail": step.detail,
            }
            for step in item.steps
        ],
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
