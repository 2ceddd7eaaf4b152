"""The panel beside an answer: the page that a quote stands on, with the quote marked.

A PDF or a picture is shown as it looks; of other formats, and where the file is gone, the stored
text around the quote.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import streamlit as st

from ingest.parse import Parser
from ingest.parsed import PagePicture
from ingest.picture import DRAWN, original, picture_of
from rag.errors import FileRefused
from rag.library.folder import Library, file_of
from rag.records import Page, Quote, Span
from rag.settings import Settings
from ui.loading import MEGABYTE
from ui.page import acts, held, markup
from ui.uploads import safe_name

_FIT, _LARGE = "Whole page", "Larger"
_MOST_PICTURES = 16  # that are kept in memory, of half a megabyte each
_LARGEST_DOWNLOAD = 200 * 1024 * 1024


def show(
    quotes: Sequence[Quote],
    at: int,
    libraries: Sequence[Library],
    settings: Settings,
    act: Callable[[int], str],
) -> float | None:
    """The whole panel for `quotes[at]`; the others of its page are marked faintly.

    `act` names what opens the quote of a number, which counts from 1. Returns how far down the
    picture of the page the quote stands (0..1), None where there is no picture of it.
    """
    quote = quotes[at]
    st.html(_steps(len(quotes), at, act) + f'<p class="sb-place">{markup.place(quote)}</p>')
    library = home(quote, libraries)
    page = page_of(quote, library)
    if page is None:
        st.html(markup.problem("This document is no longer in the library."))
        return None
    picture = None
    if quote.document.media_type in DRAWN:
        picture = _drawn(quotes, quote, page, library, settings)
    notice = file_notice(quote, library)
    if picture:
        with st.expander("The same as text"):
            st.html(markup.in_passage(quote, page, notice))
    else:
        st.html(markup.in_passage(quote, page, notice))
    if notice is None:
        _download(quote, library, settings)
    return picture.boxes[0][0].top if picture and picture.boxes[0] else None


def _steps(count: int, at: int, act: Callable[[int], str]) -> str:
    def button(label: str, pressed: str, *, off: bool = False) -> str:
        disabled = " disabled" if off else ""
        return (
            f'<button type="button" class="sb-do" data-sb-act="{pressed}"{disabled}>'
            f"{label}</button>"
        )

    return (
        f'<div class="sb-steps">{button("Previous quote", act(at), off=at == 0)}'
        f'<span class="sb-step">{at + 1} of {count}</span>'
        f"{button('Next quote', act(at + 2), off=at == count - 1)}"
        f"{button('Close', acts.name('close'))}</div>"
    )


def _drawn(
    quotes: Sequence[Quote], quote: Quote, page: Page, library: Library, settings: Settings
) -> PagePicture | None:
    """Show the page as it looks, if that can be done."""
    others = [
        (each.start, each.end)
        for each in quotes
        if each.document.id == quote.document.id
        and each is not quote
        and page.start <= each.start
        and each.end <= page.start + len(page.text)
    ]
    try:
        with st.spinner("Drawing the page …"):
            picture = _picture(
                library.path,
                library.catalogue.state,
                quote.document.id,
                page.number,
                ((quote.start, quote.end), *others),
                settings,
            )
    except FileRefused as refused:
        st.html(markup.notes([f"The page cannot be shown as it looks: {refused}."]))
        return None
    size = st.segmented_control(
        "Size", [_FIT, _LARGE], default=_FIT, required=True, label_visibility="collapsed"
    )
    st.html(_page(quote, page, picture, large=size == _LARGE))
    return picture


def _page(quote: Quote, page: Page, picture: PagePicture, *, large: bool) -> str:
    """The picture, which has a name of its own: Streamlit's pictures have no text instead."""
    which = f"Page {page.number} of " if page.number else ""
    marked = "the quote marked" if picture.boxes[0] else "the quote not found on it"
    name = f"{which}{quote.document.name}, {marked}"
    data = base64.b64encode(picture.png).decode()
    return (
        f'<div class="sb-page" tabindex="0" role="group" aria-label="{escape(name)}">'
        f'<img class="{"sb-large" if large else "sb-fit"}" alt="{escape(name)}" '
        f'src="data:image/png;base64,{data}"></div>'
    )


@st.cache_data(show_spinner=False, max_entries=_MOST_PICTURES)
def _picture(
    path: Path,
    state: str,
    identity: str,
    number: int | None,
    spans: tuple[tuple[int, int], ...],
    _settings: Settings,
) -> PagePicture:
    """A page as it looks; `state` is that of the library, so that nothing old is shown."""
    catalogue = held.open_library(path).catalogue
    document = catalogue.documents_by_id([identity])[identity]
    page = next(each for each in catalogue.pages(identity) if each.number == number)
    stretches = [Span(*span) for span in spans]
    with _parser(_settings) as parser:
        return picture_of(document, catalogue.places(identity), page, stretches, parser)


def _parser(settings: Settings) -> Parser:
    limits = settings.limits
    return Parser(
        seconds=limits.seconds,
        memory=limits.memory_mb * MEGABYTE,
        languages=settings.languages,
    )


def _download(quote: Quote, library: Library, settings: Settings) -> None:
    """The original, as it was loaded, and where it lies on this machine."""
    places = library.catalogue.places(quote.document.id)
    if not places or places[0].size > _LARGEST_DOWNLOAD:
        return

    def content() -> bytes:
        with _parser(settings) as parser:
            return original(quote.document, places, parser)

    st.download_button(
        "Download the original",
        content,
        file_name=safe_name(quote.document.name),
        # To be stored, not shown: a page of a document must not come from this address.
        mime="application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
    )


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
