"""A sentence to a question that a stretch of it answers, by rules on the form of English sentences.

No model reads anything. A rule gives a question only where the sentence has exactly its form, so
most sentences give none: a question that is missing costs nothing, a wrong one costs a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rag.candidates import Candidate, amounts, begins_sentence, dates, names, places
from rag.text import STOPWORDS, is_row

FEWEST_WORDS, MOST_WORDS = 5, 45
"""Words of a sentence that is read: shorter ones are fragments, longer ones say too much."""

_LONGEST_REST = 12  # words after the verb that a question repeats
_LONGEST_SUBJECT = 8
_LONGEST_ANSWER = 14


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its answer, a stretch of the sentence.

    `subject` stands in the question once and `fact` are the words that say what is asked of it;
    both are exchanged or looked for when a question without an answer is made. `plural` is the
    number of the subject, `person` whether the rule tells that it is one. `merged` tells that
    another sentence may answer in other words without contradicting this one.
    """

    rule: str
    question: str
    answer: str
    subject: str
    fact: str
    plural: bool = False
    person: bool = False
    merged: bool = False


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
        for match in _WORD.finditer(sentence):
            word = _bare(match.group())
            if word[0].islower():
                self._small[word] += 1
            elif not begins_sentence(sentence, match.start()):
                self._capital[word] += 1
                if _AT_PLACE.search(sentence[max(0, match.start() - 6) : match.start()]):
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
        return not word[1:].islower() or (not self._small[word.lower()] and word not in _BODIES)

    def is_place(self, word: str) -> bool:
        """Whether a name often follows a word of place."""
        placed = self._placed[word]
        return placed > 0 and self._capital[word] <= (3 if placed == 1 else 6 * placed)


def drafts(sentence: str, casing: Casing) -> list[Draft]:
    """The questions that one sentence answers, () where it has none of the forms."""
    text = whole(sentence)
    if not text:
        return []
    found = [*_acronyms(text), *_apposition(text, casing)]
    clause = _clause(text, casing)
    if clause:
        for rule in _RULES:
            found += rule(clause)
    # Where an aside was left out, an answer may no longer be a stretch of the sentence; and a
    # subject is answered as it stands there, with its capital.
    lowered = text.lower()
    return [
        replace(one, answer=text[at : at + len(one.answer)])
        for one in found
        if (at := lowered.find(one.answer.lower())) >= 0 and _sound(one)
    ]


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
    if not text[0].isupper() or is_row(dated) or _UNPLAIN.search(sentence):
        return ""
    if _NEGATED.search(text) or text.count("(") != text.count(")"):
        return ""
    return text[:-1]


# -- a clause: its subject, its verb, the rest -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Clause:
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
        return self.verb in _BE

    @property
    def general(self) -> bool:
        """Whether it says something of a kind of things, always: "entries are", "a token is"."""
        first, *others = self.subject.split()
        if self.verb in ("was", "were") or len(others) > 3 or "and" in others:
            return False
        return (first in ("a", "an") and self.verb != "are") or (
            first.islower() and first != "the" and self.verb in ("are", "have")
        )


def _clause(text: str, casing: Casing) -> _Clause | None:
    lead = ""
    text = _DISCOURSE.sub("", text)
    first = _LEAD.match(text)
    if first:
        found = [one for one in dates(text) if one.span.start == first.end()]
        if not found or found[0].form not in _WHEN_FORMS:
            return None
        end = max(one.span.end for one in found)
        after = _AFTER_LEAD.match(text, end)
        if not after:
            return None
        lead, text = text[found[0].span.start : end], text[after.end() :]
        if not text or not _dated(lead):
            return None
    text = _ASIDE.sub(r"\g<name> ", _BRACKETED.sub(r"\g<name> ", text))
    tokens = list(re.finditer(r"\S+", text))
    for at, token in enumerate(tokens[: _LONGEST_SUBJECT + 3]):
        word = token.group()
        if at and word in _VERBS:
            return _at_verb(text, tokens, at, lead, casing)
        if _STOPS.search(word):
            return None
    return None


def _at_verb(
    text: str, tokens: list[re.Match[str]], at: int, lead: str, casing: Casing
) -> _Clause | None:
    last = at
    while last > 1 and tokens[last - 1].group() in _ADVERBS:
        last -= 1
    words = [token.group() for token in tokens[:last]]
    subject = _subject(words, casing)
    if subject is None:
        return None
    written, definite, named = subject
    verb = tokens[at].group()
    rest = text[tokens[at].end() :].strip()
    also = False
    while (word := rest.partition(" ")[0]) in _ADVERBS:
        also = also or word == "also"
        rest = rest[len(word) + 1 :]
    head, bound = _head(rest)
    plural = verb in ("are", "were", "have") or " and " in written
    return _Clause(written, verb, rest, head, bound, lead, plural, definite, named, also)


def _subject(words: list[str], casing: Casing) -> tuple[str, bool, bool] | None:
    """The subject as it stands inside a question, whether it is definite, whether it has a name."""
    lowered = [word.lower() for word in words]
    unique = " ".join(["the", *words[1:]]) if lowered[:1] == ["the"] else ""
    only = bool(_UNIQUE.match(unique))
    vague = _VAGUE - {"most"} if only else _VAGUE
    if not words or len(words) > _LONGEST_SUBJECT or vague & set(lowered):
        return None
    if any(word in _VERBS or word in _CLAUSAL for word in words):
        return None
    if lowered[-1] in _PREPOSITIONS or lowered[-1] in STOPWORDS or lowered[-1].endswith("ly"):
        return None
    first, others = words[0], words[1:]
    named = any(_capital(word) for word in others)
    if len(words) > 2 and _PERSON.fullmatch(first) and all(map(_capital, words)):
        return " ".join(others), True, True
    if first[0].islower() and first not in ("the", "a", "an") and not _PERSON.fullmatch(first):
        return None
    if " ".join(words) in _WITH_ARTICLE:
        return None
    # "Fellow lineman Mario Addison"
    run = next((at for at in range(len(words)) if all(map(_capital, words[at:]))), len(words))
    titled = (others[:1] and others[0].islower()) or first[0].islower()
    titled = titled and words[run - 1] not in _SMALL_INSIDE
    if 0 < run <= len(words) - 2 and lowered[0] not in ("the", "a", "an") and titled:
        if lowered[0] in STOPWORDS or lowered[0] in _OPENERS:
            return None
        return " ".join(words[run:]), True, True
    inner = others if lowered[0] in ("the", "a", "an") else words
    # "Julie notices Ray's boat": the small word between two names may be the verb.
    if any(
        _capital(one) and _capital(other) and word.islower() and word not in _SMALL_INSIDE
        for one, word, other in zip(inner, inner[1:], inner[2:], strict=False)
    ):
        return None
    if lowered[0] == "the":
        if not others or (lowered[1] in _ORDINALS | _GENERIC and not (only and named)):
            return None
        # "The Order" is a name to who wrote it only; "the Huguenots" to all.
        if len(others) == 1 and named and not casing.is_proper(others[0]):
            return None
        content = [word for word in lowered[1:] if word not in STOPWORDS]
        # "The company" is known only to who reads on.
        return " ".join(["the", *others]), named or len(content) > 1, named
    if lowered[0] in ("a", "an"):
        # "A Doll's House" is a title.
        if others and _capital(others[0]):
            return None
        return " ".join([lowered[0], *others]), False, named
    if lowered[0] in STOPWORDS or lowered[0] in _OPENERS:
        return None
    if lowered[0].endswith("ing") and not casing.is_name(first):
        return None
    # Of a run of capitals the first word belongs to it; else it needs its capital elsewhere.
    if (others and _capital(words[1]) and not first.endswith(",")) or casing.is_name(first):
        return " ".join(words), True, True
    return " ".join([lowered[0], *others]), False, named


def _head(rest: str) -> tuple[str, str]:
    """The rest up to a clause, a list or an aside, and what begins there."""
    for match in _BOUND.finditer(rest):
        if match.group().strip() in ("and", "or"):
            following = rest[match.end() :].split(" ")
            if following[0] in _ADVERBS or following[0].endswith("ly"):
                following.pop(0)
            if not following or not (following[0] in _VERBS or following[0].endswith("ed")):
                continue
        return rest[: match.start()].rstrip(), match.group().strip()
    return rest, ""


# -- rules -----------------------------------------------------------------------------------------


def _definition(clause: _Clause) -> Iterator[Draft]:
    """ "X is a Y": what is X? "X is the only Y": what is the only Y?"""
    match = _IS_A.match(clause.head)
    if not (clause.be or clause.verb == "became") or not match or clause.lead:
        return
    said = _noun_phrase(clause)
    words = said.split()
    unclear = _pronoun(said.removeprefix("one of ")) or _listed(clause)
    if clause.bound in ("and", "or") and words[-1].endswith("ed"):
        return
    if clause.bound in (":", "–", "—", "-") or words[-1] in _PREPOSITIONS | STOPWORDS:
        return
    if said.startswith("one of only") or set(words) & set(clause.subject.split()) - STOPWORDS:
        return
    if clause.bound == "(" and not re.search(r"\)$|\)[,;]| \)", clause.rest):
        return
    if not 3 <= len(words) <= _LONGEST_ANSWER or unclear or words[1] in _EMPTY or clause.also:
        return
    role = _role(said)
    subject = clause.subject
    one = match[1]
    if one == "the" and clause.definite and clause.named:
        if not _UNIQUE.match(said) or not (named := _holds_name(said)) or len(words) < 4:
            return
        if words[2] in _PREPOSITIONS and words[1] in _ORDINALS:
            return
        # The whole of what is said must stand in the question, or it asks for less.
        if clause.bound and clause.bound not in (",", "and", "which", "who", "but", ";", "("):
            return
        if (clause.verb == "became" and not role) or _unsure(said):
            return
        word = "Who" if role else "What"
        question = f"{word} {clause.verb} {said}?"
        yield Draft("identity", question, _as_answer(subject), named, said, clause.plural)
        return
    first = subject.split()[0]
    kind = first.islower() and first != "the" and bool(_KIND.match(said))
    if (one == "the" and not kind) or clause.plural or not clause.be:
        return
    general = (first in ("a", "an") or kind) and clause.verb == "is" and len(subject.split()) <= 4
    if not (general or (clause.definite and clause.named)):
        return
    if first == "the" and " of " not in subject and len(subject.split()) < 3:
        return
    # "A hit is a page" is said in passing; a definition of a kind says more.
    if general and len(words) < 4:
        return
    if (_noun(said) in _MAYBE_PERSONS or _unsure(said)) and not general:
        return
    if role and not general and first != "the":
        yield _defined("Who", clause, said, person=True)
    elif clause.verb == "is" or not role:
        yield _defined("What", clause, said)


def _defined(word: str, clause: _Clause, said: str, *, person: bool = False) -> Draft:
    question = f"{word} {clause.verb} {clause.subject}?"
    return Draft(
        "definition", question, said, clause.subject, "", clause.plural, person, merged=True
    )


def _noun_phrase(clause: _Clause) -> str:
    """What is said of the subject; a clause that limits a noun of it belongs to it."""
    if clause.bound == "that":
        start = len(clause.head)
        limited = clause.rest[start:].lstrip()
        stop = re.search(r"[,;:(–—]", limited)
        return f"{clause.head} {limited[: stop.start()] if stop else limited}".strip()
    return clause.head


def _inverse(clause: _Clause) -> Iterator[Draft]:
    """ "The largest X is Y": what is the largest X?"""
    subject = clause.subject
    if not clause.be or clause.lead or not _UNIQUE.match(subject) or _listed(clause):
        return
    if not (clause.named or len(subject.split()) > 4) or clause.bound in ("that", "as"):
        return
    said = clause.head
    name = _holds_name(said) == said.removeprefix("the ")
    if not (name or re.match(r"(?:an?|the) ", said)) or len(said.split()) > 8 or _pronoun(said):
        return
    role = _role(subject)
    if (role and not name) or _unsure(subject):
        return
    named = _holds_name(subject)
    asked = f"{'Who' if role else 'What'} {clause.verb} {subject}?"
    yield Draft("identity", asked, said, named or subject, subject if named else "")


def _listed(clause: _Clause) -> bool:
    """Whether the head is cut inside a list: "solutions for food, beverages and medicine"."""
    if clause.bound != ",":
        return False
    after = clause.rest[len(clause.head) :]
    return not _ENDED.match(after) and not _NEW_CLAUSE.match(after)


def _called(clause: _Clause) -> Iterator[Draft]:
    """ "X is known as Y": what is X known as?"""
    match = _CALLED.match(clause.head)
    if not clause.be or not match or not clause.definite or clause.lead:
        return
    answer = clause.head[match.end() :]
    if 1 <= len(answer.split()) <= 6 and not _pronoun(answer):
        question = f"What {clause.verb} {clause.subject} {match.group().strip()}?"
        yield Draft("called", question, answer, clause.subject, "", clause.plural)


def _when(clause: _Clause) -> Iterator[Draft]:
    """ "X was built in 1900": when was X built?"""
    if not clause.definite or not clause.named:
        return
    if clause.lead:
        # A cut at a comma may be a cut through a list; only a clause surely begins anew.
        if clause.bound == "," and not _NEW_CLAUSE.match(clause.rest[len(clause.head) :]):
            return
        if clause.bound in ("as", "than", ":", "if"):
            return
        done, answer = clause.head, clause.lead
        if dates(done):
            return
    else:
        found = _date_in(clause.head)
        if not found:
            return
        done, answer = found
    if len(done.split()) > _LONGEST_REST or _pronoun(_OWN.sub("", done)):
        return
    if clause.verb == "were" and _UNIQUE.match(clause.subject):
        return
    second = done.partition(" and ")[2].split()
    if any(word in _VERBS or (word.endswith("ed") and word.islower()) for word in second):
        return
    if done.rpartition(" ")[2] in _PREPOSITIONS | _CLAUSAL | STOPWORDS - _PARTICLES:
        return
    if clause.verb in ("was", "were"):
        verb = _participle(done)
        if not verb or verb in _STATES:
            return
        question = f"When {clause.verb} {clause.subject} {done}?"
        fact = verb
    elif clause.verb in _PAST and clause.verb not in _REPEATED:
        base = _PAST[clause.verb]
        if not done and base in _TRANSITIVE:
            return
        question = f"When did {clause.subject} {f'{base} {done}'.strip()}?"
        fact = base
    else:
        return
    person = fact in _OF_PERSONS
    yield Draft("date", question, answer, clause.subject, fact, clause.plural, person)


def _date_in(head: str) -> tuple[str, str] | None:
    """What stands before the one date of a clause, and the date; what follows may be left out."""
    found = dates(head)
    if not found:
        return None
    first = found[0]
    if any(one.span.start >= first.span.end for one in found) or first.form not in _WHEN_FORMS:
        return None
    answer = head[first.span.start : first.span.end]
    before = _ON_DATE.search(head[: first.span.start])
    if not before or not _dated(answer):
        return None
    after = head[first.span.end :]
    if after and not _AFTER_DATE.match(after):
        return None
    return head[: before.start()].rstrip(), answer


def _dated(date: str) -> bool:
    """Whether a date can be understood alone: it holds a year or a century."""
    return bool(re.search(r"\d{3,4}|[Cc]entur", date))


def _who(clause: _Clause) -> Iterator[Draft]:
    """ "X was founded by Y": who founded X? "Y founded X": the same."""
    if not clause.definite or not clause.named:
        return
    if clause.verb in ("was", "were"):
        match = _BY.match(clause.head)
        if not match or match[1] not in _AGENTS:
            return
        agent = _name_at(clause.head, match.end(), clause.bound)
        middle = (match[2] or "").strip()
        if not agent or _pronoun(middle) or (middle and not _ON_DATE_ONLY.match(middle)):
            return
        past = _AGENTS[match[1]]
        question = f"Who {past} {clause.subject}?"
        yield Draft("name", question, agent, clause.subject, past, clause.plural)
        return
    if clause.verb not in _AGENT_PASTS:
        return
    found = _date_in(clause.head)
    done = found[0] if found else clause.head
    if clause.bound == "," and not _NEW_CLAUSE.match(clause.rest[len(clause.head) :]):
        return
    named = _holds_name(done)
    if not named or len(done.split()) > 8 or _pronoun(done) or not _OBJECT.match(done):
        return
    if clause.lead:
        done = f"{done} in {clause.lead}" if re.fullmatch(r"\d{4}", clause.lead) else done
    question = f"Who {clause.verb} {done}?"
    yield Draft("name", question, clause.subject, named, clause.verb)


def _where(clause: _Clause) -> Iterator[Draft]:
    """ "X is located in Y": where is X located? "X died in Y": where did X die?"""
    if not clause.definite or not clause.named or clause.lead:
        return
    match = _AT.match(clause.head)
    if not match:
        return
    place = _place_at(clause.head, match.end())
    if not place:
        return
    done = match[1] or ""
    if clause.be and done in _PLACED:
        verb = done
        question = f"Where {clause.verb} {clause.subject} {done}?"
    elif clause.verb in _LIVES and not done:
        verb = _PAST.get(clause.verb) or _PRESENT[clause.verb]
        aux = "did" if clause.verb in _PAST else "does"
        question = f"Where {aux} {clause.subject} {verb}?"
    else:
        return
    person = verb in _OF_PERSONS
    yield Draft("place", question, place, clause.subject, verb, clause.plural, person)


def _how_many(clause: _Clause) -> Iterator[Draft]:
    """ "X has three Ys": how many Ys does X have?"""
    if clause.be or not clause.definite or clause.verb not in (*_PAST, *_PRESENT, *_BASES):
        return
    if not clause.named and clause.verb in _PAST:
        return
    match = _ABOUT.match(clause.head)
    start = match.end() if match else 0
    found = [one for one in amounts(clause.head) if one.span.start == start]
    if not found:
        return
    amount = found[0]
    base = _PAST.get(clause.verb) or _PRESENT.get(clause.verb) or clause.verb
    aux = "did" if clause.verb in _PAST else "does" if clause.verb in _PRESENT else "do"
    lead = f" in {clause.lead}" if re.fullmatch(r"\d{4}", clause.lead) else ""
    if clause.lead and not lead:
        return
    after = clause.head[amount.span.end :].strip()
    plural = aux == "do"
    answer = clause.head[amount.span.start : amount.span.end]
    asked = ""
    fact = base
    if amount.form == "count" and clause.bound not in ("or",):
        noun = _COUNTED.match(clause.head[amount.bare.end :].strip())
        if not noun or _TAIL_BAD.search(noun["tail"]) or _pronoun(noun["tail"]):
            return
        # "Two sons and a daughter" are more than was asked for.
        if clause.bound in (",", "(") and _LISTED.match(clause.rest[len(clause.head) :]):
            return
        answer = clause.head[amount.bare.start : amount.bare.end]
        if answer.lower() in ("one", "a", "an"):
            return
        tail = f" {noun['tail'].strip()}" if noun["tail"].strip() else ""
        asked = f"How many {noun['noun']} {aux} {clause.subject} {base}{tail}{lead}?"
        fact = noun["noun"]
    elif amount.form == "percent" and after.startswith("of ") and not _pronoun(after):
        if len(after.split()) <= 8:
            asked = f"What percentage {after} {aux} {clause.subject} {base}{lead}?"
            fact = after
    elif amount.form == "time" and base in ("last", "take") and not after:
        asked = f"How long {aux} {clause.subject} {base}{lead}?"
    elif amount.form == "money" and base in _PAID and len(after.split()) <= 6:
        if not _pronoun(after) and (not after or after.split()[0] in _PREPOSITIONS):
            much = "How much" if base == "cost" else "How much money"
            asked = f"{much} {aux} {clause.subject} {f'{base} {after}'.strip()}{lead}?"
    elif amount.form == "measure" and not after and base in _MEASURED:
        asked = f"{_MEASURED[base]} {aux} {clause.subject} {base}{lead}?"
    if asked:
        yield Draft("amount", asked, answer, clause.subject, fact, plural)


def _size(clause: _Clause) -> Iterator[Draft]:
    """ "X has a population of N": what is the population of X? "The price of X is N": the same."""
    lead = f" in {clause.lead}" if re.fullmatch(r"\d{4}", clause.lead) else ""
    if not clause.definite or (clause.lead and not lead):
        return
    match = _SIZE.match(clause.head)
    if clause.verb in ("has", "had", "have") and clause.named and match:
        found = [one for one in amounts(clause.head) if one.span.start == match.end()]
        if found and not clause.head[found[0].span.end :].strip():
            be = "was" if clause.verb == "had" else "is"
            noun = match[1]
            question = f"What {be} the {noun} of {clause.subject}{lead}?"
            yield Draft("amount", question, _said(clause.head, found[0]), clause.subject, noun)
        return
    if clause.verb not in ("is", "was"):
        return
    about = _ABOUT.match(clause.head)
    start = about.end() if about else 0
    found = [one for one in amounts(clause.head) if one.span.start == start]
    if not found:
        return
    after = clause.head[found[0].span.end :].strip()
    tall = _TALL.fullmatch(after)
    if tall and clause.named:
        question = f"How {tall[1]} {clause.verb} {clause.subject}?"
        yield Draft("amount", question, _said(clause.head, found[0]), clause.subject, tall[1])
    elif not after and _QUANTITY.match(clause.subject) and (clause.named or clause.verb == "is"):
        name = _holds_name(clause.subject) or clause.subject
        question = f"What {clause.verb} {clause.subject}{lead}?"
        fact = clause.subject.replace(name, "") if name != clause.subject else ""
        yield Draft("amount", question, _said(clause.head, found[0]), name, fact)


def _may(clause: _Clause) -> Iterator[Draft]:
    """ "The manager must approve Y": who must approve Y?"""
    if clause.verb not in _MODALS or clause.lead or not clause.subject.startswith("the "):
        return
    if clause.bound not in ("", "before", "after", "when", "if", "unless", "until", "and", ";"):
        return
    done = clause.head.split()
    if not 2 <= len(done) <= 10 or _pronoun(clause.head) or not done[0].islower():
        return
    if done[0] in ("be", "have") or done[0].endswith("ly") or not _role(clause.subject):
        return
    question = f"Who {clause.verb} {clause.head}?"
    yield Draft("rule", question, clause.subject, "", "", False)


def _of_what(clause: _Clause) -> Iterator[Draft]:
    """ "X consists of Y": what does X consist of? "X is used for Y": what is X used for?"""
    if clause.lead or not ((clause.definite and clause.named) or clause.general):
        return
    if clause.verb in ("consists", "consisted"):
        aux = "does" if clause.verb == "consists" else "did"
        match = re.match(r"of ", clause.rest)
        asked = f"What {aux} {clause.subject} consist of?"
        fact = "consist"
    elif clause.be:
        match = _MADE.match(clause.head)
        asked = f"What {clause.verb} {clause.subject} {match.group().strip()}?" if match else ""
        fact = match.group().split()[0] if match else ""
    else:
        return
    if not match:
        return
    answer = clause.head[match.end() :] if clause.be else clause.rest[match.end() :]
    if clause.be and clause.bound in ("and", "or"):
        return
    # A list that is cut at its first comma would be half an answer.
    if clause.be and clause.bound == "," and not _NEW_CLAUSE.match(clause.rest[len(clause.head) :]):
        return
    if not answer or len(answer.split()) > 16 or _pronoun(answer) or re.search(r"[;:()]", answer):
        return
    if clause.be and clause.bound not in ("", ",", "which", ";"):
        return
    yield Draft("part", asked, answer, clause.subject, fact, clause.plural)


def _how_long(clause: _Clause) -> Iterator[Draft]:
    """ "X are kept for three years": how long are X kept?"""
    if not clause.be or clause.lead or not ((clause.definite and clause.named) or clause.general):
        return
    match = _FOR_TIME.match(clause.head)
    found = [one for one in amounts(clause.head) if match and one.span.start == match.end()]
    if not match or not found or found[0].form != "time" or not _participle(clause.head):
        return
    if not clause.head[found[0].span.end :].strip():
        question = f"How long {clause.verb} {clause.subject} {match[1]}?"
        answer = _said(clause.head, found[0])
        yield Draft("amount", question, answer, clause.subject, match[1], clause.plural)


def _why(clause: _Clause) -> Iterator[Draft]:
    """ "X was closed because Y": why was X closed?"""
    if clause.bound != "because" or not clause.definite or not clause.named or clause.lead:
        return
    answer = clause.rest[len(clause.head) :].strip()
    if not 3 <= len(answer.split()) <= 20 or len(clause.head.split()) > _LONGEST_REST:
        return
    if _pronoun(_OWN.sub("", clause.head)):
        return
    if clause.be:
        verb = _participle(clause.head)
        question = f"Why {clause.verb} {clause.subject} {clause.head}?"
    else:
        verb = _PAST.get(clause.verb, "") if clause.verb != "had" else ""
        question = f"Why did {clause.subject} {f'{verb} {clause.head}'.strip()}?"
    if verb:
        yield Draft("reason", question, answer, clause.subject, verb, clause.plural)


_RULES = (
    _definition, _inverse, _called, _when, _who, _where, _how_many, _size, _may, _of_what,
    _how_long, _why,
)  # fmt: skip


def _apposition(text: str, casing: Casing) -> Iterator[Draft]:
    """ "X, a Y, did Z": who or what is X?"""
    match = _APPOSED.match(text)
    if not match:
        return
    name, said = match["name"], match["said"]
    words = name.split()
    if len(words) > 5 or _subject(words, casing) is None or not 2 <= len(said.split()) <= 12:
        return
    if not all(_capital(word) or word in ("of", "the", "de", "von") for word in words):
        return
    if not casing.is_name(words[0]) and len(words) < 2:
        return
    if _pronoun(said) or said.split()[1] in _EMPTY or re.search(r"\b(?:19|20)\d\d$", said):
        return
    if _noun(said) in _MAYBE_PERSONS or _unsure(said):
        return
    role = _role(said)
    past = match["verb"] in _PAST or match["verb"] in ("was", "had")
    be = "was" if past and role else "is"
    word = "Who" if role else "What"
    question = f"{word} {be} {name}?"
    yield Draft("definition", question, said, name, "", False, bool(role), merged=True)


def _acronyms(text: str) -> Iterator[Draft]:
    """ "International Labour Organization (ILO)": what does ILO stand for?"""
    for match in _ACRONYM.finditer(text):
        short = match[1]
        words = text[: match.start()].split()
        wanted = [letter for letter in short.lower() if letter.isalpha()]
        at = len(words)
        while wanted and at:
            at -= 1
            word = words[at].strip("“\"'‘")
            parts = [part for part in re.split(r"[-–]", word) if part]
            if word.lower() in _SMALL_INSIDE and (not wanted or word[0].lower() != wanted[-1]):
                continue
            heads = [part[0].lower() for part in parts]
            if heads and heads == wanted[-len(heads) :]:
                del wanted[-len(heads) :]
            elif heads and heads[0] == wanted[-1]:
                wanted.pop()
            else:
                break
        found = words[at:]
        if wanted or not found or len(found) < 2 or found[0].lower() in _SMALL_INSIDE:
            continue
        answer = re.sub(r"['’]s$", "", " ".join(found))
        if re.search(r"[,;:()“”\"]", answer):
            continue
        yield Draft(
            "acronym", f"What does {short} stand for?", answer, short, "stand for", merged=True
        )


def _sound(draft: Draft) -> bool:
    """What holds for every question: its answer is not in it, and it is not too long."""
    question = draft.question.casefold()
    answer = draft.answer.casefold().strip()
    if not answer or answer in question or "  " in draft.question:
        return False
    if draft.subject and draft.question.count(draft.subject) != 1:
        return False
    said = set(re.findall(r"\w+", answer)) - STOPWORDS
    if said and said <= set(re.findall(r"\w+", question)):
        return False
    asked = draft.question.removeprefix("How many ")
    if (
        _UNCLEAR.search(asked)
        or _OF_THE.search(asked)
        or _NO_NAME.search(f"{draft.question} {draft.answer}")
    ):
        return False
    return len(draft.question.split()) <= 22


# -- pieces ----------------------------------------------------------------------------------------


def _bare(word: str) -> str:
    return re.sub(r"['’]s$", "", word.strip(".,;:()[]"))


def _capital(word: str) -> bool:
    return bool(re.match(r"[A-Z]|\w*[a-z][A-Z]", word))


def _pronoun(text: str) -> bool:
    return bool(_PRONOUN.search(text))


def _participle(done: str) -> str:
    """The participle that a passive begins with, "" where the clause is none."""
    words = done.split()
    while words and words[0].endswith("ly") and words[0].islower():
        words.pop(0)
    word = words[0] if words else ""
    regular = word.endswith("ed") and word.islower() and len(word) > 4
    return word if (regular or word in _PARTICIPLES) and word not in _ADJECTIVES else ""


def _unsure(said: str) -> bool:
    """Whether a phrase may be about a person, by a noun that no list has: "a seam bowler"."""
    noun = _noun(said)
    return bool(_AGENT_NOUN.search(noun)) and not _PERSON.fullmatch(noun) and noun not in _NO_AGENTS


def _role(said: str) -> str:
    """The noun of a person that a phrase is about, "" where it is about a thing."""
    noun = _noun(said)
    return noun if _PERSON.fullmatch(noun) else ""


def _noun(said: str) -> str:
    """The noun that a phrase is about, "" without one."""
    before = re.split(
        r" (?:of|in|for|at|from|to|with|on|by|who|that|which|during|born|and|under|as|ever) ",
        f"{said} ",
    )[0]
    words = before.split()
    both = re.search(r" and (?:[a-z-]+ ){0,2}?([a-z-]+)$", said)
    if both and _PERSON.fullmatch(both[1]) and not _PERSON.fullmatch(words[-1]):
        return both[1]
    return words[-1] if words else ""


def _holds_name(text: str) -> str:
    """The last name in a text, as it stands there, "" without one."""
    found = names(f"x {text}")
    return f"x {text}"[found[-1].span.start : found[-1].span.end] if found else ""


def _name_at(text: str, at: int, bound: str) -> str:
    """The name that begins there and ends the phrase, "" where something else does."""
    match = re.compile(r"(?:the )?").match(text, at)
    start = match.end() if match else at
    for one in names(text):
        if one.span.start == start:
            after = text[one.span.end :]
            if bound in ("and", "or") or not (not after or _AFTER_DATE.match(after)):
                return ""
            if bound == ",":
                return ""
            return text[at : one.span.end]
    return ""


def _place_at(text: str, at: int) -> str:
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


def _said(text: str, amount: Candidate) -> str:
    return text[amount.span.start : amount.span.end]


def _as_answer(subject: str) -> str:
    return subject.removeprefix("the ")


# -- words -----------------------------------------------------------------------------------------

_IRREGULAR = """begin began begun|become became become|break broke broken|bring brought brought
build built built|buy bought bought|choose chose chosen|come came come|cost cost cost|die died died
draw drew drawn|drive drove driven|fall fell fallen|fight fought fought|find found found
fly flew flown|give gave given|go went gone|grow grew grown|hold held held|keep kept kept
lay laid laid|lead led led|leave left left|lend lent lent|lie lay lain|lose lost lost
make made made|meet met met|pay paid paid|put put put|read read read|rise rose risen|run ran run
say said said|see saw seen|sell sold sold|send sent sent|set set set|show showed shown
shoot shot shot|sing sang sung|sink sank sunk|sit sat sat|speak spoke spoken|spend spent spent
stand stood stood|steal stole stolen|strike struck struck|take took taken|teach taught taught
tell told told|throw threw thrown|wear wore worn|win won won|write wrote written"""
_REGULAR = """abandon abolish accept achieve acquire adopt announce appear appoint approve
arrest arrive attack attain attend award ban capture cease celebrate close collapse collect complete
compose conclude conquer construct contain convert cover cross create declare defeat deliver
demolish design destroy develop direct discover earn elect emerge emigrate employ enact end enter
escape establish evolve expand expel explode export extend finish form found gain graduate host
impose include increase install introduce invade invent invest issue join kill land last launch live
marry measure migrate move obtain occupy open operate order organise organize own paint pass
perform possess present produce promote propose publish purchase raise reach receive record recover
reduce reform release remain remove rename repeal replace require resign restore retire return
reveal score seize serve settle sign split start stretch succeed surrender transfer travel
unveil use vote weigh withdraw"""
_DOUBLED = {"ban": "banned", "expel": "expelled", "transfer": "transferred"}

_PAST: dict[str, str] = {}
"""Past tense to base form."""
_PARTICIPLES: set[str] = {"born", "known"}
for _row in re.split(r"[|\n]", _IRREGULAR):
    _base, _past, _participle_form = _row.split()
    _PAST[_past] = _base
    _PARTICIPLES.add(_participle_form)


def _regular_past(base: str) -> str:
    if base in _DOUBLED:
        return _DOUBLED[base]
    if base.endswith("e"):
        return f"{base}d"
    return f"{base[:-1]}ied" if re.search(r"[^aeiou]y$", base) else f"{base}ed"


for _base in _REGULAR.split():
    if _base not in ("split", "withdraw"):
        _PAST[_regular_past(_base)] = _base
_PAST["had"] = "have"
# "Founded", not "found": to ask who found a town would be another question.
_PAST["founded"] = "found"
del _PAST["cost"], _PAST["put"], _PAST["set"], _PAST["read"], _PAST["said"], _PAST["found"]

_PRESENT = {
    "has": "have", "holds": "hold", "contains": "contain", "costs": "cost", "covers": "cover",
    "lasts": "last", "takes": "take", "weighs": "weigh", "measures": "measure", "owns": "own",
    "employs": "employ", "serves": "serve", "operates": "operate", "runs": "run", "uses": "use",
    "reaches": "reach", "requires": "require", "receives": "receive", "produces": "produce",
    "includes": "include", "offers": "offer", "lies": "lie", "stands": "stand", "sits": "sit",
    "lives": "live", "hosts": "host", "spends": "spend", "earns": "earn", "stretches": "stretch",
    "needs": "need", "publishes": "publish", "pays": "pay", "keeps": "keep",
}  # fmt: skip
_BASES = {"have", "contain", "cost", "cover", "hold", "need", "require", "reach", "employ", "own"}
_PRESENT["consists"] = "consist"
_PAST["consisted"] = "consist"
_BE = {"is", "was", "are", "were"}
_MODALS = {"must", "may", "can", "should", "shall"}
_VERBS = frozenset({*_BE, *_MODALS, *_PAST, *_PRESENT, *_BASES, "will", "would", "could", "does"})

_AGENTS = {
    "founded": "founded", "built": "built", "designed": "designed", "written": "wrote",
    "invented": "invented", "discovered": "discovered", "directed": "directed",
    "composed": "composed", "painted": "painted", "created": "created",
    "established": "established",
    "introduced": "introduced", "developed": "developed", "produced": "produced",
    "published": "published", "appointed": "appointed", "signed": "signed", "owned": "owned",
    "killed": "killed", "defeated": "defeated", "elected": "elected", "named": "named",
    "launched": "launched", "conquered": "conquered", "destroyed": "destroyed",
    "captured": "captured", "commissioned": "commissioned", "proposed": "proposed",
}  # fmt: skip
_AGENT_PASTS = frozenset(
    """founded built designed wrote invented discovered directed composed painted established
    conquered defeated captured killed published proposed""".split()
)
_TRANSITIVE = frozenset(
    """abolish accept achieve acquire adopt add announce appoint approve arrest attack attain award
    ban build bring buy capture choose collect complete compose conquer construct contain convert
    cover create declare defeat deliver demolish design destroy develop direct discover earn elect
    employ enact establish expel export find found gain give have hold host impose include increase
    install introduce invade invent invest issue keep kill lay lead lend lose make measure
    obtain occupy operate order organise organize own paint pay perform possess present produce
    promote propose publish purchase put raise reach receive record reduce release remove rename
    repeal replace require restore reveal seize sell send show sign spend steal take teach tell
    throw transfer unveil use write""".split()
)
_REPEATED = frozenset(
    "won fought visited played attended had remained kept lived used led held".split()
)
_STATES = frozenset(
    "located situated based used known estimated considered believed involved related".split()
)
_ADJECTIVES = frozenset(
    """interested involved limited supposed advanced complicated detailed experienced mixed noted
    red united""".split()
)
_OF_PERSONS = frozenset("born died die marry graduate resign retire emigrate buried".split())
_PLACED = frozenset(
    """located situated based headquartered born buried held built signed founded raised educated
    established filmed published stationed""".split()
)
_LIVES = frozenset("lies lay lives lived stands stood sits sat died settled landed".split())
_PAID = frozenset("cost pay raise spend earn receive invest".split())
_MEASURED = {"stretch": "How far", "extend": "How far", "weigh": "How much", "measure": "How much"}

_WHEN_FORMS = frozenset({"day", "month", "year", "decade", "century"})
_ADVERBS = frozenset(
    """also later first originally then now currently eventually finally soon subsequently once
    still usually often initially officially formally already again therefore generally today
    ultimately recently previously""".split()
)
_VAGUE = frozenset(
    """i you he she it we they this that these those there here who which what such some many most
    several few other others another both each every all any one none nobody somebody someone
    everyone anyone his her its their my your our same latter former following part much more less
    either neither two three four five six seven eight nine ten half us them him mine next
    previous above below foregoing aforementioned applicable respective said""".split()
)
_ORDINALS = frozenset("first second third fourth fifth last only".split())
_GENERIC = frozenset(
    """new old current initial original resulting main major entire whole final latest present
    early late earliest remaining most more number majority rest team city game company season
    group idea term word name project result effect""".split()
)
_CLAUSAL = frozenset("who which that where when while because if as than but or by not to".split())
_PREPOSITIONS = frozenset(
    """in on at by from to for of with since until during after before under near about per into
    within over through between among across against as""".split()
)
_PARTICLES = frozenset("up out off down over on in".split())
_OPENERS = frozenset(
    """in on at by from for with since until during after before under near despite although while
    when where if because as however thus therefore moreover furthermore meanwhile instead like
    unlike according given due first second finally later then today now note see imagine think
    even only perhaps maybe just still yet once upon throughout within without born founded built
    located based known named called january february march april june july august september
    october november december monday tuesday wednesday thursday friday saturday sunday""".split()
)
_BODIES = frozenset(
    """Order Act Court Committee Commission Council Parliament Government Company Board Association
    Union Treaty Agreement Constitution Bill Law Church School College University Department
    Ministry Agency Office Club Party Team League Bank Group Society Institute Authority President
    Minister King Queen Emperor Pope Bishop Governor Mayor Secretary Director State Republic Kingdom
    Empire Army Navy Series Game Show Trust Policy Plan Program Programme Project Report
    Declaration""".split()
)
_NO_NAME = re.compile(rf"\b[Tt]he (?:{'|'.join(sorted(_BODIES))})\b(?! of\b| on\b| for\b| [A-Z])")
_MAYBE_PERSONS = frozenset("leader member owner user producer employer publisher agent".split())
"""What a company may be as well."""
_WITH_ARTICLE = frozenset(
    ("United States", "United Kingdom", "Netherlands", "US", "U.S.", "UK", "United Nations", "EU")
)
"""Names that want an article: without it they were torn out of a longer one."""
_AGENT_NOUN = re.compile(r"(?:er|or|ist|ian|eer|ant|ee)s?$")
_NO_AGENTS = frozenset(
    """river tower computer order center number layer chapter theater border cluster container
    vector sector factor motor reactor harbor color plant tree newspaper paper letter power water
    weather winter summer super filter printer transistor processor semiconductor detector sensor
    corridor monitor tumor disorder cancer fever feature restaurant committee fee degree trustee
    coffee variant constant element quarter corner flower spider lever router browser server header
    folder buffer register transformer converter adapter tier pier chamber manor error mirror
    meter liter diameter parameter matter master poster shelter frontier career barrier glacier
    carrier supplier multiplier air-carrier airliner freighter bomber fighter cruiser steamer
    skyscraper thriller""".split()
)
_EMPTY = frozenset(
    "example well-known result matter number case way lot few question good bad great part".split()
)
_SMALL_INSIDE = frozenset("of and the for in on to de la a an at by with &".split())

_PERSONS = """
    activist actor actress administrator admiral anthropologist applicant archbishop architect
    artist astronaut astronomer athlete author banker bassist biologist bishop botanist bowler
    boxer brother businessman businesswoman captain cartoonist ceo chair chairman chairperson
    chancellor character chemist co-founder coach colonel comedian comedienne commander
    composer conductor cornerback count cousin cricketer critic dancer daughter defender
    designer detective diplomat director doctor drummer duchess duke earl economist editor
    emperor employee employer empress engineer entrepreneur explorer father filmmaker
    footballer founder friend general geologist goalkeeper golfer governor grandson guitarist
    historian host hostess husband illustrator industrialist inspector inventor journalist
    judge king knight lawyer leader librarian lieutenant linebacker man manager mathematician
    mayor member men merchant midfielder minister missionary model monk mother musician
    naturalist nephew nobleman novelist nurse officer operator owner painter pastor people
    person philosopher physician physicist pianist pilot pirate pitcher player playwright poet
    politician pope presenter president priest prince princess producer professor psychologist
    publisher quarterback queen rapper reformer reporter ruler sailor saint scholar scientist
    screenwriter sculptor secretary senator sergeant singer sister sociologist soldier son
    songwriter spy star statesman striker student supervisor surgeon swimmer teacher
    theologian translator treasurer trustee user violinist vocalist warlord wife woman women
    wrestler writer
"""
_PERSON = re.compile(rf"(?:\w+-)?(?:{'|'.join(_PERSONS.split())}|\w*smith)s?", re.IGNORECASE)

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_AT_PLACE = re.compile(r"\b(?:in|at|near|from) $")
_UNPLAIN = re.compile(r"[“”\"«»|\t\[\]{}…•]| [,.;]|\w-\n|\?|[.!] [A-Z]\w+ \w+|\w\.:|https?:|\.\.")
_NEGATED = re.compile(
    r"\b(?:not|no|never|nor|neither|none|nobody|nothing|without|hardly|cannot|unlikely|failed)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:I|[Yy]ou|[Hh]e|[Ss]he|[Ii]t|[Ww]e|[Tt]hey|him|them|us|[Hh]is|[Hh]er|hers|[Ii]ts|[Tt]heir|"
    r"theirs|[Oo]ur|[Yy]our|[Mm]y|[Tt]his|[Tt]hese|[Tt]hose|that|there|here|itself|himself|herself|"
    r"themselves|ones?|such|others?|another|latter|former|same|so|both|each|also)\b"
    r"|\bthe (?:company|city|team|game|season|country|area|region|group|law|act|band|film|movie|"
    r"show|book|album|song|river|school|museum|state|government|party|war|story|novel|site|building|town|"
    r"village|island|bridge|series|episode|character|family|family's|gallery)\b(?! of)",
)
# "The total length of the river?" "India an estimated 70 and China an estimated 64?"
_OF_THE = re.compile(r"\bthe [a-z]+\?$|\band [A-Z]\w+ (?:an?|the|\d+|\$\d+) ")
# Of the subject, where nothing else could own it.
_OWN = re.compile(r"\b(?:its|their|his|her) (?=[a-z])")
_ASIDE = re.compile(
    r"^(?P<name>(?:the )?[A-Z][\w'’.-]*(?: [\w'’.&-]+){0,5}), (?!and |or )[a-z][^,;:()]{2,90}, "
    r"(?=(?:is|was|are|were|has|had|have|holds|contains|[a-z]+ed|won|led|wrote|became)\b)"
)
_BRACKETED = re.compile(r"^(?P<name>(?:[\w'’.&-]+ ){1,7})\([^()]*\) ")
_MADE = re.compile(
    r"(?:used for|served by|made of|made up of|composed of|named after|divided into|derived from|"
    r"caused by|measured in|governed by|responsible for|based on|famous for|known for|home to) "
)
_FOR_TIME = re.compile(r"([a-z]+(?: [a-z]+){0,4}) for (?:about |over |at least |up to |nearly )?")
_UNCLEAR = re.compile(
    r"\b(?:several|various|many|more|some|certain|further|respectively|following|above|"
    r"below|et al)\b"
    r"|[“”\"()\[\]]"
)
_STOPS = re.compile(r"[,;:()?!–—]")
_DISCOURSE = re.compile(
    r"^(?:However|Today|Currently|Moreover|Furthermore|In addition|Additionally|For example|"
    r"For instance|In fact|Meanwhile|Nevertheless|Traditionally|Historically|Officially), "
    r"(?=[A-Z]|the |in |on |an? )"
)
_LEAD = re.compile(r"(?:[Ii]n|[Oo]n)(?: the)?(?: early| late| mid)? (?=\w)|(?:[Ii]n|[Oo]n) ")
_AFTER_LEAD = re.compile(r",? (?=[A-Z]|the |a )|, ")
_BOUND = re.compile(
    r"[,;](?=\s)|:|\(|\s[–—-]\s|[–—]|\s(?:which|who|whom|whose|that|where|when|while|because|although"
    r"|though|after|before|until|till|if|unless|as|but|whereas|so|than|since|and|or)\s"
)
_NEW_CLAUSE = re.compile(
    r",\s(?:and|but)\s(?:\w+\s)?(?:was|were|is|had|the|it|he|she|they)\b"
    r"|,\s(?:which|who|where|when|while|although|making|after|with)\b"
)
_IS_A = re.compile(r"(a|an|the|one of)\s")
_KIND = re.compile(
    r"(?:an?|the) (?:\w+ ){0,2}(?:process|study|practice|branch|ability|science|art|condition|type|"
    r"kind|form|method|theory|system|technique|disease|substance|field|measure|act|way) "
    r"(?:of|in|for|by|that)\b"
)
_UNIQUE = re.compile(
    r"the (?:\w+-)?(?:only|first|last|largest|smallest|highest|longest|oldest|capital|most \w+|"
    r"second[- ]\w+|third[- ]\w+|tallest|biggest|deepest|busiest|richest|youngest|founder|author|"
    r"president|director|official|birthplace|\w+est)\b"
)
_CALLED = re.compile(
    r"(?:commonly |often |usually |generally |sometimes )?"
    r"(?:called|named|known as|referred to as) (?!after|for|by)"
)
_ON_DATE = re.compile(r"(?:^|\s)(?:in|on|around|about)(?: the)?(?: early| late| mid)? $")
_ON_DATE_ONLY = re.compile(r"(?:in|on) (?:[A-Z]\w+ )?(?:\d{1,2},? )?\d{4}$")
_AFTER_DATE = re.compile(r"\s(?:by|in|at|with|for|from|to|on|under|near|during|through)\s")
_BY = re.compile(r"(?:[a-z]+ly )?(\w+)(?: [a-z]+ly)?( in [\w ]{3,20})? by ")
_OBJECT = re.compile(r"(?:the|a|an|[A-Z]\w+)\b")
_AT = re.compile(r"(?:(\w+) )?(?:in|at|on|near) ")
_ABOUT = re.compile(
    r"(?:about|approximately|over|more than|nearly|almost|around|roughly|some|only|just|at least|"
    r"up to|a total of|a record|fewer than|less than) "
)
_COUNTED = re.compile(
    r"(?P<noun>(?:(?!(?:of|in|on|at|for|to|by|and|or|with|from|per|as|times)\b)[\w'’-]+ ){0,2}?"
    r"(?:(?!(?:times|as|is|was|has|percent|of)\b)[a-z-]{2,}[^s\W]s|people|children|men|women))"
    r"(?P<tail>$| (?:in|on|at|for|to|by|with|from|per|of|within|across|during|around|against) .*)"
)
_TAIL_BAD = re.compile(r"\b(?:and|or)\b|(?:\w+\W+){8}")
_ENDED = re.compile(
    r",\s(?:which|who|whose|where|when|but|an?|the|located|with|from|for|after|before|as|\w+ed|\w+ing|"
    r"and (?:is|was|are|were|has|had|the|it|he|she))\b"
)
_LISTED = re.compile(r"\s*,\s*(?:\d|and |two|three|four|five|six|seven|eight|nine|a |an )|\s*\(")
_SIZE = re.compile(
    r"(?:an? )(?:\w+ )?(population|area|length|height|depth|width|budget|capacity|diameter|mass|"
    r"weight|speed|circulation|workforce|membership|GDP|enrollment|enrolment) of "
    r"(?:about |approximately |over |more than |nearly |almost |around |roughly |some )?"
)
_TALL = re.compile(r"(long|high|tall|wide|deep|thick|old)(?: .*)?")
_QUANTITY = re.compile(
    r"the (?:\w+ ){0,3}?(?:population|area|length|height|depth|width|budget|capacity|price|cost|"
    r"fee|rate|limit|distance|temperature|speed|weight|salary|maximum|minimum|fine|age|deadline|"
    r"average|median|total|share|revenue|income|threshold|size)\b"
)
_APPOSED = re.compile(
    r"(?P<name>[A-Z][\w'’.-]*(?: [\w'’.&-]+){0,4}), (?P<said>(?:an?|the) [^,;:()]+), "
    r"(?P<verb>is|was|has|had|calls|called|says|said|reports|made|wrote|became|won|led|founded|"
    r"[a-z]+ed)\b"
)
_ACRONYM = re.compile(r" \(([A-Z][A-Za-z]?[A-Z&]{1,6})\)")
