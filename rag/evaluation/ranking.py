"""Is the evidence among the passages that were found, and how far up? By document, page and quote.

nDCG, reciprocal rank and recall are those of `ir_measures`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rag.evaluation.cases import Evidence
from rag.evaluation.matching import covered_share
from rag.records import Document, Passage

DEPTHS = (1, 3, 5, 10)
"""The k of `document_hit@k`, `page_hit@k` and `quote_hit@k`."""

_KINDS = ("document", "page", "quote")
_NAMES = {
    "document": ("ndcg@10", "mrr@10", "document_recall@10"),
    "page": ("page_ndcg@10", "page_mrr@10", "page_recall@10"),
    "quote": ("quote_ndcg@10", "quote_mrr@10", "quote_recall@10"),
}

HITS = tuple(f"{kind}_hit@{k}" for kind in _KINDS for k in DEPTHS)
"""1 where one of the first k passages is right, else 0."""

RANKINGS = tuple(name for kind in _KINDS for name in _NAMES[kind])
"""Values 0..1 over the first ten; those without a kind in their name are by document."""

_Test = Callable[[Passage, Evidence], bool]


def applicable(evidence: Sequence[Evidence]) -> frozenset[str]:
    """Which of these names apply to a case with such evidence."""
    return frozenset(
        name
        for kind in _tests(evidence)
        for name in (*_NAMES[kind], *(f"{kind}_hit@{k}" for k in DEPTHS))
    )


def rank(evidence: Sequence[Evidence], passages: Sequence[Passage]) -> dict[str, float]:
    """The values that apply. Passages are taken in the order of their rank.

    Several passages of one document, or of one page, count once, at the place of the best.
    """
    values: dict[str, float] = {}
    ranked = sorted(passages, key=lambda passage: passage.rank)
    for kind, (wanted, test) in _tests(evidence).items():
        top = ranked[: max(DEPTHS)]
        places = (at for at, p in enumerate(top) if any(test(p, item) for item in wanted))
        first = next(places, math.inf)
        values.update({f"{kind}_hit@{k}": float(first < k) for k in DEPTHS})
        units: dict[object, Passage] = {}
        for passage in ranked:
            units.setdefault(_unit(kind, passage), passage)
        found = _measured(wanted, list(units.values()), test)
        values.update(zip(_NAMES[kind], found, strict=True))
    return values


def _tests(evidence: Sequence[Evidence]) -> dict[str, tuple[list[Evidence], _Test]]:
    """For every kind of evidence that the case has: its items, and who holds one."""
    found: dict[str, tuple[list[Evidence], _Test]] = {
        "document": (_distinct(evidence), _in_document),
        "page": ([item for item in evidence if item.page is not None], _on_page),
        "quote": ([item for item in evidence if item.quote is not None], _holds_quote),
    }
    return {kind: each for kind, each in found.items() if each[0]}


def _distinct(evidence: Sequence[Evidence]) -> list[Evidence]:
    return list({item.document: item for item in evidence}.values())


def _unit(kind: str, passage: Passage) -> object:
    """What counts once in a ranking."""
    if kind == "document":
        return passage.document.id
    if kind == "page":
        return passage.document.id, passage.chunk.page
    return passage.chunk.id


def _measured(
    wanted: Sequence[Evidence], units: Sequence[Passage], test: _Test
) -> tuple[float, float, float]:
    """nDCG, reciprocal rank and recall at 10, all with gain 1.

    Items that one unit holds together, as two names of one document, are one.
    """
    import ir_measures

    missed = list(wanted)
    qrels: dict[str, int] = {}
    run: dict[str, float] = {}
    for place, passage in enumerate(units):
        run[f"found {place}"] = float(-place)  # distinct, so that no tie is left to the library
        left = [item for item in missed if not test(passage, item)]
        if len(left) < len(missed):
            qrels[f"found {place}"] = 1
            missed = left
    qrels.update({f"missed {at}": 1 for at in range(len(missed))})
    measures = [ir_measures.nDCG @ 10, ir_measures.RR @ 10, ir_measures.R @ 10]
    values = ir_measures.calc_aggregate(measures, {"case": qrels}, {"case": run})
    return (float(values[measures[0]]), float(values[measures[1]]), float(values[measures[2]]))


def names_of(document: Document) -> set[str]:
    """All names under which a document was found."""
    return {document.name, *document.also}


def _in_document(passage: Passage, item: Evidence) -> bool:
    return item.document in names_of(passage.document)


def _on_page(passage: Passage, item: Evidence) -> bool:
    return _in_document(passage, item) and passage.chunk.page == item.page


def _holds_quote(passage: Passage, item: Evidence) -> bool:
    """Whether the passage holds the quote, or more than half of its words where a border cut it."""
    return _in_document(passage, item) and (
        covered_share(item.quote or "", [passage.chunk.text]) > 0.5
    )
