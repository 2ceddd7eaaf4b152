"""Archives are loaded by their members, each with an outcome of its own."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import UNPACKED, Library
from rag.records import FileReport
from tests.conftest import BENCH, SAMPLES
from tests.stand_ins import HashEmbedder

Load = Callable[..., dict[str, str]]

FILES = {
    "letters/first.txt": "The heron stands in the lake of Zug.",
    "letters/deep/second.md": "# Owls\n\nThe owl sleeps in the tower.",
    "letters/figures.csv": "bird,eggs\nheron,4\n",
}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library.create(tmp_path / "library")
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    return made


@pytest.fixture
def outcomes(library: Library, folder: Path) -> Load:
    """Loads the folder; what became of each file, the reason in the place of "refused"."""

    def run(*paths: Path, prune: bool = False, largest: int = 10_000_000) -> dict[str, str]:
        reports: list[FileReport] = []
        with Parser() as parser:
            load(
                list(paths) or [folder],
                library,
                HashEmbedder,
                parser,
                prune=prune,
                largest_file=largest,
                on_file=reports.append,
            )
        assert len({report.name for report in reports}) == len(reports)
        assert library.verify() == []
        assert not (library.path / UNPACKED).exists()
        return {each.name: each.reason or each.outcome.value for each in reports}

    return run


def _zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def _settle(path: Path) -> None:
    os.utime(path, (1_600_000_000, 1_600_000_000))


def _tar(path: Path, files: dict[str, str], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tape:  # type: ignore[call-overload]
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tape.addfile(entry, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.zip", ""), ("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar.xz", "w:xz")],
)
def test_each_member_is_a_document(
    outcomes: Load, folder: Path, library: Library, name: str, mode: str
) -> None:
    path = folder / name
    _tar(path, FILES, mode) if mode else _zip(path, FILES)
    assert outcomes() == {f"{name}/{member}": "added" for member in FILES}
    document = library.catalogue.document(f"{name}/letters/first.txt")
    assert document is not None
    (place,) = library.catalogue.places(document.id)
    assert place.path == f"{path.resolve()}/letters/first.txt"
    assert library.catalogue.pages(document.id)[0].text == FILES["letters/first.txt"]
    assert outcomes() == {f"{name}/{member}": "unchanged" for member in FILES}


def test_an_unchanged_archive_is_not_unpacked_again(
    outcomes: Load, folder: Path, library: Library
) -> None:
    path = _zip(folder / "a.zip", FILES)
    _settle(path)
    outcomes()
    before = library.catalogue.generation
    assert set(outcomes().values()) == {"unchanged"}
    assert library.catalogue.generation == before


def test_members_are_compared_by_content_like_files(
    outcomes: Load, folder: Path, library: Library
) -> None:
    path = _zip(folder / "a.zip", FILES)
    (folder / "letters").mkdir()
    (folder / "letters" / "copy.txt").write_text(FILES["letters/first.txt"])
    first = outcomes()
    assert first["letters/copy.txt"] == "duplicate"
    changed = dict(FILES)
    changed["letters/first.txt"] = "The heron has left the lake."
    del changed["letters/figures.csv"]
    path.unlink()
    _zip(path, changed)
    second = outcomes(prune=True)
    assert second == {
        "a.zip/letters/first.txt": "updated",
        "a.zip/letters/deep/second.md": "unchanged",
        "letters/copy.txt": "unchanged",
        "a.zip/letters/figures.csv": "removed",
    }
    path.unlink()
    third = outcomes(prune=True)
    assert set(third.values()) == {"removed", "unchanged"}
    assert [each.name for each in library.catalogue.documents()] == ["letters/copy.txt"]


def test_what_was_unpacked_by_hand_has_moved(outcomes: Load, folder: Path) -> None:
    path = _zip(folder / "a.zip", FILES)
    outcomes()
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    path.unlink()
    assert outcomes() == dict.fromkeys(FILES, "moved")


def test_members_that_cannot_be_read_are_named_with_the_reason(
    outcomes: Load, folder: Path
) -> None:
    path = folder / "mixed.zip"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.txt", "words")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.txt", "The heron stands in the lake.")
        archive.writestr("empty.txt", "")
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("photo.xyz", b"\x00\x01")
        archive.writestr("large.txt", "word " * 400_000)
        archive.writestr(".hidden.txt", "not seen")
        archive.writestr("__MACOSX/good.txt", "not seen")
        archive.writestr("../../escape.txt", "It stays inside.")
        archive.writestr("/absolute.txt", "It stays inside as well.")
    found = outcomes(largest=1_000_000)
    assert found.pop("mixed.zip/photo.xyz").startswith("files of kind .xyz are not supported")
    assert found == {
        "mixed.zip/good.txt": "added",
        "mixed.zip/empty.txt": "the file is empty",
        "mixed.zip/inner.zip": "an archive inside an archive; unpack it and load the folder",
        "mixed.zip/large.txt": "too large: more than 1.0 MB unpacked",
        "mixed.zip/escape.txt": "added",
        "mixed.zip/absolute.txt": "added",
    }
    assert sorted(each.name for each in folder.parent.iterdir()) == ["documents", "library"]


def test_links_in_a_tar_are_not_followed(outcomes: Load, folder: Path) -> None:
    with tarfile.open(folder / "a.tar", "w") as tape:
        tape.add(SAMPLES / "glossary.md", "glossary.md")
        link = tarfile.TarInfo("passwords.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tape.addfile(link)
    assert outcomes() == {
        "a.tar/glossary.md": "added",
        "a.tar/passwords.txt": "a link inside an archive; links are not followed",
    }


def test_a_damaged_archive_is_refused_and_what_was_loaded_from_it_stays(
    outcomes: Load, folder: Path, library: Library
) -> None:
    path = _zip(folder / "a.zip", FILES)
    whole = path.read_bytes()
    outcomes()
    path.write_bytes(whole[: len(whole) // 2])
    assert outcomes(prune=True) == {"a.zip": "damaged: the archive cannot be unpacked"}
    assert len(library.catalogue.documents()) == len(FILES)
    path.write_bytes(whole)
    assert set(outcomes().values()) == {"unchanged"}
    assert library.catalogue.refusals() == []


def test_a_member_that_is_damaged_costs_no_other(outcomes: Load, folder: Path) -> None:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:  # stored, so that the text can be found in it
        for name, text in FILES.items():
            archive.writestr(name, text)
    path.write_bytes(path.read_bytes().replace(b"The heron stands", b"The heron stoods"))
    found = outcomes()
    assert found.pop("a.zip/letters/first.txt").startswith("damaged")
    assert set(found.values()) == {"added"}


def test_an_archive_that_explodes_is_cut_short(outcomes: Load, folder: Path) -> None:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.txt", b"0" * 50_000_000)
    assert set(outcomes().values()) == {"too large: more than 10.0 MB unpacked"}


def test_hostile_archives_are_accounted_for(outcomes: Load, folder: Path) -> None:
    sources = sorted((BENCH / "hostile" / "zip").glob("*.zip"))
    if not sources:
        pytest.skip(f"there are no archives at {BENCH / 'hostile' / 'zip'}")
    for source in sources[:12]:
        (folder / source.name).write_bytes(source.read_bytes())
    found = outcomes()
    seen = {name.split("/")[0] for name in found}
    assert seen == {source.name for source in sources[:12]}
