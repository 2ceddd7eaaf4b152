"""Enough? The probability that the quotes hold an answer, from features that can be read.

A logistic regression; `benchmarks/fit_evidence.py` fits the weights in `evidence.json` and says on
what and with which result. The default threshold is where 1 in 10 answerable questions of the set
it was fitted on is refused; the setting `evidence` moves along the curve.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from importlib.resources import files

from rag.records import Passage, Quote
from rag.retrieve import Retrieved
from rag.terms import terms

FEATURES = ("score", "gap", "cover", "new_cover", "all_cover")
"""What the quotes are judged by, each 0..1.

- `score`: of the best sentence.
- `gap`: by how much the best passage is nearer to the question than the second.
- `cover`: share of the question's terms that stand in the best sentence.
- `new_cover`: the same of the terms that the document's title and headings do not bring.
- `all_cover`: share of the question's terms that stand in the quotes, their titles and headings.
"""


def features(
    found: Retrieved, quotes: Sequence[Quote], passages: Sequence[Passage] | None = None
) -> tuple[float, ...]:
    """The features by name of `FEATURES`; `passages` are those to look at instead of all found."""
    passages = found.passages if passages is None else passages
    if not passages or not quotes:
        return (0.0,) * len(FEATURES)
    meanings = sorted((passage.meaning for passage in passages), reverse=True)
    best = max(quotes, key=lambda quote: quote.score)
    wanted = set(found.terms)
    said = _terms(best.text, found)
    about = _terms(_about(best), found)
    together = set().union(*(_terms(f"{one.text}\n{_about(one)}", found) for one in quotes))
    return (
        best.score,
        meanings[0] - meanings[1] if len(meanings) > 1 else 0.0,
        _share(wanted, said),
        _share(wanted - about, said),
        _share(wanted, together),
    )


def probability(found: Retrieved, quotes: Sequence[Quote]) -> float:
    """Estimated probability (0..1) that the quotes hold an answer; 0 where there are none."""
    if not quotes:
        return 0.0
    weights, intercept = _weights()
    total = intercept + sum(
        weight * value for weight, value in zip(weights, features(found, quotes), strict=True)
    )
    return 1 / (1 + math.exp(-total))


def _about(quote: Quote) -> str:
    return "\n".join((quote.document.title, *quote.headings))


def _terms(text: str, found: Retrieved) -> set[str]:
    return set(terms(text, found.languages))


def _share(wanted: set[str], said: set[str]) -> float:
    return len(wanted & said) / len(wanted) if wanted else 0.0


@functools.cache
def _weights() -> tuple[tuple[float, ...], float]:
    fitted = json.loads(files("rag").joinpath("evidence.json").read_text(encoding="utf-8"))
    return tuple(fitted["weights"][name] for name in FEATURES), fitted["intercept"]
