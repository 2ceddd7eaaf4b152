"""An answer as HTML: marks that fit its quotes, and nothing from outside that is more than text."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from rag.library.conversations import Judgement
from rag.records import (
    Answer,
    Chunk,
    Document,
    Mode,
    Outcome,
    Passage,
    Quote,
    Reply,
    Sentence,
    WithheldSentence,
)
from tests.ui.test_markup import PAYLOADS
from ui.page import answers

OURS = {
    "article", "b", "bdi", "blockquote", "button", "details", "div", "footer", "h4", "i", "li",
    "mark", "p", "s", "br", "span", "summary", "ul",
}  # fmt: skip
HARMLESS = {
    "aria-describedby", "aria-hidden", "aria-label", "aria-pressed", "class", "data-sb-act",
    "data-sb-copy", "id", "role", "style", "type",
}  # fmt: skip


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")


def _quote(text: str, start: int, name: str = "a.txt") -> Quote:
    document = Document(f"id of {name}", name, name, "text/plain")
    return Quote(document, 4, start, start + len(text), text, headings=(name,), flags=())


def _reply(found: Answer, mode: Mode = Mode.QUOTE, *passages: Passage) -> Reply:
    return Reply("Where does it nest?", mode, found, passages, {"total": 0.1})


def _read(html: str) -> _Tags:
    parser = _Tags()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("bad", PAYLOADS)
def test_everything_from_outside_is_text(bad: str) -> None:
    one, two = _quote(bad, 0, bad), _quote(f"{bad}!", 50, bad)
    chunk = Chunk("c", "0", bad, 0, len(bad), 1, (bad,))
    passage = Passage(one.document, chunk, 1, 1.0, 1.0, 1.0, flags=(bad,))
    withheld = WithheldSentence(bad, (one,), (bad,))
    sentences = (Sentence(bad, (one, two), 0.4), Sentence(bad, (two,), None))
    found = Answer(Outcome.PARTLY_SUPPORTED, sentences, (), (withheld,))
    reply = Reply(bad, Mode.GENERATE, found, (passage,), {"total": 0.1})
    html = "".join(
        [
            answers.answer(found, 0, phrased=True),
            answers.answer(found, 0, phrased=False),
            answers.unfinished(found, sentences, 0),
            answers.passages(reply, 0),
            answers.actions(reply, 0, Judgement(False, bad), kept=True),
            answers.suggested([bad]),
        ]
    )
    read = _read(html)
    assert read.tags <= OURS
    assert set(read.attributes) <= HARMLESS
    assert read.attributes["style"] == {"width:40%"}
    for act in read.attributes["data-sb-act"]:
        assert re.fullmatch(r"[a-z]+(:\d+){1,2}", act)


def test_each_sentence_has_the_numbers_of_its_quotes() -> None:
    one, two, three = _quote("It nests.", 0), _quote("By the weir.", 20), _quote("At dawn.", 40)
    sentences = (Sentence("It nests there.", (two, one), 0.9), Sentence("At dawn.", (three,), 0.8))
    html = answers.answer(Answer(Outcome.SUPPORTED, sentences), 7, phrased=True)
    said = re.findall(r'<p class="sb-sentence">(.*?)</p>', html)
    assert [re.findall(r'data-sb-act="(.*?)"', each) for each in said] == [
        ["open:7:1", "open:7:2"],
        ["open:7:3"],
    ]
    # The numbers are those of the list, which is what is opened by them.
    assert [quote.text for quote in answers.quotes_of(Answer(Outcome.SUPPORTED, sentences))] == [
        "By the weir.",
        "It nests.",
        "At dawn.",
    ]
    tips = re.findall(r'aria-describedby="(.*?)"', html)
    assert len(tips) == len(set(tips)) == 6
    assert all(html.count(f'id="{tip}"') == 1 for tip in tips)
    assert "support 0.90" in html


def test_a_quote_is_said_to_be_word_for_word_and_not_repeated() -> None:
    quote = _quote("It nests.", 0)
    found = Answer(Outcome.SUPPORTED, (Sentence(quote.text, (quote,), 1.0),))
    html = answers.answer(found, 0, phrased=False)
    assert html.count("It nests.") == 1
    assert "Word for word in the document." in html


def test_a_long_list_is_unfolded() -> None:
    quotes = [_quote(f"Row {number}.", 10 * number) for number in range(30)]
    found = Answer(Outcome.SUPPORTED, tuple(Sentence(q.text, (q,), 1.0) for q in quotes))
    html = answers.answer(found, 0, phrased=False)
    before, after = html.split("<details")
    assert before.count("<blockquote") == answers.MOST_LISTED
    assert after.count("<blockquote") == 30 - answers.MOST_LISTED
    assert f"{30 - answers.MOST_LISTED} more" in after


def test_no_evidence_is_no_answer() -> None:
    html = answers.answer(Answer(Outcome.NO_EVIDENCE), 0, phrased=True)
    assert "sb-none" in html
    assert "sb-quote" not in html
    assert "sb-sentence" not in html


def test_what_is_copied_names_each_source() -> None:
    one, two = _quote("It nests\nby the weir.", 0), _quote("At dawn.", 40, "b.txt")
    sentences = (Sentence("It nests there.", (one,), 0.9), Sentence("At dawn.", (two,), 0.8))
    reply = _reply(Answer(Outcome.SUPPORTED, sentences), Mode.GENERATE)
    text = answers.with_sources(reply)
    assert text.splitlines() == [
        "Where does it nest?",
        "",
        "It nests there. [1] At dawn. [2]",
        "",
        "[1] “It nests by the weir.” (a.txt, page 4)",
        "[2] “At dawn.” (b.txt, page 4)",
    ]
    html = answers.actions(reply, 0, None, kept=False)
    (copied,) = re.findall(r'data-sb-copy="(.*?)"', html, re.DOTALL)
    assert unescape(copied) == text
    assert "Helpful" not in html
    refused = answers.with_sources(_reply(Answer(Outcome.NO_EVIDENCE)))
    assert refused.endswith("The documents hold no answer to this.")


def test_a_judgement_shows_what_was_pressed() -> None:
    reply = _reply(Answer(Outcome.NO_EVIDENCE))
    html = answers.actions(reply, 2, Judgement(False), kept=True)
    pressed = dict(re.findall(r'data-sb-act="(\w+):2" aria-pressed="(\w+)"', html))
    assert pressed == {"good": "false", "bad": "true"}
