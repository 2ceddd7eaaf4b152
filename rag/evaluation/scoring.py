"""Answers of any system, scored one after another: from Python, or file to file.

A file is read twice, first to check it and count its rows; then each row is scored, written and
forgotten, so that memory does not grow with the rows but by 8 bytes for each value. What was
written when a run is stopped is kept beside the file and gone on with by the next run.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.errors import CasesError, SettingsError
from rag.evaluation import circumstances
from rag.evaluation.answers import Answered, BadAnswer, answered, read_answers
from rag.evaluation.grounding import METRICS, PROPORTIONS, failed, score
from rag.evaluation.measure import Measure, mean, proportion
from rag.evaluation.results import About, Results, RowResult, row_from_json, summary_as_json


def score_answers(
    rows: Iterable[Mapping[str, object] | object], *, keep_going: bool = False
) -> Results:
    """Answers of any system as `rag/evaluation/answers.py` reads them, scored.

    A malformed row raises `CasesError`; with `keep_going` it is a failed row instead.
    """
    scored: list[RowResult] = []
    tally = Tally()
    for row in _distinct(answered(rows)):
        if isinstance(row, BadAnswer) and not keep_going:
            raise CasesError(f"Row {row.number}: {row.error}.")
        scored.append(_result(row))
        tally.add(scored[-1])
    return Results(tuple(scored), tally.summary())


class Tally:
    """The values of all rows so far, to be summed up at the end."""

    def __init__(self) -> None:
        self._values = {name: array("d") for name in METRICS}
        self.rows = 0
        self.failed = 0

    def add(self, row: RowResult) -> None:
        self.rows += 1
        self.failed += row.error is not None
        for name, values in self._values.items():
            value = row.metrics.get(name)
            if value is not None:
                values.append(value)

    def summary(self) -> dict[str, Measure]:
        """Every metric; a failed row is counted as failed in each."""
        found = {}
        for name, values in self._values.items():
            sum_up = proportion if name in PROPORTIONS else mean
            found[name] = sum_up(values, self.rows - self.failed - len(values), self.failed)
        return found


@dataclass(frozen=True, slots=True)
class Checked:
    """A file of answers that was looked through: how many rows, and how many are malformed."""

    path: Path
    about: About
    rows: int
    malformed: int


def check(path: Path, *, keep_going: bool = False) -> Checked:
    """Look through a file of answers before anything is scored.

    Raises `CasesError` naming file, line and key: for what cannot be read, for a file without a
    row, and, unless `keep_going`, for the first malformed row.
    """
    rows = malformed = 0
    for row in _distinct(read_answers(path)):
        rows += 1
        if isinstance(row, BadAnswer):
            malformed += 1
            if not keep_going:
                raise CasesError(
                    f"{path}, line {row.number}: {row.error}. With --keep-going the other rows are "
                    "scored and this one is counted as failed."
                )
    if not rows:
        raise CasesError(f"{path} holds no answer; write one JSON object per line.")
    return Checked(path, circumstances.of_answers(path), rows, malformed)


def score_file(
    checked: Checked,
    out: Path | None = None,
    *,
    each: Callable[[RowResult], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Measure]:
    """Score the rows of a file that was checked, and sum up.

    With `out`, rows and summary are written there as `rag/evaluation/results.py` says; until the
    end under a name of its own beside it, from which a later call with the same file goes on.
    `each` gets every row, `progress` the rows done and all rows. Raises `SettingsError` where
    `out` cannot be written.
    """
    tally = Tally()
    with _Kept(out, checked.about) as kept:
        for known in kept.rows():
            tally.add(known)
            if each:
                each(known)
        for number, row in enumerate(_distinct(read_answers(checked.path)), 1):
            if number > kept.known:
                result = _result(row)
                tally.add(result)
                kept.write(result.as_json())
                if each:
                    each(result)
            if progress:
                progress(number, checked.rows)
        summary = tally.summary()
        kept.write(summary_as_json(summary, checked.about))
        kept.finish()
    return summary


def _result(row: Answered | BadAnswer) -> RowResult:
    return failed(row.id, row.error) if isinstance(row, BadAnswer) else score(row)


def _distinct(rows: Iterable[Answered | BadAnswer]) -> Iterator[Answered | BadAnswer]:
    """The rows; of those with one id all but the first are malformed."""
    seen: set[int] = set()
    for row in rows:
        # 8 bytes of each: among a million ids two are alike by chance once in 37 million files.
        digest = hashlib.blake2b(row.id.encode(), digest_size=8).digest()
        key = int.from_bytes(digest, "big")
        if isinstance(row, Answered) and key in seen:
            yield BadAnswer(
                row.number, row.id, f'the "id" {row.id!r} stands already on a row before'
            )
        else:
            yield row
        if isinstance(row, Answered):
            seen.add(key)


class _Kept:
    """The lines that are written, and those that a run which was stopped has left.

    They lie beside `out`; the name says from which file and by which program, so that rows of
    another are never gone on with.
    """

    def __init__(self, out: Path | None, about: About) -> None:
        self._out = out
        said = json.dumps(asdict(about), sort_keys=True).encode()
        mark = hashlib.sha256(said).hexdigest()[:12]
        self._path = None if out is None else out.with_name(f"{out.name}.part-{mark}")
        self.known = 0

    def __enter__(self) -> _Kept:
        if self._path is None:
            return self
        try:
            self._file = self._path.open("a+b")
        except OSError as error:
            raise SettingsError(f"{self._out} cannot be written ({error.strerror}).") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._path is not None:
            self._file.close()

    def rows(self) -> Iterator[RowResult]:
        """The rows of the stopped run, in order; what breaks off after them is cut away."""
        if self._path is None:
            return
        self._file.seek(0)
        end = 0
        for line in self._file:
            if not line.endswith(b"\n") or line.startswith(b'{"summary"'):
                break
            yield row_from_json(json.loads(line))
            self.known += 1
            end += len(line)
        self._file.truncate(end)

    def write(self, line: Mapping[str, object]) -> None:
        if self._path is not None:
            self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            self._file.flush()

    def finish(self) -> None:
        """Give the file its name, once it is whole on the disk."""
        if self._path is not None and self._out is not None:
            os.fsync(self._file.fileno())
            os.replace(self._path, self._out)
            for left in self._out.parent.glob(f"{glob.escape(self._out.name)}.part-*"):
                left.unlink(missing_ok=True)
