"""Questions made ready to be searched for: a follow-up completed, several questions in one split.

No model is asked: each decision follows from word lists that can be read, so the same question
gives the same search, in well under a millisecond. The rules err on one side: a question that is
left alone is searched for as it stands, as if there were no rules; one changed wrongly drags an old
subject into a new one. The word lists are English; text in another script is left alone.
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag.text import stems

TURNS = 3
"""Earlier turns that are looked at, the last ones."""

MOST_PARTS = 4
"""Questions that one is split into; what is left over stays with the last of them."""

LONGEST_CARRIED = 200
"""Characters added to a follow-up. More would outweigh what is asked now."""

_LONGEST_FOLLOW_UP = 200
_LONGEST_ANSWER = 300
_LONGEST_EARLIER = 2_000
_MOST_SPLIT = 2_000
"""Characters, all four. What is longer is no follow-up, is not read on, or is not split."""

_MANY = 5
"""Content words from which on a question says itself what it is about, pronoun or not."""

_WH = frozenset("what who whom whose which when where why how".split())
_BE = frozenset("is are was were be been being am isn't aren't wasn't weren't".split())
_AUXILIARIES = _BE | frozenset(
    """do does did doesn't don't didn't has have had hasn't haven't hadn't can could can't couldn't
    cannot ain't will would won't wouldn't shall should shouldn't may might must ought""".split()
)
_DETERMINERS = frozenset("a an the some any each every no all both either neither".split())
_BARE = frozenset("it they them he him she this that these those".split())
_POSSESSIVE = frozenset("its their theirs his her hers".split())
_DEMONSTRATIVE = frozenset("this that these those".split())
_PERSONAL = frozenset("i me my mine we us our ours you your yours myself itself themselves".split())
_PREPOSITIONS = frozenset(
    """about above according across after against among around at before below between by despite
    during for from in inside into near of off on onto out outside over per since than through to
    toward towards under until up upon via with within without""".split()
)
_CONJUNCTIONS = frozenset(
    """and or but nor if because while as so whether although though unless v vs versus""".split()
)
_BOUNDARIES = _WH | _CONJUNCTIONS | frozenset("that before after than since until once".split())
"""Words that open another clause, in which a pronoun may mean a noun of the first."""

_LIGHT = frozenset(
    """say says said happen happens happened happening mean means meant go goes going get gets got
    like thing things stuff else next then anything something everything nothing example examples
    more most less least detail details elaborate explain explained tell show give describe continue
    many much long often far big old few soon exactly again also too very just only now still there
    here please come came take takes took taken not same one ones other others another such instead
    first ever yet so ok okay well right yes thanks thank hello hi hey t s""".split()
)
_OPENERS = frozenset("ok okay so and but or then also well hmm alright right now yes no".split())
_INSTEAD_OF = ("what about", "how about", "what of", "same for", "and what about", "the same for")
_MONTHS = frozenset(
    """january february march april june july august september october november december
    spring summer autumn winter""".split()
)
_OF_NOW = frozenset(
    """year years season week weekend month morning evening century decade time day country world
    """.split()
)
_WEATHER = re.compile(r"snow|rain|(?:get|gets) (?:dark|cold|hot|warm|late|light)\b")
_NEWER = re.compile(
    r"\b(?:newer|older|other|latest|current|present|previous|earlier|later|new|old|next|second"
    r"|now|today|nowadays)\b"
)
_ONE = re.compile(
    r"\b(?:the|this|that|which)\s+(?:(?!one|only|twenty|thirty)\w+\s+)?ones?"
    rf"(?:\s+\w+)?(?=\s*[?.!,]*$|\s+(?:{'|'.join(sorted(_AUXILIARIES))}|in|at|on|for|from|under)\b)"
    r"|\bthe\s+(?:others?|latter|former|same|rest|newer|older|next|previous)(?=\s*[?.!]*$)"
)
_COMPLETED = re.compile(r"\S \([^()]+\)\s*$")
_NO_ANSWER = re.compile(
    r"no evidence|not (?:know|find|found|say|answer)|cannot|can't|don't|nothing|unknown|sorry",
    re.IGNORECASE,
)
_ASKS_A_NAME = frozenset("who whom whose which what where".split())

_WORD = re.compile(r"[^\W_]+(?:(?:['’.,&/-]|['’])[^\W_]+)*")
_TAIL = re.compile(r"['’](?:s|re|ll|ve|d)?$")
_YEAR = re.compile(r"(?:fy)?(?:1[5-9]|20)\d\d", re.IGNORECASE)
_PART_OF_YEAR = re.compile(r"[qh][1-4]", re.IGNORECASE)
_ABBREVIATION = re.compile(r"[A-Z][A-Z0-9.&-]+s?(?:['’]s?)?")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_LETTER = re.compile(r"[^\W\d_]")


class _Kind(enum.Enum):
    """What a stretch of a question is, as far as word lists tell."""

    THING = "thing"
    DONE = "done"  # a verb, or the noun that is asked for: it stays when a thing is replaced
    TIME = "time"
    SAID = "said"  # from an answer


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    low: str
    start: int
    end: int
    name: bool = False

    @property
    def content(self) -> bool:
        return self.low not in _GRAMMAR


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Words that belong together; `link` is the preposition before them, or ""."""

    words: tuple[_Word, ...]
    kind: _Kind
    link: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.link, *(word.text for word in self.words))))


@dataclass(frozen=True, slots=True)
class _Turn:
    """What an earlier question was about, the words of its answer to carry, all stems of both."""

    chunks: tuple[_Chunk, ...] = ()
    answer: tuple[_Chunk, ...] = ()
    stems: frozenset[str] = field(default_factory=frozenset)


_GRAMMAR = (
    _WH
    | _AUXILIARIES
    | _DETERMINERS
    | _BARE
    | _POSSESSIVE
    | _PERSONAL
    | _PREPOSITIONS
    | _CONJUNCTIONS
    | _LIGHT
)


def complete(question: str, history: Sequence[tuple[str, str]]) -> str:
    """A follow-up with what it leaves unsaid, in brackets; any other question as it came.

    For search, not for show: "And in 2026?" after "What was the limit in 2024?" becomes "And in
    2026? (limit)". `history` holds questions with their answers, oldest first; at most `TURNS` of
    them are read. A new year, name or thing replaces the old one. A short answer to "who", "which"
    or "where" lends its words to a pronoun, because then it names what "they" are. Linear in the
    question and bounded in the history, at most `LONGEST_CARRIED` characters longer. Measured by
    `benchmarks/conversation.py`: of 13 follow-ups that were written before the rules and not looked
    at, the passage with the answer comes first for 12 instead of 3; of 3,445 public questions, each
    behind an unrelated one, 32 are changed, most of them titles of songs or indeed incomplete.
    """
    if not history or len(question) > _LONGEST_FOLLOW_UP:
        return question
    before = _Turn()
    for earlier, answer in history[-TURNS:]:
        before = _after(earlier[:_LONGEST_EARLIER], answer[:_LONGEST_ANSWER], before)
    return _render(question, _carried(question, before))


def split(question: str) -> tuple[str, ...]:
    """The questions that one text asks, at most `MOST_PARTS`; nearly always the text alone.

    For search, each part on its own; where there is a history, split first, then `complete` each
    part. Cut is only between questions that each end in "?", and before "and" with a whole clause
    in question order behind it: "profit and loss", "when and how" and "who set it" stay. What leads
    to a question stays with it, and instructions at the end stay with the last. A later part gets
    what it takes over from the one before in brackets. Of 3,445 public questions 27 are split, each
    rightly as read by eye; precision was preferred to finding all.
    """
    if len(question) > _MOST_SPLIT or not _readable(question):
        return (question,)
    asked, tail = _asked(question)
    pieces = [clause for sentence in asked for clause in _clauses(sentence)]
    if len(pieces) < 2:
        return (question,)
    if len(pieces) > MOST_PARTS:
        pieces[MOST_PARTS - 1 :] = [" ".join(pieces[MOST_PARTS - 1 :])]
    parts, before = [pieces[0]], _Turn()
    # "Is it free and where is it held?": what "it" is stands in neither; that is for `complete`.
    if not _points_back(_words(pieces[0]), pieces[0].lower(), within=False):
        before = _after(pieces[0], "", before)
    for piece in pieces[1:]:
        parts.append(_render(piece, _carried(piece, before, within=True)))
        before = _after(piece, "", before, within=True)
    parts[-1] = f"{parts[-1]} {tail}".strip()
    return tuple(parts)


# --- what a question is about ---------------------------------------------------------------------


def _words(text: str) -> list[_Word]:
    found: list[_Word] = []
    end, shouted = 0, text.isupper()
    for match in _WORD.finditer(text):
        word = match.group()
        between = text[end : match.start()]
        first = not found or any(mark in between for mark in ".?!:")
        # A capital letter at the beginning says nothing; one inside a word, as in "GPT-3", does.
        # "US" and "IT" are names: their letters stay as they are, and so they match no word list.
        inner = not shouted and any(c.isupper() for c in word[1:])
        low = word if inner and word.isupper() else word.lower().replace("’", "'")
        capital = word[0].isupper() and not first
        found.append(_Word(word, _TAIL.sub("", low), match.start(), match.end(), capital or inner))
        end = match.end()
    return found


def _readable(text: str) -> bool:
    """Whether the letters are Latin; no letters at all are readable everywhere."""
    letters = len(_LETTER.findall(text))
    return len(_LATIN.findall(text)) >= 0.8 * letters


def _is_time(words: Sequence[_Word], at: int) -> bool:
    word = words[at].low
    if _YEAR.fullmatch(word) or _PART_OF_YEAR.fullmatch(word) or word == "fy":
        return True
    near = [words[i].low for i in (at - 1, at + 1) if 0 <= i < len(words)]
    if word in _MONTHS or word == "may":
        return word != "may" or any(other.isdigit() for other in near)
    return word.isdigit() and any(other in _MONTHS or other == "may" for other in near)


def _chunks(words: Sequence[_Word]) -> list[_Chunk]:
    """The content of a question in runs, with the preposition before each; "of" joins two."""
    found: list[_Chunk] = []
    run: list[_Word] = []
    link, run_link, kind = "", "", _Kind.THING
    joint: _Word | None = None

    def close() -> None:
        nonlocal run, joint
        if run:
            found.append(_Chunk(tuple(run), kind, run_link))
        run, joint = [], None

    for at, word in enumerate(words):
        before = words[at - 1].low if at else ""
        if _is_time(words, at):
            if kind is not _Kind.TIME:
                close()
            if not run:
                run_link, kind = link, _Kind.TIME
            run.append(word)
            link = ""
        elif word.content or (word.name and word.low not in _PERSONAL | _WH):
            if run and kind is _Kind.TIME:
                close()
            if not run:
                done = (
                    (before in _WH and (at == 1 or before in {"who", "which", "what", "whose"}))
                    or before in {"many", "much", "be", "been"} | _PERSONAL | _BARE
                    or (before == "to" and at > 1 and words[at - 2].low in _AUXILIARIES)
                    or (before in _AUXILIARIES and word.low.endswith("ed"))
                )
                run_link, kind = link, _Kind.DONE if done else _Kind.THING
            elif joint is not None:
                run.append(joint)
            joint, link = None, ""
            run.append(word)
            # "who introduced X": the verb ends its own run.
            if kind is _Kind.DONE and before in {"who", "to", "be", "been"}:
                close()
        elif word.low in {"of", "v", "&"} and run and kind is _Kind.THING:
            joint = word
        elif word.low in {"the", "a", "an"} and joint is not None:
            continue
        else:
            close()
            if word.low in _PREPOSITIONS:
                link = f"{link} {word.text}" if before in _PREPOSITIONS else word.text
            elif word.low not in _DETERMINERS:
                link = ""
    close()
    return found


def _after(question: str, answer: str, before: _Turn, *, within: bool = False) -> _Turn:
    """The state of a conversation after one more turn."""
    if not _readable(question):
        return _Turn()
    kept = _without_instructions(question)
    words = _words(kept)
    carried = _carried(kept, before, within=within)
    known = _stems_of(word for word in words if word.content)
    own = [chunk for chunk in _chunks(words) if chunk.words]
    said = frozenset({*known, *(_stems_of(_words(answer)) if _readable(answer) else ())})
    return _Turn((*own, *carried), _from_answer(words, answer), said)


def _from_answer(asked: Sequence[_Word], answer: str) -> tuple[_Chunk, ...]:
    """The words of a short answer that names something; () for every other answer."""
    kind = next((word.low for word in asked if word.low in _WH), "")
    words = _words(answer)
    if kind not in _ASKS_A_NAME or len(words) > 8 or _NO_ANSWER.search(answer):
        return ()
    if not _readable(answer):
        return ()
    if any(word.low[0].isdigit() and not _is_time(words, at) for at, word in enumerate(words)):
        return ()
    chunks = (chunk for chunk in _chunks(words) if chunk.kind is not _Kind.TIME)
    return tuple(replace(chunk, kind=_Kind.SAID, link="") for chunk in chunks)


def _without_instructions(question: str) -> str:
    """Only the sentences that ask, where any does: how to round is nothing to be carried."""
    asked = re.findall(r"[^?.!]*(?:[.!](?!\s)[^?.!]*)*\?", question)
    led = (sentence.rpartition(": ") for sentence in asked)
    return "".join(
        last if _ASKS.match(last) else f"{lead}{colon}{last}" for lead, colon, last in led
    ) or (question)


# --- is it a follow-up, and what does it carry? ---------------------------------------------------


def _carried(question: str, before: _Turn, *, within: bool = False) -> tuple[_Chunk, ...]:
    """What a question takes over from the turns before; () where it stands on its own."""
    if not before.chunks or len(question) > _LONGEST_FOLLOW_UP or not _readable(question):
        return ()
    words = _words(question)
    rest = _without_openers(words)
    if not words or _COMPLETED.search(question):
        return ()
    opened = len(rest) < len(words)
    text = question.lower()
    pointing = _points_back(rest, text, within=within) or _asks_how_only(rest)
    if pointing or not any(w.content and not _is_time(rest, at) for at, w in enumerate(rest)):
        kept = list(before.chunks)
        if pointing or not any(_is_time(words, at) for at in range(len(words))):
            kept += before.answer
    elif _is_fragment(rest, text, opened=opened):
        # "What about X", "for X": the first preposition of the former says nothing of X.
        new = _chunks(rest)
        if new and _lead(text) is not None:
            new[0] = replace(new[0], link="")
        kept = _not_replaced(before.chunks, new)
    elif _names_it_again(rest, before, opened=opened) or (within and _asks_for_a_kind(rest)):
        kept = list(before.chunks)
    else:
        return ()
    if any(_is_time(words, at) for at in range(len(words))) or _NEWER.search(text):
        kept = [chunk for chunk in kept if chunk.kind is not _Kind.TIME]
    return _bounded(kept, _stems_of(words))


def _without_openers(words: list[_Word]) -> list[_Word]:
    at = 0
    while at < len(words) and words[at].low in _OPENERS:
        at += 1
    return words[at:]


def _points_back(words: Sequence[_Word], text: str, *, within: bool) -> bool:
    """Whether a pronoun, or a phrase like "the newer one", has nothing to stand for inside."""
    own = [word for at, word in enumerate(words) if word.content and not _is_time(words, at)]
    if not within and len(own) >= _MANY:
        return False
    if _ONE.search(text):
        return True
    if any(word.low == "else" for word in words) and len(own) < 3:
        return True
    return any(_stands_for_nothing(words, at, text, within) for at in range(len(words)))


def _asks_how_only(words: Sequence[_Word]) -> bool:
    """Whether one word alone is asked about: "How quickly?", "Which branch?", "In which year?"."""
    start = 1 if words and words[0].low in _PREPOSITIONS else 0
    return len(words) == start + 2 and words[start].low in _WH


def _stands_for_nothing(words: Sequence[_Word], at: int, text: str, within: bool) -> bool:
    word = words[at].low
    before = words[:at]
    following = words[at + 1] if at + 1 < len(words) else None
    # The verb right behind "who" is no noun that a pronoun could stand for.
    nouns = [
        other
        for i, other in enumerate(before)
        if other.content and not (i == 1 and before[0].low in {"who", "what"})
    ]
    if word == "there":
        return _is_a_place(words, at)
    if word in _POSSESSIVE:
        # "Other than his inventions, what was Tesla known for?": the noun may come later, too.
        asks_later = any(other.low in _WH for other in words[at:])
        return not nouns and not (asks_later and any(other.name for other in words[at:]))
    if word in _DEMONSTRATIVE and (following is None or following.low not in _AUXILIARIES):
        return _demonstrates(words, at)
    if word not in _BARE:
        return False
    if word == "it" and _is_empty(words[at + 1 :], text[words[at].end :]):
        return False
    if word == "they" and not within:
        # "Where did they film Jaws": nobody in particular, and all is said.
        behind = [other for other in words[at + 1 :] if other.content]
        if len(behind) >= 3:
            return False
    if word in _DEMONSTRATIVE:
        # "A fruit that does not have seeds"; "the series This Is Us" has its verb already.
        return not (before and before[-1].content) and not any(w.low in _BE for w in before)
    if not nouns:
        return True
    # "The metric they use", "Toyota said it will": the subject of a clause without a conjunction.
    previous = before[-1].low
    if previous not in _AUXILIARIES | _PREPOSITIONS and following is not None:
        return False
    # In the clause of its noun a pronoun means something else: "When did Google publish it?"
    since = nouns[0].end
    return not (
        any(other.low in _BOUNDARIES for other in before if other.start >= since)
        or "," in text[since : words[at].start]
    )


def _demonstrates(words: Sequence[_Word], at: int) -> bool:
    """Whether "this" or "that" points out of the question, and is no conjunction."""
    word = words[at].low
    following = words[at + 1] if at + 1 < len(words) else None
    if following is None:
        # "The idea of it is that": broken off, not pointing.
        return not (at > 2 and words[at - 1].low in _BE and any(w.content for w in words[:at]))
    if following.low in _OF_NOW or following.low in {"who", "whose", "that", "which", "is"}:
        return False
    if any(other.low in {"who", "whose", "that", "which"} for other in words[at + 1 : at + 3]):
        return False
    if following.low in _DETERMINERS | _BARE | _PERSONAL | _POSSESSIVE:
        return False
    if word == "that" and at:
        previous = words[at - 1]
        # "Who wrote that paper?", but "who proved that cells come from other cells".
        whose = at == 2 and words[0].low in {"who", "what"} and len(words) - at <= 3
        if (previous.content or previous.low in _LIGHT) and not whose:
            return False
        if previous.low in _AUXILIARIES and any(other.content for other in words[:at]):
            return False
    named = set(stems(following.low))
    return not any(named & set(stems(other.low)) for other in words[:at] if other.content)


def _is_a_place(words: Sequence[_Word], at: int) -> bool:
    near = [words[i].low for i in (at - 1, at + 1) if 0 <= i < len(words)]
    contracted = words[at].text.lower() != "there"
    return not contracted and not any(
        word in _AUXILIARIES or word in {"exist", "exists"} for word in near
    )


def _is_empty(behind: Sequence[_Word], text: str) -> bool:
    """Whether "it" only holds the place of what follows, or of the weather."""
    if _WEATHER.match(text.strip()):
        return True
    for i, word in enumerate(behind):
        said = sum(other.content for other in behind[i + 1 :])
        if word.low in {"that", "when", "if", "how", "whether"} and said >= 2:
            return True
        if word.low == "for" and said:
            return True
        infinitive = word.low == "to" and i + 1 < len(behind)
        if infinitive and behind[i + 1].low not in _DETERMINERS | _BARE | _POSSESSIVE:
            # "What does it mean to be on parole", but "How does it compare to GANs?"
            return said >= (1 if behind[0].low in {"mean", "take", "cost"} else 2)
    return False


def _is_fragment(words: Sequence[_Word], text: str, *, opened: bool) -> bool:
    """Whether a question has no clause of its own: "in 2021?", "what about Amazon?"."""
    if _lead(text) is not None:
        return True
    lows = [word.low for word in words]
    if any(low in _AUXILIARIES for low in lows) or len(lows) > 8:
        return False
    if not lows or any(low in _WH for low in lows):
        return False
    # A bare noun without an opener is what people type into a search box: a new subject.
    return opened or (lows[0] in _PREPOSITIONS and len(lows) <= 5)


def _lead(text: str) -> str | None:
    bare = re.sub(rf"^(?:(?:{'|'.join(_OPENERS)})\b[\s,]*)+", "", text.strip())
    return next((lead for lead in _INSTEAD_OF if bare.startswith(lead + " ")), None)


def _names_it_again(words: Sequence[_Word], before: _Turn, *, opened: bool) -> bool:
    """Whether "the attack" is the one just spoken of, in a question that says little more."""
    own = [word for at, word in enumerate(words) if word.content and not _is_time(words, at)]
    if any(word.name for word in own) or len(own) != sum(word.content for word in words):
        return False
    if not own or len(own) > (3 if opened else 2):
        return False
    for at, word in enumerate(words[:-1]):
        if word.low == "the" and words[at + 1].content:
            narrowed = at + 2 < len(words) and words[at + 2].low == "of"
            named = stems(words[at + 1].low)
            if opened or (not narrowed and before.stems.issuperset(named)):
                return True
    return False


def _asks_for_a_kind(words: Sequence[_Word]) -> bool:
    """Whether a later part says no more than "what services are provided"."""
    own = [word for word in words if word.content]
    if len(own) > 2 or any(word.name for word in own) or words[1:2] != own[:1]:
        return False
    return words[0].low in {"what", "which"} and any(word.low in _AUXILIARIES for word in words)


def _not_replaced(old: Sequence[_Chunk], new: Sequence[_Chunk]) -> list[_Chunk]:
    """The old chunks without what the new ones stand in place of.

    By the same preposition; else a name by a name; else, where the old question was about one
    thing only, that one. Where several could be meant, none is dropped.
    """
    things = [
        chunk
        for chunk in new
        if chunk.kind is not _Kind.TIME and not all(w.low in _OF_NOW for w in chunk.words)
    ]
    if not things:
        return list(old)
    linked = {chunk.link.lower() for chunk in things if chunk.link}
    if linked and any(chunk.link.lower() in linked for chunk in old):
        return [chunk for chunk in old if chunk.link.lower() not in linked]
    if any(word.name for chunk in things for word in chunk.words):
        return _without_name(old)
    meant = [chunk for chunk in old if chunk.kind is _Kind.THING]
    if len(meant) != 1:
        return list(old)
    kept = (_without_noun(chunk) if chunk is meant[0] else chunk for chunk in old)
    return [chunk for chunk in kept if chunk.words]


def _without_name(old: Sequence[_Chunk]) -> list[_Chunk]:
    """The old chunks without their name; with all, where several could be meant.

    An abbreviation ("the CEO of X") is taken for the name only where there is no other.
    """
    for is_one in (_is_proper, _is_abbreviation):
        named = [
            chunk
            for chunk in old
            if chunk.kind is not _Kind.TIME and any(is_one(word) for word in chunk.words)
        ]
        if named:
            break
    if sum(_runs(chunk, is_one) for chunk in named) > 1:
        return list(old)
    if not named:
        meant = [chunk for chunk in old if chunk.kind is _Kind.THING]
        kept = (_head(chunk) if [chunk] == meant else chunk for chunk in old)
    else:
        kept = (
            _trimmed(chunk, [word for word in chunk.words if not is_one(word)])
            if chunk is named[0]
            else chunk
            for chunk in old
        )
    return [chunk for chunk in kept if chunk.words]


def _runs(chunk: _Chunk, is_one: Callable[[_Word], bool]) -> int:
    """How many names stand in a chunk, words side by side counted as one."""
    return sum(wanted for wanted, _ in itertools.groupby(map(is_one, chunk.words)))


def _is_abbreviation(word: _Word) -> bool:
    return word.name and _ABBREVIATION.fullmatch(word.text) is not None


def _is_proper(word: _Word) -> bool:
    return word.name and not _is_abbreviation(word)


def _without_noun(chunk: _Chunk) -> _Chunk:
    """ "Adobe's" of "Adobe's revenue", "revenue" of "revenue of adobe"; nothing of one noun."""
    names = [word for word in chunk.words if word.name]
    common = [word for word in chunk.words if word.content and not word.name]
    return _trimmed(chunk, names) if names and common else _head(chunk)


def _head(chunk: _Chunk) -> _Chunk:
    """What stands before the last "of": "revenue" of "revenue of X"."""
    cut = max((i for i, word in enumerate(chunk.words) if word.low == "of"), default=0)
    return replace(chunk, words=chunk.words[:cut])


def _trimmed(chunk: _Chunk, kept: list[_Word]) -> _Chunk:
    """The chunk with these of its words, and no "of" left hanging."""
    while kept and kept[-1].low in _PREPOSITIONS:
        kept.pop()
    while kept and kept[0].low in _PREPOSITIONS:
        kept.pop(0)
    return replace(chunk, words=tuple(kept))


def _bounded(chunks: Iterable[_Chunk], known: frozenset[str]) -> tuple[_Chunk, ...]:
    """Chunks that say something new, as many as `LONGEST_CARRIED` allows."""
    kept: list[_Chunk] = []
    seen, length = set(known), 2
    for chunk in chunks:
        said = _stems_of(word for word in chunk.words if word.content or word.name)
        length += len(str(chunk)) + 1
        if length > LONGEST_CARRIED:
            break
        if not said <= seen:
            kept.append(chunk)
            seen |= said
    return tuple(kept)


def _stems_of(words: Iterable[_Word]) -> frozenset[str]:
    return frozenset(stems(" ".join(word.low for word in words)))


def _render(question: str, carried: Sequence[_Chunk]) -> str:
    if not carried:
        return question
    first = replace(carried[0], link="")
    return f"{question.rstrip(' .')} ({' '.join(map(str, (first, *carried[1:])))})"


# --- several questions in one ---------------------------------------------------------------------

_QUESTION_END = re.compile(r"\?+[\"'”’)]*(?=\s|$)")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|\([^()]*\)|\[[^\[\]]*\]|(?<!\w)'[^']*'(?!\w)")
_OPENING = rf"(?:(?:{'|'.join(sorted(_OPENERS))})[\s,]+)*"
_ASKS = re.compile(
    rf"{_OPENING}(?:(?:please\s+)?(?:explain|tell\s+me|describe)\s+)?"
    r"(?:(?:in|at|on|for|by|to|from|under|of|with)\s+)?"
    rf"(?:{'|'.join(sorted(_WH | _AUXILIARIES))})\b",
    re.IGNORECASE,
)
_AUX = "|".join(sorted(_AUXILIARIES - {"be", "been", "being", "am"}))
# Words of asking with their verb behind them, as in a question and not in a subordinate clause
# ("how it works"): only "what", "which" and "how many" may have a noun between.
_CLAUSE = (
    rf"(?:what|which|whose)\s+(?:(?!(?:{'|'.join(sorted(_DETERMINERS | _BARE | _PERSONAL))})\b)"
    rf"[\w'-]+\s+){{0,3}}?(?:{_AUX})\b"
    rf"|(?:who|whom|when|where|why|how)\s+(?:{_AUX})\b"
    rf"|how\s+(?:many|much|long|far|often|old|big|large|fast|quickly)\s+(?:[\w'-]+\s+){{0,3}}?"
    rf"(?:{_AUX})\b"
)
_JOINT = re.compile(
    rf"\s*[,;]?\s+and\s+(?:also\s+)?(?={_CLAUSE}|who\s+(?!and\b|or\b)[a-z]+s\b"
    rf"|(?:{_AUX})\s+(?:it|he|she|they|there|this|that|these|those)\b"
    r"|(?:why|when|where|how)\s*[?.]*\s*$)",
    re.IGNORECASE,
)
_COMMA = re.compile(rf"\s*[,;]\s+(?={_CLAUSE})", re.IGNORECASE)
_PAIRS = re.compile(
    r"\b(?:between|both|compare[sd]?|differences?|versus|vs|if|whether)\b", re.IGNORECASE
)


def _masked(text: str) -> str:
    """The text with whatever is quoted or in brackets blotted out, the same length."""
    return _QUOTED.sub(lambda match: "_" * len(match.group()), text)


def _asked(question: str) -> tuple[list[str], str]:
    """Stretches that end in "?" and begin as questions do, and what follows the last of them."""
    hidden = _masked(question)
    cuts = [match.end() for match in _QUESTION_END.finditer(hidden)]
    if not cuts:
        return [question], ""
    found: list[str] = []
    start = 0
    for cut in cuts:
        piece = question[start:cut].strip()
        if _ASKS.match(piece[_last_sentence(piece) :]) or not found:
            found.append(piece)
        else:
            found[-1] = question[question.index(found[-1]) : cut].strip()
        start = cut
    return found, question[start:].strip()


def _last_sentence(text: str) -> int:
    """Where the last sentence of a text begins, a colon counted as an end."""
    ends = list(re.finditer(r"[.!:]\s+(?=\S)", text))
    return ends[-1].end() if ends else 0


def _clauses(sentence: str) -> Iterator[str]:
    """The questions joined by "and" in one; the sentence itself where there is but one."""
    hidden = _masked(sentence)
    begin = _last_sentence(hidden)
    cuts = [match for match in _JOINT.finditer(hidden, begin) if _joins(hidden, begin, match)]
    if cuts:
        commas = (m for m in _COMMA.finditer(hidden, begin, cuts[-1].start() + 1))
        cuts = sorted({m.start(): m for m in (*commas, *cuts)}.values(), key=re.Match.start)
    mark = "?" if sentence.endswith("?") else ""
    start = 0
    for cut in cuts:
        yield sentence[start : cut.start()].rstrip(" ,;?") + mark
        start = cut.end()
    yield sentence[start:]


def _joins(text: str, begin: int, cut: re.Match[str]) -> bool:
    """Whether whole questions stand on both sides of an "and"."""
    left = _words(text[begin : cut.start()])
    right = _words(text[cut.end() :])
    if len(left) < 3 or not _ASKS.match(text, begin) or _PAIRS.search(text, begin, cut.end()):
        return False
    if not any(word.content for word in left) or left[-1].low in _WH | _CONJUNCTIONS:
        return False
    first = right[0].low
    # "the doctor who led it and who was criticised": one question with two relative clauses.
    return first not in {word.low for word in left[1:]} or first not in _WH or first == "what"
