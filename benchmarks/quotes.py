"""How good the quotes are before anything is refused, for a range of shares of a sentence's score.

    python -m benchmarks.quotes [SET ...]          xquad-en unless sets are named
    python -m benchmarks.quotes [SET ...] --sweep  over a grid of shares

Over the answerable questions: how often a gold answer stands in the quotes (three sentences and 600
characters at most), how often in the best one, ROUGE-L of the quotes against the gold answers, and
how many quotes are the document's exact text at their offsets.
"""

from __future__ import annotations

import itertools
import sys

from benchmarks import sets
from rag import quote as step
from rag.ask import Parts
from rag.evaluation.cases import Case
from rag.evaluation.metrics import answer_in_quotes, rouge_l
from rag.retrieve import Retrieved, reading, retrieve

COVERS = (0.1, 0.15, 0.2, 0.25, 0.35)
PASSAGES = (0.1, 0.2, 0.3)


def main(arguments: list[str]) -> None:
    sweep = "--sweep" in arguments
    for name in [name for name in arguments if not name.startswith("--")] or ["xquad-en"]:
        parts = sets.parts(name)
        asked = [case for case in sets.cases(name) if case.answerable]
        with reading(parts.libraries):
            found = [retrieve(case.question, parts.libraries, parts.embedder) for case in asked]
            _report(name, step.Shares(), asked, found, parts)
            for cover, passage in itertools.product(COVERS, PASSAGES) if sweep else ():
                shares = step.Shares(1 - cover - passage, cover, passage)
                _report(name, shares, asked, found, parts)


def _report(
    name: str, shares: step.Shares, asked: list[Case], found: list[Retrieved], parts: Parts
) -> None:
    hits, best_hits, rouge, quotes, exact = 0.0, 0.0, 0.0, 0, 0
    for case, retrieved in zip(asked, found, strict=True):
        considered = step.select(retrieved, parts.embedder, shares=shares)
        texts = [item.text for item in considered]
        hits += answer_in_quotes(texts, case.answers)
        best = max(considered, key=lambda item: item.score, default=None)
        best_hits += answer_in_quotes([best.text] if best else [], case.answers)
        rouge += rouge_l(" ".join(texts), case.answers)
        quotes += len(texts)
        exact += sum(
            step.prove(item, retrieved.homes[item.document.id].catalogue) for item in considered
        )
    count = len(asked)
    print(
        f"{name}: meaning {shares.meaning:.2f} cover {shares.cover:.2f} passage "
        f"{shares.passage:.2f}: answer in quotes {hits / count:.4f}, in the best "
        f"{best_hits / count:.4f}, ROUGE-L {rouge / count:.4f}; {exact} of {quotes} quotes exact"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
