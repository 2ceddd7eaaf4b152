"""Reader of reStructuredText, on docutils' tree of the document."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from ingest.admit import RST
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title, one_line
from ingest.readers.plain import decode
from ingest.readers.rows import as_line
from rag.errors import FileRefused

_SETTINGS: dict[str, Any] = {
    # A document must not reach for other files, nor read settings that lie about.
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    # What docutils does not understand is kept as words here, and not complained about.
    "report_level": 5,
    "halt_level": 5,
    "syntax_highlight": "none",
}
_DEEPEST = 20
_ROLE = re.compile(r":[\w:.+-]+:`(?:[~!]?)([^`<]*?)\s*(?:<([^`>]*)>)?`(?!`)")
_DIRECTIVE = re.compile(r"\.\. +(?:\|[^|]*\| +)?([\w:.+-]+):: ?(.*)")
_OPTION = re.compile(r"\s*:[\w-]+:")
_NO_WORDS = {"toctree", "include", "raw", "literalinclude", "only", "highlight", "index", "module"}
_NOT_BODY = {
    "comment", "substitution_definition", "target", "pending", "generated", "meta", "raw", "docinfo"
}  # fmt: skip
_MARKED = {"attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning"}


def read(path: Path) -> Parsed:
    """Return the text block by block, with sections, lists and tables.

    Roles and directives that docutils does not know, as Sphinx adds them, keep their words.

    Raises:
        FileRefused: the file holds no text, or is nested past all sense.
    """
    layout = Layout()
    try:
        _Walk(layout).source(decode(path.read_bytes()), 0)
    except RecursionError as error:
        raise FileRefused("hostile: it is nested past all sense") from error
    return layout.parsed(RST, choose_title(None, layout.headings, "", path))


class _Walk:
    """Lays out the nodes of a tree, in their order."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._depth = 0
        self._lists = 0

    def source(self, text: str, depth: int) -> None:
        from docutils.core import publish_doctree

        self._depth = depth
        tree = publish_doctree(text, settings_overrides=_SETTINGS)
        self._blocks(tree, 0)

    def _blocks(self, node: Any, level: int) -> None:
        for child in node.children:
            self._block(child, level)

    def _block(self, node: Any, level: int) -> None:
        kind = node.tagname
        if kind in _NOT_BODY:
            return
        if kind in ("title", "subtitle", "rubric"):
            self._layout.heading(min(6, max(1, level) + (kind != "title")), _words(node))
        elif kind == "section":
            # The document's own title stands outside of any section.
            self._blocks(node, level + 1 if level else 1 + self._has_title(node))
        elif kind in ("literal_block", "doctest_block", "math_block"):
            self._layout.block(node.astext())
        elif kind == "line_block":
            self._layout.block("\n".join(_words(line) for line in node.children))
        elif kind in ("bullet_list", "enumerated_list"):
            self._list(node, level)
        elif kind == "table":
            self._table(node)
        elif kind == "system_message":
            for child in node.children:
                if child.tagname == "literal_block":
                    self._unknown(child.astext())
        elif kind == "image":
            self._layout.block(node.get("alt", ""))
        elif kind in ("definition_list_item", "field"):
            self._item(node)
        elif kind in ("footnote", "citation"):
            label, *rest = node.children
            self._layout.block(f"[{label.astext()}] " + _join(rest))
        elif kind in _MARKED:
            first, *rest = node.children
            self._layout.block(f"{kind.capitalize()}: {_words(first)}")
            for child in rest:
                self._block(child, level)
        elif any(hasattr(child, "tagname") and child.tagname != "#text" for child in node.children):
            if kind in ("paragraph", "term", "caption", "attribution"):
                self._layout.block(_words(node))
            else:
                self._blocks(node, level)
        else:
            self._layout.block(_words(node))

    def _has_title(self, section: Any) -> int:
        return int(any(child.tagname == "title" for child in section.parent.children))

    def _list(self, node: Any, level: int) -> None:
        self._lists += 1
        run = f"list {self._lists}"
        first = node.get("start", 1)
        for number, item in enumerate(node.children, first):
            mark = "-" if node.tagname == "bullet_list" else f"{number}."
            text = [each for each in item.children if each.tagname == "paragraph"][:1]
            if text:
                self._layout.line(f"{mark} {_words(text[0])}", run)
            for child in item.children:
                if child in text:
                    continue
                if child.tagname in ("bullet_list", "enumerated_list"):
                    for inner in child.findall(condition=_is_paragraph):
                        self._layout.line(f"  - {_words(inner)}", run)
                else:
                    self._block(child, level)

    def _item(self, node: Any) -> None:
        """A name and what is said about it, in one block, as a reader takes them."""
        name, body = node.children[0], node.children[-1]
        colon = ":" if node.tagname == "field" else " -"
        self._layout.block(f"{_words(name)}{colon} {_join(body.children)}")

    def _table(self, table: Any) -> None:
        names: list[str] = []
        rows: list[str] = []
        caption = ""
        for node in table.findall():
            if node.tagname == "title":
                caption = _words(node)
            elif node.tagname == "row":
                cells = [one_line(_join(entry.children)) for entry in node.children]
                if node.parent.tagname == "thead" and not names:
                    names = cells
                rows.append(as_line(cells))
        self._layout.block(caption)
        self._layout.table(rows, names, caption)

    def _unknown(self, text: str) -> None:
        """A directive that docutils does not know: its argument, then its content, which is RST."""
        first, _, body = text.partition("\n")
        directive = _DIRECTIVE.match(first)
        if directive is None or self._depth >= _DEEPEST:
            self._layout.block(text)
            return
        if directive[1].rpartition(":")[2] in _NO_WORDS:
            return
        self._layout.block(directive[2])
        lines = body.split("\n")
        while lines and _OPTION.match(lines[0]):
            lines.pop(0)
        depth = self._depth
        self.source(textwrap.dedent("\n".join(lines)), depth + 1)
        self._depth = depth


def _is_paragraph(node: Any) -> bool:
    return bool(node.tagname == "paragraph")


def _words(node: Any) -> str:
    """The text of inline markup, with a role that docutils does not know left as its words."""
    return _ROLE.sub(lambda role: role[1] or role[2] or "", one_line(node.astext()))


def _join(nodes: list[Any]) -> str:
    return " ".join(filter(None, (_words(node) for node in nodes)))
