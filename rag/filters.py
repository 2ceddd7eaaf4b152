"""Where to look: hard filters by document, folder, kind and date."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag import dates
from rag.errors import DocumentUnknown, SettingsError
from rag.library.folder import Library, unknown
from rag.records import Document


@dataclass(frozen=True, slots=True)
class Filters:
    """What a document must be for its passages to be found; all that are given must hold.

    `documents` are names, `folders` paths below the loaded folder, `kinds` endings of names
    ("pdf"). `since` and `until` are dates or periods ("2023", "2023-Q2", "2023-04-30"): the
    document's own period must touch the time from the first day of the one to the last day of the
    other, so a document without a date is not found then.
    """

    documents: tuple[str, ...] | None = None
    folders: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        for name, period in (("since", self.since), ("until", self.until)):
            if period and _bounds(period) is None:
                raise SettingsError(
                    f"{period!r} is no date for --{name}. Write a year (2023), a quarter "
                    "(2023-Q2), a month (2023-04) or a day (2023-04-30)."
                )

    @property
    def given(self) -> bool:
        """Whether anything is filtered at all."""
        return self != NONE

    def accepts(self, document: Document) -> bool:
        """Whether the document's passages may be found; under any of its names."""
        names = (document.name, *document.also)
        return (
            (self.documents is None or any(name in self.documents for name in names))
            and (not self.folders or any(_inside(n, f) for n in names for f in self.folders))
            and (not self.kinds or any(_kind(name) in self._kinds() for name in names))
            and self._in_time(document)
        )

    def _kinds(self) -> set[str]:
        return {kind.lower().lstrip(".") for kind in self.kinds}

    def _in_time(self, document: Document) -> bool:
        if not self.since and not self.until:
            return True
        period = _bounds(document.date)
        if period is None:
            return False
        first = _bounds(self.since)
        last = _bounds(self.until)
        return (first is None or period[1] >= first[0]) and (last is None or period[0] <= last[1])

    def matching(self, library: Library) -> list[Document]:
        """The documents of a library that are accepted."""
        return [each for each in library.catalogue.documents() if self.accepts(each)]


NONE = Filters()


def keys(filters: Filters, libraries: Sequence[Library]) -> list[list[int] | None]:
    """For each library the passages that may be found, None where all may.

    Raises `DocumentUnknown` for a document that none of them holds, and where nothing matches.
    """
    if not filters.given:
        return [None] * len(libraries)
    for name in filters.documents or ():
        if not any(library.catalogue.document(name) for library in libraries):
            raise DocumentUnknown(unknown(libraries[0], name))
    matching = [filters.matching(library) for library in libraries]
    if not any(matching) and filters.documents != ():
        raise DocumentUnknown(
            f"No document matches {_in_words(filters)}. {_there(libraries)} "
            "`rag show` lists the documents; leave a filter out to look in more of them."
        )
    return [
        library.catalogue.chunk_keys([document.id for document in documents])
        for library, documents in zip(libraries, matching, strict=True)
    ]


def _inside(name: str, folder: str) -> bool:
    return PurePosixPath(folder.strip("/")) in PurePosixPath(name).parents


def _kind(name: str) -> str:
    return PurePosixPath(name).suffix.lower().lstrip(".")


def _bounds(period: str) -> tuple[datetime.date, datetime.date] | None:
    try:
        return dates.bounds(period)
    except ValueError:
        return None


def _in_words(filters: Filters) -> str:
    given = [
        ("documents", ", ".join(filters.documents or ())),
        ("folder", ", ".join(filters.folders)),
        ("kind", ", ".join(filters.kinds)),
        ("since", filters.since),
        ("until", filters.until),
    ]
    return " and ".join(f"{name} {value}" for name, value in given if value)


def _there(libraries: Sequence[Library]) -> str:
    documents = [each for library in libraries for each in library.catalogue.documents()]
    kinds = sorted({_kind(document.name) for document in documents} - {""})
    found = sorted(document.date for document in documents if document.date)
    said = f"There are {len(documents)} documents of the kinds {', '.join(kinds[:20]) or 'none'}"
    return said + (f", dated {found[0]} to {found[-1]}." if found else ", none with a date.")
