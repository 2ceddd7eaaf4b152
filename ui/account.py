"""The account of a load: JSON lines for scripts, and a page beside them for people."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from rag import contract
from rag.errors import SettingsError
from rag.records import FileReport, LoadOutcome

TEMPLATE = Path(__file__).with_name("account.html")


class Account:
    """Writes each row as it comes, so that a load that breaks off leaves what it did.

    The page stands beside the file, with the ending `.html`, and is written at the end. Without a
    path nothing is written.
    """

    def __init__(self, path: Path | None, library: Path) -> None:
        """Raises `SettingsError` where the files cannot be written."""
        self._library = library
        self._rows: list[dict[str, Any]] = []
        self._lines = self._page = None
        if path is None:
            return
        if path.suffix.lower() == ".html":
            raise SettingsError(
                f"--report names the file of JSON lines, not {path.name}. Say "
                f"{path.with_suffix('.jsonl').name}; the page is written beside it."
            )
        try:
            self._lines = path.open("w", encoding="utf-8")
            self._page = path.with_suffix(".html").open("w", encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{path} cannot be written ({error.strerror}).") from error

    def __enter__(self) -> Account:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in (self._lines, self._page):
            if file:
                file.close()

    def add(self, report: FileReport) -> dict[str, Any]:
        """Note what became of a file; returns its row."""
        row = contract.file_report(report)
        if self._lines:
            self._rows.append(row)
            self._write(row)
        return row

    def end(self, counts: dict[str, int], files: int, seconds: float) -> dict[str, Any]:
        """Note the sums, and write the page; returns the last row."""
        last = contract.load_summary(counts, files, seconds)
        if self._lines and self._page:
            self._write(last)
            self._page.write(page(self._rows, counts, seconds, self._library))
        return last

    def _write(self, row: dict[str, Any]) -> None:
        assert self._lines is not None
        self._lines.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._lines.flush()


def page(rows: list[dict[str, Any]], counts: dict[str, int], seconds: float, library: Path) -> str:
    """The account as a page that stands alone; all that is not ours is escaped."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    refused: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["outcome"] == LoadOutcome.REFUSED:
            refused.setdefault(row["reason"], []).append(row)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        files=len(rows),
        library=str(library),
        when=time.strftime("%Y-%m-%d at %H:%M"),
        seconds=seconds,
        counts=[{"name": name, "count": count} for name, count in counts.items() if count],
        refused=sorted(refused.items(), key=lambda pair: (-len(pair[1]), pair[0])),
        remarks=[row for row in rows if row["reason"] and row["outcome"] != LoadOutcome.REFUSED],
        rows=rows,
    )
