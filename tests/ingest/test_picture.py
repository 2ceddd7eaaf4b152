"""Pages as they look, with quotes marked: boxes where the words are, and files that are hostile."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from benchmarks.boxes import check
from ingest import ocr
from ingest.admit import PDF
from ingest.load import load
from ingest.parse import Parser
from ingest.picture import original, picture_of
from rag.errors import FileRefused
from rag.library.folder import Library
from rag.records import Document, Page, Span
from tests.conftest import SAMPLES
from tests.paged import write_pdf
from tests.stand_ins import HashEmbedder

needs_tesseract = pytest.mark.skipif(
    not ocr.version(), reason=f"no {ocr.PROGRAM} on the PATH: {ocr.MISSING}"
)
TEXT = "The heron nests by the weir.\nIt eats small fish at dawn.\nKingfishers dig tunnels."
QUOTE = "It eats small fish at dawn."


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(seconds=30) as parser:
        yield parser


def _loaded(folder: Path, *paths: Path) -> Library:
    library = Library.create(folder / "library")
    with Parser() as parser:
        load(paths, library, HashEmbedder, parser)
    return library


def _wanted(library: Library, quote: str) -> tuple[Document, Page, Span]:
    (document,) = library.catalogue.documents()
    for page in library.catalogue.pages(document.id):
        at = page.text.find(quote)
        if at >= 0:
            return document, page, Span(page.start + at, page.start + at + len(quote))
    raise AssertionError(f"{quote} is on no page")


@pytest.mark.parametrize("name", ["field-guide-part-one.pdf", "briefings/figures-2026.pdf"])
def test_boxes_cover_the_quotes_of_the_samples(name: str, parser: Parser) -> None:
    """The short form of `make bench-boxes`: PDFium's own search says where the words are."""
    results = list(check(SAMPLES / name, 15, parser))
    assert len(results) >= 10
    assert all(each.drawn and each.covered and each.tight for each in results)
    assert any(each.kind == "across lines" for each in results)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_and_cropped_page_is_marked_where_its_words_are(
    rotation: int, tmp_path: Path, parser: Parser
) -> None:
    path = write_pdf(tmp_path / "page.pdf", [TEXT])
    with closing(pypdfium2.PdfDocument(path)) as document:
        page = document[0]
        page.set_rotation(rotation)
        page.set_cropbox(20, 300, 500, 830)
        turned = tmp_path / "turned.pdf"
        document.save(turned)
    at = TEXT.index(QUOTE)
    picture = parser.picture(turned, PDF, 1, TEXT, [Span(at, at + len(QUOTE))])
    ((box,),) = picture.boxes
    # The letters are dark, the marker is yellow: both are inside, and nothing yellow is outside.
    image = Image.open(io.BytesIO(picture.png)).convert("RGB")
    yellow = Image.eval(image.getchannel("B"), lambda blue: 255 if blue < 130 else 0)
    bright = Image.eval(image.getchannel("R"), lambda red: 255 if red > 240 else 0)
    marked = Image.composite(yellow, Image.new("L", image.size), bright).getbbox()
    assert marked
    assert box.left * image.width == pytest.approx(marked[0], abs=3)
    assert box.bottom * image.height == pytest.approx(marked[3], abs=3)
    dark = Image.eval(image.convert("L"), lambda grey: 255 if grey < 90 else 0)
    inside = dark.crop(
        (
            round(box.left * image.width),
            round(box.top * image.height),
            round(box.right * image.width),
            round(box.bottom * image.height),
        )
    )
    assert inside.getbbox()


def test_a_page_is_drawn_from_the_file_that_was_loaded(tmp_path: Path, parser: Parser) -> None:
    path = write_pdf(tmp_path / "docs" / "birds.pdf", ["Nothing here.", TEXT])
    library = _loaded(tmp_path, path)
    document, page, span = _wanted(library, QUOTE)
    places = library.catalogue.places(document.id)
    picture = picture_of(document, places, page, [span], parser)
    assert picture.png.startswith(b"\x89PNG")
    assert Image.open(io.BytesIO(picture.png)).size == (picture.width, picture.height)
    assert len(picture.boxes[0]) == 1
    assert original(document, places, parser) == path.read_bytes()

    os.utime(path, (1, 1))  # another time, the same bytes
    assert picture_of(document, places, page, [span], parser) == picture
    write_pdf(path, ["Another text.", "Entirely."])
    with pytest.raises(FileRefused, match="changed since it was loaded"):
        picture_of(document, places, page, [span], parser)
    path.unlink()
    with pytest.raises(FileRefused, match="gone"):
        picture_of(document, places, page, [span], parser)


def test_a_member_of_an_archive_is_drawn(tmp_path: Path, parser: Parser) -> None:
    path = write_pdf(tmp_path / "birds.pdf", [TEXT])
    archive = tmp_path / "papers.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("other.txt", "Another member of the archive.")
        packed.write(path, "deep/birds.pdf")
    library = _loaded(tmp_path, archive)
    document = library.catalogue.document("papers.zip/deep/birds.pdf")
    assert document
    (page,) = library.catalogue.pages(document.id)
    at = page.text.index(QUOTE)
    places = library.catalogue.places(document.id)
    picture = picture_of(document, places, page, [Span(at, at + len(QUOTE))], parser)
    assert len(picture.boxes[0]) == 1
    assert original(document, places, parser) == path.read_bytes()


@needs_tesseract
@pytest.mark.parametrize("kind", ["scan.pdf", "photo.png"])
def test_a_scanned_page_is_marked_where_its_words_are(
    kind: str, tmp_path: Path, parser: Parser
) -> None:
    text = write_pdf(tmp_path / "text.pdf", [TEXT])
    with closing(pypdfium2.PdfDocument(text)) as document:
        seen = document[0].render(scale=200 / 72, grayscale=True).to_pil().copy()
    path = tmp_path / "docs" / kind
    path.parent.mkdir()
    seen.save(path, resolution=200) if kind.endswith("pdf") else seen.save(path)
    library = _loaded(tmp_path, path)
    document, page, span = _wanted(library, "small fish at dawn.")
    places = library.catalogue.places(document.id)
    (box,) = picture_of(document, places, page, [span], parser).boxes[0]
    at = TEXT.index("small fish at dawn.")
    ((exact,),) = parser.picture(text, PDF, 1, TEXT, [Span(at, at + 19)]).boxes
    assert box.left == pytest.approx(exact.left, abs=0.01)
    assert box.right == pytest.approx(exact.right, abs=0.01)
    assert box.top == pytest.approx(exact.top, abs=0.005)
    assert box.bottom == pytest.approx(exact.bottom, abs=0.005)


def test_what_cannot_be_drawn_is_refused_and_the_next_is_drawn(
    tmp_path: Path, parser: Parser
) -> None:
    good = write_pdf(tmp_path / "good.pdf", [TEXT])
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 this is no PDF")
    locked = tmp_path / "picture.png"
    locked.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    with pytest.raises(FileRefused, match="cannot be drawn"):
        parser.picture(broken, PDF, 1, TEXT, [Span(0, 5)])
    with pytest.raises(FileRefused, match="no page 2"):
        parser.picture(good, PDF, 2, TEXT, [Span(0, 5)])
    with pytest.raises(FileRefused, match="damaged"):
        parser.picture(locked, "image/png", 1, TEXT, [Span(0, 5)])
    assert parser.picture(good, PDF, 1, TEXT, [Span(0, 5)]).boxes[0]


def test_a_page_of_any_size_gives_a_picture_of_a_bounded_one(
    tmp_path: Path, parser: Parser
) -> None:
    path = write_pdf(tmp_path / "page.pdf", [TEXT])
    for width, height in ((14_400, 20), (3, 14_400), (14_400, 14_400)):
        with closing(pypdfium2.PdfDocument(path)) as document:
            document[0].set_mediabox(0, 0, width, height)
            huge = tmp_path / f"{width}x{height}.pdf"
            document.save(huge)
        picture = parser.picture(huge, PDF, 1, TEXT, [Span(0, 5)])
        assert 0 < picture.width * picture.height <= 7_000_000


def test_a_picture_takes_no_longer_than_it_may(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    shutil.copy(write_pdf(tmp_path / "text.pdf", [TEXT]), path)
    with Parser(seconds=0.001) as impatient, pytest.raises(FileRefused, match="took longer"):
        impatient.picture(path, PDF, 1, TEXT, [Span(0, 5)])
