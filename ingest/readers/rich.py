"""Reader of RTF, on striprtf."""

from __future__ import annotations

import re
from pathlib import Path

from ingest.admit import RTF
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title
from ingest.readers.rows import as_line, names
from rag.errors import FileRefused

_TITLE = re.compile(r"{\\title\s([^{}\\]{1,300})}")
# striprtf writes a bar behind each cell; the document's own bars are kept apart by a noncharacter,
# which `clean` would drop from any document.
_BAR = "\ufdd0"
_OWN_BAR = re.compile(r"(?<!\\)\|")


def read(path: Path) -> Parsed:
    """Return the text, paragraph by paragraph; a table row is a line.

    Raises:
        FileRefused: the file is damaged or holds no text.
    """
    from striprtf.striprtf import rtf_to_text

    source = path.read_bytes().decode("latin-1")
    marked = _OWN_BAR.sub(r"{\\uc0\\u64976 }", source)
    try:
        text: str = rtf_to_text(marked, errors="replace")  # type: ignore[no-untyped-call]
    except (ValueError, LookupError, IndexError, TypeError, OverflowError) as error:
        raise FileRefused(f"damaged: not as RTF demands ({type(error).__name__})") from error
    layout = Layout()
    table: list[list[str]] = []
    for line in [*text.split("\n"), ""]:
        if line.rstrip().endswith("|"):
            table.append([cell.replace(_BAR, "|") for cell in line.rstrip()[:-1].split("|")])
            continue
        if table:
            rows = [as_line(row) for row in table]
            layout.table(rows, names(table[0]) if len(table) > 1 else ())
            table = []
        layout.block(line.replace(_BAR, "|"))
    found = _TITLE.search(source[:65536])
    first = text.lstrip().split("\n", 1)[0].replace(_BAR, "|")
    return layout.parsed(RTF, choose_title(found[1] if found else None, (), first, path))
