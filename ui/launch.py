"""Start Streamlit without the one thing it does that leaves this machine. Run by `ui.serve`."""

from __future__ import annotations

from streamlit import net_util
from streamlit.web import cli


def stay_here() -> None:
    """Keep Streamlit from asking a server on the net for this machine's address.

    It does for its greeting on a wide address, and whenever a page of another origin knocks.
    """
    net_util.get_external_ip = lambda: None


def main() -> None:
    stay_here()
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
