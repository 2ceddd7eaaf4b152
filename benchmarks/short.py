"""How often the short answer is marked, and how often it is the right one.

    python -m benchmarks.short [SET ...]    xquad-en (and its halves) and qed-dev unless named

For each kind of answer: the share of questions that plainly ask for it, the share of those that
get a mark, and over the marked ones F1 and exact match with the gold answer (words as SQuAD
compares them) and the share in which one holds the other; the same over the marked ones whose
quotes hold the gold answer. Then F1 and exact match over all answerable questions as `rag evaluate`
counts them, with and without short answers, and the time that marking takes. Proportions have
Wilson's 95 % interval, means a bootstrap one.

The rules were written looking at the even rows of xquad-en and at the training rows on which
`benchmarks/fit_short.py` fits the weights; odd rows were only reported on. So was qed-dev, but for
names: of those wrong there 25 were read, after which names beside "she", articles and foreign verbs
count less, and the threshold was raised until most names are right.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks import sets
from rag.ask import ask
from rag.asked import kind
from rag.evaluation.cases import Case
from rag.evaluation.matching import holds_words, normalise
from rag.evaluation.measure import Measure, mean, proportion
from rag.evaluation.metrics import answer_in_quotes, exact_match, f1, row_metrics
from rag.records import Quote, Reply
from rag.short import mark

HALVED = "xquad-en"


@dataclass(frozen=True, slots=True)
class Row:
    """One answerable question: what was marked, "" for nothing, and whether the quotes hold it."""

    case: Case
    kind: str
    marked: str
    held: bool
    metrics: dict[str, float | None]
    plain: dict[str, float]


def main(arguments: Sequence[str]) -> None:
    for name in arguments or [HALVED, "qed-dev"]:
        parts = sets.parts(name)
        asked = [case for case in sets.cases(name) if case.answerable and case.answers]
        seconds: list[float] = []
        rows = []
        for case in asked:
            reply = ask(case.question, parts)
            rows.append(_row(case, reply))
            seconds.append(_seconds(case.question, reply.answer.considered))
        if name == HALVED:
            _report(f"{name} even rows", rows[::2])
            _report(f"{name} odd rows", rows[1::2])
        _report(name, rows)
        half, most = np.percentile(seconds, [50, 95]) * 1000
        print(f"{name}: marking takes {half:.2f} ms, 95 % within {most:.2f} ms, "
              f"at most {max(seconds) * 1000:.2f} ms")  # fmt: skip


def _row(case: Case, reply: Reply) -> Row:
    answer = reply.answer
    found = kind(case.question)
    texts = [quote.text for quote in answer.considered]
    return Row(
        case,
        found.value if found else "",
        reply.short or "",
        bool(answer_in_quotes(texts, case.answers)),
        row_metrics(case, reply),
        {
            "exact_match": exact_match(answer.text, case.answers) if answer.text else 0.0,
            "f1": f1(answer.text, case.answers) if answer.text else 0.0,
        },
    )


def _seconds(question: str, quotes: Sequence[Quote]) -> float:
    unmarked = [replace(quote, short=None) for quote in quotes]
    began = time.perf_counter()
    mark(question, unmarked)
    return time.perf_counter() - began


def _report(label: str, rows: Sequence[Row]) -> None:
    plain = [row for row in rows if row.kind]
    print(f"{label}: {len(rows)} answerable questions; kind plain {_share(rows, _is_plain)}")
    for name in ("date", "amount", "name", "place", ""):
        mine = [row for row in plain if name in ("", row.kind)]
        marked = [row for row in mine if row.marked]
        print(f"  {name or 'all kinds'}: {len(mine)} questions, marked {_share(mine, _is_marked)}")
        if marked:
            print(f"    marked: {_quality(marked)}")
            held = [row for row in marked if row.held]
            print(f"    marked and held by the quotes: {_quality(held)}")
    for metric in ("exact_match", "f1"):
        with_short = mean([row.metrics[metric] or 0.0 for row in rows])
        without = mean([row.plain[metric] for row in rows])
        print(f"  {metric} over all: {_said(with_short)}; of the whole quotes {_said(without)}")


def _quality(rows: Sequence[Row]) -> str:
    exact = proportion([exact_match(row.marked, row.case.answers) for row in rows])
    near = proportion([float(_holds(row)) for row in rows])
    shared = mean([f1(row.marked, row.case.answers) for row in rows])
    return f"exact {_said(exact)}, one holds the other {_said(near)}, F1 {_said(shared)}"


def _holds(row: Row) -> bool:
    said = normalise(row.marked)
    gold = [normalise(answer) for answer in row.case.answers]
    return any(holds_words(said, one) or holds_words(one, said) for one in gold)


def _is_plain(row: Row) -> bool:
    return bool(row.kind)


def _is_marked(row: Row) -> bool:
    return bool(row.marked)


def _share(rows: Sequence[Row], test: Callable[[Row], bool]) -> str:
    return _said(proportion([float(test(row)) for row in rows]))


def _said(measure: Measure) -> str:
    if measure.value is None:
        return "- of none"
    bounds = "" if measure.low is None else f" ({measure.low:.3f}..{measure.high:.3f})"
    return f"{measure.value:.3f}{bounds} of {measure.n}"


if __name__ == "__main__":
    main(sys.argv[1:])
