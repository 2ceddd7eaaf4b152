"""A person's way through the page, in a real Chromium."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import ROOT, SAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
LOADING = 240_000
"""Milliseconds. The first question loads the models; a busy machine takes long for that."""

SHOWING = 30_000
"""Milliseconds, for what needs no model."""

HOSTILE_NAME = "<img src=x onerror=alert(1)> [a](javascript:alert(2)).txt"
HOSTILE_TEXT = """The quarry gate at Ravenscar opens at nine.

<script>alert("script")</script> <img src="http://192.0.2.1/pixel.png" onerror="alert(3)"> The
quarry gate code is written ![pixel](http://192.0.2.1/other.png) on
[the board](javascript:alert(4)).
"""


class Served:
    """The page of one library, as `rag ui` serves it."""

    def __init__(self, library: Path) -> None:
        self.library = library
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        command = Path(sys.executable).with_name("rag")
        options = ["--no-browser", "--port", str(self.port), "--library", str(library)]
        # Streamlit's log is not read here: a full pipe would stop it.
        self.process = subprocess.Popen(
            [command, "ui", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait(self) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            assert self.process.poll() is None, "rag ui ended by itself"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.2)
        raise AssertionError("rag ui did not answer within 120 s")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("page") / "library")
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert program, f"none of {', '.join(CHROMIUM)} is on the PATH; make browser installs one"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


class Visit:
    """A page in the browser, and everything it did that it should not."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        self.abroad: list[str] = []
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda message: self.errors.append(message.text) if message.type == "error" else None,
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((url, url.replace("http", "ws"), "data:", "blob:"))
                else self.abroad.append(request.url)
            ),
        )
        page.goto(url)

    def upload(self, *files: Path) -> None:
        self.page.locator("input[type=file]").set_input_files([str(file) for file in files])
        self.page.get_by_role("button", name="Load", exact=True).click()
        lines = self.page.locator(".sb-files li.sb-loaded, .sb-files li.sb-refused")
        expect(lines).to_have_count(len(files), timeout=LOADING)

    def ask(self, question: str, answer: str) -> None:
        self.page.get_by_text(answer, exact=True).first.click()
        self.page.get_by_label("Question").fill(question)
        self.page.get_by_role("button", name="Ask", exact=True).click()
        asked = self.page.locator("h3.sb-question").first
        expect(asked).to_have_text(question, timeout=LOADING)
        expect(self.page.locator(".sb-verdict").first).to_be_visible(timeout=LOADING)
        # The app is idle again: what is shown now is the whole answer. Without a spinner, some of
        # its quotes may still be on their way.
        expect(self.page.get_by_test_id("stSpinner")).to_have_count(0, timeout=LOADING)
        expect(self.page.get_by_test_id("stApp")).to_have_attribute(
            "data-test-script-state", "notRunning", timeout=LOADING
        )

    def clean(self) -> bool:
        assert (self.dialogs, self.errors, self.abroad) == ([], [], [])
        return True


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Visit]:
    context = browser.new_context()
    yield Visit(context.new_page(), served.url)
    context.close()


def test_from_an_empty_library_to_a_quote_and_to_a_refusal(visit: Visit, served: Served) -> None:
    page = visit.page
    expect(page.get_by_text("Your library is empty.")).to_be_visible(timeout=LOADING)
    expect(page.locator("body")).to_contain_text("rag load FOLDER")

    visit.upload(SAMPLES / "field-guide-part-one.pdf")
    expect(page.locator(".sb-loaded")).to_contain_text("field-guide-part-one.pdf added")

    visit.ask("How many parameters does GPT-3 have?", "Quotes")
    quote = page.locator(".sb-quote", has_text="175 billion parameters").first
    expect(quote).to_be_visible()
    expect(quote.locator("footer")).to_contain_text("field-guide-part-one.pdf, page 1")
    expect(page.locator(".sb-verdict").first).to_contain_text("every sentence carries its quote")

    opened = page.get_by_text("Open in the document")
    for place in range(opened.count()):
        opened.nth(place).click()
    mark = page.locator(".sb-passage mark", has_text="175 billion parameters").first
    expect(mark).to_be_visible()
    expect(page.locator(".sb-place").first).to_contain_text("field-guide-part-one.pdf")

    shown_before = page.locator(".sb-quote").count()
    visit.ask("What did the mayor of Lisbon have for breakfast yesterday?", "Quotes")
    expect(page.locator(".sb-verdict").first).to_contain_text("do not hold an answer")
    expect(page.locator(".sb-quote")).to_have_count(shown_before)
    expect(page.locator(".sb-sentence")).to_have_count(0)
    expect(page.get_by_text("Nearest passages; they do not answer")).to_be_visible()
    assert visit.clean()


def test_phrased_sentences_stand_above_their_quotes(visit: Visit) -> None:
    visit.ask("How many parameters does GPT-3 have?", "Phrased")
    page = visit.page
    expect(page.locator(".sb-quote", has_text="175 billion").first).to_be_visible()
    verdict = page.locator(".sb-verdict").first.inner_text()
    # Whatever the model wrote: it passed the check and is shown, or it is withheld and said so.
    phrased = page.locator(".sb-sentence").count()
    assert phrased or "Withheld" in verdict or "replaced" in verdict
    assert visit.clean()


def test_document_text_and_names_do_nothing(visit: Visit, tmp_path: Path) -> None:
    # The name with its slashes is the browser's to send; on disk it must be a possible one.
    file = tmp_path / HOSTILE_NAME.replace("/", "")
    file.write_text(HOSTILE_TEXT, encoding="utf-8")
    visit.upload(file)
    page = visit.page
    for question in (
        "When does the quarry gate at Ravenscar open?",
        "Where is the quarry gate code written? <img src=x onerror=alert(5)>",
    ):
        visit.ask(question, "Quotes")
    opened = page.get_by_text("Open in the document")
    expect(opened.first).to_be_visible()
    for place in range(opened.count()):
        opened.nth(place).click()
    expect(page.locator(".sb-passage").first).to_be_visible()
    expect(page.locator(".sb-passage", has_text="<script>").first).to_be_visible()
    shown = page.locator("[data-testid=stHtml]")
    for forbidden in ("img", "script", "a", "svg", "iframe"):
        assert shown.locator(forbidden).count() == 0
    assert visit.clean()


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


def test_an_empty_question_is_answered_with_a_sentence(visit: Visit) -> None:
    visit.page.get_by_label("Question").wait_for(timeout=LOADING)
    visit.page.get_by_role("button", name="Ask", exact=True).click()
    expect(visit.page.locator(".sb-problem")).to_contain_text("The question is empty.")
    assert visit.clean()


def test_ending_the_command_ends_the_page(tmp_path: Path) -> None:
    server = Served(tmp_path / "library")
    server.wait()
    server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), 5)


def test_only_this_machine_is_served(served: Served) -> None:
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{served.port:04X}")
    ]
    # 127.0.0.1 in the kernel's notation.
    assert listening == [f"0100007F:{served.port:04X}"]


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


def test_results_are_opened_and_cases_are_run(visit: Visit, tmp_path: Path) -> None:
    """The second view: a report, its rows one by one, and a set run over the library."""
    visit.upload(SAMPLES / "field-guide-part-one.pdf")
    page = visit.page
    page.get_by_role("link", name="Measure").click()
    expect(page.get_by_text("Nothing is measured yet.")).to_be_visible(timeout=SHOWING)
    uploads = page.get_by_test_id("stSidebar").get_by_test_id("stFileUploader")

    def hand_over(at: int, file: Path) -> None:
        uploads.nth(at).locator("input[type=file]").set_input_files(file)
        expect(uploads.nth(at)).to_contain_text(file.name, timeout=SHOWING)
        # The file has arrived, and not only its name.
        expect(uploads.nth(at).get_by_role("progressbar")).to_have_count(0, timeout=SHOWING)

    opened = page.get_by_role("button", name="Open", exact=True)

    opened.click()
    expect(page.locator(".sb-problem")).to_contain_text("No file was chosen.", timeout=SHOWING)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "<img src=x onerror=alert(10)>"}')
    hand_over(0, broken)
    opened.click()
    said = page.locator(".sb-problem")
    expect(said).to_contain_text("broken.jsonl, line 1: this is not a row", timeout=SHOWING)
    assert "/tmp" not in said.inner_text()

    found = tmp_path / "results.jsonl"
    bad = "<script>alert(11)</script><img src=http://192.0.2.1/row.png onerror=alert(12)>"
    statement = {"text": bad, "support": 0.2, "context": 0, "document": None, "page": None}
    statement |= {"start": 0, "end": 5, "quote": f"{bad}.", "cited": None}
    statement |= {"unsupported": [[0, 8]], "missing": [bad]}
    row = {"question": bad, "answerable": None, "outcome": "supported", "refused": False}
    row |= {"error": None, "answer": bad, "seconds": 0.1, "evidence": None, "rests_on": []}
    row |= {"sentences": [statement]}
    lines: list[dict[str, object]] = [
        {"id": f"row {at}", **row, "metrics": {"groundedness": at / 9}} for at in range(3)
    ]
    measure = {"value": 0.1, "n": 3, "not_applicable": 0, "failed": 0, "low": 0.0, "high": 0.2}
    lines.append({"summary": {"groundedness": measure}, "about": None})
    found.write_text("".join(json.dumps(line) + "\n" for line in lines))
    hand_over(0, found)
    opened.click()
    report = page.frame_locator("iframe[title=Report]")
    table = report.get_by_role("table").first
    expect(table.get_by_role("rowheader", name="groundedness")).to_be_visible(timeout=SHOWING)
    expect(report.locator("figure svg[role=img]")).to_have_count(1)
    assert report.locator("img, script, iframe").count() == 0

    page.get_by_role("tab", name="Rows").click()
    shown = page.locator(".sb-result .sb-place").first
    expect(shown).to_contain_text("row 0", timeout=SHOWING)
    page.get_by_role("button", name="Next", exact=True).click()
    expect(shown).to_contain_text("row 1", timeout=SHOWING)
    expect(page.locator(".sb-result .sb-question")).to_have_text(bad)
    expect(page.locator(".sb-unsupported")).to_have_text("<script>")
    page.get_by_text("Failed", exact=True).click()
    expect(page.get_by_text("There is no such row.")).to_be_visible(timeout=SHOWING)
    for forbidden in ("img", "script", "a", "svg", "iframe"):
        assert page.locator("[data-testid=stHtml]").locator(forbidden).count() == 0

    three = tmp_path / "three.jsonl"
    whole = (ROOT / "data" / "cases" / "field_guide.jsonl").read_text(encoding="utf-8")
    three.write_text("".join(whole.splitlines(keepends=True)[:3]), encoding="utf-8")
    hand_over(1, three)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("h3.sb-question").first).to_have_text("three.jsonl", timeout=LOADING)
    page.get_by_role("tab", name="Report").click()
    heading = report.get_by_role("heading", name="Answers measured: three.jsonl")
    expect(heading).to_be_visible(timeout=SHOWING)
    expect(report.locator(".key li").first).to_have_text("3rows")
    for label, name in (("Download results", "results.jsonl"), ("Download report", "report.html")):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        assert download.value.suggested_filename == name
        assert "three.jsonl" in download.value.path().read_text(encoding="utf-8")

    page.get_by_role("link", name="Ask").click()
    expect(page.get_by_label("Question")).to_be_visible(timeout=SHOWING)
    assert visit.clean()
