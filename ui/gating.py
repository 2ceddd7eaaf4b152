"""The gates of the verbs that measure: their options, how they are read and how they are judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import ResultsError, SettingsError

if TYPE_CHECKING:
    from rag.evaluation.gates import Drop, Gate
    from rag.evaluation.results import Results

MinOption = Annotated[list[str] | None, typer.Option("--min", help="Gate: NAME=VALUE, at least.")]
MaxOption = Annotated[list[str] | None, typer.Option("--max", help="Gate: NAME=VALUE, at most.")]
BaselineOption = Annotated[
    Path | None,
    typer.Option("--baseline", help="Gate: no metric worse, beyond chance, than in these results."),
]
DropOption = Annotated[
    list[str] | None,
    typer.Option("--drop", help="With --baseline: NAME=VALUE, at most so much worse instead."),
]
JunitOption = Annotated[
    Path | None, typer.Option("--junit", help="Write gates and rows here, as JUnit XML.")
]


@dataclass(frozen=True, slots=True)
class Gates:
    """All gates of one run, and where their account goes."""

    bounds: tuple[Gate, ...]
    baseline: Results | None
    drops: tuple[Drop, ...]
    junit: Path | None

    @classmethod
    def read(
        cls,
        minima: Sequence[str] | None,
        maxima: Sequence[str] | None,
        baseline: Path | None,
        drops: Sequence[str] | None,
        junit: Path | None,
        names: Sequence[str],
        *,
        verb: str,
    ) -> Gates:
        """Everything that can be wrong with the options is said before anything is run.

        The baseline is read now: the run may write its own results over it. `names` are those of
        the metrics that `verb` measures. Raises `SettingsError` and `ResultsError`.
        """
        from rag.evaluation import compare
        from rag.evaluation.gates import Drop, Gate
        from rag.evaluation.results import read_results

        if drops and baseline is None:
            raise SettingsError("--drop is about a baseline; name one with --baseline FILE.")
        bounds = [Gate.at_least(text, names) for text in minima or []]
        bounds += [Gate.at_most(text, names) for text in maxima or []]
        allowed = tuple(Drop.read(text, names) for text in drops or [])
        before = None
        if baseline is not None:
            before = read_results(baseline)
            compare.check(before, str(baseline))
            if before.about and before.about.verb != verb:
                raise ResultsError(
                    f"{baseline} is of the verb {before.about.verb}, not of {verb}; give results "
                    "of the same verb as the baseline."
                )
        if junit is not None and (junit.is_dir() or not junit.absolute().parent.is_dir()):
            raise SettingsError(f"{junit} cannot be written; name a file in a folder that exists.")
        return cls(tuple(bounds), before, allowed, junit)

    @property
    def need_rows(self) -> bool:
        """Whether the rows are needed, and not their sums alone."""
        return self.baseline is not None or self.junit is not None

    def check(self, results: Results) -> list[str]:
        """One sentence for every broken gate, in order; empty when all hold.

        Where the baseline was not kept, what else differs from it is said last. The account is
        written whatever became of the gates.
        """
        from rag.evaluation import gates
        from rag.evaluation.compare import compare

        judged = gates.judge(results.metrics, self.bounds)
        said: tuple[str, ...] = ()
        if self.baseline is not None:
            try:
                compared = compare(self.baseline, results, ("the baseline", "this run"))
            except ResultsError as error:
                judged.append(gates.nothing_compared(str(error)))
            else:
                against = gates.judge_against(compared, self.drops)
                judged += against
                said = compared.said if any(each.broken for each in against) else ()
        if self.junit is not None:
            from rag.evaluation import junit

            junit.write(self.junit, judged, results.rows)
        return [*(each.broken for each in judged if each.broken), *said]
