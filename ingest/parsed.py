"""What a reader hands on: the text of one file with its pages, headings and title."""

from __future__ import annotations

from dataclasses import dataclass

from rag.records import Heading, Page


@dataclass(frozen=True, slots=True)
class Parsed:
    """Text and structure of one file.

    The document's text is `"".join(page.text for page in pages)`; every `start` counts code points
    in it. A format without pages has one `Page` whose number is None. Headings are ordered by
    `start` and stand in the text at their `start`, except outline entries whose words could not be
    found on their page: these start where the page starts. `page_count` is None where the format
    has no pages; `reason` says in words which pages could not be read, None when all could.
    """

    title: str
    media_type: str
    pages: tuple[Page, ...]
    headings: tuple[Heading, ...]
    page_count: int | None = None
    reason: str | None = None
