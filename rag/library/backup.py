"""A library as one file, and a library of that file again.

backup.tar
  manifest.json         what is inside, with the SHA-256 of each; first
  catalogue.sqlite      one whole generation, taken while others may write
  conversations.sqlite  answers that are kept, where there are any
  uploads/...           files handed over in the page

What is derived is left out: it is made again. Files that were loaded from folders stay where they
are and are no part of it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from rag.errors import LibraryError, LibraryMissing
from rag.library.conversations import CONVERSATIONS
from rag.library.folder import CATALOGUE, UPLOADS, Library, explain
from rag.library.stamp import sync

FORMAT = 1
_MANIFEST = "manifest.json"
_PIECE = 1 << 20
_SECONDS = 30.0  # that a copy waits for whoever is just committing
_LARGEST_MANIFEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: `files` are names inside it and the SHA-256 of each, in hex.

    `path` is where the library lay, `made` the time in UTC, `generation` that of its catalogue.
    """

    format: int
    path: str
    made: str
    generation: int
    documents: int
    files: dict[str, str]


def back_up(library: Library, target: Path) -> Manifest:
    """Write the library to one file; others may read and write it meanwhile.

    The catalogue is that of one generation: a load that commits meanwhile is in it whole or not at
    all. The file is written aside, synced, read again and compared, and then renamed: where
    anything fails there is no file, or the one that was there before. Raises `LibraryError`.
    """
    aside = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _parts_of(target) as folder:
            _copy_database(library.path / CATALOGUE, folder / CATALOGUE)
            if (library.path / CONVERSATIONS).exists():
                _copy_database(library.path / CONVERSATIONS, folder / CONVERSATIONS)
            _copy_uploads(library.path / UPLOADS, folder / UPLOADS)
            manifest = _described(library, folder)
            _write(aside, folder, manifest)
        _check(aside)
        os.replace(aside, target)
        sync(target.parent)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise explain(error, target) from error
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return manifest


def restore(backup: Path, path: Path) -> Manifest:
    """Make a library at `path` of a backup. Raises `LibraryError`; then there is none at `path`."""
    if path.exists() and any(path.iterdir()):
        raise LibraryError(
            f"There is something at {path} already. Give a folder that does not exist yet: "
            f"rag restore {backup} --library NEW"
        )
    manifest = _check(backup)
    aside = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        with tarfile.open(backup, "r:") as tape:
            for name in manifest.files:
                target = aside / name
                target.parent.mkdir(parents=True, exist_ok=True)
                source = tape.extractfile(name)
                assert source is not None  # it was read once already
                with source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, _PIECE)
                target.chmod(0o600)
        _move_uploads(aside / CATALOGUE, Path(manifest.path), path)
        if path.exists():
            path.rmdir()
        os.replace(aside, path)
        sync(path.parent)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise explain(error, path) from error
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    library = Library.open(path)
    try:
        with library.writing():
            library.save_indexes()
    finally:
        library.close()
    return manifest


# -- writing -----------------------------------------------------------------------------------


@contextmanager
def _parts_of(target: Path) -> Iterator[Path]:
    """A folder beside the backup for what goes into it, with what a killed one left there gone."""
    folder = target.with_name(f".{target.name}.parts")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_database(source: Path, target: Path) -> None:
    """A copy of one state of a database that others may be writing (SQLite's backup)."""
    try:
        with (
            closing(sqlite3.connect(source.resolve(), timeout=_SECONDS)) as one,
            closing(sqlite3.connect(target)) as two,
        ):
            one.execute("PRAGMA query_only = ON")
            one.backup(two)
            # Alone in its file: no journal has to come with it.
            two.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise LibraryError(
            f"{source} cannot be copied ({error}). Run `rag verify` for details."
        ) from error


def _copy_uploads(source: Path, target: Path) -> None:
    """What is there; an upload that is forgotten meanwhile is left out."""
    for file in sorted(each for each in source.rglob("*") if each.is_file()):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(file, copy)
        except FileNotFoundError:
            copy.unlink(missing_ok=True)


def _described(library: Library, folder: Path) -> Manifest:
    with closing(sqlite3.connect(folder / CATALOGUE)) as db:
        (generation,) = db.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        (documents,) = db.execute("SELECT count(*) FROM documents").fetchone()
    files = {
        file.relative_to(folder).as_posix(): _digest(file)
        for file in sorted(each for each in folder.rglob("*") if each.is_file())
    }
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Manifest(
        FORMAT, str(library.path.resolve()), made, int(generation), int(documents), files
    )


def _write(target: Path, folder: Path, manifest: Manifest) -> None:
    # Text of documents: nobody else may read it.
    with os.fdopen(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:") as tape:
            content = json.dumps(asdict(manifest), indent=1).encode()
            entry = tarfile.TarInfo(_MANIFEST)
            entry.size, entry.mode = len(content), 0o600
            tape.addfile(entry, io.BytesIO(content))
            for name in manifest.files:
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = (folder / name).stat().st_size, 0o600
                with (folder / name).open("rb") as source:
                    tape.addfile(entry, source)
        file.flush()
        os.fsync(file.fileno())


# -- reading -----------------------------------------------------------------------------------


def _check(backup: Path) -> Manifest:
    """The manifest of a backup whose every byte is as it was written. Raises `LibraryError`."""
    with _readable(backup), tarfile.open(backup, "r:") as tape:
        first = tape.next()
        if first is None or first.name != _MANIFEST or first.size > _LARGEST_MANIFEST:
            raise _damaged(backup, "it begins with no manifest")
        source = tape.extractfile(first)
        found = Manifest(**json.loads(source.read())) if source else None
        if found is None or found.format != FORMAT:
            raise _damaged(backup, "it is of another version")
        for name, digest in found.files.items():
            # Names of ours only: a file from elsewhere must not choose a place.
            parts = Path(name).parts
            inside = parts in ((CATALOGUE,), (CONVERSATIONS,)) or parts[0] == UPLOADS
            if not inside or ".." in parts or Path(name).is_absolute():
                raise _damaged(backup, f"it holds {name!r}, which is no part of a library")
            entry = tape.getmember(name)
            piece = tape.extractfile(entry) if entry.isfile() else None
            if piece is None or _digest_of(piece) != digest:
                raise _damaged(backup, f"{name} is not what was written")
        if CATALOGUE not in found.files:
            raise _damaged(backup, "it holds no catalogue")
    return found


@contextmanager
def _readable(backup: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise LibraryMissing(
            f"There is no backup at {backup}. `rag backup FILE` makes one."
        ) from None
    except (tarfile.TarError, KeyError, TypeError, ValueError, EOFError) as error:
        raise _damaged(backup, str(error) or type(error).__name__) from error
    except OSError as error:
        raise LibraryError(f"{backup} cannot be read ({error.strerror}).") from error


def _damaged(backup: Path, said: str) -> LibraryError:
    return LibraryError(
        f"{backup} is no whole backup of a library: {said}. Use another copy, or load the "
        "documents again with `rag load`."
    )


def _move_uploads(catalogue: Path, before: Path, after: Path) -> None:
    """Let the places of uploads name the new library's folder."""
    old, new = str(before / UPLOADS) + "/", str(after.resolve() / UPLOADS) + "/"
    with closing(sqlite3.connect(catalogue, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        for table in ("places", "refusals"):
            db.execute(
                f"UPDATE {table} SET path = ?1 || substr(path, length(?2) + 1) "
                "WHERE substr(path, 1, length(?2)) = ?2",
                (new, old),
            )
        db.execute("COMMIT")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of(file: IO[bytes]) -> str:
    """Of a member of an archive, which `hashlib.file_digest` does not take."""
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
