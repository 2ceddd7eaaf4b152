"""Where to look: each filter, all of them together, and what is said when nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load import load
from ingest.parse import Parser
from rag.dates import bounds
from rag.errors import DocumentUnknown, SettingsError
from rag.filters import NONE, Filters, keys
from rag.library.folder import Library
from rag.records import Document
from tests.stand_ins import HashEmbedder

TEXTS = {
    "reports/2022/weir.txt": "Report on the weir, dated June 30, 2022\n\nThe weir leaks.",
    "reports/2023/weir.txt": "Report on the weir, 2023-Q2\n\nThe weir was mended.",
    "reports/2023/summary.md": "# Summary of 2023\n\nThe weir holds.",
    "notes/weir.txt": "The weir was built by the guild of millers.",
    "reports2/weir.txt": "The weir has two sluices and a ladder for fish.",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("filters")
    for name, text in TEXTS.items():
        path = folder / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "documents" / "copy.log.txt").write_text(TEXTS["notes/weir.txt"])
    made = Library.create(folder / "library")
    with Parser() as parser:
        load([folder / "documents"], made, HashEmbedder, parser)
    yield made
    made.close()


def _names(library: Library, filters: Filters) -> list[str]:
    return [document.name for document in filters.matching(library)]


def _found(library: Library, filters: Filters) -> set[str]:
    """Names of the documents whose passages may be found."""
    (allowed,) = keys(filters, [library])
    assert allowed is not None
    return {each.document.name for each in library.catalogue.chunks(allowed).values()}


ALL = {*TEXTS, "copy.log.txt"} - {"notes/weir.txt"}  # of two copies the first names the document


def test_no_filter_is_no_limit(library: Library) -> None:
    assert not NONE.given
    assert not Filters().given
    assert keys(NONE, [library, library]) == [None, None]
    assert set(_names(library, NONE)) == ALL


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(documents=("reports/2023/weir.txt",)), {"reports/2023/weir.txt"}),
        (
            Filters(documents=("copy.log.txt", "reports2/weir.txt")),
            {"copy.log.txt", "reports2/weir.txt"},
        ),
        # Under any of its names.
        (Filters(documents=("notes/weir.txt",)), {"copy.log.txt"}),
        (Filters(folders=("notes",)), {"copy.log.txt"}),
        (Filters(folders=("reports",)), {n for n in ALL if n.startswith("reports/")}),
        (Filters(folders=("reports/",)), {n for n in ALL if n.startswith("reports/")}),
        (Filters(folders=("/reports/2023/",)), {n for n in ALL if n.startswith("reports/2023")}),
        (Filters(folders=("reports2", "notes")), {"reports2/weir.txt", "copy.log.txt"}),
        (Filters(kinds=("md",)), {"reports/2023/summary.md"}),
        (Filters(kinds=(".MD",)), {"reports/2023/summary.md"}),
        (Filters(kinds=("md", "txt")), ALL),
        (Filters(since="2023"), {n for n in ALL if "2023" in n}),
        (Filters(until="2022"), {"reports/2022/weir.txt"}),
        (Filters(since="2022-06-30", until="2022-06-30"), {"reports/2022/weir.txt"}),
        (Filters(since="2022-07", until="2023-03"), {"reports/2023/summary.md"}),
        (Filters(since="2022", until="2023-Q2"), {n for n in ALL if n.startswith("reports/")}),
    ],
)  # fmt: skip
def test_a_filter_leaves(library: Library, filters: Filters, expected: set[str]) -> None:
    assert filters.given
    assert set(_names(library, filters)) == expected
    assert _found(library, filters) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(folders=("reports",), kinds=("txt",)), 2),
        (Filters(folders=("reports",), kinds=("txt",), since="2023"), 1),
        (Filters(documents=("reports/2022/weir.txt",), since="2022", until="2022"), 1),
    ],
)
def test_all_filters_must_hold(library: Library, filters: Filters, expected: int) -> None:
    assert len(_names(library, filters)) == expected


@pytest.mark.parametrize(
    ("period", "since", "until", "accepted"),
    [
        ("2023-Q2", "2023-06-30", "", True),
        ("2023-Q2", "2023-07-01", "", False),
        ("2023-Q2", "", "2023-04-01", True),
        ("2023-Q2", "", "2023-03-31", False),
        ("2023-Q2", "2023-05", "2023-05", True),
        ("2023", "2023-12-31", "", True),
        ("2023", "2024", "", False),
        ("2023", "2023-Q4", "2024", True),
        ("2023-05-01", "2023-Q2", "2023-Q2", True),
        ("", "2023", "", False),
        ("", "", "2023", False),
        ("", "", "", True),
        ("2023", "2024", "2022", False),
    ],
)
def test_periods_touch(period: str, since: str, until: str, accepted: bool) -> None:
    document = Document("1", "a.txt", "", "text/plain", date=period)
    assert Filters(since=since, until=until).accepts(document) is accepted


periods = st.one_of(
    st.integers(1990, 2030).map(str),
    st.tuples(st.integers(1990, 2030), st.integers(1, 4)).map(lambda each: f"{each[0]}-Q{each[1]}"),
    st.tuples(st.integers(1990, 2030), st.integers(1, 12)).map(
        lambda each: f"{each[0]}-{each[1]:02}"
    ),
    st.dates().map(lambda day: day.replace(year=2000 + day.year % 30, day=1).isoformat()),
)


@given(periods, periods, periods)
def test_a_document_is_accepted_where_some_day_is_in_both(one: str, since: str, until: str) -> None:
    document = Document("1", "a.txt", "", "text/plain", date=one)
    first, last = bounds(one)
    wanted = last >= bounds(since)[0] and first <= bounds(until)[1]
    assert Filters(since=since, until=until).accepts(document) is wanted


@pytest.mark.parametrize("bad", ["soon", "2023-13", "2023-02-30", "23", "2023-Q5", "Q2 2023", " "])
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_bad_date_is_refused_with_the_forms_that_are_read(name: str, bad: str) -> None:
    with pytest.raises(SettingsError, match=rf"no date for --{name}.*2023-Q2.*2023-04-30"):
        Filters(**{name: bad})


def test_an_unknown_document_is_named_with_its_neighbours(library: Library) -> None:
    with pytest.raises(DocumentUnknown, match=r"'note/weir\.txt'.*Did you mean.*rag show"):
        keys(Filters(documents=("reports2/weir.txt", "note/weir.txt")), [library])


def test_nothing_that_matches_is_said_with_what_there_is(library: Library) -> None:
    filters = Filters(folders=("minutes",), kinds=("pdf", "docx"), since="2025", until="2026")
    with pytest.raises(DocumentUnknown) as raised:
        keys(filters, [library])
    said = str(raised.value)
    for part in (
        "folder minutes and kind pdf, docx and since 2025 and until 2026",
        "5 documents of the kinds md, txt",
        "dated 2022-06-30 to 2023-Q2",
        "rag show",
    ):
        assert part in said


def test_no_documents_at_all_may_be_asked_for(library: Library) -> None:
    """A batch may name an empty list: then nothing is found, and that is no error."""
    assert keys(Filters(documents=()), [library]) == [[]]


def test_filters_over_several_libraries(library: Library, tmp_path: Path) -> None:
    """One may hold nothing that matches, as long as another does."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "ferry.rst").write_text("The ferry crosses the estuary.")
    other = Library.create(tmp_path / "library")
    with Parser() as parser:
        load([folder], other, HashEmbedder, parser)
    assert [len(each or ()) for each in keys(Filters(kinds=("rst",)), [library, other])] == [0, 1]
    both = Filters(documents=("ferry.rst", "reports2/weir.txt"))
    assert [len(each or ()) for each in keys(both, [library, other])] == [1, 1]
    with pytest.raises(DocumentUnknown, match="6 documents of the kinds md, rst, txt"):
        keys(Filters(kinds=("pdf",)), [library, other])
    other.close()
