"""Reader of Word and Markdown documents, on kreuzberg's typed document structure."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ingest.admit import DOCX, MARKDOWN
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title
from ingest.readers.packed import Package
from ingest.readers.plain import decode
from rag.errors import FileRefused

_BODY = "word/document.xml"
_WORD = "/wordprocessingml/"

# A noncharacter, which `clean` would drop from any document: it stands for a line end that
# kreuzberg would lose.
_LINE = "\ufdd0"
_LINE_MARK = re.compile(" ?\ufdd0 ?")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})|[ \t>]*(?:[-*+]|\d+[.)])?[ \t]+(`{3,}|~{3,})")
_INDENT = re.compile(r"(?:[ \t]|>[ \t]?)+")
_NO_PARAGRAPH = re.compile(
    r"[-*+][ \t]|\d{1,9}[.)][ \t]|#|>|<|\||`{3}|~{3}|\[[^\]]{0,200}\]:|([-*_=])[ \t]*(?:\1[ \t]*)*$"
)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_HTML_BLOCK = re.compile(
    r"</?(?:address|article|aside|blockquote|body|center|details|dd|div|dl|dt|figcaption|figure"
    r"|footer|form|h[1-6]|header|html|li|main|ol|p|section|summary|table|tbody|td|tfoot|th|thead"
    r"|tr|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"hidden|display\s*:\s*none", re.IGNORECASE)


def read(path: Path, media_type: str) -> Parsed:
    """Return the text of the document, block by block, with its headings and title.

    Raises:
        FileRefused: the file is damaged, password-protected, or holds no text.
    """
    layout = Layout()
    named = lay_out(path.read_bytes(), media_type, layout)
    return layout.parsed(media_type, choose_title(named, layout.headings, "", path))


def lay_out(data: bytes, media_type: str, layout: Layout) -> str | None:
    """Add the text of a document, and return the title that its metadata gives.

    Raises:
        FileRefused: it is damaged or password-protected.
    """
    if media_type == DOCX:
        data = _plain_docx(data)
    elif media_type == MARKDOWN:
        data = _marked_lines(decode(data).replace(_LINE, "")).encode("utf-8", "replace")
    result = _extract(data, media_type)
    nodes: list[dict[str, Any]] = (result.document or {}).get("nodes") or []
    _lay_out(nodes, layout)
    return result.metadata.get("title") if media_type == DOCX else _front_matter_title(nodes)


def _extract(data: bytes, media_type: str) -> Any:
    import kreuzberg

    config = kreuzberg.ExtractionConfig(
        output_format="plain",
        include_document_structure=True,
        use_cache=False,
    )
    try:
        return kreuzberg.extract_bytes_sync(data, media_type, config=config)
    except MemoryError:
        raise
    except Exception as error:
        words = str(error).lower()
        if "password" in words or "encrypt" in words:
            raise FileRefused("password-protected; save a copy without a password") from error
        raise FileRefused("damaged: its content could not be read as its kind demands") from error


def _lay_out(nodes: list[dict[str, Any]], layout: Layout) -> None:
    seen: set[str] = set()
    for number, node in enumerate(nodes):
        content = node["content"]
        kind = content["node_type"]
        text = content.get("text") or ""
        if node.get("content_layer") in ("header", "footer"):
            if text in seen:  # first, odd and even pages often repeat one header
                continue
            seen.add(text)
        if kind == "heading":
            layout.heading(content.get("level") or 1, _LINE_MARK.sub(" ", text))
        elif kind == "table":
            for row in _rows(content["grid"]["cells"]):
                layout.line(row, f"table {number}")
        elif kind == "code":
            layout.block(text.replace(f"{_LINE} ", "").replace(_LINE, ""))
        elif kind == "list_item":
            if text.strip():
                item = _LINE_MARK.sub("\n", text).strip()
                layout.line(f"- {item}", f"list {_outermost_list(nodes, number)}")
        elif kind not in ("group", "metadata_block"):
            layout.block(_LINE_MARK.sub("\n", text).strip())


def _outermost_list(nodes: list[dict[str, Any]], number: int) -> int:
    """Return the number of the list that the node stands in, with all the lists inside it."""
    found = number
    # A parent comes before its children; anything else would lead in a circle.
    while (parent := nodes[number].get("parent")) is not None and parent < number:
        number = parent
        if nodes[number]["content"]["node_type"] == "list":
            found = number
    return found


def _rows(cells: list[dict[str, Any]]) -> Iterator[str]:
    rows: dict[int, list[tuple[int, str]]] = {}
    for cell in cells:
        rows.setdefault(cell["row"], []).append((cell["col"], cell["content"] or ""))
    for _, row in sorted(rows.items()):
        yield " ".join(
            " ".join(text.replace(_LINE, " ").split()) for _, text in sorted(row) if text
        )


def _front_matter_title(nodes: list[dict[str, Any]]) -> str | None:
    for node in nodes:
        if node["content"]["node_type"] == "metadata_block":
            for name, value in node["content"].get("entries") or ():
                if str(name).lower() == "title":
                    return str(value)
    return None


def _marked_lines(text: str) -> str:
    """Return Markdown in which `_LINE` keeps apart what kreuzberg would run together.

    It joins the paragraphs of a list item and the two sides of a `<br>` without a space, and drops
    the text of HTML blocks; those lose their tags here, unless they are hidden.
    """
    lines: list[str] = []
    fence = ""
    blank = False
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        opened = _FENCE.match(line)
        if fence:
            if line.strip(" \t>").rstrip().strip(fence[0]) == "" and fence in line:
                fence = ""
        elif opened:
            fence = opened[1] or opened[2]
        elif not line.startswith(("    ", "\t")) and line.lstrip().startswith("<"):
            if not _HIDDEN.search(line):
                line = _HTML_BLOCK.sub(" ", line).strip()
        else:
            line = _mark(line, blank)
        blank = not line.strip(" \t>")
        lines.append(line)
    return "\n".join(lines)


def _mark(line: str, after_blank: bool) -> str:
    if "<" in line:
        line = _BREAK.sub(
            lambda match: match[0] if line.count("`", 0, match.start()) % 2 else _LINE, line
        )
    indent = _INDENT.match(line)
    if indent and (after_blank or ">" in indent[0]) and not _NO_PARAGRAPH.match(line, indent.end()):
        mark = f"{_LINE} " if line[indent.end() :].strip() else ""
        return f"{indent[0]}{mark}{line[indent.end() :]}"
    return line


def _plain_docx(data: bytes) -> bytes:
    """Return the document with its text only, without what would falsify that text.

    Pictures and embedded files stay out, so that they cost nothing.
    """
    plain = io.BytesIO()
    with (
        Package(data, "Word document") as package,
        zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as kept,
    ):
        if _BODY not in package.names:
            raise FileRefused("named .docx, but the archive holds no Word document")
        for name in package.names:
            if name.endswith((".xml", ".rels")):
                content = package.read(name)
                if name.startswith("word/") and name.count("/") == 1:
                    content = _without_marks(content, name)
                kept.writestr(name, content)
    return plain.getvalue()


def _without_marks(xml: bytes, name: str) -> bytes:
    """Return the part of a Word document with some stretches cut out of its bytes.

    Cut are hidden runs, and in tables what makes kreuzberg change a cell: the form of its runs and
    links, which it would write as Markdown, and the span of merged cells, which it would repeat.
    """
    cuts = _Cuts(xml)
    try:
        cuts.find()
    except expat.ExpatError as error:
        if name == _BODY:
            raise FileRefused(f"damaged: the Word document is broken ({error})") from error
        return b'<?xml version="1.0"?><none/>'
    pieces: list[bytes] = []
    end = 0
    for start, stop in sorted(cuts.found):
        if start >= end:
            pieces.append(xml[end:start])
            end = stop
    return b"".join([*pieces, xml[end:]])


class _Cuts:
    """Finds the stretches of a part that have to go, by their places in its bytes."""

    def __init__(self, xml: bytes) -> None:
        self.found: list[tuple[int, int]] = []
        self._xml = xml
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._open: list[tuple[str, int]] = []
        self._had_child = False
        self._tables = 0
        self._hidden: set[int] = set()  # where the hidden runs begin

    def find(self) -> None:
        if self._xml[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return  # places would be counted in other bytes than these
        self._parser.Parse(self._xml, True)

    def _doctype(self, *_: object) -> None:
        raise FileRefused("hostile: a part declares a document type, which Word never writes")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if _WORD not in space:
            local = ""
        self._open.append((local, self._parser.CurrentByteIndex))
        self._had_child = False
        if local == "tbl":
            self._tables += 1
        elif local == "vanish" and len(self._open) >= 3:
            on = next((attributes[key] for key in attributes if key.endswith(" val")), "true")
            (outer, start), (middle, _) = self._open[-3], self._open[-2]
            if (outer, middle) == ("r", "rPr") and on.lower() not in ("0", "false", "off"):
                self._hidden.add(start)

    def _end(self, name: str) -> None:
        local, start = self._open.pop()
        stop = self._parser.CurrentByteIndex
        childless, self._had_child = not self._had_child, True
        # For `<a/>` expat points behind the tag, for `</a>` at its beginning.
        if not (childless and self._xml[stop - 2 : stop] == b"/>"):
            stop = self._xml.index(b">", stop) + 1
        if local == "tbl":
            self._tables -= 1
        hidden = local == "r" and start in self._hidden
        if hidden or (self._tables and local in ("rPr", "gridSpan")):
            self._cut(start, stop)

    def _cut(self, start: int, stop: int) -> None:
        while self.found and self.found[-1][0] >= start:
            self.found.pop()
        self.found.append((start, stop))
