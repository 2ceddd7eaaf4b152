"""A page of a PDF or a picture as it looks, with stretches of its text marked."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.admit import PDF
from ingest.align import find
from ingest.ocr import Recogniser
from ingest.picture import Box, PagePicture
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """Characters or words on a page: their text, and their boxes in pixels, None for no box."""

    texts: list[str]
    boxes: list[tuple[float, float, float, float] | None]


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
        image, seen = _pdf(path, page, text, recogniser)
    else:
        image = _fitted(pictures.upright(path, page))
        seen = _words(pictures.grey(image), recogniser, image.size)
    return _painted(image, _places(text, spans, seen))


def _pdf(path: Path, number: int, text: str, recogniser: Recogniser) -> tuple[Image, _Seen]:
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
                return image, seen
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

    x, y = ctypes.c_int(), ctypes.c_int()

    def at(horizontal: float, vertical: float) -> tuple[int, int]:
        # Turned pages and cropped ones: PDFium knows where a point of the page was drawn.
        pdfium.FPDF_PageToDevice(
            page.raw, 0, 0, *size, 0, horizontal, vertical, ctypes.byref(x), ctypes.byref(y)
        )
        return x.value, y.value

    texts: list[str] = []
    boxes: list[tuple[float, float, float, float] | None] = []
    with closing(page.get_textpage()) as textpage:
        for index in range(textpage.count_chars()):
            code = pdfium.FPDFText_GetUnicode(textpage.raw, index)
            character = chr(code) if 0 < code <= 0x10FFFF else ""
            left, bottom, right, top = textpage.get_charbox(index)
            texts.append(character)
            if not character.strip() or right <= left or top <= bottom:
                boxes.append(None)
                continue
            one, two = at(left, bottom), at(right, top)
            boxes.append(
                (
                    min(one[0], two[0]),
                    min(one[1], two[1]),
                    max(one[0], two[0]),
                    max(one[1], two[1]),
                )
            )
    return _Seen(texts, boxes)


def _words(picture: bytes, recogniser: Recogniser, size: tuple[int, int]) -> _Seen:
    """The words that are recognised on a picture, letter by letter, each with its word's box."""
    texts: list[str] = []
    boxes: list[tuple[float, float, float, float] | None] = []
    if not recogniser.available:
        return _Seen(texts, boxes)
    words, (width, height) = recogniser.words(lambda: picture)
    across, down = size[0] / width, size[1] / height
    for word in words:
        box = (
            word.left * across,
            word.top * down,
            (word.left + word.width) * across,
            (word.top + word.height) * down,
        )
        texts += [*word.text, " "]
        boxes += [*[box] * len(word.text), None]
    return _Seen(texts, boxes)


def _places(
    text: str, spans: Sequence[Span], seen: _Seen
) -> list[list[tuple[float, float, float, float]]]:
    """For each stretch its boxes in pixels, one a line."""
    return [
        [] if found is None else list(_lines(seen.boxes[found.start : found.end]))
        for found in find(text, spans, seen.texts)
    ]


def _lines(
    boxes: Iterable[tuple[float, float, float, float] | None],
) -> Iterator[tuple[float, float, float, float]]:
    """Put the boxes of letters together that stand on a line, one after the other."""
    line: tuple[float, float, float, float] | None = None
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


def _continues(
    line: tuple[float, float, float, float], box: tuple[float, float, float, float]
) -> bool:
    height = max(line[3] - line[1], box[3] - box[1], 1.0)
    # A full stop has next to no height: its middle has to stand in the line.
    middle = (box[1] + box[3]) / 2
    level = line[1] - _SAME_LINE * height <= middle <= line[3] + _SAME_LINE * height * 0.5
    ahead = box[0] >= line[0] - 1 and box[0] <= line[2] + _GAP * height
    return level and ahead


def _fitted(image: Image) -> Image:
    import PIL.Image

    scale = min(1.0, sqrt(_MOST_PIXELS / (image.width * image.height)))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    fitted = image if scale == 1 else image.resize(size, PIL.Image.Resampling.LANCZOS)
    return fitted.convert("RGB")


def _painted(
    image: Image, places: Sequence[Sequence[tuple[float, float, float, float]]]
) -> PagePicture:
    """Paint the boxes as a marker would: the letters stay as dark as they are."""
    import PIL.ImageChops
    import PIL.ImageDraw

    ink = PIL.Image.new("RGB", image.size, "white")
    brush = PIL.ImageDraw.Draw(ink)
    padded = [[_padded(box, image.size) for box in boxes] for boxes in places]
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


def _padded(
    box: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[int, int, int, int]:
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
