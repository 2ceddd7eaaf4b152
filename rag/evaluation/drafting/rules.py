"""A sentence to a question that a stretch of it answers, by rules on the form of English sentences.

No model reads anything. A rule gives a question only where the sentence has exactly its form, so
most sentences give none: a question that is missing costs nothing, a wrong one costs a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.candidates import amounts, dates
from rag.evaluation.drafting.clause import (
    LONGEST_ANSWER,
    LONGEST_REST,
    Casing,
    Clause,
    as_answer,
    capital,
    clause_of,
    dated,
    holds_name,
    name_at,
    noun_of,
    participle,
    place_at,
    pronoun,
    role_of,
    said_of,
    subject_of,
    unsure,
    whole,
)
from rag.evaluation.drafting.english import (
    ABOUT,
    ACRONYM,
    AFTER_DATE,
    AGENT_PASTS,
    AGENTS,
    APPOSED,
    AT,
    BASES,
    BY,
    CALLED,
    CLAUSAL,
    COUNTED,
    EMPTY,
    ENDED,
    FOR_TIME,
    IS_A,
    KIND,
    LISTED,
    LIVES,
    MADE,
    MAYBE_PERSONS,
    MEASURED,
    MODALS,
    NEW_CLAUSE,
    NO_NAME,
    OBJECT,
    OF_PERSONS,
    OF_THE,
    ON_DATE,
    ON_DATE_ONLY,
    ORDINALS,
    OWN,
    PAID,
    PARTICLES,
    PAST,
    PLACED,
    PREPOSITIONS,
    PRESENT,
    QUANTITY,
    REPEATED,
    SIZE,
    SMALL_INSIDE,
    STATES,
    TAIL_BAD,
    TALL,
    TRANSITIVE,
    UNCLEAR,
    UNIQUE,
    VERBS,
    WHEN_FORMS,
)
from rag.text import STOPWORDS


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


def drafts(sentence: str, casing: Casing) -> list[Draft]:
    """The questions that one sentence answers, () where it has none of the forms."""
    text = whole(sentence)
    if not text:
        return []
    found = [*_acronyms(text), *_apposition(text, casing)]
    clause = clause_of(text, casing)
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


def _definition(clause: Clause) -> Iterator[Draft]:
    """ "X is a Y": what is X? "X is the only Y": what is the only Y?"""
    match = IS_A.match(clause.head)
    if not (clause.be or clause.verb == "became") or not match or clause.lead:
        return
    said = _noun_phrase(clause)
    words = said.split()
    unclear = pronoun(said.removeprefix("one of ")) or _listed(clause)
    if clause.bound in ("and", "or") and words[-1].endswith("ed"):
        return
    if clause.bound in (":", "–", "—", "-") or words[-1] in PREPOSITIONS | STOPWORDS:
        return
    if said.startswith("one of only") or set(words) & set(clause.subject.split()) - STOPWORDS:
        return
    if clause.bound == "(" and not re.search(r"\)$|\)[,;]| \)", clause.rest):
        return
    if not 3 <= len(words) <= LONGEST_ANSWER or unclear or words[1] in EMPTY or clause.also:
        return
    role = role_of(said)
    subject = clause.subject
    one = match[1]
    if one == "the" and clause.definite and clause.named:
        if not UNIQUE.match(said) or not (named := holds_name(said)) or len(words) < 4:
            return
        if words[2] in PREPOSITIONS and words[1] in ORDINALS:
            return
        # The whole of what is said must stand in the question, or it asks for less.
        if clause.bound and clause.bound not in (",", "and", "which", "who", "but", ";", "("):
            return
        if (clause.verb == "became" and not role) or unsure(said):
            return
        word = "Who" if role else "What"
        question = f"{word} {clause.verb} {said}?"
        yield Draft("identity", question, as_answer(subject), named, said, clause.plural)
        return
    first = subject.split()[0]
    kind = first.islower() and first != "the" and bool(KIND.match(said))
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
    if (noun_of(said) in MAYBE_PERSONS or unsure(said)) and not general:
        return
    if role and not general and first != "the":
        yield _defined("Who", clause, said, person=True)
    elif clause.verb == "is" or not role:
        yield _defined("What", clause, said)


def _defined(word: str, clause: Clause, said: str, *, person: bool = False) -> Draft:
    question = f"{word} {clause.verb} {clause.subject}?"
    return Draft(
        "definition", question, said, clause.subject, "", clause.plural, person, merged=True
    )


def _noun_phrase(clause: Clause) -> str:
    """What is said of the subject; a clause that limits a noun of it belongs to it."""
    if clause.bound == "that":
        start = len(clause.head)
        limited = clause.rest[start:].lstrip()
        stop = re.search(r"[,;:(–—]", limited)
        return f"{clause.head} {limited[: stop.start()] if stop else limited}".strip()
    return clause.head


def _inverse(clause: Clause) -> Iterator[Draft]:
    """ "The largest X is Y": what is the largest X?"""
    subject = clause.subject
    if not clause.be or clause.lead or not UNIQUE.match(subject) or _listed(clause):
        return
    if not (clause.named or len(subject.split()) > 4) or clause.bound in ("that", "as"):
        return
    said = clause.head
    name = holds_name(said) == said.removeprefix("the ")
    if not (name or re.match(r"(?:an?|the) ", said)) or len(said.split()) > 8 or pronoun(said):
        return
    role = role_of(subject)
    if (role and not name) or unsure(subject):
        return
    named = holds_name(subject)
    asked = f"{'Who' if role else 'What'} {clause.verb} {subject}?"
    yield Draft("identity", asked, said, named or subject, subject if named else "")


def _listed(clause: Clause) -> bool:
    """Whether the head is cut inside a list: "solutions for food, beverages and medicine"."""
    if clause.bound != ",":
        return False
    after = clause.rest[len(clause.head) :]
    return not ENDED.match(after) and not NEW_CLAUSE.match(after)


def _called(clause: Clause) -> Iterator[Draft]:
    """ "X is known as Y": what is X known as?"""
    match = CALLED.match(clause.head)
    if not clause.be or not match or not clause.definite or clause.lead:
        return
    answer = clause.head[match.end() :]
    if 1 <= len(answer.split()) <= 6 and not pronoun(answer):
        question = f"What {clause.verb} {clause.subject} {match.group().strip()}?"
        yield Draft("called", question, answer, clause.subject, "", clause.plural)


def _when(clause: Clause) -> Iterator[Draft]:
    """ "X was built in 1900": when was X built?"""
    if not clause.definite or not clause.named:
        return
    if clause.lead:
        # A cut at a comma may be a cut through a list; only a clause surely begins anew.
        if clause.bound == "," and not NEW_CLAUSE.match(clause.rest[len(clause.head) :]):
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
    if len(done.split()) > LONGEST_REST or pronoun(OWN.sub("", done)):
        return
    if clause.verb == "were" and UNIQUE.match(clause.subject):
        return
    second = done.partition(" and ")[2].split()
    if any(word in VERBS or (word.endswith("ed") and word.islower()) for word in second):
        return
    if done.rpartition(" ")[2] in PREPOSITIONS | CLAUSAL | STOPWORDS - PARTICLES:
        return
    if clause.verb in ("was", "were"):
        verb = participle(done)
        if not verb or verb in STATES:
            return
        question = f"When {clause.verb} {clause.subject} {done}?"
        fact = verb
    elif clause.verb in PAST and clause.verb not in REPEATED:
        base = PAST[clause.verb]
        if not done and base in TRANSITIVE:
            return
        question = f"When did {clause.subject} {f'{base} {done}'.strip()}?"
        fact = base
    else:
        return
    person = fact in OF_PERSONS
    yield Draft("date", question, answer, clause.subject, fact, clause.plural, person)


def _date_in(head: str) -> tuple[str, str] | None:
    """What stands before the one date of a clause, and the date; what follows may be left out."""
    found = dates(head)
    if not found:
        return None
    first = found[0]
    if any(one.span.start >= first.span.end for one in found) or first.form not in WHEN_FORMS:
        return None
    answer = head[first.span.start : first.span.end]
    before = ON_DATE.search(head[: first.span.start])
    if not before or not dated(answer):
        return None
    after = head[first.span.end :]
    if after and not AFTER_DATE.match(after):
        return None
    return head[: before.start()].rstrip(), answer


def _who(clause: Clause) -> Iterator[Draft]:
    """ "X was founded by Y": who founded X? "Y founded X": the same."""
    if not clause.definite or not clause.named:
        return
    if clause.verb in ("was", "were"):
        match = BY.match(clause.head)
        if not match or match[1] not in AGENTS:
            return
        agent = name_at(clause.head, match.end(), clause.bound)
        middle = (match[2] or "").strip()
        if not agent or pronoun(middle) or (middle and not ON_DATE_ONLY.match(middle)):
            return
        past = AGENTS[match[1]]
        question = f"Who {past} {clause.subject}?"
        yield Draft("name", question, agent, clause.subject, past, clause.plural)
        return
    if clause.verb not in AGENT_PASTS:
        return
    found = _date_in(clause.head)
    done = found[0] if found else clause.head
    if clause.bound == "," and not NEW_CLAUSE.match(clause.rest[len(clause.head) :]):
        return
    named = holds_name(done)
    if not named or len(done.split()) > 8 or pronoun(done) or not OBJECT.match(done):
        return
    if clause.lead:
        done = f"{done} in {clause.lead}" if re.fullmatch(r"\d{4}", clause.lead) else done
    question = f"Who {clause.verb} {done}?"
    yield Draft("name", question, clause.subject, named, clause.verb)


def _where(clause: Clause) -> Iterator[Draft]:
    """ "X is located in Y": where is X located? "X died in Y": where did X die?"""
    if not clause.definite or not clause.named or clause.lead:
        return
    match = AT.match(clause.head)
    if not match:
        return
    place = place_at(clause.head, match.end())
    if not place:
        return
    done = match[1] or ""
    if clause.be and done in PLACED:
        verb = done
        question = f"Where {clause.verb} {clause.subject} {done}?"
    elif clause.verb in LIVES and not done:
        verb = PAST.get(clause.verb) or PRESENT[clause.verb]
        aux = "did" if clause.verb in PAST else "does"
        question = f"Where {aux} {clause.subject} {verb}?"
    else:
        return
    person = verb in OF_PERSONS
    yield Draft("place", question, place, clause.subject, verb, clause.plural, person)


def _how_many(clause: Clause) -> Iterator[Draft]:
    """ "X has three Ys": how many Ys does X have?"""
    if clause.be or not clause.definite or clause.verb not in (*PAST, *PRESENT, *BASES):
        return
    if not clause.named and clause.verb in PAST:
        return
    match = ABOUT.match(clause.head)
    start = match.end() if match else 0
    found = [one for one in amounts(clause.head) if one.span.start == start]
    if not found:
        return
    amount = found[0]
    base = PAST.get(clause.verb) or PRESENT.get(clause.verb) or clause.verb
    aux = "did" if clause.verb in PAST else "does" if clause.verb in PRESENT else "do"
    lead = f" in {clause.lead}" if re.fullmatch(r"\d{4}", clause.lead) else ""
    if clause.lead and not lead:
        return
    after = clause.head[amount.span.end :].strip()
    plural = aux == "do"
    answer = clause.head[amount.span.start : amount.span.end]
    asked = ""
    fact = base
    if amount.form == "count" and clause.bound not in ("or",):
        noun = COUNTED.match(clause.head[amount.bare.end :].strip())
        if not noun or TAIL_BAD.search(noun["tail"]) or pronoun(noun["tail"]):
            return
        # "Two sons and a daughter" are more than was asked for.
        if clause.bound in (",", "(") and LISTED.match(clause.rest[len(clause.head) :]):
            return
        answer = clause.head[amount.bare.start : amount.bare.end]
        if answer.lower() in ("one", "a", "an"):
            return
        tail = f" {noun['tail'].strip()}" if noun["tail"].strip() else ""
        asked = f"How many {noun['noun']} {aux} {clause.subject} {base}{tail}{lead}?"
        fact = noun["noun"]
    elif amount.form == "percent" and after.startswith("of ") and not pronoun(after):
        if len(after.split()) <= 8:
            asked = f"What percentage {after} {aux} {clause.subject} {base}{lead}?"
            fact = after
    elif amount.form == "time" and base in ("last", "take") and not after:
        asked = f"How long {aux} {clause.subject} {base}{lead}?"
    elif amount.form == "money" and base in PAID and len(after.split()) <= 6:
        if not pronoun(after) and (not after or after.split()[0] in PREPOSITIONS):
            much = "How much" if base == "cost" else "How much money"
            asked = f"{much} {aux} {clause.subject} {f'{base} {after}'.strip()}{lead}?"
    elif amount.form == "measure" and not after and base in MEASURED:
        asked = f"{MEASURED[base]} {aux} {clause.subject} {base}{lead}?"
    if asked:
        yield Draft("amount", asked, answer, clause.subject, fact, plural)


def _size(clause: Clause) -> Iterator[Draft]:
    """ "X has a population of N": what is the population of X? "The price of X is N": the same."""
    lead = f" in {clause.lead}" if re.fullmatch(r"\d{4}", clause.lead) else ""
    if not clause.definite or (clause.lead and not lead):
        return
    match = SIZE.match(clause.head)
    if clause.verb in ("has", "had", "have") and clause.named and match:
        found = [one for one in amounts(clause.head) if one.span.start == match.end()]
        if found and not clause.head[found[0].span.end :].strip():
            be = "was" if clause.verb == "had" else "is"
            noun = match[1]
            question = f"What {be} the {noun} of {clause.subject}{lead}?"
            yield Draft("amount", question, said_of(clause.head, found[0]), clause.subject, noun)
        return
    if clause.verb not in ("is", "was"):
        return
    about = ABOUT.match(clause.head)
    start = about.end() if about else 0
    found = [one for one in amounts(clause.head) if one.span.start == start]
    if not found:
        return
    after = clause.head[found[0].span.end :].strip()
    tall = TALL.fullmatch(after)
    if tall and clause.named:
        question = f"How {tall[1]} {clause.verb} {clause.subject}?"
        yield Draft("amount", question, said_of(clause.head, found[0]), clause.subject, tall[1])
    elif not after and QUANTITY.match(clause.subject) and (clause.named or clause.verb == "is"):
        name = holds_name(clause.subject) or clause.subject
        question = f"What {clause.verb} {clause.subject}{lead}?"
        fact = clause.subject.replace(name, "") if name != clause.subject else ""
        yield Draft("amount", question, said_of(clause.head, found[0]), name, fact)


def _may(clause: Clause) -> Iterator[Draft]:
    """ "The manager must approve Y": who must approve Y?"""
    if clause.verb not in MODALS or clause.lead or not clause.subject.startswith("the "):
        return
    if clause.bound not in ("", "before", "after", "when", "if", "unless", "until", "and", ";"):
        return
    done = clause.head.split()
    if not 2 <= len(done) <= 10 or pronoun(clause.head) or not done[0].islower():
        return
    if done[0] in ("be", "have") or done[0].endswith("ly") or not role_of(clause.subject):
        return
    question = f"Who {clause.verb} {clause.head}?"
    yield Draft("rule", question, clause.subject, "", "", False)


def _of_what(clause: Clause) -> Iterator[Draft]:
    """ "X consists of Y": what does X consist of? "X is used for Y": what is X used for?"""
    if clause.lead or not ((clause.definite and clause.named) or clause.general):
        return
    if clause.verb in ("consists", "consisted"):
        aux = "does" if clause.verb == "consists" else "did"
        match = re.match(r"of ", clause.rest)
        asked = f"What {aux} {clause.subject} consist of?"
        fact = "consist"
    elif clause.be:
        match = MADE.match(clause.head)
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
    if clause.be and clause.bound == "," and not NEW_CLAUSE.match(clause.rest[len(clause.head) :]):
        return
    if not answer or len(answer.split()) > 16 or pronoun(answer) or re.search(r"[;:()]", answer):
        return
    if clause.be and clause.bound not in ("", ",", "which", ";"):
        return
    yield Draft("part", asked, answer, clause.subject, fact, clause.plural)


def _how_long(clause: Clause) -> Iterator[Draft]:
    """ "X are kept for three years": how long are X kept?"""
    if not clause.be or clause.lead or not ((clause.definite and clause.named) or clause.general):
        return
    match = FOR_TIME.match(clause.head)
    found = [one for one in amounts(clause.head) if match and one.span.start == match.end()]
    if not match or not found or found[0].form != "time" or not participle(clause.head):
        return
    if not clause.head[found[0].span.end :].strip():
        question = f"How long {clause.verb} {clause.subject} {match[1]}?"
        answer = said_of(clause.head, found[0])
        yield Draft("amount", question, answer, clause.subject, match[1], clause.plural)


def _why(clause: Clause) -> Iterator[Draft]:
    """ "X was closed because Y": why was X closed?"""
    if clause.bound != "because" or not clause.definite or not clause.named or clause.lead:
        return
    answer = clause.rest[len(clause.head) :].strip()
    if not 3 <= len(answer.split()) <= 20 or len(clause.head.split()) > LONGEST_REST:
        return
    if pronoun(OWN.sub("", clause.head)):
        return
    if clause.be:
        verb = participle(clause.head)
        question = f"Why {clause.verb} {clause.subject} {clause.head}?"
    else:
        verb = PAST.get(clause.verb, "") if clause.verb != "had" else ""
        question = f"Why did {clause.subject} {f'{verb} {clause.head}'.strip()}?"
    if verb:
        yield Draft("reason", question, answer, clause.subject, verb, clause.plural)


_RULES = (
    _definition, _inverse, _called, _when, _who, _where, _how_many, _size, _may, _of_what,
    _how_long, _why,
)  # fmt: skip


def _apposition(text: str, casing: Casing) -> Iterator[Draft]:
    """ "X, a Y, did Z": who or what is X?"""
    match = APPOSED.match(text)
    if not match:
        return
    name, said = match["name"], match["said"]
    words = name.split()
    if len(words) > 5 or subject_of(words, casing) is None or not 2 <= len(said.split()) <= 12:
        return
    if not all(capital(word) or word in ("of", "the", "de", "von") for word in words):
        return
    if not casing.is_name(words[0]) and len(words) < 2:
        return
    if pronoun(said) or said.split()[1] in EMPTY or re.search(r"\b(?:19|20)\d\d$", said):
        return
    if noun_of(said) in MAYBE_PERSONS or unsure(said):
        return
    role = role_of(said)
    past = match["verb"] in PAST or match["verb"] in ("was", "had")
    be = "was" if past and role else "is"
    word = "Who" if role else "What"
    question = f"{word} {be} {name}?"
    yield Draft("definition", question, said, name, "", False, bool(role), merged=True)


def _acronyms(text: str) -> Iterator[Draft]:
    """ "International Labour Organization (ILO)": what does ILO stand for?"""
    for match in ACRONYM.finditer(text):
        short = match[1]
        words = text[: match.start()].split()
        wanted = [letter for letter in short.lower() if letter.isalpha()]
        at = len(words)
        while wanted and at:
            at -= 1
            word = words[at].strip("“\"'‘")
            parts = [part for part in re.split(r"[-–]", word) if part]
            if word.lower() in SMALL_INSIDE and (not wanted or word[0].lower() != wanted[-1]):
                continue
            heads = [part[0].lower() for part in parts]
            if heads and heads == wanted[-len(heads) :]:
                del wanted[-len(heads) :]
            elif heads and heads[0] == wanted[-1]:
                wanted.pop()
            else:
                break
        found = words[at:]
        if wanted or not found or len(found) < 2 or found[0].lower() in SMALL_INSIDE:
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
        UNCLEAR.search(asked)
        or OF_THE.search(asked)
        or NO_NAME.search(f"{draft.question} {draft.answer}")
    ):
        return False
    return len(draft.question.split()) <= 22
