"""Documents, their removal and what was refused, to HTML; every text of others is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rag.library.catalogue import Entry, Place, Refusal
from rag.library.folder import UPLOADS, Forgotten, Library, file_of


def size(count: int) -> str:
    """Bytes in words."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def rows(items: Iterable[tuple[str, str]]) -> str:
    """A table of two columns of plain texts."""
    cells = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td dir="auto">{escape(value)}</td></tr>'
        for name, value in items
    )
    return f'<table class="sb-trace"><tbody>{cells}</tbody></table>'


def details(entry: Entry, places: Sequence[Place], alike: Sequence[tuple[str, float]]) -> str:
    """All that is known of one document; its files are looked at now."""
    said = [
        ("Title", entry.title or "none"),
        ("Date it gives itself", entry.date or "none"),
        ("Pages", "no pages" if entry.pages is None else f"{entry.pages:,}"),
        ("Passages", f"{entry.chunks:,}"),
        ("Found by", "words and meaning" if entry.embedded else "words only, until the next load"),
        *[("Could not be read", each) for each in [entry.reason] if each],
        *[("Nearly the same as", f"{name} ({share:.0%})") for name, share in alike],
        *[("File", f"{place.path}: {_file_state(place)}") for place in places],
        *[("Also named", name) for name in entry.names[1:]],
    ]
    return (
        f'<section class="sb-detail"><h3 class="sb-question" dir="auto">{escape(entry.name)}</h3>'
        f"{rows(said)}</section>"
    )


def _file_state(place: Place) -> str:
    try:
        now = file_of(place.path).stat()
    except OSError:
        return "the file is gone; its text is kept here"
    # The time of an archive's member is not that of the archive.
    if file_of(place.path).as_posix() == place.path and now.st_size != place.size:
        return "the file has changed since; load its folder again"
    if file_of(place.path).as_posix() == place.path and now.st_mtime_ns != place.mtime_ns:
        return "the file was written since; load its folder again"
    return "as it was loaded"


def before_removal(chosen: Sequence[Entry], library: Library) -> str:
    """What will happen, before it does."""
    folder = library.path.resolve() / UPLOADS
    own, others = 0, 0
    for entry in chosen:
        inside = any(folder in file_of(p.path).parents for p in library.catalogue.places(entry.id))
        own, others = own + inside, others + (not inside)
    said = [
        f"Remove {', '.join(entry.name for entry in chosen[:5])}"
        f"{f' and {len(chosen) - 5:,} more' if len(chosen) > 5 else ''}? Text, passages, vectors "
        "and every kept answer that quotes them leave the library. This cannot be undone."
    ]
    if own:
        said.append("What was handed over here is deleted with its file.")
    if others:
        said.append(
            "Files in your own folders stay where they are, and the next load of such a folder "
            "brings their documents back. Move the files away to prevent that."
        )
    text = "".join(f"<p>{escape(each)}</p>" for each in said)
    return f'<div class="sb-conflict" role="alert">{text}</div>'


def proof(done: Sequence[Forgotten], turns: int, wrong: str) -> str:
    """What was removed, and how that was checked."""
    lines = []
    for each in done:
        checked = (
            f"{each.words_checked:,} words that only this document held were looked for in every "
            "file of the library"
        )
        clean = "none was found" if not each.traces else f"found in {', '.join(each.traces)}"
        lines.append(
            f'<li class="{"sb-refused" if each.traces else "sb-loaded"}">'
            f"<b>{escape(each.document.name)}</b> removed, {each.chunks:,} "
            f"passage{'' if each.chunks == 1 else 's'}. {checked}: {escape(clean)}.</li>"
        )
    kept = (
        f'<p class="sb-note">{turns:,} kept answer{"" if turns == 1 else "s"} left the '
        "conversations with them.</p>"
        if turns > 0
        else '<p class="sb-note">No kept answer had to leave.</p>'
    )
    problem = f'<p class="sb-problem" role="alert">{escape(wrong)}</p>' if wrong else ""
    return (
        f'<ul class="sb-files" role="status">{"".join(lines)}</ul>{kept if done else ""}{problem}'
    )


def refusals(items: Sequence[Refusal]) -> str:
    """Files that could not be loaded, each with its reason."""
    lines = "".join(
        f'<li class="sb-refused"><b>{escape(item.name)}</b> {escape(item.reason)}</li>'
        for item in items
    )
    return f'<ul class="sb-files sb-refusals">{lines}</ul>'
