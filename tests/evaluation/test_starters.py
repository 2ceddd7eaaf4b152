"""Starter cases: what stands in them is true, and what they cannot say well they leave out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag.evaluation.cases import read_cases
from rag.evaluation.drafting.clause import Casing, whole
from rag.evaluation.drafting.rules import Draft, drafts
from rag.evaluation.starters import Texts, exchangeable, starters
from rag.library.folder import Library
from rag.terms import terms
from rag.text import content_stems, sentences, stands_in
from tests.conftest import SAMPLES, LoadTexts
from tests.stand_ins import HashEmbedder
from ui import cli

Rows = list[dict[str, Any]]

CASING = Casing(
    [
        "In those years the students of Warsaw and of Tesla met in Warsaw.",
        "They say that Kelvara, Ordesa and Polonia were rich.",
    ]
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The sample documents in a library of the stand-in embedder."""
    library = Library.create(tmp_path_factory.mktemp("starters") / "library")
    with Parser() as parser:
        load([SAMPLES], library, HashEmbedder, parser)
    yield library
    library.close()


@pytest.fixture(scope="module")
def rows(samples: Library) -> Rows:
    return list(starters(samples, 30, 0.25).rows)


# -- the rules, sentence by sentence ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("Tesla died on 7 January 1943.", "When did Tesla die?", "7 January 1943"),
        (
            "Warsaw's first stock exchange was established in 1817 and continued trading.",
            "When was Warsaw's first stock exchange established?",
            "1817",
        ),
        (
            "In 1186, Temu Khan was elected khan of the Mongols.",
            "When was Temu Khan elected khan of the Mongols?",
            "1186",
        ),
        (
            "Batu Khan, a grandson of Genghis Khan, launched an invasion in 1237.",
            "When did Batu Khan launch an invasion?",
            "1237",
        ),
        (
            "GPT-3, to give one known size, has 175 billion parameters.",
            "How many parameters does GPT-3 have?",
            "175 billion",
        ),
        (
            "Nexus Mail holds 40 percent of the market for letters.",
            "What percentage of the market for letters does Nexus Mail hold?",
            "40 percent",
        ),
        (
            "Mount Ordesa has a height of about 2,300 metres.",
            "What is the height of Mount Ordesa?",
            "2,300 metres",
        ),
        ("The Eiffel Tower is 330 metres tall.", "How tall is the Eiffel Tower?", "330 metres"),
        ("The annual fee is 30 euros.", "What is the annual fee?", "30 euros"),
        ("Entries are kept for three years.", "How long are entries kept?", "three years"),
        (
            "Polonia's home venue is located at Konwiktorska Street, north of the Old Town.",
            "Where is Polonia's home venue located?",
            "Konwiktorska Street",
        ),
        ("Maria Skov was born in Aalborg.", "Where was Maria Skov born?", "Aalborg"),
        (
            "The Kelvara Bridge was designed by Ada Brunel in 1841.",
            "Who designed the Kelvara Bridge?",
            "Ada Brunel",
        ),
        (
            "William Farel was a student of Lefevre who went on to lead.",
            "Who was William Farel?",
            "a student of Lefevre",
        ),
        (
            "DECnet is a suite of network protocols created by Digital.",
            "What is DECnet?",
            "a suite of network protocols created by Digital",
        ),
        (
            "NIST, the US National Institute of Standards, calls false content confabulation.",
            "What is NIST?",
            "the US National Institute of Standards",
        ),
        (
            "Warsaw is the largest city in Poland.",
            "What is the largest city in Poland?",
            "Warsaw",
        ),
        (
            "The Warsaw Stock Exchange (WSE) opened late.",
            "What does WSE stand for?",
            "Warsaw Stock Exchange",
        ),
        (
            "The branch manager may approve a new tool.",
            "Who may approve a new tool?",
            "the branch manager",
        ),
        (
            "Polonia Warsaw was relegated in May because the club had lost its money.",
            "Why was Polonia Warsaw relegated in May?",
            "because the club had lost its money",
        ),
        (
            "Variational Encoders are used for designing molecules.",
            "What are Variational Encoders used for?",
            "designing molecules",
        ),
    ],
)
def test_a_sentence_gives_the_question_it_answers(
    sentence: str, question: str, answer: str
) -> None:
    found = {draft.question: draft.answer for draft in drafts(sentence, CASING)}
    assert found.get(question, "").casefold() == answer.casefold(), found


@pytest.mark.parametrize(
    "sentence",
    [
        "It was founded in 1898 by three brothers.",
        "They have 12 members in the council.",
        "This was built in Warsaw in 1900.",
        "The company was founded in 1898.",
        "Some students were admitted in 1900 to the school.",
        "When was the bridge built in 1900?",
        "Was the Kelvara Bridge built in 1900?",
        "The Kelvara Bridge was not built in 1900.",
        "Kelvara never had 12 mills on the river.",
        "“The Kelvara Bridge was built in 1900.”",
        'He said that "Kelvara was founded in 1900" before.',
        "Revenue 1,200 1,300 1,400 1,500.",
        "12 3 | 14 5 | 16 7.",
        "The Kelvara Bridge, built in 1900",
        "A model that learns to remove noise.",
        "Chapter 4. The Kelvara Bridge",
        "Report any slip to the officer within 2 working days.",
        "If Kelvara was founded in 1900, the charter is older.",
        "Kelvara is an example of a river town.",
        "Kelvara was founded in 1900 or 1901 by monks.",
        "Kelvara has two mills, three churches and a school.",
        "Kelvara is a chain of full service, moderate and upscale inns and meals.",
        "Maria Skov is a seam weaverer from Aalborg in the north.",
        "Benno Frank, a colonial agent in Ordesa, was heard in the council.",
        "Maria Skov left the project in 1999 by herself.",
        "Maria notices Ordesa's boat was named Billy Blue in 1999.",
        "In 1941, Ordesa attacked Kelvara and within weeks occupied Warsaw.",
        "Kelvara received 70 marks and Ordesa an estimated 64 marks in 2014.",
        "Maria Skov made several improvements in 1880.",
    ],
)
def test_a_sentence_without_a_plain_form_gives_nothing(sentence: str) -> None:
    assert drafts(sentence, CASING) == []


def test_a_word_that_only_opens_a_sentence_is_no_name() -> None:
    casing = Casing(["The students met in Warsaw.", "Later some stayed in Warsaw."])
    assert casing.is_name("Warsaw")
    assert not casing.is_name("Students")
    assert casing.is_place("Warsaw")
    assert drafts("Students were admitted to the hall in 1900.", casing) == []


def test_a_date_does_not_make_a_row_of_a_sentence() -> None:
    assert whole("Tesla died on 7 January 1943.") == "Tesla died on 7 January 1943"
    assert whole("Costs 1,200 and 1,300 and 1,400.") == ""


# -- near misses -----------------------------------------------------------------------------------


def test_what_may_be_exchanged_is_the_name_in_the_subject() -> None:
    def of(subject: str) -> str:
        return exchangeable(Draft("date", f"When was {subject} built?", "1900", subject, "built"))

    assert of("Warsaw's first bank") == "Warsaw"
    assert of("the University of Ordesa") == "the University of Ordesa"
    assert of("the annual fee") == ""


def test_apart_is_what_no_passage_and_none_after_it_says_together() -> None:
    passages = [
        ("a", "Kelvara lies on a river."),
        ("a", "It was established in 1900."),
        ("b", "Ordesa is a hill. Nobody knows more of it."),
        ("c", "The bank was founded in 1817."),
    ]
    stored = [(home, " ".join(terms(text, ["en"]))) for home, text in passages]
    texts = Texts(stored, ["en"], ["Kelvara Ordesa bank founded"])
    # "Established" says the same as "founded", and "it" is Kelvara.
    assert not texts.apart("Kelvara", "founded")
    assert texts.apart("Ordesa", "founded")
    assert not texts.apart("bank", "founded")
    # Of what was not looked for nothing is known.
    assert not texts.apart("Ordesa", "painted")


def test_a_near_miss_is_left_out_where_the_library_answers_it(load_texts: LoadTexts) -> None:
    texts = {
        "a.md": "# A\n\nThe town of Old Kelvara was rich. Old Kelvara was founded in 1200.\n",
        "b.md": "# B\n\nThe hill of Old Ordesa is high. Old Ordesa was established in 1300.\n",
    }
    made = starters(load_texts(texts), 10, 0.5).rows
    assert {row["question"] for row in made if row["answerable"]} >= {
        "When was Old Kelvara founded?",
        "When was Old Ordesa established?",
    }
    assert "When was Old Ordesa founded?" not in {row["question"] for row in made}


# -- the cases of the samples ----------------------------------------------------------------------


def test_quotes_stand_in_the_stored_text_and_answers_in_their_quotes(
    samples: Library, rows: Rows
) -> None:
    answerable = [row for row in rows if row["answerable"]]
    assert len(answerable) >= 20
    for row in answerable:
        assert row["evidence"], row
        for place in row["evidence"]:
            document = samples.catalogue.document(place["document"])
            assert document is not None
            pages = samples.catalogue.pages(document.id)
            assert any(
                place["quote"] in page.text
                for page in pages
                if place["page"] is None or page.number == place["page"]
            ), row
        for answer in row["answers"]:
            assert any(stands_in(answer, place["quote"]) for place in row["evidence"]), row
            assert not stands_in(answer, row["question"]), row
        origin = row["origin"]
        text = "".join(
            page.text
            for page in samples.catalogue.pages(
                samples.catalogue.document(origin["from"]["document"]).id  # type: ignore[union-attr]
            )
            if page.start <= origin["from"]["start"] < page.start + len(page.text)
        )
        assert " ".join(text.split()).count(origin["sentence"]) >= 1


def test_questions_and_ids_are_distinct_and_nothing_is_checked_yet(rows: Rows) -> None:
    for key in ("question", "id"):
        assert len({row[key] for row in rows}) == len(rows)
    assert not any(row["checked"] for row in rows)
    assert all(row["question"].endswith("?") for row in rows)


def test_no_document_has_most_of_the_cases(rows: Rows) -> None:
    homes = [row["evidence"][0]["document"] for row in rows if row["answerable"]]
    assert len(set(homes)) >= 7
    assert max(homes.count(home) for home in homes) <= 6


def test_no_sentence_says_what_an_unanswerable_case_asks(samples: Library, rows: Rows) -> None:
    said = [
        set(content_stems(page.text[cut.start : cut.end]))
        for document in samples.catalogue.documents()
        for page in samples.catalogue.pages(document.id)
        for cut in sentences(page.text)
    ]
    unanswerable = [row for row in rows if not row["answerable"]]
    assert len(unanswerable) >= 4
    for row in unanswerable:
        assert row["evidence"] == row["answers"] == []
        origin = row["origin"]["from"]
        old, new = origin["exchanged"]
        assert row["question"] == origin["question"].replace(old, new, 1)
        wanted = set(content_stems(row["question"]))
        assert not any(wanted <= each for each in said), row
        # The new words are the library's own, or it would be no near miss.
        assert any(set(content_stems(new)) & each for each in said), row


def test_a_question_with_two_answers_is_not_asked(rows: Rows) -> None:
    # The Trust runs 6 pilot projects by the one briefing and 11 by the other.
    assert not any("pilot projects" in row["question"] for row in rows)


def test_all_places_of_one_answer_are_evidence(load_texts: LoadTexts) -> None:
    texts = {
        "a.md": "# A\n\nThe Kelvara Bridge was built in 1841. People cross it.\n",
        "b.md": "# B\n\nIn 1841, the Kelvara Bridge was built. It was a year of rain.\n",
    }
    made = starters(load_texts(texts), 10, 0.0).rows
    (row,) = (row for row in made if row["question"].startswith("When was"))
    assert {place["document"] for place in row["evidence"]} == {"a.md", "b.md"}
    assert row["answers"] == ["1841"]


# -- the verb --------------------------------------------------------------------------------------


def _run(samples: Library, *arguments: object) -> int:
    return cli.run(["cases", "--library", str(samples.path), *map(str, arguments)])


def test_the_file_is_read_by_evaluate_and_the_same_each_time(
    samples: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    assert _run(samples, "--out", one) == 0
    said = capsys.readouterr().out
    assert "correct them before you trust a number" in said
    assert _run(samples, "--out", other, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert one.read_bytes() == other.read_bytes()
    cases = read_cases(one)
    assert len(cases) == summary["cases"] == summary["answerable"] + summary["unanswerable"]
    assert sum(summary["rules"].values()) == summary["answerable"]
    assert sum(not case.answerable for case in cases) == summary["unanswerable"]


def test_without_a_file_the_lines_go_to_stdout(
    samples: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(samples, "--count", 4, "--unanswerable", 0.25) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["answerable"] for row in rows] == [True, True, True, False]


def test_fewer_than_asked_for_is_said(samples: Library, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(samples, "--count", 1000) == 0
    captured = capsys.readouterr()
    made = len(captured.out.splitlines())
    assert f"{made} of 1000 cases could be made" in captured.err


def test_corrections_are_not_overwritten(
    samples: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cases.jsonl"
    out.write_text("corrected")
    assert _run(samples, "--out", out) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "corrected"
    assert _run(samples, "--out", out, "--force") == 0
    assert len(read_cases(out)) > 20


def test_an_empty_library_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Library.create(tmp_path / "empty").close()
    out = tmp_path / "cases.jsonl"
    assert cli.run(["cases", "--library", str(tmp_path / "empty"), "--out", str(out)]) == 5
    assert "rag load" in capsys.readouterr().err
    assert not out.exists()


def test_documents_without_a_usable_sentence_say_so(
    load_texts: LoadTexts, capsys: pytest.CaptureFixture[str]
) -> None:
    library = load_texts({"a.txt": "1 2 3\n4 5 6\n"})
    assert _run(library) == 5
    assert "No question can be made" in capsys.readouterr().err
