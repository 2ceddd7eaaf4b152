"""Do the boxes drawn on a page cover the quote? Compared with PDFium's own text search and boxes.

    python -m benchmarks.boxes [--quotes N]

Sentences of the sample PDFs and of one filing of FinanceBench, evenly spread, are drawn as quotes.
The page is then asked independently of how they were drawn: PDFium's text search
(`FPDFText_FindStart`) for the words of the sentence, one line of it after the other, and the boxes
of the characters it finds. A quote is covered where every letter of one occurrence lies inside the
boxes drawn, and the boxes are tight where the text inside them is not much more than the quote.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2

from benchmarks.sets import folder
from ingest.admit import PDF
from ingest.parse import Cutting, Parser
from ingest.parsed import Box
from rag.records import Page, Span

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
SLACK = 0.004
"""Share of the page by which a letter may stand out: a millimetre, and the rounding of pixels."""

MOST_MORE = 1.35
"""Letters inside the boxes may be this many times those of the quote: neighbours reach in."""


@dataclass(frozen=True, slots=True)
class Result:
    """One quote: was it drawn at all, all of it covered, nothing much beside it; its kind."""

    drawn: bool
    covered: bool
    tight: bool
    kind: str


def check(path: Path, wanted: int, parser: Parser) -> Iterator[Result]:
    """Draw `wanted` sentences of a PDF, evenly spread, and look whether their boxes are right."""
    _, chunks = parser.read(path, PDF, "0" * 64, Cutting(None, 10_000))
    parsed = parser.parse(path, PDF)
    pages = {page.number: page for page in parsed.pages}
    sentences = [
        (chunk.chunk.page, Span(chunk.chunk.start + span.start, chunk.chunk.start + span.end))
        for chunk in chunks
        for span in chunk.sentences
        if span.end - span.start > 20
    ]
    step = max(1, len(sentences) // wanted)
    with closing(pypdfium2.PdfDocument(path)) as document:
        for number, span in sentences[::step][:wanted]:
            if number is None:
                continue
            page = pages[number]
            inside = Span(span.start - page.start, span.end - page.start)
            yield _checked(path, document, page, inside, parser)


def _checked(path: Path, document: Any, page: Page, span: Span, parser: Parser) -> Result:
    number = page.number or 1
    text = page.text[span.start : span.end]
    kind = "across lines" if "\n" in text.strip() else "one line"
    (boxes,) = parser.picture(path, PDF, number, page.text, [span]).boxes
    if not boxes:
        return Result(False, False, False, kind)
    with closing(document[number - 1]) as opened, closing(opened.get_textpage()) as letters:
        width, height = opened.get_size()
        covered = all(
            any(_inside(at, boxes, width, height) for at in occurrences)
            for occurrences in _searched(letters, text)
        )
        held = "".join(
            letters.get_text_bounded(
                box.left * width,
                height - box.bottom * height,
                box.right * width,
                height - box.top * height,
            )
            for box in boxes
        )
    tight = _count(held) <= MOST_MORE * _count(text) + 5
    return Result(True, covered, tight, kind)


def _searched(letters: Any, text: str) -> Iterator[list[list[tuple[float, ...]]]]:
    """For each line of the quote the boxes of its characters, at every place where it is found.

    Words that were joined over a line end stand nowhere as they are: of a line with one of them its
    longest stretch is looked for.
    """
    for line in filter(None, (each.strip() for each in text.split("\n"))):
        found = _occurrences(letters, line)
        if not found:
            pieces = [" ".join(line.split(" ")[at:]) for at in range(len(line.split(" ")))]
            pieces += [" ".join(line.split(" ")[:-at]) for at in range(1, len(line.split(" ")))]
            for piece in sorted(filter(None, pieces), key=len, reverse=True):
                found = _occurrences(letters, piece)
                if found:
                    break
        if found:
            yield found


def _occurrences(letters: Any, text: str) -> list[list[tuple[float, ...]]]:
    found = []
    searcher = letters.search(text, match_case=True)
    while (hit := searcher.get_next()) is not None:
        start, count = hit
        boxes = [letters.get_charbox(index) for index in range(start, start + count)]
        whole = letters.get_text_range(start, count)
        found.append(
            [box for box, each in zip(boxes, whole, strict=False) if re.match(r"\w", each)]
        )
    return found


def _inside(
    characters: Sequence[tuple[float, ...]], boxes: Sequence[Box], width: float, height: float
) -> bool:
    return all(
        any(
            box.left - SLACK <= left / width
            and right / width <= box.right + SLACK
            and box.top - SLACK <= 1 - top / height
            and 1 - bottom / height <= box.bottom + SLACK
            for box in boxes
        )
        for left, bottom, right, top in characters
    )


def _count(text: str) -> int:
    return sum(map(str.isalnum, text))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    arguments.add_argument("--quotes", type=int, default=200)
    wanted = arguments.parse_args().quotes
    paths = sorted(SAMPLES.rglob("*.pdf"))
    filings = sorted((folder("financebench-dev") / "docs").glob("*.pdf"))
    if not filings:
        print(f"no filing in {folder('financebench-dev') / 'docs'}", file=sys.stderr)
    results: dict[str, list[Result]] = {}
    with Parser() as parser:
        for path in paths:
            results.setdefault("samples", []).extend(
                check(path, -(-wanted // 2 // len(paths)), parser)
            )
        for path in filings[:1]:
            results[path.name] = list(check(path, wanted // 2, parser))
    print(f"{'':28}{'quotes':>8}{'drawn':>8}{'covered':>9}{'tight':>8}")
    every = [each for found in results.values() for each in found]
    kinds = Counter(each.kind for each in every)
    groups = {**results, "all": every}
    groups |= {kind: [each for each in every if each.kind == kind] for kind in sorted(kinds)}
    for name, found in groups.items():
        share = [
            f"{sum(getattr(each, what) for each in found) / len(found):8.1%}"
            for what in ("drawn", "covered", "tight")
        ]
        print(f"{name:28}{len(found):8}" + " ".join(share))


if __name__ == "__main__":
    main()
