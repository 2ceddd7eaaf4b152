"""A logistic regression whose weights were fitted elsewhere and lie beside the code as JSON."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Logistic:
    """The weights in `file`, a name below `rag/`, for `features` in this order.

    The file is read with the first probability: {"weights": {feature: weight}, "intercept": x}.
    """

    file: str
    features: tuple[str, ...]

    def probability(self, values: Sequence[float]) -> float:
        """1 / (1 + exp(-(intercept + weights . values))), for one value of each feature."""
        weights, intercept = _read(self.file, self.features)
        total = intercept + sum(w * value for w, value in zip(weights, values, strict=True))
        return 1 / (1 + math.exp(-total))


@functools.cache
def _read(file: str, features: tuple[str, ...]) -> tuple[tuple[float, ...], float]:
    fitted = json.loads(files("rag").joinpath(file).read_text(encoding="utf-8"))
    return tuple(fitted["weights"][name] for name in features), fitted["intercept"]
