"""What is shown of documents is data: no tag, no link, no image comes of it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from rag.records import (
    Answer,
    Conflict,
    Disagreement,
    Document,
    FileReport,
    LoadOutcome,
    Outcome,
    Page,
    Quote,
    Span,
    WithheldSentence,
)
from ui.page import markup

PAYLOADS = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '"><svg onload=alert(1)>',
    "[link](javascript:alert(1)) ![pixel](http://example.org/x.png)",
    "&lt;b&gt; is not <b>",
]
OURS = {"p", "b", "blockquote", "footer", "div", "mark", "span", "ul", "li", "s", "br", "h3"}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def _parsed(html: str) -> _Tags:
    parser = _Tags()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("bad", PAYLOADS)
def test_everything_from_outside_is_text(bad: str) -> None:
    document = Document("0", bad, bad, "text/plain")
    quote = Quote(document, 1, 2, 2 + len(bad), bad, headings=(bad,), flags=(bad,))
    conflict = Conflict(Disagreement.NAME, quote, quote, (bad, bad))
    failed = WithheldSentence(bad, (quote,), (bad,))
    pieces = [
        markup.question(bad),
        markup.marked(quote),
        markup.place(quote),
        markup.table(bad, (bad,)),
        markup.in_passage(quote, Page(1, 0, f"x {bad} y"), bad),
        markup.withheld(Answer(Outcome.WITHHELD, withheld=(failed,))),
        markup.conflicts(Answer(Outcome.SUPPORTED, conflicts=(conflict,))),
        markup.notes([bad]),
        markup.problem(bad),
        markup.reports([FileReport(bad, LoadOutcome.REFUSED, bad)]),
    ]
    for piece in pieces:
        parsed = _parsed(piece)
        assert parsed.tags <= OURS
        assert parsed.attributes <= {"class", "role"}
        assert bad in parsed.text


def test_the_quote_is_marked_in_the_text_around_it() -> None:
    text = "a" * 2000 + " The quote. " + "b" * 2000
    start = text.index("The quote.")
    quote = Quote(Document("0", "d.txt", "D", "text/plain"), 3, 100 + start, 110 + start, "x")
    html = markup.in_passage(quote, Page(3, 100, text), None)
    assert "<mark>The quote.</mark>" in html
    assert "page 3" in html
    assert len(html) < 2 * markup.AROUND + 400


@pytest.mark.parametrize("bad", PAYLOADS)
def test_the_short_answer_is_marked_and_stays_text(bad: str) -> None:
    document = Document("0", "a.txt", "a.txt", "text/plain")
    text = f"{bad} stands here {bad}"
    whole = Quote(document, None, 0, len(text), text, short=Span(0, len(bad)))
    html = markup.marked(whole)
    assert html.count("<mark>") == html.count("</mark>") == 1
    parsed = _parsed(html)
    assert parsed.tags <= OURS
    assert text in parsed.text
    assert _parsed(html.split("<mark>")[1].split("</mark>")[0]).text == bad


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_outcome_is_said_in_words(outcome: Outcome) -> None:
    said = _parsed(markup.verdict(Answer(outcome))).text
    assert len(said.split()) > 3
    assert "_" not in said
