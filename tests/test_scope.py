"""Roles and scope become canonical English names, in every locale and form, and leave the text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indexer.records import Article
from tests.articles import ORIGIN, PARSER, article, english, pair, texts


def scope_of(found: Article) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return found.edition.roles, found.edition.applies_to


def in_locale(locale: str, markdown: str) -> Article:
    return PARSER.parse(markdown, replace(ORIGIN, locale=locale)).article


LINE = pair(
    "**適切なロール**: グローバル管理者 | 管理エージェント",
    "**Appropriate roles**: Global admin | Admin agent",
)


def test_a_line_with_bars_gives_its_names_in_order() -> None:
    found = article(f"# 席\n\n{LINE}\n\n本文です。\n")
    assert scope_of(found) == (("Global admin", "Admin agent"), ())
    assert texts(found) == ["本文です。"]
    assert found.scope == ("適切なロール: グローバル管理者 | 管理エージェント",)


def test_a_list_under_its_label_gives_its_items() -> None:
    markdown = (
        f"{pair('**適用対象**', '**Applies to**')}\n\n- {pair('パートナー センター', 'Partner Center')}\n\n"
        f"{pair('**適切な役割**：', '**Appropriate roles**:')}\n\n"
        f"- {pair('管理者', 'Global admin')}\n- {pair('営業', 'Sales agent')}\n\n{pair('本文。', 'Text.')}\n"
    )
    for found in (article(markdown), english(markdown)):
        assert scope_of(found) == (("Global admin", "Sales agent"), ("Partner Center",))
    assert texts(article(markdown)) == ["本文。"]
    assert article(markdown).scope == ("適用対象", "パートナー センター", "適切な役割：", "管理者", "営業")


def test_an_ordinary_list_behind_the_label_is_left_alone() -> None:
    found = article(f"{LINE}\n\n本文:\n\n- 一つ\n\n適切なロール\n\n説明です。\n\n- 二つ\n")
    assert scope_of(found)[0] == ("Global admin", "Admin agent")
    assert texts(found) == ["本文:\n一つ\n説明です。\n二つ"]


def test_scope_is_found_below_later_headings_and_repeats_count_once() -> None:
    found = article(f"# 席\n\n本文です。\n\n## 追加\n\n{LINE}\n\n詳しくはこちらです。\n\n{LINE}\n")
    assert scope_of(found) == (("Global admin", "Admin agent"), ())
    assert texts(found) == ["本文です。", "詳しくはこちらです。"]


@pytest.mark.parametrize(
    ("locale", "line", "expected"),
    [
        ("de-de", "**Geeignete Rollen**: Globaler Administrator", ("Global admin",)),
        ("ja-jp", "適切な ロール: 管理エージェント|グローバル管理者", ("Admin agent", "Global admin")),
        ("ko-kr", "**적절 한 역할**: 전역 관리자", ("Global admin",)),
        ("ru-ru", "**Соответствующие роли** — глобальный администратор", ("Global admin",)),
        ("zh-hk", "適當的角色：全域管理員", ("Global admin",)),
        ("en-us", "Appropriate users: Help agent", ("Help agent",)),
        ("xx-yy", "**Appropriate roles**: Sales agent", ("Sales agent",)),
    ],
)
def test_without_english_the_label_table_of_the_locale_is_used(
    locale: str, line: str, expected: tuple[str, ...]
) -> None:
    assert in_locale(locale, f"{line}\n\ntext").edition.roles == expected


def test_every_locale_of_the_table_knows_both_labels_and_the_commonest_role() -> None:
    for locale, labels in PARSER.labels.items():
        assert set(labels.kinds.values()) == {"roles", "applies_to"}, locale
        assert "Global admin" in labels.names.values(), locale


def test_a_name_that_no_table_knows_stays_as_written() -> None:
    found = article(pair("**適切なロール**: 庭師", "**Appropriate roles**: **Gardener**."))
    assert found.edition.roles == ("Gardener",)
    assert in_locale("ja-jp", "適切なロール: 庭師\n\n本文").edition.roles == ("庭師",)


@pytest.mark.parametrize(
    "text",
    [
        "この規則が適用される対象: 全員",
        "適切なロールを選びます。",
        pair("適切なロール: 説明", "The right role: an explanation"),
        f"適切なロール: {'あ' * 400}",
    ],
)
def test_prose_is_no_scope(text: str) -> None:
    found = article(text)
    assert scope_of(found) == ((), ())
    assert found.scope == ()
    assert len(texts(found)) == 1
