"""Made-up files as hostile or careless people make them: refused in words, or read in seconds."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from ingest.admit import media_type
from ingest.chunk import Chunker
from ingest.parse import Parser
from ingest.parsed import Parsed
from rag.errors import FileRefused
from rag.ports import Embedder
from tests.conftest import BENCH, SAMPLES

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
)


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(seconds=60) as made:
        yield made


def _read(parser: Parser, path: Path) -> Parsed:
    return parser.parse(path, media_type(path))


def _text(parsed: Parsed) -> str:
    return "".join(page.text for page in parsed.pages)


def _docx(path: Path, body: bytes, *, also: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("word/document.xml", body)
        for name, content in (also or {}).items():
            archive.writestr(name, content)
    return path


def _body(inner: str) -> bytes:
    return f'<w:document xmlns:w="{WORD}"><w:body>{inner}</w:body></w:document>'.encode()


def test_a_made_up_docx_is_read(parser: Parser, tmp_path: Path) -> None:
    """The ground of the tests below: what they refuse is not their way of making a file."""
    hidden = "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>unseenword</w:t></w:r></w:p>"
    comments = _body("<w:p><w:r><w:t>commentword</w:t></w:r></w:p>")
    path = _docx(
        tmp_path / "a.docx",
        _body(f"<w:p><w:r><w:t>Plainly there.</w:t></w:r></w:p>{hidden}"),
        also={"word/comments.xml": comments},
    )
    text = _text(_read(parser, path))
    assert "Plainly there." in text
    assert "unseenword" not in text
    assert "commentword" not in text


def test_a_docx_that_unpacks_without_end_is_refused_soon(parser: Parser, tmp_path: Path) -> None:
    path = _docx(tmp_path / "bomb.docx", b" " * (600 * 1024**2))
    assert path.stat().st_size < 1024**2
    began = time.monotonic()
    with pytest.raises(FileRefused, match="too large when unpacked"):
        _read(parser, path)
    assert time.monotonic() - began < 20


def test_an_entity_bomb_is_refused(parser: Parser, tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<!DOCTYPE x [<!ENTITY e0 "ha">{entities}]>'.encode() + _body("<w:p>&e9;</w:p>")
    with pytest.raises(FileRefused, match="hostile: a part declares a document type"):
        _read(parser, _docx(tmp_path / "entities.docx", xml))


def test_a_file_outside_is_never_read_in(parser: Parser, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canaryword")
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'
    page = tmp_path / "page.xhtml"
    page.write_text(f"{doctype}<html><body><p>Seen: &e;</p></body></html>")
    assert "canaryword" not in _text(_read(parser, page))


def test_a_zip_of_something_else_is_no_word_document(parser: Parser, tmp_path: Path) -> None:
    path = tmp_path / "other.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "not a Word document")
    with pytest.raises(FileRefused, match="holds no Word document"):
        _read(parser, path)


@pytest.mark.parametrize("name", ["text.txt", "text.md", "text.html", "text.docx"])
def test_a_pdf_under_another_name_is_told_apart(parser: Parser, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes((SAMPLES / "field-guide-part-one.pdf").read_bytes())
    with pytest.raises(FileRefused, match=r"named \.\w+, but its content is (a PDF|not a Word)"):
        _read(parser, path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_pdf_cut_short_is_read_or_called_damaged(
    parser: Parser, tmp_path: Path, share: float
) -> None:
    whole = (SAMPLES / "field-guide-part-one.pdf").read_bytes()
    path = tmp_path / "cut.pdf"
    path.write_bytes(whole[: int(len(whole) * share)])
    try:
        parsed = _read(parser, path)
    except FileRefused as refused:
        said = str(refused)
    else:
        said = _text(parsed).strip() and "text"
    assert any(word in said for word in ("damaged", "text"))


def test_pages_without_text_are_named(parser: Parser, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(SAMPLES / "field-guide-part-one.pdf"))
    writer.insert_blank_page(index=1)
    path = tmp_path / "gap.pdf"
    writer.write(path)
    parsed = _read(parser, path)
    assert parsed.reason == "page 2 holds no text"
    assert [page.number for page in parsed.pages] == [1, 2, 3, 4]
    assert parsed.pages[1].text == ""


def test_a_pdf_of_empty_pages_is_refused(parser: Parser, tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(300, 300)
    path = tmp_path / "empty.pdf"
    writer.write(path)
    with pytest.raises(FileRefused, match="no text found"):
        _read(parser, path)


def test_a_pdf_locked_by_a_certificate_is_not_called_damaged(parser: Parser) -> None:
    path = BENCH / "hostile/pdf/apache__pdfbox__93e7c43e598c_AES128ExposedMeta.pdf"
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    with pytest.raises(FileRefused, match="locked by a certificate"):
        _read(parser, path)


def test_a_pdf_has_the_text_of_each_page_on_it(parser: Parser) -> None:
    path = SAMPLES / "field-guide-part-one.pdf"
    mine = _read(parser, path)
    with PdfReader(path) as theirs:
        texts = [" ".join(page.extract_text().split()) for page in theirs.pages]
    for page, other in zip(mine.pages, texts, strict=True):
        words, others = page.text.split(), other.split()
        assert len(set(words) & set(others)) > 0.9 * len(set(others))
    text = _text(mine)
    for heading in mine.headings:
        assert text[heading.start :].startswith(heading.title)
    assert [heading.level for heading in mine.headings] == [1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1]


def test_stray_zero_bytes_and_line_ends_are_taken_out(parser: Parser, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_bytes(b"<p>one\x01two</p>\r\n<p>three</p>\r\n" + b"<p>more words</p>\r\n" * 9)
    assert _text(_read(parser, page)).startswith("onetwo\n\nthree\n\nmore words")
    # Behind the part that is looked at before reading, a zero byte is only dropped.
    path = tmp_path / "a.txt"
    path.write_bytes(b"word\r\n" * 20_000 + b"ze\0ro\rend")
    assert _text(_read(parser, path)).endswith("word\nzero\nend")


def _seconds(parser: Parser, path: Path, embedder: Embedder) -> tuple[float, int, int]:
    began = time.monotonic()
    parsed = _read(parser, path)
    chunks = Chunker(embedder.tokenizer, embedder.window).chunks("d", parsed)
    seconds = time.monotonic() - began
    kept = sum(len("".join(item.chunk.text.split())) for item in chunks)
    return seconds, len("".join(_text(parsed).split())), kept


@pytest.mark.models
def test_a_word_of_five_megabytes_takes_seconds(
    parser: Parser, tmp_path: Path, real_embedder: Embedder
) -> None:
    path = tmp_path / "word.txt"
    path.write_text("x" * 5_000_000)
    seconds, given, kept = _seconds(parser, path, real_embedder)
    assert given == 5_000_000 <= kept
    assert seconds < 30


def test_a_line_of_fifty_megabytes_is_read_in_time(parser: Parser, tmp_path: Path) -> None:
    path = tmp_path / "line.txt"
    path.write_text("one more word " * 3_570_000)
    text = _text(_read(parser, path))  # within the parser's own limit
    assert text.split() == ["one", "more", "word"] * 3_570_000


def test_an_archive_cut_anywhere_never_ends_the_reader(parser: Parser, tmp_path: Path) -> None:
    whole = (SAMPLES / "policies" / "generative-ai-policy-2026.docx").read_bytes()
    path = tmp_path / "cut.docx"
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        places = [info.header_offset for info in archive.infolist()][1:]
    assert places
    for place in places:
        path.write_bytes(whole[: place + 10])
        with pytest.raises(FileRefused, match="cannot be unpacked"):
            _read(parser, path)
