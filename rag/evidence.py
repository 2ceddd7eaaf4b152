"""Enough? The probability that the quotes hold an answer, from features that can be read.

A logistic regression; `benchmarks/fit_evidence.py` fits the weights in `evidence.json` and says on
what and with which result. The default threshold is where 1 in 10 answerable questions of the set
it was fitted on is refused; the setting `evidence` moves along the curve. Tried beside these two
features, and of no weight: the lead of the first passage, words covered by the best sentence and by
all quotes, whether the question asks for a date or the like and no quote has one.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.logistic import Logistic
from rag.records import Quote
from rag.retrieve import Retrieved
from rag.terms import terms

FEATURES = ("score", "new_cover")
"""What the quotes are judged by, each 0..1.

- `score`: of the best sentence.
- `new_cover`: share of the question's terms that stand in it, of those that the document's title
  and headings do not bring.
"""

_FITTED = Logistic("evidence.json", FEATURES)


def features(found: Retrieved, quotes: Sequence[Quote]) -> tuple[float, ...]:
    """The features by name of `FEATURES`; all 0 where there are no quotes."""
    if not quotes:
        return (0.0,) * len(FEATURES)
    best = max(quotes, key=lambda quote: quote.score)
    titles = "\n".join((best.document.title, *best.headings))
    wanted = set(found.terms) - set(terms(titles, found.languages))
    said = wanted & set(terms(best.text, found.languages))
    return best.score, len(said) / len(wanted) if wanted else 0.0


def probability(found: Retrieved, quotes: Sequence[Quote]) -> float:
    """Estimated probability (0..1) that the quotes hold an answer; 0 where there are none."""
    return _FITTED.probability(features(found, quotes)) if quotes else 0.0
