"""Who may open the page, what of it is served, and what stands where it cannot be."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from rag.library.folder import Library
from tests.conftest import LoadTexts
from tests.journeys.conftest import SHOWING, Served, Visit
from ui.password import Hashed

pytestmark = [pytest.mark.browser, pytest.mark.models]

PASSWORD = "heron willow weir"


def test_ending_the_command_ends_the_page(tmp_path: Path) -> None:
    server = Served(tmp_path / "library")
    server.wait()
    server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), 5)


def test_only_this_machine_is_served(served: Served) -> None:
    # 127.0.0.1 in the kernel's notation.
    assert _listening(served.port) == [f"0100007F:{served.port:04X}"]


def test_nothing_is_shown_before_one_signs_in_nor_after_one_signs_out(
    browser: Browser, load_texts: LoadTexts, tmp_path: Path
) -> None:
    """On an address that other machines reach; and then no file of this one is read by its path."""
    library = load_texts({"kiln.txt": "The kiln of Thornby is lit at six."})
    Hashed.of(PASSWORD).write(tmp_path / "secret")
    secret = {"SOURCEBOUND_PASSWORD_FILE": str(tmp_path / "secret")}
    wide = Served(library.path, "--host", "0.0.0.0", SOURCEBOUND_GENERATOR="none", **secret)
    with wide.running():
        assert _listening(wide.port) == [f"00000000:{wide.port:04X}"]
        with Visit.of(browser, wide.url) as visit, Visit.of(browser, wide.url) as other:
            page = visit.page
            field = page.get_by_label("Password", exact=True)
            for wrong in ("open sesame", "open sesame!"):
                field.fill(wrong)
                field.press("Enter")
                expect(page.get_by_text("That is not the password.")).to_be_visible(timeout=SHOWING)
                assert page.get_by_role("link", name="Library").count() == 0
                assert "kiln" not in page.content()
            field.fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(visit.question).to_be_visible(timeout=SHOWING)

            visit.go("Evaluate")
            expect(page.get_by_text("Nothing is measured yet")).to_be_visible(timeout=SHOWING)
            page.get_by_role("tab", name="Open results").click()
            expect(page.get_by_text("File of results").first).to_be_visible(timeout=SHOWING)
            assert page.get_by_label("Or its place on this machine").count() == 0

            # Somebody else's browser is as far as it was.
            other.page.reload()
            expect(other.page.get_by_label("Password", exact=True)).to_be_visible(timeout=SHOWING)

            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_label("Password", exact=True)).to_be_visible(timeout=SHOWING)
            assert page.get_by_role("link", name="Library").count() == 0

            # After some wrong ones the next has to wait, longer each time: the right one too.
            too_many = page.get_by_text("too many wrong attempts")
            for number in range(12):
                field.fill(f"sesame number {number}")
                field.press("Enter")
                page.wait_for_timeout(700)
                if too_many.is_visible():
                    break
            field.fill(PASSWORD)
            field.press("Enter")
            expect(too_many).to_be_visible(timeout=SHOWING)
            assert page.get_by_role("link", name="Library").count() == 0


def test_a_library_of_a_newer_version_is_said_and_left_alone(
    browser: Browser, load_texts: LoadTexts
) -> None:
    library = load_texts({"kiln.txt": "The kiln of Thornby is lit at six."})
    with library.catalogue.writing():
        library.catalogue.set_meta("schema", "99")
    library.close()
    before = _bytes(library)
    with (
        Served(library.path, SOURCEBOUND_GENERATOR="none").running() as served,
        Visit.of(browser, served.url) as visit,
    ):
        for view in ("Ask", "Library", "Why"):
            visit.go(view)
            said = visit.page.locator(".sb-problem").first
            expect(said).to_contain_text("version 99", timeout=SHOWING)
    assert _bytes(library) == before


def _listening(port: int) -> list[str]:
    """Addresses that somebody listens on, in the kernel's notation."""
    return [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    ]


def _bytes(library: Library) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in library.path.glob("*.sqlite*")}
