"""A quote in its document: what stands around it, with the quote marked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rag.library.folder import Library, file_of
from rag.records import Page, Quote
from ui.page import markup


def show(quote: Quote, libraries: Sequence[Library]) -> None:
    """The passage that a quote stands in."""
    library = home(quote, libraries)
    page = page_of(quote, library)
    if page is None:
        st.html(markup.problem("This document is no longer in the library."))
    else:
        st.html(markup.in_passage(quote, page, file_notice(quote, library)))


def home(quote: Quote, libraries: Sequence[Library]) -> Library:
    """The library that a quote was found in."""
    path = quote.document.collection
    return next((each for each in libraries if str(each.path) == path), libraries[0])


def page_of(quote: Quote, library: Library) -> Page | None:
    """The stored page that holds the quote; None when the document was forgotten since."""
    for page in library.catalogue.pages(quote.document.id):
        if page.start <= quote.start and quote.end <= page.start + len(page.text):
            return page
    return None


def file_notice(quote: Quote, library: Library) -> str | None:
    """What to know when no file holds any more what was loaded."""
    found = "The file is gone; this is the stored text."
    for place in library.catalogue.places(quote.document.id):
        try:
            now = file_of(place.path).stat()
        except OSError:
            continue
        if (now.st_size, now.st_mtime_ns) == (place.size, place.mtime_ns):
            return None
        found = "The file has changed since it was loaded; this is the stored text."
    return found
