"""Reader of CSV and TSV: one table, each record one line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title
from ingest.readers.plain import decode
from rag.errors import FileRefused

_SAMPLE = 64 * 1024
_LONGEST_CELL = 10_000_000
_NUMBER = re.compile(r"[-+(]?\W?\d[\d.,]*\W?\)?")


def read(path: Path, media_type: str) -> Parsed:
    """Return the records as a table, with the line of the file on which each begins as its place.

    The first record names the columns when it has no number, no empty cell and no cell twice.

    Raises:
        FileRefused: the file holds no text, or its quotes do not fit.
    """
    text = decode(path.read_bytes()).replace("\0", "")
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, path))
    records: list[str] = []
    places: list[str] = []
    columns: tuple[str, ...] = ()
    begun = 1
    try:
        for cells in reader:
            if not records:
                columns = names(cells)
            records.append(as_line(cells))
            places.append(f"line {begun}")
            begun = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(f"damaged: record at line {begun} cannot be read ({error})") from error
    layout = Layout()
    layout.table(records, columns if len(records) > 1 else (), "", places)
    return layout.parsed(media_type, choose_title(None, (), "", path))


def _delimiter(text: str, path: Path) -> str:
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    try:
        return csv.Sniffer().sniff(text[:_SAMPLE], ",;\t|").delimiter
    except csv.Error:  # a single column, or records of different lengths
        return ","


def names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the cells of a table's first row if they name its columns, else nothing."""
    found = tuple(cell.strip() for cell in cells)
    plain = all(name and not _NUMBER.fullmatch(name) for name in found)
    return found if len(found) > 1 and plain and len(set(found)) == len(found) else ()


def as_line(cells: Iterable[str]) -> str:
    """Return a row as one line of text; a cell may hold lines of its own."""
    return " ".join(cell for cell in (" ".join(cell.split()) for cell in cells) if cell)
