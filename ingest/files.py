"""What a load is about: files, members of archives among them, and what reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ingest.archive import Member
from ingest.parse import Cutting
from ingest.parsed import Parsed
from rag.library.catalogue import NewChunk


class FileParser(Protocol):
    """Reads one file and cuts it to chunks."""

    @property
    def limits(self) -> str:
        """What a file may cost, in words."""
        ...

    @property
    def recognises(self) -> bool:
        """Whether text can be recognised on pictures of pages."""
        ...

    def read(
        self, path: Path, media_type: str, document_id: str, cutting: Cutting
    ) -> tuple[Parsed, tuple[NewChunk, ...]]:
        """Raises `FileRefused`."""
        ...

    def members(self, path: Path, media_type: str) -> list[Member]:
        """The files of an archive. Raises `FileRefused`."""
        ...

    def unpack(
        self, path: Path, media_type: str, folder: Path, names: Mapping[int, str], largest: int
    ) -> dict[int, str]:
        """Write members to `folder`; why some could not be, by number. Raises `OSError`."""
        ...

    def stop(self) -> None:
        """End what `read` is doing in another thread; it raises `FileRefused`."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file of a load: `relative` is its path below `root`, as text that can be stored.

    A member of an archive has the `archive`, which is a file, in front of its path, and is its
    `number`th entry. `refused` says why a member is known not to be readable.
    """

    path: Path
    root: Path
    relative: str
    archive: Path | None = None
    number: int = -1
    refused: str | None = None

    @property
    def source(self) -> Path:
        """What lies on the disk."""
        return self.archive or self.path


def as_text(path: str) -> str:
    """The path as it can be stored: bytes of a name that are no UTF-8 are written out."""
    return path.encode("utf-8", "backslashreplace").decode()
