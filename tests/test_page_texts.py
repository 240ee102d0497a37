"""The pages' texts: the reader's language, and every language whole."""

from __future__ import annotations

from datetime import date

import pytest

from service.confidence import AbstainReason
from service.page_texts import PageLanguages, PageTexts, read_languages

LANGUAGES = read_languages()
ENGLISH = LANGUAGES.choose("en-us", None)


def texts(locale: str) -> PageTexts:
    return LANGUAGES.choose(locale, None)


def test_the_pages_speak_the_languages_of_the_articles_and_one_from_right_to_left() -> None:
    assert LANGUAGES.locales == [
        "ar-sa", "de-de", "en-us", "es-es", "fr-fr", "it-it",
        "ja-jp", "ko-kr", "pt-br", "ru-ru", "zh-cn", "zh-tw",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "header", "chosen"),
    [
        ("ja-jp", "de", "ja-jp"),
        ("de-AT", None, "de-de"),
        ("zh-HK", None, "zh-tw"),
        ("sv-se", "sv, fr;q=0.5, it;q=0.8", "it-it"),
        ("no language!", "ko", "ko-kr"),
        ("", None, "en-us"),
        (None, "sv", "en-us"),
    ],
)
def test_the_language_asked_for_comes_first_then_the_most_wanted_one(
    asked: str | None, header: str | None, chosen: str
) -> None:
    assert LANGUAGES.choose(asked, header).locale == chosen


@pytest.mark.parametrize("reason", AbstainReason)
def test_there_is_a_heading_for_each_reason_of_a_refusal(reason: AbstainReason) -> None:
    assert ENGLISH[reason]


def test_no_text_is_left_in_english() -> None:
    # "Tickets" and "Roles" are words of these languages too.
    shared = {"Tickets", "Ticket {number}", "Roles"}
    same = {
        (locale, key)
        for locale in LANGUAGES.locales
        for key, text in ENGLISH.texts.items()
        if locale != "en-us" and texts(locale)[key] == text and text not in shared and key != "date"
    }
    assert same == set()


@pytest.mark.parametrize(("locale", "codec"), [("zh-cn", "gb2312"), ("zh-tw", "big5")])
def test_each_kind_of_chinese_is_written_in_its_own_characters(locale: str, codec: str) -> None:
    han = {c for text in texts(locale).texts.values() for c in text if "\u4e00" <= c <= "\u9fff"}
    assert {c for c in han if not c.encode(codec, "ignore")} == set()


def test_what_is_filled_in_is_escaped_and_keeps_its_own_direction() -> None:
    assert ENGLISH.fill("guessed", {"locale": "<i>"}) == (
        "Language guessed from the question: <bdi>&lt;i&gt;</bdi>."
    )
    assert ENGLISH.plain("source", {"number": "3"}) == "Source 3"


@pytest.mark.parametrize(
    ("locale", "written"),
    [("en-us", "05/03/2024"), ("de-de", "03.05.2024"), ("fr-fr", "03/05/2024"), ("ja-jp", "2024/05/03"),
     ("ko-kr", "2024. 05. 03.")],
)  # fmt: skip
def test_a_date_is_written_as_the_locale_does(locale: str, written: str) -> None:
    assert texts(locale).day(date(2024, 5, 3)) == f'<time datetime="2024-05-03">{written}</time>'


def test_a_language_is_called_as_it_calls_itself() -> None:
    assert ENGLISH.language("ja-jp") == "日本語 (ja-jp)"
    assert ENGLISH.language("sv-se") == "sv-se"


@pytest.mark.parametrize(
    ("german", "fault"),
    [
        ({"name": "Deutsch"}, "locale de-de and en-us have other texts: ask"),
        ({"name": "Deutsch", "ask": " "}, "the text 'ask' in locale de-de is empty"),
        ({"name": "Deutsch", "ask": "Frage {n}"}, "the text 'ask' in locale de-de is empty or has other"),
    ],
)
def test_a_language_that_is_not_whole_is_refused(german: dict[str, str], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        PageLanguages({"en-us": {"name": "English", "ask": "Ask"}, "de-de": german})


def test_english_is_needed() -> None:
    with pytest.raises(ValueError, match="no texts in locale en-us"):
        PageLanguages({"de-de": {"name": "Deutsch"}})
