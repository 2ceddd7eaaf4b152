"""Reader of Jupyter notebooks (nbformat 4): what was written, run and printed, cell by cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ingest.admit import MARKDOWN, NOTEBOOK
from ingest.parsed import Parsed
from ingest.readers import office
from ingest.readers.layout import Layout, choose_title
from ingest.readers.plain import decode
from rag.errors import FileRefused


def read(path: Path) -> Parsed:
    """Return the cells, each with its number as its place, and what they printed as text.

    Raises:
        FileRefused: it is no notebook, or holds no text.
    """
    try:
        cells = json.loads(decode(path.read_bytes()))["cells"]
        layout = Layout()
        for number, cell in enumerate(cells, 1):
            layout.place(f"cell {number}")
            source = _joined(cell.get("source"))
            if cell.get("cell_type") == "markdown":
                office.lay_out(source.encode("utf-8", "replace"), MARKDOWN, layout)
            else:
                layout.block(source)
            for output in cell.get("outputs") or ():
                data = output.get("data") or {}
                layout.block(_joined(output.get("text") or data.get("text/plain")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileRefused(
            "not a notebook in the form that Jupyter writes today (nbformat 4)"
        ) from error
    return layout.parsed(NOTEBOOK, choose_title(None, layout.headings, "", path))


def _joined(lines: Any) -> str:
    """Text is kept as one string or as a list of lines."""
    if lines is None:
        return ""
    return lines if isinstance(lines, str) else "".join(lines)
