"""Which program this is: once its code changes, what it answered before is another program's."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path


@functools.cache
def identity() -> str:
    """Version and digest of the code of this package."""
    # Once for each process: what runs does not change when its files do.
    return identity_of(Path(__file__).parent)


def name() -> str:
    """The same for people: "0.1.0 (1a2b3c4d5e6f)"."""
    return f"{version()} ({identity()[:12]})"


def version() -> str:
    """The installed version, "" where the package is not installed."""
    try:
        return importlib.metadata.version("sourcebound")
    except importlib.metadata.PackageNotFoundError:
        return ""


def identity_of(room: Path) -> str:
    """Version and digest of the code in a folder."""
    total = hashlib.sha256(version().encode())
    for file in sorted(room.rglob("*")):
        if file.suffix in (".py", ".json"):
            total.update(file.relative_to(room).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()
