"""Why a page was not found: each step can lose it, and says so; and the commands that ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag import contract
from rag.ask import Parts
from rag.errors import DocumentUnknown, QuestionError
from rag.filters import Filters
from rag.library.catalogue import NewDocument, Place
from rag.library.folder import Library
from rag.ports import Embedder
from rag.records import Document, Page
from rag.why import Trace, why
from tests.paged import write_pdf
from tests.stand_ins import HashEmbedder, OverlapReranker, WordScorer
from ui import cli

QUESTION = "Where does the heron nest?"
HEADER = "Ravenscar council"
FILLER = "The council met again and spoke about item {n}. Nothing about item {n} was decided."
PAGES = [
    "The heron nests in the willow by the weir.\nIt eats small fish at dawn, and nothing else.",
    "The ferry Zephyrine crosses the estuary twice a day.\nIt carries forty cars and one bell.",
    "",
    "The miller's guild built the weir in 1902.\nIt has two sluices and a ladder.",
    "The library opens at nine on every day but Sunday.\nIts door is green.",
]


def _write(folder: Path) -> Path:
    write_pdf(folder / "log.pdf", PAGES, header=HEADER)
    write_pdf(folder / "minutes.pdf", [FILLER.format(n=n) for n in range(150)])
    write_pdf(folder / "gaps.pdf", ["The bell of the ferry is made of brass.", ""])
    (folder / "notes.txt").write_text("The heron nests in the reeds, some say. Nobody has seen it.")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 this is no PDF")
    return folder


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("why")
    made = Library.create(folder / "library")
    with Parser() as parser:
        load([_write(folder / "documents")], made, HashEmbedder, parser)
    yield made
    made.close()


def _why(
    library: Library,
    document: str,
    page: int | None = None,
    *,
    question: str = QUESTION,
    enough: float = 0.0,
    filters: Filters | None = None,
    reranked: bool = False,
) -> Trace:
    parts = Parts(
        (library,),
        HashEmbedder(),
        WordScorer(),
        reranker=OverlapReranker() if reranked else None,
        enough=enough,
    )
    return why(question, parts, document, page, filters=filters or Filters())


def _names(trace: Trace) -> list[str]:
    return [step.name for step in trace.steps]


# -- found -------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, None])
def test_a_page_that_is_quoted_was_lost_nowhere(library: Library, page: int | None) -> None:
    trace = _why(library, "log.pdf", page)
    assert trace.lost is None
    assert (trace.question, trace.document, trace.page) == (QUESTION, "log.pdf", page)
    assert _names(trace) == ("parsed chunked words meaning named fused pages quoted enough".split())
    steps = {step.name: step for step in trace.steps}
    assert [steps[name].ok for name in ("words", "meaning", "named")] == [None] * 3
    assert "heron nest" in steps["words"].detail
    assert "heron nests in the willow" in steps["quoted"].detail
    for step in trace.steps:
        assert step.detail
        assert step.rank is None or step.rank >= 1
        assert step.score is None or step.score >= 0


def test_filters_and_a_reranker_are_steps_of_their_own(library: Library) -> None:
    trace = _why(library, "log.pdf", 1, filters=Filters(kinds=("pdf",)), reranked=True)
    assert trace.lost is None
    assert _names(trace)[2] == "filtered"
    assert "reranked" in _names(trace)


# -- each way to lose --------------------------------------------------------------------------


def test_a_refused_file(library: Library) -> None:
    trace = _why(library, "broken.pdf", 1)
    assert trace.lost == "parsed"
    assert len(trace.steps) == 1
    assert trace.steps[0].detail.startswith("the file was refused: ")


def test_no_such_page(library: Library) -> None:
    trace = _why(library, "log.pdf", 77)
    assert trace.lost == "parsed"
    assert trace.steps[0].detail == "there is no page 77; its pages run from 1 to 5"
    unpaged = _why(library, "notes.txt", 2)
    assert unpaged.lost == "parsed"
    assert unpaged.steps[0].detail == "there is no page 2; it has no pages"


def test_a_page_without_text(library: Library) -> None:
    trace = _why(library, "gaps.pdf", 2)
    assert trace.lost == "parsed"
    assert trace.steps[0].detail.startswith("no text was found there")


def test_a_page_that_is_only_a_header(library: Library) -> None:
    """A header is text where nothing else stands on the page: it is followed like any other."""
    trace = _why(library, "log.pdf", 3)
    assert trace.lost in ("fused", "pages", "quoted")
    assert _names(trace)[:2] == ["parsed", "chunked"]


def test_a_page_of_which_nothing_is_indexed(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "library")
    document = Document("5" * 64, "ravenscar.pdf", "Ravenscar", "application/pdf", 1)
    with library.catalogue.writing():
        library.catalogue.add_document(NewDocument(document, (Page(1, 0, "Page 1"),), (), "test"))
        library.catalogue.add_place(Place("/r.pdf", document.name, "/", document.id, 1, 1))
    trace = _why(library, "ravenscar.pdf", 1)
    assert trace.lost == "chunked"
    assert "header, footer or page number" in trace.steps[-1].detail
    library.close()


def test_filtered_out(library: Library) -> None:
    trace = _why(library, "log.pdf", 1, filters=Filters(kinds=("txt",)))
    assert trace.lost == "filtered"
    assert trace.steps[-1].detail == "the filters leave out log.pdf"


def test_in_no_leg(library: Library) -> None:
    """A question that 150 other pages answer by word and meaning."""
    question = "What did the council decide about the item it met again about?"
    trace = _why(library, "log.pdf", 5, question=question)
    assert trace.lost == "fused"
    step = next(step for step in trace.steps if step.name == "fused")
    assert "among the first 100 of no leg" in step.detail


def test_beyond_the_pages_that_are_looked_into(library: Library) -> None:
    question = "What did the council decide about item 7, and item 9?"
    places = [_why(library, "minutes.pdf", page, question=question) for page in range(40, 60)]
    lost = {trace.lost for trace in places}
    assert "pages" in lost
    beyond = next(trace for trace in places if trace.lost == "pages")
    step = next(step for step in beyond.steps if step.name == "pages")
    assert "beyond the first" in step.detail or "are looked into" in step.detail
    assert step.rank is None or step.rank > 10


def test_found_and_not_quoted(library: Library) -> None:
    """All pages of a short document are looked into; three sentences are quoted."""
    only = Filters(documents=("log.pdf",))
    traces = [_why(library, "log.pdf", page, filters=only) for page in range(1, 6)]
    assert {trace.lost for trace in traces} == {None, "quoted"}
    lost = next(trace for trace in traces if trace.lost)
    step = next(step for step in lost.steps if step.name == "quoted")
    assert step.detail.startswith("the quotes come from log.pdf page 1")


def test_quoted_and_not_enough(library: Library) -> None:
    trace = _why(library, "log.pdf", 1, enough=1.0)
    assert trace.lost == "enough"
    assert trace.steps[-1].detail.endswith("below 1.00: withheld")


def test_a_passage_without_a_vector_says_so(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "notes.txt").write_text("The heron nests in the reeds.")
    library = Library.create(tmp_path / "library")
    with Parser() as parser:
        load([tmp_path / "documents"], library, HashEmbedder, parser)
    with library.catalogue.writing():
        library.catalogue.drop_vectors()
    steps = {step.name: step for step in _why(library, "notes.txt").steps}
    assert "1 of them without a vector yet" in steps["chunked"].detail
    assert "no vectors yet" in steps["meaning"].detail
    library.close()


def test_what_no_library_knows_is_an_error(library: Library) -> None:
    with pytest.raises(DocumentUnknown, match=r"'logg\.pdf'.*Did you mean.*log\.pdf"):
        _why(library, "logg.pdf", 1)
    with pytest.raises(QuestionError, match="empty"):
        _why(library, "log.pdf", 1, question=" ")


def test_a_page_of_the_second_library_is_followed_there(library: Library, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "gulls.txt").write_text("Gulls nest on the roof of the station.")
    other = Library.create(tmp_path / "library")
    with Parser() as parser:
        load([tmp_path / "documents"], other, HashEmbedder, parser)
    parts = Parts((library, other), HashEmbedder(), WordScorer(), enough=0)
    trace = why("Where do gulls nest on the roof?", parts, "gulls.txt")
    assert trace.lost is None
    other.close()


def test_a_trace_is_json(library: Library) -> None:
    row = json.loads(json.dumps(contract.trace(_why(library, "log.pdf", 77))))
    assert set(row) == {"question", "expect", "lost", "steps"}
    assert row["expect"] == {"document": "log.pdf", "page": 77}
    assert row["lost"] == "parsed"
    assert all(set(step) == {"step", "ok", "rank", "score", "detail"} for step in row["steps"])


# -- the commands ------------------------------------------------------------------------------


@dataclass
class Ran:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def row(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


class Commands:
    """Runs `rag` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Ran:
        self._capsys.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        said = self._capsys.readouterr()
        return Ran(code, said.out, said.err)


@pytest.fixture
def rag(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    real_embedder: Embedder,
) -> Commands:
    """The commands; the default model is read once for all of them."""
    monkeypatch.setattr("rag.assemble.embedder", lambda settings: real_embedder)
    return Commands(capsys)


@dataclass(frozen=True)
class Shelves:
    """Two libraries of the real model."""

    first: Path
    second: Path


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory, real_embedder: Embedder) -> Shelves:
    folder = tmp_path_factory.mktemp("shelves")
    _write(folder / "one").joinpath("minutes.pdf").unlink()
    (folder / "one" / "reports").mkdir()
    (folder / "one" / "reports" / "eggs 2023-Q2.md").write_text("The heron laid four eggs.")
    (folder / "two").mkdir()
    (folder / "two" / "gulls.txt").write_text("The gulls nest on the roof of the old station.")
    for name in ("one", "two"):
        library = Library.create(folder / f"library {name}")
        with Parser() as parser:
            load([folder / name], library, lambda: real_embedder, parser)
        library.close()
    return Shelves(folder / "library one", folder / "library two")


@pytest.mark.models
def test_the_command_why(rag: Commands, shelves: Shelves) -> None:
    place = ("--library", shelves.first)
    found = rag("why", QUESTION, "--expect", "log.pdf#1", *place, "--json")
    assert (found.code, found.row["lost"]) == (0, None)
    assert found.row["expect"] == {"document": "log.pdf", "page": 1}
    lost = rag("why", QUESTION, "--expect", "log.pdf#77", *place, "--json")
    assert (lost.code, lost.row["lost"]) == (0, "parsed")
    said = rag("why", QUESTION, "--expect", "log.pdf#1", *place)
    assert said.code == 0
    assert said.out.startswith("log.pdf, page 1: found.")
    assert "heron nests in the willow" in said.out
    said = rag("why", QUESTION, "--expect", "broken.pdf", *place)
    assert "broken.pdf: lost at the step “parsed”." in said.out
    filtered = rag("why", QUESTION, "--expect", "log.pdf#1", "--kind", "md", *place, "--json")
    assert filtered.row["lost"] == "filtered"


@pytest.mark.models
def test_the_command_why_fails_clearly(rag: Commands, shelves: Shelves, tmp_path: Path) -> None:
    place = ("--library", shelves.first)
    unknown = rag("why", QUESTION, "--expect", "nowhere.pdf#1", *place, "--json")
    assert (unknown.code, unknown.out) == (5, "")
    assert "No document named 'nowhere.pdf'" in unknown.err
    assert rag("why", QUESTION, *place).code == 2
    assert rag("why", " ", "--expect", "log.pdf", *place).code == 2
    missing = rag("why", QUESTION, "--expect", "log.pdf", "--library", tmp_path / "none")
    assert missing.code == 5
    assert "rag load FOLDER" in missing.err


@pytest.mark.models
@pytest.mark.parametrize(
    ("options", "documents"),
    [
        (("--kind", "md"), {"reports/eggs 2023-Q2.md"}),
        (("--kind", "md", "--kind", "txt"), {"reports/eggs 2023-Q2.md", "notes.txt"}),
        (("--folder", "reports"), {"reports/eggs 2023-Q2.md"}),
        (("--document", "notes.txt"), {"notes.txt"}),
        (("--since", "2023", "--until", "2023-06"), {"reports/eggs 2023-Q2.md"}),
    ],
)
def test_the_commands_look_only_where_they_are_told(
    rag: Commands, shelves: Shelves, options: tuple[str, ...], documents: set[str]
) -> None:
    place = ("--library", shelves.first)
    found = rag("search", "heron", *options, *place, "--json")
    assert found.code == 0
    assert {hit["document"] for hit in found.row["hits"]} == documents
    answered = rag("ask", "What about the heron?", *options, *place, "--json")
    assert answered.code == 0
    assert {hit["document"] for hit in answered.row["passages"]} == documents


@pytest.mark.models
@pytest.mark.parametrize("verb", ["search", "ask"])
def test_filters_that_cannot_be_met_end_with_a_sentence(
    rag: Commands, shelves: Shelves, verb: str
) -> None:
    place = ("--library", shelves.first, "--json")
    for options, code, said in (
        (("--since", "soon"), 2, "no date for --since"),
        (("--kind", "docx"), 5, "of the kinds md, pdf, txt, dated 2023-Q2"),
        (("--document", "note.txt"), 5, "Did you mean notes.txt"),
        (("--until", "1999"), 5, "No document matches until 1999"),
    ):
        ran = rag(verb, "heron", *options, *place)
        assert (ran.code, ran.out) == (code, "")
        assert said in ran.err


@pytest.mark.models
def test_the_commands_ask_several_libraries(rag: Commands, shelves: Shelves) -> None:
    both = ("--library", shelves.first, "--library", shelves.second, "--json")
    question = "Where do the gulls nest on the roof?"
    hits = rag("search", question, *both).row["hits"]
    assert hits[0]["document"] == "gulls.txt"
    assert hits[0]["collection"] == str(shelves.second)
    assert {hit["collection"] for hit in hits} == {str(shelves.first), str(shelves.second)}
    row = rag("ask", question, *both).row
    quotes = [quote for sentence in row["sentences"] for quote in sentence["quotes"]]
    assert any(
        quote["collection"] == str(shelves.second) and "old station" in quote["text"]
        for quote in quotes
    )
    trace = rag("why", question, "--expect", "gulls.txt", *both).row
    assert trace["lost"] is None
    # One alone answers from itself, and says no collection.
    for verb, key in (("search", "hits"), ("ask", "passages")):
        alone = rag(verb, question, "--library", shelves.first, "--json")
        assert alone.code == 0
        assert {hit["collection"] for hit in alone.row[key]} == {None}
        assert "gulls.txt" not in {hit["document"] for hit in alone.row[key]}


@pytest.mark.models
def test_the_same_library_twice_is_asked_once(rag: Commands, shelves: Shelves) -> None:
    twice = ("--library", shelves.first, "--library", shelves.first, "--json")
    once = rag("search", QUESTION, *twice[:2], "--json").row
    assert rag("search", QUESTION, *twice).row == once


@pytest.mark.models
def test_evaluate_asks_the_library_it_is_given(
    rag: Commands, shelves: Shelves, tmp_path: Path
) -> None:
    cases = tmp_path / "cases.jsonl"
    case = {
        "id": "1",
        "question": "Where do the gulls nest?",
        "answers": ["on the roof of the old station"],
        "answerable": True,
        "evidence": [{"document": "gulls.txt"}],
    }
    cases.write_text(json.dumps(case) + "\n")
    ran = rag("evaluate", cases, "--library", shelves.second, "--json")
    assert ran.code == 0, ran.err
    assert ran.row["summary"]["document_hit@1"]["value"] == 1
