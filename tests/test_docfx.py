"""A docfx file becomes an article: its edition from the header, its English from the spans."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from indexer.errors import ArticleError
from indexer.records import Edition, Translation, TranslationType
from tests.articles import ORIGIN, PARSER, article, english, pair, parse, quoted, texts

HEADER = """---
title: 席の追加 | ヘルプ
description: 席を追加する方法です。
ms.date: 05/06/2021
ms.custom:
- announcement
- regions
ms.sourcegitcommit: 7b616ce
ms.translationtype: MT
ms.contentlocale: ja-JP
ms.lasthandoff: 05/18/2021
---
"""
ROLES = pair("**適切なロール**: 管理エージェント", "**Appropriate roles**: Admin agent", 104)
BODY = f"""# <a name="add-seats"></a>{pair("席を追加する", "Add seats", 103)}

{ROLES}

{pair("席を追加します。", "You add seats.", 105)}
"""


def test_the_edition_says_where_the_words_come_from() -> None:
    assert article(HEADER + BODY).edition == Edition(
        path="docs/seats",
        locale="ja-jp",
        title="席を追加する",
        source_title="Add seats",
        description="席を追加する方法です。",
        url="https://help.example/ja-jp/docs/seats",
        updated=date(2021, 5, 6),
        translation=Translation(TranslationType.MACHINE, date(2021, 5, 18), "7b616ce"),
        roles=("Admin agent",),
    )


def test_the_english_side_is_an_article_of_its_own() -> None:
    found = english(HEADER + BODY)
    assert found.edition == Edition(
        path="docs/seats",
        locale="en-us",
        title="Add seats",
        source_title=None,
        description="",
        url="https://help.example/en-us/docs/seats",
        updated=date(2021, 5, 6),
        translation=Translation(TranslationType.SOURCE, date(2021, 5, 18), "7b616ce"),
        roles=("Admin agent",),
    )
    assert texts(found) == ["You add seats."]
    assert [(s.source, s.ordinal) for s in found.sections[0].sentences] == [(None, 105)]


def test_both_sides_have_the_same_anchors() -> None:
    markdown = f"{BODY}\n## {pair('削除', 'Remove')}\n\n{pair('削除します。', 'You remove them.')}\n"
    for found in (article(markdown), english(markdown)):
        assert [part.anchor for part in found.sections] == ["add-seats", "remove"]


def test_a_plain_article_has_no_english() -> None:
    parsed = parse("# 席を追加する\n\n席を追加します。\n")
    assert (parsed.bilingual, parsed.source_article()) == (False, None)
    assert parsed.article.edition.source_title is None
    assert quoted(parsed.article.sections[0]) == [("席を追加します。", None)]


@pytest.mark.parametrize(
    ("written", "locale", "kind"),
    [("MT", "ja-jp", "machine"), ("ht", "ja-jp", "human"), ("", "ja-jp", "human"), ("", "en-us", "source")],
)
def test_the_kind_of_translation(written: str, locale: str, kind: str) -> None:
    parsed = PARSER.parse(f"---\nms.translationtype: {written}\n---\n席", replace(ORIGIN, locale=locale))
    assert parsed.article.edition.translation.type == kind


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: 見出し\n---\n# 席\n\n本文", "席"),
        ("---\ntitle: 見出し\n---\n## 席\n\n本文", "見出し"),
        ("---\ntitle: '見\\u200b出し\n  です'\n---\n本文", "見\\u200b出し です"),
        ('---\ntitle: "見\\u200b出\\u202eし"\n---\n本文', "見出し"),
        ("本文", "seats"),
    ],
)
def test_the_title_is_the_first_heading_then_the_headers_then_the_files(text: str, title: str) -> None:
    assert article(text).edition.title == title


def test_line_ends_of_every_kind_read_alike() -> None:
    unix = HEADER + BODY
    assert article(unix.replace("\n", "\r\n")) == article(unix.replace("\n", "\r")) == article(unix)


def test_a_byte_order_mark_is_no_text() -> None:
    assert article("\ufeff" + HEADER + BODY) == article(HEADER + BODY)


def test_errors_name_the_line_in_the_file() -> None:
    with pytest.raises(ArticleError, match=r"^docs/seats\.md:16: bilingual span 8daaa-9 is not closed"):
        parse(f'{HEADER}# 席\r\n\r\n本文\r\n<span data-ttu-id="8daaa-9">席\r\n')


@pytest.mark.parametrize("text", ["", "\n", "---\n---\n", "<!-- -->", "[a]: b\n"])
def test_a_file_without_text_gives_no_section(text: str) -> None:
    assert article(text).sections == ()


def test_a_parser_keeps_nothing_between_articles() -> None:
    parse("[席]: add.md\n\n[席]\n")
    assert texts(article("[席] を見る")) == ["[席] を見る"]
