"""Names of products in the reader's own script, put as the articles put them."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.lexical import LexicalIndex, write_lexical
from indexer.names import name_as_written
from tests.small_corpus import SmallIndex


@pytest.mark.parametrize(
    ("asked", "put"),
    [
        ("微軟會寄信嗎？", "Microsoft 會寄信嗎？"),
        ("收到微軟轉來的客戶", "收到 Microsoft 轉來的客戶"),
        ("マイクロソフト のチームズは?", "Microsoft の Teams は?"),
        ("오피스365 라이선스", "Office 365 라이선스"),
        ("Партнёры МАЙКРОСОФТ", "Партнёры Microsoft"),
        ("微軟", "Microsoft"),
        ("Microsoft 會寄信嗎？", "Microsoft 會寄信嗎？"),
        ("  顧客 ", "  顧客 "),
    ],
)
def test_a_name_in_another_script_is_put_as_the_articles_put_it(asked: str, put: str) -> None:
    assert name_as_written(asked, lambda name: int(name.isascii())) == put


def test_a_name_stays_where_the_articles_mostly_write_it_so() -> None:
    counts = {"Microsoft": 40, "Майкрософт": 231}
    asked = "Пишет ли Майкрософт клиентам?"
    assert name_as_written(asked, lambda name: counts[name]) == asked


def test_a_name_that_the_articles_never_mention_stays() -> None:
    assert name_as_written("リンクトインとは", lambda _: 0) == "リンクトインとは"


@pytest.mark.parametrize(
    ("name", "count"), [("Microsoft", 2), ("微軟", 1), ("微風", 0), ("Microsoft 365", 1), ("", 0), ("?", 0)]
)
def test_an_index_tells_how_many_rows_have_a_name(name: str, count: int, tmp_path: Path) -> None:
    texts = ["Microsoft 寄信", "Microsoft 365 的價格", "微軟與風", "客戶"]
    write_lexical(tmp_path / "lexical", texts, "zh-tw")
    assert LexicalIndex(tmp_path / "lexical", "zh-tw").rows_with(name) == count


def test_a_question_finds_the_article_whatever_the_script_of_its_name(memory_dir: Path) -> None:
    small = SmallIndex(memory_dir)
    small.write("zh-tw", mail="---\ntitle: Microsoft\n---\n\n# Microsoft\n\nMicrosoft 會寄信。\n")
    small.write("zh-tw", seats="---\ntitle: 席次\n---\n\n# 席次\n\n席次的價格。\n")
    small.build()
    index = small.open()
    asked, named = (index.prepare(text, locale="zh-tw") for text in ("微軟？", "Microsoft ？"))
    assert asked.texts == named.texts
    assert (asked.vector == named.vector).all()
