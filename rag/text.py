"""Words and sentences: the two ways this product cuts text, used the same way everywhere.

All offsets count Unicode code points. Everything here runs in time linear in the text.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator

from rag.records import Span

LONGEST_SENTENCE = 450
"""Characters. Longer ones are cut at a clause: three of them must not fill a page of quotes."""

_WINDOW = 10_000
"""Characters of one paragraph that are cut to sentences at once; paragraphs are rarely longer."""

NAME = re.compile(r"\b[A-Z][\w'’-]*|\b\w*[a-z][A-Z]\w*")
"""A word that is written as names are: with a capital at its beginning or inside."""

# Thai, Lao, Myanmar, Khmer, kana, Han.
_SCRIPTS = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
_UNSPACED = re.compile(f"({_SCRIPTS})")
_TOKEN = re.compile(rf"(?=\w){_SCRIPTS}|(?:(?!{_SCRIPTS})\w)+")

_WORD = re.compile(r"\w+(?:['’.,]\w+)*")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_LIST_MARK = re.compile(r"[ \t]*(?:[-*•‣◦▪·–]|\(?(?:\d{1,3}|[A-Za-z])[.)])[ \t]+\S")
_ENUMERATION = re.compile(r"[#*\s]*\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)]")
_NUMBER_LIKE = re.compile(r"[-+(]?[$€£]?\d[\d.,]*[%)]?$|^[-–—]$")

# Words that say nothing about what a question is after. Negations are not among them.
STOPWORDS = frozenset(
    """a about above after again against all also am an and any are as at be because been before
    being below between both but by can could did do does doing down during each few for from
    further had has have having he her here hers him his how i if in into is it its itself just me
    more most my of off on once only or other our ours out over own s same she should so some such
    t than that the their theirs them then there these they this those through to too under until
    up us very was we were what when where which while who whom whose why will with would you your
    yours tell please give show explain describe""".split()
)


def words(text: str) -> list[str]:
    """Words and numbers as they stand; "3.5" and "don't" are one word each."""
    return _WORD.findall(text)


def apart(text: str) -> str:
    """The text with each character of a script without spaces standing as a word of its own.

    "Whole words" would mean whole sentences there.
    """
    return _UNSPACED.sub(r" \1 ", text)


def word_spans(text: str) -> list[Span]:
    """Where the words of `apart(text)` stand in the text, in order."""
    return [Span(*match.span()) for match in _TOKEN.finditer(text)]


@functools.cache
def _stemmer() -> object:
    import Stemmer

    # The algorithm of the words index for English, so that the stems are the same.
    return Stemmer.Stemmer("porter")


def stems(text: str) -> list[str]:
    """Lower-case stems of all words of a text, in order."""
    tokens = re.findall(r"\w+", text.lower())
    return list(_stemmer().stemWords(tokens))  # type: ignore[attr-defined]


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order; of all words if none does."""
    tokens = re.findall(r"\w+", text.lower())
    kept = [token for token in tokens if token not in STOPWORDS] or tokens
    return list(_stemmer().stemWords(kept))  # type: ignore[attr-defined]


def stands_in(quote: str, text: str) -> bool:
    """Whether a quote stands in a text, whatever its white space.

    A Latin letter or an ASCII digit next to an edge makes it part of another word: "308" does not
    stand in "13080". Other scripts join words, so their edges are free.
    """
    wanted = " ".join(quote.split())
    if not wanted:
        return False
    before = r"(?<![0-9A-Za-z])" if re.match(r"[0-9A-Za-z]", wanted) else ""
    after = r"(?![0-9A-Za-z])" if re.match(r"[0-9A-Za-z]", wanted[-1]) else ""
    return re.search(before + re.escape(wanted) + after, " ".join(text.split())) is not None


def sentences(text: str) -> list[Span]:
    """Sentences of a text, in order, without the white space around them.

    Lines that are no running prose stand alone: list items, table rows, headings. Lines that were
    only wrapped, as in most PDFs, are joined.
    """
    found: list[Span] = []
    for block in _blocks(text):
        for span in _cut(text, block):
            mark = found[-1] if found else None
            if (
                mark
                and _ENUMERATION.fullmatch(text, mark.start, mark.end)
                and "\n\n" not in (text[mark.end : span.start])
            ):
                found[-1] = Span(mark.start, span.end)
            else:
                found.append(span)
    return found


def _cut(text: str, block: Span) -> Iterator[Span]:
    from sentencex import get_sentence_boundaries

    start = block.start
    while start < block.end:
        end = _window_end(text, start, block.end)
        for boundary in get_sentence_boundaries("en", text[start:end]):
            yield from _shorten(
                text, start + boundary["start_index"], start + boundary["end_index"]
            )
        start = end


def _window_end(text: str, start: int, end: int) -> int:
    """Where to stop cutting at once: the library takes quadratic time over unclosed quotes."""
    if end - start <= _WINDOW:
        return end
    for mark in (". ", " "):
        at = text.rfind(mark, start + _WINDOW // 2, start + _WINDOW)
        if at >= 0:
            return at + len(mark)
    return start + _WINDOW


def _shorten(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONGEST_SENTENCE:
        window = text[start : start + LONGEST_SENTENCE]
        # A clause end in the last half, else any white space there, else a hard cut.
        clause = max(window.rfind("; "), window.rfind(": "), window.rfind(", "), window.rfind("\n"))
        if clause < LONGEST_SENTENCE // 2:
            clause = window.rfind(" ")
        if clause < LONGEST_SENTENCE // 2:
            clause = LONGEST_SENTENCE - 1
        cut = start + clause + 1
        yield Span(start, start + len(text[start:cut].rstrip()))
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield Span(start, end)


def _blocks(text: str) -> Iterator[Span]:
    """Runs of lines that belong together."""
    start = 0
    for gap in _BLANK_LINE.finditer(text):
        yield from _lines(text, start, gap.start())
        start = gap.end()
    yield from _lines(text, start, len(text))


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    if start >= end:
        return
    lines: list[Span] = []
    at = start
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        lines.append(Span(at, stop))
        at = stop + 1
    widest = max(line.end - line.start for line in lines)
    first = start
    for line, following in itertools.pairwise(lines):
        here, there = text[line.start : line.end], text[following.start : following.end]
        if _ends_here(here, there, widest):
            if first < line.end:
                yield Span(first, line.end)
            first = following.start
    if first < end:
        yield Span(first, end)


def _ends_here(line: str, following: str, widest: int) -> bool:
    """Whether a line break is an end and not only a wrap."""
    if _LIST_MARK.match(following) or is_row(line) or is_row(following):
        return True
    after = following.lstrip()
    # A wrapped line is nearly as long as the longest of its paragraph, and a word less at most.
    first_word = len(after.split(" ", 1)[0])
    return len(line.rstrip()) + 1 + first_word < 0.8 * widest and not after[:1].islower()


def is_row(line: str) -> bool:
    """Whether a line looks like a row of a table: at least two numbers among few words."""
    tokens = line.split()
    if not 2 <= len(tokens) <= 40:
        return False
    numbers = sum(1 for token in tokens if _NUMBER_LIKE.match(token))
    return numbers >= 2 and numbers >= 0.3 * len(tokens)
