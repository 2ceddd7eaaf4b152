"""nDCG@10 and first hits of the fused score, for a range of weights, on four sets.

python -m benchmarks.retrieval [SET ...]
"""

from __future__ import annotations

import sys

import ir_measures
from ir_measures import RR, Success, nDCG

from benchmarks import sets
from rag import retrieve as step

SHARES = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
MEASURES = [nDCG @ 10, Success @ 1, Success @ 10, RR @ 10]


def main(names: list[str]) -> None:
    for name in names or ["xquad-en", "qed-dev", "clapnq-dev", "cranfield"]:
        library = sets.library(name)
        asked = [case for case in sets.cases(name) if case.answerable and case.evidence]
        relevant = {case.id: {evidence.document: 1 for evidence in case.evidence} for case in asked}
        runs: dict[float, dict[str, dict[str, float]]] = {share: {} for share in SHARES}
        with library.catalogue.reading():
            for case in asked:
                found = step.retrieve(case.question, library, sets.embedder(), limit=60)
                for share in SHARES:
                    scores: dict[str, float] = {}
                    for passage in found.passages:
                        score = share * passage.meaning + (1 - share) * passage.words
                        name_of = passage.document.name
                        scores[name_of] = max(score, scores.get(name_of, -1.0))
                    runs[share][case.id] = scores
        for share in SHARES:
            result = ir_measures.calc_aggregate(MEASURES, relevant, runs[share])
            values = "  ".join(f"{measure} {result[measure]:.4f}" for measure in MEASURES)
            print(f"{name}  meaning {share:.1f}  {values}")


if __name__ == "__main__":
    main(sys.argv[1:])
