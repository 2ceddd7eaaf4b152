"""Terms: the same words give the same terms, in every script, and long text takes no longer."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.terms import LONGEST_TERM, fold, language, question_terms, terms


def _terms(text: str, *languages: str) -> list[str]:
    return list(terms(text, languages or ("en",)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café crème", "cafe creme"),
        ("CAFÉ", "cafe\u0301"),
        ("ﬁnance", "finance"),
        ("İstanbul", "istanbul"),
        ("第１２３号", "第123号"),
        ("company’s", "company's"),
        ("Amcor's", "Amcor"),
        ("dogs' bones", "dog bone"),
        ("1,577,000", "1577000"),
        ("1,577.5", "1577.5"),
    ],
)
def test_spellings_of_one_word_are_one_term(one: str, other: str) -> None:
    assert _terms(one) == _terms(other) != []


@pytest.mark.parametrize(
    ("code", "one", "other"),
    [
        ("en", "running dogs", "run dog"),
        ("de", "Häuser der Verträge", "Haus der Vertrag"),
        ("fr", "les maisons mangées", "les maison manger"),
        ("ru", "книгами документов", "книга документ"),
        ("ar", "كِتَابٌ", "كتاب"),
        ("hi", "किताबें", "किताब"),
        ("he", "שָׁלוֹם", "שלום"),
    ],
)
def test_forms_of_a_word_are_one_stem_in_its_language(code: str, one: str, other: str) -> None:
    assert _terms(one, code) == _terms(other, code)


@pytest.mark.parametrize("word", ["कानून", "שָׁלוֹם", "كِتَابٌ", "தமிழ்", "বাংলা"])
def test_vowel_signs_do_not_cut_a_word(word: str) -> None:
    """They are no letters to Python; each letter by itself would match everywhere."""
    assert len(_terms(word, "xx")) == 1
    assert _terms(f"ab-{word}", "xx") == ["ab", *_terms(word, "xx")]


def test_a_word_has_a_term_in_each_language_where_they_differ() -> None:
    assert _terms("running", "en", "de") == ["run", "running"]
    assert _terms("dog", "en", "de") == ["dog"]


@pytest.mark.parametrize("text", ["東京都", "カタカナ", "ไทย", "ລາວ", "မြန်", "ខ្មែរ"])
def test_scripts_without_spaces_give_characters_and_pairs(text: str) -> None:
    pairs = [text[at : at + 2] for at in range(len(text) - 1)]
    assert _terms(text) == [*text, *pairs]


def test_scripts_may_stand_side_by_side() -> None:
    assert _terms("2022年12月GPT") == ["2022", "年", "12", "月", "gpt"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABC-123", ["abc", "123", "abc123"]),
        ("10-K", ["10", "k", "10k"]),
        ("snake_case", ["snake", "case", "snakecase"]),
        ("well-known", ["well", "known"]),
        ("FY2022", ["fy2022", "fy", "2022"]),
        ("FY22", ["fy22", "fy", "22"]),
        ("2020-2021", ["2020", "2021"]),
        ("3.14", ["3.14"]),
        ("12,34", ["12", "34"]),
        ("_private", ["privat"]),
        ("x²", ["x2"]),
    ],
)
def test_identifiers_and_numbers(text: str, expected: list[str]) -> None:
    assert _terms(text) == expected


@pytest.mark.parametrize("text", ["", " \n", "?!", "--__--", "_" * 40, "\ud800", "\u0301", "🦆"])
def test_text_without_words_has_no_terms(text: str) -> None:
    assert _terms(text) == []
    assert question_terms(text) == []


def test_what_is_too_long_is_no_word() -> None:
    assert _terms("x" * LONGEST_TERM) == ["x" * LONGEST_TERM]
    for text in ("x" * (LONGEST_TERM + 1), "1" * 100, "1,111" + ",111" * 50, "1." + "1" * 100):
        assert not [term for term in _terms(text) if len(term) > LONGEST_TERM]


@given(st.text(), st.lists(st.sampled_from(["en", "de", "ru", "ar", "hi", "zh", "xx"]), min_size=1))
def test_a_term_is_one_word(text: str, languages: list[str]) -> None:
    """They are stored separated by spaces: one with a space inside would be another two."""
    found = list(terms(text, languages))
    assert " ".join(found).split() == found
    assert max(map(len, found), default=0) <= LONGEST_TERM * 18  # U+FDFA alone is 18 letters


@given(st.text(alphabet=st.characters(categories=["L", "N", "M"]), max_size=30))
def test_a_question_has_terms_of_the_document_that_says_the_same(text: str) -> None:
    assert set(question_terms(text)) <= set(terms(text))


def test_one_letter_that_stands_for_words_is_one_term() -> None:
    assert len(_terms("ﷺ")) == 1
    assert fold("ﷺ") == _terms("ﷺ")[0]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where does the heron nest?", ["heron", "nest"]),
        ("What is the heron, the heron?", ["heron"]),
        ("Is it?", ["i", "it"]),
        ("What is the?", ["what", "i", "the"]),
    ],
)
def test_words_that_say_nothing_are_left_out_while_others_are_there(
    question: str, expected: list[str]
) -> None:
    assert question_terms(question) == expected


# -- time --------------------------------------------------------------------------------------

HUGE = 500_000


@pytest.mark.parametrize(
    "text",
    [
        "x" * 5_000_000,
        "1" * HUGE,
        "東" * HUGE,
        "_" * HUGE,
        "a_" * (HUGE // 2),
        "1," * (HUGE // 2),
        "a'" * (HUGE // 2),
        "क्" * (HUGE // 2),
        "\u0301" * HUGE,
    ],
    ids=["word", "digits", "han", "underscores", "snake", "commas", "quotes", "hindi", "marks"],
)
def test_long_text_takes_seconds(text: str) -> None:
    began = time.process_time()
    assert all(len(term) <= LONGEST_TERM for term in terms(text))
    assert time.process_time() - began < 15


def test_fifty_thousand_identifiers_take_seconds() -> None:
    began = time.process_time()
    found = _terms(" ".join(f"PART-{number}" for number in range(50_000)))
    assert {"part", "part0", "part49999"} <= set(found)
    assert time.process_time() - began < 10


# -- language ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The heron nests in the willow by the weir and eats small fish at dawn.", "en"),
        ("Der Vertrag wurde von beiden Seiten unterschrieben und gilt seitdem.", "de"),
        ("Le contrat a été signé à la fin de l'année par les deux parties.", "fr"),
        ("Договор был подписан", "ru"),
        ("合同已签署", "zh"),
        ("契約は署名されました", "ja"),
        ("สัญญา", "th"),
        ("العقد", "ar"),
        ("계약서", "ko"),
        ("", "en"),
        ("Wo ist er?", "en"),
        ("123 456 789", "en"),
    ],
)
def test_language(text: str, expected: str) -> None:
    """A few Latin letters could be any language; other scripts tell at once."""
    assert language(text) == expected


def test_the_language_of_a_long_text_is_told_by_its_beginning() -> None:
    began = time.process_time()
    assert language("Der Vertrag gilt, bis er gekündigt wird. " * 100_000) == "de"
    assert time.process_time() - began < 5
