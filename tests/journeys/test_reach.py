"""Everybody can use the page: on any screen, in light and dark, by keyboard, by ear."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from rag.library.conversations import CONVERSATIONS
from tests.conftest import ROOT
from tests.journeys.conftest import LOADING, SHOWING, Served, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]

OUT = Path(__file__).with_name("out")
"""Pictures of every view, and what axe found in Streamlit's own markup; not kept by git."""

WIDTHS = (390, 768, 1440)
TALL = 900

OUT_OF_PLACE = """() => {
    const inner = document.querySelector('[data-testid="stMain"]');
    const width = document.documentElement.clientWidth;
    const found = [];
    for (const each of [document.documentElement, inner])
        if (each.scrollWidth > each.clientWidth + 1) found.push('sideways: ' + each.tagName);
    const shows = (each) => each.checkVisibility({visibilityProperty: true, opacityProperty: true});
    // What scrolls by itself in a box of its own may be wider than the screen.
    for (const each of inner.querySelectorAll('[data-testid="stHtml"] *')) {
        if (each.closest('.sb-wide, .sb-hidden, .sb-tip') || !shows(each)) continue;
        const box = each.getBoundingClientRect();
        if (box.width && (box.right > width + 1 || box.left < -1))
            found.push('cut off: ' + each.className + ' ' + each.textContent.slice(0, 40));
    }
    const boxes = [...inner.querySelectorAll('[data-testid="stElementContainer"]')]
        .filter((each) => shows(each) && each.innerText.trim() && !each.closest('.st-key-source'))
        .map((each) => [each, each.getBoundingClientRect()]);
    for (const [one, a] of boxes)
        for (const [other, b] of boxes) {
            if (one === other || one.contains(other) || other.contains(one)) continue;
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (wide > 2 && high > 2)
                found.push('overlap: ' + [one, other].map((e) => e.innerText.slice(0, 40)));
        }
    return found;
}"""


@pytest.fixture(scope="module")
def filled(sample_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page of the sample documents, with no generator."""
    library = tmp_path_factory.mktemp("reach") / "library"
    shutil.copytree(
        sample_library, library, ignore=lambda _, names: {CONVERSATIONS}.intersection(names)
    )
    with Served(library, SOURCEBOUND_GENERATOR="none").running() as served:
        yield served


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_can_be_read_on_every_screen(
    browser: Browser, filled: Served, tmp_path: Path, scheme: str
) -> None:
    """Nothing of ours keeps anybody out, scrolls sideways, overlaps or is cut off."""
    OUT.mkdir(exist_ok=True)
    size = {"width": WIDTHS[-1], "height": TALL}
    seen = _Seen()
    with Visit.of(browser, filled.url, color_scheme=scheme, viewport=size) as visit:
        page = visit.page
        visit.ask("How many parameters does GPT-3 have?", "Quotes")
        seen.look(page, f"ask-{scheme}")
        visit.go("Library")
        expect(page.get_by_test_id("stFileUploader").first).to_be_visible(timeout=SHOWING)
        seen.look(page, f"library-{scheme}")
        visit.go("Why")
        _follow(page, "briefings/figures-2026.pdf")
        seen.look(page, f"why-{scheme}")
        visit.go("Evaluate")
        expect(page.get_by_text("Nothing is measured yet")).to_be_visible(timeout=SHOWING)
        seen.look(page, f"evaluate-empty-{scheme}")
        cases = (ROOT / "data/cases/field_guide.jsonl").read_text(encoding="utf-8")
        few = tmp_path / "few.jsonl"
        few.write_text("".join(cases.splitlines(keepends=True)[:4]), encoding="utf-8")
        page.locator("input[type=file]").first.set_input_files(few)
        expect(page.get_by_text("few.jsonl")).to_be_visible(timeout=SHOWING)
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.locator("h3.sb-question")).to_have_text("few.jsonl", timeout=LOADING)
        page.get_by_role("tab", name="Rows").click()
        expect(page.locator(".sb-result")).to_be_visible(timeout=SHOWING)
        seen.look(page, f"evaluate-{scheme}")
        visit.go("Settings")
        expect(page.get_by_text("How much evidence is enough").first).to_be_visible(timeout=SHOWING)
        seen.look(page, f"settings-{scheme}")
    report = OUT / f"axe-streamlit-{scheme}.json"
    report.write_text(json.dumps(dict(seen.theirs.most_common()), indent=1))
    assert seen.problems == []


def test_the_keyboard_is_enough_to_ask_and_to_go_elsewhere(
    browser: Browser, filled: Served
) -> None:
    with Visit.of(browser, filled.url) as visit:
        page = visit.page
        visit.question.wait_for(timeout=LOADING)
        _tab_to(page, "What do you want to know")
        page.keyboard.type("How many parameters does GPT-3 have?")
        page.keyboard.press("Enter")
        expect(page.locator(".sb-turn .sb-actions")).to_be_visible(timeout=LOADING)
        _tab_to(page, "Why")
        page.keyboard.press("Enter")
        question = page.get_by_role("textbox", name="Question")
        expect(question).to_have_value("How many parameters does GPT-3 have?", timeout=SHOWING)
        _tab_to(page, "Document that should be found")
        page.keyboard.type("glossary.md")
        expect(page.get_by_role("option", name="glossary.md")).to_be_visible(timeout=SHOWING)
        page.keyboard.press("Enter")
        _tab_to(page, "Follow it")
        page.keyboard.press("Enter")
        expect(page.locator(".sb-path")).to_be_visible(timeout=LOADING)


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of that name is reached, and see that it shows."""
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate("""() => {
            const at = document.activeElement;
            // Not of what holds other things: it has the texts of all of them.
            const text = at.innerText.length < 60 ? at.innerText : '';
            return [at.ariaLabel, at.placeholder, text].join(' ');
        }""")
        if name in found:
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def _follow(page: Page, document: str) -> None:
    """Ask why a document was not found, for the question that is there."""
    box = page.get_by_role("combobox", name="Document that should be found")
    box.click()
    box.fill(document)
    page.get_by_role("option", name=document).first.click()
    page.get_by_role("button", name="Follow it").click()
    expect(page.locator(".sb-path")).to_be_visible(timeout=LOADING)


class _Seen:
    """What was found: of ours each, of Streamlit's own by rule."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.theirs: Counter[str] = Counter()

    def look(self, page: Page, name: str) -> None:
        """Look at a view on each screen, and by axe on the smallest and the widest."""
        app = page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=LOADING)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": TALL})
            page.wait_for_timeout(400)  # Streamlit moves its sidebar in and out
            page.screenshot(path=OUT / f"{name}-{width}.png")
            self.problems += [f"{name}-{width}: {each}" for each in page.evaluate(OUT_OF_PLACE)]
            if width != WIDTHS[1]:
                self._by_axe(page, f"{name}-{width}")

    def _by_axe(self, page: Page, where: str) -> None:
        for rule in Axe().run(page).response["violations"]:
            for node in rule["nodes"]:
                if not _is_ours(page, node):
                    self.theirs[f"{rule['id']} ({rule['impact']})"] += 1
                elif rule["impact"] in ("serious", "critical"):
                    self.problems.append(f"{where}: {rule['id']}: {node['html'][:200]}")


def _is_ours(page: Page, node: dict[str, Any]) -> bool:
    """Whether an element that axe names stands in what `st.html` put there."""
    inside = "(target) => !!document.querySelector(target)?.closest('[data-testid=\"stHtml\"]')"
    return bool(page.evaluate(inside, node["target"][0]))
