"""A page of a document as it looks, with the places of quotes marked on it.

The picture is drawn from the file itself, in the child process that reads files, and only where the
file still is what was loaded.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ingest.admit import PDF, PICTURES, archive_type
from ingest.archive import Member
from ingest.parsed import PagePicture
from rag.errors import FileRefused
from rag.library.catalogue import Place
from rag.library.folder import file_of
from rag.records import Document, Page, Span

DRAWN = frozenset({PDF, *PICTURES})
"""Media types of which a page can be shown as it looks."""

_LARGEST_MEMBER = 200 * 1024 * 1024


class Drawer(Protocol):
    """What draws: an `ingest.parse.Parser`."""

    def picture(
        self, path: Path, media_type: str, page: int, text: str, spans: Sequence[Span]
    ) -> PagePicture: ...

    def members(self, path: Path, media_type: str) -> list[Member]: ...

    def unpack(
        self, path: Path, media_type: str, folder: Path, names: Mapping[int, str], largest: int
    ) -> dict[int, str]: ...


def picture_of(
    document: Document, places: Sequence[Place], page: Page, spans: Sequence[Span], drawer: Drawer
) -> PagePicture:
    """The page with stretches of its text marked, the first of them strongest.

    Args:
        document: of a media type in `DRAWN`.
        places: where the document was found.
        page: the stored page.
        spans: stretches, counted as `page.start` is.

    Raises:
        FileRefused: no file holds any more what was loaded, or it cannot be drawn.
    """
    inside = [Span(span.start - page.start, span.end - page.start) for span in spans]
    number = page.number or 1
    with tempfile.TemporaryDirectory() as folder:
        path = _original(document, places, drawer, Path(folder))
        return drawer.picture(path, document.media_type, number, page.text, inside)


def original(document: Document, places: Sequence[Place], drawer: Drawer) -> bytes:
    """The bytes of the document. Raises `FileRefused` where no file holds them any more."""
    with tempfile.TemporaryDirectory() as folder:
        return _original(document, places, drawer, Path(folder)).read_bytes()


def _original(document: Document, places: Sequence[Place], drawer: Drawer, folder: Path) -> Path:
    """A file that holds the very bytes that were loaded."""
    said = "the file is gone"
    for place in places:
        with suppress(OSError):
            path = file_of(place.path)
            if str(path) != place.path:
                path = _member(path, place, drawer, folder)
            if not path.is_file():
                continue
            if _digest(path) == document.id:
                return path
            said = "the file has changed since it was loaded"
    raise FileRefused(said)


def _member(archive: Path, place: Place, drawer: Drawer, folder: Path) -> Path:
    """The member of an archive, unpacked under a name of ours."""
    kind = archive_type(archive) or ""
    wanted = Path(place.path).relative_to(archive).as_posix()
    for member in drawer.members(archive, kind):
        if member.name == wanted and member.refused is None:
            name = f"member{Path(wanted).suffix[:16]}"
            failed = drawer.unpack(archive, kind, folder, {member.number: name}, _LARGEST_MEMBER)
            if member.number in failed:
                raise FileRefused(failed[member.number])
            return folder / name
    raise FileRefused("the file is no longer in its archive")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
