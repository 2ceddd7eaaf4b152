"""Metrics of one reply against hand-computed values."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.cases import Case, Evidence
from rag.evaluation.metrics import (
    METRICS,
    PROPORTIONS,
    ROW_METRICS,
    answer_in_quotes,
    applicable_metrics,
    citation_precision,
    citation_recall,
    exact_match,
    f1,
    groundedness,
    rouge_l,
    row_metrics,
)
from rag.evaluation.ranking import applicable, rank
from rag.records import Answer, Outcome, Passage, Sentence

from .parts import document, passage, quote, reply, said

NO_EVIDENCE = Answer(Outcome.NO_EVIDENCE)
REFUSALS = [Outcome.NO_EVIDENCE, Outcome.WITHHELD]


def case(*evidence: Evidence, answers: tuple[str, ...] = ("x",), answerable: bool = True) -> Case:
    return Case("c", "?", answers, answerable, evidence)


# --- answers -----------------------------------------------------------------------------------


def test_f1_by_hand() -> None:
    # Four words said, two wanted, two shared: precision 1/2, recall 1.
    assert f1("It began November 2022", ["November 2022"]) == pytest.approx(2 / 3)
    assert f1("november 2022", ["spring", "The November, 2022!"]) == 1.0
    # Repetition counts: one "no" wanted, three said.
    assert f1("no no no", ["no"]) == pytest.approx(0.5)
    assert f1("nothing", ["else"]) == 0.0
    assert f1("anything", []) == 0.0
    assert f1("丢了308分", ["308 分"]) == pytest.approx(2 * 2 / (4 + 2))


@given(st.text(max_size=40), st.text(max_size=40))
def test_f1_is_symmetric_and_in_range(one: str, other: str) -> None:
    value = f1(one, [other])
    assert 0.0 <= value <= 1.0
    assert value == f1(other, [one])
    assert f1(one, [one]) == 1.0


@given(st.text(max_size=30), st.text(max_size=30))
def test_exact_match_implies_full_f1(one: str, other: str) -> None:
    if exact_match(one, [other]):
        assert f1(one, [other]) == 1.0


def test_exact_match() -> None:
    assert exact_match("The Trust.", ["trust"]) == 1.0
    assert exact_match("Trust house", ["trust"]) == 0.0
    assert exact_match("136次", ["x", "136 次"]) == 1.0


def test_rouge_l_by_hand_and_best_reference() -> None:
    # Longest common subsequence "the cat mat" of 5 and 3 words: F = 2 * 3 / (5 + 3).
    assert rouge_l("the cat on blue mat", ["the cat mat"]) == pytest.approx(0.75)
    assert rouge_l("the cat on blue mat", ["dog", "the cat mat"]) == pytest.approx(0.75)
    # No stemming.
    assert rouge_l("cats", ["cat"]) == 0.0


def test_answer_stands_in_one_quote_as_whole_words() -> None:
    assert answer_in_quotes(["It has 175 billion parameters."], ["175 Billion"]) == 1.0
    assert answer_in_quotes(["It has 1175 billion."], ["175 billion"]) == 0.0
    assert answer_in_quotes(["It has 175", "billion reasons"], ["175 billion"]) == 0.0
    assert answer_in_quotes(["anything"], ["The"]) == 0.0
    assert answer_in_quotes([], ["x"]) == 0.0
    assert answer_in_quotes(["لديه ١٣٦ نقطة."], ["١٣٦"]) == 1.0


# --- finding -----------------------------------------------------------------------------------


def by_document(evidence: Sequence[Evidence], found: Sequence[Passage]) -> tuple[float, float]:
    values = rank(evidence, found)
    return values["ndcg@10"], values["mrr@10"]


def test_ndcg_and_mrr_by_document() -> None:
    a, b, c = document("a"), document("b"), document("c")
    evidence = [Evidence("b"), Evidence("missing"), Evidence("b", 3)]
    found = [passage(1, a), passage(2, a), passage(3, b), passage(4, b), passage(5, c)]
    ndcg, mrr = by_document(evidence, found)
    # Folded to a, b, c: b is second; two documents would have been right.
    assert ndcg == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert mrr == 0.5


def test_pages_and_quotes_are_ranked_too() -> None:
    a = document("a")
    found = [
        passage(1, a, "nothing", 1),
        passage(2, a, "the ferry costs four euros", 2),
        passage(3, a, "dogs travel free of charge", 2),
        passage(4, a, "nothing", 3),
    ]
    values = rank(
        [Evidence("a", 2, "dogs travel free"), Evidence("a", 9, "nowhere at all said")], found
    )
    assert (values["document_recall@10"], values["mrr@10"]) == (1.0, 1.0)
    # Pages 1, 2, 3: the second is right, and one of two that would have been.
    assert (values["page_recall@10"], values["page_mrr@10"]) == (0.5, 0.5)
    assert (values["quote_recall@10"], values["quote_mrr@10"]) == (0.5, pytest.approx(1 / 3))
    assert set(rank([Evidence("a")], found)) == applicable([Evidence("a")])


def test_ranks_decide_not_the_order_of_the_tuple() -> None:
    found = [passage(2, document("a")), passage(1, document("b"))]
    assert by_document([Evidence("b")], found) == (1.0, 1.0)


def test_second_name_of_a_document_is_the_same_document() -> None:
    both = [Evidence("a"), Evidence("copy/a")]
    assert by_document(both, [passage(1, document("a", "copy/a"))]) == (1.0, 1.0)
    values = row_metrics(
        case(Evidence("copy/a")), reply(NO_EVIDENCE, [passage(1, document("a", "copy/a"))])
    )
    assert values["document_hit@1"] == 1.0


def test_nothing_found_is_zero_and_the_eleventh_document_is_too_late() -> None:
    assert by_document([Evidence("a")], []) == (0.0, 0.0)
    found = [passage(n, document(str(n))) for n in range(1, 12)]
    assert by_document([Evidence("11")], found) == (0.0, 0.0)
    assert by_document([Evidence("10")], found)[1] == pytest.approx(0.1)


def hits(found: Case, kind: str, *passages: object) -> list[float | None]:
    values = row_metrics(found, reply(NO_EVIDENCE, passages))  # type: ignore[arg-type]
    return [values[f"{kind}_hit@{k}"] for k in (1, 3, 5, 10)]


def test_hits_by_depth() -> None:
    a, b = document("a"), document("b")
    found = (passage(1, b, "q", 2), passage(2, a, "none", 1), passage(3, a, "none", 2))
    found += (passage(4, b, "the right words", 2), passage(5, a, "so the\nright words", 4))
    wanted = case(Evidence("a", 2, "the right words"))
    assert hits(wanted, "document", *found) == [0, 1, 1, 1]
    assert hits(wanted, "page", *found) == [0, 1, 1, 1]
    assert hits(wanted, "quote", *found) == [0, 0, 1, 1]


def test_hits_that_do_not_apply() -> None:
    found = passage(1, document("a"), "x", 1)
    assert hits(case(), "document", found) == [None] * 4
    assert hits(case(Evidence("a")), "page", found) == [None] * 4
    assert hits(case(Evidence("a")), "quote", found) == [None] * 4
    # Only evidence with a page can make a page hit.
    assert hits(case(Evidence("a"), Evidence("a", 2)), "page", found) == [0] * 4


def test_quote_cut_by_a_border_counts_by_the_larger_part() -> None:
    a = document("a")
    wanted = case(Evidence("a", quote="one two three four five"))
    assert hits(wanted, "quote", passage(1, a, "zero. One two three"))[0] == 1
    assert hits(wanted, "quote", passage(1, a, "four five six seven"))[0] == 0
    assert hits(wanted, "quote", passage(1, a, "two three four"))[0] == 1
    assert hits(wanted, "quote", passage(1, a, "x one two three y"))[0] == 0


# --- refusing and grounding ---------------------------------------------------------------------


@pytest.mark.parametrize("outcome", list(Outcome))
def test_refusals_by_outcome(outcome: Outcome) -> None:
    refusal = outcome in REFUSALS
    answer = Answer(outcome) if refusal else said(quote("a", "x"), outcome=outcome)
    yes = row_metrics(case(), reply(answer))
    no = row_metrics(case(answers=(), answerable=False), reply(answer))
    assert (yes["wrongly_refused"], yes["rightly_refused"], yes["wrongly_answered"]) == (
        float(refusal),
        None,
        None,
    )
    assert (no["wrongly_refused"], no["rightly_refused"], no["wrongly_answered"]) == (
        None,
        float(refusal),
        float(not refusal),
    )
    for name in ("answer_in_quotes", "exact_match", "f1", "rouge_l"):
        assert yes[name] == float(not refusal)
        assert no[name] is None


@given(
    st.sampled_from(REFUSALS),
    st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=3),
    st.booleans(),
)
def test_a_refusal_never_has_groundedness(
    outcome: Outcome, supports: list[float | None], answerable: bool
) -> None:
    answer = Answer(outcome, tuple(Sentence("x", (), support) for support in supports))
    assert groundedness(answer) is None
    asked = case(Evidence("a"), answerable=answerable)
    values = row_metrics(asked, reply(answer))
    assert values["groundedness"] is None
    assert values["citation_precision"] is None
    assert values["citation_recall"] == (0.0 if answerable else None)


def test_groundedness_is_the_mean_support_of_checked_sentences() -> None:
    one, two = Sentence("x", (), 1.0), Sentence("y", (), 0.5)
    assert groundedness(Answer(Outcome.PARTLY_SUPPORTED, (one, two))) == 0.75
    assert groundedness(Answer(Outcome.NOT_CHECKED, (one, two))) is None
    assert groundedness(Answer(Outcome.SUPPORTED, (one, Sentence("z", (), None)))) is None
    assert groundedness(Answer(Outcome.SUPPORTED)) is None


def test_withheld_answer_is_looked_at_by_its_quotes_only() -> None:
    answer = Answer(Outcome.WITHHELD, quotes_only=(quote("a", "the x stands here"),))
    values = row_metrics(case(), reply(answer))
    assert values["answer_in_quotes"] == 1.0
    assert values["f1"] == values["exact_match"] == values["rouge_l"] == 0.0
    assert values["wrongly_refused"] == 1.0


# --- citing ------------------------------------------------------------------------------------


def test_citations_by_quote() -> None:
    asked = case(Evidence("a", 1, "one two three four"), Evidence("b", 9, "never cited"))
    right, wrong = quote("a", "two three four five"), quote("a", "something else", start=50)
    elsewhere = quote("c", "one two three four")
    assert citation_precision(asked, said(right, wrong, elsewhere)) == pytest.approx(1 / 3)
    # Evidence items are alternatives: covering one of the two is everything.
    assert citation_recall(asked, said(quote("a", "So: one two three four!"))) == 1.0
    assert citation_recall(asked, said(wrong, elsewhere)) == 0.0


def test_two_quotes_cover_evidence_together() -> None:
    asked = case(Evidence("a", None, "one two three four five six"))
    head, tail = quote("a", "one two three"), quote("a", "four five six", start=20)
    assert citation_recall(asked, said(head)) == 0.0
    assert citation_recall(asked, said(head, tail)) == 1.0
    assert citation_precision(asked, said(head, tail)) == 1.0


def test_citations_by_page_and_document() -> None:
    paged, whole = case(Evidence("a", 2)), case(Evidence("a"))
    answer = said(quote("a", "x", 2), quote("a", "y", 3, start=9))
    assert citation_precision(paged, answer) == 0.5
    assert citation_precision(whole, answer) == 1.0
    assert citation_recall(paged, answer) == 1.0
    assert citation_recall(paged, said(quote("a", "y", 3))) == 0.0


def test_citations_that_do_not_apply() -> None:
    answer = said(quote("a", "x"))
    assert citation_precision(case(), answer) is None
    assert citation_recall(case(), answer) is None
    unanswerable = case(Evidence("a"), answerable=False)
    assert citation_precision(unanswerable, answer) is None
    assert citation_recall(unanswerable, answer) is None
    assert citation_precision(case(Evidence("a")), said(text="bare")) is None
    assert citation_recall(case(Evidence("a")), said(text="bare")) == 0.0


def test_a_place_quoted_twice_counts_once() -> None:
    one = quote("a", "x")
    answer = said(one, one, quote("b", "y"))
    assert [q.text for q in answer.shown] == ["x", "y"]


# --- names -------------------------------------------------------------------------------------


def test_names_are_those_of_the_contract() -> None:
    hit = [f"{kind}_hit@{k}" for kind in ("document", "page", "quote") for k in (1, 3, 5, 10)]
    rest = (
        "ndcg@10 mrr@10 document_recall@10 page_ndcg@10 page_mrr@10 page_recall@10 quote_ndcg@10 "
        "quote_mrr@10 quote_recall@10 answer_in_quotes exact_match f1 rouge_l rightly_refused "
        "wrongly_refused wrongly_answered groundedness citation_precision citation_recall "
        "seconds_p50 seconds_p95 memory_mb"
    )
    assert list(METRICS) == hit + rest.split()
    assert set(ROW_METRICS) >= PROPORTIONS


@given(
    st.booleans(),
    st.sampled_from([(), ("x",), ("猫",)]),
    st.lists(
        st.builds(
            Evidence,
            st.just("a"),
            st.one_of(st.none(), st.just(1)),
            st.one_of(st.none(), st.just("x y")),
        ),
        max_size=2,
    ),
    st.sampled_from(list(Outcome)),
)
def test_values_appear_exactly_where_a_case_makes_them_apply(
    answerable: bool, answers: tuple[str, ...], evidence: list[Evidence], outcome: Outcome
) -> None:
    asked = case(*evidence, answers=answers, answerable=answerable)
    answer = said(quote("a", "x y"), outcome=outcome)
    values = row_metrics(asked, reply(answer, [passage(1, document("a"), "x y", 1)]))
    assert tuple(values) == ROW_METRICS
    present = {name for name, value in values.items() if value is not None}
    by_reply = {"groundedness", "citation_precision"}
    assert present <= applicable_metrics(asked)
    assert present - by_reply == applicable_metrics(asked) - by_reply
    assert all(values[name] in (None, 0.0, 1.0) for name in PROPORTIONS)


def test_importing_the_room_loads_no_heavy_library() -> None:
    code = (
        "import sys, rag.evaluation.run; "
        "print({'torch', 'faiss', 'nltk', 'ir_measures', 'streamlit'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
