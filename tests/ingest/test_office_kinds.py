"""Workbooks, presentations, OpenDocument, RTF, EPUB, saved pages, XML and notebooks."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from pptx import Presentation
from pptx.util import Inches

from ingest.admit import media_type
from ingest.parsed import Parsed
from ingest.readers import read
from ingest.readers.sheets import shown
from rag.errors import FileRefused

_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in {
        "office": "office",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "style": "style",
        "presentation": "presentation",
    }.items()
)


def parsed(path: Path) -> Parsed:
    return read(path, media_type(path))


def text_of(found: Parsed) -> str:
    return "".join(page.text for page in found.pages)


def place_of(found: Parsed, piece: str) -> str:
    at = text_of(found).index(piece)
    return next((mark.place for mark in reversed(found.marks) if mark.start <= at), "")


def open_document(path: Path, body: str, styles: str = "", **members: str) -> Path:
    content = (
        f"<office:document-content {_SPACES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body>{body}</office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", content)
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return path


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Prices"
    sheet.append(["Prices of the harbour, 2026"])
    sheet.append(["Berth", "Metres", "Secret", "Fee", "Due"])
    sheet.append(["A1", 12, "internal", 1234.5, date(2026, 3, 4)])
    sheet.append(["B2", 9.25, "internal", 80, datetime(2026, 3, 5, 17, 30)])
    sheet.append(["C3", 7, "internal", 1, None])
    for row in (3, 4):
        sheet.cell(row, 4).number_format = '"€" #,##0.00'
    sheet.append([])
    sheet.append(["Share", 0.125])
    sheet["B7"].number_format = "0.0%"
    sheet.column_dimensions["C"].hidden = True
    sheet.row_dimensions[5].hidden = True
    hidden = book.create_sheet("Drafts")
    hidden.append(["not for readers"])
    hidden.sheet_state = "hidden"
    path = tmp_path / "harbour.xlsx"
    book.save(path)
    return path


def test_a_sheet_is_its_visible_cells_as_shown_with_their_ranges(workbook: Path) -> None:
    found = parsed(workbook)
    text = text_of(found)
    assert text == (
        "Prices\n\nPrices of the harbour, 2026\n\nBerth Metres Fee Due\n"
        "A1 12 €1,234.50 2026-03-04\nB2 9.25 €80.00 2026-03-05 17:30:00\n\nShare 12.5%"
    )
    assert place_of(found, "A1 12") == "Prices!A3:E3"
    assert place_of(found, "Share") == "Prices!A7:B7"
    assert found.tables[0].caption == "Prices of the harbour, 2026"
    assert [heading.title for heading in found.headings] == ["Prices"]


def test_names_of_columns_are_typed_where_no_column_is_hidden(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Year", "Sum"])
    book.active.append([2024, 5])
    book.save(tmp_path / "sums.xlsx")
    assert parsed(tmp_path / "sums.xlsx").tables[0].columns == ("Year", "Sum")


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.1 + 0.2, "General", "0.3"),
        (1_234_567, "General", "1234567"),
        (-1234.5, "#,##0.00", "-1,234.50"),
        (-1234.5, "#,##0.00;(#,##0.00)", "(1,234.50)"),
        (-7.0, "#,##0;[Red]-#,##0", "-7"),
        (0.5, "0%", "50%"),
        (12.5, "[$£-809]#,##0.00", "£12.50"),
        (3.5, "0.0##", "3.5"),
        (12.0, '0 "kg"', "12 kg"),
        (7, "000-00", "7"),
        (True, "General", "TRUE"),
    ],
)
def test_numbers_stand_as_the_sheet_shows_them(value: float, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text


def test_slides_have_titles_tables_and_places_and_no_notes(tmp_path: Path) -> None:
    deck = Presentation()
    for number in (1, 2, 3):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = f"Title {number}"
        slide.placeholders[1].text = f"First point of {number}\nSecond point"
        slide.notes_slide.notes_text_frame.text = "say this aloud"
    table = deck.slides[1].shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for at, words in enumerate(["Year", "Sum", "2024", "5"]):
        table.cell(at // 2, at % 2).text = words
    deck.slides[2]._element.set("show", "0")
    deck.save(tmp_path / "deck.pptx")
    found = parsed(tmp_path / "deck.pptx")
    assert text_of(found) == (
        "Title 1\n\nFirst point of 1\nSecond point\n\n"
        "Title 2\n\nFirst point of 2\nSecond point\n\nYear Sum\n2024 5"
    )
    assert place_of(found, "2024") == "slide 2"
    assert found.tables[0].columns == ("Year", "Sum")
    assert [heading.title for heading in found.headings] == ["Title 1", "Title 2"]


def test_open_document_text_keeps_headings_lists_and_tables(tmp_path: Path) -> None:
    body = (
        "<office:text><text:tracked-changes><text:p>removed</text:p></text:tracked-changes>"
        '<text:h text:outline-level="2">Rules</text:h>'
        "<text:p>One<text:s text:c='2'/>two<office:annotation><text:p>a comment</text:p>"
        "</office:annotation> three<text:note><text:note-body><text:p>A footnote.</text:p>"
        "</text:note-body></text:note></text:p>"
        "<text:list><text:list-item><text:p>first</text:p></text:list-item>"
        "<text:list-item><text:p>second</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>Year</text:p></table:table-cell>"
        "<table:table-cell><text:p>Sum</text:p></table:table-cell></table:table-row>"
        "<table:table-row><table:table-cell><text:p>2024</text:p></table:table-cell>"
        "<table:table-cell><text:p>5</text:p></table:table-cell></table:table-row></table:table>"
        "</office:text>"
    )
    found = parsed(open_document(tmp_path / "rules.odt", body))
    assert text_of(found) == (
        "Rules\n\nOne  two three\n\nA footnote.\n\n- first\n- second\n\nYear Sum\n2024 5"
    )
    assert found.headings[0].level == 2
    assert found.tables[0].columns == ("Year", "Sum")


def test_open_document_sheets_show_what_their_cells_show(tmp_path: Path) -> None:
    def row(*cells: str, more: str = "") -> str:
        inner = "".join(
            f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells
        )
        return f"<table:table-row {more}>{inner}</table:table-row>"

    styles = (
        '<style:style style:name="off" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
    )
    body = (
        '<office:spreadsheet><table:table table:name="Costs">'
        '<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
        + row("Item", "Cost")
        + row("Rope", "€ 5.00")
        + row("Bait", "€ 1.00", more='table:visibility="collapse"')
        + '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row></table:table>'
        '<table:table table:name="Hidden" table:style-name="off">'
        + row("not shown")
        + "</table:table></office:spreadsheet>"
    )
    found = parsed(open_document(tmp_path / "costs.ods", body, styles))
    assert text_of(found) == "Costs\n\nItem Cost\nRope € 5.00"
    assert place_of(found, "Rope") == "Costs!A5:B5"


def test_open_document_slides_are_places(tmp_path: Path) -> None:
    body = (
        "<office:presentation><draw:page><draw:frame><draw:text-box><text:p>Body</text:p>"
        '</draw:text-box></draw:frame><draw:frame presentation:class="title"><draw:text-box>'
        "<text:p>Head</text:p></draw:text-box></draw:frame><presentation:notes><text:p>aloud"
        "</text:p></presentation:notes></draw:page></office:presentation>"
    )
    found = parsed(open_document(tmp_path / "talk.odp", body))
    assert text_of(found) == "Head\n\nBody"
    assert place_of(found, "Body") == "slide 1"


def test_rtf_keeps_cells_apart_and_its_own_bars(tmp_path: Path) -> None:
    path = tmp_path / "note.rtf"
    path.write_bytes(
        rb"{\rtf1\ansi\ansicpg1250{\info{\title Berths}}{\header top of each page}"
        rb"\pard \'c8esk\'fd p\'f8\'edstav a|b\par"
        rb"\trowd\cellx1\cellx2 Year\cell Sum\cell\row\trowd\cellx1\cellx2 2024\cell 5\cell\row"
        rb"\pard end\par}"
    )
    found = parsed(path)
    assert text_of(found) == "Český přístav a|b\n\nYear Sum\n2024 5\n\nend"
    assert found.tables[0].columns == ("Year", "Sum")
    assert found.title == "Berths"


def test_a_book_is_read_in_its_order_without_its_contents_page(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "book.epub", "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        )
        archive.writestr(
            "OEBPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Harbour</dc:title>'
            '</metadata><manifest><item id="n" href="nav.xhtml" properties="nav" '
            'media-type="application/xhtml+xml"/><item id="b" href="two%20b.xhtml" '
            'media-type="application/xhtml+xml"/><item id="a" href="one.xhtml" '
            'media-type="application/xhtml+xml"/><item id="c" href="lost.xhtml" '
            'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="n"/>'
            '<itemref idref="a"/><itemref idref="b"/><itemref idref="c"/></spine></package>',
        )
        archive.writestr("OEBPS/nav.xhtml", "<html><body><p>contents</p></body></html>")
        archive.writestr("OEBPS/one.xhtml", "<html><body><h1>One</h1><p>Ships.</p></body></html>")
        archive.writestr("OEBPS/two b.xhtml", "<html><body><h1>Two</h1></body></html>")
    found = parsed(tmp_path / "book.epub")
    assert text_of(found) == "One\n\nShips.\n\nTwo"
    assert found.title == "The Harbour"
    assert found.reason == "chapters missing in the file: OEBPS/lost.xhtml"


def test_a_saved_page_is_read_as_a_page(tmp_path: Path) -> None:
    path = tmp_path / "page.mhtml"
    path.write_bytes(
        b"From: <Saved>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/css\r\n\r\np {}\r\n--b\r\nContent-Type: text/html\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<title>Tides</title><p>High =C3=A0"
        b" noon</p>\r\n--b--\r\n"
    )
    found = parsed(path)
    assert (found.title, text_of(found)) == ("Tides", "High à noon")


def test_xml_is_its_text_and_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(
        "<doc>\n <head><title>Tides of June</title></head>\n"
        " <p>High <b>water</b> at noon.</p>\n</doc>"
    )
    found = parsed(path)
    assert text_of(found) == "Tides of June\n\nHigh water at noon."
    assert (found.title, place_of(found, "High")) == ("Tides of June", "line 3")
    path.write_bytes('<?xml version="1.0" encoding="gb2312"?><a>港口</a>'.encode("gb2312"))
    assert text_of(parsed(path)) == "港口"
    path.write_text('<!DOCTYPE a [<!ENTITY x "boom">]><a>&x;</a>')
    with pytest.raises(FileRefused, match="declares entities"):
        parsed(path)


def test_a_notebook_is_its_cells(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Tides\n", "\n", "High *water*."]},
        {
            "cell_type": "code",
            "source": "print(5)",
            "outputs": [{"text": ["5\n"]}, {"data": {"text/plain": "Out", "image/png": "xx"}}],
        },
    ]
    path = tmp_path / "tides.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    found = parsed(path)
    assert text_of(found) == "Tides\n\nHigh water.\n\nprint(5)\n\n5\n\nOut"
    assert (found.title, place_of(found, "print")) == ("Tides", "cell 2")


def _encrypted(path: Path) -> None:
    open_document(path, "", **{"META-INF__manifest.xml": "<m><encryption-data/></m>"})


def _entities(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')


def _no_archive(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 and then nothing of the kind")


def _other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def _old(path: Path) -> None:
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512))


@pytest.mark.parametrize(
    ("name", "write", "reason"),
    [
        ("a.odt", _encrypted, "password-protected"),
        ("a.ods", _entities, "hostile"),
        ("a.odp", _other_archive, "content.xml is missing"),
        ("a.xlsx", _no_archive, "cannot be unpacked"),
        ("a.xlsx", _other_archive, "holds none"),
        ("a.xlsx", _old, "an old Office file; save it as an open .xlsx"),
        ("a.pptx", _other_archive, "holds none"),
        ("a.epub", _other_archive, "container.xml is missing"),
        ("a.xls", _old, r"save it as \.xlsx"),
        ("a.rtf", _other_archive, "not an RTF file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    name: str, write: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    write(tmp_path / name)
    with pytest.raises(FileRefused, match=reason):
        parsed(tmp_path / name)
