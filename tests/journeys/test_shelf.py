"""The view of the library, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import LOADING, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_a_refused_file_is_named_with_its_reason(visit: Visit, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 this is no PDF")
    visit.upload(broken)
    expect(visit.page.locator(".sb-refused")).to_contain_text("broken.pdf refused:")
    assert visit.clean()


def test_a_folder_is_loaded_with_its_account(visit: Visit, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "ferry.txt").write_text("The ferry to Ravenscar leaves at noon.")
    (folder / "empty.txt").write_text("")
    page = visit.page
    page.get_by_text("Load a folder", exact=True).click()
    page.get_by_label("Folder on this machine").fill("papers")
    page.get_by_role("button", name="Load the folder").click()
    expect(page.locator(".sb-problem")).to_contain_text("whole path", timeout=LOADING)
    page.get_by_label("Folder on this machine").fill(str(folder))
    page.get_by_role("button", name="Load the folder").click()
    expect(page.get_by_text("2 files: 1 refused, 1 added.")).to_be_visible(timeout=LOADING)
    expect(page.locator(".sb-refused")).to_contain_text("empty.txt refused: the file is empty")
    visit.ask("When does the ferry to Ravenscar leave?", "Quotes")
    expect(page.locator(".sb-quote", has_text="leaves at noon").first).to_be_visible()
    assert visit.clean()
