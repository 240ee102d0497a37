"""BM25 against the formula worked by hand: words of three letters give one term each."""

from __future__ import annotations

from math import log
from pathlib import Path

import pytest

from indexer import IndexCorrupt
from indexer.lexical import LexicalIndex, write_lexical

# Lengths 2, 1 and 3, so 2 on average.
TEXTS = ("tax fee", "tax", "vat vat vat")
IDF_TAX = log(1 + (3 - 2 + 0.5) / (2 + 0.5))
IDF_VAT = log(1 + (3 - 1 + 0.5) / (1 + 0.5))
# A fifth of what it would be.
IDF_UNSEEN = 0.2 * log(1 + (3 - 0 + 0.5) / (0 + 0.5))
TAX_IN_0 = 1 / (1 + 0.9 * (0.25 + 0.75 * 2 / 2))
TAX_IN_1 = 1 / (1 + 0.9 * (0.25 + 0.75 * 1 / 2))
VAT_IN_2 = 3 / (3 + 0.9 * (0.25 + 0.75 * 3 / 2))


def lexical(folder: Path, *texts: str, locale: str = "en-us") -> LexicalIndex:
    write_lexical(folder / "lexical", texts, locale)
    return LexicalIndex(folder / "lexical", locale)


def test_the_score_is_bm25_divided_by_the_idf_of_the_questions_terms(tmp_path: Path) -> None:
    index = lexical(tmp_path, *TEXTS)
    assert index.scores("tax").tolist() == pytest.approx([0.526316, 0.64, 0], abs=1e-6)
    total = IDF_TAX + IDF_VAT
    assert index.scores("vat, tax?").tolist() == pytest.approx(
        [TAX_IN_0 * IDF_TAX / total, TAX_IN_1 * IDF_TAX / total, VAT_IN_2 * IDF_VAT / total]
    )


def test_a_term_that_no_row_has_counts_a_fifth_of_the_idf_of_no_row(tmp_path: Path) -> None:
    scores = lexical(tmp_path, *TEXTS).scores("tax gst")
    share = IDF_TAX / (IDF_TAX + IDF_UNSEEN)
    assert scores.tolist() == pytest.approx([TAX_IN_0 * share, TAX_IN_1 * share, 0])


def test_the_grams_of_a_word_count_together_as_the_root_of_their_number(tmp_path: Path) -> None:
    # "invoices" has a stem and five grams; each of these six stands in row 0 alone.
    scores = lexical(tmp_path, "invoices", "tax").scores("tax invoices")
    idf = log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    lengths = [6, 1]
    of_term = [1 / (1 + 0.9 * (0.25 + 0.75 * length / 3.5)) for length in lengths]
    total = idf * (1 + 1 + 5**0.5)
    assert scores.tolist() == pytest.approx(
        [of_term[0] * idf * (1 + 5**0.5) / total, of_term[1] * idf / total]
    )


def test_a_word_typed_twice_counts_once(tmp_path: Path) -> None:
    index = lexical(tmp_path, *TEXTS)
    assert index.scores("tax tax vat").tolist() == index.scores("tax vat").tolist()


def test_a_question_in_another_language_scores_little_though_it_shares_a_name(tmp_path: Path) -> None:
    others = [f"Azure 發票每月寄出。{n}" for n in range(10)] + [f"客戶可以取消訂閱。{n}" for n in range(30)]
    index = lexical(tmp_path, "Azure 的稅金由您支付。", *others, locale="zh-tw")
    own = index.scores("Azure 的稅金由您支付。")[0]
    assert own > 0.3
    assert index.scores("Who pays the tax for Azure, and when is the invoice sent?").max() < own / 3


def test_rows_without_terms_and_questions_without_terms_score_nothing(tmp_path: Path) -> None:
    index = lexical(tmp_path, "。", "tax")
    assert index.scores("tax")[0] == 0
    assert index.scores("？！").tolist() == [0, 0]
    assert index.scores("gst").tolist() == [0, 0]


@pytest.mark.parametrize("texts", [(), ("。", "")])
def test_texts_without_any_term_make_an_index_that_finds_nothing(
    tmp_path: Path, texts: tuple[str, ...]
) -> None:
    index = lexical(tmp_path, *texts)
    assert len(index) == len(texts)
    assert index.scores("tax").tolist() == [0] * len(texts)


@pytest.mark.parametrize("name", ["size.json", "data.csc.index.npy", "vocab.index.json"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    lexical(tmp_path, *TEXTS)
    (tmp_path / "lexical" / name).write_bytes(b"")
    with pytest.raises(IndexCorrupt, match="lexical can't be read"):
        LexicalIndex(tmp_path / "lexical", "en-us")


def test_a_sentence_holds_its_share_of_the_questions_idf(tmp_path: Path) -> None:
    words = lexical(tmp_path, *TEXTS).words("vat, tax gst?")
    total = IDF_TAX + IDF_VAT + IDF_UNSEEN
    assert words.share("The VAT.") == pytest.approx(IDF_VAT / total)
    assert words.share("tax and gst") == pytest.approx((IDF_TAX + IDF_UNSEEN) / total)
    assert words.share("nothing") == 0
    assert lexical(tmp_path / "other", *TEXTS).words("?").share("tax") == 0


def test_words_of_the_index_are_familiar_by_how_many_rows_have_them(tmp_path: Path) -> None:
    index = lexical(tmp_path, *(["tax"] * 2 + ["fee"] * 38))
    # 2 of 40 rows are FAMILIAR_SHARE, as good as all.
    assert index.familiarity("tax") == pytest.approx(1)
    assert index.familiarity("tax fee gst") == pytest.approx(2 / 3)
    one = lexical(tmp_path / "one", *(["tax"] + ["fee"] * 39))
    assert one.familiarity("tax") == pytest.approx(0.5)
    assert one.familiarity("!") == 0


def test_an_index_without_terms_knows_no_word(tmp_path: Path) -> None:
    index = lexical(tmp_path, "!", "?")
    assert index.familiarity("tax") == 0
    assert index.words("tax").share("tax") == pytest.approx(1)
