"""The verb `rag history`: list, show, export, delete the conversations of a library, or take cases
out of them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.errors import ConversationUnknown, SettingsError
from rag.settings import read_settings
from ui import printing
from ui.wording import local_time

if TYPE_CHECKING:
    from rag.library.folder import Library

app = typer.Typer(
    help="Conversations that were kept: list, show, export, delete.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LibraryOption = Annotated[
    Path | None, typer.Option("--library", help="Folder of the library.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Wanted = Annotated[str, typer.Argument(help="Number or name of a conversation.")]


@app.callback()
def list_all(
    context: typer.Context, library: LibraryOption = None, as_json: JsonOption = False
) -> int:
    """List the conversations, the one asked last first."""
    if context.invoked_subcommand:
        context.obj = library  # so that --library may also stand before the word
        return 0
    from rag.kept import stale
    from ui.exporting import stale_json

    target = _open(library)
    known = target.conversations.all()
    for each in known:
        marks = stale(each.rests, [target])
        if as_json:
            row = {"id": each.id, "name": each.name, "begun": each.begun, "asked": each.asked}
            _write({**row, "turns": each.turns, "stale": stale_json(marks)})
        else:
            mark = f"  stale: {', '.join(mark.document for mark in marks)}" if marks else ""
            turns = f"{each.turns} turn{'' if each.turns == 1 else 's'}"
            name = each.name if len(each.name) <= 60 else f"{each.name[:59]}…"
            print(f"{each.id:>4}  {local_time(each.asked)}  {turns:>9}  {name}{mark}")
    if not known and not as_json:
        print("No conversation is kept. rag ask --conversation NAME begins one.")
    return 0


@app.command()
def show(
    context: typer.Context,
    conversation: Wanted,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show a conversation, each answer with its quotes; says what is stale."""
    from rag.kept import stale
    from ui.exporting import REMOVED, stale_words
    from ui.exporting import as_json as whole

    target = _open(library or context.obj)
    found = target.conversations.read(_id(target, conversation))
    if as_json:
        _write(whole(found, [target]))
        return 0
    print(found.name)
    for turn in found.turns:
        print()
        if turn.reply is None:
            print(f"{local_time(turn.asked)}  {REMOVED}")
            continue
        print(f"{local_time(turn.asked)}  {' '.join(turn.reply.question.split())}")
        for mark in stale(turn.rests, [target]):
            print(f"({stale_words(mark)})")
        printing.reply(turn.reply)
    return 0


@app.command()
def export(
    context: typer.Context,
    conversation: Wanted,
    form: Annotated[str, typer.Option("--format", help="md, html or json.")] = "md",
    out: Annotated[Path | None, typer.Option("--out", help="The file to write.")] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write a conversation as Markdown, as a page that stands alone, or as JSON."""
    from ui.exporting import Format
    from ui.exporting import export as text_of

    try:
        wanted = Format.JSON if as_json else Format(form)
    except ValueError:
        raise SettingsError(f"--format is md, html or json, not {form!r}.") from None
    target = _open(library or context.obj)
    text = text_of(target.conversations.read(_id(target, conversation)), [target], wanted)
    if out is None:
        sys.stdout.write(text)
        return 0
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{out} cannot be written ({error.strerror}).") from error
    return 0


@app.command()
def delete(
    context: typer.Context,
    conversation: Annotated[
        str | None, typer.Argument(help="Number or name of a conversation.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Delete all of them, and every answer that is kept.")
    ] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> int:
    """Delete a conversation, or all; no byte of it is left in the library."""
    if (conversation is None) is not everything:
        raise SettingsError("Give the number or name of a conversation, or --all.")
    target = _open(library or context.obj)
    count = target.conversations.delete(None if conversation is None else _id(target, conversation))
    if as_json:
        _write({"deleted": count})
    else:
        print(f"Deleted: {count} conversation{'' if count == 1 else 's'}.")
    return 0


@app.command()
def cases(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the JSON lines go; else to stdout.")
    ] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write the answers that were judged in the page as cases for rag evaluate."""
    from rag.evaluation.judged import judged_cases
    from ui.options import lines_to

    target = _open(library or context.obj)
    count = 0
    with lines_to(out) as write:
        for row in judged_cases(target.conversations):
            (write or _write)(row)
            count += 1
    if out and as_json:
        _write({"cases": count, "out": str(out)})
    elif out:
        print(f"{count} case{'' if count == 1 else 's'}: {out}. Read and correct them first.")
    elif not count:
        print("No answer was judged yet; the page asks whether one was helpful.", file=sys.stderr)
    return 0


def _open(library: Path | None) -> Library:
    from rag.library.folder import Library

    return Library.open(read_settings(library=library).library)


def _id(library: Library, wanted: str) -> int:
    found = library.conversations.find(wanted)
    if found is None:
        raise ConversationUnknown(
            f"There is no conversation named {wanted!r} in {library.path}. "
            "`rag history` lists them."
        )
    return found


def _write(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
