"""The verb `rag score`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rag.evaluation.results import Results, RowResult, read_results, summary_as_json
from ui import printing, reporting
from ui.gating import BaselineOption, DropOption, Gates, JunitOption, MaxOption, MinOption
from ui.options import JsonOption, OutOption, ReportOption, print_json


def score(
    answers: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Answers with their contexts: JSON lines, a JSON list, or CSV; our keys, or "
            "those of RAGAS, LangChain, LlamaIndex, DeepEval.",
        ),
    ],
    out: OutOption = None,
    report: ReportOption = None,
    least: MinOption = None,
    most: MaxOption = None,
    baseline: BaselineOption = None,
    drop: DropOption = None,
    junit: JunitOption = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Score the other rows where some are malformed.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Score the grounding of answers that any system gave; ends 1 when a gate fails."""
    from rag.evaluation.grounding import METRICS
    from rag.evaluation.scoring import check, score_file

    gates = Gates.read(least, most, baseline, drop, junit, METRICS, verb="score")
    checked = check(answers, keep_going=keep_going)
    if report:
        reporting.make_folder(report)
    written = out or (report / reporting.RESULTS if report else None)

    rows: list[RowResult] = []

    def each(row: RowResult) -> None:
        if gates.need_rows:
            rows.append(row)
        if row.error is not None:
            print(f"Row {row.id} failed: {row.error}", file=sys.stderr)
        if as_json and written is None:
            print_json(row.as_json())

    with printing.LoadProgress(sys.stderr) as bar:
        summary = score_file(
            checked,
            written,
            each=each,
            progress=lambda done, total: bar.update("scoring", done, total),
        )
    if report and written:
        results = read_results(written)
        if out:
            reporting.write_results(results, report)
        reporting.write_report(results, report)
    if as_json:
        print_json(summary_as_json(summary, checked.about))
    else:
        printing.metrics(summary)
        print(printing.rows_and_failures(checked.rows, checked.malformed))
    broken = gates.check(Results(tuple(rows), summary, checked.about))
    for sentence in broken:
        print(sentence, file=sys.stderr)
    if broken:
        return 1
    return 2 if checked.malformed else 0
