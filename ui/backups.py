"""The verbs `rag backup` and `rag restore`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import SettingsError
from rag.settings import read_settings
from ui.options import JsonOption, LibraryOption, print_json

if TYPE_CHECKING:
    from rag.library.backup import Manifest

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup, one file.")]


def backup(
    file: BackupFile,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a backup that is there already.")
    ] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write the library to one file, also while it is in use; a whole generation, checked."""
    from rag.library.backup import back_up
    from rag.library.folder import Library

    if file.exists() and not force:
        raise SettingsError(f"{file} exists already. Name another file, or add --force.")
    target = Library.open(read_settings(library=library).library)
    try:
        manifest = back_up(target, file)
    finally:
        target.close()
    return _said(manifest, f"Backed up: {file}.", as_json)


def restore(file: BackupFile, library: LibraryOption = None, as_json: JsonOption = False) -> int:
    """Make a library of a backup, in a folder that does not exist yet."""
    from rag.library.backup import restore as restored

    path = read_settings(library=library).library
    return _said(restored(file, path), f"Restored: {path}.", as_json)


def _said(manifest: Manifest, said: str, as_json: bool) -> int:
    if as_json:
        print_json(asdict(manifest))
    else:
        print(f"{said} {manifest.documents} documents, generation {manifest.generation}.")
    return 0
