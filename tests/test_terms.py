"""Each recipe of terms, on words whose terms are written out by hand."""

from __future__ import annotations

import pytest

from indexer.terms import Terms, characters_of, fold, is_word


def terms(text: str, locale: str = "en-us") -> list[str]:
    return Terms(locale)(text)


@pytest.mark.parametrize(
    ("locale", "text", "expected"),
    [
        ("zh-tw", "客戶", ["客", "户", "客户"]),
        ("ja-jp", "お客様", ["お", "客", "様", "お客", "客様"]),
        ("ko-kr", "고객", ["고", "객", "고객"]),
        ("ja-jp", "人", ["人"]),
    ],
)
def test_wide_scripts_give_characters_and_pairs(locale: str, text: str, expected: list[str]) -> None:
    assert terms(text, locale) == expected


def test_chinese_terms_are_the_same_in_both_scripts() -> None:
    assert terms("電子郵件", "zh-tw") == terms("电子邮件", "zh-tw") == terms("電子郵件", "zh-cn")
    # Japanese writes 国 and 國 too, but they are no two scripts of one text.
    assert terms("國", "ja-jp") == ["國"]


@pytest.mark.parametrize(
    ("locale", "text", "term"),
    [
        ("de-de", "Die Rechnungen kündigen", "_kundig"),
        ("zh-tw", "客戶", "客户"),
        ("en-us", "a-1 b", "=a-1"),
        ("en-us", "the D-U-N-S number", "duns"),
    ],
)
def test_the_characters_of_a_term_stand_in_the_bare_text(locale: str, text: str, term: str) -> None:
    taken = Terms(locale)
    assert term in taken(text)
    assert characters_of(term) in taken.bare(text)


def test_stems_and_pairs_are_words_and_grams_are_not() -> None:
    assert [term for term in terms("P2 plans") if is_word(term)] == ["_p2", "_plan"]
    assert [term for term in terms("お客様", "ja-jp") if is_word(term)] == ["お客", "客様"]


def test_a_pair_does_not_reach_over_punctuation_or_another_script() -> None:
    assert terms("客。戶", "zh-tw") == ["客", "户"]
    assert terms("客P2戶", "zh-tw") == ["客", "_p2", "户"]


@pytest.mark.parametrize(
    ("locale", "word", "expected"),
    [
        ("en-us", "invoices", ["_invoic", "invo", "nvoi", "voic", "oice", "ices"]),
        ("de-de", "Rechnungen", ["_rechnung", "rech", "echn", "chnu", "hnun", "nung", "unge", "ngen"]),
        ("ru-ru", "счета", ["_счет", "счет", "чета"]),
        ("en-us", "tax", ["_tax"]),
    ],
)
def test_alphabets_give_the_stem_and_4_grams(locale: str, word: str, expected: list[str]) -> None:
    assert terms(word, locale) == expected


def test_a_language_without_a_stemmer_takes_the_english_one() -> None:
    assert terms("plans", "cs-cz") == terms("plans", "en-us") == ["_plan", "plan", "lans"]


def test_dropped_accents_find_the_same_terms() -> None:
    assert terms("résumé", "fr-fr") == terms("resumé", "fr-fr") == ["_resum", "resu", "esum", "sume"]
    assert terms("ÜBER", "de-de") == ["_uber", "uber"]


def test_sharp_s_is_two() -> None:
    assert terms("Straße", "de-de") == terms("STRASSE", "de-de")


def test_repeated_words_are_repeated_terms() -> None:
    assert terms("tax Tax") == ["_tax", "_tax"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ＭＦＡ", "mfa"),
        ("２４", "24"),
        ("ｱｶｳﾝﾄ", "アカウント"),
        ("ﾊﾟｽﾜｰﾄﾞ", "パスワード"),
        ("①", "1"),
    ],
)
def test_full_and_half_width_are_folded(typed: str, meant: str) -> None:
    assert fold(typed) == meant


@pytest.mark.parametrize("dash", ["-", "－", "‐", "–", "—", "―", "−", "~", "～"])
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("サ{}ビス", "サービス"),
        ("ユーザ{}", "ユーザー"),
        ("ユーザ{}の", "ユーザーの"),
        ("ユーザ{} の", "ユーザーの"),
        ("ユーザ{}。", "ユーザー。"),
    ],
)
def test_a_dash_after_katakana_is_the_long_vowel_mark(typed: str, meant: str, dash: str) -> None:
    assert fold(typed.format(dash)) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("D-U-N-S", "duns"),
        ("D\u2011U\u2011N\u2011S", "duns"),
        ("die D-U-N-S-Nummer", "die duns-nummer"),
        ("the U.S.", "the us"),
        ("T.V.A. et R.A.S.", "tva et ras"),
        ("w.r.t. it", "wrt it"),
        ("z.B.", "zb"),
    ],
)
def test_letters_set_apart_by_dots_or_hyphens_are_one_word(typed: str, meant: str) -> None:
    assert fold(typed) == meant


def test_initials_before_a_hyphen_are_one_word_too() -> None:
    assert terms("a U.S.-based firm") == terms("a us based firm")


@pytest.mark.parametrize(
    "text",
    [
        "e-mail", "y a-t-il", "y\u2010a\u2010t\u2010il", "v1.2", "a.js", "plan b. a new one", "a-b", "1-2-3",
        "foo.a.b", "v1.a.b", "sect. 2.b.c", "e-mail-a-b-c",
    ],
)  # fmt: skip
def test_other_short_words_stay_apart(text: str) -> None:
    assert fold(text) == text


def test_a_long_chain_of_letters_is_folded_in_one_go() -> None:
    # Every letter as a new start, each looking at all that follow, took seconds.
    for chain in ("a." * 50_000 + "ab", "a-" * 50_000 + "ab"):
        assert fold(chain) == chain


def test_each_term_of_a_question_counts_once_and_grams_less() -> None:
    weights = Terms("en-us").weights("Invoices, invoices for the E-3 tax")
    assert weights["_invoic"] == weights["_tax"] == weights["=e-3"] == weights["_3"] == 1
    assert {weights[gram] for gram in ("invo", "nvoi", "voic", "oice", "ices")} == {5**-0.5}
    assert list(weights)[:2] == ["_invoic", "invo"]
    # A gram of two words counts as in the shorter one.
    assert Terms("en-us").weights("ices invoices")["ices"] == 1
    assert set(Terms("zh-tw").weights("客戶").values()) == {1.0}


@pytest.mark.parametrize("text", ["プラン-e3", "10-20", "顧客-様", "プラン - 月"])
def test_other_dashes_stay(text: str) -> None:
    assert "-" in fold(text)


def test_spaces_between_wide_characters_are_dropped() -> None:
    assert fold("將 客\u3000戶") == "將客戶"
    assert fold("將 Azure 客戶") == "將 azure 客戶"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("a8fba59e-1fc2", ["_a8fba59e", "_1fc2"]),
        ("v1.2", ["_v1", "_2"]),
        ("node.js", ["_node", "node", "_js"]),
        ("cost_id", ["_cost", "cost", "_id"]),
    ],
)
def test_codes_are_kept_whole_beside_their_words(code: str, words: list[str]) -> None:
    assert terms(code) == [*words, f"={code}"]


def test_a_number_gives_no_grams_for_part_of_it_is_another_number() -> None:
    assert terms("1450 P12345") == ["_1450", "_p12345"]


@pytest.mark.parametrize("text", ["", " ", "。？！", "--- ***"])
def test_text_without_words_has_no_terms(text: str) -> None:
    assert terms(text, "ja-jp") == []
