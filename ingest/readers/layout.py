"""What the readers of formats without pages share: the text built block by block, and its title."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest.clean import clean
from ingest.parsed import Mark, Parsed, Table
from rag.errors import FileRefused
from rag.records import Heading, Page

TITLE_LENGTH = 300
FIRST_LINE_LENGTH = 120

# Titles that a program put there, or a file name.
_JUNK = re.compile(
    r"untitled.*|microsoft (word|powerpoint|excel|office).*|(powerpoint )?presentation\d*|print"
    r"|(word )?document\W?\d*|(new )?(microsoft )?word document|slide \d+|title|none|null|unknown"
    r"|(table of )?contents|\(?anonymous\)?|no title|.*\.(docx?|dotx?|odt|rtf|txt|pdf|indd|pmd|qxp"
    r"|qxd|pub|pptx?|xlsx?|tex|dvi|ps|eps|html?|xhtml|wpd|fm|cdr|ai)",
    re.IGNORECASE,
)

_TABLE = "a table"


class Layout:
    """Text of a document under construction.

    Every piece is cleaned before it is added, so that offsets never move afterwards.
    """

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self._tables: list[Table] = []
        self._marks: list[Mark] = []
        self._parts: list[str] = []
        self._length = 0
        self._run = ""
        self._mark = ""

    def block(self, text: str) -> None:
        """Add a paragraph of its own, with a blank line before it."""
        self._add(text, "")

    def line(self, text: str, run: str) -> None:
        """Add a line that follows directly on the lines of the same `run` ("list", "table 3")."""
        self._add(text, run)

    def heading(self, level: int, title: str) -> None:
        """Add a heading as a paragraph of its own; line breaks in it become spaces."""
        title = one_line(title)
        if title:
            start = self._add(title, "")
            self.headings.append(Heading(level=level, title=title, start=start))

    def place(self, place: str) -> None:
        """Say where in the file stands what is added from here on: "slide 3", "line 12"."""
        self._mark = place

    def table(
        self,
        rows: Iterable[str],
        columns: Sequence[str] = (),
        caption: str = "",
        places: Iterable[str] = (),
    ) -> None:
        """Add a table, one line for each row, with a blank line before it.

        `columns` are the names of its columns and `caption` what it is called, as typed fields; the
        rows hold the line of names themselves. `places` gives each row's place in the file.
        """
        begun: int | None = None
        marks = iter(places)
        for row in rows:
            self._mark = next(marks, self._mark)
            start = self._add(one_line(row), "" if begun is None else _TABLE)
            if begun is None and self._length > start:
                begun = start
                self._run = _TABLE
        if begun is not None:
            names = tuple(one_line(name) for name in columns)
            self._tables.append(Table(begun, self._length, names, one_line(caption)))
        self._run = ""

    @property
    def holds_text(self) -> bool:
        """Whether anything was added."""
        return bool(self._parts)

    def parsed(self, media_type: str, title: str, reason: str | None = None) -> Parsed:
        """Return the finished document; `reason` says what of the file is not in it.

        Raises:
            FileRefused: nothing was added.
        """
        text = "".join(self._parts)
        if not text:
            raise FileRefused("the file holds no text")
        page = Page(number=None, start=0, text=text)
        return Parsed(
            title,
            media_type,
            (page,),
            tuple(self.headings),
            reason=reason,
            tables=tuple(self._tables),
            marks=tuple(self._marks),
        )

    def _add(self, text: str, run: str) -> int:
        text = clean(text).strip("\n")
        if not text.strip():
            return self._length
        if self._parts:
            self._put("\n" if run and run == self._run else "\n\n")
        self._run = run
        start = self._length
        if self._mark != (self._marks[-1].place if self._marks else ""):
            self._marks.append(Mark(start, self._mark))
        self._put(text)
        return start

    def _put(self, piece: str) -> None:
        self._parts.append(piece)
        self._length += len(piece)


def one_line(text: str) -> str:
    """Return `text` cleaned, with every run of white space made one space."""
    return " ".join(clean(text).split())


def is_junk(title: str) -> bool:
    """Whether `title` is nothing a person wrote as a title."""
    return not any(character.isalpha() for character in title) or bool(_JUNK.fullmatch(title))


def choose_title(
    metadata: str | None, headings: Iterable[Heading], first_line: str, path: Path
) -> str:
    """Return what the document is called.

    The metadata's title counts first, unless a program or a file name is all it says; then the
    first heading of level 1, then the first heading, then `first_line` when it is short enough for
    a title, then the file's name without its extension.
    """
    title = one_line(metadata or "")
    if not is_junk(title):
        return title[:TITLE_LENGTH]
    ordered = sorted(headings, key=lambda heading: (heading.level > 1, heading.start))
    if ordered:
        return ordered[0].title[:TITLE_LENGTH]
    first_line = one_line(first_line)
    # "UNITED STATES" and "Table of Contents" open too many documents to tell one from another.
    says_something = len(first_line.split()) >= 3 or not first_line.isascii()
    if says_something and len(first_line) < FIRST_LINE_LENGTH and not is_junk(first_line):
        return first_line
    return one_line(path.stem) or "untitled"
