"""Pages that are pictures: recognised where Tesseract is, reported where it is not."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from ingest import ocr
from ingest.admit import media_type
from ingest.chunk import Chunker
from ingest.load import load
from ingest.ocr import Recogniser
from ingest.parse import Parser
from ingest.parsed import Parsed
from ingest.readers import read
from ingest.readers.scans import PLACE
from rag.errors import FileRefused
from rag.library.folder import Library
from rag.ports import Embedder
from rag.records import LoadOutcome
from tests.conftest import SAMPLES

PAPER = SAMPLES / "field-guide-part-one.pdf"

needs_tesseract = pytest.mark.skipif(
    not ocr.version(), reason=f"no {ocr.PROGRAM} on the PATH: {ocr.MISSING}"
)


@pytest.fixture(scope="module")
def pages() -> list[Image.Image]:
    """Two pages of a sample, as a scanner sees them."""
    with pypdfium2.PdfDocument(PAPER) as document:
        return [document[at].render(scale=200 / 72, grayscale=True).to_pil() for at in (0, 1)]


@pytest.fixture(scope="module")
def originals() -> list[str]:
    with pypdfium2.PdfDocument(PAPER) as document:
        return [document[at].get_textpage().get_text_bounded() for at in (0, 1)]


@pytest.fixture
def scan(tmp_path: Path, pages: list[Image.Image]) -> Path:
    """A PDF of two scanned pages and an empty one."""
    path = tmp_path / "scan.pdf"
    empty = Image.new("L", pages[0].size, 255)
    # Copies: Pillow keeps how a picture was saved, and trips over it when it is saved otherwise.
    first, second = (page.copy() for page in pages)
    first.save(path, save_all=True, append_images=[second, empty], resolution=200)
    return path


def _text(parsed: Parsed) -> str:
    return "".join(page.text for page in parsed.pages)


def _share_found(original: str, found: str) -> float:
    """How many of the words of `original` are among those of `found`."""
    words = re.findall(r"[^\W\d_]{3,}", original)
    there = set(re.findall(r"[^\W\d_]{3,}", found))
    return sum(word in there for word in words) / len(words)


@needs_tesseract
def test_scanned_pages_are_recognised_and_say_so(scan: Path, originals: list[str]) -> None:
    parsed = read(scan, media_type(scan))
    assert parsed.page_count == 3
    for original, page in zip(originals, parsed.pages, strict=False):
        assert _share_found(original, page.text) > 0.97
    assert parsed.reason is not None
    assert re.fullmatch(rf"pages 1-2 {PLACE}, 9\d % certain; page 3 holds no text", parsed.reason)
    assert not parsed.lacks_recognition
    chunks = list(Chunker(None, 256).chunks("d", parsed))
    assert {chunk.chunk.page for chunk in chunks} == {1, 2}
    assert {chunk.chunk.place for chunk in chunks} == {PLACE}


@needs_tesseract
def test_pictures_are_recognised_also_when_they_lie_on_their_side(
    tmp_path: Path, pages: list[Image.Image], originals: list[str]
) -> None:
    path = tmp_path / "photo.jpg"
    pages[0].rotate(90, expand=True).save(path)
    parsed = read(path, media_type(path))
    assert _share_found(originals[0], _text(parsed)) > 0.97
    assert parsed.pages[0].number is None
    assert [mark.place for mark in parsed.marks] == [PLACE]


@needs_tesseract
def test_each_picture_of_a_file_with_several_is_a_page(
    tmp_path: Path, pages: list[Image.Image], originals: list[str]
) -> None:
    path = tmp_path / "fax.tif"
    pages[0].save(path, save_all=True, append_images=[pages[1]])
    parsed = read(path, media_type(path))
    assert [page.number for page in parsed.pages] == [1, 2]
    assert _share_found(originals[1], parsed.pages[1].text) > 0.97


@needs_tesseract
def test_a_picture_without_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.frombytes("L", (200, 200), bytes(range(200)) * 200).save(path)
    with pytest.raises(FileRefused, match="no text was recognised"):
        read(path, media_type(path))


@needs_tesseract
def test_each_page_gives_the_file_more_time(scan: Path) -> None:
    given: list[float] = []
    read(scan, media_type(scan), Recogniser(more_time=given.append))
    assert given == [ocr.SECONDS_PER_PAGE] * 3
    with Parser(seconds=1.5) as parser:  # two pages take longer than that
        assert parser.parse(scan, media_type(scan)).page_count == 3


@needs_tesseract
def test_an_unknown_language_is_named(scan: Path) -> None:
    with pytest.raises(FileRefused, match="text recognition failed"):
        read(scan, media_type(scan), Recogniser("klingon"))


def test_without_tesseract_a_scan_is_refused_with_what_would_help(scan: Path) -> None:
    with pytest.raises(FileRefused, match="apt-get install tesseract-ocr"):
        read(scan, media_type(scan), Recogniser(""))


def test_without_tesseract_scanned_pages_among_others_are_named(tmp_path: Path, scan: Path) -> None:
    path = tmp_path / "mixed.pdf"
    with pypdfium2.PdfDocument(PAPER) as whole, pypdfium2.PdfDocument(scan) as pictures:
        whole.import_pages(pictures, pages=[0])
        whole.save(path)
    parsed = read(path, media_type(path), Recogniser(""))
    assert parsed.reason == f"page {parsed.page_count}: {ocr.MISSING}"
    assert parsed.lacks_recognition


def test_a_picture_that_claims_to_be_gigantic_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(FileRefused, match=r"too large: 20,000 x 20,000 pixels|apt-get"):
        read(path, media_type(path))


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"GIF89a")
    with pytest.raises(FileRefused, match="no such picture"):
        media_type(path)


@needs_tesseract
def test_what_was_loaded_without_recognition_is_read_again_with_it(
    tmp_path: Path, scan: Path, hash_embedder: Embedder
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    with pypdfium2.PdfDocument(PAPER) as whole, pypdfium2.PdfDocument(scan) as pictures:
        whole.import_pages(pictures, pages=[0])
        whole.save(folder / "mixed.pdf")
    scan.rename(folder / "scan.pdf")
    old = 1_600_000_000  # settled
    for path in folder.iterdir():
        os.utime(path, (old, old))
    library = Library.create(tmp_path / "library")

    def outcomes(languages: str) -> dict[str, LoadOutcome]:
        found = {}
        with Parser(languages=languages) as parser:
            load(
                [folder],
                library,
                lambda: hash_embedder,
                parser,
                on_file=lambda report: found.update({report.name: report.outcome}),
            )
        return found

    refused, unchanged = LoadOutcome.REFUSED, LoadOutcome.UNCHANGED
    added, updated = LoadOutcome.ADDED, LoadOutcome.UPDATED
    assert outcomes("") == {"mixed.pdf": added, "scan.pdf": refused}
    assert outcomes("") == {"mixed.pdf": unchanged, "scan.pdf": refused}
    assert outcomes("eng") == {"mixed.pdf": updated, "scan.pdf": added}
    assert outcomes("eng") == {"mixed.pdf": unchanged, "scan.pdf": unchanged}
    assert outcomes("") == {"mixed.pdf": unchanged, "scan.pdf": unchanged}
