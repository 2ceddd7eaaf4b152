"""Documents, names, titles, questions and a model's words as attacks, in every view that shows any.

Some 700 texts that try to run or to fetch something (`tests.hostile_texts`) are the names, headings
and sentences of a library. What is looked for is that they stand there as text, that no dialog
opens, and that nothing leaves the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ingest.load import load
from ingest.parse import Parser
from rag import contract
from rag.library.folder import Library
from rag.ports import Embedder
from rag.records import FileReport, LoadOutcome
from tests.endpoint_server import MODEL, Exchange, serving
from tests.hostile_texts import payloads
from tests.journeys.conftest import LOADING, SHOWING, Served, Visit
from ui import cli
from ui.account import page as page_of

pytestmark = [pytest.mark.browser, pytest.mark.models]

EVERY = list(payloads())
A_DOCUMENT = 3
"""Payloads of each: its name, its heading, and a sentence."""

HARMLESS = (
    "ARTICLE B BDI BLOCKQUOTE BR BUTTON DETAILS DIV EM FIGCAPTION FIGURE FOOTER H1 H2 H3 H4 I LI "
    "MARK NAV OL P S SECTION SPAN STYLE SUMMARY TABLE TBODY TD TH THEAD TR UL CODE "
    "DL DT DD HR LABEL"
).split()

FOREIGN = """harmless => [...document.querySelectorAll('[data-testid=stHtml] *')]
    .filter(each => !harmless.includes(each.tagName) ||
        [...each.attributes].some(at => at.name.startsWith('on') ||
            (/^(src|href|srcset|action|formaction|poster|data)$/.test(at.name) &&
             !at.value.startsWith('data:image/png;base64,'))))
    .map(each => each.outerHTML.slice(0, 200))"""


def _name(text: str) -> str:
    """As a file's name, which no slash and no line end can be part of."""
    return text.replace("/", "\u2215").replace("\n", " ")[:80].strip() or "name"


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inert") / "papers"
    folder.mkdir()
    for at in range(0, len(EVERY), A_DOCUMENT):
        name, title, said = (*EVERY[at : at + A_DOCUMENT], "", "")[:3]
        text = f"# {title}\n\nThe quarry gate number {at} is opened by {said} as the board says.\n"
        (folder / f"{at:04} {_name(name)}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def library(documents: Path, real_embedder: Embedder) -> Path:
    path = documents.parent / "library"
    library = Library.create(path)
    with Parser() as parser:
        load([documents], library, lambda: real_embedder, parser)
    assert library.catalogue.counts().documents == -(-len(EVERY) // A_DOCUMENT)
    library.close()
    return path


@pytest.fixture(scope="module")
def served(library: Path) -> Iterator[Served]:
    """With a generator that says payloads, whatever it is asked."""
    said = iter(EVERY)

    def hostile(exchange: Exchange) -> None:
        exchange.say(next(said, EVERY[0]), " The quarry gate is open.")

    with serving() as server:
        server.behave = hostile
        endpoint = {"SOURCEBOUND_ENDPOINT": server.url, "SOURCEBOUND_GENERATOR": MODEL}
        with Served(library, **endpoint).running() as served:
            yield served


def _inert(page: Page) -> None:
    assert page.evaluate(FOREIGN, HARMLESS) == []


def test_a_list_of_all_of_them_is_text(visit: Visit) -> None:
    """Names, places and sentences in an answer; the question in the list of conversations."""
    turn = visit.ask("Which documents mention quarry gate?", "Quotes")
    turn.get_by_text("more", exact=False).last.click()
    quotes = turn.locator(".sb-quote")
    assert quotes.count() == -(-len(EVERY) // A_DOCUMENT)
    shown = turn.inner_text()
    # As they were written; what cannot be seen was taken out when they were loaded.
    there = sum(text in shown for text in EVERY[2::A_DOCUMENT])
    assert there > 0.8 * len(EVERY) / A_DOCUMENT
    _inert(visit.page)


def test_questions_and_conversations_are_text(visit: Visit) -> None:
    page = visit.page
    for text in EVERY[:: len(EVERY) // 5]:
        question = f"Who opens the quarry gate? {text}"
        visit.question.wait_for(timeout=LOADING)
        before = page.locator(".sb-turn .sb-actions, .sb-problem").count()
        visit.question.fill(question)
        visit.question.press("Enter")
        expect(page.locator(".sb-turn .sb-actions, .sb-problem")).not_to_have_count(
            before, timeout=LOADING
        )
        page.get_by_role("button", name="New conversation").click()
        expect(page.locator(".sb-turn")).to_have_count(0, timeout=SHOWING)
    visit.idle()
    _inert(page)
    page.locator(".sb-talk").nth(3).click()
    expect(page.locator(".sb-turn")).to_have_count(1, timeout=SHOWING)
    _inert(page)
    page.get_by_text("Rename, export or delete", exact=True).click()
    page.get_by_label("Name", exact=True).fill(EVERY[0])
    page.get_by_label("Name", exact=True).press("Enter")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.locator(".sb-talk", has_text=EVERY[0])).to_have_count(1, timeout=SHOWING)
    _inert(page)


def test_what_a_model_says_is_text_while_it_streams_and_after(visit: Visit) -> None:
    for number in (5, 300, 600):
        turn = visit.ask(f"How is quarry gate number {number} opened?", "Phrased")
        _inert(visit.page)
        for details in turn.locator("details summary").all():
            details.click()
        turn.locator(".sb-cite").first.click()
        panel = visit.page.locator(".st-key-source")
        expect(panel.locator(".sb-passage").first).to_be_visible(timeout=SHOWING)
        visit.idle()
        _inert(visit.page)
        panel.get_by_role("button", name="Close").click()
        expect(panel).to_have_count(0, timeout=SHOWING)


def test_the_other_views_are_text(visit: Visit) -> None:
    page = visit.page
    visit.ask("Which documents mention quarry gate?", "Quotes")
    for view in ("Library", "Why", "Evaluate", "Settings"):
        visit.go(view)
        page.wait_for_timeout(300)
        visit.idle()
        _inert(page)
        assert page.get_by_test_id("stMain").locator("img[src*='192.0.2.1'], iframe").count() == 0


def test_files_that_are_handed_on_are_text(browser: Browser, visit: Visit, tmp_path: Path) -> None:
    """An exported conversation, a report and an account of a load, opened as the files they are."""
    visit.ask("Which documents mention quarry gate?", "Quotes")
    visit.page.get_by_text("Rename, export or delete", exact=True).click()
    with visit.page.expect_download(timeout=LOADING) as download:
        visit.page.get_by_role("button", name="HTML", exact=True).click()
    files = [tmp_path / "conversation.html", tmp_path / "report.html", tmp_path / "account.html"]
    files[0].write_bytes(download.value.path().read_bytes())

    answers = tmp_path / "answers.jsonl"
    rows = [
        {"id": text, "question": text, "response": f"{text} The gate is open.", "contexts": [text]}
        for text in EVERY
    ]
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert cli.run(["score", str(answers), "--report", str(tmp_path)]) == 0

    reports = [FileReport(text, LoadOutcome.REFUSED, text) for text in EVERY]
    account = [contract.file_report(each) for each in reports]
    files[2].write_text(page_of(account, {"refused": len(EVERY)}, 1.0, Path(EVERY[0])), "utf-8")

    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    for file in files:
        page.goto(file.as_uri())
        page.wait_for_timeout(300)
        assert page.locator("script, iframe, object, embed, form, link, base").count() == 0, file
        assert page.locator("img:not([src^='data:image/'])").count() == 0, file
        assert page.locator("a[href]:not([href^='#'])").count() == 0, file
    assert [url for url in asked if not url.startswith(("file:", "data:image"))] == []
    context.close()
