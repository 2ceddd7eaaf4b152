"""Places in a file, as a person writes them: "line 12", "Prices!A5:D5", "slide 3"."""

from __future__ import annotations

import re

_NUMBERED = re.compile(r"(.*?)(\w+) (\d+)$")
_CELLS = re.compile(r"(.+)!([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?$")


def between(first: str, last: str) -> str:
    """The place that reaches from `first` to `last`: "lines 12-18", "Prices!A5:D12"."""
    if first == last or not last:
        return first
    if not first:
        return last
    cells, more = _CELLS.match(first), _CELLS.match(last)
    if cells and more and cells[1] == more[1]:
        columns = [cells[2], cells[4] or cells[2], more[2], more[4] or more[2]]
        columns.sort(key=lambda column: (len(column), column))
        return f"{cells[1]}!{columns[0]}{cells[3]}:{columns[-1]}{more[5] or more[3]}"
    start, end = _NUMBERED.match(first), _NUMBERED.match(last)
    if start and end and start[1] == end[1] and start[2] == end[2]:
        return f"{start[1]}{start[2]}s {start[3]}-{end[3]}"
    return f"{first} to {last}"
