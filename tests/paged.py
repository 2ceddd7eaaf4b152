"""Small PDFs with pages of known text, for tests that are about pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def write_pdf(path: Path, pages: Sequence[str], *, header: str = "", title: str = "") -> Path:
    """A PDF of these pages, each with the same header on top; lines stand as they are given."""
    from reportlab.pdfgen.canvas import Canvas

    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path), invariant=True)
    canvas.setTitle(title or path.stem)
    for page in pages:
        canvas.setFont("Helvetica", 9)
        if header:
            canvas.drawString(60, 810, header)
        for number, line in enumerate(page.split("\n")):
            canvas.drawString(60, 770 - 11 * number, line)
        canvas.showPage()
    canvas.save()
    return path
