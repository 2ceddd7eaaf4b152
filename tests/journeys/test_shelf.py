"""The view of the library, in a real Chromium."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from rag.library.folder import Library
from tests.conftest import SAMPLES
from tests.journeys.conftest import LOADING, SHOWING, Served, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


@pytest.fixture
def shelf(visit: Visit) -> Visit:
    """A visit of the view of the library."""
    visit.go("Library")
    expect(visit.page.get_by_text("Load a folder", exact=True)).to_be_visible(timeout=LOADING)
    return visit


def _load(visit: Visit, *files: Path, said: str) -> None:
    page = visit.page
    page.locator("input[type=file]").set_input_files([str(file) for file in files])
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text(said, exact=True)).to_be_visible(timeout=LOADING)


def _load_folder(visit: Visit, folder: str) -> None:
    page = visit.page
    given = page.get_by_label("Folder on this machine")
    if not given.is_visible():
        page.get_by_text("Load a folder", exact=True).click()
    given.fill(folder)
    page.get_by_role("button", name="Load the folder").click()


def test_the_first_visit_says_what_to_do(shelf: Visit) -> None:
    page = shelf.page
    expect(page.get_by_text("Your library is empty.")).to_be_visible(timeout=SHOWING)
    expect(page.get_by_text("Nothing is sent anywhere")).to_be_visible()
    expect(page.locator(".sb-problem")).to_have_count(0)


def test_uploads_are_accounted_for_one_by_one(shelf: Visit, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 this is no PDF")
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    hostile = tmp_path / "<img src=x onerror=alert(1)> **bold**.txt"
    hostile.write_text("The quarry gate at Ravenscar opens at nine.")
    twin = tmp_path / "twin.txt"
    twin.write_text("The quarry gate at Ravenscar opens at nine.")
    word = next(SAMPLES.rglob("*.docx"))
    files = (SAMPLES / "field-guide-part-one.pdf", word, broken, empty, hostile, twin)
    _load(shelf, *files, said="6 files: 3 added, 2 refused, 1 duplicate.")
    lines = shelf.page.locator(".sb-files")
    expect(lines.first).to_contain_text("broken.pdf refused:")
    expect(lines.first).to_contain_text("empty.txt refused: the file is empty")
    expect(lines.first).to_contain_text("onerror=alert(1)> **bold**.txt added")
    shelf.page.get_by_role("button", name="Dismiss this account").click()
    expect(shelf.page.get_by_text("6 files:")).to_have_count(0, timeout=SHOWING)
    shelf.page.get_by_text("Refused files: 2").click()
    expect(shelf.page.locator(".sb-refusals")).to_contain_text("broken.pdf")


def test_a_folder_is_loaded_with_its_account(shelf: Visit, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "ferry.txt").write_text("The ferry to Ravenscar leaves at noon.")
    (folder / "empty.txt").write_text("")
    page = shelf.page
    _load_folder(shelf, "papers")
    expect(page.locator(".sb-problem")).to_contain_text("whole path", timeout=LOADING)
    _load_folder(shelf, str(folder))
    expect(page.get_by_text("2 files: 1 refused, 1 added.")).to_be_visible(timeout=LOADING)
    expect(page.locator(".sb-refused").first).to_contain_text(
        "empty.txt refused: the file is empty"
    )
    shelf.go("Ask")
    shelf.ask("When does the ferry to Ravenscar leave?", "Quotes")
    expect(page.locator(".sb-quote", has_text="leaves at noon").first).to_be_visible()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose document is to be removed."""
    folder = tmp_path_factory.mktemp("leaving")
    file = folder / "zephyrine.txt"
    file.write_text("The unmistakable Zephyrine crosses the estuary with forty xylophonists.")
    return file


def test_a_document_is_found_looked_at_and_removed_with_proof(
    shelf: Visit, served: Served, filled: Path
) -> None:
    page = shelf.page
    _load(shelf, filled, said="1 file: 1 added.")
    page.get_by_label("Name or title holds").fill("ZEPHYR")
    page.get_by_label("Name or title holds").press("Enter")
    detail = page.locator(".sb-detail")
    expect(detail).to_have_count(1, timeout=SHOWING)
    expect(detail).to_contain_text("zephyrine.txt")
    expect(detail).to_contain_text("words and meaning")
    expect(detail).to_contain_text("as it was loaded")
    page.get_by_role("button", name="Remove 1 document").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible(timeout=SHOWING)
    page.get_by_role("button", name="Remove for good").click()
    proof = page.locator(".sb-files[role=status]")
    expect(proof).to_contain_text("zephyrine.txt removed, 1 passage.", timeout=LOADING)
    expect(proof).to_contain_text(re.compile(r"[1-9]\d* words .* none was found"))
    expect(page.get_by_text(re.compile(r"^0 of \d+ documents"))).to_be_visible()
    library = Library.open(served.library)
    try:
        assert library.catalogue.document("zephyrine.txt") is None
    finally:
        library.close()


def test_rows_are_selected_in_the_table(shelf: Visit) -> None:
    page = shelf.page
    canvas = page.get_by_test_id("stDataFrame").locator("canvas").first
    expect(canvas).to_be_visible(timeout=SHOWING)
    for row in (0, 1):
        canvas.click(position={"x": 15, "y": 35 + 35 * row + 17})
        expect(page.locator(".sb-detail")).to_have_count(row + 1, timeout=SHOWING)
    expect(page.get_by_role("button", name="Remove 2 documents")).to_be_visible(timeout=SHOWING)


def test_a_library_that_another_process_writes_loses_nothing(
    shelf: Visit, served: Served, tmp_path: Path
) -> None:
    page = shelf.page
    file = tmp_path / "late.txt"
    file.write_text("The late train leaves after midnight.")
    library = Library.open(served.library)
    with library.writing():
        page.locator("input[type=file]").set_input_files([str(file)])
        page.get_by_role("button", name="Load", exact=True).click()
        expect(page.locator(".sb-problem")).to_contain_text("Nothing is lost", timeout=SHOWING)
    library.close()
    page.get_by_role("button", name="Load", exact=True).click()  # the same file, still there
    expect(page.get_by_text("1 file: 1 added.")).to_be_visible(timeout=LOADING)


def test_a_load_is_stopped_and_leaves_the_library_whole(
    shelf: Visit, served: Served, tmp_path: Path
) -> None:
    page = shelf.page
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        text = f"Note {number} of the harbour master. Ship {number} sails at dawn."
        (folder / f"note-{number}.txt").write_text(text)
    _load_folder(shelf, str(folder))
    expect(page.get_by_text(re.compile(r": \d+ of \d+ (files|passages)"))).to_be_visible(
        timeout=LOADING
    )
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The load was stopped.")).to_be_visible(timeout=LOADING)
    library = Library.open(served.library)
    try:
        until = time.monotonic() + 30
        while library.writer() is not None and time.monotonic() < until:
            time.sleep(0.1)
        assert library.writer() is None
        assert [each for each in library.verify() if "until the next" not in each] == []
    finally:
        library.close()


def test_a_broken_collection_is_said_and_the_rest_works(
    browser: Browser, tmp_path: Path, served: Served
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "catalogue.sqlite").write_bytes(b"this is no catalogue, and never was one" * 50)
    with (
        Served(served.library, SOURCEBOUND_COLLECTIONS=f'["{broken}"]').running() as other,
        Visit.of(browser, other.url) as visit,
    ):
        visit.go("Library")
        said = visit.page.get_by_text("is left out.")
        expect(said.first).to_be_visible(timeout=LOADING)
        expect(visit.page.get_by_test_id("stDataFrame")).to_be_visible(timeout=SHOWING)
