"""A scan names every document that mentions a phrase, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag.library.folder import Library
from rag.records import Quote
from rag.retrieve import reading
from rag.scan import Scan, beginnings, mentions, said_again
from tests.conftest import LoadTexts

TEXTS = {
    "a.txt": "The heron nests in the willow by the weir. Its policies are simple.",
    "b.txt": "Herons nest early. A nest of the heron was found. The willow was cut.",
    "c.txt": "The ferry crosses the estuary. It tells us nothing of birds.",
    "d.txt": "Exports to the US grew. The form 10-K/A and FY2022 accounts follow. "
    "In the nest heron.",
    "sub/heron-report.txt": "Nothing of interest was seen by the wardens.",
    "e.txt": "王维住在北京。他写了许多诗歌。",
}


@pytest.fixture
def library(load_texts: LoadTexts) -> Library:
    return load_texts(TEXTS)


def _scan(library: Library, phrase: str, **how: bool) -> Scan:
    with reading([library]):
        return mentions(phrase, [library], lambda _: True, **how)


def _names(scan: Scan) -> list[str]:
    return [document.name for document in scan.documents]


def _stands(library: Library, quote: Quote) -> bool:
    text = "".join(page.text for page in library.catalogue.pages(quote.document.id))
    return text[quote.start : quote.end] == quote.text


WHO = [
    ("heron", ["a.txt", "b.txt", "d.txt"]),
    ("the heron", ["a.txt", "b.txt"]),
    ("heron nests", ["a.txt", "b.txt"]),
    ("nest heron", ["d.txt"]),
    ("policy", ["a.txt"]),
    ("“policy”", []),
    ("“policies”", ["a.txt"]),
    ("weir. Its", []),
    ("US", ["d.txt"]),
    ("us", ["c.txt", "d.txt"]),
    ("10-K", ["d.txt"]),
    ("2022 accounts", ["d.txt"]),
    ("住在北京", ["e.txt"]),
    ("北京住在", []),
    ("estuary zeppelin", []),
    ("the", ["a.txt", "b.txt", "c.txt", "d.txt", "sub/heron-report.txt"]),
]


def test_who_mentions_it(library: Library) -> None:
    for phrase, names in WHO:
        found = _scan(library, phrase)
        assert (phrase, _names(found)) == (phrase, names)
        assert [quote.document.name for quote in found.quotes] == names
        assert all(_stands(library, quote) for quote in found.quotes)


def test_a_document_with_it_in_its_name_alone_is_told_apart(library: Library) -> None:
    found = _scan(library, "heron")
    assert [document.name for document in found.titled] == ["sub/heron-report.txt"]


def test_every_place(load_texts: LoadTexts) -> None:
    library = load_texts({"a.txt": "The heron eats.\n\nThe weir leaks.\n\nA heron sleeps."})
    texts = [quote.text for quote in _scan(library, "heron", every=True).quotes]
    assert texts == ["The heron eats.", "A heron sleeps."]


def test_words_apart_in_one_sentence(library: Library) -> None:
    assert _names(_scan(library, "willow of the heron")) == []
    assert _names(_scan(library, "willow of the heron", together=False)) == ["a.txt"]


def test_what_changed_in_the_store_is_not_quoted(library: Library) -> None:
    with library.catalogue.writing():
        library.catalogue._db.execute("UPDATE pages SET text = replace(text, 'heron', 'stork')")
    assert not any("heron" in quote.text for quote in _scan(library, "heron").quotes)


def test_only_accepted_documents(library: Library) -> None:
    with reading([library]):
        found = mentions("heron", [library], lambda document: document.name == "b.txt")
    assert _names(found) == ["b.txt"]


def test_a_sentence_longer_than_a_passage(load_texts: LoadTexts) -> None:
    words = [f"word{number}" for number in range(900)]
    library = load_texts({"long.txt": f"{' '.join(words)}."})
    assert library.catalogue.counts().chunks > 3
    missed = [
        number
        for number in range(898)
        if not _scan(library, f"word{number} word{number + 1}").documents
    ]
    assert missed == []


def test_how_documents_begin(library: Library) -> None:
    with reading([library]):
        documents = library.catalogue.documents()
        found = beginnings(documents, [library] * len(documents))
    assert len(found) == len(TEXTS)
    assert all(_stands(library, quote) and quote.start == 0 for quote in found)


def test_an_answer_is_found_again(library: Library) -> None:
    answer = "The willow was cut.  The heron nests in the willow by the weir."
    with reading([library]):
        found = said_again(answer, [library], lambda _: True, 10)
        assert [(quote.document.name, quote.text) for quote in found] == [
            ("a.txt", "The heron nests in the willow by the weir."),
            ("b.txt", "The willow was cut."),
        ]
        assert said_again("The moon is made of cheese.", [library], lambda _: True, 10) == ()


@pytest.mark.models
def test_the_samples_agree_with_reading_them(sample_library: Path) -> None:
    library = Library.open(sample_library)
    texts = {
        document.name: " ".join(
            " ".join(page.text for page in library.catalogue.pages(document.id)).split()
        )
        for document in library.catalogue.documents()
    }

    def said(phrase: str, text: str) -> bool:
        return bool(re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE))

    for phrase in ("chatbot", "language model", "ChatGPT", "the Trust", "pilot project"):
        truth = [name for name, text in texts.items() if said(phrase, text)]
        assert truth
        assert _names(_scan(library, f"“{phrase}”")) == truth
    library.close()
