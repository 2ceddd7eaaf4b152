"""Which files are loaded, and as what: decided from name and first bytes, before any parser runs.

Standard library only. Nothing here follows a link out of the loaded folder, and nothing but a
regular file is ever opened: a pipe would wait for ever, a device may act when it is read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rag.errors import FileRefused

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
CSV = "text/csv"
TSV = "text/tab-separated-values"
JSON = "application/json"
JSON_LINES = "application/jsonl"
EML = "message/rfc822"
MBOX = "application/mbox"
MHTML = "multipart/related"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
EPUB = "application/epub+zip"
RTF = "application/rtf"
XML = "application/xml"
NOTEBOOK = "application/x-ipynb+json"
RST = "text/x-rst"
LATEX = "application/x-latex"
MSG = "application/vnd.ms-outlook"
ZIP = "application/zip"
TAR = "application/x-tar"
PICTURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/bmp": (b"BM",),
    "image/webp": (b"RIFF",),
}
"""Media types of pictures, and how their files begin."""

EXTENSIONS = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".docm": DOCX,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".pptx": PPTX,
    ".pptm": PPTX,
    ".odt": ODT,
    ".ods": ODS,
    ".odp": ODP,
    ".rtf": RTF,
    ".epub": EPUB,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".json": JSON,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".eml": EML,
    ".mbox": MBOX,
    ".mht": MHTML,
    ".mhtml": MHTML,
    ".xml": XML,
    ".ipynb": NOTEBOOK,
    ".rst": RST,
    ".tex": LATEX,
    ".latex": LATEX,
    ".msg": MSG,
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".webp": "image/webp",
    ".zip": ZIP,
    ".tar": TAR,
    ".tgz": TAR,
    ".tbz2": TAR,
    ".txz": TAR,
    ".tar.gz": TAR,
    ".tar.bz2": TAR,
    ".tar.xz": TAR,
}
"""The media type by extension, in lower case; other extensions are not supported."""

SIZE_LIMIT = 200 * 1024 * 1024
"""Largest file that is loaded, in bytes."""

_SEE = "; `rag load --help` lists those that are"
_HEAD = 64 * 1024
_ZIP = b"PK\x03\x04"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_RTF = b"{\\rtf"
_OTHER_KINDS = (
    (b"%PDF-", "a PDF"),
    (_ZIP, "a ZIP archive or an Office file"),
    (b"PK\x05\x06", "a ZIP archive"),
    (_OLE, "an old Office file"),
    (b"\x89PNG\r\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (_RTF, "an RTF file"),
)
_ZIPPED = {
    DOCX: "a Word document",
    XLSX: "an Excel workbook",
    PPTX: "a PowerPoint presentation",
    ODT: "an OpenDocument text",
    ODS: "an OpenDocument spreadsheet",
    ODP: "an OpenDocument presentation",
    EPUB: "an EPUB book",
}
_OLD = {".doc": ".docx", ".dot": ".docx", ".xls": ".xlsx", ".ppt": ".pptx", ".pps": ".pptx"}
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def walk(root: Path) -> Iterator[Path]:
    """Yield what lies below `root`, sorted by its POSIX path relative to `root`.

    `root` may be a single file, which is yielded whatever it is called. Below a folder, names with
    a leading dot are passed over, and links to folders inside it, whose files are met where they
    lie. Special files, folders that cannot be listed and links that leave the folder are yielded,
    so that they are refused by name (`media_type`, `leaves`).

    Raises:
        FileRefused: there is nothing at `root`.
    """
    if not root.is_dir():
        if not os.path.lexists(root):
            raise FileRefused(f"there is no file or folder {root}")
        yield root
        return
    found: list[Path] = []
    inside = root.resolve()
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    path = folder / entry.name
                    if entry.is_symlink():
                        if not (_stays_inside(path, inside) and path.is_dir()):
                            found.append(path)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                    else:
                        found.append(path)
        except OSError:
            found.append(folder)
    yield from sorted(found, key=lambda path: path.relative_to(root).as_posix())


def leaves(path: Path, root: Path) -> bool:
    """Whether the path below `root` is a link to something that does not lie below it."""
    return path.is_symlink() and not _stays_inside(path, root.resolve())


def media_type(path: Path, limit: int = SIZE_LIMIT) -> str:
    """Return the media type of the file, by its extension and its first bytes.

    Args:
        path: the file; a link is followed.
        limit: the largest size accepted, in bytes.

    Raises:
        FileRefused: it is no regular file, cannot be read, is empty or too large, or its kind is
            not supported or not what its extension says.
    """
    head = _head(path, limit)
    extension = _extension(path)
    kind = EXTENSIONS.get(extension)
    if kind is None:
        if not extension:
            raise FileRefused(f"files without an extension are not supported{_SEE}")
        if extension in _OLD:
            raise FileRefused(
                f"old Office files ({extension}) are not supported; save it as {_OLD[extension]}"
            )
        raise FileRefused(f"files of kind {extension} are not supported{_SEE}")
    if kind == PDF:
        if b"%PDF-" not in head[:1024]:
            raise FileRefused("named .pdf, but its content is not a PDF")
    elif kind in _ZIPPED:
        if head.startswith(_OLE):
            raise FileRefused(
                f"password-protected or an old Office file; save it as an open {extension}"
            )
        if not head.startswith(_ZIP):
            raise FileRefused(f"named {extension}, but its content is not {_ZIPPED[kind]}")
    elif kind == RTF:
        if not head.startswith(_RTF):
            raise FileRefused("named .rtf, but its content is not an RTF file")
    elif kind in (ZIP, TAR):
        if not _looks_packed(kind, extension, head):
            raise FileRefused(f"named {extension}, but its content is no such archive")
    elif kind in PICTURES:
        if not head.startswith(PICTURES[kind]):
            raise FileRefused(f"named {extension}, but its content is no such picture")
    elif kind == MSG:
        if not head.startswith(_OLE):
            raise FileRefused("named .msg, but its content is not a message as Outlook saves it")
    else:
        _must_be_text(head, extension)
    return kind


def archive_type(path: Path) -> str | None:
    """Return the media type of a file whose members are loaded in its place, by its name alone."""
    kind = EXTENSIONS.get(_extension(path))
    return kind if kind in (ZIP, TAR) else None


def content_hash(path: Path) -> str:
    """Return the SHA-256 of the file's bytes in hex, read piece by piece.

    Raises:
        FileRefused: the file cannot be read.
    """
    try:
        with open(_open(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileRefused(_unreadable(error)) from error


def _extension(path: Path) -> str:
    """The last extension in lower case; the last two of a packed tar."""
    last = path.suffix.lower()
    both = Path(path.stem).suffix.lower() + last
    return both if both in EXTENSIONS else last


def _looks_packed(kind: str, extension: str, head: bytes) -> bool:
    if kind == ZIP:
        return head.startswith((_ZIP, b"PK\x05\x06"))
    if extension == ".tar":
        return head[257:262] == b"ustar" or head[:1] == b"\0" or len(head) >= 512
    return head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"))


def _stays_inside(path: Path, inside: Path) -> bool:
    try:
        return path.resolve().is_relative_to(inside)
    except (OSError, RuntimeError):  # a loop of links, which some versions report, leads nowhere
        return True


def _open(path: Path) -> int:
    """Return a descriptor of a regular file; the type is checked before and after opening."""
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise FileRefused("this folder cannot be read")
    if not stat.S_ISREG(mode):
        raise FileRefused("not a regular file (a pipe, a socket or a device)")
    # Non-blocking, for a pipe that took the file's place since the check above.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRefused("not a regular file (a pipe, a socket or a device)")
    return descriptor


def _head(path: Path, limit: int) -> bytes:
    try:
        with open(_open(path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise FileRefused(
                    f"too large: {size / 1e6:,.1f} MB, and the limit is {limit / 1e6:,.1f} MB"
                )
            head = file.read(_HEAD)
    except OSError as error:
        raise FileRefused(_unreadable(error)) from error
    if not head:
        raise FileRefused("the file is empty")
    return head


def _unreadable(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "it cannot be read: permission denied"
    if isinstance(error, FileNotFoundError):
        return "it cannot be read: there is no such file, or it is a link to one that is gone"
    return f"it cannot be read: {error.strerror or type(error).__name__}"


def _must_be_text(head: bytes, extension: str) -> None:
    for start, name in _OTHER_KINDS:
        if head.startswith(start):
            raise FileRefused(f"named {extension}, but its content is {name}")
    if head.startswith(_WIDE_MARKS):
        return
    controls = sum(head.count(byte) for byte in range(32) if byte not in b"\t\n\v\f\r\x1b")
    if b"\0" in head or controls > len(head) // 20:
        raise FileRefused(f"named {extension}, but its content is binary data, not text")
