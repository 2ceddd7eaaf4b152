"""The page of a document beside an answer, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from rag.ports import Embedder
from tests.conftest import SAMPLES
from tests.journeys.conftest import SHOWING, Served, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]

QUESTION = "How many parameters does GPT-3 have?"


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one's own, whose files may change."""
    folder = tmp_path_factory.mktemp("source") / "papers"
    folder.mkdir()
    for name in ("field-guide-part-one.pdf", "glossary.md"):
        (folder / name).write_bytes((SAMPLES / name).read_bytes())
    table = "item,price\nHeron feeder,412 crowns\nOwl box,95 crowns\n"
    (folder / "prices.csv").write_text(table)
    return folder


@pytest.fixture(scope="module")
def library(documents: Path, real_embedder: Embedder) -> Iterator[Served]:
    library = Library.create(documents.parent / "library")
    with Parser() as parser:
        load([documents], library, lambda: real_embedder, parser)
    library.close()
    with Served(library.path, SOURCEBOUND_GENERATOR="none").running() as served:
        yield served


@pytest.fixture
def reader(browser: Browser, library: Served) -> Iterator[Visit]:
    with Visit.of(browser, library.url) as visit:
        yield visit


def _open(visit: Visit, question: str, has_text: str) -> Locator:
    turn = visit.ask(question, "Quotes")
    turn.locator(".sb-quote", has_text=has_text).first.locator(".sb-cite").click()
    panel = visit.page.locator(".st-key-source")
    expect(panel.locator(".sb-steps")).to_be_visible(timeout=SHOWING)
    visit.idle()
    return panel


def test_the_page_is_shown_with_the_quote_marked_in_view(reader: Visit) -> None:
    panel = _open(reader, QUESTION, "to give one known size")
    picture = panel.get_by_role("img", name="Page 1 of field-guide-part-one.pdf, the quote marked")
    expect(picture).to_be_visible(timeout=SHOWING)
    # The marker's yellow, read off the picture itself, stands inside the panel.
    reader.page.wait_for_timeout(500)
    seen = picture.evaluate(
        """image => {
            const canvas = document.createElement("canvas");
            canvas.width = image.naturalWidth;
            canvas.height = image.naturalHeight;
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
            let at = -1;
            for (let i = 0; i < pixels.length && at < 0; i += 4)
                if (pixels[i] === 255 && pixels[i + 1] === 224 && pixels[i + 2] === 112)
                    at = Math.floor(i / 4 / canvas.width);
            const box = image.getBoundingClientRect();
            const panel = image.closest(".st-key-source").getBoundingClientRect();
            const top = box.top + (at / canvas.height) * box.height;
            return { at, inside: top > panel.top && top < panel.bottom };
        }"""
    )
    assert seen["at"] > 0
    assert seen["inside"]
    panel.get_by_text("The same as text").click()
    expect(panel.locator(".sb-passage mark")).to_contain_text("GPT-3, to give one known size")


def test_the_quotes_are_stepped_through_and_the_original_is_handed_out(
    reader: Visit, documents: Path
) -> None:
    panel = _open(reader, QUESTION, "to give one known size")
    last = (
        reader.page.locator(".sb-turn .sb-quote")
        .last.locator("p")
        .evaluate("p => p.firstChild.data")
    )
    with reader.page.expect_download(timeout=SHOWING) as download:
        panel.get_by_role("button", name="Download the original").click()
    assert download.value.suggested_filename == "field-guide-part-one.pdf"
    original = documents / "field-guide-part-one.pdf"
    assert download.value.path().read_bytes() == original.read_bytes()
    step = panel.locator(".sb-step")
    at, count = map(int, step.inner_text().split(" of "))
    for number in range(at + 1, count + 1):
        panel.get_by_role("button", name="Next quote").click()
        expect(step).to_have_text(f"{number} of {count}", timeout=SHOWING)
        reader.idle()
    # A format without pages: the passage, with the quote marked.
    passage = panel.locator(".sb-passage mark").first
    expect(passage).to_have_text(last.strip(), timeout=SHOWING)
    expect(panel.get_by_role("button", name="Next quote")).to_be_disabled()
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0, timeout=SHOWING)


def test_a_row_of_a_table_is_shown_with_its_columns_and_place(reader: Visit) -> None:
    panel = _open(reader, "What does the heron feeder cost?", "412 crowns")
    expect(panel).to_contain_text("item | price")
    expect(panel.locator(".sb-place").first).to_contain_text("prices.csv")
    expect(panel.locator("mark")).to_contain_text("412 crowns")


def test_a_file_that_changed_or_went_is_said_and_its_text_shown(
    reader: Visit, documents: Path
) -> None:
    paper = documents / "field-guide-part-one.pdf"
    content = paper.read_bytes()
    for change, said in ((b"%PDF-1.7 another", "has changed"), (None, "is gone")):
        if change is None:
            paper.unlink()
        else:
            paper.write_bytes(change)
        try:
            panel = _open(reader, QUESTION, "to give one known size")
            expect(panel).to_contain_text(said, timeout=SHOWING)
            expect(panel.locator(".sb-passage mark")).to_contain_text("one known size")
            expect(panel.get_by_role("button", name="Download")).to_have_count(0)
        finally:
            paper.write_bytes(content)
        panel.get_by_role("button", name="Close").click()
        expect(panel).to_have_count(0, timeout=SHOWING)
