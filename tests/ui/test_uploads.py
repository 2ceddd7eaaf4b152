"""Files handed over in the page stay inside the library, whatever they are called."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from rag.library.folder import Library
from rag.records import LoadOutcome
from rag.settings import Settings
from tests.stand_ins import HashEmbedder
from ui.uploads import LONGEST_NAME, load_uploads, safe_name


@dataclass
class Sent:
    name: str
    content: bytes

    def getvalue(self) -> bytes:
        return self.content


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\notes.txt", "notes.txt"),
        ("/absolute.md", "absolute.md"),
        ("..", "upload"),
        ("", "upload"),
        ("a\x00b\n.txt", "ab.txt"),
        (".hidden", "hidden"),
    ],
)
def test_a_name_chooses_no_folder(name: str, kept: str) -> None:
    assert safe_name(name) == kept


def test_a_long_name_keeps_its_ending() -> None:
    name = safe_name("ü" * 400 + ".pdf")
    assert name.endswith(".pdf")
    assert len(name.encode()) <= LONGEST_NAME


def test_uploads_are_loaded_and_stay_inside(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "deep" / "library")
    good = Sent("../../escape.txt", b"The heron nests in the old willow by the weir.")
    reports = load_uploads(
        [good, Sent("empty.txt", b"")], library, HashEmbedder, Settings(), lambda at: None
    )
    assert [report.outcome for report in reports] == [LoadOutcome.ADDED, LoadOutcome.REFUSED]
    assert library.catalogue.documents()[0].name == "escape.txt"
    kept = [path for path in (tmp_path).rglob("*") if path.is_file() and path.suffix == ".txt"]
    assert [path.read_bytes() for path in kept] == [good.content]
    assert (library.path / "uploads") in kept[0].parents
    library.close()


def test_the_same_file_twice_is_kept_once(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "library")
    sent = Sent("one.txt", b"A sentence about otters and their holts.")
    for expected in (LoadOutcome.ADDED, LoadOutcome.UNCHANGED):
        reports = load_uploads([sent, sent], library, HashEmbedder, Settings(), lambda at: None)
        assert [report.outcome for report in reports] == [expected, LoadOutcome.DUPLICATE]
    assert len(list((library.path / "uploads").rglob("one.txt"))) == 1
    library.close()


def test_forgetting_deletes_the_upload(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "library")
    sent = Sent("one.txt", b"A sentence about the unmistakable xylophonist.")
    load_uploads([sent], library, HashEmbedder, Settings(), lambda at: None)
    done = library.forget("one.txt")
    assert done.traces == ()
    assert not list(library.path.rglob("one.txt"))
    library.close()


def test_an_archive_is_loaded_by_its_members_and_forgotten_with_any_of_them(
    tmp_path: Path,
) -> None:
    library = Library.create(tmp_path / "library")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("heron.txt", "The heron stands in the lake.")
        archive.writestr("owl.txt", "The owl sleeps in the tower.")
    reports = load_uploads(
        [Sent("birds.zip", packed.getvalue())],
        library,
        HashEmbedder,
        Settings(),
        lambda progress: None,
    )
    assert [report.outcome for report in reports] == [LoadOutcome.ADDED] * 2
    names = [document.name for document in library.catalogue.documents()]
    assert [name.rsplit("/", 2)[-2:] for name in names] == [
        ["birds.zip", "heron.txt"],
        ["birds.zip", "owl.txt"],
    ]
    assert len(list((library.path / "uploads").rglob("*.zip"))) == 1
    done = library.forget(names[0])
    assert done.traces == ()
    assert list((library.path / "uploads").rglob("*.zip")) == []
    assert [document.name for document in library.catalogue.documents()] == names[1:]
