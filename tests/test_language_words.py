"""Languages by their words: who is asked in which one, what denies, what speaks another language."""

from __future__ import annotations

import pytest

from service.language_words import read_languages

LANGUAGES = read_languages()


@pytest.mark.parametrize(
    ("question", "locale", "reader"),
    [
        ("Can Microsoft email my customer?", "en-us", "en-us"),
        ("Can Microsoft email my customer?", "ja-jp", "en"),
        ("Kann ich das Abonnement noch kündigen?", "ja-jp", "de"),
        ("Kann ich das Abonnement noch kündigen?", "de-at", "de-at"),
        ("¿Puede el cliente cancelar la suscripción?", "de-de", "es"),
        ("Le client peut-il annuler son abonnement?", "en-us", "fr"),
        ("Il cliente può annullare la sottoscrizione?", "en-us", "it"),
        ("O cliente pode cancelar a assinatura?", "en-us", "pt"),
        ("Может ли клиент отменить подписку на Microsoft 365?", "en-us", "ru"),
        ("うちの顧客にメールを送ってくることはありますか？", "en-us", "ja"),
        ("고객에게 메일을 보내나요?", "en-us", "ko"),
        ("可以取消訂閱嗎？", "en-us", "zh-tw"),
        ("可以取消订阅吗？", "en-us", "zh-cn"),
        ("可以取消訂閱嗎？", "zh-cn", "zh-cn"),
        ("請求書", "ja-jp", "ja-jp"),
        ("Azure MFA", "ja-jp", "ja-jp"),
        ("VAT ID register", "de-de", "de-de"),
        ("1234", "ko-kr", "ko-kr"),
        ("Kan jeg avbestille?", "nb-no", "nb-no"),
    ],
)
def test_the_answer_speaks_the_questions_language_where_that_can_be_told(
    question: str, locale: str, reader: str
) -> None:
    assert LANGUAGES.reader_locale(question, locale) == reader


@pytest.mark.parametrize(
    ("language", "denying", "affirming"),
    [
        ("en", "You can't cancel it.", "It can be cancelled whether or not it is new."),
        ("de", "Es gibt keine Erstattung.", "Nicht nur Partner können kündigen."),
        ("es", "No puede cancelar.", "No solo los socios pueden cancelar."),
        ("fr", "Vous ne pouvez pas annuler.", "Non seulement les clients, les partenaires aussi."),
        ("it", "Non è possibile annullare.", "È possibile annullare non solo online."),
        ("pt", "Você não pode cancelar.", "Não só os parceiros podem cancelar."),
        ("ru", "Отменить нельзя.", "Отменить могут не только партнёры."),
        ("ja", "取り消すことはできません。", "必ず取り消さなければなりません。"),
        ("ja", "取り消せない場合です。", "取り消せるかもしれません。"),
        ("ko", "취소할 수 없습니다.", "취소하지 않으면 안 됩니다."),
        ("zh", "您不能取消。", "不同的客戶可以取消。"),
    ],
)
def test_a_negation_is_told_from_a_phrase_that_only_looks_like_one(
    language: str, denying: str, affirming: str
) -> None:
    assert LANGUAGES.of(language).denies(denying)
    assert not LANGUAGES.of(language).denies(affirming)


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Der Kunde kann das Abonnement kündigen, wenn es neu ist.", "en"),
        ("The customer can cancel it when it is new.", "de"),
        ("ベンダーはメールを送ります。", "en"),
        ("The vendor writes to them.", "ja"),
        ("供應商會寫信給您的客戶通知中斷。", "ja"),
        ("ベンダーはメールを送ります。", "zh"),
        ("Поставщик пишет клиентам.", "de"),
    ],
)
def test_a_sentence_of_another_language_is_told(sentence: str, language: str) -> None:
    assert not LANGUAGES.speaks(sentence, language)


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Microsoft Partner Center の CSP を使います。", "ja"),
        ("請求書確認。", "ja"),
        ("Azure Active Directory B2B 可以使用。", "zh"),
        ("Microsoft 365 Business Premium.", "de"),
        ("Откройте Microsoft Partner Center.", "ru"),
        ("Anything at all.", "nb"),
    ],
)
def test_product_names_are_of_every_language(sentence: str, language: str) -> None:
    assert LANGUAGES.speaks(sentence, language)


def test_a_language_that_is_not_known_tells_no_denial() -> None:
    words = LANGUAGES.of("nb-no")
    assert (words.language, words.name, words.can_tell_denial) == ("nb", "", False)
    assert not words.denies("ikke")


def test_chinese_is_named_with_its_characters() -> None:
    assert [LANGUAGES.of(locale).name for locale in ("zh-tw", "zh-hk", "zh-cn", "zh")] == [
        "Traditional Chinese",
        "Traditional Chinese",
        "Simplified Chinese",
        "Simplified Chinese",
    ]


def test_each_locale_of_the_articles_has_words() -> None:
    for language in ("de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "zh"):
        assert LANGUAGES.of(language).can_tell_denial
        assert LANGUAGES.of(language).name
