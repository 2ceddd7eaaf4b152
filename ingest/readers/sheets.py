"""Reader of Excel workbooks, on openpyxl: each sheet its tables, with cell ranges as places."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ingest.admit import XLSX
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title
from ingest.readers.packed import Package
from ingest.readers.rows import as_line, names
from rag.errors import FileRefused

_WORKBOOK = "xl/workbook.xml"
_DIGITS = 11  # what Excel shows of a number in the format "General"
_MOST_COLUMNS = 16_384
# Of a number format: what stands before the number, its digits, and what stands behind.
_FORMAT = re.compile(r"([^#0?]*?)((?:#,##|#|\?)*0*(?:\.([0#?]+))?)(%?)([^#0?]*)")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|[_*].|(.)')


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sheet: its number and its cells as shown, from column 1 on."""

    number: int
    cells: tuple[str, ...]


def read(path: Path) -> Parsed:
    """Return every visible sheet: its name as a heading, and each of its rows as a line.

    A formula stands as the value it had when the file was saved. Hidden sheets, rows and columns
    and comments stay out.

    Raises:
        FileRefused: the file is damaged, password-protected, or holds no text.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    data = path.read_bytes()
    layout = Layout()
    with Package(data, "Excel workbook") as package:
        if not any(name.lower().endswith("workbook.xml") for name in package.names):
            raise FileRefused("named as an Excel workbook, but the archive holds none")
        package.measure()
        try:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    # Its own path is the one thing that openpyxl keeps to itself.
                    hidden = _Hidden(package.read(sheet._worksheet_path.lstrip("/")))
                    lay_out(sheet.title, _rows(sheet, hidden), layout)
            title = book.properties.title
        except (MemoryError, FileRefused):
            raise
        except expat.ExpatError as error:
            raise FileRefused(f"damaged: a sheet is broken ({error})") from error
        except (InvalidFileException, Exception) as error:
            # openpyxl raises whatever its classes meet: KeyError, TypeError, ValueError, its own.
            raise FileRefused(
                f"damaged: the workbook cannot be read ({type(error).__name__})"
            ) from error
    return layout.parsed(XLSX, choose_title(title, (), "", path))


def lay_out(name: str, rows: Iterator[Row], layout: Layout) -> None:
    """Add a sheet: tables are what stands between empty rows.

    Rows of one cell above a table are its captions.
    """
    block: list[Row] = []
    begun = False
    for row in rows:
        if block and (row.number > block[-1].number + 1 or not any(row.cells)):
            begun = _table(name, block, layout, begun)
            block = []
        if any(row.cells):
            block.append(row)
    if block:
        _table(name, block, layout, begun)
    layout.place("")


def _table(sheet: str, rows: Sequence[Row], layout: Layout, begun: bool) -> bool:
    if not begun:
        layout.place("")
        layout.heading(1, sheet)
    captions = 0
    while captions < len(rows) and sum(map(bool, rows[captions].cells)) == 1:
        captions += 1
    if captions == len(rows):
        captions = 0
    caption = as_line(rows[captions - 1].cells) if captions else ""
    for row in rows[:captions]:
        layout.place(_range(sheet, row))
        layout.line(as_line(row.cells), f"{sheet} {rows[0].number}")
    body = rows[captions:]
    first, last = _ends(body[0])
    columns = names(body[0].cells[first : last + 1]) if len(body) > 1 else ()
    layout.table(
        [as_line(row.cells) for row in body],
        columns,
        caption,
        [_range(sheet, row) for row in body],
    )
    return True


def _ends(row: Row) -> tuple[int, int]:
    filled = [at for at, cell in enumerate(row.cells) if cell]
    return filled[0], filled[-1]


def _range(sheet: str, row: Row) -> str:
    from openpyxl.utils import get_column_letter

    first, last = _ends(row)
    start = f"{get_column_letter(first + 1)}{row.number}"
    end = f"{get_column_letter(last + 1)}{row.number}"
    return f"{sheet}!{start}" if first == last else f"{sheet}!{start}:{end}"


def _rows(sheet: Any, hidden: _Hidden) -> Iterator[Row]:
    for cells in sheet.iter_rows():
        filled = [cell for cell in cells if cell.value is not None]
        if not filled or hidden.row(filled[0].row):
            continue
        shown_cells = [""] * filled[-1].column
        for cell in filled:
            if not hidden.column(cell.column):
                shown_cells[cell.column - 1] = shown(cell.value, cell.number_format)
        if any(shown_cells):
            yield Row(filled[0].row, tuple(shown_cells))


class _Hidden:
    """Which rows and columns of a sheet its author hid."""

    def __init__(self, xml: bytes) -> None:
        self._rows: set[int] = set()
        self._columns: list[tuple[int, int]] = []
        self._row = 0
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(xml, True)

    def row(self, number: int) -> bool:
        return number in self._rows

    def column(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self._columns)

    def _doctype(self, *_: object) -> None:
        raise FileRefused("hostile: a part declares a document type, which Excel never writes")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name not in ("row", "col"):
            return
        if name == "row":
            self._row = int(attributes.get("r") or self._row + 1)
        if attributes.get("hidden") not in ("1", "true"):
            return
        if name == "row":
            self._rows.add(self._row)
        else:
            last = min(int(attributes.get("max") or 0), _MOST_COLUMNS)
            self._columns.append((int(attributes.get("min") or 0), last))


def shown(value: object, number_format: str) -> str:
    """Return the value of a cell as the sheet shows it, as far as its format is a plain one.

    Dates are written as ISO 8601 has them, whatever their format: 03/04 would be two days.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time(0)
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    if isinstance(value, int | float):
        return _number(value, number_format or "General")
    return str(value)


def _number(value: float, number_format: str) -> str:
    sections = number_format.split(";")
    section = sections[0]
    negative = value < 0
    if negative and len(sections) > 1:
        section, value = sections[1], -value
    found = None if section == "General" else _FORMAT.fullmatch(_literals(section))
    if found is None or not found[2]:
        if number_format != "General":
            value = -abs(value) if negative else value
        return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)
    before, pattern, decimals, percent, behind = found.groups("")
    scaled = value * 100 if percent else value
    most, least = len(decimals), decimals.count("0")
    digits = f"{scaled:{',' if ',' in pattern else ''}.{most}f}"
    while most > least and digits.endswith("0"):
        digits, most = digits[:-1], most - 1
    digits = digits.removesuffix(".")
    sign = ""
    if digits.startswith("-"):
        sign, digits = "-", digits[1:]
    return f"{sign}{before.strip()}{digits}{percent}{behind.rstrip()}"


def _literals(section: str) -> str:
    """Return a section of a number format with quoted and padding parts as they are shown."""
    return _LITERAL.sub(lambda match: match[1] or match[2] or match[3] or match[4] or "", section)
