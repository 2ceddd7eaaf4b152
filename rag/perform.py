"""A task carried out: a library scanned, two sides looked up, a document summed up, a place named.

The answer is made of quotes as every answer is. What the product says about the library itself
("3 documents mention X") is a note, never a sentence of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from rag import answer, compare, dates, quote, scan
from rag.filters import Filters
from rag.library.folder import Library
from rag.question import complete
from rag.records import Answer, Document, Passage, Quote
from rag.retrieve import Retrieved
from rag.summary import summary
from rag.task import Kind, Task, points_back

MOST_QUOTES = 6
"""Quotes where everything of a kind is asked for, and only the best can be shown."""

ROOM = 1_500
"""Characters of these together."""

_FEW = 3  # documents that are named where several could be meant
_MOST_NAMED = 10  # documents that one side of a comparison may mean, if it is no year
_MEANT = 0.5  # share of a document's name that must be said for "What is X about?"
_OF_A_SIDE = 2
_PLACES = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What was looked up for one question: passages, proven quotes, and whether they are enough."""

    retrieved: Retrieved
    quotes: tuple[Quote, ...]
    enough: bool
    probability: float


Look = Callable[[str, Filters, int, int], Found]
"""Looks up a question: filters, most quotes, and their characters together."""


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to a task, with what `Reply` says beside it."""

    kind: Kind
    answer: Answer
    passages: tuple[Passage, ...] = ()
    notes: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Performer:
    """Carries out tasks over libraries; call inside `reading(libraries)`."""

    libraries: Sequence[Library]
    filters: Filters
    look: Look
    history: Sequence[tuple[str, str]] = field(default=())

    def perform(self, task: Task, question: str) -> Done | None:
        """The task done; None where it turns out to be an ordinary question."""
        if points_back(task):
            # From the questions alone: words of an answer would make a phrase that stands nowhere.
            completed = complete(question, [(earlier, "") for earlier, _ in self.history])
            meant = completed.removeprefix(question.rstrip(" .")).strip(" ()")
            if not meant:
                return None
            task = replace(task, phrase=meant)
        if task.kind is Kind.WHERE:
            return self._where()
        if task.kind is Kind.COMPARE:
            return self._compare(task, question)
        if task.kind is Kind.SUMMARY:
            return self._summary(task, question)
        if not task.exact:
            return self._best_of(task, question)
        return self._mentions(task, question) if task.phrase else self._documents(task)

    # -- documents and what they mention -----------------------------------------------------

    def _accepts(self, task: Task) -> Callable[[Document], bool]:
        """Whether a document is among those that the question and the filters allow."""
        own = Filters(
            folders=(task.folder,) if task.folder else (),
            kinds=task.kinds,
            since=task.since,
            until=task.until,
        )
        return lambda document: self.filters.accepts(document) and own.accepts(document)

    def _mentions(self, task: Task, question: str) -> Done:
        accepts = self._accepts(task)
        found = scan.mentions(task.phrase, self.libraries, accepts, every=task.every)
        words = task.phrase.strip("“”")
        among = _among(task)
        notes = []
        if not found.documents and len(words.split()) > 1 and not task.phrase.startswith("“"):
            apart = scan.mentions(task.phrase, self.libraries, accepts, together=False)
            if apart.documents:
                notes.append(
                    f"No document{among} has “{words}” as it stands. "
                    f"{_have(apart.documents)} its words in one sentence."
                )
                found = apart
        elif found.documents:
            count = _count(len(found.documents), "document")
            mention = "mentions" if len(found.documents) == 1 else "mention"
            said = f"{count}{among} {mention} “{words}”"
            if task.every and found.complete:
                said += f", in {_count(len(found.quotes), 'place')}"
            notes.append(f"{said}.")
        if not found.complete:
            notes.append(f"The first {len(found.quotes):,} places are listed; there are more.")
        if not found.documents:
            notes.append(f"No document{among} mentions “{words}”.")
        if found.titled:
            notes.append(f"Only in its name or title: {_names(found.titled)}.")
        unread = self._unread(accepts)
        if unread:
            notes.append(f"Without any text, so nothing can be found in it: {_names(unread)}.")
        if found.documents:
            return Done(task.kind, answer.of_quotes(found.quotes, 1.0), (), tuple(notes))
        nearest = self.look(question, self.filters, quote.MOST_QUOTES, quote.MOST_CHARACTERS)
        return Done(
            task.kind, answer.no_evidence((), 0.0), nearest.retrieved.passages, tuple(notes)
        )

    def _documents(self, task: Task) -> Done:
        """Documents themselves, each with how it begins."""
        held = self._held(self._accepts(task))
        documents = [document for document, _ in held]
        files = sum(1 + len(document.also) for document in documents)
        said = f"{_count(len(documents), 'document')}{_among(task)}"
        if files != len(documents):
            said += f", found as {_count(files, 'file')}"
        notes = [f"{said}."]
        quotes = scan.beginnings(documents, [library for _, library in held])
        quoted = {each.document.id for each in quotes}
        silent = [document for document in documents if document.id not in quoted]
        if silent:
            notes.append(f"Without any text: {_names(silent)}.")
        made = answer.of_quotes(quotes, 1.0) if quotes else answer.no_evidence((), 0.0)
        return Done(task.kind, made, (), tuple(notes))

    def _held(self, accepts: Callable[[Document], bool]) -> list[tuple[Document, Library]]:
        """All accepted documents, by name, each once, with their library."""
        found: dict[str, tuple[Document, Library]] = {}
        for library in self.libraries:
            collection = str(library.path) if len(self.libraries) > 1 else ""
            for document in library.catalogue.documents():
                if accepts(document):
                    shown = replace(document, collection=collection)
                    found.setdefault(document.id, (shown, library))
        return sorted(found.values(), key=lambda pair: (pair[0].collection, pair[0].name))

    def _unread(self, accepts: Callable[[Document], bool]) -> list[Document]:
        return [
            document
            for document, library in self._held(accepts)
            if not library.indexes().owners.size_of(document.id)
        ]

    def _best_of(self, task: Task, question: str) -> Done:
        """Everything of a kind is no phrase to scan for: the best matches, and that is said."""
        # "List all" is said by no sentence, and would only draw the question away from them.
        found = self.look(_thing(task, question), self.filters, 2 * MOST_QUOTES, 2 * ROOM)
        if not found.enough:
            made = answer.no_evidence(found.quotes, found.probability)
            return Done(task.kind, made, found.retrieved.passages)
        made = answer.of_quotes(_spread(found.quotes), found.probability)
        note = (
            "This asks for everything of a kind, which cannot be searched exhaustively; only the "
            "best matches are shown."
        )
        return Done(task.kind, made, found.retrieved.passages, (note,))

    # -- one document ------------------------------------------------------------------------

    def _summary(self, task: Task, question: str) -> Done | None:
        meant = self._called(task.phrase)
        held = {document.id: (document, library) for document, library in self._held(self._any)}
        if not meant and len(held) == 1 and self.filters.given and task.sure:
            meant = dict.fromkeys(held, 1.0)  # "Summarise the document", and there is but one
        if not task.sure and (len(meant) != 1 or min(meant.values()) < _MEANT):
            return None
        if len(meant) > 1:
            named = [held[identity][0] for identity in meant]
            note = f"“{task.phrase}” may mean any of {len(named)} documents: {_names(named)}."
            return Done(task.kind, answer.no_evidence((), 0.0), (), (note,))
        if not meant:
            done = self._best_of(replace(task, kind=Kind.SUMMARY), question)
            note = f"No document is called “{task.phrase}”: the best matches in all are shown."
            return replace(done, notes=(note,)) if done.notes else done
        document, library = held[next(iter(meant))]
        quotes = summary(document, library)
        if not quotes:
            note = f"{document.name} holds no text to quote from."
            return Done(task.kind, answer.no_evidence((), 0.0), (), (note,))
        notes = [f"Sentences of {document.name} that cover most of what it says; not all of it."]
        if document.id in library.catalogue.lacking_vectors([document.id]):
            notes.append("It is still being loaded: sentences were chosen by their place alone.")
        return Done(task.kind, answer.of_quotes(quotes, 1.0), (), tuple(notes))

    def _any(self, document: Document) -> bool:
        return self.filters.accepts(document)

    def _called(self, phrase: str) -> dict[str, float]:
        """Ids of the documents that a phrase names, and how fully (0..1).

        One whose whole name or title it is; else those in whose name each of its words stands.
        """
        bare = " ".join(phrase.strip("“” ").casefold().split())
        held = self._held(self._any)
        for names in (lambda one: (one.name, *one.also), lambda one: (one.title,), _stems):
            whole = [one for one, _ in held if bare in {name.casefold() for name in names(one)}]
            if whole:
                return {document.id: 1.0 for document in whole}
        allowed = {document.id for document, _ in held}
        found: dict[str, float] = {}
        for library in self.libraries:
            called = library.indexes().names.called(phrase.strip("“” "))
            found.update((key, share) for key, share in called.items() if key in allowed)
        fully = {identity: share for identity, share in found.items() if share == 1.0}
        return fully or found

    # -- two sides ---------------------------------------------------------------------------

    def _compare(self, task: Task, question: str) -> Done | None:
        assert task.sides is not None
        # "the revenue of A and B in 2022": the documents of 2022, where there are some.
        time = " ".join(dates.periods(task.subject))
        named = tuple(
            (self._side(f"{name} {time}") if time else []) or self._side(name)
            for name in task.sides
        )
        left, right = compare.sides(task.sides, task.subject, (named[0], named[1]))
        by_document = bool(left.documents)
        if not by_document and not task.sure:
            return None
        if by_document and not task.subject and len(left.documents) == len(right.documents) == 1:
            done = self._documents_compared(task, left, right)
            if done is not None:
                return done
        both = self.look(question, self.filters, _OF_A_SIDE, quote.MOST_CHARACTERS)
        general = both.quotes if both.enough and not by_document else ()
        probability = both.probability if general else 0.0
        groups: list[tuple[str, tuple[Quote, ...]]] = []
        passages = both.retrieved.passages
        notes: list[str] = []
        for side in (left, right):
            found = self.look(side.question, self._only(side), _OF_A_SIDE, quote.MOST_CHARACTERS)
            probability = max(probability, found.probability if found.enough else 0.0)
            groups.append((side.name, found.quotes if found.enough else ()))
        return self._grouped(task, general, groups, passages, notes, probability)

    def _grouped(
        self,
        task: Task,
        general: tuple[Quote, ...],
        groups: Sequence[tuple[str, tuple[Quote, ...]]],
        passages: tuple[Passage, ...],
        notes: list[str],
        probability: float,
    ) -> Done:
        """One answer of both sides, each quote once, in its first place."""
        taken: set[tuple[str, int]] = set()
        sentences = []
        quotes: list[Quote] = []
        for name, inside in (("", general), *groups):
            for each in inside:
                if (each.document.id, each.start) not in taken:
                    taken.add((each.document.id, each.start))
                    quotes.append(each)
                    sentences.append((each, name))
        if not quotes:
            return Done(task.kind, answer.no_evidence((), probability), passages, tuple(notes))
        notes += [
            f"Nothing was found on this side: {name}" for name, inside in groups if not inside
        ]
        made = answer.of_quotes(quotes, probability)
        sided = tuple(
            replace(sentence, side=name)
            for sentence, (_, name) in zip(made.sentences, sentences, strict=True)
        )
        return Done(
            task.kind,
            replace(made, sentences=sided),
            passages,
            tuple(notes),
            tuple(name for name, _ in groups),
        )

    def _documents_compared(
        self, task: Task, left: compare.Side, right: compare.Side
    ) -> Done | None:
        """Two whole documents: what both speak of, in pairs; else a few sentences of each."""
        homes = {document.id: library for document, library in self._held(self._any)}
        one, other = left.documents[0], right.documents[0]
        pairs = compare.same_things((one, homes[one.id]), (other, homes[other.id]))
        notes = ["Sentences of both documents that are nearest to each other and differ, in pairs."]
        if not pairs[0]:
            pairs = (
                summary(one, homes[one.id], most=compare.MOST_PAIRS),
                summary(other, homes[other.id], most=compare.MOST_PAIRS),
            )
            notes = ["The documents have little in common: a few sentences of each."]
        groups = [(one.name, pairs[0]), (other.name, pairs[1])]
        return self._grouped(task, (), groups, (), notes, 1.0)

    def _side(self, name: str) -> list[Document]:
        """The documents that one side of a comparison names."""
        held = {document.id: document for document, _ in self._held(self._any)}
        called = self._called(name)
        capital = any(word[:1].isupper() for word in name.split())
        if not compare.is_time(name):
            if len(called) > _MOST_NAMED:
                return []
            if not capital and called and max(called.values()) < _MEANT:
                return []
        return [held[identity] for identity in sorted(called)]

    def _only(self, side: compare.Side) -> Filters:
        if not side.documents:
            return self.filters
        return replace(self.filters, documents=tuple(each.name for each in side.documents))

    # -- where it stands ---------------------------------------------------------------------

    def _where(self) -> Done:
        """The places of the last answer's sentences."""
        if not self.history:
            note = "This asks about an answer before it, and there is none."
            return Done(Kind.WHERE, answer.no_evidence((), 0.0), (), (note,))
        earlier, said = self.history[-1]
        if not said.strip():
            note = f"There was no answer to this, so it stands nowhere: {earlier}"
            return Done(Kind.WHERE, answer.no_evidence((), 0.0), (), (note,))
        quotes = scan.said_again(said, self.libraries, self._any, _PLACES)
        if quotes:
            note = "The sentences of the answer before, as they stand in the documents."
            return Done(Kind.WHERE, answer.of_quotes(quotes, 1.0), (), (note,))
        found = self.look(
            said[:_LONGEST_SAID], self.filters, quote.MOST_QUOTES, quote.MOST_CHARACTERS
        )
        note = "No document says it in these words; the nearest that they say is shown."
        if not found.enough:
            made = answer.no_evidence(found.quotes, found.probability)
            return Done(Kind.WHERE, made, found.retrieved.passages, (note,))
        made = answer.of_quotes(found.quotes, found.probability)
        return Done(Kind.WHERE, made, found.retrieved.passages, (note,))


_LONGEST_SAID = 500


def _thing(task: Task, question: str) -> str:
    return f"What are the {task.phrase}?" if task.kind is Kind.LIST else question


def _spread(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """At most `MOST_QUOTES` of them: one of each section first, then further ones, best first."""
    best = sorted(quotes, key=lambda one: (-one.score, one.document.id, one.start))
    seen: set[tuple[str, tuple[str, ...], int | None]] = set()
    first: list[Quote] = []
    further: list[Quote] = []
    for each in best:
        section = (each.document.id, each.headings, each.page)
        (further if section in seen else first).append(each)
        seen.add(section)
    kept, room = [], ROOM
    for each in [*first, *further][:MOST_QUOTES]:
        if len(each.text) <= room:
            kept.append(each)
            room -= len(each.text)
    documents = list(dict.fromkeys(each.document.id for each in best))
    return tuple(sorted(kept, key=lambda one: (documents.index(one.document.id), one.start)))


def _stems(document: Document) -> tuple[str, ...]:
    """The names of a document without folders and endings."""
    names = [name.rpartition("/")[2] for name in (document.name, *document.also)]
    return tuple(part for name in names for part in (name, name.rpartition(".")[0]) if part)


def _names(documents: Sequence[Document]) -> str:
    shown = ", ".join(document.name for document in documents[:_FEW])
    more = len(documents) - _FEW
    return f"{shown} and {more} more" if more > 0 else shown


def _among(task: Task) -> str:
    """Which documents the question was about, where not about all."""
    said = []
    if task.kinds:
        said.append(f" of the kind {' or '.join(task.kinds)}")
    if task.folder:
        said.append(f" in the folder {task.folder}")
    if task.since and task.since == task.until:
        said.append(f" dated {task.since}")
    elif task.since or task.until:
        said.append(f" dated {task.since or 'any time'} to {task.until or 'now'}")
    return "".join(said)


def _have(documents: Sequence[Document]) -> str:
    count = _count(len(documents), "document")
    return f"{count} {'has' if len(documents) == 1 else 'have'}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
