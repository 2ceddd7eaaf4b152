"""How long a chunk, how much of it again in the next one, and do its neighbours help?

    python -m benchmarks.chunks [SET ...] [CAPACITY/OVERLAP ...]

The same documents cut in several ways, each loaded into a library of its own below
`benchmarks/out/chunks`, and the same questions asked: nDCG@10 and the right document first; how
often a gold answer stands in the quotes; for `financebench-dev`, of which the filings of every
other company are loaded, the right page in the first 10 and 20. `over` are chunks that the
embedding model cannot read to their end, `MB` the words and the vector index together.

Each library is asked again with its neighbours: a passage's score moved by `SHARE` towards those of
the passages before and after it, and quotes taken from these as well.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import ir_measures
from ir_measures import Success, nDCG

from benchmarks import sets
from benchmarks.remembering import Remembering
from benchmarks.retrieval import PAGED, Run, halved, qrels
from ingest.chunk import CAPACITY, OVERLAP
from ingest.load import load
from ingest.parse import Cutting, Parser
from ingest.parsed import Parsed
from rag import quote
from rag.evaluation.cases import Case
from rag.evaluation.metrics import answer_in_quotes
from rag.library import vectors, words
from rag.library.catalogue import NewChunk
from rag.library.folder import Library
from rag.records import Passage
from rag.retrieve import WEIGHTS, Retrieved, fold, gather, look, reading, search

SETS = ("xquad-en", "cranfield", "qed-dev", "clapnq-dev")
SHARE = 0.1
DEPTH = 50
MEASURES = [nDCG @ 10, Success @ 1]


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to cut: tokens of a chunk, and those it shares with the one before."""

    capacity: int
    overlap: int

    def __str__(self) -> str:
        return f"{self.capacity}/{self.overlap}"


CUTS = (Cut(96, 0), Cut(128, 0), Cut(CAPACITY, OVERLAP), Cut(CAPACITY, 40), Cut(220, 0))


class CuttingParser(Parser):
    """The parser, cutting in the way given instead of the shipped one."""

    def __init__(self, cut: Cut) -> None:
        super().__init__()
        self._cut = cut

    def read(
        self, path: Path, media_type: str, document_id: str, cutting: Cutting
    ) -> tuple[Parsed, tuple[NewChunk, ...]]:
        cutting = replace(cutting, capacity=self._cut.capacity, overlap=self._cut.overlap)
        return super().read(path, media_type, document_id, cutting)


def main(arguments: list[str]) -> None:
    cuts = [Cut(*map(int, each.split("/"))) for each in arguments if re.match(r"\d+/\d+$", each)]
    names = [each for each in arguments if "/" not in each] or [*SETS, PAGED]
    embedder = Remembering(sets.embedder())
    print("set              cut     neighbours  chunks  over   MB    measured")
    for name in names:
        cases = [case for case in sets.cases(name) if case.answerable and case.evidence]
        for cut in cuts or CUTS:
            library, asked = _library(name, cut, cases)
            with reading([library]):
                about, beside = _about(library), _beside(library)
                for share in (0.0, SHARE):
                    asking = Asking(library, embedder, beside, share)
                    result = (_pages if name == PAGED else _documents)(asking, asked)
                    print(f"{name:<16} {cut!s:<7} {share:<11} {about}  {result}", flush=True)
            library.close()


def _library(name: str, cut: Cut, cases: Sequence[Case]) -> tuple[Library, Sequence[Case]]:
    """The set cut in this way, and the questions to it."""
    found = Library.create(sets.OUT / "chunks" / f"{name}-{cut.capacity}-{cut.overlap}")
    paths = [sets.folder(name) / "docs"]
    if name == PAGED:
        ours, cases = halved(cases)
        paths = [path for path in sorted(paths[0].iterdir()) if ours(path.name)]
    with CuttingParser(cut) as parser:
        load(paths, found, sets.embedder, parser)
    return found, cases


def _about(library: Library) -> str:
    model, catalogue = sets.embedder(), library.catalogue
    over = 0
    for document in catalogue.documents():
        rows = [f"{text.context}\n{text.text}" for _, text in catalogue.passage_texts(document.id)]
        if model.tokenizer is not None:
            encoded = model.tokenizer.encode_batch(rows)
            over += sum(len(each.ids) > model.window for each in encoded)
    size = sum((library.path / each.FILE).stat().st_size for each in (words, vectors))
    return f"{catalogue.counts().chunks:>6}  {over:>4}  {size / 1e6:>5.1f}"


# -- asking ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asking:
    """A library, and what asking it takes; a `share` above 0 lets neighbours count."""

    library: Library
    embedder: Remembering
    beside: Mapping[int, Sequence[int]]
    share: float

    def retrieve(self, question: str, limit: int) -> Retrieved:
        """What `rag.retrieve.retrieve` gives, or that with neighbours."""
        vector, reads = self.embedder.embed_question(question), self.embedder.reads(question)
        seen = look(question, self.library, vector, None)
        scored = search([seen], vector, WEIGHTS, reads)
        # By its own text; what no leg found counts 0.
        texts = {key.chunk: each.text for key, each in scored.items()}
        for key, each in list(scored.items()) if self.share else ():
            near = [texts.get(neighbour, 0.0) for neighbour in self.beside[key.chunk]]
            mean = (sum(near) + (2 - len(near)) * each.text) / 2  # at an end, itself
            scored[key] = replace(each, fused=each.fused + self.share * (mean - each.text))
        pages = fold([seen], scored, WEIGHTS, max(limit, DEPTH))[:limit]
        found = gather(question, [seen], scored, pages, vector, reads)
        if not self.share:
            return found
        chunks, scores = dict(found.chunks), dict(found.scores)
        passages = list(found.passages)
        for at, passage in enumerate(passages[: quote.PASSAGES]):
            keys = self.beside[chunks[passage.chunk.id].key]
            more = [*self.library.catalogue.chunks(keys).values()]
            passages[at] = replace(passage, more=(*passage.more, *(each.chunk for each in more)))
            chunks.update((each.chunk.id, each) for each in more)
            scores.update((each.chunk.id, texts.get(each.key, 0.0)) for each in more)
        return replace(found, passages=tuple(passages), chunks=chunks, scores=scores)


def _beside(library: Library) -> dict[int, list[int]]:
    """The passages before and after each passage in its document, by key."""
    indexes = library.indexes()
    keys = indexes.words.keys
    documents = indexes.owners.documents_of(indexes.words.rows(keys.tolist()))
    found: dict[int, list[int]] = {key: [] for key in keys.tolist()}
    ordered = zip(keys.tolist(), documents, strict=True)
    for (one, document), (other, following) in pairwise(ordered):
        if document == following:
            found[one].append(other)
            found[other].append(one)
    return found


def _documents(asking: Asking, cases: Sequence[Case]) -> str:
    run: Run = {}
    quoted = []
    for case in cases:
        found = asking.retrieve(case.question, DEPTH)
        run[case.id] = {each.document.id: each.score for each in reversed(found.passages)}
        if case.answers:
            texts = [each.text for each in quote.select(found, asking.embedder)]
            quoted.append(answer_in_quotes(texts, case.answers))
    result = ir_measures.calc_aggregate(MEASURES, qrels(asking.library, cases), run)
    measured = "  ".join(f"{measure} {result[measure]:.4f}" for measure in MEASURES)
    return measured + (f"  in quotes {sum(quoted) / len(quoted):.4f}" if quoted else "")


def _pages(asking: Asking, cases: Sequence[Case]) -> str:
    first: dict[int, int] = dict.fromkeys((10, 20), 0)
    for case in cases:
        right = {(item.document, item.page) for item in case.evidence}
        found = asking.retrieve(case.question, max(first)).passages
        for depth in first:
            first[depth] += bool(right & set(map(_place, found[:depth])))
    return "  ".join(f"page in {depth} {hits / len(cases):.4f}" for depth, hits in first.items())


def _place(passage: Passage) -> tuple[str, int | None]:
    return passage.document.name, passage.chunk.page


if __name__ == "__main__":
    main(sys.argv[1:])
