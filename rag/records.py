"""The nouns: frozen values that every room speaks in.

Standard library only, so that a script can read an answer without loading a model.

- `Document`, `Page`, `Chunk`: what was loaded. Offsets count Unicode code points from the
  document's beginning, and a text is always exactly the document's text between its offsets.
- `Passage`: a chunk that was found for a question. A score belongs to the finding alone.
- `Quote`, `Sentence`, `Answer`, `Reply`: what a person is shown, and all they need to check it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range `[start, end)` of code points."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Page:
    """One physical page, from 1, or the whole text (`number` None) where a format has no pages."""

    number: int | None
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the document; `level` 1 is the outermost, `start` its place in the text."""

    level: int
    title: str
    start: int


@dataclass(frozen=True, slots=True)
class Document:
    """A document in the library.

    `id` is the SHA-256 of the file's bytes in hex, `name` the path below the folder it was loaded
    from, `also` the further names under which the same bytes were found. `date` is the date or
    period that the document gives itself: "2023-Q2", "2022-07-01", "2022", "" where it gives none.
    `collection` is the library it was found in where several were asked, "" else.
    """

    id: str
    name: str
    title: str
    media_type: str
    page_count: int | None = None
    also: tuple[str, ...] = ()
    date: str = ""
    collection: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of one document, on one page where the format has pages.

    `id` is made of the document's id and the chunk's ordinal: the same on every machine. `place` is
    where a person finds it in the file ("slide 3", "Prices!A5:D12", "lines 3-9"), "" where page and
    headings say all. `columns` and `caption` are those of the table it was cut from.
    """

    id: str
    document_id: str
    text: str
    start: int
    end: int
    page: int | None
    headings: tuple[str, ...] = ()
    place: str = ""
    columns: tuple[str, ...] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk found for a question.

    `rank` counts from 1. `score` is what it was ranked by (higher is better). Its parts: `words`,
    BM25 divided by the best BM25 of the question; `meaning`, cosine similarity; `named`, how far
    the question names the document; all 0..1. `more` are further passages of the same page that
    were found, best first. `flags` are labels for the reader ("reads like an instruction"), never a
    reason to drop text.
    """

    document: Document
    chunk: Chunk
    rank: int
    score: float
    words: float
    meaning: float
    flags: tuple[str, ...] = ()
    named: float = 0.0
    more: tuple[Chunk, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """Exact text of a document, between two offsets.

    `score` says how well it answers the question (0..1), for ranking only. `place` is its own place
    in the file; `headings`, `columns`, `caption` and `flags` come from the passage it was cut from.
    `short` is the short answer inside it, counted from the beginning of `text`, where it is plain.
    """

    document: Document
    page: int | None
    start: int
    end: int
    text: str
    score: float = 0.0
    headings: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    place: str = ""
    columns: tuple[str, ...] = ()
    caption: str = ""
    short: Span | None = None


class Disagreement(StrEnum):
    """What two sources disagree about: `rule` is one allowing or stating what the other denies."""

    NUMBER = "number"
    DATE = "date"
    NAME = "name"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two quotes of different documents that say nearly the same with another value.

    `values` are the words that differ, as they stand in `newer` and `older`. `dated` tells whether
    it is known which of the two is newer; else they stand in the order of their score.
    """

    kind: Disagreement
    newer: Quote
    older: Quote
    values: tuple[str, str]
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of checking one sentence against its quotes.

    `support` is 0..1. `failures` says in words what the quotes do not carry; empty means passed.
    """

    support: float
    failures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer and the quotes it rests on.

    `support` is 0..1, None when it was not checked. `replaced` tells that the generator's own
    sentence failed and its quote stands here instead. `side` names the side of a comparison that it
    is quoted for, "" elsewhere.
    """

    text: str
    quotes: tuple[Quote, ...]
    support: float | None
    replaced: bool = False
    side: str = ""


class Outcome(StrEnum):
    """What became of a question."""

    SUPPORTED = "supported"
    PARTLY_SUPPORTED = "partly_supported"
    WITHHELD = "withheld"
    NO_EVIDENCE = "no_evidence"
    NOT_CHECKED = "not_checked"


class Mode(StrEnum):
    """`quote` answers with the quotes themselves; `generate` lets a model phrase them."""

    QUOTE = "quote"
    GENERATE = "generate"


@dataclass(frozen=True, slots=True)
class Answer:
    """Sentences to show, and what is behind them.

    `quotes_only` are quotes shown without prose, when every sentence was withheld. `withheld` holds
    the sentences that failed with the reasons. `evidence` is the estimated probability (0..1) that
    the quotes hold an answer; `considered` are those quotes as they stood before it was decided
    whether they are enough. `conflicts` are the disagreements among what is quoted.
    """

    outcome: Outcome
    sentences: tuple[Sentence, ...] = ()
    quotes_only: tuple[Quote, ...] = ()
    withheld: tuple[WithheldSentence, ...] = ()
    evidence: float = 0.0
    considered: tuple[Quote, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    @property
    def shown(self) -> tuple[Quote, ...]:
        """Quotes that a person sees, under sentences or alone, each place once, in their order."""
        sentences = (quote for sentence in self.sentences for quote in sentence.quotes)
        places: dict[tuple[str, int, int], Quote] = {}
        for quote in (*sentences, *self.quotes_only):
            places.setdefault((quote.document.id, quote.start, quote.end), quote)
        return tuple(places.values())

    @property
    def text(self) -> str:
        """The answer as prose; "" where nothing may be said."""
        return " ".join(" ".join(sentence.text.split()) for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class WithheldSentence:
    """A sentence the generator wrote that its quotes do not carry."""

    text: str
    quotes: tuple[Quote, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a generator read and wrote, None where nobody counted them.

    `cost` is what they come to at the prices that are set; None without a price or a count.
    """

    tokens_in: int | None
    tokens_out: int | None
    cost: float | None = None

    def plus(self, other: Usage) -> Usage:
        """Both together, without a cost; what is unknown in one is unknown in the sum."""
        return Usage(_sum(self.tokens_in, other.tokens_in), _sum(self.tokens_out, other.tokens_out))

    def priced(self, price_in: float, price_out: float) -> Usage:
        """The same with its cost; prices are for a million tokens each, both 0 for none set."""
        cost = None
        if self.tokens_in is not None and self.tokens_out is not None and (price_in or price_out):
            cost = (self.tokens_in * price_in + self.tokens_out * price_out) / 1_000_000
        return Usage(self.tokens_in, self.tokens_out, cost)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


@dataclass(frozen=True, slots=True)
class Reply:
    """Everything a person or a script needs to check one answer.

    `timings` are wall-clock seconds by step, `models` the identities used ("embedder",
    "generator"), `notes` plain sentences about what could not be done ("no generator installed").
    `searched` is what was looked for instead of the question: a follow-up made complete, or the
    parts of a question that asks several things; () where it is the question itself. `usage` is
    what the generator read and wrote for it. `task` is what kind of
    question it was taken for: "question", or "list", "count", "compare", "summary", "where".
    `cached` tells that it was given before, over the same library, and kept.
    """

    question: str
    mode: Mode
    answer: Answer
    passages: tuple[Passage, ...]
    timings: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, str | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    usage: Usage = Usage(0, 0)
    task: str = "question"
    cached: bool = False

    @property
    def short(self) -> str | None:
        """The short answer marked in a quote shown; None also where several things were asked."""
        for quote in self.answer.shown:
            if quote.short and len(self.searched) < 2:
                return quote.text[quote.short.start : quote.short.end]
        return None


class LoadOutcome(StrEnum):
    """What became of one file of a load."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MOVED = "moved"
    DUPLICATE = "duplicate"
    REMOVED = "removed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FileReport:
    """The account of one file: `name` is its path below the loaded folder."""

    name: str
    outcome: LoadOutcome
    reason: str | None = None
    pages: int | None = None
    chunks: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What a model is, well enough to tell whether two sets of vectors may be compared.

    `digest` is the SHA-256 of the weights. `dtype` is the number type it computes in: a library
    opened in another one stays usable, a different `digest` or `pooling` does not.
    """

    name: str
    digest: str
    dimensions: int
    pooling: str
    dtype: str

    def __str__(self) -> str:
        return f"{self.name} ({self.dimensions} dimensions, {self.digest[:12]})"

    def comparable(self, other: ModelIdentity) -> bool:
        """Whether vectors of the two may stand in one index."""
        return (self.digest, self.dimensions, self.pooling) == (
            other.digest,
            other.dimensions,
            other.pooling,
        )
