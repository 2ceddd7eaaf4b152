"""The plots of a report: first the numbers behind each, then the drawing.

The only file that imports matplotlib. A drawing is SVG to stand inside a page: its text is text,
its colours are those of the page, and the same numbers give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.evaluation.breakdown import grounded, share, wrong
from rag.evaluation.measure import wilson
from rag.evaluation.results import RowResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 10
"""Bins of equal width, for groundedness and for reliability."""

MOST_POINTS = 400
"""Points of a drawn curve; more cannot be told apart."""

_INK, _BAR, _LINE, _FAINT = "#010101", "#020202", "#030303", "#040404"
"""Colours that stand for those of the page until the drawing is done."""

_PAGE_COLOURS = {
    _INK: "currentColor",
    _BAR: "var(--bar, #2e7d4f)",
    _LINE: "var(--line, #b7791f)",
    _FAINT: "var(--faint, #8888)",
}

_SIZE = (6.2, 2.7)
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.unicode_minus": False,
}

# What matplotlib reads from its settings while it writes SVG it reads from one place for all
# threads, and the page has several.
_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many rows have a groundedness in each of `BINS` bins; 1 is in the last."""

    counts: tuple[int, ...]
    not_applicable: int
    failed: int

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def in_words(self) -> str:
        parts = (
            f"{_edge(at)} to {_edge(at + 1)}: {count}"
            for at, count in enumerate(self.counts)
            if count
        )
        return f"Groundedness of {self.n} rows. {'; '.join(parts)}."


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Share answered against share wrong among it, answering only what is surest.

    Point k is what would stand if only rows of the k highest confidences were answered, of which
    `signal` tells the name. `coverage` is a share of all `rows` with labels, refused ones included;
    the last point is what was shipped. `area` is the mean risk over the answered rows.
    """

    signal: str
    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float
    rows: int
    answered: int
    not_applicable: int

    @property
    def shipped(self) -> tuple[float, float]:
        return self.coverage[-1], self.risk[-1]

    @property
    def in_words(self) -> str:
        parts = (f"{wanted:.0%}: {risk:.1%}" for wanted, risk in self.steps())
        said = "; ".join(parts)
        return (
            f"Share wrong among the answered, by share answered. {said + '. ' if said else ''}"
            f"Shipped: {self.shipped[0]:.1%} answered, {self.shipped[1]:.1%} of them wrong."
        )

    def steps(self) -> list[tuple[float, float]]:
        """Risk at every tenth of coverage that the curve reaches, the next point to it."""
        found = []
        for tenth in range(1, 11):
            at = int(np.searchsorted(self.coverage, tenth / 10 - 1e-9))
            if at < len(self.risk):
                found.append((tenth / 10, self.risk[at]))
        return found


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose score lies in low..high: how sure on average, and which share is right."""

    low: float
    high: float
    n: int
    sure: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins of the score, all of them, and the expected calibration error."""

    bins: tuple[Bin, ...]
    error: float
    n: int
    not_applicable: int

    @property
    def in_words(self) -> str:
        parts = (
            f"score {each.sure:.2f}: {each.right:.0%} of {each.n} right"
            for each in self.bins
            if each.n
        )
        return f"Share right by score. {'; '.join(parts)}."


def distribution(rows: Sequence[RowResult]) -> Distribution:
    """Groundedness over the rows."""
    values = [value for row in rows if (value := grounded(row)) is not None]
    failed = sum(row.error is not None for row in rows)
    places = _places(values)
    counts = tuple(int(count) for count in np.bincount(places, minlength=BINS))
    return Distribution(counts, len(rows) - len(values) - failed, failed)


def risk_coverage(rows: Sequence[RowResult]) -> RiskCoverage | None:
    """The curve of the rows that have labels; None where no answered row has one.

    Answered rows are ordered by `evidence`, or by groundedness where more of them have that. Of a
    refused row nobody knows what would have been said: it counts as not answered at every point.
    Rows of the same confidence come together, because no threshold parts them; inside such a run
    each counts with the run's share, so that the area does not hang on the order of the rows.

    Risk, coverage and the curve: Y. Geifman and R. El-Yaniv, "Selective Classification for Deep
    Neural Networks" (2017). The area, as the mean of the risk at each number of answers:
    Y. Geifman, G. Uziel and R. El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural
    Classifiers" (2019).
    """
    told = [(row, bad) for row in rows if (bad := wrong(row)) is not None]
    signals: dict[str, Callable[[RowResult], float | None]] = {
        "evidence": lambda row: share(row.evidence),
        "groundedness": grounded,
    }
    usable = {
        name: [(value, bad) for row, bad in told if (value := signal(row)) is not None]
        for name, signal in signals.items()
    }
    name = max(usable, key=lambda each: len(usable[each]))
    if not usable[name]:
        return None
    refused = sum(bool(row.refused) and row.answerable is not None for row in rows)
    sure, errors = (np.asarray(column, float) for column in zip(*usable[name], strict=True))
    levels, level_of = np.unique(-sure, return_inverse=True)
    sizes = np.bincount(level_of, minlength=len(levels))
    shares = np.bincount(level_of, weights=errors, minlength=len(levels)) / sizes
    risks = np.cumsum(np.repeat(shares, sizes)) / np.arange(1, len(sure) + 1)
    ends = np.cumsum(sizes)
    total = len(sure) + refused
    return RiskCoverage(
        signal=name,
        coverage=tuple(float(end) / total for end in ends),
        risk=tuple(float(risks[end - 1]) for end in ends),
        area=float(risks.mean()),
        rows=total,
        answered=len(sure),
        not_applicable=len(rows) - total,
    )


def reliability(rows: Sequence[RowResult]) -> Reliability | None:
    """How far `evidence` says how often answers are right; None where no answer has a label.

    Bins of equal width and the expected calibration error, the mean distance of score and share
    right over the bins, weighed by their answers: M. P. Naeini, G. F. Cooper and M. Hauskrecht,
    "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (2015); C. Guo, G. Pleiss,
    Y. Sun and K. Q. Weinberger, "On Calibration of Modern Neural Networks" (2017). Answers that
    were given are looked at, since of a refused question nobody knows what would have been said.
    """
    told = [
        (value, not bad)
        for row in rows
        if (bad := wrong(row)) is not None and (value := share(row.evidence)) is not None
    ]
    if not told:
        return None
    sure, right = (np.asarray(column, dtype=np.float64) for column in zip(*told, strict=True))
    places = _places(sure)
    bins = []
    error = 0.0
    for at in range(BINS):
        inside = places == at
        n = int(inside.sum())
        mean_sure = float(sure[inside].mean()) if n else None
        mean_right = float(right[inside].mean()) if n else None
        if mean_sure is not None and mean_right is not None:
            error += n / len(told) * abs(mean_sure - mean_right)
        bins.append(Bin(at / BINS, (at + 1) / BINS, n, mean_sure, mean_right))
    return Reliability(tuple(bins), error, len(told), len(rows) - len(told))


def _places(values: Sequence[float] | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The bin of each value; a border belongs to the bin above it, and 1 to the last."""
    # Without the rounding .3 * 10 and .7 * 10 would lie beside their borders.
    scaled = np.floor(np.round(np.asarray(values, dtype=np.float64) * BINS, 9))
    return np.minimum(scaled.astype(np.int64), BINS - 1)


def _edge(at: int) -> str:
    return f"{at / BINS:.1f}"


# -- drawing ---------------------------------------------------------------------------------


def draw_distribution(found: Distribution) -> str:
    """Bars, each with its count above."""

    def draw(axes: Axes) -> None:
        middles = [(at + 0.5) / BINS for at in range(BINS)]
        axes.bar(middles, found.counts, width=0.92 / BINS, color=_BAR)
        for middle, count in zip(middles, found.counts, strict=True):
            if count:
                axes.annotate(
                    f"{count:,}",
                    (middle, count),
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, max(1, *found.counts) * 1.15)
        axes.set_xticks([at / BINS for at in range(0, BINS + 1, 2)])
        axes.set_xlabel("groundedness")
        axes.set_ylabel("rows")
        axes.locator_params(axis="y", integer=True, nbins=5)

    return _drawn("distribution", draw)


def draw_risk_coverage(found: RiskCoverage) -> str:
    """The curve, and the shipped point at its end."""

    def draw(axes: Axes) -> None:
        keep = sorted(
            {
                round(at)
                for at in np.linspace(
                    0, len(found.risk) - 1, min(MOST_POINTS, len(found.risk))
                ).tolist()
            }
        )
        # Below the first level of confidence there is no choice left, and no other share wrong.
        x = [0.0, *(found.coverage[at] for at in keep)]
        y = [found.risk[0], *(found.risk[at] for at in keep)]
        axes.fill_between(x, y, color=_LINE, alpha=0.15, linewidth=0)
        axes.plot(x, y, color=_LINE, linewidth=1.6)
        at, risk = found.shipped
        top = max(0.1, max(y) * 1.35)
        # Above the curve, where nothing is drawn; the thin line says what it is about.
        axes.plot([at, at], [risk, 0.9 * top], color=_INK, linewidth=0.6)
        axes.plot([at], [risk], "o", color=_INK, markersize=5, clip_on=False, zorder=5)
        axes.annotate(
            f"shipped: {at:.0%} answered, {risk:.0%} of them wrong",
            (at, 0.9 * top),
            xytext=(-4 if at > 0.5 else 4, 0),
            textcoords="offset points",
            ha="right" if at > 0.5 else "left",
            va="center",
        )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, top)
        _percent(axes.xaxis)
        _percent(axes.yaxis, prune="upper")
        axes.grid(axis="y", color=_FAINT, linewidth=0.5)
        axes.set_xlabel("share answered, the surest first")
        axes.set_ylabel("wrong among these")

    return _drawn("risk and coverage", draw)


def draw_reliability(found: Reliability) -> str:
    """A point for each bin with its 95 % interval, the diagonal, and the counts below."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=1, linestyle=(0, (4, 3)))
        for each in found.bins:
            if each.sure is None or each.right is None:
                continue
            low, high = wilson(round(each.right * each.n), each.n)
            axes.plot([each.sure, each.sure], [low, high], color=_BAR, linewidth=1.4)
            axes.plot([each.sure], [each.right], "o", color=_BAR, markersize=5, clip_on=False)
            axes.annotate(
                f"{each.n:,}",
                (each.sure, 0),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
            )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        axes.set_xticks([at / BINS for at in range(0, BINS + 1, 2)])
        _percent(axes.yaxis)
        axes.set_xlabel("score (answers in the bin at the bottom)")
        axes.set_ylabel("right")

    return _drawn("reliability", draw)


def _percent(axis: Any, prune: str | None = None) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis.set_major_locator(MaxNLocator(5, prune=prune))
    axis.set_major_formatter(PercentFormatter(1, decimals=None))


def _drawn(name: str, draw: Callable[[Axes], None]) -> str:
    """An `<svg>` element of what `draw` puts on the axes; it names no colour but the page's."""
    from matplotlib import rc_context, rcParamsDefault
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # Without the defaults a settings file of this machine would decide how a report looks. The
    # names of the shapes inside follow from the salt, so that two drawings on one page differ.
    style: dict[Any, Any] = {k: v for k, v in rcParamsDefault.items() if k not in _GLOBAL}
    style |= {**_STYLE, "svg.hashsalt": name}
    text = io.StringIO()
    with _one_at_a_time, rc_context(style):
        figure = Figure(figsize=_SIZE, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(text, format="svg", transparent=True, metadata=nothing)
    return _for_a_page(text.getvalue())


_GLOBAL = frozenset({"backend", "backend_fallback", "interactive", "toolbar", "timezone"})
"""Settings of the process, which no drawing depends on."""


def _for_a_page(svg: str) -> str:
    """The element alone: without prologue, style for the whole page, and fixed size."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>\s*", "", svg)
    svg = re.sub(r' xmlns(?::xlink)?="[^"]*"| version="[^"]*"', "", svg)
    svg = re.sub(r'(<svg) width="[^"]*" height="[^"]*"', r"\1", svg)
    svg = svg.replace("xlink:href=", "href=")
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*|font-family: [^;]*;? ?", _font, svg)
    for colour, of_page in _PAGE_COLOURS.items():
        svg = svg.replace(colour, of_page)
    return svg.strip()


def _font(found: re.Match[str]) -> str:
    return f"font-size: {found[1]}" if found[1] else ""
