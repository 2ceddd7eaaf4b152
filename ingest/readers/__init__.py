"""The readers: one file in, its text with pages and headings out.

This is the only room that knows libraries for documents. Each is imported when a file of its kind
is read, which happens in the child process of `ingest.parse` and nowhere else.
"""

from __future__ import annotations

from pathlib import Path

from ingest.admit import (
    CSV,
    DOCX,
    EML,
    EPUB,
    HTML,
    JSON,
    JSON_LINES,
    LATEX,
    MARKDOWN,
    MBOX,
    MHTML,
    MSG,
    NOTEBOOK,
    ODP,
    ODS,
    ODT,
    PDF,
    PICTURES,
    PLAIN,
    PPTX,
    RST,
    RTF,
    TSV,
    XLSX,
    XML,
)
from ingest.ocr import Recogniser
from ingest.parsed import Parsed
from rag.errors import FileRefused

READER = "4"
"""Version of what the readers produce; raising it makes a library read its files again."""


def read(path: Path, media_type: str, recogniser: Recogniser | None = None) -> Parsed:
    """Return text, pages, headings and title of the file.

    Args:
        path: a regular file, as `ingest.admit` let it in.
        media_type: one of the types that `ingest.admit.media_type` returns.
        recogniser: reads pages that are pictures; its default is English, in any time it takes.

    Raises:
        FileRefused: the file is damaged, password-protected, holds no text, or is of another type.
    """
    if media_type == PDF:
        from ingest.readers import pdf

        return pdf.read(path, recogniser or Recogniser())
    if media_type in PICTURES:
        from ingest.readers import pictures

        return pictures.read(path, media_type, recogniser or Recogniser())
    if media_type in (DOCX, MARKDOWN):
        from ingest.readers import office

        return office.read(path, media_type)
    if media_type == HTML:
        from ingest.readers import web

        return web.read(path)
    if media_type in (CSV, TSV):
        from ingest.readers import rows

        return rows.read(path, media_type)
    if media_type in (EML, MBOX):
        from ingest.readers import mail

        return mail.read(path, media_type)
    if media_type == XLSX:
        from ingest.readers import sheets

        return sheets.read(path)
    if media_type == PPTX:
        from ingest.readers import slides

        return slides.read(path)
    if media_type in (ODT, ODS, ODP):
        from ingest.readers import opendocument

        return opendocument.read(path, media_type)
    if media_type == RTF:
        from ingest.readers import rich

        return rich.read(path)
    if media_type == EPUB:
        from ingest.readers import book

        return book.read(path)
    if media_type == MHTML:
        from ingest.readers import mail

        return mail.read_archive(path)
    if media_type == XML:
        from ingest.readers import elements

        return elements.read(path)
    if media_type == NOTEBOOK:
        from ingest.readers import notebook

        return notebook.read(path)
    if media_type == RST:
        from ingest.readers import restructured

        return restructured.read(path)
    if media_type == LATEX:
        from ingest.readers import latex

        return latex.read(path)
    if media_type == MSG:
        from ingest.readers import outlook

        return outlook.read(path)
    if media_type in (PLAIN, JSON, JSON_LINES):
        from ingest.readers import plain

        return plain.read(path, media_type)
    raise FileRefused(f"there is no reader for {media_type}")
