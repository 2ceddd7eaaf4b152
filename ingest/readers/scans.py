"""Pages that are pictures: which they are, and what stands on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

from ingest.clean import clean
from ingest.ocr import DPI, Recogniser
from rag.errors import FileRefused

PLACE = "read by text recognition"
"""Place of text that was recognised: it may differ from what a person sees on the page."""

_FEW = 40
"""Letters and digits: a stamp or a page number on a scan, not the text of a page."""

_COVERED = 0.5
_MOST_PIXELS = 25_000_000  # A3 at 300 dpi has 17 million
_BROKEN_LINE = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")


@dataclass(slots=True)
class Scans:
    """What became of the pages that hold a picture in place of text, by page number from 1."""

    texts: dict[int, str] = field(default_factory=dict)
    confidences: list[float] = field(default_factory=list)
    wordless: list[int] = field(default_factory=list)
    failed: dict[str, list[int]] = field(default_factory=dict)
    unread: list[int] = field(default_factory=list)


def recognise_pages(path: Path, texts: Sequence[str | None], recogniser: Recogniser) -> Scans:
    """Recognise the pages of a PDF that have little or no text, and a picture that may hold some.

    Args:
        path: a PDF that PDFium can open.
        texts: text of each page, None for a page that cannot be read.
        recogniser: where it is not available, the pages are only named (`unread`).
    """
    import pypdfium2

    scans = Scans()
    suspects = [number for number, text in enumerate(texts, 1) if text is not None and _few(text)]
    if not suspects:
        return scans
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError:  # read by pypdf alone
        return scans
    with closing(document):
        for number in suspects:
            try:
                with closing(document[number - 1]) as page:
                    if not _may_hold_words(page, texts[number - 1] or ""):
                        continue
                    if recogniser.available:
                        _recognise(page, number, texts[number - 1] or "", scans, recogniser)
                    else:
                        scans.unread.append(number)
            except pypdfium2.PdfiumError:
                continue
    return scans


def joined_lines(text: str) -> str:
    """The text with U+0002 where a word was broken at the end of a line, as PDFium marks it."""
    return _BROKEN_LINE.sub("\x02", text)


def grey_map(width: int, height: int, rows: bytes) -> bytes:
    """Return a picture, one byte for each pixel, as a file (PGM, the plainest there is)."""
    return b"P5 %d %d 255\n" % (width, height) + rows


def _few(text: str) -> bool:
    return sum(map(str.isalnum, text)) < _FEW


def _may_hold_words(page: Any, text: str) -> bool:
    """Whether there is something to see; beside a few words it has to be most of the page."""
    import pypdfium2.raw as pdfium

    if not text.strip():
        return next(iter(page.get_objects(max_depth=1)), None) is not None
    width, height = page.get_size()
    for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = picture.get_bounds()
        if (right - left) * (top - bottom) >= _COVERED * width * height:
            return True
    return False


def _recognise(page: Any, number: int, text: str, scans: Scans, recogniser: Recogniser) -> None:
    try:
        found = recogniser.page(lambda: drawn(page))
    except FileRefused as refused:
        scans.failed.setdefault(str(refused), []).append(number)
        return
    words = clean(found.text)
    if found.certain and len(words) > len(text):
        scans.texts[number] = joined_lines(words)
        scans.confidences.append(found.confidence)
    elif not text.strip():
        scans.wordless.append(number)


def drawn(page: Any) -> bytes:
    """Return the page as a picture that suits Tesseract."""
    width, height = page.get_size()
    scale = min(DPI / 72, sqrt(_MOST_PIXELS / max(1.0, width * height)))
    with closing(page.render(scale=scale, grayscale=True)) as bitmap:
        pixels, stride = memoryview(bitmap.buffer), bitmap.stride
        rows = (pixels[row * stride : row * stride + bitmap.width] for row in range(bitmap.height))
        return grey_map(bitmap.width, bitmap.height, b"".join(rows))
