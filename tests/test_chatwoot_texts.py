"""What stands in a conversation: the answer, its sources and their links, in the reader's language."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from service.chatwoot_texts import ChatwootTexts, Name, read_texts
from service.messages import read_messages
from service.schemas import AskReply
from service.settings import Settings
from tests.service_app import Client, build_app

TEXTS = read_texts()
SENTENCES = get_args(Name)
LOCALES = "de-de en-us es-es fr-fr it-it ja-jp ko-kr pt-br ru-ru zh-cn zh-tw".split()


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """An answer in German with one citation, as JSON."""
    reply = Client(build_app()).ask("Darf der Anbieter wegen Ausfällen schreiben?", locale="de-de")
    assert len(reply["citations"]) == 1
    found: dict[str, Any] = reply
    return found


def reply_of(told: dict[str, Any], **changes: object) -> AskReply:
    """The reply, its citation changed."""
    [citation] = told["citations"]
    return AskReply.model_validate({**told, "citations": [{**citation, **changes}]})


@pytest.mark.parametrize("locale", LOCALES)
def test_each_locale_has_each_sentence(locale: str) -> None:
    sentences = {name: TEXTS.sentence(name, locale) for name in SENTENCES}
    assert all(text.strip() == text != "" for text in sentences.values())
    assert sentences["newer_english"].count("{quote}") == 1
    assert not any("{" in text for name, text in sentences.items() if name != "newer_english")


def test_there_are_sentences_where_there_are_messages_and_none_is_said_twice() -> None:
    assert TEXTS.locales == LOCALES
    for name in SENTENCES:
        assert len({TEXTS.sentence(name, locale) for locale in LOCALES}) >= len(LOCALES) - 2


@pytest.mark.parametrize(
    ("asked", "given"),
    [("de-at", "de-de"), ("zh-hk", "zh-tw"), ("pt-pt", "pt-br"), ("sv-se", "en-us"), ("", "en-us")],
)
def test_a_locale_without_sentences_gets_its_language_or_english(asked: str, given: str) -> None:
    assert TEXTS.sentence("failed", asked) == TEXTS.sentence("failed", given)


def test_an_answer_is_followed_by_title_quote_and_link(told: dict[str, Any]) -> None:
    assert TEXTS.answer(reply_of(told)) == (
        "Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben.[1]\n"
        "\n"
        "[1] E-Mails an Ihre Kunden > Wann wir schreiben (maschinell übersetzt, 2024-05-14)\n"
        "“Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben. Wegen Preisen schreibt er ihnen nie.”\n"
        "https://example.com/de-de/partner-help/mail#when-we-write"
    )


def test_a_quote_that_is_the_answer_is_not_said_again(told: dict[str, Any]) -> None:
    quote = "Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben."
    assert TEXTS.answer(reply_of(told, quote=quote)).count("Ausfällen") == 1


def test_a_source_without_translation_and_date_has_no_brackets(told: dict[str, Any]) -> None:
    origin = {"type": "source", "handed_over": None, "source_commit": None}
    assert "> Wann wir schreiben\n" in TEXTS.answer(reply_of(told, translation=origin))


def drift(quote: str | None, *, changed: bool | None) -> dict[str, object]:
    return {
        "newest_locale": "en-us",
        "newest_handed_over": "2024-06-03",
        "sentence_changed": changed,
        "newest_source_quote": quote,
    }


def test_a_changed_sentence_is_told_with_the_newer_english(told: dict[str, Any]) -> None:
    text = TEXTS.answer(reply_of(told, drift=drift("It may no longer write.", changed=True)))
    assert "\nIm neueren englischen Artikel heißt es jetzt: “It may no longer write.”\nhttps://" in text


def test_a_removed_sentence_is_told(told: dict[str, Any]) -> None:
    text = TEXTS.answer(reply_of(told, drift=drift(None, changed=True)))
    assert "\nDieser Satz steht im neueren englischen Artikel nicht mehr.\nhttps://" in text


@pytest.mark.parametrize("changed", [False, None])
def test_an_unchanged_sentence_says_nothing_of_newer_versions(
    told: dict[str, Any], changed: bool | None
) -> None:
    assert TEXTS.answer(reply_of(told, drift=drift("Same.", changed=changed))) == TEXTS.answer(reply_of(told))


def test_no_words_of_an_article_become_a_link(told: dict[str, Any]) -> None:
    bad = "[click](javascript:alert(1)) ![x](https://evil.example/x.png)\n[1]: https://evil.example"
    hostile = {**told, "answer": f"{bad}[1]"}
    text = TEXTS.answer(reply_of(hostile, quote=f"Q {bad}", title=bad, drift=drift(bad, changed=True)))
    assert re.findall(r"\]\(|\]:", text) == []
    assert text.count("click") == 4


def test_a_title_and_a_quote_are_one_line_each(told: dict[str, Any]) -> None:
    text = TEXTS.answer(reply_of(told, title="Two\n\nlines", headings=[], quote="One\n# head"))
    assert "[1] Two lines (maschinell" in text
    assert "“One # head”" in text


def test_a_note_gives_the_reason_and_the_nearest_articles() -> None:
    client = Client(build_app(settings=Settings(refuse_below=1.0)))
    refusal = client.ask("Darf der Anbieter wegen Preisen schreiben?", locale="de-de")
    assert refusal["status"] == "abstained"
    note = TEXTS.note(AskReply.model_validate(refusal))
    assert note.startswith(read_messages().refusal(refusal["abstain_reason"], "de-de"))
    assert "- E-Mails an Ihre Kunden > Wann wir schreiben: https://example.com/de-de/" in note


def test_sentences_are_read_from_a_mapping() -> None:
    texts = ChatwootTexts({"en-us": {"failed": "No."}})
    assert texts.sentence("failed", "ja-jp") == "No."
