"""Parsed document to chunks: by page, heading and sentence, never longer than the embedder reads.

A chunk is exactly the document's text between its offsets. Title and headings go in front of it in
both indexes, because a chunk that does not say what it belongs to cannot be found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from ingest.parsed import Parsed
from rag.library.catalogue import NewChunk
from rag.records import Chunk, Heading, Page, Span
from rag.text import sentences

VERSION = "chunks-1"
"""Changes when the same text would be cut otherwise; documents cut before are loaded again."""

CAPACITY = 190
"""Tokens of a chunk's own text. With `CONTEXT_WORDS` it stays inside a window of 256."""

CONTEXT_WORDS = 30


WINDOW = 20_000
"""Characters that are cut to chunks at once."""


class Chunker:
    """Cuts documents; counts tokens with the embedder's own tokenizer."""

    def __init__(self, tokenizer: Any | None, window: int) -> None:
        """`tokenizer` is a `tokenizers.Tokenizer`, or None where a model has none of that kind:
        then four characters count as a token.
        """
        from semantic_text_splitter import TextSplitter

        capacity = max(16, min(CAPACITY, int(window * CAPACITY / 256)))
        self._splitter = (
            TextSplitter(capacity * 4)
            if tokenizer is None
            else TextSplitter.from_huggingface_tokenizer(tokenizer, capacity)
        )

    def chunks(self, document_id: str, parsed: Parsed) -> tuple[NewChunk, ...]:
        """All chunks of a document, in order of their place."""
        found: list[NewChunk] = []
        for page, start, end, headings in _sections(parsed):
            context = _context(parsed.title, headings)
            for span, inside in self._cut(page, start, end):
                text = page.text[span.start - page.start : span.end - page.start]
                identity = f"{document_id}-{len(found):06d}"
                chunk = Chunk(
                    identity, document_id, text, span.start, span.end, page.number, headings
                )
                found.append(NewChunk(chunk, context, inside))
        return tuple(found)

    def _cut(self, page: Page, start: int, end: int) -> Iterator[tuple[Span, tuple[Span, ...]]]:
        """Chunks of the page's text between `start` and `end`, each with its sentences."""
        text = page.text[start - page.start : end - page.start]
        for window in _windows(sentences(text)):
            first = window[0].start
            whole = _unwrapped(text, window)
            for offset, piece in self._splitter.chunk_indices(whole):
                piece = piece.rstrip()
                if not piece.strip():
                    continue
                begin = first + offset
                stop = begin + len(piece)
                inside = tuple(
                    Span(max(cut.start, begin) - begin, min(cut.end, stop) - begin)
                    for cut in window
                    if cut.start < stop and cut.end > begin
                )
                yield Span(start + begin, start + stop), inside


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


def _context(title: str, headings: Sequence[str]) -> str:
    """Title and headings as one line of at most `CONTEXT_WORDS` words."""
    parts = [title, *(heading for heading in headings if heading != title)]
    words = " - ".join(part for part in parts if part).split()
    return " ".join(words[:CONTEXT_WORDS])
