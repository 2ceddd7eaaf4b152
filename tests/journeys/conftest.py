"""The page of a library, served and visited in a real Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
LOADING = 240_000
"""Milliseconds. The first question loads the models; a busy machine takes long for that."""

SHOWING = 30_000
"""Milliseconds, for what needs no model."""


GENERATOR = os.environ.get("JOURNEYS_GENERATOR", "")
"""Generator of the pages that ask for none of their own; the default one where it is empty."""


class Served:
    """The page of one library, as `rag ui` serves it."""

    def __init__(self, library: Path, *more: str, **environment: str) -> None:
        """`more` are further options of `rag ui`."""
        self.library = library
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        command = Path(sys.executable).with_name("rag")
        options = ["--no-browser", "--port", str(self.port), "--library", str(library)]
        if GENERATOR:
            environment.setdefault("SOURCEBOUND_GENERATOR", GENERATOR)
        # Whoever runs the tests may have a password of their own.
        environment.setdefault("SOURCEBOUND_PASSWORD_FILE", str(library.with_name("password")))
        # Streamlit's log is not read here: a full pipe would stop it.
        self.process = subprocess.Popen(
            [command, "ui", *options, *more],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
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

    @contextmanager
    def running(self) -> Iterator[Self]:
        try:
            self.wait()
            yield self
        finally:
            self.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("page") / "library").running() as server:
        yield server


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
        ours = (url, url.replace("http", "ws"), "data:", "blob:")

        def dialog(opened: Dialog) -> None:
            self.dialogs.append(opened.message)
            opened.dismiss()

        def console(message: ConsoleMessage) -> None:
            if message.type == "error":
                self.errors.append(message.text)

        def request(sent: Request) -> None:
            if not sent.url.startswith(ours):
                self.abroad.append(sent.url)

        page.on("dialog", dialog)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", console)
        page.on("request", request)
        page.goto(url)

    @classmethod
    @contextmanager
    def of(cls, browser: Browser, url: str, **options: Any) -> Iterator[Self]:
        """A visitor of their own, who must have seen nothing break; options of the context."""
        context = browser.new_context(**options)
        try:
            visit = cls(context.new_page(), url)
            yield visit
            assert visit.clean()
        finally:
            context.close()

    def go(self, view: str) -> None:
        """To another view, by its link."""
        self.page.get_by_role("link", name=view, exact=True).click()

    def upload(self, *files: Path) -> None:
        """Hand over files in the library, and come back to ask."""
        page = self.page
        self.go("Library")
        page.locator("input[type=file]").wait_for(state="attached", timeout=LOADING)
        self.idle()
        dismiss = page.get_by_role("button", name="Dismiss this account")
        if dismiss.is_visible():  # that of an earlier load must not be taken for this one's
            dismiss.click()
            expect(dismiss).to_have_count(0, timeout=SHOWING)
        page.locator("input[type=file]").set_input_files([str(file) for file in files])
        page.get_by_role("button", name="Load", exact=True).click()
        lines = page.locator(".st-key-account li")
        expect(lines).to_have_count(len(files), timeout=LOADING)
        self.idle()  # whatever is pressed before would end the load
        self.go("Ask")

    def ask(self, question: str, answer: str) -> Locator:
        """Ask in the way named by its button; returns the answer, once it is whole."""
        whole = self.page.locator(".sb-turn .sb-actions")
        self.question.wait_for(timeout=LOADING)
        before = whole.count()
        way = self.page.get_by_test_id("stButtonGroup").get_by_role(
            "radio", name=answer, exact=True
        )
        if way.is_enabled():  # without a generator there is only one
            way.click()
        self.question.fill(question)
        self.question.press("Enter")
        expect(whole).to_have_count(before + 1, timeout=LOADING)
        asked = self.page.locator(".sb-turn").last
        expect(asked.locator(".sb-question")).to_have_text(question)
        self.idle()
        return asked

    def idle(self) -> None:
        """Wait until the page has shown all: what is pressed meanwhile may be drawn anew."""
        expect(self.page.get_by_test_id("stApp")).to_have_attribute(
            "data-test-script-state", "notRunning", timeout=LOADING
        )
        # The script that hears what is pressed is loaded after what it listens to is shown.
        self.page.wait_for_function(
            "() => !document.querySelector('[data-sb-act]') || window.sourceboundPage?.listening",
            timeout=LOADING,
        )

    @property
    def question(self) -> Locator:
        return self.page.get_by_role("textbox", name="What do you want to know")

    def clean(self) -> bool:
        assert (self.dialogs, self.errors, self.abroad) == ([], [], [])
        return True


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Visit]:
    with Visit.of(browser, served.url) as found:
        yield found
