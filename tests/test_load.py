"""Every file of a load has one outcome, and the outcomes add up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.load import Progress, Summary, load
from ingest.parse import Parser
from rag.errors import SettingsError
from rag.library.folder import Library
from rag.records import FileReport, LoadOutcome
from tests.stand_ins import HashEmbedder

Load = Callable[..., dict[str, FileReport]]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library.create(tmp_path / "library")
    yield made
    made.close()


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    return folder


@pytest.fixture
def load_all(library: Library, documents: Path) -> Load:
    def run(*paths: Path, prune: bool = False) -> dict[str, FileReport]:
        reports: list[FileReport] = []
        with Parser() as parser:
            summary: Summary = load(
                list(paths) or [documents],
                library,
                HashEmbedder,
                parser,
                prune=prune,
                on_file=reports.append,
            )
        assert summary.files == len(reports) == sum(summary.counts.values())
        for outcome in LoadOutcome:
            assert summary.counts[outcome] == sum(one.outcome is outcome for one in reports)
        assert len({report.name for report in reports}) == len(reports)
        assert library.verify() == []
        return {report.name: report for report in reports}

    return run


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _outcomes(reports: dict[str, FileReport]) -> dict[str, str]:
    return {name: report.outcome.value for name, report in reports.items()}


def test_every_outcome_once(load_all: Load, documents: Path, library: Library) -> None:
    for name in ("stays", "changes", "moves", "goes", "breaks"):
        _write(documents, f"{name}.txt", f"A page about {name} and the weather at sea.")
    _write(documents, "empty.txt", "")
    _write(documents, "picture.xyz", "\x00\x01\x02")
    first = load_all()
    assert set(_outcomes(first).values()) == {"added", "refused"}
    assert first["empty.txt"].reason
    assert first["picture.xyz"].reason

    _write(documents, "changes.txt", "Now it speaks of harbours and of tides.")
    (documents / "moves.txt").rename(documents / "moved.txt")
    shutil.copy(documents / "stays.txt", documents / "twin.txt")
    (documents / "goes.txt").unlink()
    (documents / "breaks.txt").write_bytes(b"%PDF-1.7 nothing of the kind")
    second = load_all(prune=True)
    assert _outcomes(second) == {
        "stays.txt": "unchanged",
        "changes.txt": "updated",
        "moved.txt": "moved",
        "twin.txt": "duplicate",
        "goes.txt": "removed",
        "breaks.txt": "refused",
        "empty.txt": "refused",
        "picture.xyz": "refused",
    }
    assert "is kept" in (second["breaks.txt"].reason or "")
    names = {name for doc in library.catalogue.documents() for name in (doc.name, *doc.also)}
    assert names == {"stays.txt", "twin.txt", "changes.txt", "moved.txt", "breaks.txt"}
    assert library.catalogue.document("moves.txt") is None


def test_loading_again_touches_nothing(load_all: Load, documents: Path, library: Library) -> None:
    _write(documents, "a.txt", "The lighthouse was lit in the autumn of 1811.")
    _write(documents, "empty.txt", "")
    load_all()
    generation = library.catalogue.generation
    before = (library.path / "vectors.faiss").stat().st_mtime_ns
    assert _outcomes(load_all()) == {"a.txt": "unchanged", "empty.txt": "refused"}
    assert library.catalogue.generation == generation
    assert (library.path / "vectors.faiss").stat().st_mtime_ns == before


def test_a_name_tells_two_files_apart(load_all: Load, documents: Path, library: Library) -> None:
    one, two = documents / "one", documents / "two"
    _write(one, "notes.txt", "Notes of the first meeting about boats.")
    _write(two, "notes.txt", "Notes of the second meeting about trains.")
    assert list(load_all(one)) == ["notes.txt"]
    assert list(load_all(two)) == ["two/notes.txt"]
    # A name never changes while the file stays.
    assert set(load_all()) == {"notes.txt", "two/notes.txt"}
    assert library.catalogue.document("notes.txt") != library.catalogue.document("two/notes.txt")


def test_a_mended_file_is_no_longer_refused(
    load_all: Load, documents: Path, library: Library
) -> None:
    path = _write(documents, "a.txt", " \n ")
    assert _outcomes(load_all()) == {"a.txt": "refused"}
    assert library.catalogue.counts().refused == 1
    path.write_text("Now there is a sentence in it.")
    assert _outcomes(load_all()) == {"a.txt": "added"}
    assert library.catalogue.counts().refused == 0


def test_one_bad_file_does_not_stop_the_rest(load_all: Load, documents: Path) -> None:
    (documents / "0-bad.pdf").write_bytes(b"%PDF-1.4\n" + os.urandom(5000))
    (documents / "1-bad.docx").write_bytes(b"PK\x03\x04" + os.urandom(5000))
    _write(documents, "2-good.txt", "Still here, and readable.")
    found = load_all()
    assert _outcomes(found) == {
        "0-bad.pdf": "refused",
        "1-bad.docx": "refused",
        "2-good.txt": "added",
    }
    for name in ("0-bad.pdf", "1-bad.docx"):
        assert len((found[name].reason or "").split()) >= 3


def test_an_unreadable_file_is_refused(load_all: Load, documents: Path) -> None:
    _write(documents, "good.txt", "A sentence to be found.")
    (documents / "broken-link.txt").symlink_to(documents / "nowhere.txt")
    (documents / "loop").symlink_to(documents)
    found = _outcomes(load_all())
    assert found["good.txt"] == "added"
    assert set(found.values()) <= {"added", "refused"}


def test_an_empty_folder_adds_up_to_nothing(load_all: Load) -> None:
    assert load_all() == {}


def test_a_path_that_is_not_there_is_wrong_use(load_all: Load, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is nothing at"):
        load_all(tmp_path / "nowhere")


def test_progress_reaches_the_end(library: Library, documents: Path) -> None:
    for number in range(3):
        _write(documents, f"{number}.txt", f"Sentence number {number} about the sea.")
    seen: list[Progress] = []
    with Parser() as parser:
        load([documents], library, HashEmbedder, parser, on_progress=seen.append)
    reading = [at for at in seen if at.step == "reading"]
    assert (reading[0].done, reading[-1].done, reading[-1].total) == (0, 3, 3)
    assert seen[-1].step == "embedding"
    assert seen[-1].done == seen[-1].total == library.catalogue.counts().chunks
