"""Every file of a load has one outcome, and the outcomes add up."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.embed import Progress
from ingest.load import Summary, load
from ingest.parse import Cutting, Parser
from ingest.parsed import Parsed
from rag.errors import SettingsError
from rag.library.catalogue import NewChunk
from rag.library.folder import Library
from rag.records import FileReport, LoadOutcome
from tests.conftest import ROOT, SAMPLES
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
    derived = ("vectors.faiss", "vectors.json", "words.npy", "words.json")
    before = [(library.path / name).stat().st_mtime_ns for name in derived]
    assert _outcomes(load_all()) == {"a.txt": "unchanged", "empty.txt": "refused"}
    assert library.catalogue.generation == generation
    assert [(library.path / name).stat().st_mtime_ns for name in derived] == before


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


# -- what the world does to files ----------------------------------------------------------------


def test_a_file_put_back_is_no_longer_refused(
    load_all: Load, documents: Path, library: Library
) -> None:
    """It broke, and then it is again what was loaded before."""
    path = _write(documents, "a.txt", "The lighthouse was lit in 1811.")
    load_all()
    path.write_bytes(b"%PDF-1.7 nothing of the kind")
    assert "is kept" in (load_all()["a.txt"].reason or "")
    path.write_text("The lighthouse was lit in 1811.")
    assert _outcomes(load_all()) == {"a.txt": "unchanged"}
    assert library.catalogue.refusals() == []


class _Meddling(Parser):
    """Does something to a file while it is read."""

    def __init__(self, name: str, meddle: Callable[[Path], None]) -> None:
        super().__init__()
        self.read_so_far: list[str] = []
        self._name = name
        self._meddle = meddle

    def read(
        self, path: Path, media_type: str, document_id: str, cutting: Cutting
    ) -> tuple[Parsed, tuple[NewChunk, ...]]:
        self.read_so_far.append(path.name)
        found = super().read(path, media_type, document_id, cutting)
        if path.name == self._name:
            self._meddle(path)
        return found


def test_a_file_that_vanishes_costs_only_itself(library: Library, documents: Path) -> None:
    for name in "abc":
        _write(documents, f"{name}.txt", f"Sentence {name} about the sea.")
    reports: list[FileReport] = []
    with _Meddling("b.txt", Path.unlink) as parser:
        load([documents], library, HashEmbedder, parser, on_file=reports.append)
    assert {report.name: report.outcome.value for report in reports} == {
        "a.txt": "added",
        "b.txt": "refused",
        "c.txt": "added",
    }
    assert "went away" in (reports[1].reason or "")
    assert [document.name for document in library.catalogue.documents()] == ["a.txt", "c.txt"]
    assert library.verify() == []


def test_a_file_that_grows_for_ever_is_refused_and_loaded_when_it_is_whole(
    library: Library, documents: Path
) -> None:
    _write(documents, "a.txt", "The ferry leaves at noon.")
    growing = _write(documents, "log.txt", "The first line of the log.\n")

    def grow(path: Path) -> None:
        with path.open("a") as file:
            file.write("Another line of the log.\n")

    reports: list[FileReport] = []
    with _Meddling("log.txt", grow) as parser:
        load([documents], library, HashEmbedder, parser, on_file=reports.append)
        assert parser.read_so_far == ["a.txt", "log.txt", "log.txt"]
    assert [report.outcome.value for report in reports] == ["added", "refused"]
    assert "changed while it was read" in (reports[1].reason or "")
    with Parser() as parser:
        load([documents], library, HashEmbedder, parser, on_file=reports.append)
    assert [report.outcome.value for report in reports[2:]] == ["unchanged", "added"]
    (document,) = (each for each in library.catalogue.documents() if each.name == "log.txt")
    text = "".join(page.text for page in library.catalogue.pages(document.id))
    assert text.strip() == growing.read_text().strip()


def test_a_file_written_once_while_it_is_read_is_read_again(
    library: Library, documents: Path
) -> None:
    _write(documents, "a.txt", "The ferry leaves at noon.")

    def write_once(path: Path) -> None:
        if "evening" not in path.read_text():
            path.write_text("The ferry leaves in the evening.")

    with _Meddling("a.txt", write_once) as parser:
        load([documents], library, HashEmbedder, parser)
    (document,) = library.catalogue.documents()
    assert [page.text for page in library.catalogue.pages(document.id)] == [
        "The ferry leaves in the evening."
    ]


def test_what_was_refused_is_read_again_only_when_something_changed(
    library: Library, documents: Path
) -> None:
    bad = _write(documents, "bad.txt", " \n \n")
    good = _write(documents, "good.txt", "The ferry leaves at noon.")
    _age(bad, good)

    def read(seconds: float = 60) -> tuple[list[str], list[FileReport]]:
        reports: list[FileReport] = []
        with _Meddling("", lambda path: None) as parser:
            parser._seconds = seconds
            load([documents], library, HashEmbedder, parser, on_file=reports.append)
            return parser.read_so_far, reports

    first, before = read()
    assert first == ["bad.txt", "good.txt"]
    again, after = read()
    assert again == []
    assert [(one.name, one.reason) for one in after if one.reason] == [
        (one.name, one.reason) for one in before if one.reason
    ]
    assert read(seconds=90)[0] == ["bad.txt"]  # other limits: perhaps it can be read now
    bad.write_text("The lighthouse was lit in 1811.")
    assert read()[1][0].outcome is LoadOutcome.ADDED


def test_a_settled_file_is_not_even_opened_again(
    library: Library, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _age(_write(documents, "a.txt", "The ferry leaves at noon."))
    with Parser() as parser:
        load([documents], library, HashEmbedder, parser)
        import ingest.look

        hashed: list[Path] = []
        real = ingest.look.content_hash
        monkeypatch.setattr(
            ingest.look, "content_hash", lambda path: (hashed.append(path), real(path))[1]
        )
        summary = load([documents], library, HashEmbedder, parser)
        assert summary.counts[LoadOutcome.UNCHANGED] == 1
        assert hashed == []
        # The same size and, seen in steps of two seconds, the same time: only its bytes tell.
        path = _write(documents, "a.txt", "The ferry leaves at dusk.")
        summary = load([documents], library, HashEmbedder, parser)
        assert summary.counts[LoadOutcome.UPDATED] == 1
        path.write_text("The ferry leaves at dawn.")
        os.utime(path, ns=(0, library.catalogue.places()[0].mtime_ns))
        summary = load([documents], library, HashEmbedder, parser)
        assert summary.counts[LoadOutcome.UPDATED] == 1


def _age(*paths: Path) -> None:
    """Make files an hour old, so that their time can be trusted."""
    for path in paths:
        os.utime(path, (time.time() - 3600,) * 2)


def test_a_name_that_is_not_unicode_costs_only_its_file(
    load_all: Load, documents: Path, library: Library
) -> None:
    """Old archives hold such names; file systems that refuse them cannot have the trouble."""
    _write(documents, "a.txt", "The lighthouse was lit in 1811.")
    raw = os.path.join(os.fsencode(documents), b"caf\xe9.txt")
    with open(raw, "wb") as file:
        file.write(b"Coffee is served at noon.")
    for prune in (False, True):
        found = load_all(prune=prune)
        (bad,) = (report for report in found.values() if report.name != "a.txt")
        assert bad.outcome is LoadOutcome.REFUSED
        assert "UTF-8" in (bad.reason or "")
        assert bad.name.encode("utf-8").startswith(b"caf")
        assert library.catalogue.counts().refused == 1


def test_a_library_inside_the_folder_is_no_document(tmp_path: Path, documents: Path) -> None:
    _write(documents, "a.txt", "The lighthouse was lit in 1811.")
    inside = Library.create(documents / "library")
    upload = _write(inside.path / "uploads" / "0", "handed-over.txt", "The ferry leaves at noon.")
    for _ in range(2):
        reports: list[FileReport] = []
        with Parser() as parser:
            load([documents], inside, HashEmbedder, parser, on_file=reports.append)
        assert [report.name for report in reports] == ["a.txt"]
    with Parser() as parser:  # what is named itself is loaded: the page does that
        load([upload], inside, HashEmbedder, parser)
    assert inside.catalogue.document("handed-over.txt")
    inside.close()


PRUNE = """
import sys
from pathlib import Path
from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from tests.stand_ins import HashEmbedder
library = Library.open(Path(sys.argv[2]))
with Parser() as parser:
    load([Path(sys.argv[1])], library, HashEmbedder, parser, prune=True,
         on_file=lambda report: print(report.outcome.value, report.name, flush=True))
"""


def test_prune_keeps_what_lies_in_a_folder_it_may_not_list(
    load_all: Load, documents: Path, library: Library
) -> None:
    """What cannot be seen is not gone."""
    _write(documents, "a.txt", "The lighthouse was lit in 1811.")
    _write(documents, "closed/b.txt", "The ferry leaves at noon.")
    load_all()
    # The administrator may list everything, so the child gives that right up.
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    (documents / "closed").chmod(0)
    try:
        done = subprocess.run(
            [
                *(drop if os.geteuid() == 0 else []),
                *(sys.executable, "-c", PRUNE, str(documents), str(library.path)),
            ],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
            check=True,
        )
    finally:
        (documents / "closed").chmod(0o755)
    assert done.stdout.splitlines() == ["unchanged a.txt", "refused closed"]
    assert library.catalogue.document("closed/b.txt")
    assert _outcomes(load_all(prune=True)) == {"a.txt": "unchanged", "closed/b.txt": "unchanged"}
    shutil.rmtree(documents / "closed")
    assert _outcomes(load_all(prune=True)) == {"a.txt": "unchanged", "closed/b.txt": "removed"}


def test_links_in_a_circle_end(
    load_all: Load, documents: Path, library: Library, tmp_path: Path
) -> None:
    _write(documents, "deep/a.txt", "The lighthouse was lit in 1811.")
    (documents / "deep" / "up").symlink_to(documents)
    (documents / "one.txt").symlink_to(documents / "two.txt")
    (documents / "two.txt").symlink_to(documents / "one.txt")
    (documents / "self").symlink_to("self")
    _write(tmp_path, "outside.txt", "Nobody asked for this file.")
    (documents / "leaves.txt").symlink_to(tmp_path / "outside.txt")
    found = _outcomes(load_all())
    assert found["deep/a.txt"] == "added"
    assert found["one.txt"] == found["two.txt"] == "refused"
    assert found["leaves.txt"] == "refused"
    assert "self" in found
    assert len(library.catalogue.documents()) == 1


def test_two_files_that_change_places_keep_their_names(
    load_all: Load, documents: Path, library: Library
) -> None:
    one = _write(documents, "one.txt", "The lighthouse was lit in 1811.")
    two = _write(documents, "two.txt", "The ferry leaves at noon.")
    load_all()
    one.rename(documents / "aside")
    two.rename(one)
    (documents / "aside").rename(two)
    load_all()
    for path in (one, two):
        document = library.catalogue.document(path.name)
        assert document
        assert library.catalogue.pages(document.id)[0].text.strip() == path.read_text()


def test_a_document_leaves_with_its_last_file(
    load_all: Load, documents: Path, library: Library
) -> None:
    _write(documents, "a.txt", "The lighthouse was lit in 1811.")
    _write(documents, "b.txt", "The lighthouse was lit in 1811.")
    assert _outcomes(load_all()) == {"a.txt": "added", "b.txt": "duplicate"}
    (documents / "a.txt").unlink()
    assert _outcomes(load_all(prune=True)) == {"b.txt": "unchanged", "a.txt": "removed"}
    (document,) = library.catalogue.documents()
    assert (document.name, document.also) == ("b.txt", ())
    (documents / "b.txt").unlink()
    assert _outcomes(load_all(prune=True)) == {"b.txt": "removed"}
    assert library.catalogue.counts().chunks == library.catalogue.counts().documents == 0


def test_prune_leaves_other_folders_alone(
    load_all: Load, documents: Path, library: Library
) -> None:
    one, two = documents / "one", documents / "two"
    _write(one, "a.txt", "The lighthouse was lit in 1811.")
    gone = _write(two, "b.txt", "The ferry leaves at noon.")
    load_all()
    gone.unlink()
    assert _outcomes(load_all(one, prune=True)) == {"one/a.txt": "unchanged"}
    assert library.catalogue.document("two/b.txt")
    # Nor does a load without --prune remove anything.
    assert _outcomes(load_all()) == {"one/a.txt": "unchanged"}
    assert library.catalogue.document("two/b.txt")


def test_documents_that_say_nearly_the_same_are_reported(
    load_all: Load, documents: Path, library: Library
) -> None:
    words = " ".join(f"The keeper of lamp {number} noted the wind." for number in range(60))
    _write(documents, "a.txt", words)
    _write(documents, "b.txt", words.replace("lamp 30", "lantern 30"))
    _write(documents, "c.txt", "Nothing in here is about that. " * 20)
    first = load_all()
    assert first["a.txt"].reason is None
    assert first["b.txt"].reason is not None
    assert first["b.txt"].reason.startswith("nearly the same text as a.txt (9")
    assert first["c.txt"].reason is None
    ((one, other, share),) = library.catalogue.similar_pairs()
    assert (one.name, other.name) == ("a.txt", "b.txt")
    assert share > 0.9
    assert load_all()["b.txt"].reason is None  # said once, and listed by `rag status --similar`
    library.forget("b.txt")
    assert library.catalogue.similar_pairs() == []


def test_the_account_names_exactly_what_lies_in_the_folder(
    load_all: Load, documents: Path, tmp_path: Path
) -> None:
    """Compared with what the file system says, not with what the walk of a load does."""
    for name in ("a.txt", "deep/b.md", "deep/er/c.csv", "deep/er/d.xyz", "é ü.html", "no-ending"):
        _write(documents, name, f"Words of {name}, one, two.")
    (documents / "empty").mkdir()
    shutil.copytree(SAMPLES, documents / "samples")
    os.mkfifo(documents / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(documents / "socket.txt"))
    _write(tmp_path, "outside/secret.txt", "Nobody asked for this file.")
    (documents / "out.txt").symlink_to(tmp_path / "outside" / "secret.txt")
    (documents / "out").symlink_to(tmp_path / "outside")
    (documents / "device.txt").symlink_to("/dev/zero")
    (documents / "dead.txt").symlink_to(documents / "nowhere.txt")
    (documents / "inside.txt").symlink_to(documents / "a.txt")
    there = set()
    for folder, folders, files in os.walk(documents):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        there |= {os.path.relpath(os.path.join(folder, name), documents) for name in files + links}
    found = load_all()
    assert set(found) == there
    assert {name for name in found if found[name].outcome is LoadOutcome.REFUSED} == {
        "deep/er/d.xyz",
        "no-ending",
        "pipe.txt",
        "socket.txt",
        "out.txt",
        "out",
        "device.txt",
        "dead.txt",
    }
    assert found["out.txt"].reason == "a link that leads out of the folder; load what it leads to"
    assert found["inside.txt"].outcome is LoadOutcome.DUPLICATE
    assert "not a regular file" in (found["socket.txt"].reason or "")
