"""The archive whose members are being read, unpacked to a folder of the library."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from ingest.admit import archive_type
from ingest.files import File, FileParser
from rag.errors import FileRefused

_LONGEST_STEM = 150


class Unpacked:
    """One archive at a time: members are met in the order in which they lie."""

    def __init__(self, parser: FileParser, folder: Path, largest_file: int) -> None:
        self._parser = parser
        self._folder = folder
        self._largest_file = largest_file
        self._expected: dict[Path, dict[int, str]] = {}
        self._now: tuple[Path, tuple[int, int]] | None = None
        self._failed: dict[int, str] = {}

    def expect(self, files: Iterable[File]) -> None:
        """Say what members there are: those of an archive are unpacked together."""
        for file in files:
            if file.archive and file.refused is None:
                names = self._expected.setdefault(file.archive, {})
                names[file.number] = f"{file.number}/{_disk_name(file.path.name)}"

    def path_of(self, file: File, status: tuple[int, int]) -> Path:
        """Where the member lies now. Raises `FileRefused`, and `OSError` for the folder."""
        assert file.archive is not None
        names = self._expected[file.archive]
        if self._now != (file.archive, status):
            self._now = None
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(mode=0o700)
            kind = archive_type(file.archive) or ""
            self._failed = self._parser.unpack(
                file.archive, kind, self._folder, names, self._largest_file
            )
            self._now = (file.archive, status)
        if file.number in self._failed:
            raise FileRefused(self._failed[file.number])
        return self._folder / names[file.number]


def _disk_name(name: str) -> str:
    """A name that any file system takes, with the same ending."""
    at = Path("".join(each if each.isprintable() else "_" for each in name))
    stem = at.stem.encode("utf-8", "replace")[:_LONGEST_STEM].decode("utf-8", "ignore")
    return f"{stem or '_'}{at.suffix[:16]}"
