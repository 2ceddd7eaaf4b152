"""Reader of LaTeX sources, on pylatexenc's parse of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ingest.admit import LATEX
from ingest.parsed import Parsed
from ingest.readers.layout import Layout, choose_title, one_line
from ingest.readers.plain import decode
from ingest.readers.rows import as_line
from rag.errors import FileRefused

_SECTIONS = (
    "part",
    "chapter",
    "section",
    "subsection",
    "subsubsection",
    "paragraph",
    "subparagraph",
)
_LISTS = {"itemize", "enumerate", "description"}
_TABLES = {"tabular", "tabular*", "tabularx", "tabulary", "longtable", "array"}
_VERBATIM = {"verbatim", "Verbatim", "lstlisting", "minted", "alltt"}
_NOT_BODY = {"comment", "tikzpicture", "thebibliography", "filecontents", "pgfpicture"}
_MATH = {"equation", "align", "gather", "multline", "eqnarray", "displaymath", "math"}
_RULES = {"hline", "toprule", "midrule", "bottomrule", "cline"}
# What these name is no word of the text: keys, files, lengths, the look of the page.
_NO_WORDS = """label ref eqref pageref autoref cref Cref nameref cite citep citet citealp citeauthor
    citeyear nocite parencite textcite includegraphics input include bibliography bibliographystyle
    pagestyle thispagestyle vspace hspace vskip hskip setlength addtolength newpage clearpage index
    usepackage documentclass newcommand renewcommand providecommand newtheorem hypersetup maketitle
    tableofcontents thanks pagenumbering setcounter addtocounter definecolor todo""".split()
# Its first argument stands in parentheses, which pylatexenc does not know.
_PARTIAL_RULE = re.compile(r"\\cmidrule(\([^)]*\))?\{[^}]*\}")
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")


def read(path: Path) -> Parsed:
    """Return the text under its sections, with lists and tables; formulas in Unicode.

    The preamble, comments, labels, citation keys and drawings are no text. Files that it includes
    are not followed, and macros that it defines are not run: their arguments stand as words.

    Raises:
        FileRefused: the file holds no text, or is nested past all sense.
    """
    from pylatexenc.latexwalker import LatexWalker

    source = decode(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    source = _PARTIAL_RULE.sub(r"\\midrule ", source)
    layout = Layout()
    try:
        nodes, _, _ = LatexWalker(source, latex_context=_syntax()).get_latex_nodes()
        walk = _Walk(layout, source)
        title = walk.title(nodes)
        body = _environment(nodes, "document")
        layout.heading(1, title)
        walk.blocks(nodes if body is None else body.nodelist)
        walk.end()
    except RecursionError as error:
        raise FileRefused("hostile: it is nested past all sense") from error
    return layout.parsed(LATEX, choose_title(title, layout.headings, "", path))


def _syntax() -> Any:
    """What pylatexenc knows, and the arguments of what it leaves out."""
    from pylatexenc.latexwalker import get_default_latex_context_db
    from pylatexenc.macrospec import EnvironmentSpec, std_macro

    known = get_default_latex_context_db()
    macros = [
        std_macro("caption", "[{"),
        std_macro("captionof", "{[{"),
        std_macro("multicolumn", "{{{"),
        std_macro("multirow", "{{{"),
        std_macro("href", "{{"),
        std_macro("cline", "{"),
        *(std_macro(name, "[[{") for name in ("citep", "citet", "parencite", "textcite")),
        *(std_macro(name, "{") for name in ("autoref", "cref", "Cref", "nameref", "todo", "index")),
    ]
    environments = [
        EnvironmentSpec("tabularx", "{{"),
        EnvironmentSpec("tabulary", "{{"),
        EnvironmentSpec("longtable", "[{"),
        EnvironmentSpec("thebibliography", "{"),
    ]
    known.add_context_category("more", macros=macros, environments=environments, prepend=True)
    return known


def _words() -> Any:
    """How inline LaTeX becomes text."""
    from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

    known = get_default_latex_context_db()
    macros = [
        *(MacroTextSpec(name, "") for name in _NO_WORDS),
        MacroTextSpec("footnote", " (%(2)s)"),
        MacroTextSpec("multicolumn", "%(3)s"),
        MacroTextSpec("multirow", "%(3)s"),
        MacroTextSpec("href", "%(2)s"),
        MacroTextSpec("item", ""),
    ]
    known.add_context_category("more", macros=macros, prepend=True)
    return LatexNodes2Text(latex_context=known, math_mode="text", keep_comments=False)


class _Walk:
    """Lays out the nodes of a source, in their order."""

    def __init__(self, layout: Layout, source: str) -> None:
        self._layout = layout
        self._inline: list[Any] = []
        self._caption = ""
        self._lists = 0
        self._words = _words()
        used = [name for name in _SECTIONS if re.search(rf"\\{name}\b", source)]
        self._first = _SECTIONS.index(used[0]) if used else 0

    def title(self, nodes: Iterable[Any]) -> str:
        """What the document calls itself, "" if it does not."""
        for node in _all(nodes):
            if _name(node) == "title" and _arguments(node):
                return one_line(self._text(_arguments(node)[-1:]))
        return ""

    def end(self) -> None:
        """Add the paragraph that was under way."""
        inline, self._inline = self._inline, []
        if inline:
            for paragraph in _PARAGRAPH.split(self._text(inline)):
                self._layout.block(one_line(paragraph))

    def blocks(self, nodes: Iterable[Any]) -> None:
        """Lay out what may hold paragraphs."""
        for node in nodes:
            if node is not None:
                self._block(node)

    def _block(self, node: Any) -> None:
        name, environment = _name(node), getattr(node, "environmentname", None)
        if name in _SECTIONS:
            self.end()
            level = _SECTIONS.index(name) - self._first + 2
            self._layout.heading(min(6, level), self._text(_arguments(node)[-1:]))
        elif name in ("par", "newpage", "clearpage"):
            self.end()
        elif name in ("title", "author", "date"):
            if name != "title":
                self.end()
                self._layout.block(one_line(self._text(_arguments(node)[-1:])))
        elif name in ("caption", "captionof"):
            self.end()
            caption = one_line(self._text(_arguments(node)[-1:]))
            if caption != self._caption:  # a table inside has taken it already
                self._layout.block(caption)
        elif environment is not None:
            self._environment(node, environment)
        elif _kind(node) == "LatexMathNode" and node.displaytype == "display":
            self.end()
            self._layout.block(one_line(self._text([node])))
        elif _kind(node) == "LatexGroupNode" and any(_is_block(each) for each in node.nodelist):
            self.blocks(node.nodelist)
        else:
            self._inline.append(node)

    def _environment(self, node: Any, name: str) -> None:
        self.end()
        if name in _NOT_BODY:
            return
        if name in _VERBATIM:
            source = node.latex_verbatim()
            self._layout.block(source.partition("\n")[2].rpartition("\n")[0])
        elif name in _LISTS:
            self._list(node, name, 0)
        elif name in _TABLES:
            self._table(node)
        elif name.rstrip("*") in _MATH:
            self._layout.block(one_line(self._text([node])))
        else:
            if name == "abstract":
                self._layout.heading(2, "Abstract")
            before = self._caption
            self._caption = self._caption_in(node.nodelist) if name.startswith("table") else before
            self.blocks(node.nodelist)
            self.end()
            self._caption = before

    def _list(self, node: Any, name: str, depth: int) -> None:
        if depth == 0:
            self._lists += 1
        number = 0
        item: list[Any] = []

        def end() -> None:
            text = one_line(self._text(item))
            if text:
                self._layout.line("  " * min(depth, 5) + text, f"list {self._lists}")
            item.clear()

        for each in node.nodelist:
            if each is None:
                continue
            if _name(each) == "item":
                end()
                number += 1
                label = _arguments(each)
                item += label
                if not label:
                    mark = f"{number}. " if name == "enumerate" else "- "
                    item.append(mark)
                else:
                    item.append(" ")
            elif getattr(each, "environmentname", None) in _LISTS:
                end()
                self._list(each, each.environmentname, depth + 1)
            elif getattr(each, "environmentname", None) in (*_TABLES, *_VERBATIM, "table"):
                end()
                self._block(each)
            else:
                item.append(each)
        end()

    def _table(self, table: Any) -> None:
        rows: list[list[str]] = []
        cells: list[str] = []
        cell: list[Any] = []
        columns: list[str] = []

        def end_row() -> None:
            cells.append(one_line(self._text(cell)))
            if any(cells):
                rows.append(list(cells))
            cells.clear()
            cell.clear()

        caption = self._caption or self._caption_in(table.nodelist)
        for node in table.nodelist:
            name = _name(node)
            if name in ("\\", "tabularnewline"):
                end_row()
            elif name in _RULES:
                if len(rows) == 1 and not columns:  # a rule below the first row: it names columns
                    columns = rows[0]
            elif _kind(node) == "LatexSpecialsNode" and node.specials_chars == "&":
                cells.append(one_line(self._text(cell)))
                cell.clear()
            elif name not in ("caption", "endhead", "endfirsthead", "endfoot"):
                cell.append(node)
        end_row()
        self._layout.block(caption)
        self._layout.table([as_line(row) for row in rows], columns, caption)

    def _caption_in(self, nodes: Iterable[Any]) -> str:
        for node in nodes:
            if _name(node) in ("caption", "captionof"):
                return one_line(self._text(_arguments(node)[-1:]))
        return ""

    def _text(self, nodes: Iterable[Any]) -> str:
        return "".join(
            node if isinstance(node, str) else self._words.node_to_text(node)
            for node in nodes
            if node is not None
        )


def _kind(node: Any) -> str:
    return type(node).__name__


def _name(node: Any) -> str:
    """The name of a macro without its star, "" for what is none."""
    return str(getattr(node, "macroname", None) or "")


def _arguments(node: Any) -> list[Any]:
    """The arguments that are there."""
    given = getattr(node, "nodeargd", None)
    found = (given.argnlist if given else None) or ()
    return [each for each in found if each is not None and _kind(each) != "LatexCharsNode"]


def _is_block(node: Any) -> bool:
    return _name(node) in _SECTIONS or getattr(node, "environmentname", None) is not None


def _all(nodes: Iterable[Any]) -> Iterator[Any]:
    for node in nodes:
        if node is not None:
            yield node
            yield from _all(getattr(node, "nodelist", None) or ())


def _environment(nodes: Iterable[Any], name: str) -> Any:
    """The outermost environment of that name, or None."""
    return next((node for node in nodes if getattr(node, "environmentname", None) == name), None)
