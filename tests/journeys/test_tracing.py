"""The view that tells why a page was not found."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import LOADING, SHOWING, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]

HOSTILE = "<img src=x onerror=alert(7)> [b](javascript:alert(8)) **bold** :red[x].txt".replace(
    "/", ""
)


def _follow(page: Page, name: str) -> None:
    """Choose a document by typing its name, whether it is in the list or not, and follow it."""
    box = page.get_by_role("combobox", name="Document that should be found")
    box.click()
    box.fill(name)
    box.press("Enter")
    page.get_by_role("button", name="Follow it").click()


def test_the_way_of_a_document_is_drawn_from_its_file_to_the_answer(
    visit: Visit, tmp_path: Path
) -> None:
    """The last question stands there; each step is a box, and the one that lost it says so."""
    (tmp_path / "lighthouse.md").write_text("The Marrow lighthouse was built in 1871 by masons.")
    (tmp_path / "bakery.md").write_text("The bakery of Dunmore sells rye bread on Fridays.")
    (tmp_path / "empty.docx").write_bytes(b"no document")
    page = visit.page
    visit.go("Why")
    expect(page.get_by_text("Your library is empty")).to_be_visible(timeout=SHOWING)
    visit.go("Ask")
    visit.upload(*(tmp_path / name for name in ("lighthouse.md", "bakery.md", "empty.docx")))
    visit.go("Why")
    question = page.get_by_role("textbox", name="Question")
    expect(question).to_have_value("", timeout=SHOWING)
    page.get_by_role("button", name="Follow it").click()
    expect(page.locator(".sb-problem")).to_contain_text("Which question?", timeout=SHOWING)

    visit.go("Ask")
    visit.ask("When was the Marrow lighthouse built?", "Quotes")
    visit.go("Why")
    expect(question).to_have_value("When was the Marrow lighthouse built?", timeout=SHOWING)
    _follow(page, "lighthouse.md")
    expect(page.locator(".sb-verdict")).to_contain_text("lighthouse.md was found", timeout=LOADING)
    expect(page.locator(".sb-step")).to_have_count(9)
    expect(page.locator(".sb-legs .sb-step")).to_have_count(3)
    expect(page.locator(".sb-step", has_text="lost here")).to_have_count(0)
    # The same for whoever listens.
    table = page.get_by_role("region", name="Steps").get_by_role("table")
    expect(table.get_by_role("rowheader", name="meaning")).to_be_visible()
    expect(table.get_by_role("row")).to_have_count(10)

    number = page.get_by_role("spinbutton", name="Page")
    number.fill("9")
    number.press("Tab")
    _follow(page, "bakery.md")
    said = page.locator(".sb-problem")
    expect(said).to_contain_text("bakery.md, page 9 got lost", timeout=SHOWING)
    expect(said).to_contain_text("there is no page 9")
    expect(page.locator(".sb-step-lost")).to_have_count(1)
    expect(page.locator(".sb-step-lost")).to_contain_text("lost here")

    number.fill("0")
    number.press("Tab")
    _follow(page, "empty.docx")
    expect(said).to_contain_text("empty.docx got lost", timeout=SHOWING)
    expect(said).to_contain_text("the file was refused")
    expect(page.locator(".sb-step", has_text="not reached")).to_have_count(8)

    _follow(page, "<img src=x onerror=alert(6)>.txt")
    expect(said).to_contain_text("<img src=x onerror=alert(6)>.txt", timeout=SHOWING)
    expect(page.locator(".sb-path")).to_have_count(0)


def test_hostile_names_in_a_trace_do_nothing(visit: Visit, tmp_path: Path) -> None:
    """A trace says names and sentences of documents; both are data, in the list of names too."""
    (tmp_path / HOSTILE).write_text(
        'The kiln of Thornby is lit at <script>alert("kiln")</script> six by '
        "![pixel](http://192.0.2.1/kiln.png) Ada Quill."
    )
    visit.upload(tmp_path / HOSTILE)
    page = visit.page
    visit.ask("When is the kiln of Thornby lit?", "Quotes")
    visit.go("Why")
    page.get_by_role("combobox", name="Document that should be found").click()
    option = page.get_by_role("option", name=HOSTILE, exact=True)
    expect(option).to_have_text(HOSTILE, timeout=SHOWING)
    option.click()
    page.get_by_role("button", name="Follow it").click()
    expect(page.locator(".sb-path")).to_contain_text("<script>", timeout=LOADING)
    assert page.locator(".stMain a, .stMain script").count() == 0
    for forbidden in ("img", "script", "a", "svg", "iframe"):
        assert page.locator("[data-testid=stHtml]").locator(forbidden).count() == 0
