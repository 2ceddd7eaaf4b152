"""Words that the command and the page share."""

from __future__ import annotations

from collections.abc import Sequence


def about_table(caption: str, columns: Sequence[str]) -> str:
    """Caption and column names of a table: "Prices: item | amount"; "" for none."""
    names = " | ".join(name or "-" for name in columns)
    return ": ".join(part for part in (caption, names) if part)
