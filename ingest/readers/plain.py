"""Reader of plain text, and the decoding that all text formats share."""

from __future__ import annotations

import codecs
from pathlib import Path

from ingest.admit import JSON, JSON_LINES
from ingest.clean import clean
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title
from rag.errors import FileRefused

_MARKS = (  # longest first: the mark of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 64 * 1024


def read(path: Path, media_type: str) -> Parsed:
    """Return the text of a file that is text as it stands; it has neither pages nor headings.

    JSON is such text: a quote has to be what stands in the file. Of JSON lines each is a record,
    with its line as its place.

    Raises:
        FileRefused: it holds no text.
    """
    text = clean(decode(path.read_bytes()))
    if not text.strip():
        raise FileRefused("the file holds no text")
    layout = Layout()
    if media_type == JSON_LINES:
        for number, line in enumerate(decode(path.read_bytes()).split("\n"), 1):
            layout.place(f"line {number}")
            layout.line(line, "records")
    else:
        layout.block(text)
    first_line = "" if media_type in (JSON, JSON_LINES) else text.lstrip().split("\n", 1)[0]
    return layout.parsed(media_type, choose_title(None, (), first_line, path))


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
