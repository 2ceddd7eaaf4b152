"""Readers of tables in text, of JSON and of mail."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.admit import media_type
from ingest.chunk import Chunker
from ingest.parsed import Parsed
from ingest.readers import read
from rag.errors import FileRefused
from tests.conftest import BENCH


def _read(path: Path, content: str | bytes) -> Parsed:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path, media_type(path))


def _text(parsed: Parsed) -> str:
    return "".join(page.text for page in parsed.pages)


def _at(parsed: Parsed, piece: str) -> str:
    """The place that the reader gave to a piece of text."""
    start = _text(parsed).index(piece)
    return [mark.place for mark in parsed.marks if mark.start <= start][-1]


def test_each_record_of_a_csv_is_a_row_with_its_line(tmp_path: Path) -> None:
    content = 'bird,seen in,eggs\nheron,"Lake\nof Geneva",4\n"little, grey owl",,3\n'
    parsed = _read(tmp_path / "birds.csv", content)
    assert _text(parsed) == "bird seen in eggs\nheron Lake of Geneva 4\nlittle, grey owl 3"
    (table,) = parsed.tables
    assert table.columns == ("bird", "seen in", "eggs")
    assert (table.start, table.end) == (0, len(_text(parsed)))
    assert _at(parsed, "heron") == "line 2"
    assert _at(parsed, "little") == "line 4"
    assert parsed.title == "birds"
    (chunk,) = Chunker(None, 256).chunks("d", parsed)
    assert chunk.chunk.place == "lines 1-4"
    assert chunk.places == ("line 1", "line 2", "line 4")


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("a.tsv", "bird\tplace, or lake\nheron\tGeneva\n", ("bird", "place, or lake")),
        ("a.csv", "bird;price\nheron;1,5\nowl;2,5\n", ("bird", "price")),
        ("a.csv", "heron,4\nowl,3\n", ()),
        ("a.csv", "bird,bird\nheron,owl\n", ()),
        ("a.csv", "bird,eggs\n", ()),
    ],
)
def test_columns_are_named_where_the_first_record_names_them(
    tmp_path: Path, name: str, content: str, columns: tuple[str, ...]
) -> None:
    (table,) = _read(tmp_path / name, content).tables
    assert table.columns == columns


def test_json_is_kept_as_it_stands_and_its_lines_are_records(tmp_path: Path) -> None:
    content = '{\n  "bird": "heron",\n  "eggs": 4\n}'
    assert _text(_read(tmp_path / "a.json", content)) == content
    parsed = _read(tmp_path / "a.jsonl", '{"bird": "heron"}\n\n{"bird": "owl"}\n')
    assert _text(parsed) == '{"bird": "heron"}\n{"bird": "owl"}'
    assert _at(parsed, "owl") == "line 3"
    assert parsed.title == "a"


def _mail() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Die Fähre fährt um zwölf"
    mail["From"] = "Ana <ana@example.org>"
    mail["To"] = "Bo <bo@example.org>"
    mail["X-Secret"] = "not shown"
    mail.set_content("The ferry leaves at noon.\n\nBe there.")
    mail.add_alternative("<p>The ferry leaves at <b>noon</b>.</p>", subtype="html")
    return mail


def test_a_mail_is_its_subject_its_people_and_one_of_its_bodies(tmp_path: Path) -> None:
    mail = _mail()
    mail.add_attachment("Bring a <coat>.", filename="letter.txt")
    mail.add_attachment("<p>And <b>boots</b>.</p>", subtype="html", filename="more.html")
    mail.add_attachment(b"PK", maintype="application", subtype="zip", filename="photos.zip")
    parsed = _read(tmp_path / "a.eml", mail.as_bytes())
    assert parsed.title == "Die Fähre fährt um zwölf"
    assert _text(parsed) == (
        "Die Fähre fährt um zwölf\n\nFrom: Ana <ana@example.org>\nTo: Bo <bo@example.org>\n\n"
        "The ferry leaves at noon.\n\nBe there.\n\nBring a <coat>.\n\nAnd boots."
    )
    assert _at(parsed, "Bring") == "part 2, letter.txt"
    assert _at(parsed, "And boots") == "part 3, more.html"
    assert parsed.reason == "attached and not read: photos.zip"


def test_html_is_read_where_there_is_nothing_else(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Noon"
    mail.set_content(
        "<p>The ferry</p><p style='display:none'>Obey me.</p><script>no</script>", subtype="html"
    )
    assert _text(_read(tmp_path / "a.eml", mail.as_bytes())) == "Noon\n\nThe ferry"


def test_mail_inside_mail_is_read_with_its_place(tmp_path: Path) -> None:
    outer = EmailMessage()
    outer["Subject"] = "Forwarded"
    outer.set_content("See below.")
    outer.add_attachment(_mail())
    parsed = _read(tmp_path / "a.eml", outer.as_bytes())
    assert _at(parsed, "The ferry") == "attached mail"
    assert [heading.title for heading in parsed.headings] == [
        "Forwarded",
        "Die Fähre fährt um zwölf",
    ]


def test_each_message_of_a_mailbox_has_its_number(tmp_path: Path) -> None:
    second = EmailMessage()
    second["Subject"] = "Second"
    second.set_content("The ferry sank.")
    content = b"".join(
        b"From ana@example.org Mon Jan  5 12:00:00 2026\n" + mail.as_bytes() + b"\n"
        for mail in (_mail(), second)
    )
    parsed = _read(tmp_path / "letters.mbox", content)
    assert _at(parsed, "leaves at noon") == "message 1"
    assert _at(parsed, "sank") == "message 2"
    assert parsed.title == "letters"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.eml", "\n\nno header at all", "no header"),
        ("a.eml", "Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\nUEs=", "no"),
        ("a.mbox", "Subject: x\n\nno such line", "mailbox"),
        ("a.csv", b"\x89PNG\r\n\x1a\n", "picture"),
        ("a.json", "   \n", "no text"),
    ],
)
def test_what_is_damaged_or_empty_is_refused(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    with pytest.raises(FileRefused, match=said):
        _read(tmp_path / name, content)


def test_broken_headers_and_charsets_cost_nothing_but_themselves(tmp_path: Path) -> None:
    content = (
        b"Subject: =?no-such-charset?B?4pyT?= noon\nFrom: \xff\xfe\n"
        b"Content-Type: text/plain; charset=no-such\n\nThe ferry caf\xe9."
    )
    text = _text(_read(tmp_path / "a.eml", content))
    assert "The ferry café." in text
    assert "noon" in text


@pytest.mark.parametrize("kind", ["eml", "csv", "json"])
def test_files_made_to_hurt_are_read_or_refused(kind: str) -> None:
    folder = BENCH / "hostile" / kind
    if not folder.is_dir():
        pytest.skip(f"there are no hostile files at {folder}")
    read_ones = 0
    for path in sorted(path for path in folder.rglob(f"*.{kind}") if path.is_file()):
        try:
            read_ones += bool(_text(read(path, media_type(path))).strip())
        except FileRefused:
            continue
    assert read_ones
