"""Who may come in: nothing of the library is shown, or loaded, to anybody else.

Where the page is served to this machine alone and no password is set, everybody is. A sign-in by
password ends with the browser's session, and with the password: a new one signs everybody out.
"""

from __future__ import annotations

import math

import streamlit as st

from rag.errors import SettingsError
from rag.settings import Settings, read_settings
from ui.page import markup
from ui.password import LONGEST, Attempts, Hashed
from ui.serve import is_loopback

_SIGNED_IN = "signed in with"


def is_wide() -> bool:
    """Whether other machines reach the page.

    Then a visitor is not the owner of this machine, and must not read its files by their paths.
    The address is Streamlit's own, not a setting that could tell otherwise.
    """
    return not is_loopback(st.get_option("server.address"))


def is_needed() -> bool:
    """Whether people sign in here at all, and so can sign out."""
    settings = read_settings()
    return bool(settings.people) or is_wide() or Hashed.read(settings.password_file) is not None


def admitted() -> bool:
    """Whether the visitor may see the page; where not, what to do instead is shown."""
    try:
        # From the start, not what a visitor chose: nobody may choose who comes in.
        settings = read_settings()
        if settings.people:
            return _by_provider(settings)
        hashed = Hashed.read(settings.password_file)
    except SettingsError as error:
        st.html(markup.problem(str(error)))
        return False
    if hashed is None:
        if is_wide():
            st.html(
                markup.problem(
                    "Nobody can sign in: no password is set. Whoever runs this page can set one "
                    "with rag ui --set-password."
                )
            )
        return not is_wide()
    return _by_password(hashed)


def sign_out() -> None:
    """End the visitor's session here, and what it holds."""
    by_provider = bool(read_settings().people)
    st.session_state.clear()
    if by_provider:
        st.logout()


# -- by password -----------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def _attempts() -> Attempts:
    """Those of all visitors; a session of its own each time would be a way around the wait."""
    return Attempts()


def _by_password(hashed: Hashed) -> bool:
    if st.session_state.get(_SIGNED_IN) == hashed.text:
        return True
    with st.container(key="signin"):
        st.html('<h1 class="sb-signin">Sourcebound</h1>')
        with st.form("sign in", border=False):
            given = st.text_input(
                "Password", type="password", max_chars=LONGEST, autocomplete="current-password"
            )
            asked = st.form_submit_button("Sign in", type="primary", width="stretch")
        if asked:
            wait = _attempts().wait()
            if not wait and _attempts().admits(given, hashed):
                st.session_state[_SIGNED_IN] = hashed.text
                st.rerun()
            st.html(markup.problem(_refusal(wait)))
    return False


def _refusal(wait: float) -> str:
    if not wait:
        return "That is not the password. Try again."
    seconds = math.ceil(wait)
    return (
        "There were too many wrong attempts. "
        f"Try again in {seconds} second{'' if seconds == 1 else 's'}."
    )


# -- by a provider ---------------------------------------------------------------------------------


def _by_provider(settings: Settings) -> bool:
    user = st.user.to_dict()
    if user.get("is_logged_in"):
        address = str(user.get("email") or "").casefold()
        # An address that nobody has verified may be anybody's: some providers let people type it.
        if address in settings.people and user.get("email_verified") is True:
            return True
        st.html(
            markup.problem(
                f"{address or 'You'} may not come in here, or your provider has not verified the "
                "address. Ask whoever runs this page."
            )
        )
        st.button("Sign out", on_click=st.logout)
        return False
    with st.container(key="signin"):
        st.html('<h1 class="sb-signin">Sourcebound</h1>')
        st.button("Sign in", on_click=st.login, type="primary", width="stretch")
    return False
