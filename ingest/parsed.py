"""What a reader hands on: the text of one file with its pages, headings, tables and places.

And a page as it looks.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.records import Heading, Page, Span
from rag.terms import ENGLISH


@dataclass(frozen=True, slots=True)
class Table:
    """A table that stands in the text between `start` and `end`, one line for each row.

    `columns` are the names of its columns, "" where one has none; `caption` is "" where the table
    has none. Both also stand in the text where the file shows them.
    """

    start: int
    end: int
    columns: tuple[str, ...] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """From `start` on, up to the next mark, the text stands at `place` of the file.

    `place` is what a person looks for in the file: "slide 3", "Prices!A5:D5", "line 12". "" ends a
    place without beginning another.
    """

    start: int
    place: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """Text and structure of one file.

    The document's text is `"".join(page.text for page in pages)`; every `start` counts code points
    in it. A format without pages has one `Page` whose number is None. Headings are ordered by
    `start` and stand in the text at their `start`, except outline entries whose words could not be
    found on their page: these start where the page starts. Tables and marks are ordered by `start`
    too, and tables do not overlap. `asides` are stretches that are shown, never indexed: headers,
    footers and page numbers that repeat. `page_count` is None where the format has no pages;
    `reason` says in words which pages could not be read, or not as text, None when all could.
    `lacks_recognition` tells that text recognition, which is not there, could have read more.
    `sketch` is that of `ingest.sketch`, b"" where none was made; `language` and `date` are found in
    the text as soon as it is cut.
    """

    title: str
    media_type: str
    pages: tuple[Page, ...]
    headings: tuple[Heading, ...]
    page_count: int | None = None
    reason: str | None = None
    tables: tuple[Table, ...] = ()
    marks: tuple[Mark, ...] = ()
    asides: tuple[Span, ...] = ()
    lacks_recognition: bool = False
    sketch: bytes = b""
    language: str = ENGLISH
    date: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, as shares (0..1) of its width and height from its top left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as it looks, in PNG.

    `width` and `height` are pixels. `boxes` holds for each stretch of text its boxes, one a line,
    () where it was not found.
    """

    png: bytes
    width: int
    height: int
    boxes: tuple[tuple[Box, ...], ...]
