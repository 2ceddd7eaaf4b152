"""Reader of OpenDocument text, sheets and slides (ODF 1.3), whose content is one XML part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, fromstring

from ingest.admit import ODP, ODS
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title, one_line
from ingest.readers.packed import Package
from ingest.readers.rows import as_line, names
from ingest.readers.sheets import Row, lay_out
from rag.errors import FileRefused

_OASIS = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TEXT = _OASIS % "text"
_TABLE = _OASIS % "table"
_OFFICE = _OASIS % "office"
_STYLE = _OASIS % "style"
_DRAW = _OASIS % "drawing"
_PRESENTATION = _OASIS % "presentation"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
# Not what the document says: comments, removed text, notes of the speaker, generated lists.
_DROPPED = {
    f"{_OFFICE}annotation",
    f"{_TEXT}tracked-changes",
    f"{_PRESENTATION}notes",
    f"{_TEXT}table-of-content",
    f"{_TEXT}hidden-text",
    f"{_TEXT}hidden-paragraph",
    f"{_OFFICE}forms",
}
_MANIFEST = "META-INF/manifest.xml"
_MOST_REPEATED = 1000
_MOST_COLUMNS = 16_384
_DEEPEST = 200


def read(path: Path, media_type: str) -> Parsed:
    """Return the text of the document, block by block, with its headings and title.

    Sheets and slides have their cells and numbers as places. Cells stand as they are shown.

    Raises:
        FileRefused: the file is damaged, password-protected, or holds no text.
    """
    with Package(path.read_bytes(), "OpenDocument file") as package:
        manifest = package.read(_MANIFEST) if _MANIFEST in package.names else b""
        if b"encryption-data" in manifest:
            raise FileRefused("password-protected; save a copy without a password")
        content = _parse(package.read("content.xml"))
        meta = _parse(package.read("meta.xml")) if "meta.xml" in package.names else None
    reader = _Reader(content)
    body = content.find(f"{_OFFICE}body")
    for part in body if body is not None else ():
        if media_type == ODS:
            for sheet in part.findall(f"{_TABLE}table"):
                reader.sheet(sheet)
        elif media_type == ODP:
            for number, slide in enumerate(part.findall(f"{_DRAW}page"), 1):
                reader.slide(number, slide)
        else:
            reader.blocks(part)
    named = None if meta is None else next((each.text for each in meta.iter(_TITLE)), None)
    layout = reader.layout
    headings = () if media_type == ODS else layout.headings
    return layout.parsed(media_type, choose_title(named, headings, "", path))


def _parse(xml: bytes) -> Element:
    if b"<!DOCTYPE" in xml[:4096] or b"<!ENTITY" in xml:
        raise FileRefused("hostile: a part declares a document type or entities")
    try:
        return fromstring(xml)
    except (ParseError, ValueError, LookupError) as error:
        raise FileRefused(f"damaged: a part of the file is broken ({error})") from error


class _Reader:
    """Lays out the elements of a body."""

    def __init__(self, content: Element) -> None:
        self.layout = Layout()
        self._hidden = set(_hidden_styles(content))
        self._lists = 0
        self._tables = 0

    def sheet(self, table: Element) -> None:
        """Add a sheet of a spreadsheet."""
        if table.get(f"{_TABLE}style-name") not in self._hidden:
            lay_out(table.get(f"{_TABLE}name") or "", self._numbered(table), self.layout)

    def slide(self, number: int, page: Element) -> None:
        """Add a slide: its title, then its other frames."""
        if page.get(f"{_DRAW}style-name") in self._hidden:
            return
        self.layout.place(f"slide {number}")
        frames = [each for each in page if each.tag not in _DROPPED]
        titles = [each for each in frames if each.get(f"{_PRESENTATION}class") == "title"]
        for frame in titles[:1]:
            self.layout.heading(1, " ".join(self._inline(each) for each in _paragraphs(frame)))
        for frame in frames:
            if frame not in titles[:1]:
                self.blocks(frame)

    def blocks(self, parent: Element, item: str = "", depth: int = 0) -> None:
        """Add what stands in an element, `item` being the run of the list it is in."""
        if depth > _DEEPEST:
            raise FileRefused("hostile: its elements are nested too deeply")
        bullet = bool(item)
        for element in parent:
            tag = element.tag
            if tag in _DROPPED or element.get(f"{_TEXT}display") == "none":
                continue
            if tag == f"{_TEXT}h":
                level = element.get(f"{_TEXT}outline-level") or "1"
                self.layout.heading(
                    min(6, int(level)) if level.isdigit() else 1, self._inline(element)
                )
            elif tag == f"{_TEXT}p":
                text = self._inline(element)
                if item:
                    self.layout.line(f"- {text}" if bullet and text.strip() else text, item)
                    bullet = bullet and not text.strip()
                else:
                    self.layout.block(text)
                self._frames(element, depth)
            elif tag == f"{_TEXT}list":
                self._lists += not item
                self._list(element, item or f"list {self._lists}", depth)
            elif tag == f"{_TABLE}table":
                self._table(element)
            else:
                self.blocks(element, item, depth + 1)

    def _list(self, element: Element, run: str, depth: int) -> None:
        for item in element:
            self.blocks(item, run, depth + 1)

    def _frames(self, paragraph: Element, depth: int) -> None:
        """Add text boxes and footnotes that are anchored in a paragraph."""
        for element in paragraph.iter():
            if element.tag in (f"{_DRAW}text-box", f"{_TEXT}note-body"):
                self.blocks(element, "", depth + 1)

    def _table(self, table: Element) -> None:
        rows = [row.cells for row in self._numbered(table) if any(row.cells)]
        if rows:
            columns = names(rows[0]) if len(rows) > 1 else ()
            self.layout.table([as_line(row) for row in rows], columns)

    def _numbered(self, table: Element) -> Iterator[Row]:
        """The visible rows with their numbers; a row may stand for many."""
        number = 1
        for row in _rows(table):
            repeated = _count(row, "number-rows-repeated")
            cells = self._cells(row)
            if any(cells) and row.get(f"{_TABLE}visibility") in (None, "visible"):
                for extra in range(min(repeated, _MOST_REPEATED)):
                    yield Row(number + extra, cells)
            number += repeated

    def _cells(self, row: Element) -> tuple[str, ...]:
        cells: list[str] = []
        for cell in row:
            if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            repeated = _count(cell, "number-columns-repeated")
            text = one_line(" ".join(self._inline(each) for each in _paragraphs(cell)))
            # Columns behind the last one of any sheet are empty, and said to be there in one cell.
            room = _MOST_COLUMNS - len(cells)
            cells += [text] * min(repeated, room, _MOST_REPEATED if text else room)
        while cells and not cells[-1]:
            cells.pop()
        return tuple(cells)

    def _inline(self, element: Element, depth: int = 0) -> str:
        """The text of a paragraph, with its spaces, tabs and line breaks."""
        if depth > _DEEPEST:
            raise FileRefused("hostile: its elements are nested too deeply")
        pieces = [" ".join((element.text or "").split("\n"))]
        for each in element:
            if each.tag == f"{_TEXT}s":
                count = each.get(f"{_TEXT}c") or "1"
                pieces.append(" " * min(int(count) if count.isdigit() else 1, 100))
            elif each.tag == f"{_TEXT}tab":
                pieces.append("\t")
            elif each.tag == f"{_TEXT}line-break":
                pieces.append("\n")
            elif each.tag not in _DROPPED and each.tag not in (
                f"{_TEXT}note",
                f"{_DRAW}frame",
                f"{_OFFICE}annotation-end",
            ):
                pieces.append(self._inline(each, depth + 1))
            pieces.append(" ".join((each.tail or "").split("\n")))
        return "".join(pieces)


def _rows(table: Element) -> Iterator[Element]:
    for each in table:
        if each.tag == f"{_TABLE}table-row":
            yield each
        elif each.tag in (
            f"{_TABLE}table-header-rows",
            f"{_TABLE}table-rows",
            f"{_TABLE}table-row-group",
        ):
            yield from _rows(each)


def _paragraphs(element: Element) -> Iterator[Element]:
    """The paragraphs in an element, without those of comments."""
    for each in element:
        if each.tag in (f"{_TEXT}p", f"{_TEXT}h"):
            yield each
        elif each.tag not in _DROPPED:
            yield from _paragraphs(each)


def _count(element: Element, name: str) -> int:
    text = element.get(f"{_TABLE}{name}") or "1"
    return max(1, int(text)) if text.isdigit() and len(text) < 10 else 1


def _hidden_styles(content: Element) -> Iterator[str]:
    """The styles of tables and slides that are not shown."""
    for style in content.iter(f"{_STYLE}style"):
        for properties in style:
            shown = properties.get(f"{_TABLE}display")
            visibility = properties.get(f"{_PRESENTATION}visibility")
            if shown == "false" or visibility == "hidden":
                yield style.get(f"{_STYLE}name") or ""
