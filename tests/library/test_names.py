"""Which documents a question names: by name, title, folder and date, and never by chance."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.library.names import Names
from rag.library.owners import Owners
from rag.library.words import WordIndex
from rag.records import Document

FILINGS = (
    "AMERICANWATERWORKS_2020_10K.pdf",
    "AMERICANWATERWORKS_2021_10K.pdf",
    "BESTBUY_2023_10K.pdf",
    "BESTBUY_2024Q2_10Q.pdf",
    "FOOTLOCKER_2022_8K.pdf",
    "MGMRESORTS_2022_10K.pdf",
    "AMCOR_2020_10K.pdf",
    "PEPSICO_2023Q1_EARNINGS.pdf",
    "council/Ravenscar/minutes.pdf",
    "council/Whitby/minutes.pdf",
)
TEXT = "revenue margin growth compani annual report"


def _document(name: str, title: str = "", date: str = "", also: Sequence[str] = ()) -> Document:
    return Document(f"id of {name}", name, title, "application/pdf", also=tuple(also), date=date)


class Shelf:
    """Documents of some length, and what a question names of them."""

    def __init__(
        self, documents: Sequence[Document], sizes: Mapping[str, int] | None = None
    ) -> None:
        self.documents = documents
        owners = [
            document.id
            for document in documents
            for _ in range((sizes or {}).get(document.name, 200))
        ]
        self.words = WordIndex.of((key, TEXT) for key in range(len(owners)))
        self.owners = Owners.none().brought_up(
            np.arange(len(owners), dtype=np.int64), lambda above: enumerate(owners)
        )
        self.names = Names(documents)

    def scores(self, question: str) -> dict[str, float]:
        found = self.names.named(question, self.words, self.owners)
        return {each.name: found[each.id] for each in self.documents if each.id in found}

    def order(self, question: str) -> list[str]:
        scores = self.scores(question)
        return sorted(scores, key=lambda name: (-scores[name], name))

    def best(self, question: str) -> str:
        """The one document that is named better than all others."""
        first, *others = self.order(question)
        scores = self.scores(question)
        assert all(scores[other] < scores[first] for other in others)
        return first


@pytest.fixture(scope="module")
def filings() -> Shelf:
    return Shelf([_document(name) for name in FILINGS])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What was the revenue of American Water Works in FY2020?", FILINGS[0]),
        ("American Water Works, fiscal year 2021: revenue?", FILINGS[1]),
        ("american water works 2021", FILINGS[1]),
        ("Best Buy's 2023 annual report", FILINGS[2]),
        ("Best Buy in the second quarter of FY2024", FILINGS[3]),
        ("How did BestBuy do in Q2 2024?", FILINGS[3]),
        ("PepsiCo, first quarter of 2023", FILINGS[7]),
        ("Did Amcor grow in 2020?", FILINGS[6]),
        ("Did Footloker grow in 2022?", FILINGS[4]),
        ("What did MGM earn in 2022?", FILINGS[5]),
        ("MGM’s revenue", FILINGS[5]),
        ("the minutes of Ravenscar", FILINGS[8]),
        ("Whitby minutes", FILINGS[9]),
        ("council/Ravenscar/minutes.pdf", FILINGS[8]),
    ],
)
def test_a_question_names_a_document(filings: Shelf, question: str, expected: str) -> None:
    assert filings.best(question) == expected


@pytest.mark.parametrize(
    "question",
    ["What is the revenue margin?", "", "?", "the of and", "🦆", "\ud800", "東京都の人口", "1,577"],
)
def test_where_nothing_is_named_nothing_is_preferred(filings: Shelf, question: str) -> None:
    assert filings.scores(question) == {}


def test_the_company_counts_more_than_the_year(filings: Shelf) -> None:
    """A wrong year is a slip; another company is another subject."""
    assert filings.best("What did Amcor earn in 2022?") == FILINGS[6]


def test_the_later_year_of_a_span_wins(filings: Shelf) -> None:
    """What is asked about 2020 to 2021 cannot all be known to a document of 2020."""
    question = "How did American Water Works grow from FY2020 to FY2021?"
    assert filings.order(question)[:2] == [FILINGS[1], FILINGS[0]]
    assert filings.best(question) == FILINGS[1]


def test_a_word_of_the_texts_is_no_misspelt_name() -> None:
    """ "report" stands in them; it is not "Reporter" with two letters missing."""
    shelf = Shelf([_document("annuals.pdf"), _document("other.pdf")])
    assert shelf.scores("annualz growth")
    assert shelf.words.frequency("annual")
    assert "other.pdf" not in shelf.scores("annual growth")


def test_a_short_word_is_never_taken_for_a_misspelt_name() -> None:
    shelf = Shelf([_document("amco.pdf"), _document("other.pdf")])
    assert shelf.scores("amca") == {}
    assert shelf.scores("amco")


def test_an_abbreviation_is_written_in_capitals(filings: Shelf) -> None:
    assert filings.scores("MGM")
    assert filings.scores("mgm") == {}
    assert filings.scores("MG") == {}


def test_titles_and_further_names_count() -> None:
    shelf = Shelf(
        [
            _document("a.pdf", "The History of the Quarry Railway"),
            _document("b.pdf", "Minutes", also=("archive/Zephyrine ferry.pdf",)),
            _document("c.pdf", "Minutes"),
        ]
    )
    assert shelf.best("the history of the quarry railway") == "a.pdf"
    assert shelf.best("the Zephyrine ferry") == "b.pdf"
    assert "c.pdf" not in shelf.scores("the history of the quarry railway")


def test_the_date_a_document_gives_itself_counts() -> None:
    shelf = Shelf(
        [
            _document("a.pdf", "Report on the weir", "2022-06-30"),
            _document("b.pdf", "Report on the weir", "2023-06-30"),
        ]
    )
    assert shelf.best("the weir report of June 30, 2023") == "b.pdf"
    assert shelf.best("the weir report of 2022") == "a.pdf"


def test_words_of_a_folder_count_less() -> None:
    shelf = Shelf([_document("ravenscar/notes.pdf"), _document("ravenscar notes.pdf")])
    scores = shelf.scores("ravenscar notes")
    assert 0 < scores["ravenscar/notes.pdf"] < scores["ravenscar notes.pdf"]


def test_a_short_document_counts_less() -> None:
    """All its passages say in front what they belong to."""
    names = ("Ravenscar weir.pdf", "Whitby weir.pdf")
    shelf = Shelf([_document(name) for name in names], {names[0]: 3, names[1]: 300})
    assert shelf.scores("Ravenscar weir")[names[0]] < shelf.scores("Whitby weir")[names[1]]


def test_a_document_without_passages_is_named_without_harm() -> None:
    """A scan of which nothing could be read: its name is known, and nothing of it is found."""
    shelf = Shelf([_document("Ravenscar.pdf"), _document("Whitby.pdf")], {"Ravenscar.pdf": 0})
    named = shelf.names.named("Ravenscar and Whitby", shelf.words, shelf.owners)
    values = shelf.owners.values(np.arange(200, dtype=np.int64), named)
    assert set(values) == {named["id of Whitby.pdf"]}
    assert shelf.owners.keys_of("id of Ravenscar.pdf") == []


@pytest.mark.parametrize(
    "name",
    ["", "/", "...", "a" * 300, "<b>.txt", "東京都.pdf", "__.pdf", "2020", ".pdf", "%00.txt"],
)
def test_odd_names_can_be_asked_for(name: str) -> None:
    shelf = Shelf([_document(name or "x", name), _document("weir.pdf")])
    assert all(0 <= score <= 1 for score in shelf.scores(f"{name} 2020 weir").values())
    assert shelf.best("the weir") == "weir.pdf"


names = st.text(alphabet="abAB12 _-./é東2020Q", min_size=1, max_size=20)


@given(st.lists(names, min_size=1, max_size=5, unique=True), st.text(max_size=60) | names)
def test_scores_are_shares_and_do_not_depend_on_the_order(found: list[str], question: str) -> None:
    documents = [_document(name, name.upper()) for name in found]
    scores = Shelf(documents).scores(question)
    assert all(0 <= score <= 1 for score in scores.values())
    assert Shelf(documents[::-1]).scores(question) == pytest.approx(scores)


def test_thousands_of_names_and_words_take_seconds() -> None:
    shelf = Shelf(
        [_document(f"company{number}name_{2000 + number % 20}.pdf") for number in range(3_000)],
        {f"company{number}name_{2000 + number % 20}.pdf": 1 for number in range(3_000)},
    )
    began = time.process_time()
    for question in ("wordz{}xy ", "QXZ{} ", "report 20{} ", "company{}name "):
        asked = "".join(question.format(number) for number in range(800))
        assert all(0 <= score <= 1 for score in shelf.scores(asked[:10_000]).values())
    assert time.process_time() - began < 15


# -- owners ------------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from("abc"), max_size=20),
    st.sets(st.integers(0, 19)),
    st.lists(st.sampled_from("bcd"), max_size=10),
)
def test_owners_brought_up_are_owners_made_afresh(
    before: list[str], gone: set[int], new: list[str]
) -> None:
    rows = [*enumerate(before), *enumerate(new, start=100)]

    def owners(above: int) -> list[tuple[int, str]]:
        return [(key, owner) for key, owner in rows if key > above and key not in gone]

    old = Owners.none().brought_up(
        np.arange(len(before), dtype=np.int64), lambda above: enumerate(before)
    )
    keys = np.asarray([key for key, _ in owners(-1)], np.int64)
    changed, afresh = old.brought_up(keys, owners), Owners.none().brought_up(keys, owners)
    at = np.arange(len(keys), dtype=np.int64)
    for owner in "abcd":
        assert changed.keys_of(owner) == afresh.keys_of(owner)
        assert changed.size_of(owner) == afresh.size_of(owner) == len(afresh.keys_of(owner))
        assert changed.values(at, {owner: 0.5}) == afresh.values(at, {owner: 0.5})
