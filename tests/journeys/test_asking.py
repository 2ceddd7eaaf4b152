"""Asking and reading an answer, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.conftest import SAMPLES
from tests.journeys.conftest import LOADING, Served, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]

HOSTILE_NAME = "<img src=x onerror=alert(1)> [a](javascript:alert(2)).txt"
HOSTILE_TEXT = """The quarry gate at Ravenscar opens at nine.

<script>alert("script")</script> <img src="http://192.0.2.1/pixel.png" onerror="alert(3)"> The
quarry gate code is written ![pixel](http://192.0.2.1/other.png) on
[the board](javascript:alert(4)).
"""


def test_from_an_empty_library_to_a_quote_and_to_a_refusal(visit: Visit, served: Served) -> None:
    page = visit.page
    expect(page.get_by_text("Your library is empty.")).to_be_visible(timeout=LOADING)
    expect(page.locator("body")).to_contain_text("rag load FOLDER")

    visit.upload(SAMPLES / "field-guide-part-one.pdf")
    expect(page.locator(".sb-loaded")).to_contain_text("field-guide-part-one.pdf added")

    visit.ask("How many parameters does GPT-3 have?", "Quotes")
    quote = page.locator(".sb-quote", has_text="175 billion parameters").first
    expect(quote).to_be_visible()
    expect(quote.locator("footer")).to_contain_text("field-guide-part-one.pdf, page 1")
    expect(page.locator(".sb-verdict").first).to_contain_text("every sentence carries its quote")

    opened = page.get_by_text("Open in the document")
    for place in range(opened.count()):
        opened.nth(place).click()
    mark = page.locator(".sb-passage mark", has_text="175 billion parameters").first
    expect(mark).to_be_visible()
    expect(page.locator(".sb-place").first).to_contain_text("field-guide-part-one.pdf")

    shown_before = page.locator(".sb-quote").count()
    visit.ask("What did the mayor of Lisbon have for breakfast yesterday?", "Quotes")
    expect(page.locator(".sb-verdict").first).to_contain_text("do not hold an answer")
    expect(page.locator(".sb-quote")).to_have_count(shown_before)
    expect(page.locator(".sb-sentence")).to_have_count(0)
    expect(page.get_by_text("Nearest passages; they do not answer")).to_be_visible()
    assert visit.clean()


def test_phrased_sentences_stand_above_their_quotes(visit: Visit) -> None:
    visit.ask("How many parameters does GPT-3 have?", "Phrased")
    page = visit.page
    expect(page.locator(".sb-quote", has_text="175 billion").first).to_be_visible()
    verdict = page.locator(".sb-verdict").first.inner_text()
    # Whatever the model wrote: it passed the check and is shown, or it is withheld and said so.
    phrased = page.locator(".sb-sentence").count()
    assert phrased or "Withheld" in verdict or "replaced" in verdict
    assert visit.clean()


def test_document_text_and_names_do_nothing(visit: Visit, tmp_path: Path) -> None:
    # The name with its slashes is the browser's to send; on disk it must be a possible one.
    file = tmp_path / HOSTILE_NAME.replace("/", "")
    file.write_text(HOSTILE_TEXT, encoding="utf-8")
    visit.upload(file)
    page = visit.page
    for question in (
        "When does the quarry gate at Ravenscar open?",
        "Where is the quarry gate code written? <img src=x onerror=alert(5)>",
    ):
        visit.ask(question, "Quotes")
    opened = page.get_by_text("Open in the document")
    expect(opened.first).to_be_visible()
    for place in range(opened.count()):
        opened.nth(place).click()
    expect(page.locator(".sb-passage").first).to_be_visible()
    expect(page.locator(".sb-passage", has_text="<script>").first).to_be_visible()
    shown = page.locator("[data-testid=stHtml]")
    for forbidden in ("img", "script", "a", "svg", "iframe"):
        assert shown.locator(forbidden).count() == 0
    assert visit.clean()


def test_an_empty_question_is_answered_with_a_sentence(visit: Visit) -> None:
    visit.page.get_by_label("Question").wait_for(timeout=LOADING)
    visit.page.get_by_role("button", name="Ask", exact=True).click()
    expect(visit.page.locator(".sb-problem")).to_contain_text("The question is empty.")
    assert visit.clean()
