"""The view of the settings, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import LOADING, SHOWING, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_settings_say_their_effect_hold_and_are_reset(visit: Visit) -> None:
    page = visit.page
    visit.go("Settings")
    expect(page.get_by_text("Nothing leaves this machine")).to_be_visible(timeout=LOADING)
    expect(page.get_by_text("SOURCEBOUND_EVIDENCE=0.35")).to_be_visible(timeout=SHOWING)
    page.get_by_role("slider").press("ArrowLeft")
    expect(page.get_by_text("SOURCEBOUND_EVIDENCE=0.25")).to_be_visible(timeout=SHOWING)
    expect(page.get_by_text("more answers are wrong")).to_be_visible()
    visit.go("Library")
    expect(page.get_by_text("Load a folder", exact=True)).to_be_visible(timeout=LOADING)
    visit.go("Settings")
    expect(page.get_by_text("SOURCEBOUND_EVIDENCE=0.25")).to_be_visible(timeout=SHOWING)
    page.get_by_role("button", name="Reset to the settings of the start").click()
    expect(page.get_by_text("SOURCEBOUND_EVIDENCE=0.35")).to_be_visible(timeout=SHOWING)
    visit.clean()


def test_a_collection_is_made_added_and_left_out(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    visit.go("Settings")
    page.get_by_text("Add a collection", exact=True).click(timeout=LOADING)
    folder = page.get_by_label("Folder of a library on this machine")
    folder.fill(str(tmp_path / "more"))
    page.get_by_role("button", name="Add it").click()
    expect(page.locator(".sb-problem")).to_contain_text("There is no library", timeout=SHOWING)
    page.get_by_text("Make a new, empty one there").click()
    page.get_by_role("button", name="Add it").click()
    row = page.locator("tr", has_text=str(tmp_path / "more"))
    expect(row).to_contain_text("0 documents, 0 passages", timeout=SHOWING)
    page.get_by_role("button", name="Leave it out").click()
    expect(row).to_have_count(0, timeout=SHOWING)
    visit.clean()
