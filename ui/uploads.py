"""Files handed over in the page, into the library: stored by hash, under a harmless name."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ingest.embed import Progress
from rag.library.folder import UPLOADS, Library, file_of
from rag.ports import Embedder
from rag.records import FileReport, LoadOutcome
from rag.settings import Settings
from ui.loading import load_paths

LONGEST_NAME = 150
"""Bytes of a stored file's name; file systems allow 255."""


class Upload(Protocol):
    """A file as the browser sent it."""

    @property
    def name(self) -> str: ...

    def getvalue(self) -> bytes: ...


def safe_name(name: str) -> str:
    """The last part of a name, without control characters; never "", "." or "..".

    What a browser sends as a name is data: it must not choose a folder.
    """
    last = re.split(r"[/\\]", name)[-1]
    last = "".join(character for character in last if character.isprintable()).strip(" .")
    stem, dot, suffix = last.rpartition(".")
    if not dot:
        stem, suffix = last, ""
    room = LONGEST_NAME - len((dot + suffix).encode()[:20])
    stem = stem.encode()[:room].decode(errors="ignore")
    return (stem + dot + suffix[:16]).strip(" .") or "upload"


def load_uploads(
    uploads: Sequence[Upload],
    library: Library,
    embedder: Callable[[], Embedder],
    settings: Settings,
    on_progress: Callable[[Progress], None],
    on_file: Callable[[FileReport], None] = lambda report: None,
) -> list[FileReport]:
    """Store the files in the library and load them; what is not in it afterwards is not kept.

    Each upload has one report: one that was handed over twice, under the same name, is a duplicate.
    That holds for a load that is cut off, too. Raises what `ingest.load.load` raises.
    """
    kept = [_keep(upload, library.path / UPLOADS) for upload in uploads]
    reports: list[FileReport] = []

    def account(report: FileReport) -> None:
        reports.append(report)
        on_file(report)

    try:
        load_paths(kept, library, embedder, settings, on_file=account, on_progress=on_progress)
    finally:
        loaded = {file_of(place.path) for place in library.catalogue.places()}
        for path in dict.fromkeys(kept):
            if path.resolve() not in loaded:
                path.unlink(missing_ok=True)
                with suppress(OSError):  # the same bytes under another name stay
                    path.parent.rmdir()
    for path, times in Counter(kept).items():
        for _ in range(times - 1):
            reason = "the same file was handed over more than once"
            account(FileReport(path.name, LoadOutcome.DUPLICATE, reason))
    return reports


def _keep(upload: Upload, folder: Path) -> Path:
    content = upload.getvalue()
    path = folder / hashlib.sha256(content).hexdigest() / safe_name(upload.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
