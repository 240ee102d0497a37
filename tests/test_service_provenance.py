"""Every citation on the wire says where its words come from, over an index built from files."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from indexer import Drift, Ranking
from service.confidence import AbstainReason, Judgement
from service.schemas import AskReply
from service.source_list import without_list
from service.tool_texts import describe_answer
from tests.fake_index import FakeIndex
from tests.service_app import Client, build_app
from tests.small_corpus import SmallArticle, SmallIndex

PORTAL = ("**Gilt für**: Partnerportal", "**Applies to**: Partner portal")
MAIL = SmallArticle(
    ("E-Mails an Kunden", "Mail to customers"),
    [
        ("Der Anbieter schreibt Kunden bei Ausfällen.", "The vendor writes to customers about outages."),
        ("Über Preise schreibt er nie.", "It never writes about prices."),
    ],
    handed_over="03/01/2021",
    roles=("**Geeignete Rollen**: Administrator-Agent", "**Appropriate roles**: Admin agent"),
    applies_to=PORTAL,
    commit="aaa",
)
NEW_MAIL = SmallArticle(
    ("Courrier aux clients", "Mail to customers"),
    [
        ("Le vendeur écrit aux clients lors de pannes.", "The vendor writes to customers about outages."),
        ("Il écrit rarement sur les prix.", "It rarely writes about prices."),
    ],
    handed_over="07/12/2021",
    commit="bbb",
)
SEATS = SmallArticle(
    ("Annuler des places", "Cancel seats"),
    [("Les places se terminent après sept jours.", "Seats end after seven days.")],
    handed_over="07/12/2021",
    commit="ccc",
)
# By hand: no bilingual pairs, and no note of who translated it or when.
PLAIN = "---\ntitle: Steuern\n---\n# Steuern\n\nSteuern stehen auf der Rechnung.\n"


def sure(ranking: Ranking) -> Judgement:
    """Certain of its hits, but for German questions about seats, which no German article answers."""
    knows = not (ranking.locale == "de-de" and "Plätze" in ranking.question)
    return Judgement(0.9 if knows else 0.1, AbstainReason.NOT_STATED)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    small = SmallIndex(tmp_path_factory.mktemp("provenance"))
    small.write("de-de", mail=MAIL, taxes=PLAIN)
    small.write("fr-fr", mail=NEW_MAIL, seats=SEATS)
    small.build()
    follower = small.follower()
    follower.refresh()
    return Client(build_app(follower=follower, confidence=sure))


def cited(client: Client, question: str, locale: str, quote: str) -> Any:
    """The citation whose quote holds this sentence."""
    [citation] = [c for c in client.ask(question, locale=locale)["citations"] if quote in c["quote"]]
    return citation


def test_a_citation_carries_quote_english_translation_roles_scope_and_its_section(client: Client) -> None:
    citation = cited(client, "Schreibt der Anbieter bei Ausfällen?", "de-de", MAIL.sentences[0][0])
    assert citation.pop("score") > 0
    assert citation == {
        "number": 1,
        "passage_id": "de-de/help/mail#top.0",
        "article": "help/mail",
        "title": "E-Mails an Kunden",
        "headings": [],
        "url": "https://learn.microsoft.com/de-de/help/mail#top",
        "quote": "Der Anbieter schreibt Kunden bei Ausfällen. Über Preise schreibt er nie.",
        "source_quote": "The vendor writes to customers about outages. It never writes about prices.",
        "context": None,
        "start": 0,
        "end": 72,
        "translation": {"type": "machine", "handed_over": "2021-03-01", "source_commit": "aaa"},
        "drift": {
            "newest_locale": "fr-fr",
            "newest_handed_over": "2021-07-12",
            "sentence_changed": True,
            "newest_source_quote": (
                "The vendor writes to customers about outages. It rarely writes about prices."
            ),
        },
        "roles": ["Admin agent"],
        "applies_to": ["Partner portal"],
    }


def test_a_sentence_that_has_changed_since_carries_the_newest_english(client: Client) -> None:
    citation = cited(client, "Schreibt er über Preise?", "de-de", "Über Preise schreibt er nie.")
    assert citation["source_quote"].endswith(" It never writes about prices.")
    assert citation["drift"] == {
        "newest_locale": "fr-fr",
        "newest_handed_over": "2021-07-12",
        "sentence_changed": True,
        "newest_source_quote": "The vendor writes to customers about outages. It rarely writes about prices.",
    }


def test_derived_english_is_the_source_with_the_date_and_commit_that_it_was_read_from(
    client: Client,
) -> None:
    citation = cited(client, "Does it write about prices?", "en-us", "It rarely writes about prices.")
    assert citation["translation"] == {
        "type": "source",
        "handed_over": "2021-07-12",
        "source_commit": "bbb",
    }
    assert (citation["source_quote"], citation["drift"]) == (None, None)
    assert citation["url"] == "https://learn.microsoft.com/en-us/help/mail#top"


def test_an_article_without_pairs_has_its_translation_type_and_no_english(client: Client) -> None:
    citation = cited(client, "Wo stehen Steuern?", "de-de", "Steuern stehen auf der Rechnung.")
    assert citation["translation"] == {"type": "human", "handed_over": None, "source_commit": None}
    assert (citation["source_quote"], citation["drift"]) == (None, None)


def test_an_answer_from_another_locale_says_so_and_links_to_its_section(client: Client) -> None:
    reply = client.ask("Wann enden Plätze? Seats end after days", locale="de-de")
    assert reply["locale"] == {
        "requested": "de-de",
        "answered": "en-us",
        "guessed": False,
        "nearest": False,
        "fallback": True,
    }
    places = {
        (c["url"], c["translation"]["type"], c["translation"]["source_commit"]) for c in reply["citations"]
    }
    assert ("https://learn.microsoft.com/en-us/help/seats#top", "source", "ccc") in places
    assert client.ask("Schreibt der Anbieter?", locale="de-de")["locale"]["fallback"] is False


def test_what_can_not_be_compared_is_null_on_the_wire() -> None:
    drift = Drift("ja-jp", date(2024, 6, 3), None, None)
    index = FakeIndex(drifts={("de-de", "partner-help/mail"): drift})
    reply = Client(build_app(index)).ask(
        "Darf der Anbieter Kunden wegen Ausfällen schreiben?", locale="de-de"
    )
    assert [citation["drift"] for citation in reply["citations"]] == [
        {
            "newest_locale": "ja-jp",
            "newest_handed_over": "2024-06-03",
            "sentence_changed": None,
            "newest_source_quote": None,
        }
    ] * len(reply["citations"])


def completed(client: Client, question: str) -> str:
    """The text of a completion about German articles."""
    body = {"messages": [{"role": "user", "content": question}], "citedesk": {"locale": "de-de"}}
    reply = client.post("/v1/chat/completions", body).json()
    text: str = reply["choices"][0]["message"]["content"]
    return text


def as_tool(client: Client, question: str, **fields: object) -> str:
    """The text that a tool answers with."""
    return describe_answer(AskReply.model_validate(client.ask(question, **fields)))


def told(drift: Drift) -> Client:
    return Client(build_app(FakeIndex(drifts={("de-de", "partner-help/mail"): drift})))


def test_who_reads_only_text_is_told_of_a_newer_version(client: Client) -> None:
    newest = '"The vendor writes to customers about outages. It rarely writes about prices."'
    question = "Schreibt er über Preise?"
    assert (
        "\n\n- [1] E-Mails an Kunden: https://learn.microsoft.com/de-de/help/mail#top\n"
        "  Von diesem Artikel gibt es eine neuere Fassung vom 12.07.2021 (Français (fr-fr)). "
        f"Auf Englisch heißt es jetzt: {newest}"
    ) in completed(client, question)
    assert f"\nA newer version (fr-fr, 2021-07-12) says: {newest}" in as_tool(
        client, question, locale="de-de"
    )


@pytest.mark.parametrize(
    ("changed", "line", "tool"),
    [
        (
            True,
            "\n  Von diesem Artikel gibt es eine neuere Fassung vom 03.06.2024 (日本語 (ja-jp)). "
            "Dieser Satz kommt darin nicht mehr vor.",
            "\nA newer version (ja-jp, 2024-06-03) no longer says this.",
        ),
        (False, "#when-we-write", 'prices."'),
        (
            None,
            "#when-we-write",
            "\nThere is a newer version (ja-jp, 2024-06-03); whether it says the same is not known.",
        ),
    ],
)
def test_a_removed_sentence_is_told_and_an_unchanged_one_is_not(
    changed: bool | None, line: str, tool: str
) -> None:
    client = told(Drift("ja-jp", date(2024, 6, 3), changed, None))
    question = "Darf der Anbieter Kunden wegen Ausfällen schreiben?"
    assert completed(client, question).endswith(line)
    assert as_tool(client, question, locale="de-de").endswith(tool)


def test_who_reads_only_text_is_told_of_another_locale(client: Client) -> None:
    question = "Wann enden Plätze? Seats end after days"
    text = completed(client, question)
    assert "]\n\n(Die Antwort stammt aus den Artikeln in English (en-us).)\n\n- [1] " in text
    assert without_list(text).endswith("]")
    assert as_tool(client, question, locale="de-de").startswith(
        "Answered from the articles in en-us: the asked locale has no answer.\n\n"
    )
    guessed = as_tool(client, "When do the seats end?")
    assert guessed.startswith("Language guessed from the question: en-us.\n\n")


@pytest.mark.parametrize(
    ("filters", "articles"),
    [
        (None, ["help/mail", "help/taxes"]),
        ({}, ["help/mail", "help/taxes"]),
        ({"docset": None, "roles": None}, ["help/mail", "help/taxes"]),
        ({"docset": ["help"]}, ["help/mail", "help/taxes"]),
        ({"docset": ["other"]}, []),
        ({"docset": []}, []),
        ({"roles": ["admin AGENT"]}, ["help/mail"]),
        ({"roles": []}, []),
        ({"applies_to": ["Partner portal"]}, ["help/mail"]),
        ({"applies_to": []}, []),
        ({"articles": ["*/t*"]}, ["help/taxes"]),
        ({"articles": ["*/t*"], "roles": ["Admin agent"]}, []),
        ({"articles": []}, []),
    ],
)
def test_filters_on_the_wire_restrict_what_is_found(
    client: Client, filters: dict[str, list[str] | None] | None, articles: list[str]
) -> None:
    body = {"query": "Wann schreibt der Anbieter?", "locale": "de-de", "filters": filters}
    hits = client.post("/v1/search", body).json()["hits"]
    assert sorted(hit["article"] for hit in hits) == articles
