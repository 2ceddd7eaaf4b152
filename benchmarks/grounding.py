"""Do texts carry a statement? The support score on labelled sets, each left out of the fit.

    python -m benchmarks.grounding          fit, and compare with the weights in the package
    python -m benchmarks.grounding --write  fit on all sets and write `rag/support.json`

Prints, for each labelled set, the AUROC of the score fitted on all other sets, with a 95 % interval
(bootstrap over rows), beside that of word overlap alone, of length alone, and of the score with the
length as a further feature. The weights of the package are fitted on all sets together. Both
classes weigh the same, and so does each set, whatever its size.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks import sets
from rag import support
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
    """`values` of shape (rows, features), whether each row is `right`, words of each statement."""

    values: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    lengths: npt.NDArray[np.float64]


def main(arguments: Sequence[str]) -> None:
    found = {name: _read(f"grounding/{name}", None) for name in REPORTED}
    found |= {name.rpartition("/")[2]: _read(name, MOST) for name in TRAINING}
    for name in REPORTED:
        _report(name, found)
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
    path = sets.folder(name.partition("/")[0]) / f"{name.partition('/')[2]}.jsonl"
    if not path.is_file():
        sys.exit(f"The set {name} is not at {path}.")
    with path.open(encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["supported"] is not None]
    if most:
        order = np.random.default_rng(0).permutation(len(rows))[:most]
        rows = [rows[at] for at in sorted(order.tolist())]
    return Labelled(
        np.array([support.judge(row["response"], row["contexts"]).features for row in rows]),
        np.array([row["supported"] for row in rows]),
        np.array([float(len(words(row["response"]))) for row in rows]),
    )


def _report(name: str, found: Mapping[str, Labelled]) -> None:
    test = found[name]
    others = [rows for key, rows in found.items() if key != name]
    scores = _fitted(others, length=False).decision_function(test.values)
    longer = _fitted(others, length=True).decision_function(_with_length(test))
    low, high = _interval(test.right, scores)
    print(
        f"{name}: n {len(test.right)}, AUROC {roc_auc_score(test.right, scores):.3f} "
        f"({low:.3f}..{high:.3f}); word overlap alone "
        f"{roc_auc_score(test.right, test.values[:, 0]):.3f}; length alone "
        f"{max(a := roc_auc_score(test.right, test.lengths), 1 - a):.3f}; with the length as a "
        f"feature {roc_auc_score(test.right, longer):.3f}",
        flush=True,
    )


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
