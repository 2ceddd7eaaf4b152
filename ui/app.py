"""The page: its views, and what went wrong in one as a sentence. Started by `rag ui`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from rag.errors import SourceboundError
from rag.settings import Settings
from ui.page import asking, held, library, markup, measuring, preferences, signin, tracing

STYLE = Path(__file__).with_name("page") / "style.css"

# Title, address, icon, and what shows it; the first is where one arrives. No docstring: Streamlit
# shows a text that stands alone in this file on the page.
VIEWS: tuple[tuple[str, str, str, Callable[[Settings], None]], ...] = (
    ("Ask", "", ":material/chat:", asking.show),
    ("Library", "library", ":material/folder_open:", library.show),
    ("Why", "why", ":material/account_tree:", tracing.show),
    ("Evaluate", "evaluate", ":material/monitoring:", measuring.show),
    ("Settings", "settings", ":material/tune:", preferences.show),
)


def main() -> None:
    st.set_page_config(page_title="Sourcebound", page_icon="📎", layout="wide")
    st.html(STYLE)
    inside = signin.admitted()
    view = st.navigation(
        [
            st.Page(guarded(show), title=title, icon=icon, url_path=address, default=not address)
            for title, address, icon, show in VIEWS
        ],
        # Named also to those outside, or what Streamlit showed before they signed out would stay.
        position="top" if inside else "hidden",
    )
    if not inside:
        return
    view.run()
    if signin.is_needed():
        with st.sidebar:
            st.button("Sign out", on_click=signin.sign_out, width="stretch")


def guarded(show: Callable[[Settings], None]) -> Callable[[], None]:
    """A view, and what went wrong in it as a sentence."""

    def shown() -> None:
        try:
            show(held.settings())
        except SourceboundError as error:
            st.html(markup.problem(str(error)))
        except Exception:
            # What went wrong may quote a document; it belongs into the terminal, not onto the page.
            logging.getLogger(__name__).exception("the page broke")
            st.html(
                markup.problem("Something unexpected went wrong. The terminal of rag ui says what.")
            )

    return shown


if __name__ == "__main__":
    main()
