"""What kind of task a question is: most ask for an answer, some for all of a library or document.

Forms of English questions, matched as a whole and nothing else: what is not clearly a task is an
ordinary question, and answered as one. Of 3,220 public questions nine are surely tasks, all of the
form "what is the difference between A and B"; 16 more are if a document bears the name they say.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag import dates

LONGEST = 300
"""Characters of a question that can be a task."""

_MOST_SIDE = 12  # words of one side of a comparison


class Kind(enum.StrEnum):
    """What is asked for."""

    QUESTION = "question"
    LIST = "list"
    COUNT = "count"
    COMPARE = "compare"
    SUMMARY = "summary"
    WHERE = "where"


@dataclass(frozen=True, slots=True)
class Task:
    """A question about all of something.

    `phrase` is what is looked for or summed up, "" where documents themselves are listed. `every`
    asks for each place and not for each document. `exact` tells that the question can be answered
    by reading everything: "list all risks" cannot. `sure` tells that the form alone makes it a
    task; else it is one only where `phrase` or `sides` name documents. `kinds` (endings), `since`,
    `until` and `folder` narrow the documents. A comparison has two `sides` and perhaps a `subject`.
    """

    kind: Kind
    phrase: str = ""
    every: bool = False
    exact: bool = True
    sure: bool = True
    kinds: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    folder: str = ""
    sides: tuple[str, str] | None = None
    subject: str = ""


def recognise(question: str) -> Task | None:
    """The task that a question sets, None where it is an ordinary question."""
    text = " ".join(question.split())
    if len(text) > LONGEST or "\n" in question.strip():
        return None
    text = _POLITE.sub("", text.rstrip(" ?.!")).strip()
    for form in (_where, _documents, _mentions, _summary, _comparison, _everything):
        if found := form(text):
            return found
    return None


# --- words ----------------------------------------------------------------------------------------

_POLITE = re.compile(
    r"^(?:(?:please|kindly|now|so|ok|and|can you|could you|would you|will you|i want you to"
    r"|i would like you to|i'd like you to|tell me),? )+(?!are|is\b)",
    re.IGNORECASE,
)
_KINDS = {
    "pdf": ("pdf",),
    "word": ("docx", "odt", "rtf"),
    "docx": ("docx",),
    "excel": ("xlsx", "xlsm", "ods"),
    "spreadsheet": ("xlsx", "xlsm", "ods", "csv", "tsv"),
    "powerpoint": ("pptx", "odp"),
    "presentation": ("pptx", "odp"),
    "html": ("html", "htm", "mhtml"),
    "markdown": ("md",),
    "csv": ("csv",),
    "json": ("json", "jsonl"),
    "epub": ("epub",),
    "e-mail": ("eml", "msg", "mbox"),
    "email": ("eml", "msg", "mbox"),
    "notebook": ("ipynb",),
}
"""What people call kinds of files, and how their names end."""

_KIND = r"(?:pdf|word|docx|excel|powerpoint|html|markdown|csv|json|epub|e-?mail)"
_YEAR = r"(?:19|20)\d\d(?:-q[1-4]|-\d\d(?:-\d\d)?)?"
_PLAIN = r"(?:documents?|docs?|files?|reports?|papers?|filings?|sources?)"
_TYPED = r"(?:pdfs?|e-?mails?|spreadsheets?|presentations?|notebooks?)"
_TIME = (
    r"(?P<time>(?:(?:that are |which are )?(?:from|dated|since|after|before|until|up to)|of|in) "
    rf"(?:the year )?(?:\w+ )?{_YEAR}(?: (?:and|to|until|or) (?:\w+ )?{_YEAR})?)"
)
_FOLDER = (
    r"(?:in|under|below|of) (?:the )?(?:folder (?P<folder>[\w./-]+)|(?P<below>[\w.-]+/[\w./-]*))"
)
_HERE = (
    r"(?:(?:that )?(?:are |do |does |have |has )?"
    r"(?:there(?: in (?:the|this|my|our) (?:library|collection|archive))?"
    r"|in (?:the|this|my|our) (?:library|collection|archive)"
    r"|(?:you|we|i) (?:have|know|hold)|(?:the|this|my|our) library (?:have|has|hold|holds|contain)"
    r"|(?:been )?loaded))"
)
_DOCUMENTS = (
    rf"(?:(?:of )?(?:the|my|our|these|those) )?(?:(?P<year>{_YEAR}) )?(?:(?P<kind>{_KIND}) )?"
    rf"(?P<noun>{_PLAIN}|{_TYPED})(?: (?:{_TIME}|{_FOLDER}|in (?:the|this|my|our) library))*"
)
_SAYS = (
    r"(?:mention(?:s|ed|ing)?|contain(?:s|ing)?|includ(?:e|es|ing)|refer(?:s|ring)? to"
    r"|talk(?:s|ing)? (?:about|of)|discuss(?:es|ing)?|speak(?:s|ing)? (?:of|about)"
    r"|cit(?:e|es|ing)|say(?:s)? (?:anything|something) (?:about|on)|deal(?:s|ing)? with"
    r"|use(?:s)? the (?=word|term|phrase|expression))"
)
_ABOUT = r"(?:(?:are |is )?about|on|regarding|concerning)"
_SAID = r"(?:mentioned|named|discussed|cited|referred to|talked about)"
_ALL = r"(?:all|every|each|any)(?: of)?(?: the)?"
_GIVE = r"(?:list|show|find|give|name|get|display|enumerate|search for|look for)(?: me)?"
_MARKS = "\"'“”‘’«» "
_NAMING = re.compile(
    r"^(?:(?:the|a|an|any|our|exact) )?(?:(?:words?|terms?|phrases?|expressions?|names?|string"
    r"|topic of|subject of) "
    r"(?=[\"'“‘«\w]))?(?:(?:the|a|an|any|our) )?",
    re.IGNORECASE,
)
_PRONOUNS = frozenset("it this that them these those him her he she they".split())


def _match(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, text, re.IGNORECASE)


def phrase_of(text: str) -> str:
    """What is looked for, without "the word" or an article; what is quoted stays so."""
    found = text.strip(" ,;:")
    naming = _NAMING.match(found)
    rest = found[naming.end() :] if naming else found
    rest = rest.strip(" ,;:") or found
    return f"“{rest.strip(_MARKS)}”" if rest[:1] in '"“«' and len(rest) > 2 else rest.strip("‘’'")


# --- forms ----------------------------------------------------------------------------------------


def _where(text: str) -> Task | None:
    """ "Where does it say that?" after an answer."""
    it = r"(?:that|this|it|so)"
    place = r"(?:documents?|pages?|files?|reports?|sources?|passages?|sections?|paragraphs?)"
    forms = (
        rf"(?:and )?where (?:exactly )?(?:does (?:it|the text|the document) (?:say|state) {it}"
        rf"|(?:is|was) {it} (?:said|stated|written|from)|does {it} (?:stand|come from)"
        rf"|do(?:es)? (?:they|it) say {it}|did you (?:get|find|read|take) {it}(?: from)?"
        rf"|(?:can|do) i find {it}|do you (?:have|know) {it} from)",
        rf"(?:in |on )?(?:which|what) {place} (?:says?|states?|is|was|does) ?(?:it say )?{it}"
        rf"(?: (?:from|on|in|said|stated|written))?",
        r"(?:show me )?where (?:it|that|this) (?:says (?:that|so|this)|is said|is stated|stands)",
        rf"(?:in |on )?(?:which|what) {place}",
        r"(?:what is|what's|show me|give me|name) (?:the|your) (?:source|sources|evidence)"
        r"(?: (?:of|for) (?:that|this|it))?",
        "source|sources",
    )
    if any(_match(form, text) for form in forms):
        return Task(Kind.WHERE)
    return None


def _documents(text: str) -> Task | None:
    """ "How many PDFs are in the library?", "List all documents from 2024"."""
    are = rf"(?:are |is |do |does |have |has )?(?:{_HERE}|{_TIME2})"
    if found := _match(rf"how many {_DOCUMENTS} {are}", text) or _match(
        rf"how many {_DOCUMENTS} (?:are|is) (?:an? )?(?P<are>{_KIND}|{_TYPED})"
        r"(?: (?:files|documents))?",
        text,
    ):
        return _narrowed(Kind.COUNT, found)
    listing = rf"{_GIVE} (?:{_ALL}|the|my|our)(?: (?:my|our))? {_DOCUMENTS}(?: {_HERE})?"
    asking = rf"(?:which|what) {_DOCUMENTS} (?:are |do |does |have |has )?(?:{_HERE}|{_TIME2})"
    if found := _match(listing, text) or _match(asking, text):
        return _narrowed(Kind.LIST, found)
    return None


_TIME2 = _TIME.replace("?P<time>", "?P<time2>")


def _mentions(text: str) -> Task | None:
    """ "Which documents mention X?", "How many do?", "Where is X mentioned?"."""
    x = r"(?P<x>.+?)"
    if found := _match(
        rf"how many {_DOCUMENTS} (?:(?:that|which) )?(?:{_SAYS}|are about) {x}", text
    ) or _match(rf"in how many {_DOCUMENTS} (?:is|are|was|were) {x} {_SAID}", text):
        return _narrowed(Kind.COUNT, found)
    if found := (
        _match(rf"(?:which|what) (?:of )?{_DOCUMENTS} (?:{_SAYS}|are about|is about) {x}", text)
        or _match(
            rf"(?:in )?(?:which|what) {_DOCUMENTS} (?:is|are|was|were) {x} {_SAID}(?: in)?", text
        )
        or _match(
            rf"in (?:which|what) {_DOCUMENTS} (?:does|do|did) {x} (?:appear|occur|come up)", text
        )
        or _match(
            rf"{_GIVE} (?:{_ALL} |the )?{_DOCUMENTS} (?:(?:that|which) )?(?:{_SAYS}|{_ABOUT}) {x}",
            text,
        )
    ):
        return _narrowed(Kind.LIST, found)
    ending = (
        r"(?: (?:in (?:the|this|my|our|these) (?:library|collection|documents?|files?)|at all))?"
    )
    if found := _match(rf"how (?:often|many times) (?:is|are|was|were) {x} {_SAID}{ending}", text):
        return _narrowed(Kind.COUNT, found, every=True)
    if found := (
        _match(rf"where (?:is|are) {x} {_SAID}{ending}", text)
        or _match(rf"where (?:do|does) {x} get {_SAID}{ending}", text)
        or _match(
            rf"{_GIVE} {_ALL} (?:mentions?|occurrences?|references?) (?:of|to) {x}{ending}", text
        )
        or _match(
            rf"{_GIVE} {_ALL} (?:places?|passages?|sentences?) (?:where|in which|that|which)"
            rf" (?:{x} (?:is|are) {_SAID}|{_SAYS} (?P<x2>.+?)){ending}",
            text,
        )
    ):
        return _narrowed(Kind.LIST, found, every=True)
    return None


def _summary(text: str) -> Task | None:
    """ "Summarise the 2026 policy", "What is the glossary about?"."""
    kind = r"(?:summary|overview|outline|gist|synopsis|recap)"
    short = r"(?:short |brief |quick |general |concise |complete )?"
    found = (
        _match(r"(?:summari[sz]e|sum up|recap|tl;?dr:?)(?: of)? (?P<x>.+)", text)
        or _match(
            rf"(?:give|show|write)(?: me)? (?:a |an |the )?{short}{kind} (?:of|on) (?P<x>.+)", text
        )
        or _match(r"what(?: is|'s|’s) the (?:gist|summary) of (?P<x>.+)", text)
    )
    if found:
        return Task(Kind.SUMMARY, phrase_of(found["x"]))
    found = (
        _match(r"what(?: is|'s|’s| are) (?P<x>.+?) (?:all )?about", text)
        or _match(r"what (?:does|do) (?P<x>.+?) (?:say|cover|deal with|contain|discuss)", text)
        or _match(r"what are the (?:main|key) points of (?P<x>.+)", text)
        or _match(rf"(?:a |an )?{short}{kind} of (?P<x>.+)", text)
    )
    return Task(Kind.SUMMARY, phrase_of(found["x"]), sure=False) if found else None


def _comparison(text: str) -> Task | None:
    """ "Compare A and B", "What is the difference between A and B?"."""
    pair = r"(?P<pair>.+?)"
    word = r"(?:(?:main|key|biggest|important|major) )?(?:differences?|distinctions?)"
    what = rf"what(?: is|'s|’s| are)(?: the| a)? {word}"
    on = r"(?: (?:with (?:respect|regard) to|regarding|in terms of|concerning|as to) (?P<on>.+))?"
    compare = "(?:compare|contrast|compare and contrast)"
    how = "how (?:do|does|did|is|are|was|were|has|have)"
    sure = (
        rf"{what} (?:in|of) (?P<s>.+?) between {pair}",
        rf"{what} between {pair}{on}",
        rf"{how} (?P<s>.+?) (?:differ|different) between {pair}",
        rf"{compare} (?P<s>(?:(?! and ).)+?) (?:between|across) {pair}",
        rf"{compare} {pair}{on}",
    )
    # Often answered by one sentence: a comparison only where both sides are documents or years.
    unsure = (
        rf"{how} (?P<pair>.+ (?:differ from|different from|compare (?:to|with)) .+?){on}",
        rf"{how} (?P<pair>.+? and .+?) (?:differ|different|compare){on}",
        rf"what (?:has |have )?(?:changed|is different|changes)(?: (?:in|for) (?P<s>.+?))?"
        rf" (?:between|from) {pair}",
    )
    for form in (*sure, *unsure):
        if found := _match(form, text):
            subject = _group(found, "s") or _group(found, "on")
            if task := _sided(found["pair"], subject, sure=form in sure):
                return task
    return None


_BETWEEN = re.compile(
    r" (?:and|with|to|versus|vs\.?|against|differ from|different from|compare to|compare with) ",
    re.IGNORECASE,
)
_LASTING = re.compile(rf" (?:in|for|of|from|as of)(?: the year| fiscal year| fy)? ?{_YEAR}$", re.I)
_OF = re.compile(r"(?P<s>.+?) (?:of|in|for|from|at|by) (?P<a>(?:(?! of | in | for ).)+)", re.I)


def _sided(pair: str, subject: str, *, sure: bool) -> Task | None:
    """The comparison of a pair, None where it is not clear where one side ends."""
    cuts = list(_BETWEEN.finditer(pair))
    # Of several joints, one that is no plain "and" or "to" decides; else it is not clear.
    clear = [cut for cut in cuts if cut[0].strip().lower() not in ("and", "to")]
    cuts = clear or [cut for cut in cuts if cut[0].strip().lower() == "and"] or cuts
    if len(cuts) != 1:
        return None
    left, right = pair[: cuts[0].start()].strip(), pair[cuts[0].end() :].strip()
    left = re.sub(r"^(?:between|both) ", "", left, flags=re.IGNORECASE)
    if (
        not subject
        and (shared := _OF.fullmatch(left))
        and not _OF.fullmatch(_LASTING.sub("", right))
    ):
        # "the revenue of A and B": of both.
        subject, left = shared["s"], shared["a"]
    if (time := _LASTING.search(right)) and not dates.periods(left):
        # "of A and B in 2022": both in 2022.
        subject, right = f"{subject}{time[0]}".strip(), right[: time.start()]
    if re.fullmatch(rf"(?:the )?{_YEAR}(?:'s|’s)?", left, re.IGNORECASE) and (
        shared := re.fullmatch(rf"(?:the )?{_YEAR}(?:'s|’s)? (?P<s>.+)", right, re.IGNORECASE)
    ):
        # "the 2024 and 2026 policies"
        left = f"{left} {shared['s']}"
    left, right = phrase_of(left), phrase_of(right)
    if not left or not right or left.lower() == right.lower():
        return None
    if any(len(side.split()) > _MOST_SIDE or side.lower() in _PRONOUNS for side in (left, right)):
        return None
    return Task(Kind.COMPARE, sides=(left, right), subject=phrase_of(subject), sure=sure)


def _everything(text: str) -> Task | None:
    """ "List all risks that the company faces": everything of a kind, which nobody can scan for."""
    form = (
        r"(?:list|enumerate|name|give|show|find)(?: me)? (?:all|every)(?: of)?(?: the)?"
        r" (?P<x>.{3,})"
    )
    if found := _match(form, text):
        return Task(Kind.LIST, found["x"], exact=False)
    return None


# --- what a form holds ----------------------------------------------------------------------------


def _group(found: re.Match[str], name: str) -> str:
    return (found.groupdict().get(name) or "").strip()


def _narrowed(kind: Kind, found: re.Match[str], *, every: bool = False) -> Task | None:
    """The task with the documents that the question is about; None where it names no phrase."""
    groups = found.groupdict()
    phrase = phrase_of(groups.get("x") or groups.get("x2") or "")
    if ("x" in groups or "x2" in groups) and not phrase:
        return None
    kinds: list[str] = []
    for name in ("kind", "noun", "are"):
        said = (groups.get(name) or "").lower()
        kinds += _KINDS.get(said) or _KINDS.get(said.removesuffix("s")) or ()
    time = " ".join(filter(None, (groups.get("year"), groups.get("time"), groups.get("time2"))))
    since, until = _span(time)
    folder = groups.get("folder") or groups.get("below") or ""
    return Task(
        kind,
        phrase,
        every=every,
        kinds=tuple(dict.fromkeys(kinds)),
        since=since,
        until=until,
        folder=folder.strip("/"),
    )


def _span(time: str) -> tuple[str, str]:
    """First and last period that a time like "since 2023" or "from 2022 to 2024" allows."""
    named: Sequence[str] = dates.periods(time)
    if not named:
        return "", ""
    first, last = min(named), max(named)
    word = time.lower()
    day = datetime.timedelta(days=1)
    if len(named) > 1:
        return first, last
    if re.search(r"\bsince\b", word):
        return first, ""
    if re.search(r"\b(?:until|up to)\b", word):
        return "", last
    if re.search(r"\bafter\b", word):
        return (dates.bounds(last)[1] + day).isoformat(), ""
    if re.search(r"\bbefore\b", word):
        return "", (dates.bounds(first)[0] - day).isoformat()
    return first, last


def points_back(task: Task) -> bool:
    """Whether what is looked for is only a pronoun, which the earlier questions must explain."""
    return task.phrase.lower() in _PRONOUNS
