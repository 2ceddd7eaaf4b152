"""A sentence taken apart: is it a whole plain statement, and what is its subject and verb?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rag.candidates import Candidate, begins_sentence, dates, names, places
from rag.evaluation.drafting.english import (
    ADJECTIVES,
    ADVERBS,
    AFTER_DATE,
    AFTER_LEAD,
    AGENT_NOUN,
    ASIDE,
    AT_PLACE,
    BE,
    BODIES,
    BOUND,
    BRACKETED,
    CLAUSAL,
    DISCOURSE,
    GENERIC,
    LEAD,
    NEGATED,
    NO_AGENTS,
    OPENERS,
    ORDINALS,
    PARTICIPLES,
    PERSON,
    PREPOSITIONS,
    PRONOUN,
    SMALL_INSIDE,
    STOPS,
    UNIQUE,
    UNPLAIN,
    VAGUE,
    VERBS,
    WHEN_FORMS,
    WITH_ARTICLE,
    WORD,
)
from rag.text import STOPWORDS, is_row

FEWEST_WORDS, MOST_WORDS = 5, 45
"""Words of a sentence that is read: shorter ones are fragments, longer ones say too much."""
LONGEST_REST = 12  # words after the verb that a question repeats
_LONGEST_SUBJECT = 8
LONGEST_ANSWER = 14


class Casing:
    """Which words are written with a capital inside sentences, learned from the texts themselves.

    The first word of a sentence is a name only where it has its capital elsewhere too.
    """

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        self._capital: Counter[str] = Counter()
        self._small: Counter[str] = Counter()
        self._placed: Counter[str] = Counter()
        for sentence in sentences:
            self.read(sentence)

    def read(self, sentence: str) -> None:
        """Count the words of a sentence."""
        for match in WORD.finditer(sentence):
            word = _bare(match.group())
            if word[0].islower():
                self._small[word] += 1
            elif not begins_sentence(sentence, match.start()):
                self._capital[word] += 1
                if AT_PLACE.search(sentence[max(0, match.start() - 6) : match.start()]):
                    self._placed[word] += 1

    def is_name(self, word: str) -> bool:
        """Whether a word is written with a capital wherever it stands."""
        word = _bare(word)
        if not word[:1].isupper() or word.lower() in STOPWORDS:
            return False
        if not word[1:].islower() and len(word) > 1:
            return True
        return self._capital[word] > self._small[word.lower()]

    def is_proper(self, word: str) -> bool:
        """Whether a word is hardly ever written small."""
        word = _bare(word)
        return not word[1:].islower() or (not self._small[word.lower()] and word not in BODIES)

    def is_place(self, word: str) -> bool:
        """Whether a name often follows a word of place."""
        placed = self._placed[word]
        return placed > 0 and self._capital[word] <= (3 if placed == 1 else 6 * placed)


def whole(sentence: str) -> str:
    """The sentence on one line without its full stop, "" where it is no whole, plain statement."""
    text = " ".join(sentence.split())
    count = len(text.split())
    if not FEWEST_WORDS <= count <= MOST_WORDS or not text.endswith((".", "!")):
        return ""
    # A date is two numbers, and "Tesla died on 7 January 1943." no row of a table.
    dated = text
    for one in reversed(dates(text)):
        dated = f"{dated[: one.span.start]}then{dated[one.span.end :]}"
    # "Requiring all non-U." is cut inside an abbreviation.
    if re.search(r"\b[A-Z]\.$", text):
        return ""
    if not text[0].isupper() or is_row(dated) or UNPLAIN.search(sentence):
        return ""
    if NEGATED.search(text) or text.count("(") != text.count(")"):
        return ""
    return text[:-1]


@dataclass(frozen=True, slots=True)
class Clause:
    """The main clause of a sentence.

    `head` is the rest up to where another clause or an aside begins, and `bound` what stands there.
    `lead` is a date that the sentence begins with. `definite` tells that the subject can be asked
    about by itself, `named` that it holds a name.
    """

    subject: str
    verb: str
    rest: str
    head: str
    bound: str
    lead: str
    plural: bool
    definite: bool
    named: bool
    also: bool

    @property
    def be(self) -> bool:
        return self.verb in BE

    @property
    def general(self) -> bool:
        """Whether it says something of a kind of things, always: "entries are", "a token is"."""
        first, *others = self.subject.split()
        if self.verb in ("was", "were") or len(others) > 3 or "and" in others:
            return False
        return (first in ("a", "an") and self.verb != "are") or (
            first.islower() and first != "the" and self.verb in ("are", "have")
        )


def clause_of(text: str, casing: Casing) -> Clause | None:
    lead = ""
    text = DISCOURSE.sub("", text)
    first = LEAD.match(text)
    if first:
        found = [one for one in dates(text) if one.span.start == first.end()]
        if not found or found[0].form not in WHEN_FORMS:
            return None
        end = max(one.span.end for one in found)
        after = AFTER_LEAD.match(text, end)
        if not after:
            return None
        lead, text = text[found[0].span.start : end], text[after.end() :]
        if not text or not dated(lead):
            return None
    text = ASIDE.sub(r"\g<name> ", BRACKETED.sub(r"\g<name> ", text))
    tokens = list(re.finditer(r"\S+", text))
    for at, token in enumerate(tokens[: _LONGEST_SUBJECT + 3]):
        word = token.group()
        if at and word in VERBS:
            return _at_verb(text, tokens, at, lead, casing)
        if STOPS.search(word):
            return None
    return None


def _at_verb(
    text: str, tokens: list[re.Match[str]], at: int, lead: str, casing: Casing
) -> Clause | None:
    last = at
    while last > 1 and tokens[last - 1].group() in ADVERBS:
        last -= 1
    words = [token.group() for token in tokens[:last]]
    subject = subject_of(words, casing)
    if subject is None:
        return None
    written, definite, named = subject
    verb = tokens[at].group()
    rest = text[tokens[at].end() :].strip()
    also = False
    while (word := rest.partition(" ")[0]) in ADVERBS:
        also = also or word == "also"
        rest = rest[len(word) + 1 :]
    head, bound = _head(rest)
    plural = verb in ("are", "were", "have") or " and " in written
    return Clause(written, verb, rest, head, bound, lead, plural, definite, named, also)


def subject_of(words: list[str], casing: Casing) -> tuple[str, bool, bool] | None:
    """The subject as it stands inside a question, whether it is definite, whether it has a name."""
    lowered = [word.lower() for word in words]
    unique = " ".join(["the", *words[1:]]) if lowered[:1] == ["the"] else ""
    only = bool(UNIQUE.match(unique))
    vague = VAGUE - {"most"} if only else VAGUE
    if not words or len(words) > _LONGEST_SUBJECT or vague & set(lowered):
        return None
    if any(word in VERBS or word in CLAUSAL for word in words):
        return None
    if lowered[-1] in PREPOSITIONS or lowered[-1] in STOPWORDS or lowered[-1].endswith("ly"):
        return None
    first, others = words[0], words[1:]
    named = any(capital(word) for word in others)
    if len(words) > 2 and PERSON.fullmatch(first) and all(map(capital, words)):
        return " ".join(others), True, True
    if first[0].islower() and first not in ("the", "a", "an") and not PERSON.fullmatch(first):
        return None
    if " ".join(words) in WITH_ARTICLE:
        return None
    # "Fellow lineman Mario Addison"
    run = next((at for at in range(len(words)) if all(map(capital, words[at:]))), len(words))
    titled = (others[:1] and others[0].islower()) or first[0].islower()
    titled = titled and words[run - 1] not in SMALL_INSIDE
    if 0 < run <= len(words) - 2 and lowered[0] not in ("the", "a", "an") and titled:
        if lowered[0] in STOPWORDS or lowered[0] in OPENERS:
            return None
        return " ".join(words[run:]), True, True
    inner = others if lowered[0] in ("the", "a", "an") else words
    # "Julie notices Ray's boat": the small word between two names may be the verb.
    if any(
        capital(one) and capital(other) and word.islower() and word not in SMALL_INSIDE
        for one, word, other in zip(inner, inner[1:], inner[2:], strict=False)
    ):
        return None
    if lowered[0] == "the":
        if not others or (lowered[1] in ORDINALS | GENERIC and not (only and named)):
            return None
        # "The Order" is a name to who wrote it only; "the Huguenots" to all.
        if len(others) == 1 and named and not casing.is_proper(others[0]):
            return None
        content = [word for word in lowered[1:] if word not in STOPWORDS]
        # "The company" is known only to who reads on.
        return " ".join(["the", *others]), named or len(content) > 1, named
    if lowered[0] in ("a", "an"):
        # "A Doll's House" is a title.
        if others and capital(others[0]):
            return None
        return " ".join([lowered[0], *others]), False, named
    if lowered[0] in STOPWORDS or lowered[0] in OPENERS:
        return None
    if lowered[0].endswith("ing") and not casing.is_name(first):
        return None
    # Of a run of capitals the first word belongs to it; else it needs its capital elsewhere.
    if (others and capital(words[1]) and not first.endswith(",")) or casing.is_name(first):
        return " ".join(words), True, True
    return " ".join([lowered[0], *others]), False, named


def _head(rest: str) -> tuple[str, str]:
    """The rest up to a clause, a list or an aside, and what begins there."""
    for match in BOUND.finditer(rest):
        if match.group().strip() in ("and", "or"):
            following = rest[match.end() :].split(" ")
            if following[0] in ADVERBS or following[0].endswith("ly"):
                following.pop(0)
            if not following or not (following[0] in VERBS or following[0].endswith("ed")):
                continue
        return rest[: match.start()].rstrip(), match.group().strip()
    return rest, ""


def dated(date: str) -> bool:
    """Whether a date can be understood alone: it holds a year or a century."""
    return bool(re.search(r"\d{3,4}|[Cc]entur", date))


def _bare(word: str) -> str:
    return re.sub(r"['’]s$", "", word.strip(".,;:()[]"))


def capital(word: str) -> bool:
    return bool(re.match(r"[A-Z]|\w*[a-z][A-Z]", word))


def pronoun(text: str) -> bool:
    return bool(PRONOUN.search(text))


def participle(done: str) -> str:
    """The participle that a passive begins with, "" where the clause is none."""
    words = done.split()
    while words and words[0].endswith("ly") and words[0].islower():
        words.pop(0)
    word = words[0] if words else ""
    regular = word.endswith("ed") and word.islower() and len(word) > 4
    return word if (regular or word in PARTICIPLES) and word not in ADJECTIVES else ""


def unsure(said: str) -> bool:
    """Whether a phrase may be about a person, by a noun that no list has: "a seam bowler"."""
    noun = noun_of(said)
    return bool(AGENT_NOUN.search(noun)) and not PERSON.fullmatch(noun) and noun not in NO_AGENTS


def role_of(said: str) -> str:
    """The noun of a person that a phrase is about, "" where it is about a thing."""
    noun = noun_of(said)
    return noun if PERSON.fullmatch(noun) else ""


def noun_of(said: str) -> str:
    """The noun that a phrase is about, "" without one."""
    before = re.split(
        r" (?:of|in|for|at|from|to|with|on|by|who|that|which|during|born|and|under|as|ever) ",
        f"{said} ",
    )[0]
    words = before.split()
    both = re.search(r" and (?:[a-z-]+ ){0,2}?([a-z-]+)$", said)
    if both and PERSON.fullmatch(both[1]) and not PERSON.fullmatch(words[-1]):
        return both[1]
    return words[-1] if words else ""


def holds_name(text: str) -> str:
    """The last name in a text, as it stands there, "" without one."""
    found = names(f"x {text}")
    return f"x {text}"[found[-1].span.start : found[-1].span.end] if found else ""


def name_at(text: str, at: int, bound: str) -> str:
    """The name that begins there and ends the phrase, "" where something else does."""
    match = re.compile(r"(?:the )?").match(text, at)
    start = match.end() if match else at
    for one in names(text):
        if one.span.start == start:
            after = text[one.span.end :]
            if bound in ("and", "or") or not (not after or AFTER_DATE.match(after)):
                return ""
            if bound == ",":
                return ""
            return text[at : one.span.end]
    return ""


def place_at(text: str, at: int) -> str:
    """The place that begins there, "" where something else does."""
    match = re.compile(r"(?:the )?").match(text, at)
    start = match.end() if match else at
    for one in places(f"in {text}"):
        if one.span.start - 3 == start and re.match(
            r" ?$|,| (?:in|on|by|and)\b", text[one.span.end - 3 :]
        ):
            if dates(text[start : one.span.end - 3]):
                return ""
            return text[at : one.span.end - 3]
    return ""


def said_of(text: str, amount: Candidate) -> str:
    return text[amount.span.start : amount.span.end]


def as_answer(subject: str) -> str:
    return subject.removeprefix("the ")
