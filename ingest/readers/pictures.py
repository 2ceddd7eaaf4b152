"""Reader of pictures: scans, photographs of a page, screenshots; by text recognition."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.clean import clean
from ingest.ocr import MISSING, Recognised, Recogniser
from ingest.parsed import Mark, Parsed
from ingest.readers.layout import choose_title
from ingest.readers.numbers import numbers
from ingest.readers.scans import PLACE, grey_map
from rag.errors import FileRefused
from rag.records import Page

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_FRAMES = 2_000
_LARGEST = 100_000_000
"""Pixels: a photograph of the largest cameras; what claims more is there to eat memory."""

_MOST_PIXELS = 25_000_000
_SMALL = 1_500
"""Pixels on the longer side below which letters are too small for Tesseract, which wants capitals
of 20 pixels and more; such a picture is enlarged."""


def read(path: Path, media_type: str, recogniser: Recogniser) -> Parsed:
    """Return the text on the picture; each picture of a file with several is a page.

    Raises:
        FileRefused: it is damaged, holds no words, or there is no program to recognise them.
    """
    if not recogniser.available:
        raise FileRefused(f"a picture; {MISSING}")
    found: list[Recognised] = []
    with _opened(path) as picture:
        count = int(getattr(picture, "n_frames", 1))
        if media_type == "image/gif":
            count = 1  # the frames of a film
        if count > _MOST_FRAMES:
            raise FileRefused(f"the file holds {count:,} pictures; {_MOST_FRAMES:,} are read")
        for frame in range(count):
            picture.seek(frame)
            found.append(recogniser.page(lambda: grey(picture)))
    texts = [clean(each.text).strip("\n") if each.certain else "" for each in found]
    if not any(text.strip() for text in texts):
        raise FileRefused("no text was recognised in the picture")
    pages: list[Page] = []
    for number, text in enumerate(texts, 1):
        whole = f"{text}\n" if text and number < count else text
        start = pages[-1].start + len(pages[-1].text) if pages else 0
        pages.append(Page(number if count > 1 else None, start, whole))
    first_line = next(text for text in texts if text.strip()).split("\n", 1)[0]
    wordless = [number for number, text in enumerate(texts, 1) if not text.strip()]
    sure = [each.confidence for each in found if each.certain]
    reason = f"read by text recognition, {sum(sure) / len(sure):.0f} % certain"
    if wordless:
        reason += f"; no text was recognised on {numbers(wordless)}"
    return Parsed(
        title=choose_title(None, (), first_line, path),
        media_type=media_type,
        pages=tuple(pages),
        headings=(),
        page_count=count if count > 1 else None,
        reason=reason,
        marks=(Mark(0, PLACE),),
    )


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    import PIL.Image

    PIL.Image.MAX_IMAGE_PIXELS = None  # checked here, with a word of what is wrong
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with PIL.Image.open(path) as picture:
                if picture.width * picture.height > _LARGEST:
                    raise FileRefused(
                        f"too large: {picture.width:,} x {picture.height:,} pixels, and the limit "
                        f"is {_LARGEST:,}"
                    )
                yield picture
        except (FileRefused, MemoryError):
            raise
        except Exception as error:  # the decoders raise whatever a damaged file leads them to
            raise FileRefused("damaged: the picture cannot be decoded") from error


def upright(path: Path, number: int) -> Image:
    """The picture of that number, from 1, upright and on white. Raises `FileRefused`."""
    with _opened(path) as picture:
        if not 1 <= number <= int(getattr(picture, "n_frames", 1)):
            raise FileRefused(f"there is no page {number}")
        picture.seek(number - 1)
        return _upright(picture).convert("RGB")


def _upright(picture: Image) -> Image:
    import PIL.Image
    import PIL.ImageOps

    turned = PIL.ImageOps.exif_transpose(picture)
    if not turned.has_transparency_data:
        return turned
    layered = turned.convert("RGBA")
    white = PIL.Image.new("RGBA", layered.size, "white")
    white.alpha_composite(layered)
    return white


def grey(picture: Image) -> bytes:
    """The picture upright, on white, in grey, at a size that suits Tesseract."""
    import PIL.Image

    grey = _upright(picture).convert("L")
    scale = 2.0 if max(grey.size) < _SMALL else 1.0
    scale = min(scale, sqrt(_MOST_PIXELS / (grey.width * grey.height)))
    if scale != 1:
        size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
        grey = grey.resize(size, PIL.Image.Resampling.LANCZOS)
    return grey_map(grey.width, grey.height, grey.tobytes())
