"""The widget's strings: every locale says everything, in its own words."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest

import service

FOLDER = Path(service.__file__).parent / "widget" / "strings"
STRINGS: dict[str, dict[str, str]] = {
    file.stem: json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))
}
ENGLISH = STRINGS["en-us"]
TRANSLATED = sorted(set(STRINGS) - {"en-us"})
# What a language writes in another script than the Latin one.
SCRIPTS = {
    "ar-sa": ("ARABIC",),
    "ja-jp": ("CJK", "HIRAGANA", "KATAKANA"),
    "ko-kr": ("HANGUL",),
    "ru-ru": ("CYRILLIC",),
    "zh-cn": ("CJK",),
    "zh-tw": ("CJK",),
}


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


def has_words(text: str) -> bool:
    """Whether anything but placeholders and punctuation is in it."""
    return any(c.isalpha() for c in re.sub(r"\{\w+\}", "", text))


def test_there_are_the_locales_of_the_articles_and_one_from_right_to_left() -> None:
    assert sorted(STRINGS) == [
        "ar-sa", "de-de", "en-us", "es-es", "fr-fr", "it-it",
        "ja-jp", "ko-kr", "pt-br", "ru-ru", "zh-cn", "zh-tw",
    ]  # fmt: skip


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_locale_has_the_keys_of_the_english_one_in_their_order(locale: str) -> None:
    assert list(STRINGS[locale]) == list(ENGLISH)


@pytest.mark.parametrize("locale", STRINGS)
def test_no_text_is_empty_or_has_blanks_around_it(locale: str) -> None:
    assert [key for key, text in STRINGS[locale].items() if not text or text != text.strip()] == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_text_fills_in_what_the_english_one_does(locale: str) -> None:
    strings = STRINGS[locale]
    assert [key for key in ENGLISH if placeholders(strings[key]) != placeholders(ENGLISH[key])] == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_nothing_is_left_in_english(locale: str) -> None:
    worded = [key for key in ENGLISH if has_words(ENGLISH[key])]
    assert [key for key in worded if STRINGS[locale][key] == ENGLISH[key]] == []


@pytest.mark.parametrize("locale", SCRIPTS)
def test_a_text_is_in_the_script_of_its_language(locale: str) -> None:
    def has_script(text: str) -> bool:
        return any(unicodedata.name(c, "").startswith(SCRIPTS[locale]) for c in text)

    strings = STRINGS[locale]
    assert [key for key, text in strings.items() if has_words(text) and not has_script(text)] == []


@pytest.mark.parametrize(("locale", "codec"), [("zh-cn", "gb2312"), ("zh-tw", "big5")])
def test_each_kind_of_chinese_is_written_in_its_own_characters(locale: str, codec: str) -> None:
    han = {c for text in STRINGS[locale].values() for c in text if "\u4e00" <= c <= "\u9fff"}
    assert {c for c in han if not c.encode(codec, "ignore")} == set()
