"""Which sentences their passages bear out, in one language and across languages."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from indexer import Block, BlockKind
from service.evidence import EvidenceReader
from service.language_words import read_languages
from service.support import SupportCheck
from tests.fake_index import FakeArticle, FakeIndex, Pair, rank_passages

LANGUAGES = read_languages()

INVOICES: list[Pair] = [
    ("You get an invoice on the fifth day of each month.", None),
    ("Pay it within 30 days with the Billing Portal.", None),
    ("You cannot dispute an invoice after 60 days.", None),
]
RECHNUNGEN: list[Pair] = [
    ("Sie erhalten am fünften Tag jedes Monats eine Rechnung.", INVOICES[0][0]),
    ("Zahlen Sie sie innerhalb von 30 Tagen im Billing Portal.", INVOICES[1][0]),
    ("Nach 60 Tagen können Sie eine Rechnung nicht mehr anfechten.", INVOICES[2][0]),
]
SEIKYUSHO: list[Pair] = [
    ("毎月五日に請求書が届きます。", INVOICES[0][0]),
    ("30 日以内に Billing Portal で支払ってください。", INVOICES[1][0]),
    ("60 日を過ぎると請求書に異議を申し立てることはできません。", INVOICES[2][0]),
]
ARTICLES = [
    FakeArticle("help/invoices", "en-us", "Invoices", [("pay", "Pay your invoice", INVOICES)]),
    FakeArticle("help/invoices", "de-de", "Rechnungen", [("pay", "Rechnung zahlen", RECHNUNGEN)]),
    FakeArticle("help/invoices", "ja-jp", "請求書", [("pay", "請求書の支払い", SEIKYUSHO)]),
    FakeArticle("help/old", "ja-jp", "古い記事", [("x", "見出し", [("毎月五日に請求書が届きます。", None)])],
                date(2020, 1, 1)),
]  # fmt: skip


def quotes(
    sentence: str, *, locale: str = "en-us", reader: str | None = None, path: str = "help/invoices"
) -> list[str]:
    """The quotes that bear the sentence out with the locale's passage as [1]."""
    index = FakeIndex(ARTICLES)
    passages = [index.passage(f"{locale}/{path}#{'x' if path == 'help/old' else 'pay'}.0")]
    check = SupportCheck(
        rank_passages(sentence, passages, k=1), EvidenceReader(index, LANGUAGES, reader or locale)
    )
    return [passages[0].text[mark.start : mark.end] for mark in check.marks(sentence, [1])]


@pytest.mark.parametrize(
    ("sentence", "quoted"),
    [
        ("You have 30 days to pay.", [1]),
        ("Invoices come on the fifth day of a month.", [0]),
        ("After 60 days an invoice cannot be disputed.", [2]),
        ("You get an invoice each month and pay it within 30 days.", [0, 1]),
        ("Use the Billing Portal to pay.", [1]),
    ],
)
def test_a_sentence_rests_on_the_quotes_that_say_it(sentence: str, quoted: list[int]) -> None:
    assert quotes(sentence) == [INVOICES[number][0] for number in quoted]


@pytest.mark.parametrize(
    "sentence",
    [
        "You have 45 days to pay.",
        "You have thirty-one days to pay.",
        "You have 30 days to pay with the Partner Portal.",
        "Adatum sends an invoice each month.",
        "You can dispute an invoice after 60 days.",
        "You don't get an invoice each month.",
        "Refunds are granted to everyone who writes a letter.",
        "Yes, that is so.",
        "",
        "7",
    ],
)  # fmt: skip
def test_a_sentence_that_says_something_else_rests_on_nothing(sentence: str) -> None:
    assert quotes(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "quoted"),
    [
        ("Rechnungen sind innerhalb von 30 Tagen im Billing Portal zu zahlen.", [1]),
        ("Eine Rechnung können Sie nach 60 Tagen nicht anfechten.", [2]),
        ("Rechnungen sind innerhalb von 20 Tagen im Billing Portal zu zahlen.", []),
        ("Eine Rechnung können Sie nach 60 Tagen anfechten.", []),
        ("Rechnungen sind innerhalb von 30 Tagen bei Adatum zu zahlen.", []),
    ],
)
def test_german_is_read_with_its_nouns(sentence: str, quoted: list[int]) -> None:
    assert quotes(sentence, locale="de-de") == [RECHNUNGEN[number][0] for number in quoted]


@pytest.mark.parametrize(
    ("sentence", "quoted"),
    [
        ("請求書は毎月 5 日に届きます。", [0]),
        ("請求書は 30 日以内に Billing Portal で支払う必要があります。", [1]),
        ("60 日を過ぎると請求書に異議を申し立てられません。", [2]),
        ("請求書は毎月 8 日に届きます。", []),
        ("請求書は 30 日以内にアダタムで支払います。", []),
        ("60 日を過ぎても請求書に異議を申し立てられます。", []),
        ("You have 30 days to pay.", []),
    ],
)
def test_japanese_is_read_by_its_characters(sentence: str, quoted: list[int]) -> None:
    assert quotes(sentence, locale="ja-jp") == [SEIKYUSHO[number][0] for number in quoted]


FAPIAO: list[Pair] = [
    ("您将在每月五日收到发票。", INVOICES[0][0]),
    ("请在 30 天内付款。", INVOICES[1][0]),
]
CHEONGGU: list[Pair] = [("매월 5일에 청구서를 받습니다.", INVOICES[0][0])]
ARTICLES += [
    FakeArticle("help/invoices", "zh-cn", "发票", [("pay", "支付发票", FAPIAO)]),
    FakeArticle("help/invoices", "ko-kr", "청구서", [("pay", "청구서 지불", CHEONGGU)]),
]


@pytest.mark.parametrize(
    ("locale", "said", "more"),
    [
        ("zh-cn", "您将在每月五日收到发票", "，请联系王小明经理。"),
        ("zh-cn", "您将在每月五日收到发票", "；王小明"),
        ("ja-jp", "毎月五日に請求書が届きます", "、担当は山田太郎です。"),
        ("ko-kr", "매월 5일에 청구서를 받습니다", ", 홍길동 부장에게 문의하세요."),
        ("en-us", "You get an invoice on the fifth day of each month", ", ask john smith about it."),
        ("de-de", "Sie erhalten am fünften Tag jedes Monats eine Rechnung", ", fragen sie max mustermann."),
    ],
)
def test_a_part_of_a_sentence_that_nothing_is_said_of_refuses_the_whole(
    locale: str, said: str, more: str
) -> None:
    assert len(quotes(f"{said}。", locale=locale)) == 1
    assert quotes(f"{said}{more}", locale=locale) == []


def test_one_strange_word_between_commas_refuses_no_sentence() -> None:
    assert quotes("Pay it, kindly, within 30 days.") == [INVOICES[1][0]]


def test_an_english_sentence_is_held_against_the_english_of_the_quotes() -> None:
    assert quotes("You have 30 days to pay.", locale="ja-jp", reader="en") == [SEIKYUSHO[1][0]]
    assert quotes("You have 40 days to pay.", locale="ja-jp", reader="en") == []


def test_another_language_is_held_against_the_same_passage_in_that_language() -> None:
    said = "Rechnungen sind innerhalb von 30 Tagen im Billing Portal zu zahlen."
    assert quotes(said, locale="ja-jp", reader="de") == [SEIKYUSHO[1][0]]
    assert quotes("Rechnungen gelten innerhalb von 30 Tagen als verloren und vergessen.",
                  locale="ja-jp", reader="de") == []  # fmt: skip
    assert quotes("Rechnungen dürfen Sie nach 60 Tagen anfechten.", locale="ja-jp", reader="de") == []


def test_where_no_words_can_be_compared_nearness_and_facts_decide() -> None:
    # The fake cosine of a text that shares no character is .75, of one that shares all is 1.
    said = "毎月五日 請求書"
    assert quotes("請求 5 日, 届 (毎月)", locale="ja-jp", path="help/old", reader="nb") == [
        "毎月五日に請求書が届きます。"
    ]
    assert quotes(f"{said} 7", locale="ja-jp", path="help/old", reader="nb") == []
    assert quotes("Noe helt annet.", locale="ja-jp", path="help/old", reader="nb") == []


def test_a_passage_that_the_readers_locale_lacks_is_judged_by_nearness() -> None:
    assert quotes("E-Mail.", locale="ja-jp", path="help/old", reader="de") == []


def test_a_passage_without_anything_to_quote_bears_out_nothing() -> None:
    index = FakeIndex(ARTICLES)
    passage = index.passage("en-us/help/invoices#pay.0")
    image = dataclasses.replace(passage, blocks=(Block(BlockKind.IMAGE, 0, len(passage.text)),))
    check = SupportCheck(rank_passages("pay", [image], k=1), EvidenceReader(index, LANGUAGES, "en-us"))
    assert check.marks("You have 30 days to pay.", [1]) == ()


def test_numbers_that_name_no_passage_make_a_sentence_unsupported() -> None:
    index = FakeIndex(ARTICLES)
    hits = rank_passages("pay", [index.passage("en-us/help/invoices#pay.0")], k=1)
    check = SupportCheck(hits, EvidenceReader(index, LANGUAGES, "en-us"))
    for numbers in ([], [0], [2], [1, 2], [-1]):
        assert check.marks("You have 30 days to pay.", numbers) == ()
    assert len(check.marks("You have 30 days to pay.", [1, 1])) == 1


def test_a_table_row_is_quoted_whole_and_its_columns_support() -> None:
    index = FakeIndex(ARTICLES)
    passage = index.passage("en-us/help/invoices#pay.0")
    text = "Basic | 10"
    row = dataclasses.replace(
        passage, text=text, sentences=(dataclasses.replace(passage.sentences[0], start=0, end=5),
                                       dataclasses.replace(passage.sentences[0], start=8, end=10)),
        blocks=(Block(BlockKind.ROW, 0, 10, "Plan | Seats"),),
    )  # fmt: skip
    index._passages[row.id] = row
    check = SupportCheck(rank_passages("x", [row], k=1), EvidenceReader(index, LANGUAGES, "en-us"))
    marks = check.marks("The Basic plan has 10 seats.", [1])
    assert [text[mark.start : mark.end] for mark in marks] == ["Basic | 10"]
    assert check.marks("The Basic plan has 12 seats.", [1]) == ()
