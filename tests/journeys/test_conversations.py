"""Conversations that were kept, in a real Chromium."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import SHOWING, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_conversations_are_kept_opened_renamed_and_deleted(visit: Visit, tmp_path: Path) -> None:
    """Their names are questions: what a visitor typed, shown as text and nothing else."""
    file = tmp_path / "tannery.txt"
    file.write_text("The tannery of Hollowmere was closed in 1911 by the council.")
    visit.upload(file)
    page = visit.page
    picture = "![p](http://192.0.2.1/name.png) <img src=x onerror=alert(9)>"
    question = f"When was the tannery of Hollowmere closed? {picture}"
    visit.ask(question, "Quotes")
    chosen = page.get_by_role("combobox", name="Conversation")
    expect(chosen).to_have_value(re.compile("^When was the tannery"), timeout=SHOWING)

    with page.expect_download() as download:
        page.get_by_role("button", name="HTML", exact=True).click()
    saved = download.value.path().read_text(encoding="utf-8")
    assert "closed in 1911" in saved
    assert "<img" not in saved

    page.get_by_text("Rename or delete", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Old trades")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(chosen).to_have_value(re.compile("^Old trades"), timeout=SHOWING)

    def choose(name: str) -> None:
        chosen.click()
        page.get_by_role("option", name=name).first.click()

    choose("New conversation")
    expect(page.locator(".sb-quote")).to_have_count(0, timeout=SHOWING)
    page.reload()
    chosen.wait_for(timeout=SHOWING)
    choose("Old trades")
    quote = page.locator(".sb-quote", has_text="closed in 1911").first
    expect(quote).to_be_visible(timeout=SHOWING)
    expect(page.locator("h3.sb-question").first).to_have_text(question)
    assert page.locator("img").count() == 0

    page.get_by_text("Rename or delete", exact=True).click()
    page.get_by_role("button", name="Delete this conversation").click()
    expect(page.locator(".sb-quote")).to_have_count(0, timeout=SHOWING)
    expect(chosen).to_have_value("New conversation", timeout=SHOWING)
    assert visit.clean()
