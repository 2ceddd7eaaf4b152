"""Conversations that were kept, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import LOADING, SHOWING, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_conversations_are_kept_opened_searched_renamed_exported_and_deleted(
    visit: Visit, tmp_path: Path
) -> None:
    """Their names are questions: what a visitor typed, shown as text and nothing else."""
    file = tmp_path / "tannery.txt"
    file.write_text("The tannery of Hollowmere was closed in 1911 by the council.")
    visit.upload(file)
    page = visit.page
    picture = "![p](http://192.0.2.1/name.png) <img src=x onerror=alert(9)>"
    question = f"When was the tannery of Hollowmere closed? {picture}"
    visit.ask(question, "Quotes")
    talk = page.locator(".sb-talk[aria-current=true]")
    expect(talk).to_contain_text("When was the tannery", timeout=SHOWING)

    page.get_by_text("Rename, export or delete", exact=True).click()
    for name, mark in (("HTML", "<img"), ("MD", "![p]("), ("JSON", "")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        saved = download.value.path().read_text(encoding="utf-8")
        assert "closed in 1911" in saved
        assert not mark or mark not in saved

    page.get_by_label("Name", exact=True).fill("Old trades")
    page.get_by_label("Name", exact=True).press("Enter")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(talk).to_contain_text("Old trades", timeout=SHOWING)

    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".sb-turn")).to_have_count(0, timeout=SHOWING)
    search = page.get_by_label("Search conversations")
    search.fill("nothing like this")
    search.press("Enter")
    expect(page.get_by_text("No conversation holds these words.")).to_be_visible(timeout=SHOWING)
    search.fill("HOLLOWMERE council")
    search.press("Enter")
    visit.idle()
    page.locator(".sb-talk", has_text="Old trades").click()
    quote = page.locator(".sb-quote", has_text="closed in 1911").first
    expect(quote).to_be_visible(timeout=SHOWING)
    expect(page.locator("h3.sb-question").first).to_have_text(question)
    assert page.locator("img").count() == 0
    search.fill("")
    search.press("Enter")

    page.reload()
    expect(page.locator(".sb-turn")).to_have_count(1, timeout=LOADING)
    page.get_by_text("Rename, export or delete", exact=True).click()
    page.get_by_role("button", name="Delete this conversation").click()
    expect(page.locator(".sb-turn")).to_have_count(0, timeout=SHOWING)
    expect(page.locator(".sb-talk", has_text="Old trades")).to_have_count(0)
