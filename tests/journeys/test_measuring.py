"""The view to measure in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.conftest import ROOT, SAMPLES
from tests.journeys.conftest import LOADING, SHOWING, Visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_results_are_opened_and_cases_are_run(visit: Visit, tmp_path: Path) -> None:
    """A report, its rows one by one, a set run over the library, and what moved between two."""
    visit.upload(SAMPLES / "field-guide-part-one.pdf")
    page = visit.page
    visit.go("Evaluate")
    expect(page.get_by_text("Nothing is measured yet")).to_be_visible(timeout=SHOWING)

    def begin(way: str) -> None:
        """By one of the ways to begin, behind a heading where something is measured already."""
        tab = page.get_by_role("tab", name=way)
        if not tab.is_visible():
            page.get_by_text("Measure something", exact=True).click()
        tab.click()

    def hand_over(label: str, file: Path) -> None:
        upload = page.get_by_test_id("stFileUploader").filter(has_text=label)
        upload.locator("input[type=file]").set_input_files(file)
        expect(upload).to_contain_text(file.name, timeout=SHOWING)
        # The file has arrived, and not only its name.
        expect(upload.get_by_role("progressbar")).to_have_count(0, timeout=SHOWING)

    begin("Open results")

    opened = page.get_by_role("button", name="Open", exact=True)

    opened.click()
    expect(page.locator(".sb-problem")).to_contain_text("No file was chosen.", timeout=SHOWING)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "<img src=x onerror=alert(10)>"}')
    hand_over("File of results", broken)
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
    hand_over("File of results", found)
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
    begin("Run cases")
    hand_over("File of cases", three)
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

    page.get_by_role("tab", name="What moved").click()
    page.get_by_role("button", name="Compare with what you looked at before").click()
    # Another set: there is nothing to compare, and that is said.
    expect(page.locator(".sb-problem")).to_contain_text("no row in common", timeout=SHOWING)

    begin("Make starter cases")
    page.get_by_label("How many").fill("4")
    page.get_by_role("button", name="Make cases").click()
    expect(page.get_by_text("3 cases: 3 from 1 documents")).to_be_visible(timeout=LOADING)
    compared = page.get_by_text("3 rows compared.")
    for _ in range(5):
        begin("Make starter cases")
        page.get_by_role("button", name="Run these").click()
        page.wait_for_timeout(1_000)
        visit.idle()
        expect(page.locator("h3.sb-question").first).to_have_text(
            "starter-cases.jsonl", timeout=LOADING
        )
        page.get_by_role("tab", name="What moved").click()
        page.get_by_role("button", name="Compare with what you looked at before").click()
        page.wait_for_timeout(1_000)
        visit.idle()
        if compared.is_visible():  # what was looked at before is these cases, from the second on
            break
    expect(page.get_by_text("3 rows compared.")).to_be_visible(timeout=SHOWING)
    moved = page.locator(".sb-moves")
    expect(moved.get_by_role("row", name="document_hit@10")).to_contain_text("+0.000")
    expect(page.get_by_text("No row flipped.")).to_be_visible()

    visit.go("Ask")
    expect(visit.question).to_be_visible(timeout=SHOWING)
    assert visit.clean()
