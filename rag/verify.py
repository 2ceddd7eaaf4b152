"""Does a sentence say only what its quotes say? Checked by rules that can be read and repeated.

Numbers, dates, names and negation first: a sentence that adds one or drops one is wrong however
similar it sounds. Then how much of it the quotes say. No language model judges here: it would be
slow, would differ from run to run, and measures no better (an LLM judge correlates .720 with people
on MTRAG, word overlap .715).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.numerals import numbers
from rag.records import Quote, Verdict
from rag.support import judge
from rag.terms import crosses
from rag.text import NAME, content_stems, stems

SUPPORT_NEEDED = 0.5
"""Least probability (0..1) with which a sentence passes; `rag/support.py` says of what."""

WORDS_NEEDED = 0.5
"""Least share of the sentence's own words that stand in its quotes."""

ANOTHER_LANGUAGE = "it is in another language than the quote"
"""Words, numbers and names are compared as they are spelt: across languages that proves nothing."""

_CALENDAR = frozenset(
    """january february march april june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday yesterday today tomorrow""".split()
)
_NEGATIONS = re.compile(
    r"\b(?:not|no|never|none|neither|nor|nothing|nobody|nowhere|without|cannot|unable|fails? to|"
    r"failed to|refus\w+|den(?:y|ies|ied)|prohibit\w*|forbid\w*|forbidden)\b|n['’]t\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;:,.!?()]|\b(?:but|although|though|while|whereas|however)\b")


class RuleScorer:
    """The default `SupportScorer`: rules for facts, then a calibrated score for the rest."""

    def check(self, sentence: str, quotes: Sequence[Quote], question: str) -> Verdict:
        """Check one sentence against its quotes; `question` decides nothing that is a fact.

        `support` is the probability that the quotes say it, 0 when a rule for facts fails.
        """
        quoted = " ".join(quote.text for quote in quotes)
        share = word_share(sentence, quoted)
        failures = [
            *([ANOTHER_LANGUAGE] if share < 1 and crosses(question, sentence, quoted) else []),
            *_missing("number", numbers(sentence), numbers(quoted)),
            *_missing("date", _calendar(sentence), _calendar(quoted)),
            *_missing("name", _names(sentence, quoted), _all_words(quoted)),
            *_negation(sentence, quotes),
        ]
        if failures:
            return Verdict(0.0, tuple(failures))
        support = judge(sentence, [quote.text for quote in quotes]).support
        if share < WORDS_NEEDED:
            failures.append(f"only {share:.0%} of its words stand in the quote")
        elif support < SUPPORT_NEEDED:
            failures.append(f"it says something else than the quote (support {support:.2f})")
        elif not _adds(sentence, question):
            failures.append("it only repeats the question")
        return Verdict(support, tuple(failures))


def word_share(sentence: str, quoted: str) -> float:
    """Share (0..1) of the sentence's content words whose stems stand in the quoted text."""
    wanted = content_stems(sentence)
    if not wanted:
        return 0.0
    there = set(stems(quoted))
    return sum(1 for term in wanted if term in there) / len(wanted)


def _missing(kind: str, wanted: set[str], there: set[str]) -> list[str]:
    return [f"the {kind} {value!r} does not stand in the quote" for value in sorted(wanted - there)]


def _calendar(text: str) -> set[str]:
    found = {word for word in re.findall(r"[a-z]+", text.lower()) if word in _CALENDAR}
    # "may" and "mar" are words; only the capitalised month counts, and only beside a number.
    if re.search(r"\bMay\b(?=,? \d)|(?<=\d )May\b", text):
        found.add("may")
    return found


def _all_words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _names(sentence: str, quoted: str) -> set[str]:
    """Words of names in the sentence.

    The first word is capitalised anyway: it counts as a name only if the quote, too, writes such a
    word in capitals or does not know it at all while it carries meaning.
    """
    found = set()
    there = set(stems(quoted))
    for match in NAME.finditer(sentence):
        parts = re.findall(r"\w+", match.group().casefold())
        first = not sentence[: match.start()].strip("\"'“‘( ")
        for part in parts:
            if part in {"s", "i"} or (first and not _carries_meaning(part)):
                continue
            if first and (stems(part) or [part])[0] in there:
                continue
            if not first and not _carries_meaning(part) and len(part) < 4:
                continue
            found.add(part)
    return found


def _carries_meaning(word: str) -> bool:
    # content_stems returns everything when nothing carries meaning, hence the companion word.
    return len(content_stems(f"{word} sourcebound")) == 2


def _negation(sentence: str, quotes: Sequence[Quote]) -> list[str]:
    """A sentence must deny what its nearest clause denies, and nothing else."""
    wanted = set(content_stems(sentence))
    clauses = [
        clause
        for quote in quotes
        for clause in _CLAUSE.split(quote.text)
        if clause and clause.strip()
    ]
    denies = bool(_NEGATIONS.search(sentence))
    denied = [clause for clause in clauses if _NEGATIONS.search(clause)]
    if denies and not denied:
        return ["it denies something that the quote does not deny"]
    if denied and not denies:
        nearest = max(clauses, key=lambda clause: len(wanted & set(stems(clause))))
        if nearest in denied:
            return ["the quote denies what it says"]
    return []


def _adds(sentence: str, question: str) -> bool:
    """Whether the sentence holds a word that the question did not bring."""
    return not set(content_stems(sentence)) <= set(content_stems(question))
