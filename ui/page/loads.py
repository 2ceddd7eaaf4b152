"""Documents handed over or loaded from a folder, with a bar, a way to stop, and the account."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from ingest.embed import Progress
from rag.errors import LibraryBusy, SettingsError, SourceboundError
from rag.library.folder import Library
from rag.settings import Settings
from ui.loading import FolderAccount, load_folder
from ui.page import held, markup
from ui.printing import writing
from ui.uploads import load_uploads

_ACCOUNT, _CUT, _SENT = "load account", "load cut off", "upload form"
_SHOW_SECONDS = 0.25
_UNITS = {"reading": "files"}  # of the other steps: passages

BUSY = (
    "Nothing is lost: wait until it is done, then press the button again. Asking works meanwhile."
)
STOPPED = (
    "The load was stopped. What was read before is in the library. Load the same folder again to "
    "go on, or hand over again the files that are missing below."
)


def show_uploads(settings: Settings) -> None:
    """The area for files, and their load."""
    at = st.session_state.setdefault(_SENT, 0)
    files = st.file_uploader(
        f"Add documents: drop them here, up to {settings.limits.file_mb} MB each",
        accept_multiple_files=True,
        key=f"upload {at}",
    )
    # No form: its button could be pressed before the files have arrived.
    if st.button("Load", disabled=not files, width="stretch", type="primary"):
        account = FolderAccount(everything=True)

        def work(library: Library, show: Callable[[Progress], None]) -> None:
            load_uploads(
                files,
                library,
                lambda: held.load_embedder(settings.embedder),
                settings,
                show,
                account.add,
            )
            # A new area for the next files; a load that failed leaves these for another try.
            st.session_state[_SENT] = at + 1

        _load(settings, account, work)


def show_folder(settings: Settings) -> None:
    """Load a folder of this machine; only for whoever sits at it."""
    with st.expander("Load a folder"), st.form("folder", border=False):
        given = st.text_input("Folder on this machine", placeholder="/home/me/documents")
        gone = st.checkbox("Remove documents whose file is gone")
        submitted = st.form_submit_button("Load the folder", width="stretch")
    if submitted:
        account = FolderAccount()

        def work(library: Library, show: Callable[[Progress], None]) -> None:
            load_folder(
                _folder(given),
                library,
                lambda: held.load_embedder(settings.embedder),
                settings,
                show,
                account.add,
                prune=gone,
            )

        _load(settings, account, work)


def show_account() -> None:
    """What became of the files of the last load, until it is dismissed."""
    account: FolderAccount | None = st.session_state.get(_ACCOUNT)
    if account is None:
        return
    with st.container(key="account"):
        if st.session_state.get(_CUT):
            st.html(markup.problem(STOPPED))
        st.html(markup.account(account))
    if st.button("Dismiss this account"):
        del st.session_state[_ACCOUNT]
        st.rerun()


def _folder(given: str) -> Path:
    """The folder that was typed. Raises `SettingsError` where there is none."""
    folder = Path(given.strip()).expanduser()
    if not given.strip() or not folder.is_absolute():
        raise SettingsError(f"Give the whole path of the folder, from the top, not {given!r}.")
    if not folder.is_dir():
        raise SettingsError(f"There is no folder at {given.strip()}. Check its path.")
    return folder


def _load(
    settings: Settings,
    account: FolderAccount,
    work: Callable[[Library, Callable[[Progress], None]], None],
) -> None:
    """A load with its bar and its account; an error is a sentence, and the view goes on.

    Streamlit ends this run where somebody presses a button: its next bar raises. The load then lets
    go of the library as after any other error, and what it accounted for until then stays.
    """
    room = st.empty()
    try:
        library = Library.create(settings.library)
        who = library.writer()
        if who is not None:
            raise LibraryBusy(f"The library is being written by {writing(who)}.")
        st.session_state[_ACCOUNT], st.session_state[_CUT] = account, True
        with room.container():
            bar = st.progress(0.0, "Looking at the files …")
            st.button("Stop", help="What was read before stays.")
        work(library, _steps(bar.progress))
        st.session_state[_CUT] = False
    except LibraryBusy as error:
        st.session_state.pop(_ACCOUNT, None)
        st.html(markup.problem(f"{error} {BUSY}"))
    except SourceboundError as error:
        # What was accounted for until then stays on view; nothing at all is no account.
        st.session_state[_CUT] = False
        if not account.counts:
            st.session_state.pop(_ACCOUNT, None)
        st.html(markup.problem(str(error)))
    else:
        st.rerun()
    finally:
        room.empty()


def _steps(show: Callable[[float, str], object]) -> Callable[[Progress], None]:
    """Progress to a bar: how far, how fast, and how long it will still take."""
    began: dict[str, tuple[float, int]] = {}
    last = 0.0

    def step(at: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        since, first = began.setdefault(at.step, (now, at.done))
        # A picture of each of thousands of passages would cost more than the passages.
        if now < last + _SHOW_SECONDS and at.done < at.total:
            return
        last = now
        show(min(1.0, at.done / max(1, at.total)), pace(at, at.done - first, now - since))

    return step


def pace(at: Progress, done: int, seconds: float) -> str:
    """ "reading: 3 of 10 files, 1.5 a second, about 5 s left"; `done` of them took `seconds`."""
    said = f"{at.step}: {at.done:,} of {at.total:,} {_UNITS.get(at.step, 'passages')}"
    if done <= 0 or seconds <= 0.5 or at.done >= at.total:
        return said
    rate = done / seconds
    left = (at.total - at.done) / rate
    time_left = f"{left:.0f} s" if left < 90 else f"{left / 60:.0f} min"
    return f"{said}, {rate:.1f} a second, about {time_left} left"
