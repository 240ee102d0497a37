"""The words that carry content, and how they are compared."""

from __future__ import annotations

import pytest

from service.language_words import read_languages
from service.wording import capitalised_names, content_terms, first_word, matched, same_name, same_stem

LANGUAGES = read_languages()


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("en", "The customers can cancel it within 7 days.", {"customers", "cancel", "days"}),
        ("de", "Die Kunden können es kündigen.", {"kunden", "kündigen"}),
        ("ja", "請求書をメールで送ります。", {"請求", "求書", "メー", "ール", "送"}),
        ("zh", "您可以取消。", {"您可", "可以", "以取", "取消"}),
        ("ko", "고객에게 송장을", {"고객", "객에", "송장"}),
        ("en", "It is the ...", set()),
        ("en", "ＭＡＩＬ", {"mail"}),
    ],
)
def test_terms_carry_content(language: str, text: str, terms: set[str]) -> None:
    assert content_terms(text, LANGUAGES.of(language)) == terms


@pytest.mark.parametrize(
    ("one", "other"),
    [("cancel", "cancelled"), ("kunde", "kunden"), ("клиент", "клиентам"), ("rechnung", "rechnungsbetrag")],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert same_stem(one, other)
    assert same_stem(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("contoso", "contact"), ("day", "days"), ("mail", "main"), ("mailing", "nailing")]
)
def test_other_words_have_another_stem(one: str, other: str) -> None:
    assert not same_stem(one, other)


def test_terms_are_matched_by_stem_where_they_are_long_enough() -> None:
    among = frozenset({"customer", "day", "請求"})
    assert matched(["customers", "days", "請求", "求書"], among) == {"customers", "請求"}


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("en", "You can ask Contoso in Berlin.", {"contoso", "berlin"}),
        ("en", "Contoso asks you.", {"contoso"}),
        ("de", "Der Kunde fragt Contoso.", {"kunde", "contoso"}),
        ("ja", "コントソ社のサーバーで見ます。", {"コントソ", "サーバ"}),
        ("ja", "メモです。", set()),
        ("ja", "Contoso のメモです。", {"contoso"}),
    ],
)
def test_names_are_written_with_capitals_or_in_katakana(language: str, text: str, names: set[str]) -> None:
    assert capitalised_names(text, LANGUAGES.of(language)) == names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("contoso", "contoso"),
        ("kunde", "kunden"),
        ("tag", "tagen"),
        ("клиента", "клиентом"),
        ("компания", "компаниями"),
        ("rechnung", "rechnungsbetrag"),
        ("cancel", "cancellation"),
    ],
)
def test_a_name_may_have_an_ending_or_stand_in_a_compound(one: str, other: str) -> None:
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("contrabble", "contract"),
        ("contrabble", "contrat"),
        ("fabrikam", "fabric"),
        ("ana", "anna"),
        ("a", "b"),
    ],
)
def test_another_name_is_not_the_same_for_beginning_alike(one: str, other: str) -> None:
    assert not same_name(one, other)
    assert not same_name(other, one)


def test_a_sentence_begins_with_its_first_word_where_that_has_its_capital_from_there() -> None:
    texts = ("“Contoso asks.", "7 days", "請求書", "...", "Azure の請求書")
    assert [first_word(text) for text in texts] == ["contoso", "days", "", "", ""]
