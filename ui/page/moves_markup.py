"""Two results side by side, in HTML: what moved. Everything that is not ours is escaped here."""

from __future__ import annotations

from html import escape

from rag.evaluation.compare import Change, Comparison, Difference, Flip
from ui.page.markup import notes, shown

MOST_FLIPS = 50
"""Flipped rows that are listed; the others are counted."""

_MOST_NAME = 120
_MOST_CHANGES = 6


def moves(found: Comparison) -> str:
    """What else differs, each metric before and after, and the rows that are not what they were."""
    rows = "".join(_row(each) for each in found.differences.values() if each.n)
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("metric", "before", "now", "difference", "95 %", "rows", "so")
    )
    return (
        notes(found.said)
        + notes([f"{found.pairs:,} row{'s' * (found.pairs != 1)} compared."])
        + '<div class="sb-wide" tabindex="0" role="region" aria-label="What moved">'
        f'<table class="sb-moves"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        + _flips(found.flips)
    )


def _row(item: Difference) -> str:
    bounds = "" if item.low is None else f"{item.low:+.3f} to {item.high:+.3f}"
    verdict, kind = _verdict(item)
    values = [
        *(f"{value:.3f}" if value is not None else "" for value in (item.before, item.after)),
        f"{item.difference:+.3f}" if item.difference is not None else "",
        bounds,
        f"{item.n:,}",
    ]
    cells = "".join(f"<td>{value}</td>" for value in values)
    return (
        f'<tr><th scope="row">{shown(item.name, _MOST_NAME)}</th>{cells}'
        f'<td class="{kind}">{verdict}</td></tr>'
    )


def _verdict(item: Difference) -> tuple[str, str]:
    if not item.difference:
        return "the same", ""
    if item.low is None or item.high is None or item.low <= 0 <= item.high:
        return "no more than chance", ""
    if item.higher_is_better is None:
        return "moved", ""
    if item.worse_beyond_chance:
        return "worse", "sb-wrong"
    better = item.low > 0 if item.higher_is_better else item.high < 0
    return ("better", "sb-right") if better else ("worse, perhaps by chance", "")


def _flips(items: tuple[Flip, ...]) -> str:
    if not items:
        return notes(["No row flipped."])
    rows = []
    for flip in items[:MOST_FLIPS]:
        changes = "; ".join(_change(change) for change in flip.changes[:_MOST_CHANGES])
        more = len(flip.changes) - _MOST_CHANGES
        rests = f"<br><span>rests on {shown(', '.join(flip.documents))}</span>" * flip.corpus
        rows.append(
            f"<li><b>{shown(flip.question)}</b><br><span>{shown(flip.id, _MOST_NAME)}: {changes}"
            f"{f'; and {more} more' if more > 0 else ''}</span>{rests}</li>"
        )
    count = len(items)
    beyond = notes([f"and {count - MOST_FLIPS} more"] if count > MOST_FLIPS else [])
    return (
        f'<h3 class="sb-side">{count:,} row{"s" * (count != 1)} flipped</h3>'
        f'<ul class="sb-files">{"".join(rows)}</ul>{beyond}'
    )


def _change(item: Change) -> str:
    before, after = (
        shown(value, _MOST_NAME) if isinstance(value, str) else f"{value:g}"
        for value in (item.before, item.after)
    )
    return f"{escape(item.what)} {before}, then {after}"
