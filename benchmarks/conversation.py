"""Follow-up questions about the samples: found as they stand, and made complete.

    python -m benchmarks.conversation [HALF ...]           tuned and held-out unless named
    python -m benchmarks.conversation [HALF ...] --each    the completed questions, too
    python -m benchmarks.conversation [HALF ...] --alone   in the eight samples only

Eight documents on one subject are found by nearly any question on it, so the documents of the
public set xquad-en are in the library as well, where the set is there.

The rules of `rag.question` were written with the half `tuned` in view; `held-out` was written
before them and looked at once they stood. Controls stand on their own behind an unrelated history
and must not change. Further controls are the questions of `data/cases/field_guide.jsonl`, and of
the public sets that are there, each behind another of its set, drawn with a fixed seed; how many
of them are split is counted as well.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence

from benchmarks import sets
from ingest.load import load
from ingest.parse import Parser
from rag.evaluation.cases import Case, read_cases
from rag.evaluation.matching import covered_share
from rag.library.folder import Library
from rag.question import complete, split
from rag.records import Passage
from rag.retrieve import retrieve

CASES = sets.ROOT / "data" / "cases"
PUBLIC = ("xquad-en", "qed-dev", "clapnq-dev", "cranfield", "financebench-dev")
AMONG = "xquad-en"
DEPTHS = (1, 5)


def main(arguments: list[str]) -> None:
    cases = read_cases(CASES / "follow_ups.jsonl")
    library = _samples(alone="--alone" in arguments)
    for half in [name for name in arguments if not name.startswith("--")] or ["tuned", "held-out"]:
        asked = [case for case in cases if case.id.startswith(f"{half}-follow-up-")]
        if not asked:
            sys.exit(f"There is no half {half}; tuned and held-out are the two.")
        for way, asking in {"bare": _bare, "complete": _complete}.items():
            _report(half, way, asking, asked, library, each="--each" in arguments)
        controls = [case for case in cases if case.id.startswith(f"{half}-control-")]
        changed = sum(_complete(case) != case.question for case in controls)
        print(f"{half}  controls changed  {changed} of {len(controls)}")
    _unrelated("field_guide", read_cases(CASES / "field_guide.jsonl"))
    for name in PUBLIC:
        if (sets.BENCH / name).is_dir():
            _unrelated(name, sets.cases(name))


def _samples(*, alone: bool) -> Library:
    folders = [sets.ROOT / "data" / "samples"]
    if not alone and (sets.BENCH / AMONG).is_dir():
        folders.append(sets.folder(AMONG) / "docs")
    library = Library.create(sets.OUT / ("samples" if len(folders) == 1 else f"samples-{AMONG}"))
    with Parser() as parser:
        summary = load(folders, library, sets.embedder, parser)
    print(f"{summary.files} files, {library.catalogue.counts().chunks} chunks")
    return library


def _bare(case: Case) -> str:
    return case.question


def _complete(case: Case) -> str:
    return complete(case.question, case.history)


def _report(
    half: str,
    way: str,
    asking: Callable[[Case], str],
    asked: Sequence[Case],
    library: Library,
    *,
    each: bool,
) -> None:
    ranks: list[tuple[int | None, int | None]] = []
    with library.catalogue.reading():
        for case in asked:
            question = asking(case)
            found = retrieve(question, [library], sets.embedder()).passages
            ranks.append((_quote_rank(case, found), _document_rank(case, found)))
            if each:
                print(f"  {case.id}  quote {ranks[-1][0]}  document {ranks[-1][1]}  {question}")
    values = "  ".join(
        f"{kind}_hit@{depth} {sum(1 for rank in of if rank and rank <= depth):2}"
        for kind, of in zip(("quote", "document"), zip(*ranks, strict=True), strict=True)
        for depth in DEPTHS
    )
    print(f"{half}  {way:8}  {values}  of {len(asked)}")


def _quote_rank(case: Case, found: Sequence[Passage]) -> int | None:
    """The first passage that holds a quote, or more than half of it where a border cut it."""
    for passage in found:
        for evidence in case.evidence:
            same = passage.document.name == evidence.document
            if (
                same
                and evidence.quote
                and covered_share(evidence.quote, [passage.chunk.text]) > 0.5
            ):
                return passage.rank
    return None


def _document_rank(case: Case, found: Sequence[Passage]) -> int | None:
    named = {evidence.document for evidence in case.evidence}
    return next((passage.rank for passage in found if passage.document.name in named), None)


def _unrelated(name: str, cases: Sequence[Case]) -> None:
    others = list(cases)
    random.Random(1).shuffle(others)
    changed = sum(
        complete(case.question, [(other.question, "")]) != case.question
        for case, other in zip(cases, others, strict=True)
    )
    parted = sum(split(case.question) != (case.question,) for case in cases)
    print(f"{name}  of {len(cases)} questions changed {changed}, split {parted}")


if __name__ == "__main__":
    main(sys.argv[1:])
