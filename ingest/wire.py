"""How a parsed file and its chunks travel from the child process to the loading one: as JSON."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from ingest.parsed import Box, Mark, PagePicture, Parsed, Table
from rag.errors import FileRefused
from rag.library.catalogue import NewChunk
from rag.records import Chunk, Heading, Page, Span

_PNG = b"\x89PNG\r\n\x1a\n"
NONSENSE = "the reader's answer on this file makes no sense"


def as_json(parsed: Parsed) -> dict[str, Any]:
    """Return `parsed` made of what JSON knows; `from_json` is the way back."""
    return {
        "title": parsed.title,
        "media_type": parsed.media_type,
        "pages": [[page.number, page.start, page.text] for page in parsed.pages],
        "headings": [[each.level, each.title, each.start] for each in parsed.headings],
        "page_count": parsed.page_count,
        "reason": parsed.reason,
        "tables": [[each.start, each.end, each.columns, each.caption] for each in parsed.tables],
        "marks": [[each.start, each.place] for each in parsed.marks],
        "asides": [[each.start, each.end] for each in parsed.asides],
        "lacks_recognition": parsed.lacks_recognition,
        "sketch": parsed.sketch.hex(),
        "language": parsed.language,
        "date": parsed.date,
    }


def chunk_as_json(new: NewChunk) -> list[Any]:
    """Return a chunk without its text and id; `chunks_from_json` puts them back."""
    chunk = new.chunk
    return [
        chunk.start,
        chunk.end,
        chunk.page,
        chunk.headings,
        chunk.place,
        chunk.columns,
        chunk.caption,
        new.context,
        [[span.start, span.end] for span in new.sentences],
        new.places if any(new.places) else [],
        new.terms,
    ]


def picture_as_json(picture: PagePicture) -> dict[str, Any]:
    """Return a picture made of what JSON knows; `picture_from_json` is the way back."""
    return {
        "png": base64.b64encode(picture.png).decode(),
        "width": picture.width,
        "height": picture.height,
        "boxes": [
            [[box.left, box.top, box.right, box.bottom] for box in boxes] for boxes in picture.boxes
        ],
    }


def picture_from_json(answer: dict[str, Any]) -> PagePicture:
    """Return the picture that `picture_as_json` took apart.

    Raises:
        FileRefused: something is missing, or is no picture.
    """
    try:
        png = base64.b64decode(answer["png"], validate=True)
        boxes = tuple(tuple(Box(*map(float, box)) for box in boxes) for boxes in answer["boxes"])
        if not png.startswith(_PNG):
            raise ValueError("no picture")
        return PagePicture(png, int(answer["width"]), int(answer["height"]), boxes)
    except (ValueError, TypeError, KeyError) as error:
        raise FileRefused(NONSENSE) from error


def from_json(answer: dict[str, Any]) -> Parsed:
    """Return the parsed file that `as_json` took apart.

    Raises:
        FileRefused: something is missing, or offsets do not follow from the pages.
    """
    try:
        return _parsed(answer)
    except (ValueError, TypeError, KeyError) as error:
        raise FileRefused(NONSENSE) from error


def chunks_from_json(
    rows: Sequence[Sequence[Any]], document_id: str, parsed: Parsed
) -> tuple[NewChunk, ...]:
    """Return the chunks that `chunk_as_json` took apart.

    Raises:
        ValueError: a chunk or a sentence of it lies outside the text.
    """
    text = "".join(page.text for page in parsed.pages)
    found: list[NewChunk] = []
    for start, end, page, headings, place, columns, caption, *indexed in rows:
        context, spans, places, terms = indexed
        if not 0 <= start < end <= len(text):
            raise ValueError("a chunk lies outside the text")
        sentences = tuple(Span(first, last) for first, last in spans)
        if any(not 0 <= span.start < span.end <= end - start for span in sentences):
            raise ValueError("a sentence lies outside its chunk")
        chunk = Chunk(
            id=f"{document_id}-{len(found):06d}",
            document_id=document_id,
            text=text[start:end],
            start=start,
            end=end,
            page=page,
            headings=tuple(headings),
            place=place,
            columns=tuple(columns),
            caption=caption,
        )
        found.append(NewChunk(chunk, context, sentences, tuple(places), terms))
    return tuple(found)


def _parsed(answer: dict[str, Any]) -> Parsed:
    pages = tuple(Page(number, start, text) for number, start, text in answer["pages"])
    headings = tuple(Heading(level, title, start) for level, title, start in answer["headings"])
    length = 0
    for page in pages:
        if page.start != length:
            raise ValueError("a page does not start where the one before it ends")
        length += len(page.text)
    if any(not 0 <= heading.start <= length for heading in headings):
        raise ValueError("a heading lies outside the text")
    tables = tuple(
        Table(start, end, tuple(columns), caption)
        for start, end, columns, caption in answer["tables"]
    )
    marks = tuple(Mark(start, place) for start, place in answer["marks"])
    asides = tuple(Span(start, end) for start, end in answer["asides"])
    for spans in (tables, asides):
        ends = [at for span in spans for at in (span.start, span.end)]
        if ends != sorted(ends) or any(not 0 <= at <= length for at in ends):
            raise ValueError("tables or asides overlap or lie outside the text")
    return Parsed(
        title=answer["title"],
        media_type=answer["media_type"],
        pages=pages,
        headings=headings,
        page_count=answer["page_count"],
        reason=answer["reason"],
        tables=tables,
        marks=marks,
        asides=asides,
        lacks_recognition=bool(answer["lacks_recognition"]),
        sketch=bytes.fromhex(answer["sketch"]),
        language=str(answer["language"]),
        date=str(answer["date"]),
    )
