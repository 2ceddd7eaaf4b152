"""A trace as a picture, in HTML: a step on each box, the three searches side by side.

The picture is for the eye; the table of the same (`ui.page.markup.trace`) stands beneath it for
whoever listens. Everything that is not ours is escaped here.
"""

from __future__ import annotations

from html import escape

from rag.why import Step, Trace
from ui.page import markup

_LEGS = ("words", "meaning", "named")
_PATH = ("parsed", "chunked", "filtered", *_LEGS, "fused", "pages", "reranked", "quoted", "enough")
_SOMETIMES = ("filtered", "reranked")

_SAYS = {
    "parsed": "Its text is read",
    "chunked": "It is cut into passages",
    "filtered": "Filters let it through",
    "words": "Found by words",
    "meaning": "Found by meaning",
    "named": "Named by the question",
    "fused": "The three are put together",
    "pages": "Its page is among the best",
    "reranked": "Ordered again by the reranker",
    "quoted": "A sentence of it is quoted",
    "enough": "The quotes are enough for an answer",
}


def drawing(item: Trace) -> str:
    """What became of the place, then its path from the first step down to the answer."""
    by_name = {step.name: step for step in item.steps}
    names = [name for name in _PATH if name in by_name or name not in _SOMETIMES]
    parts = []
    for name in names:
        if name in _LEGS[1:]:
            continue
        if name == _LEGS[0]:
            legs = "".join(f"<li>{_box(leg, by_name.get(leg), item.lost)}</li>" for leg in _LEGS)
            parts.append(f'<li><ul class="sb-legs">{legs}</ul></li>')
        else:
            parts.append(f"<li>{_box(name, by_name.get(name), item.lost)}</li>")
    return f'{_said(item)}<ol class="sb-path" aria-label="The way">{"".join(parts)}</ol>'


def _said(item: Trace) -> str:
    where = item.document if item.page is None else f"{item.document}, page {item.page}"
    if item.lost is None:
        said = "was found: a sentence of it is quoted, and the quotes are enough for an answer."
        kind = "sb-verdict"
    else:
        lost = next(step for step in item.steps if step.name == item.lost)
        said = f"got lost at the step “{_SAYS.get(lost.name, lost.name)}”: {lost.detail}."
        kind = "sb-problem"
    return f'<p class="{kind}" role="status"><b>{escape(where)}</b> {escape(said)}</p>'


def _box(name: str, step: Step | None, lost: str | None) -> str:
    title = escape(_SAYS.get(name, name))
    if step is None:
        return (
            f'<div class="sb-step sb-step-unreached"><b>{title}</b><small>not reached</small></div>'
        )
    if step.ok is False:
        kind, mark = ("lost", "✗ lost here") if name == lost else ("unreached", "✗ not there")
    elif step.ok:
        kind, mark = "ok", "✓ there"
    else:
        kind, mark = "told", ""
    numbers = "" if step.rank is None else f'<span class="sb-rank">rank {step.rank:,}</span>'
    if step.score is not None:
        numbers += f"{markup.bar(step.score)} {step.score:.2f}"
    return (
        f'<div class="sb-step sb-step-{kind}"><b>{title}</b>'
        f"{f'<em>{mark}</em>' if mark else ''}"
        f"{f'<div>{numbers}</div>' if numbers else ''}<small>{escape(step.detail)}</small></div>"
    )
