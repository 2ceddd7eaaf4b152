"""Fit `rag/short.json`: which stretch of the quotes is the short answer?

    python -m benchmarks.fit_short          fit and write the weights
    python -m benchmarks.fit_short --check  fit and compare with the weights in the package

Fitted on the training rows beside the checkout (ARES: questions that a model wrote about passages
of Natural Questions, HotpotQA, MultiRC, ReCoRD and Wizard of Wikipedia), those marked as supported
whose response stands in their passage. All passages are one library; each question is asked over
it. Right is the candidate that is the response (words as SQuAD compares them, or the same number),
else those that share most of its words, else "none of these". One softmax for each kind of answer,
by its log likelihood with a small penalty on the squares of the weights.

Reported by `benchmarks/short.py` on XQuAD and QED, of which no row is used here.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks import sets
from ingest.load import load
from ingest.parse import Parser
from rag import assemble, short
from rag.ask import look
from rag.asked import asked
from rag.evaluation.metrics import exact_match, f1
from rag.library.folder import Library
from rag.numerals import numbers
from rag.retrieve import reading

WEIGHTS = Path(short.__file__).with_name("short.json")
FILES = (
    "grounding/ares-nq-train",
    "train/ares-hotpotqa",
    "train/ares-multirc",
    "train/ares-record",
    "train/ares-wow",
)
LONGEST = 60  # characters of a response that is a short answer
PENALTY = 0.5

Matrix = npt.NDArray[np.float64]
Row = tuple[Matrix, npt.NDArray[np.bool_]]
"""Features of the candidates, shape (candidates, features), and which of them are right."""


def main(arguments: Sequence[str]) -> None:
    rows: dict[str, list[Row]] = defaultdict(list)
    for kind, row in _rows():
        rows[kind].append(row)
    fitted = {kind: _fit(rows[kind]) for kind in sorted(rows)}
    for kind, found in sorted(rows.items()):
        right = sum(bool(good.any()) for _, good in found)
        print(f"{kind}: {len(found)} questions, the answer among the candidates of {right}")
    print(json.dumps(fitted, indent=2))
    if "--check" in arguments:
        there = json.loads(WEIGHTS.read_text(encoding="utf-8"))
        if there != fitted:
            sys.exit("The weights in the package are others.")
        print("The weights in the package are the same.")
    else:
        WEIGHTS.write_text(json.dumps(fitted, indent=2) + "\n", encoding="utf-8")


def _rows() -> Iterator[tuple[str, Row]]:
    questions = _questions()
    parts = assemble.parts(sets.settings(), libraries=[_library(questions)])
    with reading(parts.libraries):
        for question, (answer, _) in questions.items():
            wanted = asked(question)
            if not wanted:
                continue
            found = short.judged(question, wanted, look(question, parts).quotes)
            if found:
                ranks = [_right(one.text, answer) for one in found]
                good = np.array([rank == max(ranks) > 0 for rank in ranks])
                yield wanted.kind.value, (np.array([one.features for one in found]), good)


def _questions() -> dict[str, tuple[str, str]]:
    """Each question with its response and its passage."""
    found: dict[str, tuple[str, str]] = {}
    for name in FILES:
        path = sets.BENCH / f"{name}.jsonl"
        if not path.is_file():
            sys.exit(f"The training rows are not at {path}.")
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            answer, text = row["response"].strip(" ."), "\n\n".join(row["contexts"])
            holds = answer.casefold() in text.casefold()
            if row["supported"] and holds and 0 < len(answer) <= LONGEST:
                found.setdefault(row["question"], (answer, text))
    return found


def _library(questions: dict[str, tuple[str, str]]) -> Library:
    folder = sets.OUT / "short-train-docs"
    folder.mkdir(parents=True, exist_ok=True)
    for text in sorted({text for _, text in questions.values()}):
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    library = Library.create(sets.OUT / "short-train")
    with Parser() as parser:
        load([folder], library, sets.embedder, parser)
    return library


def _right(text: str, answer: str) -> int:
    """2 for the answer, 1 for most of its words, else 0."""
    same = numbers(text)
    if exact_match(text, [answer]) or (same and same == numbers(answer)):
        return 2
    return int(f1(text, [answer]) >= 0.6)


def _fit(rows: Sequence[Row]) -> dict[str, float]:
    count = len(short.FEATURES)

    def loss(values: Matrix) -> tuple[float, Matrix]:
        weights = values[:count]
        total = PENALTY * float(weights @ weights) / 2
        slope = np.append(PENALTY * weights, 0.0)
        for features, good in rows:
            scores = np.append(features @ weights, values[count])
            chances = np.exp(scores - scores.max())
            chances /= chances.sum()
            right = np.append(good, not good.any())
            mass = chances[right].sum()
            total -= float(np.log(mass))
            change = chances - np.where(right, chances / mass, 0.0)
            slope[:count] += change[:-1] @ features
            slope[count] += change[-1]
        return total, slope

    best = minimize(loss, np.zeros(count + 1), jac=True, method="L-BFGS-B").x
    return {
        name: round(float(value), 2)
        for name, value in zip((*short.FEATURES, "none"), best, strict=True)
    }


if __name__ == "__main__":
    main(sys.argv[1:])
