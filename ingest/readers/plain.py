"""Reader of plain text, and the decoding that all text formats share."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from ingest.admit import JSON, JSON_LINES
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title

_MARKS = (  # longest first: the mark of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_ENDS = re.compile("\r\n?")
_SAMPLE = 64 * 1024


def read(path: Path, media_type: str) -> Parsed:
    """Return the text of a file that is text as it stands, each line with its number as its place.

    It has neither pages nor headings. JSON is such text: a quote has to be what stands in the file.

    Raises:
        FileRefused: it holds no text.
    """
    layout = Layout()
    paragraph, first_line = 0, ""
    text = _LINE_ENDS.sub("\n", decode(path.read_bytes()))
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            paragraph += media_type != JSON_LINES
            continue
        layout.place(f"line {number}")
        layout.line(line, f"paragraph {paragraph}")
        first_line = first_line or line
    if media_type in (JSON, JSON_LINES):
        first_line = ""
    return layout.parsed(media_type, choose_title(None, (), first_line[:_SAMPLE], path))


def decode(data: bytes, declared: str | None = None) -> str:
    """Return the text of `data`; bytes that fit nowhere become U+FFFD.

    A byte order mark decides, then the encoding the document `declared`, then UTF-8 if it fits
    but for stray bytes, then what the bytes look like, and Windows-1252 in the end.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if declared is not None:
        try:
            return data.decode(_as_browsers_read(declared))
        except (LookupError, ValueError):
            pass
    text = data.decode("utf-8", "replace")
    strays = text.count("\ufffd")
    if strays == 0:
        return text
    foreign = len(text) - strays - len(text.encode("ascii", "ignore"))
    if strays * 10 <= foreign:
        return text
    return data.decode(_looks_like(data), "replace")


def _as_browsers_read(encoding: str) -> str:
    name = codecs.lookup(encoding.strip()).name
    return "cp1252" if name in ("ascii", "iso8859-1") else name


def _looks_like(data: bytes) -> str:
    """Return an encoding of eight or more bits that suits the bytes."""
    try:
        import charset_normalizer
    except ImportError:  # it comes with another library, and Windows-1252 reads most of the rest
        return "cp1252"
    guess = charset_normalizer.from_bytes(data[:_SAMPLE]).best()
    if guess is None or guess.encoding in ("ascii", "utf_8"):
        return "cp1252"
    return guess.encoding
