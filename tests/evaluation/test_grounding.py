"""One answer, scored: each kind of sentence has a defined value or none, and nothing is NaN."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.answers import Answered, Context
from rag.evaluation.grounding import METRICS, PROPORTIONS, score
from rag.evaluation.results import RowResult, row_from_json

MILL = "The mill burned down in 1912. It was rebuilt by Ann Pike two years later."
FERRY = "The ferry costs 4 euros. Dogs travel free."


def scored(response: str, *texts: str, **named: object) -> RowResult:
    contexts = tuple(Context(text) for text in texts)
    return score(Answered("1", str(named.pop("question", "")), response, contexts, **named))  # type: ignore[arg-type]


def test_a_verbatim_sentence_is_surely_carried() -> None:
    found = scored("The mill burned down in 1912.", MILL)
    assert found.metrics["groundedness"] == 1
    (said,) = found.sentences
    assert (said.context, said.start, said.end) == (0, 0, 29)
    assert said.quote == MILL[0:29] == "The mill burned down in 1912."
    assert said.unsupported == ()


def test_the_quote_stands_where_it_is_said_to_stand() -> None:
    found = scored("Dogs go free. Ann Pike rebuilt the mill.", FERRY, MILL)
    for said, text in zip(found.sentences, (FERRY, MILL), strict=True):
        assert said.start is not None
        assert said.quote == text[said.start : said.end]
        assert said.support is not None
        assert said.support > 0.5
    assert found.metrics["context_use"] == 1


def test_what_stands_nowhere_is_marked() -> None:
    found = scored("The mill burned down in 1915 after Bob Stone fled.", MILL)
    (said,) = found.sentences
    marked = [said.text[span.start : span.end] for span in said.unsupported]
    assert marked == ["1915 after Bob Stone fled"]
    assert set(said.missing) == {"1915", "bob", "stone"}
    assert said.support is not None
    assert said.support < 0.5
    assert found.metrics["supported_sentences"] == 0


def test_citations_are_counted_by_what_they_carry() -> None:
    found = scored("The mill burned down in 1912 [1]. Dogs travel free. [1]", MILL, FERRY)
    assert [said.cited for said in found.sentences] == [(0,), (0,)]
    assert found.metrics["citation_recall"] == 0.5
    assert found.metrics["citation_precision"] == 0.5
    assert found.metrics["groundedness"] == 1


def test_a_needless_citation_costs_precision_alone() -> None:
    found = scored("The mill burned down in 1912 [1, 2].", MILL, FERRY)
    assert found.metrics["citation_recall"] == 1
    assert found.metrics["citation_precision"] == 0.5


def test_a_citation_of_nothing_carries_nothing() -> None:
    found = scored("The mill burned down in 1912 [7].", MILL)
    assert found.metrics["citation_recall"] == 0
    assert found.metrics["citation_precision"] == 0
    assert scored("The mill burned down in 1912.", MILL).metrics["citation_recall"] is None


@pytest.mark.parametrize("response", ["", "   ", "I don't know.", "Sorry, I can't answer that."])
@pytest.mark.parametrize("texts", [(), (MILL,)])
def test_a_refusal_is_never_a_free_point(response: str, texts: tuple[str, ...]) -> None:
    found = scored(response, *texts, references=("1912",), answerable=True)
    assert found.refused is True
    assert found.metrics["groundedness"] is None
    assert found.metrics["wrongly_refused"] == 1
    assert found.metrics["f1"] == 0
    right = scored(response, *texts, answerable=False)
    assert right.metrics["rightly_refused"] == 1
    assert right.metrics["wrongly_answered"] == 0
    assert right.metrics["wrongly_refused"] is None


def test_a_reference_that_declines_says_that_there_is_no_answer() -> None:
    found = scored("In 1912.", MILL, references=("I don't know.",))
    assert found.answerable is False
    assert found.metrics["wrongly_answered"] == 1
    assert found.metrics["f1"] is None


@pytest.mark.parametrize(
    "response", ["Yes.", "No", "Why not?", "```python\nx = 1\n```", "# A title", "Here it is:"]
)
def test_what_states_nothing_is_not_applicable(response: str) -> None:
    found = scored(response, MILL)
    assert found.refused is False
    assert found.metrics["groundedness"] is None
    assert all(said.support is None for said in found.sentences)


def test_without_texts_nothing_is_carried() -> None:
    assert scored("The mill burned down.").metrics["groundedness"] == 0
    assert scored("The mill burned down.", "").metrics["groundedness"] == 0


def test_one_word_is_scored() -> None:
    found = scored("1912", MILL, question="When did the mill burn down?", references=("1912",))
    assert found.metrics["groundedness"] == 1
    assert found.metrics["exact_match"] == 1
    assert found.metrics["answer_relevance"] == 1


def test_lists_tables_and_emphasis_are_read() -> None:
    response = "- **Mill**: burned down in 1912\n\n| what | when |\n|---|---|\n| mill | 1912 |\n"
    found = scored(response, MILL)
    supports = {said.text.strip(): said.support for said in found.sentences}
    assert supports["| what | when |"] is None
    assert (supports["| mill | 1912 |"] or 0) > 0.5
    assert (supports["- **Mill**: burned down in 1912"] or 0) > 0.5


def test_other_scripts_are_scored() -> None:
    text = "磨坊在1912年被烧毁，后来重建。"
    right, wrong = scored("磨坊在1912年被烧毁。", text), scored("磨坊在1920年被拆除。", text)
    assert (right.metrics["groundedness"] or 0) > 0.5 > (wrong.metrics["groundedness"] or 0)
    arabic = "احترق المصنع في عام 1912 ثم أعيد بناؤه."
    assert (scored("احترق المصنع في عام 1912.", arabic).metrics["groundedness"] or 0) > 0.5


@given(
    st.text(max_size=200) | st.sampled_from(["[1]" * 40, "```\n" * 9, "|a|\n|-|\n", "1. 2. 3."]),
    st.lists(st.text(max_size=100), max_size=3),
    st.text(max_size=40),
    st.booleans() | st.none(),
)
def test_every_value_is_a_number_in_bounds_or_none(
    response: str, texts: list[str], question: str, answerable: bool | None
) -> None:
    found = scored(response, *texts, question=question, answerable=answerable)
    assert set(found.metrics) == set(METRICS)
    for name, value in found.metrics.items():
        assert value is None or (math.isfinite(value) and 0 <= value <= 1)
        assert name not in PROPORTIONS or value in (None, 0.0, 1.0)
    for said in found.sentences:
        assert said.text in response
        assert said.support is None or 0 <= said.support <= 1
        if said.context is not None:
            assert said.quote == texts[said.context][said.start : said.end]
        assert all(0 <= span.start < span.end <= len(said.text) for span in said.unsupported)
    assert row_from_json(json.loads(json.dumps(found.as_json(), allow_nan=False))) == found


@pytest.mark.parametrize(
    "response", ["a" * 1_000_000, "a " * 300_000, "b [1]" * 100_000, "|a|b|\n|-|-|\n" * 20_000]
)
def test_the_longest_answers_take_seconds(response: str) -> None:
    assert scored(response, MILL, FERRY * 5_000).refused is False
