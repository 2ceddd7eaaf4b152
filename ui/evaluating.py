"""The verb `rag evaluate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rag.settings import read_settings
from ui import gating, printing, reporting
from ui.gating import BaselineOption, DropOption, JunitOption, MaxOption, MinOption
from ui.options import (
    EmbedderOption,
    EndpointOption,
    GeneratorOption,
    JsonOption,
    LibrariesOption,
    ModeOption,
    OutOption,
    ReportOption,
    RerankerOption,
    asked,
    lines_to,
    print_json,
)


def evaluate(
    cases: Annotated[Path, typer.Argument(help="JSON lines of cases.")],
    mode: ModeOption = None,
    least: MinOption = None,
    most: MaxOption = None,
    baseline: BaselineOption = None,
    drop: DropOption = None,
    junit: JunitOption = None,
    out: OutOption = None,
    report: ReportOption = None,
    library: LibrariesOption = None,
    embedder: EmbedderOption = None,
    generator: GeneratorOption = None,
    endpoint: EndpointOption = None,
    reranker: RerankerOption = None,
    as_json: JsonOption = False,
) -> int:
    """Ask cases with known answers and measure; ends 1 when a gate fails."""
    from rag import assemble
    from rag.ask import ask as answer
    from rag.evaluation import circumstances
    from rag.evaluation.cases import read_cases
    from rag.evaluation.metrics import METRICS
    from rag.evaluation.run import evaluate as run

    settings = read_settings(
        **asked(library),
        embedder=embedder,
        generator=generator,
        endpoint=endpoint,
        reranker=reranker,
        mode=mode,
    )
    gates = gating.Gates.read(least, most, baseline, drop, junit, METRICS, verb="evaluate")
    rows = read_cases(cases)
    if report:
        reporting.make_folder(report)
    parts = assemble.parts(settings, mode=settings.mode)
    with lines_to(out) as write, printing.LoadProgress(sys.stderr) as bar:
        results = run(
            rows,
            lambda case: answer(case.question, parts, mode=settings.mode, history=case.history),
            progress=lambda done, total: bar.update("asking", done, total),
            about=circumstances.of_cases(cases, parts, settings.mode),
            memory=circumstances.peak_memory,
        )
        for line in results.lines() if write else ():
            write(line)  # type: ignore[misc]
    if report:
        reporting.write_results(results, report)
        reporting.write_report(results, report)
    if as_json:
        head = {"cases": len(rows), "mode": settings.mode.value}
        print_json({**head, **results.summary_as_json()})
    else:
        printing.metrics(results.metrics)
    for failure in results.failures:
        print(f"Case {failure.id} failed: {failure.error}", file=sys.stderr)
    broken = gates.check(results)
    for sentence in broken:
        print(sentence, file=sys.stderr)
    if broken:
        return 1
    return 5 if results.failures else 0
