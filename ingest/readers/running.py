"""Lines that run through a document: headers, footers and page numbers, which are not its text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from rag.records import Page, Span

_DEPTH = 3
"""Lines at the top and at the bottom of a page that may be running ones."""

_FEWEST = 3
_LONGEST_NUMBER = 60
_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?!\d)")
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|seite|p\.)?\W*(\d{1,4})\W*(?:(?:of|/|von)\W*\d{1,4}\W*)?", re.I
)


def running_lines(pages: Sequence[Page]) -> tuple[Span, ...]:
    """Return the running lines of all pages, as spans of the document's text.

    A line runs when it stands at the same end of at least three pages and of half of the pages from
    its first to its last, with nothing changed but a page number in it. It stays text where it
    stands first, since a title often runs on from there, and on a page that holds nothing else. A
    page number counts up with the pages, which no other number does.
    """
    lines = [_ends(page) for page in pages]
    numbers = _page_numbers(lines)
    found: dict[int, list[Span]] = defaultdict(list)
    occurrences: dict[tuple[bool, str], list[tuple[int, Span]]] = defaultdict(list)
    for index, ends in enumerate(lines):
        for top, text, span in ends:
            if (index, span.start) in numbers:
                found[index].append(span)
            elif any(character.isalpha() for character in text):
                for key in _keys(text, index):
                    occurrences[top, key].append((index, span))
    for places in occurrences.values():
        first, last = places[0][0], places[-1][0]
        on = len({index for index, _ in places})
        if on >= _FEWEST and 2 * on > last - first:
            for index, span in places:
                if index != first:
                    found[index].append(span)
    return tuple(_outermost(pages, found))


def _lines(page: Page) -> list[tuple[str, Span]]:
    """The lines of a page that are not blank."""
    found: list[tuple[str, Span]] = []
    start = page.start
    for line in page.text.split("\n"):
        if line.strip():
            found.append((line, Span(start, start + len(line))))
        start += len(line) + 1
    return found


def _ends(page: Page) -> list[tuple[bool, str, Span]]:
    """The first and the last lines of a page: whether at the top, text, span."""
    lines = _lines(page)
    top = min(_DEPTH, len(lines) // 2)
    bottom = max(top, len(lines) - _DEPTH)
    return [(True, *each) for each in lines[:top]] + [(False, *each) for each in lines[bottom:]]


def _keys(text: str, index: int) -> Iterable[str]:
    """What the line has in common with its likes on other pages."""
    squeezed = " ".join(text.casefold().split())
    yield squeezed
    for number in _NUMBER.finditer(squeezed[:_LONGEST_NUMBER]):
        before, after = squeezed[: number.start()], squeezed[number.end() :]
        yield f"{before}#{int(number[0]) - index}#{after}"


def _page_numbers(lines: Sequence[Iterable[tuple[bool, str, Span]]]) -> set[tuple[int, int]]:
    """The page numbers, as (page index, start): numbers at one distance from the page's own."""
    found: dict[tuple[bool, int], list[tuple[int, int]]] = defaultdict(list)
    for index, ends in enumerate(lines):
        for top, text, span in ends:
            match = _PAGE_NUMBER.fullmatch(text.strip()) if len(text) <= _LONGEST_NUMBER else None
            if match:
                found[top, int(match[1]) - index].append((index, span.start))
    return {
        place
        for places in found.values()
        if len(places) >= _FEWEST and 2 * len(places) > places[-1][0] - places[0][0]
        for place in places
    }


def _outermost(pages: Sequence[Page], found: dict[int, list[Span]]) -> Iterable[Span]:
    """Running lines with nothing but running lines between them and the end of their page."""
    for index, page in enumerate(pages):
        running = {span.start for span in found.get(index, ())}
        spans = [span for _, span in _lines(page)] if running else []
        first = next((at for at, span in enumerate(spans) if span.start not in running), None)
        if first is None:
            continue
        last = next(at for at in range(len(spans) - 1, -1, -1) if spans[at].start not in running)
        yield from spans[:first]
        yield from spans[last + 1 :]
