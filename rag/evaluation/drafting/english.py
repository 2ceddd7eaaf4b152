"""English words that the rules know, and the forms of sentences they look for."""

from __future__ import annotations

import re

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
PAST: dict[str, str] = {}
"""Past tense to base form."""
PARTICIPLES: set[str] = {"born", "known"}
for _row in re.split(r"[|\n]", _IRREGULAR):
    _base, _past, _participle_form = _row.split()
    PAST[_past] = _base
    PARTICIPLES.add(_participle_form)


def _regular_past(base: str) -> str:
    if base in _DOUBLED:
        return _DOUBLED[base]
    if base.endswith("e"):
        return f"{base}d"
    return f"{base[:-1]}ied" if re.search(r"[^aeiou]y$", base) else f"{base}ed"


for _base in _REGULAR.split():
    if _base not in ("split", "withdraw"):
        PAST[_regular_past(_base)] = _base
PAST["had"] = "have"
# "Founded", not "found": to ask who found a town would be another question.
PAST["founded"] = "found"
del PAST["cost"], PAST["put"], PAST["set"], PAST["read"], PAST["said"], PAST["found"]
PRESENT = {
    "has": "have", "holds": "hold", "contains": "contain", "costs": "cost", "covers": "cover",
    "lasts": "last", "takes": "take", "weighs": "weigh", "measures": "measure", "owns": "own",
    "employs": "employ", "serves": "serve", "operates": "operate", "runs": "run", "uses": "use",
    "reaches": "reach", "requires": "require", "receives": "receive", "produces": "produce",
    "includes": "include", "offers": "offer", "lies": "lie", "stands": "stand", "sits": "sit",
    "lives": "live", "hosts": "host", "spends": "spend", "earns": "earn", "stretches": "stretch",
    "needs": "need", "publishes": "publish", "pays": "pay", "keeps": "keep",
}  # fmt: skip
BASES = {"have", "contain", "cost", "cover", "hold", "need", "require", "reach", "employ", "own"}
PRESENT["consists"] = "consist"
PAST["consisted"] = "consist"
BE = {"is", "was", "are", "were"}
MODALS = {"must", "may", "can", "should", "shall"}
VERBS = frozenset({*BE, *MODALS, *PAST, *PRESENT, *BASES, "will", "would", "could", "does"})
AGENTS = {
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
AGENT_PASTS = frozenset(
    """founded built designed wrote invented discovered directed composed painted established
    conquered defeated captured killed published proposed""".split()
)
TRANSITIVE = frozenset(
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
REPEATED = frozenset(
    "won fought visited played attended had remained kept lived used led held".split()
)
STATES = frozenset(
    "located situated based used known estimated considered believed involved related".split()
)
ADJECTIVES = frozenset(
    """interested involved limited supposed advanced complicated detailed experienced mixed noted
    red united""".split()
)
OF_PERSONS = frozenset("born died die marry graduate resign retire emigrate buried".split())
PLACED = frozenset(
    """located situated based headquartered born buried held built signed founded raised educated
    established filmed published stationed""".split()
)
LIVES = frozenset("lies lay lives lived stands stood sits sat died settled landed".split())
PAID = frozenset("cost pay raise spend earn receive invest".split())
MEASURED = {"stretch": "How far", "extend": "How far", "weigh": "How much", "measure": "How much"}
WHEN_FORMS = frozenset({"day", "month", "year", "decade", "century"})
ADVERBS = frozenset(
    """also later first originally then now currently eventually finally soon subsequently once
    still usually often initially officially formally already again therefore generally today
    ultimately recently previously""".split()
)
VAGUE = frozenset(
    """i you he she it we they this that these those there here who which what such some many most
    several few other others another both each every all any one none nobody somebody someone
    everyone anyone his her its their my your our same latter former following part much more less
    either neither two three four five six seven eight nine ten half us them him mine next
    previous above below foregoing aforementioned applicable respective said""".split()
)
ORDINALS = frozenset("first second third fourth fifth last only".split())
GENERIC = frozenset(
    """new old current initial original resulting main major entire whole final latest present
    early late earliest remaining most more number majority rest team city game company season
    group idea term word name project result effect""".split()
)
CLAUSAL = frozenset("who which that where when while because if as than but or by not to".split())
PREPOSITIONS = frozenset(
    """in on at by from to for of with since until during after before under near about per into
    within over through between among across against as""".split()
)
PARTICLES = frozenset("up out off down over on in".split())
OPENERS = frozenset(
    """in on at by from for with since until during after before under near despite although while
    when where if because as however thus therefore moreover furthermore meanwhile instead like
    unlike according given due first second finally later then today now note see imagine think
    even only perhaps maybe just still yet once upon throughout within without born founded built
    located based known named called january february march april june july august september
    october november december monday tuesday wednesday thursday friday saturday sunday""".split()
)
BODIES = frozenset(
    """Order Act Court Committee Commission Council Parliament Government Company Board Association
    Union Treaty Agreement Constitution Bill Law Church School College University Department
    Ministry Agency Office Club Party Team League Bank Group Society Institute Authority President
    Minister King Queen Emperor Pope Bishop Governor Mayor Secretary Director State Republic Kingdom
    Empire Army Navy Series Game Show Trust Policy Plan Program Programme Project Report
    Declaration""".split()
)
NO_NAME = re.compile(rf"\b[Tt]he (?:{'|'.join(sorted(BODIES))})\b(?! of\b| on\b| for\b| [A-Z])")
MAYBE_PERSONS = frozenset("leader member owner user producer employer publisher agent".split())
"""What a company may be as well."""
WITH_ARTICLE = frozenset(
    ("United States", "United Kingdom", "Netherlands", "US", "U.S.", "UK", "United Nations", "EU")
)
"""Names that want an article: without it they were torn out of a longer one."""
AGENT_NOUN = re.compile(r"(?:er|or|ist|ian|eer|ant|ee)s?$")
NO_AGENTS = frozenset(
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
EMPTY = frozenset(
    "example well-known result matter number case way lot few question good bad great part".split()
)
SMALL_INSIDE = frozenset("of and the for in on to de la a an at by with &".split())
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
PERSON = re.compile(rf"(?:\w+-)?(?:{'|'.join(_PERSONS.split())}|\w*smith)s?", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_][\w'’-]*")
AT_PLACE = re.compile(r"\b(?:in|at|near|from) $")
UNPLAIN = re.compile(r"[“”\"«»|\t\[\]{}…•]| [,.;]|\w-\n|\?|[.!] [A-Z]\w+ \w+|\w\.:|https?:|\.\.")
NEGATED = re.compile(
    r"\b(?:not|no|never|nor|neither|none|nobody|nothing|without|hardly|cannot|unlikely|failed)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
PRONOUN = re.compile(
    r"\b(?:I|[Yy]ou|[Hh]e|[Ss]he|[Ii]t|[Ww]e|[Tt]hey|him|them|us|[Hh]is|[Hh]er|hers|[Ii]ts|[Tt]heir|"
    r"theirs|[Oo]ur|[Yy]our|[Mm]y|[Tt]his|[Tt]hese|[Tt]hose|that|there|here|itself|himself|herself|"
    r"themselves|ones?|such|others?|another|latter|former|same|so|both|each|also)\b"
    r"|\bthe (?:company|city|team|game|season|country|area|region|group|law|act|band|film|movie|"
    r"show|book|album|song|river|school|museum|state|government|party|war|story|novel|site|building|town|"
    r"village|island|bridge|series|episode|character|family|family's|gallery)\b(?! of)",
)
# "The total length of the river?" "India an estimated 70 and China an estimated 64?"
OF_THE = re.compile(r"\bthe [a-z]+\?$|\band [A-Z]\w+ (?:an?|the|\d+|\$\d+) ")
# Of the subject, where nothing else could own it.
OWN = re.compile(r"\b(?:its|their|his|her) (?=[a-z])")
ASIDE = re.compile(
    r"^(?P<name>(?:the )?[A-Z][\w'’.-]*(?: [\w'’.&-]+){0,5}), (?!and |or )[a-z][^,;:()]{2,90}, "
    r"(?=(?:is|was|are|were|has|had|have|holds|contains|[a-z]+ed|won|led|wrote|became)\b)"
)
BRACKETED = re.compile(r"^(?P<name>(?:[\w'’.&-]+ ){1,7})\([^()]*\) ")
MADE = re.compile(
    r"(?:used for|served by|made of|made up of|composed of|named after|divided into|derived from|"
    r"caused by|measured in|governed by|responsible for|based on|famous for|known for|home to) "
)
FOR_TIME = re.compile(r"([a-z]+(?: [a-z]+){0,4}) for (?:about |over |at least |up to |nearly )?")
UNCLEAR = re.compile(
    r"\b(?:several|various|many|more|some|certain|further|respectively|following|above|"
    r"below|et al)\b"
    r"|[“”\"()\[\]]"
)
STOPS = re.compile(r"[,;:()?!–—]")
DISCOURSE = re.compile(
    r"^(?:However|Today|Currently|Moreover|Furthermore|In addition|Additionally|For example|"
    r"For instance|In fact|Meanwhile|Nevertheless|Traditionally|Historically|Officially), "
    r"(?=[A-Z]|the |in |on |an? )"
)
LEAD = re.compile(r"(?:[Ii]n|[Oo]n)(?: the)?(?: early| late| mid)? (?=\w)|(?:[Ii]n|[Oo]n) ")
AFTER_LEAD = re.compile(r",? (?=[A-Z]|the |a )|, ")
BOUND = re.compile(
    r"[,;](?=\s)|:|\(|\s[–—-]\s|[–—]|\s(?:which|who|whom|whose|that|where|when|while|because|although"
    r"|though|after|before|until|till|if|unless|as|but|whereas|so|than|since|and|or)\s"
)
NEW_CLAUSE = re.compile(
    r",\s(?:and|but)\s(?:\w+\s)?(?:was|were|is|had|the|it|he|she|they)\b"
    r"|,\s(?:which|who|where|when|while|although|making|after|with)\b"
)
IS_A = re.compile(r"(a|an|the|one of)\s")
KIND = re.compile(
    r"(?:an?|the) (?:\w+ ){0,2}(?:process|study|practice|branch|ability|science|art|condition|type|"
    r"kind|form|method|theory|system|technique|disease|substance|field|measure|act|way) "
    r"(?:of|in|for|by|that)\b"
)
UNIQUE = re.compile(
    r"the (?:\w+-)?(?:only|first|last|largest|smallest|highest|longest|oldest|capital|most \w+|"
    r"second[- ]\w+|third[- ]\w+|tallest|biggest|deepest|busiest|richest|youngest|founder|author|"
    r"president|director|official|birthplace|\w+est)\b"
)
CALLED = re.compile(
    r"(?:commonly |often |usually |generally |sometimes )?"
    r"(?:called|named|known as|referred to as) (?!after|for|by)"
)
ON_DATE = re.compile(r"(?:^|\s)(?:in|on|around|about)(?: the)?(?: early| late| mid)? $")
ON_DATE_ONLY = re.compile(r"(?:in|on) (?:[A-Z]\w+ )?(?:\d{1,2},? )?\d{4}$")
AFTER_DATE = re.compile(r"\s(?:by|in|at|with|for|from|to|on|under|near|during|through)\s")
BY = re.compile(r"(?:[a-z]+ly )?(\w+)(?: [a-z]+ly)?( in [\w ]{3,20})? by ")
OBJECT = re.compile(r"(?:the|a|an|[A-Z]\w+)\b")
AT = re.compile(r"(?:(\w+) )?(?:in|at|on|near) ")
ABOUT = re.compile(
    r"(?:about|approximately|over|more than|nearly|almost|around|roughly|some|only|just|at least|"
    r"up to|a total of|a record|fewer than|less than) "
)
COUNTED = re.compile(
    r"(?P<noun>(?:(?!(?:of|in|on|at|for|to|by|and|or|with|from|per|as|times)\b)[\w'’-]+ ){0,2}?"
    r"(?:(?!(?:times|as|is|was|has|percent|of)\b)[a-z-]{2,}[^s\W]s|people|children|men|women))"
    r"(?P<tail>$| (?:in|on|at|for|to|by|with|from|per|of|within|across|during|around|against) .*)"
)
TAIL_BAD = re.compile(r"\b(?:and|or)\b|(?:\w+\W+){8}")
ENDED = re.compile(
    r",\s(?:which|who|whose|where|when|but|an?|the|located|with|from|for|after|before|as|\w+ed|\w+ing|"
    r"and (?:is|was|are|were|has|had|the|it|he|she))\b"
)
LISTED = re.compile(r"\s*,\s*(?:\d|and |two|three|four|five|six|seven|eight|nine|a |an )|\s*\(")
SIZE = re.compile(
    r"(?:an? )(?:\w+ )?(population|area|length|height|depth|width|budget|capacity|diameter|mass|"
    r"weight|speed|circulation|workforce|membership|GDP|enrollment|enrolment) of "
    r"(?:about |approximately |over |more than |nearly |almost |around |roughly |some )?"
)
TALL = re.compile(r"(long|high|tall|wide|deep|thick|old)(?: .*)?")
QUANTITY = re.compile(
    r"the (?:\w+ ){0,3}?(?:population|area|length|height|depth|width|budget|capacity|price|cost|"
    r"fee|rate|limit|distance|temperature|speed|weight|salary|maximum|minimum|fine|age|deadline|"
    r"average|median|total|share|revenue|income|threshold|size)\b"
)
APPOSED = re.compile(
    r"(?P<name>[A-Z][\w'’.-]*(?: [\w'’.&-]+){0,4}), (?P<said>(?:an?|the) [^,;:()]+), "
    r"(?P<verb>is|was|has|had|calls|called|says|said|reports|made|wrote|became|won|led|founded|"
    r"[a-z]+ed)\b"
)
ACRONYM = re.compile(r" \(([A-Z][A-Za-z]?[A-Z&]{1,6})\)")
