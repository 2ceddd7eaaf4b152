"""When two pieces of text are the same: answers as SQuAD compares them, quotes word by word."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

from rag.text import apart, stands_in

_ARTICLES = frozenset({"a", "an", "the"})


class _WithoutPunctuation(dict[int, int | None]):
    """Table for `str.translate`, filled by the characters that occur."""

    def __missing__(self, code: int) -> int | None:
        character = chr(code)
        dropped = character in string.punctuation or unicodedata.category(character)[0] == "P"
        kept = None if dropped else code
        self[code] = kept
        return kept


_without_punctuation = _WithoutPunctuation()


def normalised_words(text: str) -> list[str]:
    """Words as SQuAD compares them: lower case, no punctuation, no English articles.

    On ASCII text this is the normalisation of Rajpurkar et al., "SQuAD: 100,000+ Questions for
    Machine Comprehension of Text" (2016). Beyond it, punctuation of every script is dropped and
    letters of every script stay; scripts without spaces give one word per character.
    """
    bare = text.lower().translate(_without_punctuation)
    return [word for word in apart(bare).split() if word not in _ARTICLES]


def normalise(text: str) -> str:
    """`normalised_words` joined by single spaces."""
    return " ".join(normalised_words(text))


def holds_words(text: str, words: str) -> bool:
    """Whether `words` stand in `text` whole and in one run; both normalised. "" stands nowhere."""
    return bool(words) and f" {words} " in f" {text} "


def shared_run(quote: list[str], text: list[str]) -> range:
    """The places in `quote` whose words `text` holds in one run, as far as a cut explains it.

    The run is the whole quote; or a part of it that is the whole text; or, where the text begins
    or ends inside the quote, its end or its beginning. Empty where there is none.
    """
    if not quote or not text:
        return range(0)
    if _find(text, quote) is not None:
        return range(len(quote))
    at = _find(quote, text)
    if at is not None:
        return range(at, at + len(text))
    longest = min(len(quote), len(text)) - 1
    head = next((n for n in range(longest, 0, -1) if text[-n:] == quote[:n]), 0)
    tail = next((n for n in range(longest, 0, -1) if text[:n] == quote[-n:]), 0)
    return range(head) if head >= tail else range(len(quote) - tail, len(quote))


def covered_share(quote: str, texts: Iterable[str]) -> float:
    """Share (0..1) of the words of `quote` that the texts together hold.

    Words are compared normalised, so that case, typographic marks and articles do not decide.
    """
    words = normalised_words(quote)
    covered: set[int] = set()
    for text in texts:
        if stands_in(quote, text):
            return 1.0
        covered.update(shared_run(words, normalised_words(text)))
    return len(covered) / len(words) if words else 0.0


def overlaps(quote: str, text: str) -> bool:
    """Whether two quotes share more than half of the words of the shorter one, in one run.

    The run may lie anywhere in both: one quote need not be cut from the other, since evidence that
    people typed differs from the document by a word here and there.
    """
    if stands_in(quote, text) or stands_in(text, quote):
        return True
    one, other = normalised_words(quote), normalised_words(text)
    run = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    return 2 * run.size > min(len(one), len(other))


def _find(words: list[str], run: list[str]) -> int | None:
    joined = f" {' '.join(words)} "
    at = joined.find(f" {' '.join(run)} ")
    return None if at < 0 else joined.count(" ", 0, at)
