"""One file before the library changes: is it new, what does it hold, or why is it refused?

Nothing here writes, so that it can run ahead of the load.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ingest.admit import archive_type, content_hash, leaves, media_type
from ingest.archive import Member
from ingest.chunk import CAPACITY, VERSION
from ingest.parse import Cutting
from ingest.parsed import Parsed
from ingest.readers import READER
from rag.errors import FileRefused
from rag.library.catalogue import Catalogue, NewChunk, NewDocument, Place, Refusal
from rag.records import Document

MADE_BY = f"{READER}, {VERSION}, {CAPACITY} tokens"

_UNRECOGNISED = f"{MADE_BY}, without text recognition"

_SETTLED_NS = 2_000_000_000
"""A file written within this time before it was hashed may have been written to again since,
without a change of its time: some file systems count in steps of two seconds."""

_LONGEST_STEM = 150

_KEPT = "; what was loaded from it before is kept"


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


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found out about a file.

    `identity` is the SHA-256 of its bytes, "" where these were not read. `new` is what it holds,
    None where that was read before. `refused` says why it is not loaded. `checked_ns` is 0 where
    the bytes were not hashed.
    """

    file: File
    identity: str = ""
    new: NewDocument | None = None
    refused: str | None = None
    unchanged: bool = False
    size: int = 0
    mtime_ns: int = 0
    checked_ns: int = 0
    seconds: float = 0.0

    @property
    def characters(self) -> int:
        """Length of the text it carries."""
        return sum(len(page.text) for page in self.new.pages) if self.new else 0


class Look:
    """Looks at files; knows what the library held when the load began."""

    def __init__(
        self,
        catalogue: Catalogue,
        parser: FileParser,
        known: Mapping[str, Place],
        refused: Mapping[str, Refusal],
        largest_file: int,
        workspace: Path,
    ) -> None:
        self.refuser = f"{MADE_BY}, {parser.limits}"
        self.cutting: Cutting | None = None
        self._catalogue = catalogue
        self._parser = parser
        self._known = known
        self._refused = refused
        self._largest_file = largest_file
        self._reading = threading.RLock()
        self._unpacked = _Unpacked(parser, workspace, largest_file)
        self._unlisted: dict[Path, str] = {}
        # What this load read so far, and why it was refused: a copy of it is not read again.
        self._read: dict[str, str | None] = {}

    def at_once(self, file: File) -> Looked | None:
        """What can be said without reading the file; None if it has to be read."""
        path = str(file.path)
        place, refusal = self._known.get(path), self._refused.get(path)
        if place is None and refusal is None:
            return None
        try:
            status = file.source.stat()
        except OSError:
            return None
        if not os.access(file.source, os.R_OK):
            return None
        same = (status.st_size, status.st_mtime_ns)
        if refusal is not None:
            settled = refusal.checked_ns > refusal.mtime_ns + _SETTLED_NS
            if settled and same == (refusal.size, refusal.mtime_ns) and self._refuses(refusal):
                reason = refusal.reason.removesuffix(_KEPT)
                return Looked(file, "", None, reason, False, *same, refusal.checked_ns)
            return None
        assert place is not None
        settled = place.checked_ns > place.mtime_ns + _SETTLED_NS
        if settled and same == (place.size, place.mtime_ns) and self._is_current(place.document_id):
            return Looked(file, place.document_id, None, None, True, *same, place.checked_ns)
        return None

    def needs_reading(self, file: File) -> bool:
        """Whether the file is of a kind that is read at all."""
        if file.archive:
            return file.refused is None
        try:
            media_type(file.path, self._largest_file)
        except FileRefused:
            return False
        return not leaves(file.path, file.root)

    def inside(self, file: File) -> list[File]:
        """The members of an archive; itself, to be refused, where they cannot be listed."""
        try:
            kind = media_type(file.path, sys.maxsize)
            found = self._parser.members(file.path, kind)
        except FileRefused as refused:
            self._unlisted[file.path] = str(refused)
            return [file]
        return [
            File(
                file.path / as_text(member.name),
                file.root,
                f"{file.relative}/{as_text(member.name)}",
                file.path,
                member.number,
                member.refused,
            )
            for member in found
        ]

    def unpacks(self, files: Iterable[File]) -> None:
        """Say what members there are, so that those of an archive are unpacked together."""
        self._unpacked.expect(files)

    def closely(self, file: File, *, anew: bool = False) -> Looked:
        """Read the file, unless the library or this load has read the same bytes.

        `anew` reads it in any case.
        """
        began = time.monotonic()
        # Another archive takes the place of the one that is unpacked.
        with self._reading if file.archive else nullcontext():
            looked = self._closely(file, anew)
        if looked.new is None and looked.refused and looked.identity:
            self._read.setdefault(looked.identity, looked.refused)
        elif looked.new:
            self._read[looked.identity] = None
        seconds = time.monotonic() - began
        return Looked(
            file,
            looked.identity,
            looked.new,
            looked.refused,
            looked.unchanged,
            looked.size,
            looked.mtime_ns,
            looked.checked_ns,
            seconds,
        )

    def _closely(self, file: File, anew: bool) -> Looked:
        identity, size, mtime, checked = "", 0, 0, 0
        try:
            if as_text(str(file.path)) != str(file.path):
                raise FileRefused("its name or that of a folder is not UTF-8; rename it")
            if leaves(file.source, file.root):
                raise FileRefused("a link that leads out of the folder; load what it leads to")
            if file.refused or file.path in self._unlisted:
                size, mtime = _status(file.source)
                checked = time.time_ns()
                raise FileRefused(file.refused or self._unlisted[file.path])
            for attempt in (1, 2):
                size, mtime = _status(file.source)
                path = file.path
                if file.archive:  # noted before: for a refused member nothing is unpacked again
                    checked = time.time_ns()
                    path = self._unpacked.path_of(file, (size, mtime))
                kind = media_type(path, self._largest_file)
                checked = checked if file.archive else time.time_ns()
                identity = content_hash(path)
                new = None
                if anew or not (self._is_current(identity) or identity in self._read):
                    new = self._new(file, path, identity, kind)
                if (size, mtime) == _status(file.source):
                    break
                if attempt == 2:
                    identity, checked = "", 0
                    raise FileRefused(
                        "it changed while it was read; load it again when it is complete"
                    )
            refused = None if new else self._read.get(identity)
            return Looked(file, identity, new, refused, False, size, mtime, checked)
        except FileRefused as refused_now:
            if not checked:
                try:
                    status = file.source.lstat()
                    size, mtime = status.st_size, status.st_mtime_ns
                except OSError:
                    size = mtime = 0
            return Looked(file, identity, None, str(refused_now), False, size, mtime, checked)

    def _new(self, file: File, path: Path, identity: str, kind: str) -> NewDocument:
        assert self.cutting is not None
        with self._reading:
            parsed, chunks = self._parser.read(path, kind, identity, self.cutting)
        if not chunks:
            raise FileRefused("it holds no text")
        document = Document(
            identity, file.relative, parsed.title, parsed.media_type, parsed.page_count
        )
        reader = _UNRECOGNISED if parsed.lacks_recognition else MADE_BY
        return NewDocument(document, parsed.pages, chunks, reader, parsed.reason, parsed.sketch)

    def _refuses(self, refusal: Refusal) -> bool:
        return refusal.checked_ns > 0 and refusal.reader == self.refuser

    def _is_current(self, identity: str) -> bool:
        reader = self._catalogue.document_reader(identity)
        # With text recognition on the machine, there is more to read than when it was loaded.
        return reader == MADE_BY or (reader == _UNRECOGNISED and not self._parser.recognises)


class _Unpacked:
    """The archive whose members are being read, unpacked to a folder of the library."""

    def __init__(self, parser: FileParser, folder: Path, largest_file: int) -> None:
        self._parser = parser
        self._folder = folder
        self._largest_file = largest_file
        self._expected: dict[Path, dict[int, str]] = {}
        self._now: tuple[Path, tuple[int, int]] | None = None
        self._failed: dict[int, str] = {}

    def expect(self, files: Iterable[File]) -> None:
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


def kept(reason: str) -> str:
    """The reason, for a file of which an earlier state stays in the library."""
    return reason + _KEPT


def as_text(path: str) -> str:
    """The path as it can be stored: bytes of a name that are no UTF-8 are written out."""
    return path.encode("utf-8", "backslashreplace").decode()


def _status(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise FileRefused("it went away while it was read") from error
    return status.st_size, status.st_mtime_ns
