"""Reader of PDF: PDFium gives the text of each page, pypdf the outline and the metadata.

PDFium reads more files, and reads them faster; pypdf is asked for text only when PDFium cannot open
the file at all.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.admit import PDF
from ingest.clean import clean
from ingest.ocr import MISSING, Recogniser
from ingest.parsed import Mark, Parsed
from ingest.readers.figures import tables
from ingest.readers.layout import choose_title, is_junk, one_line
from ingest.readers.numbers import numbers
from ingest.readers.running import running_lines
from ingest.readers.scans import PLACE, Scans, recognise_pages
from rag.errors import FileRefused
from rag.records import Heading, Page

if TYPE_CHECKING:
    import pypdf

_PASSWORD = "password-protected; save a copy without a password and load that"
_OTHER_LOCK = "locked by a certificate or in an unknown way; save a copy without encryption"
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_SECURITY_ERROR = 5  # FPDF_ERR_SECURITY
_MOST_HEADINGS = 20_000

# PDFium puts U+0002 (older: U+FFFE) for a hyphen at the end of a line and leaves the line end out.
_BROKEN_WORD = re.compile(
    r"([^\W_]+(?:['’-][^\W_]+)*)?(?:[\x02\ufffe]|\xad(?=\s*\n))(?:[ \t]*\r?\n)?([^\W_]+)?"
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def read(path: Path, recogniser: Recogniser) -> Parsed:
    """Return the text of each page, the outline as headings, tables of figures, and the title.

    A page that is a picture is recognised, if that can be done here. One that cannot be read, or
    holds no text, is an empty page and named in `reason`.

    Raises:
        FileRefused: the file is damaged, password-protected, or holds no text on any page.
    """
    raw = _page_texts(path)
    if not raw:
        raise FileRefused("damaged: the PDF has no pages")
    unreadable = [number for number, text in enumerate(raw, 1) if text is None]
    if len(unreadable) == len(raw):
        raise FileRefused("damaged: none of its pages could be read")
    scans = recognise_pages(path, raw, recogniser)
    whole = [scans.texts.get(number, text or "") for number, text in enumerate(raw, 1)]
    texts = [clean(text).strip("\n") for text in _join_words(whole)]
    empty = [number for number, text in enumerate(texts, 1) if not text.strip()]
    if len(empty) == len(texts):
        raise FileRefused(_no_text(scans))
    pages = _pages(texts)
    title, outline = _described(path)
    headings = _place(outline, pages)
    first_line = next(text for text in texts if text.strip()).lstrip().split("\n", 1)[0]
    return Parsed(
        title=choose_title(title, headings, first_line, path),
        media_type=PDF,
        pages=pages,
        headings=headings,
        page_count=len(pages),
        reason=_reason(unreadable, empty, scans),
        tables=tables(pages),
        marks=_marks(pages, scans),
        asides=running_lines(pages),
        lacks_recognition=bool(scans.unread),
    )


def _page_texts(path: Path) -> list[str | None]:
    """Return the text of each page, None for a page that cannot be read."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD_ERROR or "password" in str(error):
            raise FileRefused(_PASSWORD) from error
        if getattr(error, "err_code", None) == _SECURITY_ERROR:
            raise FileRefused(_OTHER_LOCK) from error
        return _second_opinion(path)
    texts: list[str | None] = []
    with closing(document):
        for number in range(len(document)):
            try:
                with closing(document[number]) as page, closing(page.get_textpage()) as textpage:
                    texts.append(textpage.get_text_bounded())
            except (pypdfium2.PdfiumError, ValueError):
                texts.append(None)
    return texts


def _second_opinion(path: Path) -> list[str | None]:
    """Return what pypdf makes of a file that PDFium cannot open."""
    try:
        with _opened(path) as document:
            return [_pypdf_text(page) for page in document.pages]
    except FileRefused:
        raise
    except MemoryError:
        raise
    except Exception as error:  # pypdf raises whatever a damaged file leads it to
        raise FileRefused("damaged: two PDF libraries could not open it") from error


def _pypdf_text(page: pypdf.PageObject) -> str | None:
    try:
        return page.extract_text()
    except MemoryError:
        raise
    except Exception:
        return None


@contextmanager
def _opened(path: Path) -> Iterator[pypdf.PdfReader]:
    """Open with pypdf, which is kept from logging and warning about every flaw of the file."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pypdf.PdfReader(path) as document:
            if document.is_encrypted and not document.decrypt(""):
                raise FileRefused(_PASSWORD)
            yield document


def _described(path: Path) -> tuple[str | None, list[tuple[int, str, int]]]:
    """Return the metadata's title and the outline as (level, title, page index)."""
    title: str | None = None
    outline: list[tuple[int, str, int]] = []
    try:
        with _opened(path) as document:
            try:
                found: object = document.metadata.title if document.metadata else None
                title = found if isinstance(found, str) else None
            finally:  # an unreadable title says nothing about the outline
                outline.extend(_outline(document))
    except MemoryError:
        raise
    except Exception:  # the text is there; what describes it may be missing
        return title, outline
    return title, outline


def _outline(document: pypdf.PdfReader) -> Iterator[tuple[int, str, int]]:
    # Walked without recursion: a hostile outline is as deep as it likes.
    waiting: list[tuple[Iterator[Any], int]] = [(iter(document.outline), 1)]
    found = 0
    while waiting and found < _MOST_HEADINGS:
        entries, level = waiting[-1]
        entry = next(entries, None)
        if entry is None:
            waiting.pop()
        elif isinstance(entry, list):
            waiting.append((iter(entry), level + 1))
        else:
            index = document.get_destination_page_number(entry)
            title = one_line(str(entry.title or ""))
            if title and index is not None and index >= 0:
                found += 1
                yield level, title, index


def _join_words(texts: Sequence[str]) -> list[str]:
    """Return the texts with the words joined again that were broken at the end of a line.

    Whether the hyphen belongs to the word ("self-service") is decided by how the document writes
    the word, or others with the same part, and then by whether both parts are words of it.
    """
    if not any(_is_broken(text) for text in texts):
        return list(texts)
    words: Counter[str] = Counter()
    for text in texts:
        whole = _BROKEN_WORD.sub(" ", text) if _is_broken(text) else text
        words.update(word.lower() for word in _WORD.findall(whole))
    for word in [word for word in words if "-" in word]:
        parts = word.split("-")
        words[f"{parts[0]}-"] += 1
        words[f"-{parts[-1]}"] += 1

    def join(match: re.Match[str]) -> str:
        before, after = match[1] or "", match[2] or ""
        return before + ("-" if _keeps_hyphen(before, after, words) else "") + after

    return [_BROKEN_WORD.sub(join, text) if _is_broken(text) else text for text in texts]


def _is_broken(text: str) -> bool:
    """Whether a mark of a broken word stands in the text; looking for the words takes longer."""
    return any(mark in text for mark in "\x02\ufffe\xad")


def _keeps_hyphen(before: str, after: str, words: Counter[str]) -> bool:
    if not before or not after or not (before[-1].isalpha() and after[0].isalpha()):
        return True
    if before[-1].isupper() != after[0].isupper():  # "Sohl-Dickstein", "XML-based"
        return True
    joined, hyphenated = (before + after).lower(), f"{before}-{after}".lower()
    if words[joined] != words[hyphenated]:
        return words[hyphenated] > words[joined]
    first, last = before.lower().rsplit("-", 1)[-1], after.lower()
    if min(len(first), len(last)) >= 3 and (words[f"{first}-"] or words[f"-{last}"]):
        return True
    return words[first] > 0 and words[last] > 0


def _pages(texts: Sequence[str]) -> tuple[Page, ...]:
    pages: list[Page] = []
    start = 0
    for number, text in enumerate(texts, 1):
        # The line end keeps the last word of a page apart from the first of the next.
        whole = f"{text}\n" if text and number < len(texts) else text
        pages.append(Page(number=number, start=start, text=whole))
        start += len(whole)
    return tuple(pages)


def _place(outline: Iterable[tuple[int, str, int]], pages: Sequence[Page]) -> tuple[Heading, ...]:
    """Return the outline's entries where their words stand, white space and case aside."""
    squeezed: dict[int, tuple[str, list[int]]] = {}
    taken: dict[int, int] = {}
    headings: list[Heading] = []
    for level, title, index in outline:
        if index >= len(pages):
            continue
        if index not in squeezed:
            squeezed[index] = _squeeze(pages[index].text)
        letters, places = squeezed[index]
        at = _find(_squeeze(title)[0], letters, places, pages[index].text, taken.get(index, 0))
        start = pages[index].start
        if at is None and is_junk(title):  # "Annex.pdf": files that were put together
            continue
        if at is not None:
            taken[index] = at + 1
            start += places[at]
        headings.append(Heading(level=level, title=title, start=start))
    return tuple(sorted(headings, key=lambda heading: heading.start))


def _squeeze(text: str) -> tuple[str, list[int]]:
    """Return the text in lower case without white space, and the place of each character."""
    places = [place for place, character in enumerate(text) if not character.isspace()]
    lowered = (text[place].lower() for place in places)
    return "".join(c if len(c) == 1 else "\ufffd" for c in lowered), places


def _find(title: str, letters: str, places: list[int], text: str, after: int) -> int | None:
    """Return the index in `letters` where the title stands, at the start of a line if it can."""
    if not title:
        return None
    for begin in (after, 0):
        found = letters.find(title, begin)
        first = found
        while found >= 0:
            if "\n" in text[places[found - 1] : places[found]] or found == 0:
                return found
            found = letters.find(title, found + 1)
        if first >= 0:
            return first
    return None


def _marks(pages: Sequence[Page], scans: Scans) -> tuple[Mark, ...]:
    """Mark the pages that were recognised, and the end of each run of them."""
    marks: list[Mark] = []
    for page in pages:
        place = PLACE if page.number in scans.texts else ""
        if place != (marks[-1].place if marks else ""):
            marks.append(Mark(page.start, place))
    return tuple(marks)


def _no_text(scans: Scans) -> str:
    if scans.unread:
        return f"no text found; it may be a scan, and {MISSING}"
    if scans.failed:
        return f"no text found; {next(iter(scans.failed))}"
    return "no text found, and none was recognised" if scans.wordless else "no text found"


def _reason(unreadable: list[int], empty: list[int], scans: Scans) -> str | None:
    parts: list[str] = []
    if scans.texts:
        sure = sum(scans.confidences) / len(scans.confidences)
        parts.append(f"{numbers(sorted(scans.texts))} {PLACE}, {sure:.0f} % certain")
    if unreadable:
        parts.append(f"{numbers(unreadable)} could not be read")
    if scans.unread:
        parts.append(f"{numbers(scans.unread)}: {MISSING}")
    for failure, failed in scans.failed.items():
        parts.append(f"{numbers(failed)}: {failure}")
    said = {*unreadable, *scans.unread, *(each for some in scans.failed.values() for each in some)}
    left = [number for number in empty if number not in said]
    if left:
        parts.append(f"{numbers(left)} {'holds' if len(left) == 1 else 'hold'} no text")
    return "; ".join(parts) or None
