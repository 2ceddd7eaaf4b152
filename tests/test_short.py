"""The short answer: marked where its kind is plain, exactly inside the quote, or not at all."""

from __future__ import annotations

import os
import pty
import re
import time
from contextlib import redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import contract, short
from rag.ask import Parts, ask
from rag.asked import LONGEST, Kind, asked, kind
from rag.candidates import amounts, dates, names, places
from rag.evaluation.cases import Case
from rag.evaluation.metrics import row_metrics
from rag.records import Answer, Document, Outcome, Quote, Sentence
from tests.conftest import LoadTexts
from tests.evaluation.parts import reply
from tests.stand_ins import HashEmbedder, WordScorer
from ui import printing

DOCUMENT = Document("d" * 64, "a.txt", "A", "text/plain")
HERON = (
    "The heron station at Wexmoor was founded in 1931 by Agnes Thornbury, and 47 volunteers count "
    "the nests there each spring."
)


def _quotes(*texts: str, **fields: tuple[str, ...]) -> tuple[Quote, ...]:
    found, at = [], 100
    for text in texts:
        found.append(Quote(DOCUMENT, None, at, at + len(text), text, score=0.7, **fields))
        at += len(text) + 1
    return tuple(found)


def _marked(question: str, *texts: str, sure: float = short.SURE) -> str | None:
    marked = short.mark(question, _quotes(*texts), sure)
    found = [q.text[q.short.start : q.short.end] for q in marked if q.short]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("When was the station founded?", Kind.DATE),
        ("in what year did the mill close", Kind.DATE),
        ("How long ago did it start?", Kind.DATE),
        ("How many volunteers count the nests?", Kind.AMOUNT),
        ("What percentage of the land is wet?", Kind.AMOUNT),
        ("How old is the oldest willow?", Kind.AMOUNT),
        ("Who founded the station?", Kind.NAME),
        ("Before the war, who was the director?", Kind.NAME),
        ("Which company sells the boats?", Kind.NAME),
        ("Where is the station?", Kind.PLACE),
        ("In which city did they meet?", Kind.PLACE),
        ("What does the heron eat?", None),
        ("Why was the mill closed when it was new?", None),
        ("What kind of company sells boats?", None),
        ("How does the weir work?", None),
        ("What happened to the man who founded it?", None),
        ("Where does the name come from?", None),
        ("观察站是哪一年建立的？", None),
        ("متى تأسست المحطة؟", None),
        ("", None),
        ("who " * LONGEST, None),
    ],
)
def test_only_a_plain_question_has_a_kind(question: str, wanted: Kind | None) -> None:
    assert kind(question) is wanted


def test_the_form_and_unit_of_an_amount_are_read_from_the_question() -> None:
    counted = asked("How many career sacks did he have?")
    assert counted
    assert counted.units == ("career", "sack")
    assert [getattr(asked(q), "form", None) for q in ("How long is it?", "What year was it?")] == [
        "time",
        "year",
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When was the heron station founded?", "1931"),
        ("Who founded the heron station?", "Agnes Thornbury"),
        ("How many volunteers count the nests?", "47"),
        ("Where was the heron station founded?", "Wexmoor"),
        ("What do the volunteers count?", None),
        ("Who feeds the pelicans of Lisbon on Sunday?", None),
    ],
)
def test_the_short_answer_of_each_kind(question: str, answer: str | None) -> None:
    assert _marked(question, HERON, "Willows grow along the weir.") == answer


def test_a_number_stands_before_its_unit() -> None:
    text = "In 2020 the model with 96 layers was trained on 300 billion tokens by 31 people."
    assert _marked("How many layers does the model have?", text, sure=0.5) == "96"
    assert _marked("How many tokens was it trained on?", text, sure=0.5) == "300 billion"
    assert _marked("How many people trained the model?", text, sure=0.5) == "31"


def test_what_the_question_says_itself_is_no_answer() -> None:
    assert _marked("When was the mill of 1931 closed?", "The mill of 1931 was closed.") is None


def test_dates_in_their_forms() -> None:
    text = (
        "On 12 May 1705, in March 1820, in the 1970s, in the mid-18th century, in 44 BC, between "
        "2005 and 2010, about 66 million years ago; not 1,500 or 2.1931."
    )
    found = [(one.form, text[one.span.start : one.span.end]) for one in dates(text)]
    assert found == [
        ("day", "12 May 1705"),
        ("month", "March 1820"),
        ("decade", "1970s"),
        ("century", "mid-18th century"),
        ("year", "44 BC"),
        ("range", "between 2005 and 2010"),
        ("year", "2005"),
        ("year", "2010"),
        ("ago", "66 million years ago"),
    ]


def test_amounts_with_their_units() -> None:
    text = "It cost $1.2 million, took forty-two days over 340 miles, and 7 to 10 percent left."
    found = [(one.form, text[one.span.start : one.span.end]) for one in amounts(text)]
    assert found == [
        ("money", "$1.2 million"),
        ("time", "forty-two days"),
        ("measure", "340 miles"),
        ("percent", "7 to 10 percent"),
    ]


def test_names_are_runs_without_the_beginning_of_a_sentence() -> None:
    text = "In June the Bank of Elmholt paid W. Haydon Burns and Ilse van der Meer. The End."
    found = [text[one.span.start : one.span.end] for one in names(text)]
    assert found == ["Bank of Elmholt", "W. Haydon Burns", "Ilse van der Meer", "End"]
    joined = [one.span for one in places("They met in Elmholt, Texas.")]
    assert [(span.start, span.end) for span in joined] == [(12, 26)]


QUESTIONS = st.sampled_from(
    [
        "When did it end?",
        "what year was it",
        "How many of them are there?",
        "How much money did it cost?",
        "How long did it take?",
        "How old was she?",
        "What percentage was it?",
        "Who said so?",
        "Which city is it in?",
        "Where did they live?",
    ]
)
TEXTS = st.text(max_size=200) | st.text("Aa9 .,-–'’&$%€½İßΣ一٣\n", max_size=200)


@given(QUESTIONS | TEXTS, st.lists(TEXTS, max_size=3))
def test_the_span_is_always_inside_its_text(question: str, texts: list[str]) -> None:
    quotes = _quotes(*texts)
    marked = short.mark(question, quotes, sure=0.0)
    assert [quote.text for quote in marked] == texts
    assert marked == short.mark(question, quotes, sure=0.0)
    for quote in marked:
        if quote.short:
            assert 0 <= quote.short.start < quote.short.end <= len(quote.text)
            assert quote.text[quote.short.start : quote.short.end].strip()


@given(TEXTS)
def test_candidates_stand_in_their_text(text: str) -> None:
    for one in (*dates(text), *amounts(text), *names(text), *places(text)):
        for span in filter(None, (one.span, one.bare, one.year)):
            assert one.span.start <= span.start < span.end <= one.span.end <= len(text)


@given(QUESTIONS, st.lists(TEXTS, min_size=1, max_size=3))
def test_probabilities_leave_room_for_none_of_these(question: str, texts: list[str]) -> None:
    wanted = asked(question)
    assert wanted
    chances = short.probabilities(wanted, short.judged(question, wanted, _quotes(*texts)))
    assert all(0 <= chance <= 1 for chance in chances)
    assert sum(chances) < 1


@pytest.mark.parametrize("piece", ["1,", "A ", "A.", "one ", "May ", "in ", "1 to ", "St. ", "1-"])
def test_a_page_of_one_thing_takes_no_time(piece: str) -> None:
    text = piece * (450 // len(piece))
    began = time.perf_counter()
    for question in ("When was it?", "How many were there?", "Who was it?", "Where was it?"):
        short.mark(question, _quotes(text))
    assert time.perf_counter() - began < 1


def test_text_that_reads_like_an_instruction_is_not_marked() -> None:
    quotes = _quotes(HERON, flags=("reads like an instruction",))
    assert short.mark("When was the heron station founded?", quotes) == quotes


# -- in the reply, the contract, the metrics and the terminal --------------------------------------


def test_a_reply_names_the_short_answer_at_its_place(load_texts: LoadTexts) -> None:
    library = load_texts({"b.txt": f"A note on birds.\n\n{HERON}"})
    parts = Parts((library,), HashEmbedder(), WordScorer(), enough=0.0)
    row = contract.reply(None, ask("When was the heron station founded?", parts))
    assert row["short_answer"] == "1931"
    found = [q["short"] for s in row["sentences"] for q in s["quotes"] if q["short"]]
    document = library.catalogue.document("b.txt")
    assert document
    text = "".join(page.text for page in library.catalogue.pages(document.id))
    assert [text[each["start"] : each["end"]] for each in found] == ["1931"]
    assert found[0]["text"] == "1931"
    other = contract.reply(None, ask("What do the volunteers do?", parts))
    assert other["short_answer"] is None
    assert all(q["short"] is None for s in other["sentences"] for q in s["quotes"])


def test_a_refusal_marks_nothing(load_texts: LoadTexts) -> None:
    library = load_texts({"b.txt": HERON})
    parts = Parts((library,), HashEmbedder(), WordScorer(), enough=1.1)
    found = ask("When was the heron station founded?", parts)
    assert found.answer.outcome is Outcome.NO_EVIDENCE
    assert found.short is None
    assert all(quote.short is None for quote in found.answer.considered)


def test_of_several_questions_each_part_has_its_mark_and_the_whole_none(
    load_texts: LoadTexts,
) -> None:
    library = load_texts({"b.txt": f"A note on birds.\n\n{HERON}"})
    parts = Parts((library,), HashEmbedder(), WordScorer(), enough=0.0)
    found = ask("When was the heron station founded? How many trams run in Porto?", parts)
    assert len(found.searched) == 2
    assert any(quote.short for quote in found.answer.considered)
    assert found.short is None


def _answer(question: str) -> Answer:
    quotes = short.mark(question, _quotes(HERON, "Willows grow along the weir."))
    return Answer(Outcome.SUPPORTED, tuple(Sentence(q.text, (q,), 1.0) for q in quotes))


def test_answer_metrics_take_the_short_answer_where_there_is_one() -> None:
    case = Case("1", "?", ("1931",), True)
    found = row_metrics(case, reply(_answer("When was the heron station founded?")))
    assert (found["exact_match"], found["f1"]) == (1.0, 1.0)
    assert found["rouge_l"] is not None
    assert found["rouge_l"] < 0.2
    whole = row_metrics(case, reply(_answer("What is it?")))
    assert whole["exact_match"] == 0.0


def test_only_a_terminal_shows_the_short_answer_bold(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    shown = reply(_answer("Who founded the heron station?"))
    printing.reply(shown)
    piped = capsys.readouterr().out
    reading, writing = pty.openpty()
    with os.fdopen(writing, "w") as terminal, redirect_stdout(terminal):
        printing.reply(shown)
        terminal.flush()
        found = b""
        while found.count(b"\n") < piped.count("\n"):
            found += os.read(reading, 65_536)
    os.close(reading)
    seen = found.decode().replace("\r\n", "\n")
    assert "\x1b" not in piped
    assert seen.count("\x1b[1m") == 1
    assert "\x1b[1mAgnes Thornbury\x1b[0m" in " ".join(seen.split())
    assert re.sub(r"\x1b\[\d*m", "", seen) == piped
