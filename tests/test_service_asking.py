"""Which locale a question is asked in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from indexer import UnknownLocale
from service.asking import LocaleChoice, WordGuesser, accepted_locales, chinese_locale, choose_locale

AVAILABLE = ["de-de", "en-us", "ja-jp", "pt-br", "zh-cn", "zh-tw"]


def choose(
    field: str | None = None, header: str | None = None, available: Sequence[str] = AVAILABLE
) -> LocaleChoice:
    return choose_locale(
        field=field,
        accept_language=header,
        text="words",
        available=available,
        guess=lambda text, available: f"guess of {text}",
    )


@pytest.fixture(scope="module")
def guesser() -> WordGuesser:
    return WordGuesser()


def test_the_field_comes_before_the_header() -> None:
    assert choose("ja-jp", "de-de") == LocaleChoice("ja-jp", "ja-jp", guessed=False)


def test_another_locale_of_the_fields_language_serves_and_is_flagged() -> None:
    choice = choose("de-AT")
    assert choice == LocaleChoice("de-at", "de-de", guessed=False)
    assert choice.nearest
    assert choose("zh_HK").served == "zh-tw"
    assert not choose("de-de").nearest


def test_a_field_whose_language_is_not_there_is_refused_with_the_list() -> None:
    with pytest.raises(UnknownLocale) as refusal:
        choose("sv-se", "de-de")
    assert refusal.value.asked == "sv-se"
    assert refusal.value.available == tuple(AVAILABLE)


def test_a_field_that_is_no_tag_is_refused() -> None:
    with pytest.raises(ValueError, match="no language tag"):
        choose("!!")


def test_the_header_serves_by_weight() -> None:
    assert choose(None, "sv, de-AT;q=0.4, ja;q=0.8") == LocaleChoice("ja", "ja-jp", guessed=False)


def test_an_unmatched_header_falls_through_to_a_guess() -> None:
    choice = choose(None, "sv-SE, *;q=0.5")
    assert choice == LocaleChoice(None, "guess of words", guessed=True)
    assert not choice.nearest


def test_an_index_without_locales_is_named() -> None:
    with pytest.raises(UnknownLocale, match="there are: none"):
        choose(available=[])


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("da, en-GB;q=0.8, en;q=0.7", ["da", "en-gb", "en"]),
        ("en;q=0.1,de;q=0.9 , fr ; q = 0.5", ["de", "fr", "en"]),
        ("de;q=0, en", ["en"]),
        ("de;q=2, en;q=-1, fr;q=nan, it;q=, ja;q=x", []),
        ("", []),
        (",,;;q=1,*", []),
        ("de;level=1;q=0.5, en;q=0.6", ["en", "de"]),
        ("\x00, äö, de", ["de"]),
        (",".join(["xx"] * 60) + ",de", ["xx"] * 50),
    ],
)
def test_accept_language_is_read_by_weight_and_junk_is_left_out(header: str, tags: list[str]) -> None:
    assert accepted_locales(header) == tags


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("Wann darf der Anbieter meinen Kunden schreiben?", "de-de"),
        ("ベンダーはいつお客様に書きますか", "ja-jp"),
        ("Quando o fornecedor pode escrever aos clientes?", "pt-br"),
        ("When may the vendor write to my customers?", "en-us"),
        ("供應商何時可以寫信給客戶？", "zh-tw"),
        ("供应商什么时候可以写信给客户？", "zh-cn"),
        ("12345 ?!", "en-us"),
    ],
)
def test_a_guess_reads_the_words(guesser: WordGuesser, text: str, locale: str) -> None:
    assert guesser(text, AVAILABLE) == locale


def test_a_guess_is_always_one_of_the_available_locales(guesser: WordGuesser) -> None:
    assert guesser("Wann darf der Anbieter schreiben?", ["ja-jp", "zh-tw"]) in {"ja-jp", "zh-tw"}
    assert guesser("供应商什么时候可以写信给客户？", ["ja-jp", "zh-tw"]) == "zh-tw"
    assert guesser("12345", ["ja-jp", "zh-tw"]) == "ja-jp"
    assert guesser("hello there my friend", ["en-gb"]) == "en-gb"


def test_chinese_characters_that_both_scripts_have_are_simplified() -> None:
    assert chinese_locale("中文") == "zh-cn"
    assert chinese_locale("") == "zh-cn"
