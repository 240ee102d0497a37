"""Locales are lower-case tags; the nearest one shares the language, and for Chinese the script."""

from __future__ import annotations

import pytest

from indexer.locales import is_locale, nearest_locale, normalise_locale

AVAILABLE = ["de-de", "en-us", "ja-jp", "pt-br", "zh-cn", "zh-tw"]


@pytest.mark.parametrize(
    ("tag", "normal"),
    [
        ("ja-JP", "ja-jp"),
        ("zh_Hant_TW", "zh-hant-tw"),
        (" de ", "de"),
        ("es-419", "es-419"),
        ("fil-PH", "fil-ph"),
    ],
)
def test_a_tag_becomes_lower_case_with_hyphens(tag: str, normal: str) -> None:
    assert normalise_locale(tag) == normal


@pytest.mark.parametrize(
    "tag", ["", "j", "japanese", "ja-", "ja jp", "ja-jp\n-x", "日本語", "../etc", "ja" + "-abcdefgh" * 5]
)
def test_what_is_no_tag_is_refused_by_name(tag: str) -> None:
    with pytest.raises(ValueError, match="is no language tag such as ja-jp or de"):
        normalise_locale(tag)


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("ja-jp", "ja-jp"),
        ("ja", "ja-jp"),
        ("de-at", "de-de"),
        ("pt-pt", "pt-br"),
        ("zh-hk", "zh-tw"),
        ("zh-mo", "zh-tw"),
        ("zh-hant", "zh-tw"),
        ("zh-sg", "zh-cn"),
        ("zh-hans-hk", "zh-cn"),
        ("zh", "zh-cn"),
        ("fr-fr", None),
        ("d", None),
    ],
)
def test_the_nearest_locale_has_the_same_language(asked: str, served: str | None) -> None:
    assert nearest_locale(asked, AVAILABLE) == served


def test_the_other_chinese_script_serves_where_it_is_the_only_one() -> None:
    assert nearest_locale("zh-cn", ["ja-jp", "zh-tw"]) == "zh-tw"
    assert nearest_locale("zh-hk", ["zh-cn"]) == "zh-cn"


def test_the_region_named_like_its_language_comes_first() -> None:
    assert nearest_locale("de", ["de-at", "de-de"]) == "de-de"
    assert nearest_locale("es", ["es-mx", "es-419"]) == "es-419"


@pytest.mark.parametrize("name", ["ja-jp", "JA-JP", "zh-Hant-TW", "es-419"])
def test_a_folder_may_be_named_after_a_locale(name: str) -> None:
    assert is_locale(name)


@pytest.mark.parametrize(
    "name", ["ja", "how-to", "opt-in", "add-on", "docs", "ja_jp", "partner-center", "ja-jp-x", ""]
)
def test_other_folders_are_no_locales(name: str) -> None:
    assert not is_locale(name)
