"""Documents that are ZIP archives inside (OOXML, ODF, EPUB): opened within limits.

Sizes are counted as the bytes come out, since an archive may say anything about itself.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rag.errors import FileRefused

_MOST_MEMBERS = 20_000
_MOST_BYTES = 512 * 1024 * 1024
_PIECE = 1 << 20


class Package:
    """The members of such a document, by name; use it in a `with` statement.

    Args:
        data: the bytes of the file.
        kind: what the file is, as a person says it: "Word document".

    Raises:
        FileRefused: it is no archive, is damaged, or has too many members; later also when more
            comes out of it than a document holds.
    """

    def __init__(self, data: bytes, kind: str) -> None:
        self._kind = kind
        self._left = _MOST_BYTES
        with self._refusing():
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        members = self._archive.infolist()
        if len(members) > _MOST_MEMBERS:
            raise FileRefused(f"damaged or hostile: the archive has {len(members):,} entries")
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            if not member.is_dir():
                self._members.setdefault(member.filename, member)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._archive.close()

    @property
    def names(self) -> list[str]:
        """The names of the members, in the order of the archive; of two of a name the first."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """Return the bytes of a member.

        Raises:
            FileRefused: it is not there, is encrypted or damaged, or too much has come out.
        """
        return b"".join(self._pieces(name))

    def measure(self) -> None:
        """Make sure that all of it can be unpacked, for a library that does it by itself.

        Raises what `read` raises.
        """
        for name in self._members:
            for _ in self._pieces(name):
                pass

    def _pieces(self, name: str) -> Iterator[bytes]:
        member = self._members.get(name)
        if member is None:
            raise FileRefused(f"damaged: its part {name} is missing")
        if member.flag_bits & 1:
            raise FileRefused("password-protected; save a copy without a password")
        with self._refusing(), self._archive.open(member) as stream:
            while piece := stream.read(_PIECE):
                self._left -= len(piece)
                if self._left < 0:
                    raise FileRefused(
                        f"too large when unpacked: more than {_MOST_BYTES // 1024**2} MB"
                    )
                yield piece

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            OSError,
            ValueError,
        ) as error:
            raise FileRefused(f"damaged: the {self._kind} cannot be unpacked") from error
