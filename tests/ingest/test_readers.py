"""Files to text: the samples, and files as they come."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from ingest.admit import media_type
from ingest.parse import Parser
from ingest.parsed import Parsed
from rag.errors import FileRefused
from tests.conftest import BENCH, SAMPLES

HOSTILE = BENCH / "hostile"


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(seconds=60) as made:
        yield made


def _read(parser: Parser, path: Path) -> Parsed:
    parsed = parser.parse(path, media_type(path))
    at = 0
    for page in parsed.pages:
        assert page.start == at
        at += len(page.text)
    return parsed


def _text(parsed: Parsed) -> str:
    return "".join(page.text for page in parsed.pages)


@pytest.mark.parametrize(
    ("name", "title", "pages", "words"),
    [
        ("field-guide-part-one.pdf", "How It Works", 3, "175 billion parameters"),
        ("briefings/figures-2026.pdf", "2026", 3, "2,000 participants"),
        ("field-guide-part-two.md", "Risks and Rights", None, "prompt injection"),
        ("glossary.md", "Glossary", None, "nearly 2,000 participants"),
        ("desk-questions.txt", "QUESTIONS", None, "advice hour"),
        ("briefings/figures-2025.html", "2025", None, "6 pilot projects"),
        ("policies/generative-ai-policy-2026.docx", "policy", None, "within 1 working day"),
    ],
)
def test_samples(parser: Parser, name: str, title: str, pages: int | None, words: str) -> None:
    parsed = _read(parser, SAMPLES / name)
    assert title.casefold() in parsed.title.casefold()
    assert parsed.page_count == pages
    numbers = [page.number for page in parsed.pages]
    assert numbers == ([None] if pages is None else list(range(1, pages + 1)))
    joined = " ".join(_text(parsed).split())
    assert words in joined
    for heading in parsed.headings:
        assert 0 <= heading.start < len(_text(parsed))


def test_headings_stand_where_they_say(parser: Parser) -> None:
    parsed = _read(parser, SAMPLES / "field-guide-part-two.md")
    assert parsed.headings
    for heading in parsed.headings:
        assert _text(parsed)[heading.start :].startswith(heading.title)


def test_a_table_row_stays_one_line(parser: Parser) -> None:
    lines = _text(_read(parser, SAMPLES / "briefings" / "figures-2025.html")).splitlines()
    assert any("Mill Street" in line and "May 2024" in line for line in lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_texts_of_any_encoding(parser: Parser, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(
        "Der Fährmann überquert die Mündung täglich.\r\nÜber Nacht nicht.\r\n".encode(encoding)
    )
    text = _text(_read(parser, path))
    assert "Fährmann überquert die Mündung täglich." in text
    assert "\r" not in text


def test_what_nobody_sees_is_taken_out(parser: Parser, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    path.write_text(f"vis\u200bible\u00ad {hidden}text\u202e and\ufeff more")
    assert _text(_read(parser, path)).split() == ["visible", "text", "and", "more"]


def test_only_the_body_of_a_web_page_is_text(parser: Parser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        "<html><head><title>The weir</title><meta name=description content='metaword'>"
        "<style>styleword{}</style></head><body><!-- commentword --><script>scriptword</script>"
        "<p>Seen by all.</p><p style='display:none'>hiddenword</p><p hidden>unseenword</p>"
        "</body></html>"
    )
    parsed = _read(parser, path)
    assert parsed.title == "The weir"
    assert "Seen by all." in _text(parsed)
    for word in ("metaword", "styleword", "commentword", "scriptword", "hiddenword", "unseenword"):
        assert word not in _text(parsed)


def _encrypted(path: Path, user: str) -> Path:
    writer = PdfWriter(clone_from=PdfReader(SAMPLES / "field-guide-part-one.pdf"))
    writer.encrypt(user_password=user, owner_password="owner", algorithm="AES-256")
    writer.write(path)
    return path


def test_an_empty_password_opens(parser: Parser, tmp_path: Path) -> None:
    assert "175 billion" in _text(_read(parser, _encrypted(tmp_path / "open.pdf", "")))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", b"", "empty"),
        ("blank.txt", b" \n\t ", "no text"),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj", "PDF"),
        ("not.docx", b"PK\x03\x04 broken", "docx|damaged|Word|ZIP|zip"),
        ("wrong.pdf", b"PK\x03\x04" + b"x" * 100, "PDF"),
        ("odd.xyz", b"abc", "not supported|supported"),
        ("zeros.txt", b"\x00" * 1000, "text"),
    ],
)
def test_refused_with_a_reason(
    parser: Parser, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=said):
        _read(parser, path)


def test_a_locked_pdf_is_refused(parser: Parser, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="password"):
        _read(parser, _encrypted(tmp_path / "locked.pdf", "secret"))


def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read(tmp_path: Path) -> None:
    big = tmp_path / "big.html"
    big.write_text("<p>" + "<div>word " * 400_000)
    small = tmp_path / "small.txt"
    small.write_text("Short and readable.")
    with Parser(seconds=0.2) as parser, pytest.raises(FileRefused, match=r"0\.2 s"):
        parser.parse(big, media_type(big))
    with Parser(seconds=60) as parser:
        assert "readable" in _text(_read(parser, small))


def test_a_dead_child_is_replaced(parser: Parser, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Still readable.")
    assert "readable" in _text(_read(parser, path))
    assert parser._child is not None
    parser._child.kill()
    parser._child.wait()
    assert "readable" in _text(_read(parser, path))


def _hostile() -> list[Path]:
    if not HOSTILE.is_dir():
        return []
    files = sorted(path for path in HOSTILE.rglob("*") if path.is_file())
    return random.Random(11).sample(files, 40)


@pytest.mark.skipif(not HOSTILE.is_dir(), reason=f"no hostile files at {HOSTILE}")
def test_hostile_files_are_read_or_refused_with_a_reason(parser: Parser) -> None:
    texts, reasons = [], []
    for path in _hostile():
        try:
            texts.append(_text(_read(parser, path)))
        except FileRefused as refused:
            reasons.append(str(refused))
    assert len(texts) + len(reasons) == 40
    assert texts
    assert all(len(reason.split()) >= 2 for reason in reasons)
