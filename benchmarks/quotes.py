"""How good the quotes are before anything is refused, for a range of shares of a sentence's score.

    python -m benchmarks.quotes [SET ...]          xquad-en unless sets are named
    python -m benchmarks.quotes [SET ...] --sweep  over a grid of shares

Over the answerable questions, before anything is refused: how often a gold answer stands in the
quotes (three sentences and 600 characters at most, as they are shown; and two with 400), how often
in the best one; how often the gold evidence, where the set names a sentence, overlaps one of them
by more than half; ROUGE-L of the quotes against the gold answers; and how many quotes are the
document's exact text at their offsets. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import itertools
import sys

from benchmarks import sets
from benchmarks.intervals import share
from rag import quote as step
from rag.ask import Parts
from rag.evaluation.cases import Case
from rag.evaluation.matching import overlaps
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
    hits, two_hits, best_hits, rouge, quotes, exact = 0.0, 0.0, 0.0, 0.0, 0, 0
    evidence: list[bool] = []
    for case, retrieved in zip(asked, found, strict=True):
        considered = step.select(retrieved, parts.embedder, shares=shares)
        texts = [item.text for item in considered]
        hits += answer_in_quotes(texts, case.answers)
        two = step.select(retrieved, parts.embedder, shares=shares, most=2, room=400)
        two_hits += answer_in_quotes([item.text for item in two], case.answers)
        gold = [item.quote for item in case.evidence if item.quote]
        if gold:
            evidence.append(any(overlaps(one, text) for one in gold for text in texts))
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
        f"{shares.passage:.2f} lacks {shares.lacks:.2f}, n {count}: answer in quotes "
        f"{share(hits, count)}, in two with 400 characters {share(two_hits, count)}, in the best "
        f"{share(best_hits, count)}, gold evidence {share(sum(evidence), len(evidence))} of "
        f"{len(evidence)}, ROUGE-L {rouge / count:.4f}; {exact} of {quotes} quotes exact",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
