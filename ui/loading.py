"""One way to load, for the command and for the page: settings to a load and its account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.embed import Progress
from ingest.load import Summary, load
from ingest.parse import Parser
from rag.library.folder import Library
from rag.ports import Embedder
from rag.records import FileReport, LoadOutcome
from rag.settings import Settings

MEGABYTE = 1024 * 1024


MOST_NAMED = 200
"""Files that the page names; the counts are of all."""


@dataclass(slots=True)
class FolderAccount:
    """What the page shows of a load: counts of all files, and those that need a look.

    With `everything` the others are named as well.
    """

    everything: bool = False
    counts: Counter[LoadOutcome] = field(default_factory=Counter)
    remarks: list[FileReport] = field(default_factory=list)
    unnamed: int = 0

    def add(self, report: FileReport) -> None:
        self.counts[report.outcome] += 1
        if not report.reason and not self.everything:
            return
        if len(self.remarks) < MOST_NAMED:
            self.remarks.append(report)
        else:
            self.unnamed += 1


def load_folder(
    folder: Path,
    library: Library,
    embedder: Callable[[], Embedder],
    settings: Settings,
    on_progress: Callable[[Progress], None],
    on_file: Callable[[FileReport], None],
    *,
    prune: bool = False,
) -> None:
    """Load a folder, each file accounted for as soon as it is there.

    Raises what `ingest.load.load` raises.
    """
    load_paths(
        [folder],
        library,
        embedder,
        settings,
        prune=prune,
        on_file=on_file,
        on_progress=on_progress,
    )


def load_paths(
    paths: Sequence[Path],
    library: Library,
    embedder: Callable[[], Embedder],
    settings: Settings,
    *,
    prune: bool = False,
    on_file: Callable[[FileReport], None] = lambda report: None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Summary:
    """Load folders and files within the limits that are set.

    Raises what `ingest.load.load` raises.
    """
    limits = settings.limits
    with Parser(
        seconds=limits.seconds,
        memory=limits.memory_mb * MEGABYTE,
        languages=settings.languages,
    ) as parser:
        return load(
            paths,
            library,
            embedder,
            parser,
            prune=prune,
            largest_file=limits.file_mb * MEGABYTE,
            on_file=on_file,
            on_progress=on_progress,
        )
