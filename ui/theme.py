"""Colours of the page, light and dark; the system's preference decides which.

Those of Streamlit's own elements; `ui/page/style.css` holds ours, chosen to go with them. No font
is fetched: each of these is on the machine or comes with Streamlit.
"""

from __future__ import annotations

from collections.abc import Iterator

_BOTH = {
    "font": "sans-serif",
    "baseRadius": "0.5rem",
    "showWidgetBorder": "true",
    "showSidebarBorder": "true",
    "linkUnderline": "true",
}

_LIGHT = {
    "primaryColor": "#1f5fa8",
    "backgroundColor": "#ffffff",
    "secondaryBackgroundColor": "#f3f5f7",
    "textColor": "#1b2026",
    "linkColor": "#1f5fa8",
    # A border that tells a field from its surroundings, 3:1 and more.
    "borderColor": "#868e98",
}

_DARK = {
    "primaryColor": "#2f74c0",
    "backgroundColor": "#14181d",
    "secondaryBackgroundColor": "#1e242b",
    "textColor": "#e8ebee",
    "linkColor": "#8fbcf2",
    "borderColor": "#6d7783",
}


def options() -> Iterator[str]:
    """Flags for `streamlit run`."""
    for section, values in (("theme", _BOTH), ("theme.light", _LIGHT), ("theme.dark", _DARK)):
        for name, value in values.items():
            yield f"--{section}.{name}={value}"
