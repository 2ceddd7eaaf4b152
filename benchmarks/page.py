"""The page with a library of 10,000 documents, in a real Chromium: how long until it is of use.

    python -m benchmarks.page

Prints the time from opening the address of a page that has just been started to its first content,
and, warm, from opening the view of the library to its table, and from a search to its row. The
library is written through the catalogue, with small texts and no vectors; it is kept. Last, over
the articles of a question set, the time from Enter to the first quote on the screen.
"""

from __future__ import annotations

import hashlib
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks import sets
from rag.library.catalogue import NewChunk, NewDocument, Place, words_of
from rag.library.folder import Library
from rag.records import Chunk, Document, Span
from rag.records import Page as Sheet
from tests.journeys.conftest import CHROMIUM, FLAGS, Served

DOCUMENTS = 10_000
CHUNKS = 6
VISITS = 5
ASKED, QUESTIONS, STEP = "clapnq-dev", 20, 7
_OUT = Path(__file__).with_name("out")
_PATIENCE = 120_000  # milliseconds


def main() -> None:
    path = library_of(DOCUMENTS, _OUT / f"page-{DOCUMENTS}")
    with served(path) as (server, browser):
        cold(server, browser)
        warm(server, browser)
    questions = [case.question for case in sets.cases(ASKED) if case.answerable][:: -1 * STEP]
    library = sets.library(ASKED)
    with served(library.path, SOURCEBOUND_GENERATOR="none") as (server, browser):
        asked(server, browser, questions[: QUESTIONS + 1], library.catalogue.counts().documents)


def asked(server: Served, browser: Browser, questions: list[str], documents: int) -> None:
    """From Enter to the first quote on the screen, or to the word that there is none, warm."""
    page = browser.new_page()
    page.goto(server.url)
    field = page.get_by_role("textbox", name="What do you want to know")
    field.wait_for(timeout=_PATIENCE)
    seconds = []
    for number, question in enumerate(questions):
        turns = page.locator(".sb-turn .sb-quote:first-of-type, .sb-turn .sb-none")
        page.get_by_role("button", name="New conversation").click()
        expect(turns).to_have_count(0, timeout=_PATIENCE)
        page.wait_for_timeout(1_000)
        field.fill(question)
        began = time.perf_counter()
        field.press("Enter")
        turns.first.wait_for(timeout=_PATIENCE)
        seconds.append(time.perf_counter() - began)
        if number == 0:
            seconds.clear()  # it loads the model
    print(
        f"warm, {documents} documents: from Enter to the first quote "
        f"{statistics.median(seconds):.2f} s (slowest of {len(seconds)}: {max(seconds):.2f} s)"
    )
    page.close()


@contextmanager
def served(library: Path, **environment: str) -> Iterator[tuple[Served, Browser]]:
    """The page of a library and a browser, for as many measurements as one likes."""
    program = next(filter(None, map(shutil.which, CHROMIUM)))
    with Served(library, **environment).running() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield server, browser
        finally:
            browser.close()


def cold(server: Served, browser: Browser) -> None:
    """The first view of a page that was just started."""
    page = browser.new_page()
    began = time.perf_counter()
    page.goto(f"{server.url}/library")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible(timeout=_PATIENCE)
    print(f"cold: the table stands {time.perf_counter() - began:.2f} s after the address is opened")
    page.close()


def warm(server: Served, browser: Browser) -> None:
    """Opening the library again, and finding one document of all."""
    changed, opened, found = [], [], []
    for visit in range(VISITS):
        page = browser.new_page()
        page.goto(f"{server.url}/settings")
        expect(page.get_by_text("Models", exact=True)).to_be_visible(timeout=_PATIENCE)
        page.wait_for_timeout(500)
        began = time.perf_counter()
        page.get_by_role("link", name="Library", exact=True).click()
        _table(page)
        changed.append(time.perf_counter() - began)
        page.close()
        page = browser.new_page()
        began = time.perf_counter()
        page.goto(f"{server.url}/library")
        _table(page)
        opened.append(time.perf_counter() - began)
        began = time.perf_counter()
        field = page.get_by_label("Name or title holds")
        field.fill(f"report-{visit * 1999:05}.txt")
        field.press("Enter")
        expect(page.locator(".sb-detail")).to_have_count(1, timeout=_PATIENCE)
        found.append(time.perf_counter() - began)
        page.close()
    for what, seconds in (
        ("from another view the table stands", changed),
        ("in a new browser page the table stands", opened),
        ("a search shows its row", found),
    ):
        print(
            f"warm, {DOCUMENTS:,} documents: {what} after {statistics.median(seconds):.2f} s "
            f"(slowest of {VISITS}: {max(seconds):.2f} s)"
        )


def _table(page: Page) -> None:
    expect(page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible(
        timeout=_PATIENCE
    )


def library_of(count: int, path: Path) -> Path:
    """A library of so many small documents, made once; returns its folder."""
    library = Library.create(path)
    try:
        with library.writing():
            if library.catalogue.counts().documents != count:
                with library.catalogue.writing():
                    for number in range(count):
                        _add(library, number)
                library.save_indexes()
    finally:
        library.close()
    return path


def _add(library: Library, number: int) -> None:
    name = f"report-{number:05}.txt"
    identity = hashlib.sha256(name.encode()).hexdigest()
    texts = [
        f"Part {part} of report {number} tells of the harbour in the year {1900 + number % 120}. "
        for part in range(CHUNKS)
    ]
    title = f"Report {number}"
    chunks, start = [], 0
    for part, text in enumerate(texts):
        chunk = Chunk(f"{identity}:{part}", identity, text, start, start + len(text), None, ())
        chunks.append(
            NewChunk(chunk, title, (Span(0, len(text)),), (), words_of(title, text, "en"))
        )
        start += len(text)
    document = Document(identity, name, title, "text/plain", None)
    library.catalogue.add_document(
        NewDocument(document, (Sheet(None, 0, "".join(texts)),), tuple(chunks), "benchmark")
    )
    # No such file: the view has to be fast without looking for ten thousand of them.
    place = Place(f"/nowhere/{name}", name, "/nowhere", identity, start, 0)
    library.catalogue.add_place(place)


if __name__ == "__main__":
    main()
