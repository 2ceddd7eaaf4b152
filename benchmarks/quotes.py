"""How often the gold answer stands in the quotes, before anything is refused; by scoring shares.

    python -m benchmarks.quotes [SET]        over xquad-en unless another set is named
    python -m benchmarks.quotes SET --sweep  over a grid of shares of the sentence score

Prints the share of answerable questions whose gold answer stands in the quotes (three sentences and
600 characters at most), and whether every quote is the document's exact text at its offsets.
"""

from __future__ import annotations

import itertools
import sys

from benchmarks import sets
from rag import quote as step
from rag.ask import Parts
from rag.evaluation.cases import Case
from rag.evaluation.metrics import answer_in_quotes
from rag.retrieve import Retrieved, retrieve


def main(arguments: list[str]) -> None:
    sweep = "--sweep" in arguments
    names = [name for name in arguments if not name.startswith("--")] or ["xquad-en"]
    for name in names:
        parts = sets.parts(name)
        asked = [case for case in sets.cases(name) if case.answerable]
        catalogue = parts.library.catalogue
        with catalogue.reading():
            found = [retrieve(case.question, parts.library, parts.embedder) for case in asked]
            _report(name, "shares as set", asked, found, parts)
            if sweep:
                for cover, passage in itertools.product((0.25, 0.35, 0.45), (0.1, 0.2, 0.3, 0.45)):
                    step._MEANING = 1 - cover - passage  # type: ignore[misc]
                    step._COVER, step._PASSAGE = cover, passage  # type: ignore[misc]
                    label = f"cover {cover} passage {passage}"
                    _report(name, label, asked, found, parts)


def _report(name: str, label: str, asked: list[Case], found: list[Retrieved], parts: Parts) -> None:
    hits, first, quotes, exact = 0.0, 0.0, 0, 0
    catalogue = parts.library.catalogue
    for case, retrieved in zip(asked, found, strict=True):
        considered = step.select(
            case.question,
            retrieved.question_vector,
            retrieved.passages,
            retrieved.chunks,
            catalogue,
            parts.embedder,
        )
        texts = [item.text for item in considered.quotes]
        hits += answer_in_quotes(texts, case.answers)
        first += answer_in_quotes(texts[:1], case.answers)
        quotes += len(texts)
        exact += sum(step.prove(item, catalogue) for item in considered.quotes)
    print(
        f"{name}: {label}: answer in quotes {hits / len(asked):.4f}, in the first "
        f"{first / len(asked):.4f}; {exact} of {quotes} quotes exact"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
