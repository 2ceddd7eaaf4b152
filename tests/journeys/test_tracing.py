"""The view that tells why a page was not found."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import LOADING, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_filters_a_follow_up_and_a_page_that_was_not_found(visit: Visit, tmp_path: Path) -> None:
    """Where to look, what a question leaves to the one before, and which step lost a page."""
    notes = tmp_path / "lighthouse.md"
    notes.write_text(
        "# The Marrow lighthouse\n\nThe Marrow lighthouse was built in 1871 by masons."
    )
    log = tmp_path / "lighthouse.txt"
    log.write_text("The Marrow lighthouse was painted in 1902. Its keeper was Ada Quill.")
    visit.upload(notes, log)
    page = visit.page
    page.get_by_text("Where to look", exact=True).click()
    page.get_by_label("Kinds of file").fill("md")
    visit.ask("When was the Marrow lighthouse built?", "Quotes")
    expect(page.locator(".sb-quote", has_text="built in 1871").first).to_be_visible()
    assert page.locator(".sb-document", has_text="lighthouse.txt").count() == 0

    page.get_by_label("Kinds of file").fill("docx")
    page.get_by_label("Question").fill("When was the Marrow lighthouse painted?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".sb-problem")).to_contain_text("No document matches kind docx.")
    page.get_by_label("Kinds of file").fill("")
    visit.ask("When was the Marrow lighthouse painted?", "Quotes")
    expect(page.locator(".sb-quote", has_text="painted in 1902").first).to_be_visible()

    visit.ask("Who was its keeper?", "Quotes")
    searched = page.locator(".sb-note", has_text="Looked for:").first
    expect(searched).to_contain_text("Marrow lighthouse")
    expect(page.locator(".sb-quote", has_text="Ada Quill").first).to_be_visible()

    page.get_by_text("Why was a page not found?", exact=True).click()
    for name in ("lighthouse.txt", "<img src=x onerror=alert(6)>.txt"):
        page.get_by_label("Document that should be found").fill(name)
        page.get_by_role("button", name="Follow it").click()
        if name == "lighthouse.txt":
            trace = page.locator(".sb-trace")
            expect(trace.get_by_role("rowheader", name="words")).to_be_visible(timeout=LOADING)
            expect(trace.locator("tr")).to_have_count(9)
        else:
            said = page.locator(".sb-problem")
            expect(said).to_contain_text("<img src=x onerror=alert(6)>.txt", timeout=LOADING)
    assert visit.clean()


def test_hostile_names_in_a_trace_do_nothing(visit: Visit, tmp_path: Path) -> None:
    """A trace says names and sentences of documents; both are data."""
    name = "<img src=x onerror=alert(7)> [b](javascript:alert(8)).txt".replace("/", "")
    (tmp_path / name).write_text(
        'The kiln of Thornby is lit at <script>alert("kiln")</script> six by '
        "![pixel](http://192.0.2.1/kiln.png) Ada Quill."
    )
    visit.upload(tmp_path / name)
    page = visit.page
    visit.ask("When is the kiln of Thornby lit?", "Quotes")
    page.get_by_text("Why was a page not found?", exact=True).click()
    page.get_by_label("Document that should be found").fill(name)
    page.get_by_role("button", name="Follow it").click()
    trace = page.locator(".sb-trace")
    expect(trace).to_be_visible(timeout=LOADING)
    expect(trace.locator("tr", has_text="quoted")).to_contain_text("<script>")
    for forbidden in ("img", "script", "a", "svg", "iframe"):
        assert page.locator("[data-testid=stHtml]").locator(forbidden).count() == 0
    assert visit.clean()
