"""A library as one file and back: whole generations, while others write, and nothing half."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag import kept
from rag.ask import Parts, ask
from rag.errors import LibraryError, LibraryMissing
from rag.library.backup import back_up, restore
from rag.library.folder import Library
from rag.settings import Settings
from tests.conftest import ROOT, LoadTexts
from tests.stand_ins import HashEmbedder, WordScorer
from ui import cli
from ui.uploads import load_uploads

TEXTS = {
    "birds.txt": "The heron nests in the willow by the weir. It eats small fish at dawn.",
    "boats.txt": "The ferry Zephyrine crosses the estuary twice a day. It carries forty cars.",
}
QUESTION = "Where does the heron nest?"


def _parts(library: Library) -> Parts:
    return Parts((library,), HashEmbedder(), WordScorer(), enough=0.0)


class Sent:
    name = "owls.txt"

    def getvalue(self) -> bytes:
        return b"The owl nests in the tall chimney."


def test_what_is_restored_answers_alike(load_texts: LoadTexts, tmp_path: Path) -> None:
    library = load_texts(TEXTS)
    load_uploads([Sent()], library, HashEmbedder, Settings(), lambda at: None)
    kept.keep(ask(QUESTION, _parts(library)), [library], None)
    file, again = tmp_path / "safe" / "library.tar", tmp_path / "again"
    assert cli.run(["backup", str(file), "--library", str(library.path)]) == 0
    assert file.stat().st_mode & 0o077 == 0
    before = ask(QUESTION, _parts(library))
    library.close()
    shutil.rmtree(library.path)  # the restored one must not lean on it

    assert cli.run(["restore", str(file), "--library", str(again)]) == 0
    restored = Library.open(again)
    assert restored.verify() == []
    assert ask(QUESTION, _parts(restored)).answer == before.answer
    (turn,) = restored.conversations.read(1).turns
    assert turn.reply
    owls = restored.catalogue.document("owls.txt")
    assert owls
    (place,) = restored.catalogue.places(owls.id)
    assert Path(place.path).read_bytes() == Sent().getvalue()
    assert again.resolve() in Path(place.path).parents
    assert restored.forget("owls.txt").traces == ()
    restored.close()


def test_one_that_is_there_is_not_overwritten(load_texts: LoadTexts, tmp_path: Path) -> None:
    library = load_texts(TEXTS)
    file = tmp_path / "library.tar"
    command = ["backup", str(file), "--library", str(library.path)]
    assert cli.run(command) == 0
    first = file.read_bytes()
    assert cli.run(command) == 2
    assert file.read_bytes() == first
    assert cli.run([*command, "--force"]) == 0
    with pytest.raises(LibraryError, match="something at"):
        restore(file, library.path)
    assert library.verify() == []
    with pytest.raises(LibraryMissing, match="no backup at"):
        restore(tmp_path / "nothing.tar", tmp_path / "new")


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _bent(file: Path) -> None:
    content = bytearray(file.read_bytes())
    at = content.index(b"heron nests")
    content[at] ^= 1
    file.write_bytes(content)


def _foreign(file: Path) -> None:
    name = "uploads/../../escaped.txt"
    manifest = {"format": 1, "path": "/x", "made": "", "generation": 1, "documents": 0}
    manifest["files"] = {name: "0" * 64}
    with tarfile.open(file, "w:") as tape:
        for each, content in (("manifest.json", json.dumps(manifest).encode()), (name, b"x")):
            entry = tarfile.TarInfo(each)
            entry.size = len(content)
            tape.addfile(entry, io.BytesIO(content))


def _no_backup(file: Path) -> None:
    file.write_bytes(b"this is no backup at all" * 100)


@pytest.mark.parametrize("damage", [_cut, _bent, _foreign, _no_backup])
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    damage: Callable[[Path], None], load_texts: LoadTexts, tmp_path: Path
) -> None:
    library = load_texts(TEXTS)
    file = tmp_path / "library.tar"
    back_up(library, file)
    damage(file)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(LibraryError, match="no whole backup"):
        restore(file, tmp_path / "new")
    assert sorted(tmp_path.iterdir()) == before


WRITER = """
import sys
from pathlib import Path
from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from tests.stand_ins import HashEmbedder

library = Library.create(Path(sys.argv[1]))
print("go", flush=True)
with Parser() as parser:
    load([Path(sys.argv[2])], library, HashEmbedder, parser)
"""


@contextmanager
def _child(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has said that it begins."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        try:
            assert child.stdout
            assert child.stdout.readline() == "go\n"
            yield child
        finally:
            child.kill()


def test_backups_in_the_middle_of_a_load_are_whole(load_texts: LoadTexts, tmp_path: Path) -> None:
    library = load_texts(TEXTS)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(120):
        text = "".join(f"Ship {number} sails at {at} from pier {at}. " for at in range(60))
        (folder / f"note-{number}.txt").write_text(text)
    seen: set[int] = set()
    number = 0
    with _child(WRITER, str(library.path), str(folder)) as writer:
        while writer.poll() is None:
            number += 1
            seen.add(_backed_up_whole(library, tmp_path / f"backup-{number}"))
        assert writer.returncode == 0
    assert len(seen) >= 2, "no backup fell into the load"


def _backed_up_whole(library: Library, folder: Path) -> int:
    """Back up, restore and look; returns how many documents there were."""
    manifest = back_up(library, folder / "library.tar")
    restore(folder / "library.tar", folder / "again")
    restored = Library.open(folder / "again")
    # What is not embedded yet is named; nothing else may be wrong.
    assert [each for each in restored.verify() if "until the next" not in each] == []
    counts = restored.catalogue.counts()
    assert counts.documents == manifest.documents
    assert restored.catalogue.generation == manifest.generation
    for document in restored.catalogue.documents():
        assert restored.catalogue.chunk_keys([document.id])
    restored.close()
    return manifest.documents


KILLED = """
import sys
from pathlib import Path
from rag.library import backup
from rag.library.folder import Library

library = Library.open(Path(sys.argv[1]))
print("go", flush=True)
while True:
    backup.back_up(library, Path(sys.argv[2]))
"""


def test_a_kill_leaves_the_backup_before_it(load_texts: LoadTexts, tmp_path: Path) -> None:
    library = load_texts(TEXTS)
    folder = tmp_path / "safe"
    for trial in range(5):
        with _child(KILLED, str(library.path), str(folder / "library.tar")) as child:
            until = time.monotonic() + 30
            while not (folder / "library.tar").exists() and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(0.013 * trial)
            child.kill()
            assert child.wait(30) == -signal.SIGKILL
        restore(folder / "library.tar", tmp_path / f"again-{trial}")
        again = Library.open(tmp_path / f"again-{trial}")
        assert again.verify() == []
        again.close()
    # The next one takes what was killed away.
    back_up(library, folder / "library.tar")
    assert [each.name for each in folder.iterdir()] == ["library.tar"]


def test_a_restored_library_is_loaded_on(load_texts: LoadTexts, tmp_path: Path) -> None:
    library = load_texts(TEXTS)
    back_up(library, tmp_path / "library.tar")
    restore(tmp_path / "library.tar", tmp_path / "again")
    again = Library.open(tmp_path / "again")
    with Parser() as parser:
        summary = load([tmp_path / "documents"], again, HashEmbedder, parser)
    assert summary.counts["unchanged"] == len(TEXTS)
    again.close()
