"""When something changes in a folder: the system's own notices, by watchfiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

_PAUSE_MS = 500
"""Changes that come closer than this belong together."""


def changes(paths: Sequence[Path], library: Path, stop: Event | None = None) -> Iterator[None]:
    """Yield once at the beginning, then whenever something changed below the paths.

    Notices are gathered from before the first yield on, so that nothing is missed while a load
    runs. What the library writes is passed over. Ends when `stop` is set.
    """
    from watchfiles import Change, watch

    ours = library.resolve()

    def matters(change: Change, path: str) -> bool:
        at = Path(path)
        return at != ours and ours not in at.parents

    noticed = watch(
        *(path.resolve() for path in paths),
        watch_filter=matters,
        debounce=_PAUSE_MS * 4,
        step=_PAUSE_MS,
        rust_timeout=_PAUSE_MS,
        yield_on_timeout=True,
        stop_event=stop,
        ignore_permission_denied=True,
    )
    begun = False
    for found in noticed:
        if found or not begun:
            begun = True
            yield
