"""Text to the terms that the words leg matches: cut the same way for a document and a question.

- Words of scripts that put spaces between them: without accents, as stems in the document's
  language where Snowball has a stemmer for it.
- Scripts without spaces (Chinese, Japanese, Thai, Lao, Myanmar, Khmer): single characters and
  pairs of neighbours, so that no dictionary is needed and no word is cut wrongly.
- Numbers without their thousands separators: "1,577" and "1577" are one term.
- Identifiers ("ABC-123", "10-K", "snake_case") as a whole, besides their parts.

Everything runs in time linear in the text.
"""

from __future__ import annotations

import functools
import io
import lzma
import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from rag.text import STOPWORDS

VERSION = "terms-1"
"""Changes when the same text would give other terms."""

LONGEST_TERM = 64
"""Characters; a longer run is no word, and would fill the index."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
# Vowel signs and other marks, which `\w` leaves out and words of Hindi or vocalised Arabic hold.
_INSIDE = "".join(
    character
    for character in map(chr, range(0x300, 0x1000))
    if unicodedata.category(character) in ("Mn", "Mc")
)
_PIECE = re.compile(
    rf"(?P<unspaced>[{_UNSPACED}]+)"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|\d+\.\d+(?![\w.]))"
    rf"|(?P<word>(?:(?![{_UNSPACED}_])[\w{_INSIDE}])+)"
)
# Only from the first letter of a run: tried from each, a long word would take its length squared.
_IDENTIFIER = re.compile(rf"(?<![\w{_INSIDE}])[\w{_INSIDE}]+(?:[-_/.#@][\w{_INSIDE}]+)+")
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640]"
)
_ORDINARY = re.compile(r"\w+(?:['’]\w+)*")
_POSSESSIVE = re.compile(r"(?<=\w)['’]s?\b(?!\w)")
_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"\d+|[^\W\d_]+")

# What langid calls a language, and Snowball its stemmer.
_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "porter", "es": "spanish", "eu": "basque", "fi": "finnish", "fr": "french",
    "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish",
}  # fmt: skip
_OTHERS = ("bg", "cs", "et", "fa", "he", "hr", "ja", "ko", "lv", "pl", "sk", "sl", "th", "uk",
           "ur", "vi", "zh")  # fmt: skip
"""Languages that are recognised, so as not to be stemmed as a neighbour."""

ENGLISH = "en"
_SAMPLE = 4_000
_FEWEST_LETTERS = 40  # of the Latin script; other scripts tell sooner
_CLEARLY = 5.0  # difference of log-likelihoods; 3 of 1,489 short English questions reach it


def language(text: str) -> str:
    """The language of a text as two letters, "en" where it is too short to tell.

    Decided on its first few thousand characters, by py3langid.
    """
    sample = " ".join(text[: _SAMPLE * 4].split())[:_SAMPLE]
    letters = [character for character in sample if character.isalpha()]
    if len(letters) < _FEWEST_LETTERS and sum(map(str.isascii, letters)) * 2 >= len(letters):
        return ENGLISH
    return str(_identifier().classify(sample)[0])


def asked_language(question: str) -> str:
    """The language of a question as two letters, "en" unless it is clearly another.

    Of 1,489 English questions of 12 to 39 letters (XQuAD, CLAPNQ, QED), 3 are taken for another.
    """
    scores = _scores(question)
    found = _best(scores)
    return found if _clearly(scores, found, ENGLISH) else ENGLISH


def crosses(question: str, sentence: str, quote: str) -> bool:
    """Whether a sentence is clearly in another language than the quote it was written from.

    A short sentence is easily mistaken among fifty languages. So its own is told from it alone, or
    from the question and it together, and each must be clearly nearer to it than to the quote's.
    """
    quoted, alone, both = _scores(quote), _scores(sentence), _scores(f"{question} {sentence}")
    there = _best(quoted)

    def other(scores: dict[str, float]) -> bool:
        here = _best(scores)
        nearer = alone[here] > alone[there]
        return nearer and _clearly(quoted, there, here) and _clearly(scores, here, there)

    return other(alone) or other(both)


def _best(scores: dict[str, float]) -> str:
    return max(scores, key=lambda code: (scores[code], code))


def _clearly(scores: dict[str, float], one: str, other: str) -> bool:
    return scores[one] - scores[other] > _CLEARLY


def _scores(text: str) -> dict[str, float]:
    """Log-likelihood of each language."""
    return dict(_identifier().rank(" ".join(text[: _SAMPLE * 4].split())[:_SAMPLE]))


def get_ready() -> None:
    """Read what telling a language needs: .4 s."""
    _identifier()


def terms(text: str, languages: Sequence[str] = (ENGLISH,)) -> Iterator[str]:
    """Terms of a text, in order; a word has one in each of the languages where they differ."""
    lowered = _POSSESSIVE.sub(" ", unicodedata.normalize("NFC", text).lower())
    at = 0
    for whole in _IDENTIFIER.finditer(lowered):
        yield from _pieces(lowered, at, whole.end(), languages)
        at = whole.end()
        joined = re.sub(r"[-_/.#@]", "", whole.group())
        if _is_identifier(whole.group()) and 0 < len(joined) <= LONGEST_TERM:
            yield fold(joined)
    yield from _pieces(lowered, at, len(lowered), languages)


def unspaced(text: str) -> bool:
    """Whether a text holds characters of a script that puts no spaces between its words."""
    return any(piece.lastgroup == "unspaced" for piece in _PIECE.finditer(text))


def question_terms(question: str, languages: Sequence[str] = (ENGLISH,)) -> list[str]:
    """Distinct terms of a question, in order, without words that say nothing about its subject.

    All of them where nothing else is left ("to be or not to be").
    """
    kept = _ORDINARY.sub(
        lambda word: "" if word.group().lower() in STOPWORDS else word.group(), question
    )
    found = list(dict.fromkeys(terms(kept, languages)))
    return found or list(dict.fromkeys(terms(question, languages)))


def _pieces(text: str, start: int, end: int, languages: Sequence[str]) -> Iterator[str]:
    for piece in _PIECE.finditer(text, start, end):
        found = piece.group()
        if piece.lastgroup == "unspaced":
            yield from found
            yield from (found[at : at + 2] for at in range(len(found) - 1))
        elif len(found) > LONGEST_TERM:
            continue
        elif piece.lastgroup == "number":
            yield found.replace(",", "")
        else:
            yield from dict.fromkeys(filter(None, (_stem(found, code) for code in languages)))
            if _DIGIT.search(found) and not found.isdigit():
                # "FY2022" is found by "2022" too.
                yield from (run for run in _RUN.findall(found) if len(run) > 1)


@functools.lru_cache(maxsize=65536)
def _stem(word: str, code: str) -> str:
    # Porter knows no accents; the stemmers of other languages need theirs.
    if code == ENGLISH:
        return str(_stemmer(code).stemWord(fold(word)))
    stemmer = _stemmer(code)
    return fold(word if stemmer is None else stemmer.stemWord(word))


def fold(word: str) -> str:
    """Without accents and vowel points; letters of every script stay."""
    if word.isascii():
        return word
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", word))
    # Some letters stand for several words; a term is one.
    return unicodedata.normalize("NFC", "".join(bare.split()))


def _is_identifier(word: str) -> bool:
    """Whether its parts belong together: a digit among them, or an underscore."""
    return "_" in word or (any(c.isdigit() for c in word) and any(c.isalpha() for c in word))


@functools.cache
def _stemmer(code: str) -> Any:
    import Stemmer

    name = _STEMMERS.get(code)
    return None if name is None else Stemmer.Stemmer(name)


@functools.cache
def _identifier() -> Any:
    import numpy as np
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    # In memory: its own way unpacks into a temporary file, and with a full disk no document at all
    # could be read.
    with lzma.open(MODEL_DIR / MODEL_FILE) as packed:
        unpacked = io.BytesIO(packed.read())
    with np.load(unpacked, allow_pickle=False) as model:
        moves, rows = (model[name] for name in ("nextmove", "nextmove_row"))
        found = LanguageIdentifier(
            model["ptc"],
            model["pc"],
            model["classes"].tolist(),
            array(moves.dtype.char, moves.tobytes()),
            model["out_feat"].tolist(),
            tk_row=array(rows.dtype.char, rows.tobytes()),
        )
    found.set_languages([*_STEMMERS, *_OTHERS])
    return found
