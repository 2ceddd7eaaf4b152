"""Is the right page found? One table over all sets, beside each leg alone.

    python -m benchmarks.retrieval [SET ...] [--sweep]

`financebench-dev`: the right page and document in the first 10 and 20 hits; then the questions of
every other company asked of those companies' filings alone and of all. The other sets: nDCG@10 by
document, right document first and in the first 10, for the fused search and for words and meaning
alone. `xquad-zh` and `xquad-ar` are what the words leg has to carry. With --sweep the sets are
asked again with one weight changed at a time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import ir_measures
from ir_measures import RR, Success, nDCG

from benchmarks import sets
from rag.evaluation.cases import Case
from rag.filters import NONE, Filters
from rag.library.folder import Library
from rag.retrieve import WEIGHTS, Weights, look, reading, retrieve

PAGED = "financebench-dev"
SETS = ("xquad-en", "qed-dev", "clapnq-dev", "cranfield", "xquad-zh", "xquad-ar")
MEASURES = [nDCG @ 10, Success @ 1, Success @ 10, RR @ 10]
DEPTH = 50

CHANGED = [
    {"meaning": value} for value in (0.0, 0.3, 0.4, 0.6, 0.7, 1.0)
] + [{"named": value} for value in (0.0, 0.25, 0.75)] + [
    {"part": value} for value in (0.0, 0.05, 0.2)
] + [{"feedback": value} for value in (0.0, 0.3, 0.6, 1.2)]  # fmt: skip

Run = dict[str, dict[str, float]]


def main(arguments: list[str]) -> None:
    names = [name for name in arguments if not name.startswith("--")] or [PAGED, *SETS]
    ways = [WEIGHTS, *(replace(WEIGHTS, **each) for each in CHANGED if "--sweep" in arguments)]
    for name in names:
        library = sets.library(name)
        cases = [case for case in sets.cases(name) if case.answerable and case.evidence]
        with reading([library]):
            for weights in ways:
                if len(ways) > 1:
                    print(weights)
                if name == PAGED:
                    _pages(name, library, cases, weights)
                else:
                    _documents(name, library, cases, weights)
            if name == PAGED:
                _half(library, cases)
            elif len(ways) == 1:
                _legs(name, library, cases)
        library.close()


# -- pages -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Hits:
    page_10: int = 0
    page_20: int = 0
    document_10: int = 0
    asked: int = 0

    def __str__(self) -> str:
        shares = (
            f"{what} {100 * count / max(1, self.asked):.1f} %"
            for what, count in (
                ("page in 10", self.page_10),
                ("page in 20", self.page_20),
                ("document in 10", self.document_10),
            )
        )
        return ", ".join(shares) + f" of {self.asked}"


def _pages(
    name: str, library: Library, cases: Iterable[Case], weights: Weights, where: Filters = NONE
) -> _Hits:
    hits = _Hits()
    for case in cases:
        found = retrieve(
            case.question, [library], sets.embedder(), limit=20, weights=weights, filters=where
        ).passages
        places = [(passage.document.name, passage.chunk.page) for passage in found]
        right = {(item.document, item.page) for item in case.evidence}
        documents = {item.document for item in case.evidence}
        hits.asked += 1
        hits.page_10 += bool(right & set(places[:10]))
        hits.page_20 += bool(right & set(places))
        hits.document_10 += any(document in documents for document, _ in places[:10])
    print(f"{name}: {hits}", flush=True)
    return hits


def _half(library: Library, cases: Sequence[Case]) -> None:
    """Half of the companies: what do the filings of the others cost?"""
    ours, asked = halved(cases)
    names = [each.name for each in library.catalogue.documents() if ours(each.name)]
    alone = Filters(documents=tuple(names))
    _pages("half of the companies alone", library, asked, WEIGHTS, alone)
    _pages("the same questions among all", library, asked, WEIGHTS)


def halved(cases: Sequence[Case]) -> tuple[Callable[[str], bool], list[Case]]:
    """Whether a filing is one of every other company's, and the questions to these."""
    companies = sorted({_company(item.document) for case in cases for item in case.evidence})
    chosen = set(companies[::2])
    asked = [case for case in cases if _company(case.evidence[0].document) in chosen]
    return lambda document: _company(document) in chosen, asked


def _company(document: str) -> str:
    return document.split("_")[0].lower()


# -- documents ---------------------------------------------------------------------------------


def _documents(name: str, library: Library, cases: Sequence[Case], weights: Weights) -> None:
    run: Run = {}
    for case in cases:
        found = retrieve(
            case.question, [library], sets.embedder(), limit=DEPTH, weights=weights
        ).passages
        run[case.id] = {passage.document.id: passage.score for passage in reversed(found)}
    _print(name, "fused", library, cases, run)


def _legs(name: str, library: Library, cases: Sequence[Case]) -> None:
    """Each leg alone, by its own score."""
    runs: dict[str, Run] = {"words alone": {}, "meaning alone": {}}
    for case in cases:
        vector = sets.embedder().embed_question(case.question)
        seen = look(case.question, library, vector, None)
        by_words = dict(seen.indexes.words.best(seen.scores, DEPTH))
        by_meaning = dict(seen.indexes.nearest(vector, DEPTH))
        for way, scores in (("words alone", by_words), ("meaning alone", by_meaning)):
            runs[way][case.id] = _by_document(library, scores)
    for way, run in runs.items():
        _print(name, way, library, cases, run)


def _by_document(library: Library, scores: Mapping[int, float]) -> dict[str, float]:
    owners = library.indexes().owners
    rows = library.indexes().words.rows(sorted(scores))
    best: dict[str, float] = {}
    for key, document in zip(sorted(scores), owners.documents_of(rows), strict=True):
        best[document] = max(scores[key], best.get(document, -1.0))
    return best


def _print(name: str, way: str, library: Library, cases: Sequence[Case], run: Run) -> None:
    result = ir_measures.calc_aggregate(MEASURES, qrels(library, cases), run)
    values = "  ".join(f"{measure} {result[measure]:.4f}" for measure in MEASURES)
    print(f"{name}  {way:<13}  {values}", flush=True)


def qrels(library: Library, cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    """The ids of the right documents, by case."""
    ids = {
        called: document.id
        for document in library.catalogue.documents()
        for called in (document.name, *document.also)
    }
    return {
        case.id: {ids.get(item.document, item.document): 1 for item in case.evidence}
        for case in cases
    }


if __name__ == "__main__":
    main(sys.argv[1:])
