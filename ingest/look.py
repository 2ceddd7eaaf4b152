"""One file before the library changes: is it new, what does it hold, or why is it refused?

Nothing here writes, so that it can run ahead of the load.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from ingest.admit import content_hash, leaves, media_type
from ingest.chunk import CAPACITY, VERSION
from ingest.files import File, FileParser, as_text
from ingest.parse import Cutting
from ingest.readers import READER
from ingest.unpacked import Unpacked
from rag.errors import FileRefused
from rag.library.catalogue import Catalogue, NewDocument, Place, Refusal
from rag.records import Document

MADE_BY = f"{READER}, {VERSION}, {CAPACITY} tokens"

_UNRECOGNISED = f"{MADE_BY}, without text recognition"

_SETTLED_NS = 2_000_000_000
"""A file written within this time before it was hashed may have been written to again since,
without a change of its time: some file systems count in steps of two seconds."""

_KEPT = "; what was loaded from it before is kept"


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
        self._unpacked = Unpacked(parser, workspace, largest_file)
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
            identity,
            file.relative,
            parsed.title,
            parsed.media_type,
            parsed.page_count,
            date=parsed.date,
        )
        reader = _UNRECOGNISED if parsed.lacks_recognition else MADE_BY
        return NewDocument(
            document,
            parsed.pages,
            chunks,
            reader,
            parsed.reason,
            parsed.sketch,
            parsed.language,
        )

    def _refuses(self, refusal: Refusal) -> bool:
        return refusal.checked_ns > 0 and refusal.reader == self.refuser

    def _is_current(self, identity: str) -> bool:
        reader = self._catalogue.document_reader(identity)
        # With text recognition on the machine, there is more to read than when it was loaded.
        return reader == MADE_BY or (reader == _UNRECOGNISED and not self._parser.recognises)


def kept(reason: str) -> str:
    """The reason, for a file of which an earlier state stays in the library."""
    return reason + _KEPT


def _status(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise FileRefused("it went away while it was read") from error
    return status.st_size, status.st_mtime_ns
