"""Tables of figures in text that was laid out in lines, as PDFium gives it: one row, one line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.parsed import Table
from rag.records import Page

_FEWEST_ROWS = 3
_MOST_BETWEEN = 1
"""Lines without figures between two rows: "Current assets:"."""
_LOOKED_AT = 4
"""Lines above the first row in which its column names are looked for."""
_LONGEST_NAME = 120
_LONGEST_TAIL = 300
_FEW_LETTERS = 12
_LONGEST_ROW = 2000

_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|sept|oct|nov|dec)[a-z]*\.?\s+\d{1,2},?\s+"
_YEAR = re.compile(rf"(?:{_MONTH}|(?:FY|Q[1-4])\s?)?(?:19|20)\d\d\b", re.IGNORECASE)
_COUNTED = re.compile(r"[-–—(+]*[$€£¥]?[-–—(]?\d[\d.,]*[)%]*|[—–-]+%?|N/?[AM]|nm", re.IGNORECASE)
_SIGNS = frozenset({"$", "€", "£", "¥", "%", "(", ")", "|", "*", "%)", "$(", "(1)", "(2)"})


def tables(pages: Sequence[Page]) -> tuple[Table, ...]:
    """Return the runs of lines that end in two figures and more, with the names of their columns.

    Names are dates or years above the first row, as many as the rows have figures; a table whose
    columns are called otherwise has no names here, and all its words in the text. The caption is
    the nearest line above that is neither.
    """
    return tuple(table for page in pages for table in _of_page(page))


def _of_page(page: Page) -> Iterator[Table]:
    lines = page.text.split("\n")
    starts = [page.start]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    rows: list[int] = []
    for index, count in enumerate([_figures(line) for line in lines] + [0]):
        if count >= 2 and not _is_names(lines[index]):
            if rows and index - rows[-1] - 1 > _MOST_BETWEEN:
                yield from _table(lines, starts, rows)
                rows = []
            rows.append(index)
    yield from _table(lines, starts, rows)


def _table(lines: Sequence[str], starts: Sequence[int], rows: Sequence[int]) -> Iterator[Table]:
    if len(rows) < _FEWEST_ROWS:
        return
    first, last = rows[0], rows[-1]
    width = Counter(_figures(lines[row]) for row in rows).most_common(1)[0][0]
    columns: list[str] = []
    caption = ""
    for index in range(first - 1, max(-1, first - 1 - _LOOKED_AT), -1):
        line = lines[index].strip()
        names = [match[0] for match in _YEAR.finditer(line[:_LONGEST_ROW])]
        if names and not columns:
            columns = names if len(names) == width else []
        elif line and not names and not line.startswith("(") and len(line) <= _LONGEST_NAME:
            caption = line
            break
    end = starts[last] + len(lines[last].rstrip())
    yield Table(starts[first], end, ("", *columns) if columns else (), caption)


def _figures(line: str) -> int:
    """How many figures stand at the end of the line."""
    found = 0
    if len(line) > _LONGEST_ROW:
        return 0
    for token in reversed(line[-_LONGEST_TAIL:].split()):
        if _COUNTED.fullmatch(token):
            found += 1
        elif token not in _SIGNS:
            break
    return found


def _is_names(line: str) -> bool:
    """Whether the line holds years and little else: names of columns, not figures."""
    words = re.sub(r"\([^()]*\)", "", _YEAR.sub("", line))
    return bool(_YEAR.search(line)) and sum(map(str.isalpha, words)) <= _FEW_LETTERS
