"""Members of archives (ZIP, TAR), listed and unpacked piece by piece; runs in the child process.

Nothing is written here: what comes out goes to the loading process, which counts it and gives it
names of its own. Sizes are counted as the bytes come out, since an archive may say anything.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from ingest.admit import ZIP, archive_type
from rag.errors import FileRefused

MOST_MEMBERS = 20_000
_PIECE = 1 << 20
_NOT_FILES = ("__MACOSX",)  # what macOS adds beside each file


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an archive: the `number`th entry (from 0), and its path as names are kept.

    `refused` says why it cannot be unpacked.
    """

    number: int
    name: str
    refused: str | None = None


def members(path: Path, media_type: str) -> list[Member]:
    """Return the files of an archive in its order; hidden ones are passed over, as in folders.

    Raises:
        FileRefused: it is damaged, holds no file, or too many.
    """
    found: list[Member] = []
    names: set[str] = set()
    with _refusing():
        for number, (raw, reason) in enumerate(_entries(path, media_type)):
            if number >= MOST_MEMBERS:
                raise FileRefused(
                    f"damaged or hostile: the archive has more than {MOST_MEMBERS:,} entries"
                )
            name = _kept_name(raw)
            if not name or reason == "":
                continue
            while name in names:
                name += " (again)"
            names.add(name)
            if reason is None and archive_type(Path(name)):
                reason = "an archive inside an archive; unpack it and load the folder"
            found.append(Member(number, name, reason))
    if not found:
        raise FileRefused("the archive holds no file")
    return found


def unpack(path: Path, media_type: str, largest: int) -> Iterator[tuple[int, bytes | str]]:
    """Yield (number, piece of its bytes) for each file of at most `largest` bytes, in order.

    In place of a piece stands the reason as text where a member cannot be read on.
    """
    with _refusing():
        if media_type == ZIP:
            with zipfile.ZipFile(path) as archive:
                for number, info in enumerate(archive.infolist()):
                    if not info.is_dir() and not info.flag_bits & 1:
                        yield from _pieces(number, partial(archive.open, info), largest)
            return
        with tarfile.open(path) as tape:
            for number, entry in enumerate(tape):
                if entry.isfile():
                    yield from _pieces(number, partial(tape.extractfile, entry), largest)


def _pieces(
    number: int, opened: Callable[[], IO[bytes] | None], largest: int
) -> Iterator[tuple[int, bytes | str]]:
    left = largest
    try:
        with _refusing(), opened() or io.BytesIO() as stream:
            yield number, b""
            while piece := stream.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise FileRefused(f"too large: more than {largest / 1e6:,.1f} MB unpacked")
                yield number, piece
    except FileRefused as refused:
        yield number, str(refused)


def _entries(path: Path, media_type: str) -> Iterator[tuple[str, str | None]]:
    """Name of each entry, and why it cannot be read; "" for what is no file at all."""
    if media_type == ZIP:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                locked = "password-protected; unpack the archive and load the folder"
                yield info.filename, "" if info.is_dir() else locked if info.flag_bits & 1 else None
        return
    with tarfile.open(path) as tape:
        for entry in tape:
            link = "a link inside an archive; links are not followed"
            yield entry.name, None if entry.isfile() else "" if entry.isdir() else link


def _kept_name(raw: str) -> str:
    """The path without what leads out of the archive; "" for what is hidden."""
    parts = [part for part in raw.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if any(part.startswith(".") or part in _NOT_FILES for part in parts):
        return ""
    return "/".join(parts)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        OSError,
        ValueError,
        RuntimeError,
        IndexError,
        OverflowError,
    ) as error:
        raise FileRefused("damaged: the archive cannot be unpacked") from error
