"""Parsed document to chunks: by page, heading and sentence, never longer than the embedder reads.

A chunk is exactly the document's text between its offsets. Title and headings go in front of it in
both indexes, because a chunk that does not say what it belongs to cannot be found.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ingest.parsed import Mark, Parsed, Table
from ingest.place import between
from rag.library.catalogue import NewChunk, words_of
from rag.records import Chunk, Heading, Page, Span
from rag.terms import VERSION as TERMS
from rag.text import sentences

VERSION = f"chunks-3, {TERMS}"
"""Changes when the same text would be cut otherwise; documents cut before are loaded again."""

CAPACITY = 190
"""Tokens of a chunk's own text. With `CONTEXT_WORDS` it stays inside a window of 256."""

OVERLAP = 0
"""Tokens at the end of a chunk that the next one begins with again, in whole sentences."""

CONTEXT_WORDS = 30

_TABLE_WORDS = 14
"""Words of the context that caption and column names of a table may take."""


WINDOW = 20_000
"""Characters that are cut to chunks at once."""


class Chunker:
    """Cuts documents; counts tokens with the embedder's own tokenizer."""

    def __init__(
        self,
        tokenizer: Any | None,
        window: int,
        *,
        capacity: int = CAPACITY,
        overlap: int = OVERLAP,
    ) -> None:
        """`tokenizer` is a `tokenizers.Tokenizer`, or None where a model has none of that kind:
        then four characters count as a token. `capacity` and `overlap` are tokens, for a window of
        256; for a smaller one they shrink with it.
        """
        from semantic_text_splitter import TextSplitter

        most = max(16, min(capacity, int(window * capacity / 256)))
        shared = overlap * most // capacity
        self._splitter = (
            TextSplitter(most * 4, overlap=shared * 4)
            if tokenizer is None
            else TextSplitter.from_huggingface_tokenizer(tokenizer, most, overlap=shared)
        )

    def chunks(self, document_id: str, parsed: Parsed) -> tuple[NewChunk, ...]:
        """All chunks of a document, in order of their place."""
        found: list[NewChunk] = []
        marks = _Marks(parsed.marks)
        for piece in _pieces(parsed):
            table = piece.table
            context = _context(parsed.title, parsed.date, piece.headings, table)
            for span, inside in self._cut(piece):
                text = piece.page.text[span.start - piece.page.start : span.end - piece.page.start]
                places = tuple(marks.at(span.start + cut.start) for cut in inside)
                chunk = Chunk(
                    id=f"{document_id}-{len(found):06d}",
                    document_id=document_id,
                    text=text,
                    start=span.start,
                    end=span.end,
                    page=piece.page.number,
                    headings=piece.headings,
                    place=between(places[0], places[-1]) if places else "",
                    columns=table.columns if table else (),
                    caption=table.caption if table else "",
                )
                words = words_of(context, text, parsed.language)
                found.append(NewChunk(chunk, context, inside, places, words))
        return tuple(found)

    def _cut(self, piece: _Piece) -> Iterator[tuple[Span, tuple[Span, ...]]]:
        """Chunks of the piece, each with its sentences; a row of a table is one sentence."""
        text = piece.page.text[piece.start - piece.page.start : piece.end - piece.page.start]
        for window in _windows(_lines(text) if piece.table else sentences(text)):
            first = window[0].start
            whole = _unwrapped(text, window)
            for offset, cut_out in self._splitter.chunk_indices(whole):
                cut_out = cut_out.rstrip()
                if not cut_out.strip():
                    continue
                begin = first + offset
                stop = begin + len(cut_out)
                inside = tuple(
                    Span(max(cut.start, begin) - begin, min(cut.end, stop) - begin)
                    for cut in window
                    if cut.start < stop and cut.end > begin
                )
                yield Span(piece.start + begin, piece.start + stop), inside


def _windows(cuts: Sequence[Span]) -> Iterator[list[Span]]:
    """Sentences in groups of bounded length: the splitter takes quadratic time over a text."""
    window: list[Span] = []
    for cut in cuts:
        if window and cut.end - window[0].start > WINDOW:
            yield window
            window = []
        window.append(cut)
    if window:
        yield window


def _unwrapped(text: str, cuts: Sequence[Span]) -> str:
    """The text of these sentences, line breaks inside them turned into spaces; offsets stay.

    The splitter takes any line break for a better cut than the end of a sentence; in text that was
    only wrapped, as in most PDFs, that would cut sentences in two.
    """
    pieces, at = [], cuts[0].start
    for cut in cuts:
        pieces += [text[at : cut.start], text[cut.start : cut.end].replace("\n", " ")]
        at = cut.end
    return "".join(pieces)


def _lines(text: str) -> list[Span]:
    found, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            found.append(Span(start, start + len(line)))
        start += len(line) + 1
    return found


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of one page, under one heading path, inside one table or outside of all."""

    page: Page
    start: int
    end: int
    headings: tuple[str, ...]
    table: Table | None = None


class _Marks:
    """Looks up where in the file a stretch of text stands."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        self._marks = marks
        self._starts = [mark.start for mark in marks]

    def at(self, start: int) -> str:
        index = bisect_right(self._starts, start) - 1
        return self._marks[index].place if index >= 0 else ""


def _pieces(parsed: Parsed) -> Iterator[_Piece]:
    """The text to be indexed, in order: sections without asides, cut where tables begin and end."""
    stretches: list[tuple[int, int, Table | None]] = [
        (table.start, table.end, table) for table in parsed.tables
    ]
    stretches += [(aside.start, aside.end, None) for aside in parsed.asides]
    stretches.sort(key=lambda stretch: stretch[:2])
    first = 0
    for page, start, end, headings in _sections(parsed):
        at = start
        while first < len(stretches) and stretches[first][1] <= start:
            first += 1
        for begin, stop, table in stretches[first:]:
            if begin >= end:
                break
            begin, stop = max(begin, at), min(stop, end)
            if begin >= stop:
                continue
            if begin > at:
                yield _Piece(page, at, begin, headings)
            if table:
                yield _Piece(page, begin, stop, headings, table)
            at = stop
        if at < end:
            yield _Piece(page, at, end, headings)


def _sections(parsed: Parsed) -> Iterator[tuple[Page, int, int, tuple[str, ...]]]:
    """Stretches of one page under one heading path, with that path, outermost first."""
    path: list[Heading] = []
    waiting = list(parsed.headings)
    for page in parsed.pages:
        stop = page.start + len(page.text)
        borders = [page.start]
        paths = [tuple(heading.title for heading in path)]
        while waiting and waiting[0].start < stop:
            heading = waiting.pop(0)
            path = [outer for outer in path if outer.level < heading.level] + [heading]
            titles = tuple(outer.title for outer in path)
            if (
                heading.start > borders[-1]
                and page.text[borders[-1] - page.start : heading.start - page.start].strip()
            ):
                borders.append(heading.start)
                paths.append(titles)
            else:
                paths[-1] = titles
        for (start, end), titles in zip(pairwise([*borders, stop]), paths, strict=True):
            yield page, start, end, titles


def _context(title: str, date: str, headings: Sequence[str], table: Table | None) -> str:
    """Title, date, headings, caption and column names as one line of `CONTEXT_WORDS` at most."""
    named = [table.caption, *table.columns] if table else []
    about = " ".join(named).split()[:_TABLE_WORDS]
    dated = "" if date and date[:4] in title else date
    parts = [title, dated, *(heading for heading in headings if heading != title)]
    words = " - ".join(part for part in parts if part).split()[: CONTEXT_WORDS - len(about)]
    return " ".join([*words, "-", *about] if words and about else [*words, *about])
