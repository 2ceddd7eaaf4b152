"""Reader of XML without a known vocabulary: its character data, one block for each element."""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from ingest.admit import XML
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title, one_line
from ingest.readers.plain import decode
from ingest.readers.web import DECLARED
from rag.errors import FileRefused

_TITLES = ("title", "headline")
_DEEPEST = 1000


def read(path: Path) -> Parsed:
    """Return the text between the tags, with the line of the file on which it begins as its place.

    An element that holds text and elements mixed is one block; attributes are not text.

    Raises:
        FileRefused: the file is damaged, declares entities, or holds no text.
    """
    reader = _Reader()
    try:
        data = path.read_bytes()
        declared = DECLARED.match(data.lstrip()[:400])
        # expat itself knows no encodings of several bytes but those of Unicode.
        text = decode(data, declared[1].decode("ascii") if declared else None)
        reader.parser.Parse(text.encode("utf-8", "replace"), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise FileRefused(f"damaged: not well-formed XML ({error})") from error
    title = choose_title(reader.title or None, (), "", path)
    return reader.layout.parsed(XML, title)


class _Reader:
    """Collects character data, and hands it on where an element ends that holds any."""

    def __init__(self) -> None:
        self.layout = Layout()
        self.title = ""
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.EntityDeclHandler = self._entity
        self._open: list[str] = []
        self._text: list[str] = []
        self._mixed = 0  # depth of the outermost open element that holds text of its own
        self._line = 0

    def _entity(self, *_: object) -> None:
        raise FileRefused("hostile: it declares entities; save it without a document type")

    def _start(self, name: str, _: dict[str, str]) -> None:
        if len(self._open) > _DEEPEST:
            raise FileRefused("hostile: its elements are nested too deeply")
        self._open.append(name.rpartition(" ")[2].lower())

    def _data(self, data: str) -> None:
        if data.strip() and not self._mixed:
            self._mixed = len(self._open)
            self._line = self.parser.CurrentLineNumber
        self._text.append(data)

    def _end(self, _: str) -> None:
        name = self._open.pop()
        if len(self._open) >= self._mixed > 0:
            return
        text, self._mixed = one_line("".join(self._text)), 0
        self._text.clear()
        if text:
            self.layout.place(f"line {self._line}")
            self.layout.line(text, f"{'/'.join(self._open)}")
            if not self.title and name in _TITLES:
                self.title = text
