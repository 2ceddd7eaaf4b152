"""What visitors of the page share: the libraries that are asked together."""

from __future__ import annotations

from pathlib import Path

from rag.library.folder import CATALOGUE, Library
from rag.settings import Settings
from ui.page import held


def test_a_further_library_that_cannot_be_read_leaves_the_others_alone(tmp_path: Path) -> None:
    good, missing, damaged = (tmp_path / name for name in ("good", "missing", "damaged"))
    Library.create(good).close()
    damaged.mkdir()
    (damaged / CATALOGUE).write_bytes(b"this is no database" * 500)
    chosen = Settings(library=tmp_path / "own", collections=(good, missing, damaged))
    found, wrong = held._further(chosen)
    for library in found:
        library.close()
    assert [library.path for library in found] == [good]
    assert [str(missing) in wrong[0], str(damaged) in wrong[1]] == [True, True]
    assert held.left_out(chosen) == wrong
