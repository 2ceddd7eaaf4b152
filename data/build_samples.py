"""Rebuild the PDF and Word documents of the sample library from ``data/sources``.

A binary file in a repository is only trustworthy when anyone can make it again, so every run writes
the same bytes: dates come from the sources, nothing is compressed (compressors differ between
machines), and the parts of a Word file, which is a zip archive, all carry one fixed time.

    python data/build_samples.py            write the files below data/samples
    python data/build_samples.py --check    write nothing; end 1 where a file is not up to date
"""

from __future__ import annotations

import argparse
import io
import os
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.shared import Pt
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

HERE = Path(__file__).resolve().parent
AUTHOR = "Larkfield Library Trust"
MARGIN = 24 * mm
FRAME_PADDING = 6  # points, which reportlab adds inside the margins
ZIP_TIME = (1980, 1, 1, 0, 0, 0)

INK = HexColor("#1f2933")
ACCENT = HexColor("#1f5673")
PALE = HexColor("#eef3f6")
LINE = HexColor("#9fb3bf")

STYLES = {
    "title": ParagraphStyle(
        "title", fontName="Helvetica-Bold", fontSize=21, leading=27, textColor=ACCENT, spaceAfter=6
    ),
    "subtitle": ParagraphStyle(
        "subtitle", fontName="Times-Italic", fontSize=12, leading=16, textColor=INK, spaceAfter=14
    ),
    "h2": ParagraphStyle(
        "h2", fontName="Helvetica-Bold", fontSize=14.5, leading=19, textColor=ACCENT,
        spaceBefore=14, spaceAfter=5, keepWithNext=1,
    ),
    "h3": ParagraphStyle(
        "h3", fontName="Helvetica-Bold", fontSize=11.5, leading=15, textColor=INK,
        spaceBefore=7, spaceAfter=3, keepWithNext=1,
    ),
    "text": ParagraphStyle(
        "text", fontName="Times-Roman", fontSize=11.5, leading=16, textColor=INK, spaceAfter=7,
        allowWidows=0, allowOrphans=0,
    ),
    "bullet": ParagraphStyle(
        "bullet", fontName="Times-Roman", fontSize=11.5, leading=16, textColor=INK, spaceAfter=4,
        leftIndent=14, bulletIndent=3,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One piece of a document: ``kind`` is a key of ``STYLES``, or "table" with its ``rows``."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Source:
    """A parsed source file; ``output`` is the path of the built file below ``data/samples``."""

    output: str
    title: str
    subtitle: str
    date: datetime
    blocks: tuple[Block, ...]


def read_source(path: Path) -> Source:
    """Parse the small part of Markdown the sources use: headings, bullets, tables, paragraphs."""
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in front.splitlines() if line)
    marks = {"## ": "h2", "### ": "h3", "- ": "bullet"}
    blocks: list[Block] = []
    lines = [line for line in body.splitlines() if line]
    for is_table, group in groupby(lines, key=lambda line: line.startswith("|")):
        if is_table:
            rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in group]
            blocks.append(Block("table", rows=(rows[0], *rows[2:])))
            continue
        for line in group:
            mark = next((mark for mark in marks if line.startswith(mark)), "")
            blocks.append(Block(marks.get(mark, "text"), line.removeprefix(mark)))
    date = datetime.fromisoformat(fields["date"]).replace(hour=9, tzinfo=UTC)
    return Source(fields["output"], fields["title"], fields["subtitle"], date, tuple(blocks))


class GuideTemplate(SimpleDocTemplate):  # type: ignore[misc]
    """A page template that adds every heading to the outline and numbers the pages."""

    def afterFlowable(self, flowable: Flowable) -> None:
        """Enter a heading that has just been placed into the outline (a reportlab hook)."""
        kind = getattr(getattr(flowable, "style", None), "name", "")
        if kind in ("h2", "h3"):
            key = f"heading-{self.seq.nextf('heading')}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=int(kind[1]) - 2)

    def afterPage(self) -> None:
        """Draw the footer once the text stands, so that it is also last when the text is read."""
        canvas, right = self.canv, A4[0] - MARGIN
        canvas.saveState()
        canvas.setStrokeColor(LINE)
        canvas.line(MARGIN, 17 * mm, right, 17 * mm)
        canvas.setFont("Helvetica", 8.5)
        canvas.setFillColor(INK)
        canvas.drawString(MARGIN, 12 * mm, self.title)
        canvas.drawRightString(right, 12 * mm, f"Page {canvas.getPageNumber()}")
        canvas.restoreState()


def pdf_table(rows: tuple[tuple[str, ...], ...]) -> Table:
    """Return a ruled table whose columns share the width by their longest cell."""
    longest = [
        max(stringWidth(cell, "Helvetica-Bold", 9.5) for cell in column) + 12
        for column in zip(*rows, strict=True)
    ]
    widths = [(A4[0] - 2 * MARGIN) * size / sum(longest) for size in longest]
    style = [
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9.5),
        ("FONT", (0, 1), (-1, -1), "Helvetica", 9.5),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("BACKGROUND", (0, 0), (-1, 0), PALE),
        ("GRID", (0, 0), (-1, -1), 0.6, LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
    ]
    table = Table(rows, colWidths=widths, repeatRows=1, style=TableStyle(style))
    table.spaceBefore, table.spaceAfter = 4, 10
    return table


def build_pdf(source: Source) -> bytes:
    """Return the source as a PDF with a title, an outline, page numbers and a fixed date."""
    story: list[Any] = [
        Paragraph(escape(source.title), STYLES["title"]),
        Paragraph(escape(source.subtitle), STYLES["subtitle"]),
    ]
    for block, following in pairwise((*source.blocks, Block("end"))):
        if block.kind == "table":
            story.append(pdf_table(block.rows))
        else:
            bullet = "\N{BULLET}" if block.kind == "bullet" else None
            paragraph = Paragraph(escape(block.text), STYLES[block.kind], bulletText=bullet)
            if block.kind == "text" and following.kind in ("bullet", "table"):
                paragraph.keepWithNext = 1  # a line that announces a list stays with it
            story.append(paragraph)
    os.environ["SOURCE_DATE_EPOCH"] = str(int(source.date.timestamp()))  # reportlab reads it
    buffer = io.BytesIO()
    template = GuideTemplate(
        buffer, pagesize=A4, leftMargin=MARGIN - FRAME_PADDING, rightMargin=MARGIN - FRAME_PADDING,
        topMargin=24 * mm, bottomMargin=24 * mm, title=source.title, author=AUTHOR,
        subject=source.subtitle, creator="data/build_samples.py", lang="en-GB",
        invariant=1, pageCompression=0, displayDocTitle=True, initialFontName="Times-Roman",
    )  # fmt: skip
    template.build(story)
    return buffer.getvalue()


def drop_unused_parts(document: Document) -> None:
    """Leave out what python-docx's template brings along and these documents never use."""
    for style in list(document.styles):
        if style.type == WD_STYLE_TYPE.TABLE and style.name not in ("Normal Table", "Table Grid"):
            style.delete()
    for relations in (document.part.rels, document.part.package.rels):
        for key, relation in list(relations.items()):
            if relation.reltype.endswith(("/stylesWithEffects", "/thumbnail")):
                del relations[key]


def build_docx(source: Source) -> bytes:
    """Return the source as a Word document with its properties and archive times pinned."""
    document = docx.Document()
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Georgia", Pt(11)
    properties = document.core_properties
    properties.title, properties.subject, properties.author = source.title, source.subtitle, AUTHOR
    properties.last_modified_by, properties.comments, properties.revision = AUTHOR, "", 1
    properties.created = properties.modified = source.date.replace(tzinfo=None)
    document.add_heading(source.title, level=0)
    document.add_paragraph(source.subtitle)
    styles = {"h2": "Heading 1", "h3": "Heading 2", "bullet": "List Bullet", "text": "Normal"}
    for block in source.blocks:
        if block.kind != "table":
            document.add_paragraph(block.text, style=styles[block.kind])
            continue
        table = document.add_table(len(block.rows), len(block.rows[0]), style="Table Grid")
        for row, texts in zip(table.rows, block.rows, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                run = cell.paragraphs[0].add_run(text)
                run.bold = texts is block.rows[0]
    drop_unused_parts(document)
    buffer = io.BytesIO()
    document.save(buffer)
    return pin_archive(buffer.getvalue())


def pin_archive(data: bytes) -> bytes:
    """Rewrite a zip archive uncompressed, each member in its place with one fixed time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, ZIP_TIME), old.read(name))
    return buffer.getvalue()


def main() -> int:
    """Build every source; return 1 where ``--check`` finds a file that is not up to date."""
    parser = argparse.ArgumentParser(description="Rebuild the PDF and Word sample documents.")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check = parser.parse_args().check
    stale = 0
    for path in sorted((HERE / "sources").glob("*.md")):
        source = read_source(path)
        built = build_pdf(source) if source.output.endswith(".pdf") else build_docx(source)
        target = HERE / "samples" / source.output
        same = target.is_file() and target.read_bytes() == built
        if not check and not same:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(built)
        stale += check and not same
        print(f"{'same' if same else 'differs' if check else 'written'}  {source.output}")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
