"""The page: ask, see the answer sentence by sentence with its quotes, open each in its document.

Started by `rag ui`. Layout and calls; what is decided is decided below. Every text that is not
this file's own goes through `ui.markup`, which escapes it. `ui.measuring` is its second view.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import streamlit as st

from ingest.embed import Progress
from rag import assemble, kept
from rag.ask import Checked, Found, Parts, Quoted
from rag.errors import LibraryMissing, ModelMissing, SettingsError, SourceboundError
from rag.filters import Filters
from rag.library.folder import Library, file_of
from rag.models.weights import GENERATOR
from rag.ports import Embedder, Generator, Reranker
from rag.records import Answer, Mode, Outcome, Page, Quote, Reply, Sentence
from rag.retrieve import check_question
from rag.settings import Settings, read_settings
from rag.verify import RuleScorer
from rag.why import why
from ui import conversations, markup, measuring
from ui.loading import load_folder
from ui.printing import MOST_LISTED, writing
from ui.uploads import load_uploads

QUOTES, PHRASED = "Quotes", "Phrased"
NEAREST = 3
DOCUMENTS_LISTED = 50
EARLIER_KEPT = 20


def main() -> None:
    asking = st.Page(lambda: guarded(show_page), title="Ask", default=True)
    measured = st.Page(lambda: guarded(show_measuring), title="Measure", url_path="measure")
    view = st.navigation([asking, measured])
    # Tables of a report are wide, and what is read is not.
    layout: Literal["centered", "wide"] = "centered" if view == asking else "wide"
    st.set_page_config(page_title="Sourcebound", page_icon="📎", layout=layout)
    st.html(Path(__file__).with_name("style.css"))
    st.title("Sourcebound")
    view.run()


def guarded(show: Callable[[Settings], None]) -> None:
    """A view, and what went wrong in it as a sentence."""
    try:
        show(read_settings())
    except SourceboundError as error:
        st.html(markup.problem(str(error)))
    except Exception:
        # What went wrong may quote a document; it belongs into the terminal, not onto the page.
        logging.getLogger(__name__).exception("the page broke")
        st.html(
            markup.problem("Something unexpected went wrong. The terminal of rag ui says what.")
        )


def show_page(settings: Settings) -> None:
    talks = st.sidebar.container()  # filled once a question may have begun a conversation
    with st.sidebar:
        show_uploads(settings)
        show_folder(settings)
        try:
            library = open_library(settings.library)
            show_library(library)
        except LibraryMissing:
            library = None
    if library is None or library.catalogue.counts().documents == 0:
        st.write("Your library is empty. Hand over documents on the left, or run this command:")
        st.code(f"rag load FOLDER --library {settings.library}", language=None)
        return
    libraries = [library, *(open_library(path) for path in settings.libraries[1:])]
    ask_form(settings, libraries)
    with talks:
        conversations.show(libraries, earlier(), EARLIER_KEPT)
    for reply in reversed(earlier()):
        show_reply(reply, libraries)
    if earlier():
        show_why(settings, libraries)


def show_measuring(settings: Settings) -> None:
    def parts() -> Parts:
        libraries = [open_library(path) for path in settings.libraries]
        return make_parts(Mode.QUOTE, settings, libraries)

    measuring.show(parts)


# -- what is shared between visitors: models and the library, nothing of a person ------------------


@st.cache_resource(show_spinner="Opening the library …")
def open_library(path: Path) -> Library:
    return Library.open(path)


@st.cache_resource(show_spinner="Loading the embedding model …")
def load_embedder(name: str) -> Embedder:
    return assemble.embedder(Settings(embedder=name))


@st.cache_resource(show_spinner="Loading the generator; the first time takes half a minute …")
def load_generator(name: str, endpoint: str) -> Generator | None:
    return assemble.generator(Settings(generator=name, endpoint=endpoint))


@st.cache_resource(show_spinner="Loading the reranker …")
def load_reranker(name: str) -> Reranker | None:
    return assemble.reranker(Settings(reranker=name))


@st.cache_resource(show_spinner=False, max_entries=16)
def check_model(path: Path, embedder_name: str, generation: int) -> None:
    """Once for each state of the library: were its vectors made by this model?"""
    model = load_embedder(embedder_name)
    open_library(path).check_embedder(model.identity)
    open_library(path).check_canary(model)


def earlier() -> list[Reply]:
    """This visitor's replies, oldest first."""
    replies: list[Reply] = st.session_state.setdefault("replies", [])
    return replies


# -- asking ----------------------------------------------------------------------------------


def ask_form(settings: Settings, libraries: list[Library]) -> None:
    possible = assemble.has_generator(settings)
    with st.form("ask", border=False):
        question = st.text_input(
            "Question",
            placeholder="What do you want to know from your documents?",
            max_chars=10_000,
        )
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        shown_as = left.radio(
            "Answer",
            [QUOTES, PHRASED],
            index=1 if possible else 0,
            horizontal=True,
            disabled=not possible,
            help="Quotes come at once. Phrased sentences follow when they passed the check.",
        )
        asked = right.form_submit_button("Ask", type="primary", width="stretch")
        chosen, filters = where_to_look(libraries)
    if not possible:
        st.caption("No generator is installed, so answers are quotes. To install it:")
        st.code(GENERATOR.install, language=None)
    for notice in assemble.notices(settings, Mode.GENERATE):
        st.caption(f"For phrased answers: {notice}")
    # Always there: what follows keeps its place, and what is unfolded stays so at the next run.
    with st.container():
        if asked:
            mode = Mode.GENERATE if shown_as == PHRASED else Mode.QUOTE
            answer(question, mode, settings, chosen, filters(), libraries[0])


def where_to_look(libraries: list[Library]) -> tuple[list[Library], Callable[[], Filters]]:
    """The collections chosen, and the filters, read when the form is sent."""
    with st.expander("Where to look"):
        names = {str(library.path): library for library in libraries}
        chosen = list(names)
        if len(libraries) > 1:
            chosen = st.multiselect("Collections", list(names), default=list(names))
        left, right = st.columns(2)
        kind = left.text_input("Kinds of file", placeholder="pdf, docx")
        folder = right.text_input("Folder", placeholder="reports/2023")
        since = left.text_input("From", placeholder="2023, 2023-Q2 or 2023-04-30")
        until = right.text_input("To", placeholder="2024")

    def filters() -> Filters:
        return Filters(
            folders=tuple(filter(None, [folder.strip()])),
            kinds=tuple(filter(None, (each.strip() for each in kind.split(",")))),
            since=since.strip(),
            until=until.strip(),
        )

    return [names[name] for name in chosen or list(names)], filters


def answer(
    question: str,
    mode: Mode,
    settings: Settings,
    libraries: list[Library],
    filters: Filters,
    own: Library,
) -> None:
    """Show the reply as it comes about, then keep it; `own` has the conversation."""
    question = check_question(question)  # before half a minute of loading models
    parts = make_parts(mode, settings, libraries)
    history = kept.said(earlier())
    place = st.empty()
    with st.spinner("Looking into your documents …"):
        phrased: list[Sentence] = []
        quoted: Answer | None = None
        for event in kept.stream(question, parts, mode=mode, filters=filters, history=history):
            if isinstance(event, Found | kept.Again):
                continue
            if isinstance(event, Quoted):
                quoted = event.answer
            elif isinstance(event, Checked):
                if isinstance(event.part, Sentence):
                    phrased.append(event.part)
            else:
                earlier().append(conversations.keep_turn(event, libraries, own))
                del earlier()[:-EARLIER_KEPT]
                place.empty()
                return
            with place.container():
                show_unfinished(question, quoted, phrased, mode)


def make_parts(mode: Mode, settings: Settings, libraries: list[Library]) -> Parts:
    model = load_embedder(settings.embedder)
    for library in libraries:
        check_model(library.path, settings.embedder, library.catalogue.generation)
    generator = None
    notes = assemble.notices(settings, mode)
    if mode is Mode.GENERATE:
        try:
            generator = load_generator(settings.generator, settings.endpoint)
        except ModelMissing as error:
            notes = (assemble.without(error),)
    reranker = load_reranker(settings.reranker)
    return Parts(
        tuple(libraries),
        model,
        RuleScorer(),
        generator,
        reranker,
        settings.evidence,
        notes,
        settings.price_in,
        settings.price_out,
    )


def show_why(settings: Settings, libraries: list[Library]) -> None:
    """Follow a page that was expected through the steps of the last question."""
    with st.expander("Why was a page not found?"), st.form("why", border=False):
        question = earlier()[-1].question
        left, right = st.columns([3, 1])
        document = left.text_input("Document that should be found", placeholder="report.pdf")
        page = right.number_input("Page", min_value=0, help="0 for any page of it")
        if st.form_submit_button("Follow it") and document.strip():
            parts = make_parts(Mode.QUOTE, settings, libraries)
            st.html(markup.trace(why(question, parts, document.strip(), int(page) or None)))


def show_unfinished(
    question: str, quoted: Answer | None, phrased: list[Sentence], mode: Mode
) -> None:
    """The quotes, at once, and the sentences that passed so far."""
    st.html(markup.question(question))
    if quoted is None or quoted.outcome is Outcome.NO_EVIDENCE:
        return
    if mode is Mode.GENERATE:
        st.caption("Phrasing and checking; the quotes already stand.")
    if quoted.conflicts:
        st.html(markup.conflicts(quoted))
    for sentence in phrased:
        st.html(markup.sentence(sentence))
    for sentence in quoted.sentences[:MOST_LISTED]:
        st.html(markup.quote(sentence.quotes[0]))


# -- an answer -------------------------------------------------------------------------------


def show_reply(reply: Reply, libraries: list[Library]) -> None:
    found = reply.answer
    notes = [*conversations.stale_notes(reply, libraries), *reply.notes]
    if reply.searched:
        notes.append(f"Looked for: {' / '.join(reply.searched)}")
    st.html(
        markup.question(reply.question) + markup.verdict(found, reply.task) + markup.notes(notes)
    )
    if found.conflicts:
        st.html(markup.conflicts(found))
    if found.outcome is Outcome.NO_EVIDENCE and reply.passages:
        with st.expander("Nearest passages; they do not answer the question"):
            st.html(markup.passages(reply.passages[:NEAREST]))
    side = ""
    for sentence in found.sentences[:MOST_LISTED]:
        if sentence.side != side:
            side = sentence.side
            st.html(markup.side(side))
        if reply.mode is Mode.GENERATE and not sentence.replaced:
            st.html(markup.sentence(sentence))
        for quote in sentence.quotes:
            show_quote(quote, libraries)
    if len(found.sentences) > MOST_LISTED:
        st.caption(f"and {len(found.sentences) - MOST_LISTED} more; rag ask --json lists all.")
    for quote in found.quotes_only:
        show_quote(quote, libraries)
    if found.withheld:
        with st.expander("Withheld sentences; no part of the answer"):
            st.html(markup.withheld(found))
    st.html(markup.effort(reply))
    st.divider()


def show_quote(quote: Quote, libraries: list[Library]) -> None:
    st.html(markup.quote(quote))
    home = quote.document.collection
    library = next((each for each in libraries if str(each.path) == home), libraries[0])
    with st.expander("Open in the document"):
        page = page_of(quote, library)
        if page is None:
            st.html(markup.problem("This document is no longer in the library."))
        else:
            st.html(markup.in_passage(quote, page, file_notice(quote, library)))


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


# -- the library -----------------------------------------------------------------------------


def show_uploads(settings: Settings) -> None:
    with st.form("upload", clear_on_submit=True, border=False):
        files = st.file_uploader("Add documents", accept_multiple_files=True)
        submitted = st.form_submit_button("Load", width="stretch")
    if submitted and files:
        with progress() as show_progress:
            st.session_state["loaded"] = load_uploads(
                files,
                Library.create(settings.library),
                lambda: load_embedder(settings.embedder),
                settings,
                show_progress,
            )
    if st.session_state.get("loaded"):
        st.html(markup.reports(st.session_state["loaded"]))


def show_folder(settings: Settings) -> None:
    """Load a folder of this machine: the page is served to nobody else."""
    with st.expander("Load a folder"), st.form("folder", border=False):
        given = st.text_input("Folder on this machine", placeholder="/home/me/documents")
        gone = st.checkbox("Remove documents whose file is gone")
        submitted = st.form_submit_button("Load the folder", width="stretch")
    if submitted and given.strip():
        folder = Path(given.strip()).expanduser()
        if not folder.is_absolute():
            raise SettingsError(f"Give the whole path of the folder, from the top, not {given}.")
        with progress() as show_progress:
            st.session_state["folder account"] = load_folder(
                folder,
                Library.create(settings.library),
                lambda: load_embedder(settings.embedder),
                settings,
                show_progress,
                prune=gone,
            )
    if st.session_state.get("folder account"):
        st.html(markup.account(st.session_state["folder account"]))


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """A bar for as long as a load takes."""
    bar = st.progress(0.0, "Looking …")

    def show(at: Progress) -> None:
        bar.progress(min(1.0, at.done / max(1, at.total)), f"{at.step}: {at.done}/{at.total}")

    try:
        yield show
    finally:
        bar.empty()


def show_library(library: Library) -> None:
    counts = library.catalogue.counts()
    st.caption("Library")
    st.code(str(library.path), language=None)
    st.write(
        f"{counts.documents} documents, {counts.pages} numbered pages, {counts.chunks} passages"
    )
    if counts.embedded_chunks < counts.chunks:
        st.caption(f"{counts.embedded_chunks} of them can be found by meaning so far.")
    writer = library.writer()
    if writer:
        st.caption(f"Now writing: {writing(writer)}")
    if counts.refused:
        st.caption(f"{counts.refused} files were refused; rag status --refused lists them.")
    with st.expander("Documents"):
        wanted = st.text_input("Name or title holds", key="document filter").casefold()
        found = [
            document
            for document in library.catalogue.documents()
            if wanted in f"{document.name} {document.title}".casefold()
        ]
        st.html(markup.documents(found[:DOCUMENTS_LISTED]))
        if len(found) > DOCUMENTS_LISTED:
            st.caption(f"and {len(found) - DOCUMENTS_LISTED} more")


if __name__ == "__main__":
    main()
