"""Results as a page for people: one file of HTML that stands alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from rag.evaluation import breakdown, plots
from rag.evaluation.measure import Measure
from rag.evaluation.results import About, Results
from ui.page import markup

TEMPLATE = Path(__file__).with_name("report.html")
STYLE = Path(__file__).with_name("page") / "style.css"

MOST_FAILURES = 25
"""Failed rows that are shown."""

_MOST_METRICS = 100
_MOST_ABOUT = 30
_LONGEST_NAME = 120
_HASH = 12


def page(results: Results) -> str:
    """The report as HTML: no script, nothing fetched, bounded in size, the same for the same rows.

    All that is not ours is escaped, by the template or by `ui.markup`.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    rows, failures = results.rows, results.failures
    bad = breakdown.worst(rows)
    metrics = breakdown.main_metrics(results)
    named = _name(results.about)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=_plain(f"Report: {named}" if named else "Report"),
        heading=_heading(results.about),
        style=Markup(STYLE.read_text(encoding="utf-8")),
        about=[(_shown(name), _shown(text)) for name, text in _about(results.about)],
        key=_key(results, metrics),
        failed=_failed(len(failures), len(rows)),
        metrics=[_metric(*each) for each in list(results.metrics.items())[:_MOST_METRICS]],
        more_metrics=max(0, len(results.metrics) - _MOST_METRICS),
        plots=[_distribution(results), _risk_coverage(results), _reliability(results)],
        kinds=_kinds(results, metrics) if rows else [],
        groups=[
            {
                "name": group.name,
                "total": group.total,
                "rows": [Markup(markup.result(row)) for row in group.rows],
            }
            for group in bad.groups
        ],
        none_worst=_none_worst(results),
        worst_note=(
            f"{_rows(bad.left_out)} that went wrong as well "
            f"{'is' if bad.left_out == 1 else 'are'} left out."
            if bad.left_out
            else "All rows that went wrong."
        ),
        failures=[Markup(markup.result(row)) for row in failures[:MOST_FAILURES]],
        more_failures=max(0, len(failures) - MOST_FAILURES),
    )


# -- head ------------------------------------------------------------------------------------


def _name(about: About | None) -> str:
    return Path(about.input).name if about else ""


def _heading(about: About | None) -> Markup | str:
    if about is None:
        return "Results"
    verb = {"evaluate": "Answers measured", "score": "Answers scored"}.get(about.verb, about.verb)
    return _shown(f"{verb}: {_name(about)}")


def _about(about: About | None) -> list[tuple[str, str]]:
    if about is None:
        return [("about", "The file does not say what was measured with what.")]
    return [
        ("input", f"{about.input}, SHA-256 {about.input_sha256[:_HASH]}"),
        ("made by", f"rag {about.verb}, Sourcebound {about.program}"),
        *_pairs("model", about.models),
        *_pairs("setting", about.settings),
        ("library", _count(len(about.documents), "document") if about.documents else "none"),
    ]


def _pairs(kind: str, values: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = [(f"{kind} {name}", str(value)) for name, value in values.items() if value is not None]
    more = len(pairs) - _MOST_ABOUT
    return pairs[:_MOST_ABOUT] + ([(kind, f"and {more} more")] if more > 0 else [])


def _key(results: Results, metrics: tuple[str, ...]) -> list[dict[str, Any]]:
    """The few numbers that are looked for first."""
    failed = len(results.failures)
    return [
        {"name": "rows", "value": f"{len(results.rows):,}", "bad": False},
        {"name": "failed", "value": f"{failed:,}", "bad": failed > 0},
        *(
            {
                "name": _metric_name(name),
                "value": _number(results.metrics[name].value, 3),
                "bad": False,
            }
            for name in metrics[:5]
        ),
    ]


def _failed(failed: int, rows: int) -> str:
    if not failed:
        return ""
    return f"{failed:,} of {_rows(rows)} failed and {'is' if failed == 1 else 'are'} in no value."


# -- tables ----------------------------------------------------------------------------------


def _metric(name: str, measure: Measure) -> dict[str, Any]:
    value, low, high = map(_finite, (measure.value, measure.low, measure.high))
    bounded = low is not None and high is not None
    inside = [each for each in (value, low, high) if each is not None]
    # Seconds have no scale that a reader would know.
    drawn = value is not None and not name.startswith("seconds") and max(inside) <= 1
    return {
        "name": _metric_name(name),
        "value": _number(value, 3),
        "interval": f"{_number(low, 3)} to {_number(high, 3)}" if bounded else "-",
        "at": f"{100 * value:.1f}" if drawn and value is not None else None,
        "low": f"{100 * low:.1f}" if bounded and low is not None else None,
        "width": f"{100 * (high - low):.1f}" if low is not None and high is not None else None,
        "n": f"{measure.n:,}",
        "not_applicable": f"{measure.not_applicable:,}",
        "failed": f"{measure.failed:,}",
    }


def _kinds(results: Results, metrics: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "metrics": [_metric_name(each) for each in metrics],
            "rows": [
                {
                    "name": _shown(kind.name),
                    "n": kind.n,
                    "failed": kind.failed,
                    "means": kind.means,
                }
                for kind in breakdown.kinds(results.rows, kind_of, metrics)
            ],
        }
        for name, kind_of in (
            ("Is there an answer?", breakdown.by_answer),
            ("Outcome", breakdown.by_outcome),
            ("First word", breakdown.by_first_word),
        )
    ]


# -- plots -----------------------------------------------------------------------------------


def _distribution(results: Results) -> dict[str, Any]:
    name = "How well answers are grounded"
    found = plots.distribution(results.rows)
    beside = f"{found.not_applicable:,} not applicable, {found.failed:,} failed"
    if not found.n:
        return _no_plot(name, f"Not applicable: no row has a groundedness ({beside}).")
    return {
        "name": name,
        "svg": _figure(plots.draw_distribution(found), found.in_words),
        "caption": (
            f"Groundedness, the mean support of an answer's sentences, over {_rows(found.n)}; "
            f"beside them {beside}. A refusal has none."
        ),
        "columns": ("from", "to", "rows"),
        "rows": [
            (f"{at / plots.BINS:.1f}", f"{(at + 1) / plots.BINS:.1f}", f"{count:,}")
            for at, count in enumerate(found.counts)
        ],
    }


def _risk_coverage(results: Results) -> dict[str, Any]:
    name = "What answering less would save"
    found = plots.risk_coverage(results.rows)
    if found is None:
        return _no_plot(
            name,
            "Not applicable: of no answer is it known whether it is right. That needs cases that "
            "say what the answer is, and that there is none.",
        )
    shipped, risk = found.shipped
    return {
        "name": name,
        "svg": _figure(plots.draw_risk_coverage(found), found.in_words),
        "caption": (
            f"Of {found.rows:,} rows with labels {found.answered:,} were answered "
            f"({shipped:.1%}), {risk:.1%} of these wrongly: there is no answer, no accepted one "
            "stands in the quotes, or, where that was not measured, F1 is below "
            f"{breakdown.HALF}. To the left only the surest by {found.signal} are answered. Area "
            f"under the curve (AURC, the mean share wrong over the answered): {found.area:.3f}; "
            "lower is better. The curve ends where the system refused: what it would have said "
            f"there nobody knows. Without a label, without a score, or failed: "
            f"{found.not_applicable:,}."
        ),
        "columns": ("share answered", "wrong among these"),
        "rows": [(f"{at:.0%}", f"{bad:.1%}") for at, bad in found.steps()],
    }


def _reliability(results: Results) -> dict[str, Any]:
    name = "Does the score keep its word?"
    found = plots.reliability(results.rows)
    if found is None:
        return _no_plot(
            name,
            "Not applicable: that needs answers with a score (evidence) of which it is known "
            "whether they are right.",
        )
    return {
        "name": name,
        "svg": _figure(plots.draw_reliability(found), found.in_words),
        "caption": (
            f"Score (evidence) against the share of answers that are right, {found.n:,} answers, "
            f"with 95 % intervals. On the dashed line a score of .8 is right in 80 %. Expected "
            f"calibration error: {found.error:.3f}; 0 is best. Refused, unlabelled and failed: "
            f"{found.not_applicable:,}."
        ),
        "columns": ("from", "to", "answers", "mean score", "right"),
        "rows": [
            (
                f"{each.low:.1f}",
                f"{each.high:.1f}",
                f"{each.n:,}",
                _number(each.sure, 2),
                "-" if each.right is None else f"{each.right:.0%}",
            )
            for each in found.bins
        ],
    }


def _no_plot(name: str, caption: str) -> dict[str, Any]:
    return {"name": name, "svg": None, "caption": caption, "columns": (), "rows": ()}


def _figure(svg: str, words: str) -> Markup:
    """A drawing of ours with its text alternative."""
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{escape(words)}"', 1))


# -- words -----------------------------------------------------------------------------------


def _none_worst(results: Results) -> str:
    if len(results.failures) == len(results.rows):
        return "There is none: no row was measured." if results.rows else "There is no row."
    return "None: nothing that was measured went wrong."


def _shown(text: str) -> Markup:
    return Markup(markup.shown(text, _LONGEST_NAME))


def _metric_name(name: str) -> Markup:
    """Where a column is narrow it may break at its underscores."""
    return Markup(str(_shown(name)).replace("_", "_<wbr>"))


def _plain(text: str) -> str:
    """For the title of a window, which takes no marks."""
    return "".join(each for each in text[:_LONGEST_NAME] if each.isprintable())


def _number(value: float | None, digits: int) -> str:
    value = _finite(value)
    return "-" if value is None else f"{value:.{digits}f}"


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _rows(count: int) -> str:
    return _count(count, "row")


def _count(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
