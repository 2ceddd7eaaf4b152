"""Reader of HTML and XHTML, on the parser of the standard library.

The typed structure that kreuzberg gives for HTML leaves out text that stands directly in a `div`
and every definition list, and mixes the text with Markdown marks that cannot be told from the
document's own asterisks. A quote must be the document's words, so the blocks are built here.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from ingest.admit import HTML
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title, one_line
from ingest.readers.plain import decode

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form header hgroup hr html legend li main ol p pre section summary "
    "table tbody tfoot thead tr ul".split()
) | set(_HEADINGS)
# What a reader of the page does not see as text, or meets on every page of a site.
_DROPPED = frozenset(
    "applet audio button canvas datalist embed head iframe math nav noembed noframes noscript "
    "object script select style svg template textarea video".split()
)
_VOID = frozenset(
    "area base br col embed frame hr img input keygen link meta param source track wbr".split()
)
# An element whose end tag may be left out ends where one of these begins.
_ENDED_BY = {
    "p": _BLOCKS - {"body", "html", "li", "dd", "dt", "tr", "tbody", "thead", "tfoot", "caption"},
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": frozenset({"td", "th", "tr", "tbody", "thead", "tfoot"}),
    "th": frozenset({"td", "th", "tr", "tbody", "thead", "tfoot"}),
    "tr": frozenset({"tr", "tbody", "thead", "tfoot"}),
    "option": frozenset({"option"}),
    # A head that is never closed ends with the first thing that cannot stand in it.
    "head": (_BLOCKS - {"html"}) | {"a", "b", "em", "i", "img", "span", "strong", "td", "th"},
}
_CONTAINERS = frozenset({"table", "ul", "ol", "dl", "div", "td", "th", "section", "article"})
_HIDDEN = re.compile(
    r"display:none|visibility:hidden|(?:^|;)(?:font-size|opacity):0(?:\.0*)?(?:px|pt|em|rem|%)?(?:;|!|$)"
)
_CHARSET = re.compile(rb"""<meta\s[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)
DECLARED = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""", re.I)
# A row with more text than this, or more paragraphs to a cell, lays out a page and is no data.
_LONGEST_ROW = 2000
_MOST_IN_A_CELL = 2


def read(path: Path) -> Parsed:
    """Return the text of the page a browser would show, with its headings and title.

    Raises:
        FileRefused: it holds no text.
    """
    data = path.read_bytes()
    declared = _CHARSET.search(data[:4096]) or DECLARED.match(data.lstrip()[:400])
    layout = Layout()
    title = lay_out(decode(data, declared[1].decode("ascii") if declared else None), layout)
    return layout.parsed(HTML, choose_title(title, layout.headings, "", path))


def lay_out(html: str, layout: Layout) -> str:
    """Add what a browser would show of `html`, and return its title."""
    page = _Page(layout)
    page.feed(html)
    page.close()
    page.finish()
    return one_line(page.title)


class _Page(HTMLParser):
    """Collects inline text and hands it to the layout whenever a block begins or ends."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(convert_charrefs=True)
        self.layout = layout
        self.title = ""
        self._text: list[str] = []
        self._open: list[str] = []
        self._opened: Counter[str] = Counter()  # how often each tag is in `_open`
        self._dropped = 0  # depth of the element that is dropped with all it holds; 0 for none
        self._in_title = False
        self._verbatim = 0
        self._items = 0  # open list items whose text has not begun
        self._lists = 0  # open lists
        self._list = 0  # number of the outermost one
        self._rows: list[_Row] = []  # the row under construction, of each open table
        self._table = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_what_must(tag)
        if tag == "title" and not self._opened["svg"]:
            self._in_title = not self.title
        if tag in _VOID:
            if tag == "br" and not self._dropped:
                self._text.append("\v")
            elif tag == "hr":
                self._flush()
            return
        self._open.append(tag)
        self._opened[tag] += 1
        if self._dropped:
            return
        if tag in _DROPPED or _is_hidden(attrs):
            self._dropped = len(self._open)
            return
        self._begin(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if tag == "p" and not self._opened["p"] and not self._dropped:
            self._flush()
        if self._opened[tag]:
            while self._close_last() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "head" and data.strip():
            self._close_last()
        if self._in_title:
            self.title += data
        elif not self._dropped:
            self._text.append(data if self._verbatim else re.sub(r"[ \t\n\r\f\v]+", " ", data))

    def unknown_decl(self, data: str) -> None:
        """Take a CDATA section as the text it is in XHTML."""
        if data.startswith("CDATA["):
            self.handle_data(data.removeprefix("CDATA["))

    def finish(self) -> None:
        """End what the file left open."""
        while self._open:
            self._close_last()
        self._flush()

    def _end_what_must(self, tag: str) -> None:
        """Close open elements whose end tag was left out before `tag`."""
        while self._open:
            last = self._open[-1]
            if tag in _ENDED_BY.get(last, ()):
                self._close_last()
                continue
            # `<li><b>one<li>two`: what is open inside the item ends with it, up to a container.
            outer = self._implied_end(tag)
            if outer is None:
                return
            while len(self._open) > outer:
                self._close_last()

    def _implied_end(self, tag: str) -> int | None:
        if tag not in ("li", "dt", "dd", "td", "th", "tr"):
            return None
        for depth in range(len(self._open) - 1, max(-1, len(self._open) - 20), -1):
            name = self._open[depth]
            if tag in _ENDED_BY.get(name, ()):
                return depth
            if name in _CONTAINERS:
                return None
        return None

    def _begin(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
        if tag == "pre":
            self._verbatim += 1
        elif tag in ("ul", "ol"):
            self._list += self._lists == 0
            self._lists += 1
        elif tag == "li":
            self._items += 1
        elif tag == "table":
            self._table += 1
            self._rows.append(_Row())
        elif tag == "tr" and self._rows:
            self._end_row()
        elif tag in ("td", "th"):
            self._flush()
            if self._rows:
                self._rows[-1].cells += 1

    def _close_last(self) -> str:
        depth = len(self._open)
        tag = self._open.pop()
        self._opened[tag] -= 1
        if self._dropped:
            if self._dropped == depth:
                self._dropped = 0
            return tag
        if tag in _HEADINGS:
            self._flush(_HEADINGS[tag])
        elif tag == "caption":
            self.layout.block(self._take())
        elif tag in _BLOCKS or tag in ("td", "th"):
            self._flush()
        if tag == "pre":
            self._verbatim -= 1
        elif tag in ("ul", "ol"):
            self._lists -= 1
        elif tag == "li":
            self._items = max(0, self._items - 1)
        elif tag == "tr" and self._rows:
            self._end_row()
        elif tag == "table" and self._rows:
            self._end_row()
            self._rows.pop()
        return tag

    def _take(self) -> str:
        text = "".join(self._text)
        self._text.clear()
        if self._verbatim:
            return text.replace("\v", "\n").strip("\n")
        return "\n".join(re.sub(" +", " ", line).strip(" ") for line in text.split("\v")).strip()

    def _flush(self, level: int = 0) -> None:
        """Hand on the text so far as a heading of that level, or as a block where it is 0."""
        text = self._take()
        if not text.strip():
            return
        if self._rows:
            self._rows[-1].pieces.append((level, text))
        elif level:
            self.layout.heading(level, text)
        elif self._items:
            self._items = 0
            self.layout.line(f"- {text}", f"list {self._list}")
        else:
            self.layout.line(text, f"list {self._list}" if self._lists else "")

    def _end_row(self) -> None:
        row, self._rows[-1] = self._rows[-1], _Row()
        outer = self._rows[-2].pieces if len(self._rows) > 1 else None
        if row.lays_out():
            for level, text in row.pieces:
                if outer is not None:
                    outer.append((level, text))
                elif level:
                    self.layout.heading(level, text)
                else:
                    self.layout.block(text)
        elif row.pieces:
            line = one_line(" ".join(text for _, text in row.pieces))
            if outer is not None:
                outer.append((0, line))
            else:
                self.layout.line(line, f"table {self._table}")


class _Row:
    """A table row: the cells begun so far, and their paragraphs as (heading level or 0, text)."""

    def __init__(self) -> None:
        self.cells = 0
        self.pieces: list[tuple[int, str]] = []

    def lays_out(self) -> bool:
        """Whether the row arranges a page in columns, as old pages do, and holds no data."""
        return (
            len(self.pieces) > _MOST_IN_A_CELL * max(1, self.cells)
            or sum(len(text) for _, text in self.pieces) > _LONGEST_ROW
        )


def _is_hidden(attributes: list[tuple[str, str | None]]) -> bool:
    for name, value in attributes:
        if name == "hidden" and (value or "") != "until-found":
            return True
        if name == "style" and value and _HIDDEN.search("".join(value.lower().split())):
            return True
    return False
