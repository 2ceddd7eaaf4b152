"""The command `rag`: thin verbs over the same calls the page makes.

With `--json` stdout holds JSON and nothing else. Progress goes to stderr, and only on a terminal.
Exit codes: 0 done; 1 a gate failed; 2 wrong use; 3 done, but files were refused; 4 the library
needs attention; 5 could not be done; 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.admit import EXTENSIONS
from rag import contract
from rag.errors import LibraryBusy, SettingsError, SourceboundError
from rag.evaluation.cases import BadRow, Question, read_questions
from rag.records import FileReport, LoadOutcome, Mode, Reply
from rag.settings import Settings, read_settings
from ui import backups, cases, comparing, evaluating, history, printing, reporting, scoring
from ui.account import Account
from ui.options import (
    BatchOption,
    DocumentOption,
    EmbedderOption,
    EndpointOption,
    FolderOption,
    GeneratorOption,
    JsonOption,
    KindOption,
    LibrariesOption,
    LibraryOption,
    ModeOption,
    OutOption,
    RerankerOption,
    SinceOption,
    UntilOption,
    asked,
    lines_to,
    print_json,
)

if TYPE_CHECKING:
    from rag.filters import Filters
    from rag.library.folder import Library
    from rag.ports import Embedder

app = typer.Typer(
    name="rag",
    help="Question answering over your own documents, where every sentence can be checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(history.app, name="history")

_INTERRUPTED = 130

# -- loading ---------------------------------------------------------------------------------


@app.command(epilog=f"Formats, by the ending of the name: {' '.join(EXTENSIONS)}.")
def load(
    paths: Annotated[list[Path], typer.Argument(help="Folders or files.", exists=True)],
    library: LibraryOption = None,
    embedder: EmbedderOption = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove documents whose file is gone.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on following the folders; removes what is gone.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write the account here, and a page (.html) beside it."),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Load folders or files; only what is new or changed is read."""
    from rag import assemble
    from rag.library.folder import Library

    if watch and report:
        raise SettingsError("--report is the account of one load; it does not go with --watch.")
    settings = read_settings(library=library, embedder=embedder)
    target = Library.create(settings.library)
    made = cache(lambda: assemble.embedder(settings))
    with Account(report, settings.library) as account:

        def load_once(prune: bool, news: Callable[[FileReport], bool]) -> int:
            return _load(paths, target, made, settings, account, as_json, prune, news)

        if watch:
            return _follow(paths, target, load_once)
        return load_once(prune, lambda item: True)


def _load(
    paths: Sequence[Path],
    target: Library,
    embedder: Callable[[], Embedder],
    settings: Settings,
    account: Account,
    as_json: bool,
    prune: bool,
    news: Callable[[FileReport], bool],
) -> int:
    """One load, said as it goes; files that are no news are counted and not named."""
    from ui.loading import load_paths

    told = 0
    with printing.LoadProgress(sys.stderr) as bar:

        def on_file(item: FileReport) -> None:
            nonlocal told
            row = account.add(item)
            if not news(item):
                return
            told += 1
            if as_json:
                print_json(row)
            elif item.outcome is LoadOutcome.REFUSED or item.reason:
                bar.say(f"{item.outcome.value}: {item.name}: {item.reason}")

        summary = load_paths(
            paths,
            target,
            embedder,
            settings,
            prune=prune,
            on_file=on_file,
            on_progress=lambda at: bar.update(at.step, at.done, at.total),
        )
    counts = {outcome.value: summary.counts[outcome] for outcome in LoadOutcome}
    last = account.end(counts, summary.files, summary.seconds)
    if as_json:
        print_json(last)
    elif told or not summary.files:
        printing.load_summary(counts, summary.files, summary.seconds, settings.library)
    return 3 if summary.counts[LoadOutcome.REFUSED] else 0


def _follow(
    paths: Sequence[Path],
    target: Library,
    load_once: Callable[[bool, Callable[[FileReport], bool]], int],
) -> int:
    """Load whenever something changes, until it is interrupted: its end, and no failure."""
    from ingest.watch import changes

    refused: dict[str, str | None] = {}

    def news(item: FileReport) -> bool:
        before = refused.pop(item.name, "")
        if item.outcome is LoadOutcome.REFUSED:
            refused[item.name] = item.reason
            return item.reason != before
        return item.outcome is not LoadOutcome.UNCHANGED

    print("Following; Ctrl-C ends it.", file=sys.stderr)
    try:
        for _ in changes(paths, target.path):
            _load_when_free(lambda: load_once(True, news))
    except KeyboardInterrupt:
        print("No longer following. What was loaded is kept.", file=sys.stderr)
    return 0


def _load_when_free(load: Callable[[], int]) -> None:
    """Wait for another writer to end: what changed has to be loaded some time."""
    said = False
    while True:
        try:
            load()
            return
        except LibraryBusy as error:
            if not said:
                print(error, file=sys.stderr)
            said = True
            time.sleep(1)


# -- asking ----------------------------------------------------------------------------------


@app.command()
def search(
    question: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    count: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many passages.")] = 10,
    batch: BatchOption = None,
    out: OutOption = None,
    document: DocumentOption = None,
    folder: FolderOption = None,
    kind: KindOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    library: LibrariesOption = None,
    embedder: EmbedderOption = None,
    reranker: RerankerOption = None,
    as_json: JsonOption = False,
) -> int:
    """Find passages, one hit for each page; no answer."""
    from rag import assemble
    from rag.retrieve import reading, retrieve

    settings = read_settings(**asked(library), embedder=embedder, reranker=reranker)
    filters = _filters(document, folder, kind, since, until)
    questions = _questions(question, batch, out)
    parts = assemble.parts(settings)

    def find(row: Question) -> dict[str, Any]:
        with reading(parts.libraries):
            found = retrieve(
                row.question,
                parts.libraries,
                parts.embedder,
                limit=count,
                filters=_narrowed(filters, row),
                reranker=parts.reranker,
            )
        return {"id": row.id, "hits": [contract.hit(passage) for passage in found.passages]}

    if batch:
        return _run_batch(questions, find, out)
    result = find(_single(question))
    result["id"] = None
    if as_json:
        print_json(result)
    else:
        printing.hits(result["hits"])
    return 0


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="What to ask.")] = None,
    mode: ModeOption = None,
    batch: BatchOption = None,
    out: OutOption = None,
    document: DocumentOption = None,
    folder: FolderOption = None,
    kind: KindOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask anew, whatever is kept.")] = False,
    conversation: Annotated[
        str | None,
        typer.Option("--conversation", help="Continue it, by number or name; or begin a new one."),
    ] = None,
    library: LibrariesOption = None,
    embedder: EmbedderOption = None,
    generator: GeneratorOption = None,
    endpoint: EndpointOption = None,
    reranker: RerankerOption = None,
    as_json: JsonOption = False,
) -> int:
    """Ask a question; every sentence of the answer carries its quote."""
    from rag import assemble, kept
    from rag.ask import ask as answer

    settings = read_settings(
        **asked(library),
        embedder=embedder,
        generator=generator,
        endpoint=endpoint,
        reranker=reranker,
        mode=mode,
    )
    filters = _filters(document, folder, kind, since, until)
    questions = _questions(question, batch, out)
    if batch and (fresh or conversation is not None):
        raise SettingsError("--fresh and --conversation are for one question, not for --batch.")
    parts = assemble.parts(settings, mode=settings.mode)

    def reply_to(row: Question) -> Reply:
        return answer(
            row.question,
            parts,
            mode=settings.mode,
            filters=_narrowed(filters, row),
            history=row.history,
        )

    if batch:
        return _run_batch(questions, lambda row: contract.reply(row.id, reply_to(row)), out)
    answered = kept.ask(
        question or "",
        parts,
        mode=settings.mode,
        filters=filters,
        fresh=fresh,
        conversation=conversation,
    )
    if as_json:
        print_json(contract.reply(None, answered.reply))
    else:
        printing.reply(answered.reply, kept_since=answered.asked)
        printing.took(answered.reply)
    return 0


@app.command()
def why(
    question: Annotated[str, typer.Argument(help="The question.")],
    expect: Annotated[
        str, typer.Option("--expect", help="What should be found: DOCUMENT or DOCUMENT#PAGE.")
    ],
    document: DocumentOption = None,
    folder: FolderOption = None,
    kind: KindOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    library: LibrariesOption = None,
    embedder: EmbedderOption = None,
    reranker: RerankerOption = None,
    as_json: JsonOption = False,
) -> int:
    """Follow a document or page through every step, and say which one lost it."""
    from rag import assemble
    from rag.why import why as trace

    settings = read_settings(**asked(library), embedder=embedder, reranker=reranker)
    filters = _filters(document, folder, kind, since, until)
    parts = assemble.parts(settings)
    name, page = _expected(expect)
    found = trace(question, parts, name, page, filters=filters)
    if as_json:
        print_json(contract.trace(found))
    else:
        printing.trace(found)
    return 0


@app.command()
def show(
    document: Annotated[
        str | None, typer.Argument(help="Name of a document; without one, all are listed.")
    ] = None,
    page: Annotated[int | None, typer.Option("--page", min=1, help="Only this page.")] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show stored text: exactly what start and end count in."""
    from rag.errors import DocumentUnknown
    from rag.library.folder import file_of, unknown

    target = _open(read_settings(library=library))
    if document is None:
        for each in target.catalogue.documents():
            row = {"document": each.name, "title": each.title, "pages": each.page_count}
            print_json({**row, "also": list(each.also)}) if as_json else print(each.name)
        return 0
    with target.catalogue.reading():
        found = target.catalogue.document(document)
        if found is None:
            raise DocumentUnknown(unknown(target, document))
        pages = target.catalogue.pages(found.id)
        places = target.catalogue.places(found.id)
    wanted = [each for each in pages if page is None or each.number == page]
    if not wanted:
        raise DocumentUnknown(
            f"{document} has no page {page}; its pages run from 1 to {found.page_count}."
            if found.page_count
            else f"{document} has no pages; leave --page out."
        )
    if not any(file_of(place.path).exists() for place in places):
        print(f"The file of {document} is gone; this is the stored text.", file=sys.stderr)
    for each in wanted:
        if as_json:
            print_json(contract.shown_page(found.name, each))
        else:
            printing.page(found, each)
    return 0


# -- evaluating ------------------------------------------------------------------------------

app.command()(evaluating.evaluate)
app.command()(scoring.score)
app.command()(comparing.compare)
app.command()(reporting.report)
app.command()(cases.cases)


# -- the library -----------------------------------------------------------------------------


@app.command()
def status(
    refused: Annotated[bool, typer.Option("--refused", help="List refused files.")] = False,
    similar: Annotated[
        bool, typer.Option("--similar", help="List documents that say nearly the same.")
    ] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> int:
    """What is in the library and how far it is searchable."""
    settings = read_settings(library=library)
    target = _open(settings)
    with target.catalogue.reading():
        counts = target.catalogue.counts()
        recorded = target.catalogue.embedder
        row: dict[str, Any] = {
            "documents": counts.documents,
            "files": counts.files,
            "pages": counts.pages,
            "chunks": counts.chunks,
            "refused": counts.refused,
            "generation": target.catalogue.generation,
            "ready": {"words": counts.chunks, "meaning": counts.embedded_chunks},
            "writing": target.writer(),
            "models": {
                "embedder": str(recorded) if recorded else None,
                "dtype": recorded.dtype if recorded else None,
            },
        }
        refusals = target.catalogue.refusals() if refused else []
        pairs = target.catalogue.similar_pairs() if similar else []
    if refused:
        row["refusals"] = [{"path": each.name, "reason": each.reason} for each in refusals]
    if similar:
        row["similar"] = [
            {"documents": [one.name, other.name], "share": round(share, 3)}
            for one, other, share in pairs
        ]
    if as_json:
        print_json(row)
    else:
        printing.status(row, settings.library)
    return 0


@app.command()
def verify(library: LibraryOption = None, as_json: JsonOption = False) -> int:
    """Check the library's integrity, changing nothing; ends 4 when something is wrong."""
    settings = read_settings(library=library)
    target = _open(settings)
    problems = target.verify()
    # Of a damaged catalogue nothing more can be asked.
    recall = None if any(each.startswith("catalogue") for each in problems) else target.recall()
    return _integrity(problems, settings, as_json, recall)


@app.command()
def repair(library: LibraryOption = None, as_json: JsonOption = False) -> int:
    """Rebuild everything derived: words index and vector index."""
    settings = read_settings(library=library)
    problems = _open(settings).repair()
    return _integrity(problems, settings, as_json)


@app.command()
def forget(
    document: Annotated[str, typer.Argument(help="Name of the document.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> int:
    """Remove a document with everything derived from it, and prove it."""
    done = _open(read_settings(library=library)).forget(document)
    row = {
        "document": done.document.name,
        "also": list(done.document.also),
        "chunks": done.chunks,
        "words_checked": done.words_checked,
        "traces": list(done.traces),
    }
    if as_json:
        print_json(row)
    else:
        printing.forgotten(row)
    return 4 if done.traces else 0


app.command()(backups.backup)
app.command()(backups.restore)


@app.command()
def doctor(
    library: LibraryOption = None,
    embedder: EmbedderOption = None,
    generator: GeneratorOption = None,
    endpoint: EndpointOption = None,
    as_json: JsonOption = False,
) -> int:
    """Is this machine ready? Checks models, library and tools; says what mends what."""
    from ui import doctor as checks

    settings = read_settings(
        library=library, embedder=embedder, generator=generator, endpoint=endpoint
    )
    found = checks.examine(settings)
    ok = all(check.ok or not check.needed for check in found)
    if as_json:
        print_json({"ok": ok, "checks": [check.as_json() for check in found]})
    else:
        printing.checks(found)
    return 0 if ok else 5


@app.command()
def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 8501,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open a browser window.")
    ] = False,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            help="Address to serve on; other than this machine's own, people have to sign in.",
        ),
    ] = "127.0.0.1",
    name: Annotated[
        str, typer.Option("--name", help="The page's name in browsers: docs.example.org.")
    ] = "",
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="Certificate for TLS, PEM.", exists=True)
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Its key, PEM.", exists=True)] = None,
    set_password: Annotated[
        bool,
        typer.Option(
            "--set-password",
            help="Set the page's password, asked here or read from standard input, and end.",
        ),
    ] = False,
    person: Annotated[
        list[str] | None,
        typer.Option(
            "--person", help="E-mail address that may sign in by your provider; repeatable."
        ),
    ] = None,
    library: LibrariesOption = None,
    embedder: EmbedderOption = None,
    generator: GeneratorOption = None,
    endpoint: EndpointOption = None,
    reranker: RerankerOption = None,
    as_json: JsonOption = False,
) -> int:
    """Open the page: on this machine only, unless told otherwise."""
    from rag import assemble
    from ui import serve

    settings = read_settings(
        **asked(library),
        embedder=embedder,
        generator=generator,
        endpoint=endpoint,
        reranker=reranker,
        people=person or None,
    )
    if set_password:
        return _set_password(settings.password_file, as_json)
    address = serve.Address(host, port, name, certificate, key)
    for notice in serve.check(settings, address):
        print(notice, file=sys.stderr)
    for notice in assemble.notices(settings, Mode.GENERATE):
        print(f"For phrased answers: {notice}", file=sys.stderr)
    if as_json:
        print_json({"url": address.url})
    sys.stdout.flush()
    return serve.run(settings, address, open_browser=not no_browser)


def _set_password(path: Path, as_json: bool) -> int:
    """From the terminal, unseen and twice; or the first line of standard input, for scripts."""
    from ui.password import Hashed

    if sys.stdin.isatty():
        # Asked on stderr: with --json, stdout is for JSON.
        given = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    Hashed.of(given).write(path)
    if as_json:
        print_json({"password_file": str(path)})
    else:
        print(
            f"The password is set: its hash is in {path}, and the page asks for it from now on. "
            "Delete the file to be asked no more."
        )
    return 0


# -- how the verbs read and write ------------------------------------------------------------


def _open(settings: Settings) -> Any:
    from rag.library.folder import Library

    return Library.open(settings.library)


def _filters(
    documents: Sequence[str] | None,
    folders: Sequence[str] | None,
    kinds: Sequence[str] | None,
    since: str,
    until: str,
) -> Filters:
    from rag.filters import Filters

    return Filters(
        tuple(documents) if documents else None,
        tuple(folders or ()),
        tuple(kinds or ()),
        since,
        until,
    )


def _narrowed(filters: Filters, row: Question) -> Filters:
    """The filters with the documents that a row of a batch names itself."""
    return filters if row.documents is None else replace(filters, documents=row.documents)


def _expected(text: str) -> tuple[str, int | None]:
    """Document and page of `DOCUMENT#PAGE`; a name may hold a # of its own."""
    name, mark, page = text.rpartition("#")
    if mark and page.isdecimal() and int(page) > 0:
        return name, int(page)
    return text, None


def _questions(
    question: str | None, batch: Path | None, out: Path | None
) -> Iterator[Question | BadRow]:
    if (question is None) == (batch is None):
        raise SettingsError("Give a question, or --batch FILE with one question per line.")
    if out and not batch:
        raise SettingsError("--out goes with --batch; one answer goes to the terminal.")
    return read_questions(batch) if batch else iter(())


def _single(question: str | None) -> Question:
    return Question("", question or "", None, ())


def _run_batch(
    questions: Iterator[Question | BadRow],
    answer: Callable[[Question], dict[str, Any]],
    out: Path | None,
) -> int:
    """One JSON line per row, in order; a row that fails says so in its place, and the end is 5."""
    failed = 0
    with lines_to(out) as write, printing.LoadProgress(sys.stderr) as bar:
        for number, row in enumerate(questions, start=1):
            if isinstance(row, BadRow):
                result: dict[str, Any] = {"id": row.id, "error": row.error}
            else:
                try:
                    result = answer(row)
                except SourceboundError as error:
                    result = {"id": row.id, "error": str(error)}
            failed += "error" in result
            (write or print_json)(result)
            bar.update("asking", number, None)
    if failed:
        print(f"{failed} of the rows failed; each says why in its place.", file=sys.stderr)
    return 5 if failed else 0


def _integrity(
    problems: list[str],
    settings: Settings,
    as_json: bool,
    recall: tuple[str, float] | None = None,
) -> int:
    if as_json:
        row: dict[str, Any] = {"ok": not problems, "problems": problems}
        if recall:
            row["vectors"] = {"kind": recall[0], "recall@10": round(recall[1], 4)}
        print_json(row)
    else:
        printing.problems(problems, settings.library, recall)
    return 4 if problems else 0


def main() -> None:
    """Run the command and end with its exit code."""
    # Bars of the model libraries would stand between ours.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        sys.exit(run(sys.argv[1:]))
    except BrokenPipeError:
        # The reader of our output went away; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(5)
    except Exception:
        # Python would end 1, and that says "a gate failed".
        traceback.print_exc()
        sys.exit(5)


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command, its errors said on stderr."""
    from typer._click.exceptions import ClickException

    for argument in arguments:
        if argument.encode(errors="replace").decode() != argument:
            print(f"{argument!a} is not UTF-8. Write it in UTF-8.", file=sys.stderr)
            return 2
    try:
        result = app(list(arguments), standalone_mode=False)
        code = result if isinstance(result, int) else 0
        if code == _INTERRUPTED:  # typer turns the interrupt into this number, without a word
            raise KeyboardInterrupt
        return code
    except SourceboundError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except ClickException as error:
        error.show()
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        print("Interrupted. What was finished before is kept.", file=sys.stderr)
        return _INTERRUPTED
    except SystemExit:
        # Typer ends 1 when the reader of our output went away, and that says "a gate failed".
        return 5
    except typer.Exit as error:
        return int(error.exit_code)
    except sqlite3.DatabaseError as error:
        print(f"The library cannot be read ({error}). Run `rag verify`.", file=sys.stderr)
        return 4
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("The disk is full. Free some space and run the command again.", file=sys.stderr)
        return 5
