"""An FAQ page becomes an article: a question is a heading, its answer the section."""

from __future__ import annotations

import pytest

from indexer.errors import ArticleError
from indexer.faq import parse_faq
from indexer.records import Article
from tests.articles import ORIGIN, PARSER, pair, quoted, texts

PAGE = """### YamlMime:FAQ
metadata:
  title: 席の FAQ | ヘルプ
  description: 席についての質問です。
  ms.date: 05/06/2021
  ms.translationtype: HT
  ms.lasthandoff: 05/18/2021
title: 席についてよく寄せられる質問
summary: |
  **適切なロール**: 管理エージェント

  質問はここにあります。
sections:
- name: 支払い
  questions:
  - question: 席はいくらですか？
    answer: |
      10 ドルです。[価格](price.md)を見てください。

      - 年払いは安いです。
  - question: いつ払いますか？
    answer: 月末です。
- questions:
  - question: "1. `Get-Seat` とは？"
    answer: コマンドです。
additionalContent: |
  ## <a name="help"></a>助けは？

  窓口に聞いてください。
"""


def faq(text: str) -> Article:
    return parse_faq(text, ORIGIN, PARSER)


def test_each_question_is_a_section_below_its_group() -> None:
    found = faq(PAGE)
    assert [(part.anchor, part.headings) for part in found.sections] == [
        ("席についてよく寄せられる質問", ()),
        ("席はいくらですか", ("支払い", "席はいくらですか？")),
        ("いつ払いますか", ("支払い", "いつ払いますか？")),
        ("1-get-seat-とは", ("1. Get-Seat とは？",)),
        ("help", ("助けは？",)),
    ]
    assert texts(found) == [
        "質問はここにあります。",
        "10 ドルです。価格を見てください。\n年払いは安いです。",
        "月末です。",
        "コマンドです。",
        "窓口に聞いてください。",
    ]


def test_its_edition_is_read_from_the_metadata_and_the_text() -> None:
    edition = faq(PAGE).edition
    assert (edition.title, edition.source_title) == ("席についてよく寄せられる質問", None)
    assert edition.description == "席についての質問です。"
    assert (str(edition.updated), str(edition.translation.handed_over)) == ("2021-05-06", "2021-05-18")
    assert (edition.translation.type, edition.roles) == ("human", ("Admin agent",))
    assert faq(PAGE).scope == ("適切なロール: 管理エージェント",)


def test_the_metadatas_title_serves_where_the_page_has_none() -> None:
    assert faq("metadata:\n  title: 席\nsummary: 本文\n").edition.title == "席"


def test_questions_that_repeat_get_a_suffix() -> None:
    entry = f"  - question: いつ？\n    answer: {'月末にまとめて払います。' * 5}\n"
    found = faq(f"sections:\n- name: 支払い\n  questions:\n{entry}- name: 返金\n  questions:\n{entry}")
    assert [(part.anchor, part.url_anchor) for part in found.sections] == [
        ("いつ", "支払い"),
        ("いつ-1", "返金"),
    ]


def test_an_answer_may_be_bilingual() -> None:
    answer = pair("月末です。", "At the month's end.")
    found = faq(f"sections:\n- questions:\n  - question: いつ？\n    answer: >\n      {answer}\n")
    assert quoted(found.sections[0]) == [("月末です。", "At the month's end.")]


@pytest.mark.parametrize(
    "text", ["title: 席", "sections:\n", "sections: []", "title: 席\nsections:\n- questions:\n"]
)
def test_a_page_without_answers_has_no_text(text: str) -> None:
    assert "".join(texts(faq(text))) == ""


WRONG = {
    "nothing": ("", "no mapping of keys to values", 1),
    "no mapping": ("- a", "no mapping of keys to values", 1),
    "broken YAML": ("title: a: b", "mapping values are not allowed", 1),
    "sections no list": ("sections: a", "`sections` of the FAQ page is no list of entries", None),
    "question no entry": ("sections:\n- questions: [a]", "`questions` of the FAQ page is no list", None),
    "broken span": (
        'summary: <span data-ttu-id="a-1">席',
        "bilingual span a-1 is not closed",
        None,
    ),
}


@pytest.mark.parametrize(("text", "reason", "line"), WRONG.values(), ids=WRONG)
def test_a_broken_page_is_refused(text: str, reason: str, line: int | None) -> None:
    with pytest.raises(ArticleError, match=reason) as error:
        faq(text)
    assert (error.value.path, error.value.line) == ("docs/seats.md", line)
