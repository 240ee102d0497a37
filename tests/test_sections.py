"""Sections: their anchors and heading paths, and what is folded because it says nothing alone."""

from __future__ import annotations

import pytest

from indexer.records import Section
from indexer.sections import slug
from tests.articles import article, blocks, english, pair, quoted, texts

LONG = "これは席についての長い本文です。" * 4
TITLE = f'# <a name="seats"></a>{pair("席", "Seats", 103)}\n\n'


def heading(anchor: str, target: str, source: str, level: int = 2) -> str:
    return f'\n\n{"#" * level} <a name="{anchor}"></a>{pair(target, source)}\n\n'


def anchors(markdown: str) -> list[tuple[str, str]]:
    return [(found.anchor, found.url_anchor) for found in article(markdown).sections]


def folded(found: Section) -> list[str]:
    return [text for kind, text in blocks(found) if kind == "folded"]


@pytest.mark.parametrize(
    ("written", "anchor"),
    [
        ('<a name="add"></a>追加', "add"),
        ('<a id="7"/>追加', "7"),
        ('<a href="" id="add">追加</a>', "add"),
        ("<a name=add></a><a name='other'></a>追加", "add"),
        ("追加 <a name='add'></a>", "add"),
        (pair('<a name="add"></a>追加', "Add"), "add"),
        ('<a href="https://help.example/?id=7">追加</a>', "追加"),
        (pair("席の追加", "Add seats (new!)"), "add-seats-new"),
        ("席の追加 A_1", "席の追加-a_1"),
    ],
)
def test_the_anchor_is_the_first_one_written_and_else_made_of_the_english_heading(
    written: str, anchor: str
) -> None:
    assert anchors(f"## {written}\n\n本文。") == [(anchor, anchor)]


def test_a_slug_keeps_letters_digits_and_hyphens() -> None:
    assert slug("  Wie geht's — 2. Teil?\n") == "wie-gehts-2-teil"


def test_a_repeated_anchor_gets_a_suffix_and_the_url_of_its_ancestor() -> None:
    markdown = "".join(
        [
            heading("may", "五月", "May"), LONG, heading("details", "詳細", "Details", 3), LONG,
            heading("june", "六月", "June"), LONG, heading("details", "詳細", "Details", 3), LONG,
            heading("details-1", "別", "Other"), LONG,
        ]
    )  # fmt: skip
    assert anchors(TITLE + markdown) == [
        ("may", "may"),
        ("details", "may"),
        ("june", "june"),
        ("details-1", "june"),
        ("details-1-1", "details-1"),
    ]


def test_text_above_the_first_heading_has_no_anchor() -> None:
    assert anchors(f"前書きです。\n\n{TITLE}本文です。") == [("", ""), ("seats", "seats")]


def test_the_heading_path_leaves_the_title_out() -> None:
    markdown = f"{TITLE}本文。{heading('add', '追加', 'Add')}本文。{heading('one', '一つ', 'One', 4)}本文。"
    paths = [(found.headings, found.source_headings) for found in article(markdown).sections]
    assert paths == [((), ()), (("追加",), ("Add",)), (("追加", "一つ"), ("Add", "One"))]
    assert [found.headings for found in english(markdown).sections] == [(), ("Add",), ("Add", "One")]
    assert [found.source_headings for found in english(markdown).sections] == [(), (), ()]


def test_a_heading_without_english_stands_in_the_english_path_as_it_is() -> None:
    markdown = f"{TITLE}本文。\n\n## Azure\n\n本文。{heading('one', '一つ', 'One', 3)}本文。"
    paths = [found.source_headings for found in article(markdown).sections]
    assert paths == [(), (), ("Azure", "One")]


def test_a_heading_between_headings_is_no_section_but_part_of_the_path() -> None:
    markdown = f"{TITLE}{heading('add', '追加', 'Add')}{heading('one', '一つ', 'One', 3)}本文。"
    (only,) = article(markdown).sections
    assert (only.anchor, only.headings, only.text) == ("one", ("追加", "一つ"), "本文。")


# Folding: the text of what says nothing alone is kept for search.

NEXT = f"{heading('next', '次の手順', 'Next steps')}- [{pair('払う', 'Pay', 110)}](pay.md)\n"


def test_links_alone_are_folded_into_the_section_before() -> None:
    (only,) = article(f"{TITLE}{pair('本文。', 'Text.')}{NEXT}").sections
    assert only.text == "本文。\n次の手順\n払う"
    assert folded(only) == ["次の手順\n払う"]
    assert quoted(only) == [("本文。", "Text."), ("払う", "Pay")]


def test_what_opens_a_group_is_folded_into_its_next_sibling() -> None:
    markdown = (
        f"{TITLE}本文。{heading('may', '五月', 'May')}{heading('categories', '分類', 'Categories', 3)}"
        f"[席](a.md){heading('details', '詳細', 'Details', 3)}{pair('説明です。', 'It says.')}"
    )
    first, second = article(markdown).sections
    assert (first.text, second.text) == ("本文。", "分類\n席\n説明です。")
    assert second.headings == ("五月", "詳細")
    assert folded(second) == ["分類\n席"]
    assert quoted(second) == [("席", None), ("説明です。", "It says.")]


def test_what_ends_a_group_stays_in_it() -> None:
    markdown = (
        f"{TITLE}{heading('may', '五月', 'May')}{heading('details', '詳細', 'Details', 3)}一つ目の本文。"
        f"{heading('faq', '質問', 'FAQ', 4)}答えです。{heading('next', '次', 'Next', 3)}[払う](a.md)"
        f"{heading('june', '六月', 'June')}{heading('kinds', '分類', 'Kinds', 3)}[席](b.md)"
        f"{heading('more', '説明', 'More', 3)}二つ目の本文。"
    )
    assert texts(article(markdown)) == ["一つ目の本文。", "答えです。\n次\n払う", "分類\n席\n二つ目の本文。"]


def test_headings_that_repeat_lose_no_section() -> None:
    markdown = "".join(
        [
            TITLE, heading("a", "甲", "A"), heading("x", "一", "X", 3), "本文の一つ目です。",
            heading("b", "乙", "B"), heading("y", "二", "Y", 3), "[二](a.md)",
            heading("a", "甲", "A"), heading("z", "三", "Z", 3), "[三](a.md)",
            heading("b", "乙", "B"), heading("q", "四", "Q", 3), "本文の二つ目です。",
        ]
    )  # fmt: skip
    assert texts(article(markdown)) == ["本文の一つ目です。", "二\n二\n甲\n三\n三\n本文の二つ目です。"]


def test_several_are_folded_in_reading_order() -> None:
    markdown = f"{TITLE}本文。{NEXT}{heading('contact', '連絡', 'Contact')}[窓口](b.md)\n"
    (only,) = article(markdown).sections
    assert folded(only) == ["次の手順\n払う", "連絡\n窓口"]
    assert quoted(only) == [("本文。", None), ("払う", "Pay"), ("窓口", None)]


def test_the_heading_above_folded_sections_is_kept_once() -> None:
    markdown = (
        f"{TITLE}本文。{heading('may', '五月', 'May')}{heading('next', '次', 'Next', 3)}[払う](a.md)"
        f"{heading('more', '他', 'More', 3)}[席](b.md)"
    )
    assert texts(article(markdown)) == ["本文。\n五月\n次\n払う\n他\n席"]


def test_an_article_of_nothing_but_links_is_one_section() -> None:
    markdown = f"{TITLE}[一](a.md){NEXT}"
    assert texts(article(markdown)) == ["一\n次の手順\n払う"]


def test_an_empty_section_loses_nothing_but_stands_for_nothing() -> None:
    assert texts(article(f"{TITLE}本文。{heading('empty', '空', 'Empty')}")) == ["本文。\n空"]
    assert texts(article(TITLE)) == [""]
    assert texts(article("")) == []


def test_a_link_with_a_sentence_around_it_is_content() -> None:
    markdown = (
        f"{TITLE}本文。{heading('pay', '支払い', 'Pay')}支払いは毎月の[請求書](bill.md)で確認してください。"
    )
    assert len(article(markdown).sections) == 2


def test_a_table_header_without_rows_is_no_content() -> None:
    markdown = f"{TITLE}本文。{heading('kinds', '種類', 'Kinds')}種類 | 数\n--- | ---\n"
    assert folded(article(markdown).sections[0]) == ["種類\n種類 | 数"]


def test_an_image_alone_is_no_content() -> None:
    markdown = f"{TITLE}本文。{heading('figure', '図', 'Figure')}![席の図](a.png)\n"
    assert folded(article(markdown).sections[0]) == ["図\n席の図"]


def test_an_empty_line_stands_for_what_one_side_has_alone() -> None:
    before, after = pair("前。", "Before.", 110), pair("後。", "After.", 111)
    picture = ':::image type="content" source="a.png" alt-text="席の図":::'
    markdown = f"{TITLE}{before}\n\n{picture}\n\n{picture}\n\n{after}\n\n{picture}\n"
    assert texts(english(markdown)) == ["Before.\n\nAfter."]
    assert texts(article(markdown)) == ["前。\n席の図\n席の図\n後。\n席の図"]


@pytest.mark.parametrize(
    "picture",
    [
        "![席の図](a.png)",
        "[![席の図](a.png)](a.png#lightbox)",
        pair("![席の図](a.png)", "![Seats](a.png)"),
        pair("[![席の図](a.png)](a.png#lightbox)", "[![Seats](a.png)](a.png#lightbox)"),
    ],
)
def test_a_picture_is_known_however_it_is_written(picture: str) -> None:
    found = article(f"{TITLE}本文。\n\n{picture}\n").sections[0]
    assert blocks(found) == [("paragraph", "本文。"), ("image", "席の図")]


def test_a_picture_among_words_is_a_paragraph() -> None:
    found = article(f"{TITLE}{pair('図は ![席](a.png) です。', 'See ![seats](a.png).')}\n").sections[0]
    assert [kind for kind, _ in blocks(found)] == ["paragraph"]


def test_a_short_section_whose_heading_repeats_is_no_content() -> None:
    short, markdown = heading("audience", "対象", "Audience"), f"{TITLE}本文。"
    assert len(article(f"{markdown}{short}全員です。").sections) == 2
    assert len(article(f"{markdown}{short}全員です。{short}全員です。").sections) == 1
    assert len(article(f"{markdown}{short}{LONG}{short}{LONG}").sections) == 3
