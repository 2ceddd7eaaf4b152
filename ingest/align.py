"""Where stored text stands among the characters that are seen on a page.

The two differ in what nobody reads: white space, hyphens at line ends, ligatures, the case of what
was recognised. So letters and digits are compared, in one form, and the rest is filled in.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from rag.records import Span

_MOST = 15_000
"""Letters up to which two texts are compared whole: the comparison keeps a bit for each pair."""

_ENOUGH = 0.9
"""Share of a stretch's letters that must be found, and share of what is found that must be its."""


@dataclass(frozen=True, slots=True)
class _Letters:
    """Letters and digits of a text in one form, and the place in the text of each."""

    text: str
    places: list[int]


def find(stored: str, spans: Sequence[Span], seen: Sequence[str]) -> list[Span | None]:
    """For each stretch of the stored text the one of `seen` that holds it; None where none does.

    Args:
        stored: text of the page as it is kept.
        spans: stretches of `stored`.
        seen: the characters on the page in their order, one string each; "" for one that is not
            seen.
    """
    mine, theirs = _letters(stored), _letters(seen)
    matched = _matched(mine.text, theirs.text)
    return [_found(stored, span, seen, mine, theirs, matched) for span in spans]


def _letters(text: Sequence[str]) -> _Letters:
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        form = character if character.isascii() else unicodedata.normalize("NFKC", character)
        for each in form.casefold():
            if each.isalnum():
                letters.append(each)
                places.append(place)
    return _Letters("".join(letters), places)


def _matched(mine: str, theirs: str) -> dict[int, int] | None:
    """For each letter of mine the one of theirs that it is; None where they are not compared."""
    if mine == theirs:
        return {at: at for at in range(len(mine))}
    if max(len(mine), len(theirs)) > _MOST:
        return None
    found: dict[int, int] = {}
    for block in Levenshtein.opcodes(mine, theirs):
        if block.tag == "equal":
            length = block.src_end - block.src_start
            found.update((block.src_start + at, block.dest_start + at) for at in range(length))
    return found


def _found(
    stored: str,
    span: Span,
    seen: Sequence[str],
    mine: _Letters,
    theirs: _Letters,
    matched: dict[int, int] | None,
) -> Span | None:
    wanted = [at for at, place in enumerate(mine.places) if span.start <= place < span.end]
    if not wanted:
        return None
    if matched is None:
        at = theirs.text.find(mine.text[wanted[0] : wanted[-1] + 1])
        hits = [] if at < 0 else [at, at + len(wanted) - 1]
        sure = len(wanted) if hits else 0
    else:
        hits = [matched[at] for at in wanted if at in matched]
        sure = len(hits)
    if sure < _ENOUGH * len(wanted) or sure < _ENOUGH * (hits[-1] + 1 - hits[0]):
        return None
    start, end = theirs.places[hits[0]], theirs.places[hits[-1]] + 1
    # Marks before its first letter and after its last: a bracket, a full stop.
    before = stored[span.start : mine.places[wanted[0]]]
    after = stored[mine.places[wanted[-1]] + 1 : span.end]
    start -= _common(before[::-1], list(reversed(seen[max(0, start - 3 * len(before)) : start])))
    end += _common(after, seen[end : end + 3 * len(after)])
    return Span(start, end)


def _common(text: str, seen: Sequence[str]) -> int:
    """How many of the characters seen are those of the text, white space on either side aside."""
    wanted = iter([character for character in text if not character.isspace()])
    character = next(wanted, None)
    reached = 0
    for at, each in enumerate(seen, 1):
        if character is None:
            break
        if not each.strip():
            continue
        if each != character:
            break
        reached = at
        character = next(wanted, None)
    return reached
