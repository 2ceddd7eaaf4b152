"""Words that the command and the page share."""

from __future__ import annotations

from collections.abc import Sequence

from rag.records import Conflict, Quote


def about_table(caption: str, columns: Sequence[str]) -> str:
    """Caption and column names of a table: "Prices: item | amount"; "" for none."""
    names = " | ".join(name or "-" for name in columns)
    return ": ".join(part for part in (caption, names) if part)


def about_conflict(item: Conflict) -> str:
    """Both values with where they stand: "These sources disagree: 11 (a.pdf, page 1) against …"."""
    newer, older = (
        f"{' '.join(value.split())} ({', '.join(_where(quote))})"
        for value, quote in zip(item.values, (item.newer, item.older), strict=True)
    )
    order = "The newer stands first." if item.dated else "Which of them is newer is not known."
    return f"These sources disagree: {newer} against {older}. {order}"


def _where(quote: Quote) -> list[str]:
    page = f"page {quote.page}" if quote.page is not None else ""
    return list(filter(None, (quote.document.name, page, quote.place)))
