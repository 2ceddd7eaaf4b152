"""Page numbers, as a person writes them down."""

from __future__ import annotations

from collections.abc import Sequence


def numbers(found: Sequence[int]) -> str:
    """Return "page 3" or "pages 3, 5-7" for ascending numbers."""
    runs: list[list[int]] = []
    for number in found:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    named = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return ("page " if len(found) == 1 else "pages ") + ", ".join(named)
