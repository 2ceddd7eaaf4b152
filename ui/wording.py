"""Words that the command and the page share."""

from __future__ import annotations

import time
from calendar import timegm
from collections.abc import Sequence

from rag.records import Conflict, Reply


def about_table(caption: str, columns: Sequence[str]) -> str:
    """Caption and column names of a table: "Prices: item | amount"; "" for none."""
    names = " | ".join(name or "-" for name in columns)
    return ": ".join(part for part in (caption, names) if part)


def effort(reply: Reply) -> str:
    """What a reply took: "1.2 s, most of it phrase (0.9 s); tokens: 412 read, 37 written"."""
    steps = {name: seconds for name, seconds in reply.timings.items() if name != "total"}
    said = f"{reply.timings.get('total', sum(steps.values())):.1f} s"
    if steps:
        largest = max(steps, key=lambda name: (steps[name], name))
        said += f", most of it {largest} ({steps[largest]:.1f} s)"
    usage = reply.usage
    if usage.tokens_in == usage.tokens_out == 0:
        said += "; no tokens"
    elif usage.tokens_in is usage.tokens_out is None:
        said += "; tokens unknown"
    else:
        said += f"; tokens: {_number(usage.tokens_in)} read, {_number(usage.tokens_out)} written"
    return said if usage.cost is None else f"{said}; cost {usage.cost:.6f}"


def _number(count: int | None) -> str:
    return "an unknown number" if count is None else f"{count:,}"


def about_conflict(item: Conflict) -> str:
    """Both values with where they stand: "These sources disagree: 11 (a.pdf, page 1) against …"."""
    newer, older = (
        f"{' '.join(value.split())} ({where(quote.document.name, quote.page, quote.place)})"
        for value, quote in zip(item.values, (item.newer, item.older), strict=True)
    )
    order = "The newer stands first." if item.dated else "Which of them is newer is not known."
    return f"These sources disagree: {newer} against {older}. {order}"


def where(document: str, page: int | None, place: str = "") -> str:
    """Where something stands: "prices.pdf, page 2"; `place` is its own place in the file."""
    return ", ".join(filter(None, (document, "" if page is None else f"page {page}", place)))


def local_time(utc: str) -> str:
    """A time that was kept, "2026-03-01T12:30:00Z", as the clock on the wall shows it."""
    moment = timegm(time.strptime(utc, "%Y-%m-%dT%H:%M:%SZ"))
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
