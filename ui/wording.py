"""Words that the command and the page share."""

from __future__ import annotations

import time
from calendar import timegm
from collections.abc import Sequence


def about_table(caption: str, columns: Sequence[str]) -> str:
    """Caption and column names of a table: "Prices: item | amount"; "" for none."""
    names = " | ".join(name or "-" for name in columns)
    return ": ".join(part for part in (caption, names) if part)


def local_time(utc: str) -> str:
    """A time that was kept, "2026-03-01T12:30:00Z", as the clock on the wall shows it."""
    moment = timegm(time.strptime(utc, "%Y-%m-%dT%H:%M:%SZ"))
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
