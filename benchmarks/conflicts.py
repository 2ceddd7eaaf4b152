"""Two sources that disagree: how often that is named, and how often it is named wrongly.

    python -m benchmarks.conflicts              the half of the articles kept for reporting
    python -m benchmarks.conflicts --develop    the other half, which the rules were made on

From the paragraphs of xquad-en, seeded: 40 are copied with one number, date or name changed, the
one that answers a question of theirs, to an answer of the same form from another article. Originals
and altered copies lie in one library, and that question is asked. It counts as named when a
conflict shows the old value against the new one, each in its document. In a second library 40
others are copied with only their wording touched (one more sentence, numbers spelt another way):
any conflict there is a false alarm, asked about the copied paragraphs and about 200 others. The two
halves share no article.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks import sets
from ingest.load import load
from ingest.parse import Parser
from rag import assemble
from rag.ask import Parts, ask
from rag.evaluation.cases import Case
from rag.evaluation.measure import wilson
from rag.library.folder import Library
from rag.records import Reply

SET = "xquad-en"
SEED = 29
PAIRS = 40
OTHERS = 200

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_FORMS = {
    "date": (r"1\d{3}|20\d\d", rf"{_MONTH} \d{{4}}", rf"{_MONTH} \d{{1,2}}, \d{{4}}"),
    "number": (r"\d{1,3}(?:,\d{3})*(?:\.\d+)?", r"\d+(?:\.\d+)?%", r"\d+(?:\.\d+)? (?:m|b)illion"),
    "name": (r"[A-Z][a-z]+", r"[A-Z][a-z]+ [A-Z][a-z]+", r"[A-Z][a-z]+ [A-Z][a-z]+ [A-Z][a-z]+"),
}
_NO_NAMES = frozenset("one two three four five six seven eight nine ten yes no none".split())
_MORE = (
    "This note was copied out for the reading group.",
    "The paragraph above is kept as it was handed over.",
    "Readers may send corrections to the desk.",
)
_SPELT = {"3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight"}


@dataclass(frozen=True, slots=True)
class Altered:
    """A question, and the value that the copy of its paragraph has instead."""

    case: Case
    kind: str
    document: str
    old: str
    new: str
    copy: str
    text: str


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conflicts")
    parser.add_argument("--develop", action="store_true", help="the half the rules were made on")
    parser.add_argument(
        "--show", action="store_true", help="print what was missed or named wrongly"
    )
    options = parser.parse_args(arguments)
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((sets.folder(SET) / "docs").glob("*.txt"))
    }
    cases = sets.cases(SET)
    random.Random(SEED).shuffle(cases)
    articles = sorted({_article(case) for case in cases})
    random.Random(SEED).shuffle(articles)
    mine = set(articles[::2] if options.develop else articles[1::2])
    half = [case for case in cases if _article(case) in mine]
    chance = random.Random(f"{SEED}{'A' if options.develop else 'B'}")
    altered = _altered(half, cases, texts, chance)
    copies, questions = _copies(half, texts, chance)
    label = "development half" if options.develop else "held-out half"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        base = sets.library(SET)
        base.close()
        shutil.copytree(base.path, home / "altered")
        shutil.copytree(home / "altered", home / "copied")
        parts = _parts(home / "altered", {each.copy: each.text for each in altered})
        replies = [
            (each, ask(each.case.question, parts))
            for each in track(altered, f"{label}: altered", console=Console(stderr=True))
        ]
        _report_named(label, replies, options.show)
        parts = _parts(home / "copied", copies)
        plain = [
            ask(question, parts)
            for question in track(questions, f"{label}: unaltered", console=Console(stderr=True))
        ]
        _report_alarms(label, plain, options.show)
        seconds = sorted(reply.timings["conflict"] for _, reply in replies)
        seconds = sorted([*seconds, *(reply.timings["conflict"] for reply in plain)])
        print(
            f"{label}: the step takes {1000 * statistics.median(seconds):.1f} ms, "
            f"95th percentile {1000 * seconds[int(0.95 * len(seconds))]:.1f} ms"
        )


def _altered(
    half: Sequence[Case], every: Sequence[Case], texts: dict[str, str], chance: random.Random
) -> list[Altered]:
    """One for each paragraph at most, the kinds in turn as far as there are any."""
    pools: dict[str, list[tuple[str, str]]] = {}
    for case in every:
        if case.answerable and (form := _form(case.answers[0])):
            pools.setdefault(form, []).append((_article(case), case.answers[0]))
    waiting: dict[str, list[Altered]] = {kind: [] for kind in _FORMS}
    for case in half:
        form = _form(case.answers[0]) if case.answerable else ""
        document = case.evidence[0].document if form else ""
        if not form or len(_places(case.answers[0], texts[document])) != 1:
            continue
        old, text = case.answers[0], texts[document]
        others = sorted({new for article, new in pools[form] if article != _article(case)})
        others = [new for new in others if new not in text and new not in case.question]
        if others:
            new = chance.choice(others)
            at = _places(old, text)[0]
            changed = text[:at] + new + text[at + len(old) :]
            copy = f"note-{case.id[:8]}.txt"
            kind = form.partition(" ")[0]
            waiting[kind].append(Altered(case, kind, document, old, new, copy, changed))
    chosen: dict[str, Altered] = {}
    while len(chosen) < PAIRS and any(waiting.values()):
        for rows in waiting.values():
            while rows:
                each = rows.pop(0)
                if each.document not in chosen:
                    if len(chosen) < PAIRS:
                        chosen[each.document] = each
                    break
    return list(chosen.values())


def _form(answer: str) -> str:
    if answer.lower() in _NO_NAMES:
        return ""
    for kind, forms in _FORMS.items():
        for form in forms:
            if re.fullmatch(form, answer):
                return f"{kind} {form}"
    return ""


def _article(case: Case) -> str:
    return case.evidence[0].document.rsplit("-", 1)[0]


def _places(answer: str, text: str) -> list[int]:
    """Where the answer stands as whole words."""
    return [
        match.start() for match in re.finditer(rf"(?<![\w.,-]){re.escape(answer)}(?![\w%-])", text)
    ]


def _copies(
    half: Sequence[Case], texts: dict[str, str], chance: random.Random
) -> tuple[dict[str, str], list[str]]:
    """Copies that say the same, and the questions about them and about other paragraphs."""
    asked = {case.evidence[0].document: case.question for case in half if case.evidence}
    chosen = chance.sample(sorted(asked), PAIRS)
    copies = {
        f"note-{at:02}.txt": f"{_reworded(texts[name])} {chance.choice(_MORE)}\n"
        for at, name in enumerate(chosen)
    }
    others = [
        case.question for case in half if case.evidence and case.evidence[0].document not in chosen
    ]
    return copies, [asked[name] for name in chosen] + chance.sample(others, OTHERS)


def _reworded(text: str) -> str:
    """The same said: no separators of thousands, small numbers as words, straight quotes."""
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text.strip())
    text = re.sub(r"(?<= )[3-8](?= [a-z])", lambda match: _SPELT[match.group()], text)
    return text.replace("“", '"').replace("”", '"').replace("’", "'")


def _parts(library: Path, documents: dict[str, str]) -> Parts:
    folder = library.parent / f"{library.name}-documents"
    folder.mkdir()
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    found = Library.open(library)
    with Parser() as parser:
        load([folder], found, sets.embedder, parser)
    return assemble.parts(sets.settings(), libraries=[found])


def _report_named(label: str, rows: Sequence[tuple[Altered, Reply]], show: bool) -> None:
    for kind in (*_FORMS, "all"):
        mine = [(each, reply) for each, reply in rows if kind in (each.kind, "all")]
        named = [_is_named(each, reply) for each, reply in mine]
        print(f"{label}: {kind}: conflict named {_share(sum(named), len(named))}")
    for each, reply in rows:
        if show and not _is_named(each, reply):
            found = {passage.document.name for passage in reply.passages}
            sides = "both found" if {each.document, each.copy} <= found else "not both found"
            print(f"  missed ({each.kind}, {sides}): {each.case.question}")
            print(f"    {each.old!r} against {each.new!r}; outcome {reply.answer.outcome.value}")
            for quote in reply.answer.considered:
                print(f"    {quote.document.name}: {' '.join(quote.text.split())[:250]}")
            for conflict in reply.answer.conflicts:
                print(f"    named instead: {conflict.values}")


def _is_named(each: Altered, reply: Reply) -> bool:
    wanted = {each.document: each.old, each.copy: each.new}
    for conflict in reply.answer.conflicts:
        sides = (conflict.newer, conflict.older)
        if {side.document.name for side in sides} == set(wanted) and all(
            wanted[side.document.name] in value
            for side, value in zip(sides, conflict.values, strict=True)
        ):
            return True
    return False


def _report_alarms(label: str, replies: Sequence[Reply], show: bool) -> None:
    for what, rows in (
        ("questions about copied paragraphs", replies[:PAIRS]),
        ("questions about others", replies[PAIRS:]),
        ("all", replies),
    ):
        wrong = [reply for reply in rows if reply.answer.conflicts]
        print(f"{label}: {what}: false alarms {_share(len(wrong), len(rows))}")
    for reply in replies:
        for conflict in reply.answer.conflicts if show else ():
            print(f"  false alarm: {reply.question}: {conflict.values}")
            print(f"    {conflict.newer.document.name}: {conflict.newer.text[:300]}")
            print(f"    {conflict.older.document.name}: {conflict.older.text[:300]}")


def _share(count: int, of: int) -> str:
    if not of:
        return "0 of 0"
    low, high = wilson(count, of)
    return f"{count} of {of}, {count / of:.1%} (95 %: {low:.1%} to {high:.1%})"


if __name__ == "__main__":
    main()
