"""Do texts carry a statement? The support score on labelled sets, each left out of the fit.

    python -m benchmarks.grounding          fit, and compare with the weights in the package
    python -m benchmarks.grounding --write  fit on all sets and write `rag/support.json`

Prints, for each labelled set, the AUROC of the score fitted on all other sets, with a 95 % interval
(bootstrap over rows), beside that of word overlap alone, of length alone, and of the score with the
length as a further feature; then the balanced accuracy at the threshold .5, which those other sets
set, and both for the groundedness that `rag score` gives the row: the mean over its statements. The
weights of the package are fitted on all sets together. Both classes weigh the same, and so does
each set, whatever its size. Last, whether an answer deals with its question: the AUROC of
`answer_relevance`, which nothing was fitted for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from benchmarks import sets
from rag import support
from rag.evaluation.answers import Answered, Context
from rag.evaluation.grounding import score
from rag.text import words

WEIGHTS = Path(support.__file__).with_name("support.json")
REPORTED = ("wice-dev", "begin-dev", "halueval-qa")
TRAINING = (
    "grounding/ares-nq-train", "train/ares-hotpotqa", "train/ares-multirc", "train/ares-record",
    "train/ares-wow",
)  # fmt: skip
MOST = 600  # rows of each set that is for training alone: they are alike
RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Labelled:
    """`values` of shape (rows, features), whether each row is `right`, words of each statement.

    `parts` has for each row the features of its statements one by one, shape (n, features); n is 0
    where `rag score` finds nothing to check.
    """

    values: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    lengths: npt.NDArray[np.float64]
    parts: tuple[npt.NDArray[np.float64], ...]


def main(arguments: Sequence[str]) -> None:
    found = {name: _read(f"grounding/{name}", None) for name in REPORTED}
    found |= {name.rpartition("/")[2]: _read(name, MOST) for name in TRAINING}
    for name in REPORTED:
        _report(name, found)
    for name in TRAINING[1:]:
        _report_relevance(name)
    model = _fitted(list(found.values()), length=False)
    fitted = {
        "weights": {
            name: round(float(weight), 3)
            for name, weight in zip(support.FEATURES, model.coef_[0], strict=True)
        },
        "intercept": round(float(model.intercept_[0]), 3),
    }
    print(json.dumps(fitted, indent=2))
    if "--write" in arguments:
        WEIGHTS.write_text(json.dumps(fitted, indent=2) + "\n", encoding="utf-8")
        return
    same = json.loads(WEIGHTS.read_text(encoding="utf-8")) == fitted
    print("the package holds these weights" if same else "the package holds OTHER weights")
    sys.exit(0 if same else 1)


def _read(name: str, most: int | None) -> Labelled:
    rows = [row for row in _rows(name) if row["supported"] is not None]
    if most:
        order = np.random.default_rng(0).permutation(len(rows))[:most]
        rows = [rows[at] for at in sorted(order.tolist())]
    return Labelled(
        np.array([support.judge(row["response"], row["contexts"]).features for row in rows]),
        np.array([row["supported"] for row in rows]),
        np.array([float(len(words(row["response"]))) for row in rows]),
        tuple(_parts(row) for row in rows) if name.startswith("grounding/") else (),
    )


def _rows(name: str) -> list[dict[str, Any]]:
    path = sets.folder(name.partition("/")[0]) / f"{name.partition('/')[2]}.jsonl"
    if not path.is_file():
        sys.exit(f"The set {name} is not at {path}.")
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _parts(row: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    contexts = tuple(map(Context, row["contexts"]))
    scored = score(Answered("", "", row["response"], contexts))
    texts = support.Texts(row["contexts"])
    said = [one.text for one in scored.sentences if one.support is not None]
    return np.array([texts.judge(text).features for text in said]).reshape(
        -1, len(support.FEATURES)
    )


def _report(name: str, found: Mapping[str, Labelled]) -> None:
    test = found[name]
    others = [rows for key, rows in found.items() if key != name]
    model = _fitted(others, length=False)
    scores = model.decision_function(test.values)
    longer = _fitted(others, length=True).decision_function(_with_length(test))
    low, high = _interval(test.right, scores)
    print(
        f"{name}: n {len(test.right)}, AUROC {roc_auc_score(test.right, scores):.3f} "
        f"({low:.3f}..{high:.3f}); word overlap alone "
        f"{roc_auc_score(test.right, test.values[:, 0]):.3f}; length alone "
        f"{max(a := roc_auc_score(test.right, test.lengths), 1 - a):.3f}; with the length as a "
        f"feature {roc_auc_score(test.right, longer):.3f}; balanced accuracy "
        f"{balanced_accuracy_score(test.right, scores > 0):.3f}"
    )
    checked = [at for at, rows in enumerate(test.parts) if len(rows)]
    means = [model.predict_proba(test.parts[at])[:, 1].mean() for at in checked]
    right = test.right[checked]
    low, high = _interval(right, np.array(means))
    print(
        f"{name}: groundedness of {len(checked)} rows, AUROC {roc_auc_score(right, means):.3f} "
        f"({low:.3f}..{high:.3f}); balanced accuracy "
        f"{balanced_accuracy_score(right, np.array(means) >= 0.5):.3f}; nothing to check in "
        f"{len(test.right) - len(checked)}",
        flush=True,
    )


def _report_relevance(name: str) -> None:
    """Faithful answers to their own questions, and to that of the row before."""
    rows = [row for row in _rows(name) if row["supported"]]
    right, values = [], []
    for before, row in pairwise(rows):
        for question, own in ((row["question"], True), (before["question"], False)):
            given = Answered("", question, row["response"], tuple(map(Context, row["contexts"])))
            value = score(given).metrics["answer_relevance"]
            if value is not None:
                right.append(own)
                values.append(value)
    print(f"{name}: relevance of {len(right)} answers, AUROC {roc_auc_score(right, values):.3f}")


def _fitted(found: Sequence[Labelled], *, length: bool) -> LogisticRegression:
    values = [_with_length(rows) if length else rows.values for rows in found]
    weights = [np.full(len(rows.right), 1 / len(rows.right)) for rows in found]
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=3000)
    scale = sum(map(len, weights)) / len(found)
    return model.fit(
        np.concatenate(values),
        np.concatenate([rows.right for rows in found]),
        sample_weight=np.concatenate(weights) * scale,
    )


def _with_length(rows: Labelled) -> npt.NDArray[np.float64]:
    return np.column_stack((rows.values, np.log1p(rows.lengths)))


def _interval(right: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> tuple[float, float]:
    draw = np.random.default_rng(0)
    values = []
    for _ in range(RESAMPLES):
        rows = draw.integers(0, len(right), len(right))
        if 0 < right[rows].sum() < len(rows):
            values.append(roc_auc_score(right[rows], scores[rows]))
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


if __name__ == "__main__":
    main(sys.argv[1:])
