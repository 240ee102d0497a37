"""Forms of Markdown that real articles have, each as a small example: what becomes of their text."""

from __future__ import annotations

import pytest

from indexer.errors import ArticleError
from tests.articles import article, blocks, english, pair, parse, quoted, section, texts


def contexts(markdown: str) -> list[tuple[str, str, str]]:
    """Text, context and English context of each block."""
    found = section(markdown)
    return [(found.text[b.start : b.end], b.context, b.source_context) for b in found.blocks]


def test_a_paragraph_keeps_the_english_of_each_sentence() -> None:
    found = section(
        f"{pair('追加します。', 'You add.', 104)} {pair('後で払います。', 'You pay later.', 105)}"
    )
    assert found.text == "追加します。 後で払います。"
    assert blocks(found) == [("paragraph", found.text)]
    assert quoted(found) == [("追加します。", "You add."), ("後で払います。", "You pay later.")]
    assert [sentence.ordinal for sentence in found.sentences] == [104, 105]


def test_several_sentences_in_one_span_are_told_apart() -> None:
    found = section(pair("追加します。後で払います。", "You add. You pay later."))
    assert quoted(found) == [("追加します。", "You add."), ("後で払います。", "You pay later.")]


def test_markup_is_taken_away_on_both_sides() -> None:
    markdown = pair(
        "**席**を[追加](add.md)し、`Get-Seat`を *実行* します。", "**Add** [seats](add.md), run `Get-Seat`."
    )
    assert quoted(section(markdown)) == [("席を追加し、Get-Seatを 実行 します。", "Add seats, run Get-Seat.")]


def test_a_target_over_line_breaks_is_one_line() -> None:
    title, body = pair("席\nの数", "Seats\nand how many"), pair("一行目\n二行目", "Line one\nline two")
    markdown = f"# {title}\n\n{body}\n"
    assert (article(markdown).edition.title, texts(article(markdown))) == ("席 の数", ["一行目 二行目"])
    assert (english(markdown).edition.title, texts(english(markdown))) == (
        "Seats and how many",
        ["Line one line two"],
    )


def test_white_space_of_all_kinds_is_a_blank() -> None:
    assert texts(article(pair("10\u00a0% de\u202fremise", "10% off"))) == ["10 % de remise"]


def test_what_readers_cannot_see_is_dropped() -> None:
    assert texts(article("席\u200bを\u00ad追\u202e加\ufeff")) == ["席を追加"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"席を \*\*追加** します", "席を 追加 します"),
        (r"\*\*\*\*注意", "注意"),
        (r"[English]\(訳\) を選ぶ", "[English](訳) を選ぶ"),
        ("[壊れた](link.md 文章が続く", "[壊れた](link.md 文章が続く"),
        ("`**/*.md` を選ぶ", "**/*.md を選ぶ"),
        ("&lt;名前&gt; &amp; 席", "<名前> & 席"),
        ("<Subscription ID> を入力<br>する", "<Subscription ID> を入力 する"),
        ("<https://help.example> を見る", "https://help.example を見る"),
    ],
)
def test_odd_inline_forms_lose_no_text(written: str, shown: str) -> None:
    assert texts(article(written)) == [shown]
    assert quoted(section(pair(written, written))) == [(shown, shown)]


def test_comments_scripts_and_styles_are_dropped() -> None:
    markdown = (
        f"前<!-- a -->{pair('中<!-- b -->', 'in<!-- b -->')}後\n\n<!-- c\n\nd -->\n\n"
        "<script>\nalert(1)\n</script>\n\n見える <style>p {}</style>文\n"
    )
    assert texts(article(markdown)) == ["前中後\n見える 文"]


def test_raw_html_gives_its_text() -> None:
    assert texts(article("<div>\n<p>一つ</p><p><b>二つ</b></p>\n</div>\n")) == ["一つ 二つ"]


# Alerts and quotations.


@pytest.mark.parametrize("mark", ["> [!NOTE]\n> ", ">[!Important]\n>", "> [!WARNING] ", "> [!TIP]\n>\n> "])
def test_an_alert_loses_its_mark(mark: str) -> None:
    assert quoted(section(mark + pair("注意です。", "Mind this."))) == [("注意です。", "Mind this.")]


def test_a_mark_that_opens_no_quotation_is_text() -> None:
    assert texts(article("> 引用 [!NOTE]\n\n[!NOTE] 席")) == ["引用 [!NOTE]\n[!NOTE] 席"]


# Lists.


def test_an_item_keeps_the_last_sentence_of_its_lead_in() -> None:
    lead = pair("席があります。次の場合に払います。", "There are seats. You pay when:", 104)
    markdown = (
        f"{lead}\n\n- {pair('追加', 'You add')}\n  1. {pair('一つ', 'One')}\n- {pair('削除', 'You remove')}\n"
    )
    assert contexts(markdown)[1:] == [
        ("追加", "次の場合に払います。", "You pay when:"),
        ("一つ", "追加", "You add"),
        ("削除", "次の場合に払います。", "You pay when:"),
    ]


def test_a_heading_ends_the_reach_of_a_lead_in() -> None:
    found = article(f"次の場合\n\n## 席\n\n- {pair('追加', 'You add')}\n").sections[-1]
    assert [block.context for block in found.blocks] == [""]


def test_a_paragraph_inside_an_item_is_an_item() -> None:
    assert blocks(section("払います:\n\n- 追加\n\n  詳しく\n")) == [
        ("paragraph", "払います:"),
        ("item", "追加"),
        ("item", "詳しく"),
    ]


# Tables.

TABLE = f"{pair('種類', 'Kind')} | {pair('数', 'Count')}\n--- | ---\n"


def test_a_row_is_one_sentence_and_keeps_its_column_names() -> None:
    markdown = f"{TABLE}{pair('年間', 'Yearly')} | {pair('10 席', '10 seats')}\n"
    assert contexts(markdown) == [("種類 | 数", "", ""), ("年間 | 10 席", "種類 | 数", "Kind | Count")]
    assert quoted(section(markdown)) == [("年間 | 10 席", "Yearly | 10 seats")]


def test_a_bar_inside_a_target_is_no_cell_border() -> None:
    found = section(f"{TABLE}{pair('年間 | 月間', 'Yearly or monthly')} | {pair('10', '10')}\n")
    assert quoted(found) == [("年間 | 月間 | 10", "Yearly or monthly | 10")]


def test_a_row_without_pairs_has_no_english() -> None:
    markdown = f"{TABLE}Azure | 10\n"
    assert quoted(section(markdown)) == [("Azure | 10", None)]
    assert texts(english(markdown)) == ["Kind | Count\nAzure | 10"]


def test_a_long_row_is_quoted_by_its_sentences() -> None:
    long = "あ" * 399 + "。"
    found = section(f"{TABLE}{pair(long, 'A long one.')} | {pair('短い。', 'Short.')}\n")
    assert quoted(found) == [(long, "A long one."), ("短い。", "Short.")]


def test_a_row_keeps_the_cells_beyond_its_columns() -> None:
    bar = f"{pair('勝ち', 'won')}| {pair('負け', 'lost')} | {pair('125', '125')} |"
    assert quoted(section(f"{TABLE}{bar}\n")) == [("勝ち | 負け | 125", "won | lost | 125")]
    for prefix, indent in (("", ""), ("> ", "> "), ("1. ", "   "), ("- > ", "  > ")):
        markdown = f"{prefix}|a|b|\n{indent}|-|-|\n{indent}|1|2|3|\n"
        assert texts(article(markdown)) == ["a | b\n1 | 2 | 3"]


def test_an_empty_cell_keeps_its_place() -> None:
    assert texts(article("a | b | c\n-|-|-\n1 | | 3\n")) == ["a | b | c\n1 | | 3"]


# Code, images and docfx's own elements.


def test_code_is_kept_as_written() -> None:
    found = section("```powershell\nGet-Seat **all**\n  -Count 2\n```\n")
    assert blocks(found) == [("code", "Get-Seat **all**\n  -Count 2")]


def test_prose_indented_too_far_is_no_code() -> None:
    found = section(f"席\n\n    {pair('字下げの文。', 'Indented prose.')}\n")
    assert blocks(found) == [("paragraph", "席"), ("paragraph", "字下げの文。")]


def test_pre_and_code_tags_are_taken_away() -> None:
    assert texts(article("<pre><code>Get-Seat\n</code></pre>\n")) == ["Get-Seat"]


@pytest.mark.parametrize(
    "image",
    [
        "![席の図](a.png)",
        '::: image type="content" source="a.png" alt-text="席の図":::',
        "[![席の図](a.png)](b.md)",
    ],
)
def test_an_alt_text_stands_on_the_target_side_only(image: str) -> None:
    markdown = f"{image}\n\n{pair('席を見ます。', 'See the seats.')}\n"
    assert blocks(section(markdown)) == [("image", "席の図"), ("paragraph", "席を見ます。")]
    assert texts(english(markdown)) == ["See the seats."]


def test_a_name_that_is_not_translated_is_read_from_its_attribute() -> None:
    markdown = f'{TABLE}:::no-loc text="Azure"::: | {pair("10 席", "10 seats")}\n'
    assert quoted(section(markdown)) == [("Azure | 10 席", "Azure | 10 seats")]


# Depth.


def test_nested_lists_are_read_down_to_nine_levels() -> None:
    assert texts(article("- " * 9 + "席")) == ["席"]


@pytest.mark.parametrize("markdown", ["- " * 10 + "席", "> " * 20 + "席"])
def test_text_nested_beyond_the_parsers_reach_is_refused(markdown: str) -> None:
    with pytest.raises(ArticleError, match=r"docs/seats\.md: lists or quotations nested deeper than 9"):
        parse(markdown)
