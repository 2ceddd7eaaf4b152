"""Derived files and their stamps: written aside, read back, renamed, and never trusted.

A stamp tells what a file was made from. When it disagrees with the catalogue or with the file, the
file is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a derived file was made from: generation and state of the catalogue, entries in it.

    `kind` tells how it is built, "" where there is one way only; `recall` (0..1) was measured when
    an approximate index was built, None for an exact one.
    """

    generation: int
    state: str
    count: int
    sha256: str = ""
    kind: str = ""
    recall: float | None = None


def write(
    folder: Path, name: str, stamp_name: str, content: Callable[[IO[bytes]], None], stamp: Stamp
) -> None:
    """Write file and stamp so that a crash leaves the old pair or the new one.

    Under another name, synced, read back and compared before it takes the place of the old one. The
    stamp goes last: a file without its stamp is made again. Raises `OSError`.
    """
    aside = folder / f"{name}.new"
    with aside.open("wb") as file:
        hashing = _Hashing(file)
        content(hashing)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    sha256 = hashing.hash.hexdigest()
    if _sha256(aside) != sha256:
        raise OSError(28, "the file could not be written whole", str(aside))
    stamp_aside = folder / f"{stamp_name}.new"
    stamp_aside.write_text(json.dumps(asdict(replace(stamp, sha256=sha256))) + "\n", "utf-8")
    sync(stamp_aside)
    os.replace(aside, folder / name)
    os.replace(stamp_aside, folder / stamp_name)
    sync(folder)


def read(folder: Path, stamp_name: str) -> Stamp | None:
    """The stamp, None where it is missing or unreadable."""
    try:
        found = Stamp(**json.loads((folder / stamp_name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    numbers = all(type(value) is int for value in (found.generation, found.count))
    words = all(isinstance(value, str) for value in (found.state, found.sha256, found.kind))
    share = found.recall is None or isinstance(found.recall, float)
    # SQLite, which is asked about it, takes numbers of 64 bits.
    return found if numbers and words and share and abs(found.generation) < 2**63 else None


def whole(folder: Path, name: str, stamp: Stamp) -> bool:
    """Whether the file is there and is the one that was stamped."""
    try:
        return _sha256(folder / name) == stamp.sha256
    except OSError:
        return False


def problem(
    folder: Path, name: str, stamp_name: str, what: str, generation: int, state: str, count: int
) -> str | None:
    """Why a stored file cannot be used as it is, in words; None when it can."""
    found = read(folder, stamp_name)
    if found is None:
        return f"{what}: the stamp of the index is missing or unreadable"
    if found.generation != generation:
        return (
            f"{what}: the index belongs to generation {found.generation}, "
            f"the catalogue is at {generation}"
        )
    # Generations are numbers: a copy put back, or another library, can be at the same one.
    if found.state != state:
        return f"{what}: the index belongs to another library or to another past of this one"
    if found.count != count:
        return f"{what}: the index holds {found.count} entries, the catalogue {count}"
    if not (folder / name).is_file():
        return f"{what}: the index file is missing"
    if not whole(folder, name, found):
        return f"{what}: the index file differs from its checksum"
    return None


def discard(folder: Path, *names: str) -> None:
    """Delete derived files, and what an interrupted write left of them."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
        (folder / f"{name}.new").unlink(missing_ok=True)


class _Hashing:
    """Writes to a file and hashes what it writes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.hash = hashlib.sha256()

    def write(self, piece: bytes) -> int:
        self._file.write(piece)
        self.hash.update(piece)
        return len(memoryview(piece))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
