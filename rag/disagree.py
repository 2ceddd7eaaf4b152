"""Do two sentences disagree? They say nearly the same, with another value.

The two are laid side by side, word by word, and what differs is judged by rules that can be read.
Vectors do not help: sentences with "24 months" and with "36 months" mean nearly the same to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from rag.records import Disagreement
from rag.text import content_stems
from rag.values import Kind, Statement, Value, Word, agree, read


@dataclass(frozen=True, slots=True)
class Rules:
    """How much of two sentences must be the same, the values that differ left out (each 0..1).

    `number`, `name`, `subject` (a name at the head) and `rule` are shares of both sentences
    together (Dice), `part` that of the shorter one; `answers` is taken off where both say all that
    the question says. `fewest` words that carry meaning must be shared, `fewest_short` where that
    is so, where the documents are editions of one, or the share is `same`. `alike` is the share of
    two titles from which documents are editions. From `long` shared words on, one place may be
    worded otherwise.
    """

    number: float = 0.6
    name: float = 0.75
    rule: float = 0.8
    subject: float = 0.85
    part: float = 0.75
    answers: float = 0.1
    same: float = 0.9
    fewest: int = 3
    fewest_short: int = 2
    alike: float = 0.75
    long: int = 8


@dataclass(frozen=True, slots=True)
class Difference:
    """Values in the same place of two sentences that cannot both be meant.

    `time` tells of a number that it is a time of day or a length of time.
    """

    kind: Disagreement
    first: str
    second: str
    time: bool = False


# What a question is after, by the word it asks with; the first of them in the question decides.
_ASKS = [
    (re.compile(form, re.IGNORECASE), frozenset(kinds))
    for form, kinds in (
        (
            r"\b(?:when|deadline|(?:what|which) (?:time|year|date|day|month|decade|century))\b",
            {Disagreement.DATE},
        ),
        (r"\bhow (?:long|old|soon|recent\w*)\b", {Disagreement.DATE, Disagreement.NUMBER}),
        (
            r"\bhow (?:many|much|big|large|fast|far|high|wide|tall|heavy|quick\w*|often)\b",
            {Disagreement.NUMBER},
        ),
        (r"\b(?:who|whom|whose)\b", {Disagreement.NAME}),
        (r"\bwhere\b", {Disagreement.NAME}),
        (r"\b(?:what|which|why|how)\b", set(Disagreement)),
    )
]
_ASKING = frozenset(
    content_stems(
        "many much long old soon recently big large fast far high wide tall heavy quickly often "
        "deadline time year date day month decade century name number"
    )
)
ALL = frozenset(Disagreement)

_DENIALS = re.compile(
    r"\b(?:not|never|cannot|no|nobody|none|neither|without)\b|n['’]t\b", re.IGNORECASE
)
_NO_DENIALS = re.compile(
    r"\b(?:no|not) (?:\w+er|more|less) than\b|\bnot only\b|\bno doubt\b|\bwhether or not\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b(?:forbidden|prohibited|banned|disallowed|optional|voluntary)\b", re.IGNORECASE
)
_GRANTED = re.compile(
    r"\b(?:not )?(?:allowed|permitted|permissible|required|mandatory|compulsory|obligatory)\b",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"\b(?:may|must|can|could|shall|should|will|would|do|does|did|is|are|was|were|has|have|had)"
    r"(?:\s+(?:not|never|no longer)\b|n['’]t\b|\b)|\bcannot\b",
    re.IGNORECASE,
)
_POLAR = frozenset(
    content_stems(
        "not never cannot no nobody none neither without allowed permitted permissible acceptable "
        "forbidden prohibited banned disallowed required mandatory compulsory obligatory must "
        "optional voluntary need may can shall should t"
    )
)

# What follows was so before: "… , who took it over from the Head of Digital Services."
_FORMERLY = re.compile(
    r",?\s*(?:\b(?:who|which|that)\s+)?\b(?:took (?:it )?over from|replac(?:es|ed|ing)|formerly|"
    r"previously|instead of|rather than|up from|down from|no longer|as against|"
    r"compared (?:with|to))\b",
    re.IGNORECASE,
)
# A date after these says when a figure was taken, not which figure it is.
_AS_OF = re.compile(
    r"\b(?:counted|measured|recorded|surveyed|updated|revised|effective|valid|checked|as|force|"
    r"correct|dated|status)\s+(?:on|of|at|from|since|by|in)?\s*(?:the\s+)?$",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"(?:it|this|they|these)\b", re.IGNORECASE)
_COUNTED_ISSUE = re.compile(
    r"[ -](?:version|edition|revision|issue|draft|printing|volume|part|chapter)\b", re.IGNORECASE
)


def asking_for(question: str) -> frozenset[Disagreement]:
    """What may differ for the answer to this question to be another one."""
    hits = [
        (match.start(), at)
        for at, (form, _) in enumerate(_ASKS)
        if (match := form.search(question))
    ]
    return _ASKS[min(hits)[1]][1] | {Disagreement.RULE} if hits else ALL


def about(question: str) -> frozenset[str]:
    """Stems of what a question is about, without the words by which it asks."""
    return frozenset(content_stems(question)) - _POLAR - _ASKING


def compare(
    first: str,
    second: str,
    question: str = "",
    wanted: frozenset[Disagreement] = ALL,
    *,
    alike: bool = False,
    before: tuple[str, str] = ("", ""),
    names: frozenset[str] = frozenset(),
    rules: Rules = Rules(),
) -> tuple[Difference, ...]:
    """What two sentences disagree about, () where they do not.

    `wanted` are the kinds that matter. `alike` says that their documents are editions of one, and
    `before` what stands before each: what "it" refers to. `names` are words known to be names.
    """
    one, other = read(_now(first), names), read(_now(second), names)
    pair = _align(one, other, before, about(question))
    short = alike or pair.dice >= rules.same or pair.answers
    if pair.shared < (rules.fewest_short if short else rules.fewest) or pair.part < rules.part:
        return ()
    if pair.replaced > (1 if alike or pair.shared >= rules.long else 0):
        return ()
    found = _values(pair, wanted, alike, rules) if pair.apart else _rule(pair, rules)
    return tuple(
        each for each in found if each.kind in wanted or (each.time and Disagreement.DATE in wanted)
    )


def _now(text: str) -> str:
    """The sentence without what it says of former times."""
    match = _FORMERLY.search(text)
    if match and len(content_stems(text[: match.start()])) >= 3:
        return text[: match.start()]
    return text


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two sentences side by side.

    `shared` counts words and values that stand in both, `replaced` the places where each says other
    words. `dice` and `part` are the shares (0..1) of what is shared, the values in `apart` left
    out. `answers` tells whether all that the question says is shared, `open` is what is not.
    `leads` tells for each pair in `apart` whether it stands before all that is shared, where a
    subject stands.
    """

    one: Statement
    other: Statement
    shared: int
    replaced: int
    dice: float
    part: float
    answers: bool
    open: frozenset[str]
    apart: tuple[tuple[Value, Value], ...]
    leads: tuple[bool, ...]


_Item = Word | Value


def _align(
    one: Statement, other: Statement, before: tuple[str, str], asked: frozenset[str]
) -> _Pair:
    mine, yours = _items(one), _items(other)
    keys = _keys(mine, yours)
    apart: list[tuple[Value, Value]] = []
    leads: list[bool] = []
    shared = replaced = 0
    sizes = [len(mine), len(yours)]
    left = set(asked)
    for (a, b), (c, d), equal in _runs(*keys):
        if equal:
            shared += b - a
            left -= {stem for item in mine[a:b] for stem in _stems(item)}
            continue
        pairs = [
            (x, y)
            for x, y in _paired(mine[a:b], yours[c:d])
            if not (agree(x, y) or _stands(x, other) or _stands(y, one))
        ]
        apart += pairs
        leads += [shared == 0] * len(pairs)
        rest = (b - a - len(pairs), d - c - len(pairs))
        naming = any(one.kind is Kind.NAME for one, _ in pairs)
        replaced += bool(all(rest) or (naming and any(rest)))
        if shared == 0 and not pairs and not all(rest):
            # "It is owned by …" beside "The policy is owned by …".
            side = 0 if rest[0] else 1
            lead = mine[a:b] if rest[0] else yours[c:d]
            referred = _referred(lead, (other, one)[side], before[1 - side])
            shared += referred
            sizes[1 - side] += referred
    sizes = [size - len(apart) for size in sizes]
    return _Pair(
        one,
        other,
        shared,
        replaced,
        2 * shared / max(1, sum(sizes)),
        shared / max(1, min(sizes)),
        len(asked) >= 2 and not left,
        frozenset(left),
        tuple(apart),
        tuple(leads),
    )


def _stands(value: Value, statement: Statement) -> bool:
    """Whether the other sentence says this value too, in whatever place."""
    if value.kind is Kind.NAME:
        return any(each.parts == value.parts for each in statement.values)
    return any(agree(value, each) for each in statement.values)


def _items(statement: Statement) -> list[_Item]:
    """Words and values in order, each value once; nothing that only allows or denies."""
    items: list[_Item] = []
    for word in statement.words:
        if word.value is None:
            if word.stem not in _POLAR:
                items.append(word)
        elif not items or items[-1] is not word.value:
            items.append(word.value)
    return items


def _stems(item: _Item) -> list[str]:
    return [item.stem] if isinstance(item, Word) else content_stems(item.text)


def _keys(mine: Sequence[_Item], yours: Sequence[_Item]) -> tuple[list[str], list[str]]:
    """What the items are matched by: the stem of a word; of values that agree, the same."""
    known = [item for item in mine if isinstance(item, Value)]
    names = {id(value): f"={at}" for at, value in enumerate(known)}

    def key(item: _Item) -> str:
        if isinstance(item, Word):
            return item.stem
        if id(item) in names:
            return names[id(item)]
        at = next((at for at, value in enumerate(known) if agree(value, item)), None)
        return f"={at}" if at is not None else f"?{item.start}"

    # Two values of one sentence that agree ("2016", "February 2016") are one as well.
    for at, value in enumerate(known):
        twin = next((n for n in range(at) if agree(known[n], value)), at)
        names[id(value)] = f"={twin}"
    return [key(item) for item in mine], [key(item) for item in yours]


def _runs(
    mine: list[str], yours: list[str]
) -> Iterator[tuple[tuple[int, int], tuple[int, int], bool]]:
    """Ranges of both that follow each other: equal ones, and what stands between them."""
    a = c = 0
    for block in Indel.opcodes(mine, yours).as_matching_blocks():
        if a < block.a or c < block.b:
            yield (a, block.a), (c, block.b), False
        if block.size:
            yield (block.a, block.a + block.size), (block.b, block.b + block.size), True
        a, c = block.a + block.size, block.b + block.size


def _paired(mine: Sequence[_Item], yours: Sequence[_Item]) -> list[tuple[Value, Value]]:
    """Values of one kind in the same place, where there are as many on both sides."""
    pairs = []
    if not mine or not yours:
        return []
    for kind in Kind:
        ours = [item for item in mine if isinstance(item, Value) and item.kind is kind]
        theirs = [item for item in yours if isinstance(item, Value) and item.kind is kind]
        if len(ours) == len(theirs):
            pairs += list(zip(ours, theirs, strict=True))
        elif ours and theirs and mine[-1] is ours[-1] and yours[-1] is theirs[-1]:
            # "GPT-3, to give one known size, has 175 billion": what both go on from is the value.
            pairs.append((ours[-1], theirs[-1]))
    return sorted(pairs, key=lambda pair: pair[0].start)


def _referred(lead: Sequence[_Item], other: Statement, before: str) -> int:
    """How many of the first words another sentence says by a pronoun for what stands before it."""
    if not _PRONOUN.match(other.text):
        return 0
    there = set(content_stems(before))
    words = [item for item in lead if isinstance(item, Word)]
    return len(words) if words and all(word.stem in there for word in words) else 0


def _values(
    pair: _Pair, wanted: frozenset[Disagreement], alike: bool, rules: Rules
) -> list[Difference]:
    """Values that differ while everything else is the same."""
    rows = [
        (one, other, lead)
        for (one, other), lead in zip(pair.apart, pair.leads, strict=True)
        if not (one.kind is Kind.DATE and _as_of(pair.one, one) and _as_of(pair.other, other))
    ]
    kinds = {one.kind for one, _, _ in rows}
    names = [row for row in rows if row[0].kind is Kind.NAME or _is_place(row[0])]
    if not rows or len(rows) > 2 or _denies(pair.one.text) != _denies(pair.other.text):
        return []
    # "2024 revenue was 5" and "2023 revenue was 4" are two statements, and both may be true.
    if Kind.DATE in kinds and len(kinds) > 1:
        return []
    # So are two figures of which only one is given a date.
    if len(rows) > 1 and len({_dated(each) for each in (pair.one, pair.other)}) > 1:
        return []
    if names and len(names) < len(rows) and (not alike or any(lead for _, _, lead in names)):
        return []
    least = rules.number - (rules.answers if pair.answers else 0)
    if pair.dice < (rules.name if names and not alike else least):
        return []
    for one, other, lead in names:
        # "First version" and "second version" say which of two documents it is.
        if _is_place(one) and _COUNTED_ISSUE.match(pair.one.text[one.end :]):
            return []
        if _named(one, pair.open) != _named(other, pair.open):
            return []
        # Two who did the same are no conflict, unless it is asked who did it.
        if lead and not alike and (pair.dice < rules.subject or wanted == ALL):
            return []
    found = [
        Difference(
            Disagreement(one.kind.value), one.text, other.text, one.measure in ("time", "clock")
        )
        for one, other, _ in rows
        if one.measure == other.measure and _is_place(one) == _is_place(other)
    ]
    return sorted(found, key=lambda each: each.kind is Disagreement.NAME)


def _dated(statement: Statement) -> int:
    return sum(value.kind is Kind.DATE for value in statement.values)


def _as_of(statement: Statement, value: Value) -> bool:
    return bool(_AS_OF.search(statement.text[: value.start]))


def _is_place(value: Value) -> bool:
    """Whether it counts in an order ("third"): such a number tells things apart as a name does."""
    return value.kind is Kind.NUMBER and value.parts[0].endswith(".")


def _named(value: Value, asked: frozenset[str]) -> bool:
    return any(stem in asked for stem in content_stems(value.text))


def _denies(text: str) -> bool:
    plain = _NO_DENIALS.sub(" ", text)
    denied = len(_DENIALS.findall(plain)) + bool(_REFUSED.search(plain))
    return denied % 2 == 1


def _rule(pair: _Pair, rules: Rules) -> list[Difference]:
    """One allows, states or asks for what the other denies."""
    texts = (pair.one.text, pair.other.text)
    if pair.dice < rules.rule or pair.replaced or _denies(texts[0]) == _denies(texts[1]):
        return []
    said = [_ruling(text) for text in texts]
    if said[0].casefold() == said[1].casefold() or not all(said):
        return []
    return [Difference(Disagreement.RULE, said[0], said[1])]


def _ruling(text: str) -> str:
    """The words by which a sentence allows, denies or asks for something."""
    for form in (_REFUSED, _GRANTED, _MODAL):
        match = form.search(text)
        if match:
            return match.group()
    match = _DENIALS.search(text)
    return match.group() if match else ""
