"""A page of a PDF or a picture as it looks, with stretches of its text marked."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.admit import PDF
from ingest.align import find
from ingest.ocr import Recogniser, Word
from ingest.parsed import Box, PagePicture
from ingest.readers import pictures, scans
from rag.errors import FileRefused
from rag.records import Span

if TYPE_CHECKING:
    from PIL.Image import Image

_WIDTH = 1_200
"""Pixels across a page: legible at twice the width of the panel that shows it."""

_MOST_PIXELS = 6_000_000  # a page of 10:1 has four
_STRONG, _FAINT, _FRAME = (255, 224, 112), (255, 246, 208), (176, 116, 0)
_SAME_LINE = 0.5  # of the lower one's height
_PAD = 2  # pixels around the letters
_GAP = 3.0  # heights of a line, beyond which the next letter belongs to another column


_Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom; from the top down."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Characters on a page: their text, and where they stand, None for what is not seen.

    Boxes are as the text is read, upright; `drawn` turns one into pixels of the picture.
    """

    texts: list[str]
    boxes: list[_Rectangle | None]
    drawn: Callable[[_Rectangle], _Rectangle]


def draw(
    path: Path,
    media_type: str,
    page: int,
    text: str,
    spans: Sequence[Span],
    recogniser: Recogniser,
) -> PagePicture:
    """Return the page, numbered from 1, with stretches of its stored text marked.

    Raises:
        FileRefused: there is no such page, or it cannot be drawn.
    """
    if media_type == PDF:
        return _painted(*_pdf(path, page, text, spans, recogniser))
    image = _fitted(pictures.upright(path, page))
    seen = _words(pictures.grey(image), recogniser, image.size)
    return _painted(image, _places(text, spans, seen))


def _pdf(
    path: Path, number: int, text: str, spans: Sequence[Span], recogniser: Recogniser
) -> tuple[Image, list[list[_Rectangle]]]:
    import pypdfium2

    try:
        with closing(pypdfium2.PdfDocument(path)) as document:
            if not 1 <= number <= len(document):
                raise FileRefused(f"there is no page {number}")
            with closing(document[number - 1]) as page:
                width, height = page.get_size()
                if width <= 0 or height <= 0:
                    raise FileRefused("the page has no size")
                scale = min(_WIDTH / width, sqrt(_MOST_PIXELS / (width * height)))
                with closing(page.render(scale=scale)) as bitmap:
                    image = bitmap.to_pil().convert("RGB")
                seen = _characters(page, image.size)
                if _lacking(seen, text):
                    picture = scans.drawn(page)
                    seen = _words(picture, recogniser, image.size)
                return image, _places(text, spans, seen)  # while the page is open
    except pypdfium2.PdfiumError as error:
        raise FileRefused("the page cannot be drawn") from error


def _lacking(seen: _Seen, text: str) -> bool:
    """Whether the page itself has far fewer letters than its stored text: it was recognised."""
    there = sum(map(str.isalnum, "".join(seen.texts)))
    return there < 0.5 * sum(map(str.isalnum, text))


def _characters(page: Any, size: tuple[int, int]) -> _Seen:
    """The characters of the page in PDFium's order, which is that of the stored text."""
    import ctypes

    import pypdfium2.raw as pdfium

    width, height = size
    x, y = ctypes.c_int(), ctypes.c_int()

    def drawn(box: _Rectangle) -> _Rectangle:
        # Turned pages and cropped ones: PDFium knows where a point of the page was drawn.
        corners = []
        for across, down in ((box[0], box[1]), (box[2], box[3])):
            pdfium.FPDF_PageToDevice(
                page.raw, 0, 0, width, height, 0, across, -down, ctypes.byref(x), ctypes.byref(y)
            )
            corners.append((x.value, y.value))
        (one, two), (three, four) = corners
        return min(one, three), min(two, four), max(one, three), max(two, four)

    texts: list[str] = []
    boxes: list[_Rectangle | None] = []
    with closing(page.get_textpage()) as textpage:
        for index in range(textpage.count_chars()):
            code = pdfium.FPDFText_GetUnicode(textpage.raw, index)
            character = chr(code) if 0 < code <= 0x10FFFF else ""
            left, bottom, right, top = textpage.get_charbox(index)
            seen = character.strip() and right > left and top > bottom
            texts.append(character)
            boxes.append((left, -top, right, -bottom) if seen else None)
    return _Seen(texts, boxes, drawn)


def _words(picture: bytes, recogniser: Recogniser, size: tuple[int, int]) -> _Seen:
    """The words that are recognised on a picture, letter by letter, each with its word's box."""
    texts: list[str] = []
    boxes: list[_Rectangle | None] = []
    words: list[Word] = []
    width = height = 1
    if recogniser.available:
        words, (width, height) = recogniser.words(lambda: picture)
    across, down = size[0] / width, size[1] / height

    def drawn(box: _Rectangle) -> _Rectangle:
        left, top, right, bottom = box
        return left * across, top * down, right * across, bottom * down

    for word in words:
        box = (word.left, word.top, word.left + word.width, word.top + word.height)
        texts += [*word.text, " "]
        boxes += [*[box] * len(word.text), None]
    return _Seen(texts, boxes, drawn)


def _places(text: str, spans: Sequence[Span], seen: _Seen) -> list[list[_Rectangle]]:
    """For each stretch its boxes in pixels, one a line."""
    return [
        []
        if found is None
        else [seen.drawn(line) for line in _lines(seen.boxes[found.start : found.end])]
        for found in find(text, spans, seen.texts)
    ]


def _lines(boxes: Iterable[_Rectangle | None]) -> Iterator[_Rectangle]:
    """Put the boxes of letters together that stand on a line, one after the other."""
    line: _Rectangle | None = None
    for box in boxes:
        if box is None:
            continue
        if line is not None and _continues(line, box):
            line = (
                min(line[0], box[0]),
                min(line[1], box[1]),
                max(line[2], box[2]),
                max(line[3], box[3]),
            )
            continue
        if line is not None:
            yield line
        line = box
    if line is not None:
        yield line


def _continues(line: _Rectangle, box: _Rectangle) -> bool:
    height = max(line[3] - line[1], box[3] - box[1])
    # A full stop has next to no height: its middle has to stand in the line, or just below it.
    middle = (box[1] + box[3]) / 2
    level = line[1] - _SAME_LINE * height <= middle <= line[3] + _SAME_LINE * height / 2
    return level and line[0] <= box[0] + 0.1 * height and box[0] <= line[2] + _GAP * height


def _fitted(image: Image) -> Image:
    import PIL.Image

    scale = min(1.0, sqrt(_MOST_PIXELS / (image.width * image.height)))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    fitted = image if scale == 1 else image.resize(size, PIL.Image.Resampling.LANCZOS)
    return fitted.convert("RGB")


def _painted(image: Image, places: Sequence[Sequence[_Rectangle]]) -> PagePicture:
    """Paint the boxes as a marker would: the letters stay as dark as they are."""
    import PIL.ImageChops
    import PIL.ImageDraw

    ink = PIL.Image.new("RGB", image.size, "white")
    brush = PIL.ImageDraw.Draw(ink)
    padded = [
        [_padded(box, image.size) for box in boxes if _on(box, image.size)] for boxes in places
    ]
    for order in reversed(range(len(padded))):
        for box in padded[order]:
            brush.rectangle(box, fill=_STRONG if order == 0 else _FAINT)
    painted = PIL.ImageChops.multiply(image, ink)
    frame = PIL.ImageDraw.Draw(painted)
    for box in padded[0] if padded else ():
        frame.rectangle(box, outline=_FRAME, width=1)
    width, height = image.size
    shares = tuple(
        tuple(
            Box(left / width, top / height, (right + 1) / width, (bottom + 1) / height)
            for left, top, right, bottom in boxes
        )
        for boxes in padded
    )
    return PagePicture(_png(painted), width, height, shares)


def _on(box: _Rectangle, size: tuple[int, int]) -> bool:
    """Whether it is on the picture: a page may be cropped so that words are not."""
    left, top, right, bottom = box
    return right >= 0 and bottom >= 0 and left < size[0] and top < size[1]


def _padded(box: _Rectangle, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return (
        max(0, int(left) - _PAD),
        max(0, int(top) - _PAD),
        min(size[0] - 1, int(right) + 1 + _PAD),
        min(size[1] - 1, int(bottom) + 1 + _PAD),
    )


def _png(image: Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()
