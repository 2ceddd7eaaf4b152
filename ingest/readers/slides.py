"""Reader of PowerPoint presentations, on python-pptx: each slide under its title."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.admit import PPTX
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title
from ingest.readers.packed import Package
from ingest.readers.rows import as_line, names
from rag.errors import FileRefused

_DIAGRAM = "/diagramData"
_PARAGRAPH = "{http://schemas.openxmlformats.org/drawingml/2006/main}p"
_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_DEEPEST = 50


def read(path: Path) -> Parsed:
    """Return what the slides show: titles, text, tables and diagrams.

    Notes, hidden slides and what only the master shows stay out.

    Raises:
        FileRefused: the file is damaged, password-protected, or holds no text.
    """
    from pptx import Presentation

    data = path.read_bytes()
    with Package(data, "PowerPoint presentation") as package:
        if not any(name.lower().endswith("presentation.xml") for name in package.names):
            raise FileRefused("named as a PowerPoint presentation, but the archive holds none")
        package.measure()
    layout = Layout()
    try:
        presentation = Presentation(io.BytesIO(data))
        for number, slide in enumerate(presentation.slides, 1):
            if slide._element.get("show") not in ("0", "false"):
                layout.place(f"slide {number}")
                _lay_out(slide, layout)
        title = presentation.core_properties.title
    except (MemoryError, FileRefused):
        raise
    except Exception as error:
        # python-pptx raises whatever it meets in a broken part: KeyError, ValueError, lxml's own.
        raise FileRefused(
            f"damaged: the presentation cannot be read ({type(error).__name__})"
        ) from error
    return layout.parsed(PPTX, choose_title(title, layout.headings, "", path))


def _lay_out(slide: Any, layout: Layout) -> None:
    title = slide.shapes.title
    if title is not None:
        layout.heading(1, title.text_frame.text)
    for shape in _shapes(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if getattr(shape, "has_table", False):
            rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
            columns = names(rows[0]) if len(rows) > 1 else ()
            layout.table([as_line(row) for row in rows], columns)
        elif getattr(shape, "has_text_frame", False) and not _is_furniture(shape):
            for paragraph in shape.text_frame.paragraphs:
                layout.line(paragraph.text.replace("\v", "\n"), f"shape {shape.shape_id}")
    for relation in slide.part.rels.values():
        if relation.reltype.endswith(_DIAGRAM) and not relation.is_external:
            _diagram(relation.target_part.blob, layout)


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """The shapes, those in groups too, as they lie on each other."""
    for shape in shapes:
        if shape._element.xpath(".//p:cNvPr[@hidden='1']") and not hasattr(shape, "shapes"):
            continue
        if hasattr(shape, "shapes") and depth < _DEEPEST:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _is_furniture(shape: Any) -> bool:
    """Whether the shape is the date, the footer or the number that every slide carries."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    if not shape.is_placeholder:
        return False
    return shape.placeholder_format.type in (
        PP_PLACEHOLDER.DATE,
        PP_PLACEHOLDER.FOOTER,
        PP_PLACEHOLDER.SLIDE_NUMBER,
    )


def _diagram(xml: bytes, layout: Layout) -> None:
    """Add the words of a diagram, which stand in a part of their own."""
    from pptx.oxml import parse_xml

    for paragraph in parse_xml(xml).iter(_PARAGRAPH):
        layout.line("".join(each.text or "" for each in paragraph.iter(_TEXT)), "diagram")
