"""The page at `/ask`: an answer, a refusal or a problem without JavaScript, whatever the texts hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from indexer import Drift
from service.admission import DeadlinePassed, Overloaded
from service.answer_page import answer_section
from service.ask_page import PATH, AskPage, problems_as_pages
from service.citations import WriterFault
from service.conversations import Conversations
from service.page_layout import FORM_POLICY
from service.page_texts import read_languages
from service.problems import Kind, problem_response
from service.rates import Rate
from service.routes import IndexSource
from service.schemas import AskReply
from service.settings import Settings
from tests.access import CLOSED, OPEN, make_access
from tests.fake_index import FakeArticle, FakeFollower, FakeIndex
from tests.service_app import Client, build_app, keep_conversations
from tests.test_markup import Reader

LANGUAGES = read_languages()
QUESTION = "May the vendor write to your customers about outages?"
GERMAN = "Darf der Anbieter Ihren Kunden wegen Ausfällen schreiben?"
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&amp;"


@pytest.fixture
def client() -> Client:
    return Client(build_app())


def ask(client: Client, question: str, **parameters: str) -> httpx.Response:
    return client.get(PATH, params={"q": question, "lang": "en-us", **parameters})


def elements(page: str, name: str) -> list[dict[str, str | None]]:
    return [dict(attributes) for tag, attributes in Reader(page).elements if tag == name]


def inside(page: str, name: str) -> list[str]:
    """The text of every element of this name, markup removed."""
    found = re.findall(rf"<{name}(?: [^>]*)?>(.*?)</{name}>", page, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", text)) for text in found]


def test_the_form_comes_without_a_question(client: Client) -> None:
    response = client.get(f"{PATH}?lang=en-us")
    page = response.text
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert elements(page, "form") == [{"action": "/ask", "method": "get", "role": "search"}]
    assert [label["for"] for label in elements(page, "label")] == ["question", "locale"]
    assert inside(page, "option") == [
        "Guess from the question", "Deutsch (de-de)", "English (en-us)", "日本語 (ja-jp)", "繁體中文 (zh-tw)",
    ]  # fmt: skip
    assert "<section" not in page


@pytest.mark.parametrize(
    ("address", "chosen"),
    [
        (f"{PATH}?lang=ja-jp", "ja-jp"),
        (f"{PATH}?lang=fr-fr", ""),
        (f"{PATH}?lang=ja-jp&locale=", ""),
        (f"{PATH}?lang=ja-jp&locale=de-de", "de-de"),
    ],
)
def test_the_articles_in_the_readers_language_are_offered_first(
    client: Client, address: str, chosen: str
) -> None:
    options = elements(client.get(address).text, "option")
    assert [option["value"] for option in options if "selected" in option] == [chosen]


def test_an_answer_is_in_its_language_with_numbered_links_to_its_sources(client: Client) -> None:
    page = ask(client, GERMAN, locale="de-de").text
    quote_ = "Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben."
    assert (
        '<p class="said" lang="de-de" dir="ltr">'
        + quote_
        + '<a class="mark" href="#source-1" aria-label="Source 1">[1]</a>'
        in page
    )
    quotes = [text for text in inside(page, "blockquote") if text.startswith(quote_)]
    assert quotes == [f"{quote_} Wegen Preisen schreibt er ihnen nie."]
    assert '<li id="source-1" value="1"' in page


def test_the_english_sentence_is_behind_a_further_choice(client: Client) -> None:
    page = ask(client, GERMAN, locale="de-de").text
    (details,) = re.findall(r"<details>.*?</details>", page)
    assert details == (
        "<details><summary>Show the English sentence</summary>"
        '<blockquote lang="en-us" dir="ltr">'
        "The vendor may write to your customers about outages. It never writes to them about prices."
        "</blockquote>"
        "</details>"
    )
    assert "<details" not in ask(client, QUESTION, locale="en-us").text


def test_a_source_names_its_section_link_translation_and_roles(client: Client) -> None:
    page = ask(client, GERMAN, locale="de-de").text
    assert (
        '<a href="https://example.com/de-de/partner-help/mail#when-we-write" rel="noopener noreferrer" '
        'lang="de-de" dir="ltr">E-Mails an Ihre Kunden › Wann wir schreiben</a>' in page
    )
    assert "Machine translation of 05/14/2024" in inside(page, "p")
    assert "Roles: Account admin" in inside(page, "p")
    assert "Original text of 05/14/2024" in inside(ask(client, QUESTION, locale="en-us").text, "p")


@pytest.mark.parametrize(
    ("drift", "said"),
    [
        (Drift("ja-jp", date(2024, 6, 3), None, None), ""),
        (Drift("ja-jp", date(2024, 6, 3), False, None), " This sentence has not changed."),
        (Drift("ja-jp", date(2024, 6, 3), True, None), " This sentence is no longer in it."),
        (Drift("ja-jp", date(2024, 6, 3), True, "It may <not>."), " In English it now says:It may <not>."),
    ],
    ids=["not compared", "same", "removed", "changed"],
)
def test_a_newer_version_is_told_with_what_it_says_now(drift: Drift, said: str) -> None:
    index = FakeIndex(drifts={("de-de", "partner-help/mail"): drift})
    page = ask(Client(build_app(index)), GERMAN, locale="de-de").text
    assert inside(page, "div") == [
        f"There is a newer version of this article, of 06/03/2024 (日本語 (ja-jp)).{said}"
    ]


def test_a_refusal_looks_like_one_and_shows_the_nearest_articles(client: Client) -> None:
    response = ask(client, "Which colour has the customers' moon?", locale="en-us")
    assert response.status_code == 200
    assert '<section class="answer refused"' in response.text
    assert inside(response.text, "h2") == ["Not stated in the articles"]
    assert elements(response.text, "blockquote") == []
    titles = inside(response.text, "ul")[0]
    assert "Mail to your customers › " in titles
    assert titles.count("Manage seats") == 1


def test_a_question_about_something_else_has_no_nearest_articles() -> None:
    texts = LANGUAGES.choose("en-us", None)
    refused: dict[str, Any] = {"status": "abstained", "citations": [], "confidence": 0.1}
    for reason, lists in (("not_stated", 1), ("off_topic", 0)):
        section = answer_section(reply_with(abstain_reason=reason, **refused), texts)
        assert len(elements(section, "ul")) == lists, reason
        assert ("Nearest articles" in inside(section, "h3")) == bool(lists)


def test_an_answer_of_another_locale_says_so(client: Client) -> None:
    nearest = ask(client, GERMAN, locale="de-at").text
    assert "There are no articles in de-at; these are in Deutsch (de-de)." in inside(nearest, "p")
    guessed = ask(client, QUESTION).text
    assert "Language guessed from the question: English (en-us)." in inside(guessed, "p")


def test_the_page_speaks_another_language_than_the_articles(client: Client) -> None:
    page = client.get(PATH, params={"q": GERMAN, "locale": "de-de", "lang": "ar-sa"}).text
    assert '<html lang="ar-sa" dir="rtl">' in page
    assert '<p class="said" lang="de-de" dir="ltr">' in page
    assert "عرض الجملة الإنجليزية" in page


def test_the_other_languages_keep_the_question(client: Client) -> None:
    page = client.get(PATH, params={"q": "a&b", "locale": "en-us", "lang": "en-us"}).text
    links = [each["href"] for each in elements(page, "a") if each.get("hreflang") == "de-de"]
    assert links == ["/ask?q=a%26b&locale=en-us&lang=de-de"]


@pytest.mark.parametrize(
    ("parameters", "status", "said"),
    [
        ({"q": ""}, 422, "Enter a question of at most 2000 characters."),
        ({"q": " \u200b"}, 422, "Enter a question of at most 2000 characters."),
        ({"q": "x" * 2001}, 422, "Enter a question of at most 2000 characters."),
        ({"q": "a\0b"}, 422, "Enter a question of at most 2000 characters."),
        (
            {"q": QUESTION, "locale": "no language"},
            422,
            "There are no articles in this language. Choose another",
        ),
        ({"q": QUESTION, "locale": "sv-se"}, 404, "There are no articles in this language. Choose another"),
    ],
)
def test_a_question_that_does_not_fit_is_a_page_with_the_status_of_the_problem(
    client: Client, parameters: Mapping[str, str], status: int, said: str
) -> None:
    response = client.get(PATH, params={"lang": "en-us", **parameters})
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert [text for text in inside(response.text, "p") if text.startswith(said)]
    assert (
        unescape(re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", response.text, re.DOTALL)[0])
        == (parameters["q"])
    )


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (
            Overloaded("all 2 places are taken"),
            503,
            "Too many questions at once. Please try again in a moment.",
        ),
        (DeadlinePassed("no answer within 10 s"), 504, "The answer took too long. Please try again."),
        (RuntimeError("secret"), 500, "The service failed."),
    ],
)
def test_a_failure_is_a_page_with_its_status(error: Exception, status: int, said: str) -> None:
    def fail(text: str, available: Sequence[str]) -> str:
        raise error

    response = ask(Client(build_app(guess=fail), faults_escape=False), QUESTION, locale="")
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert said in inside(response.text, "p")
    assert "secret" not in response.text
    assert response.headers.get("retry-after") == ("1" if status in (503, 504) else None)


def test_without_an_index_the_form_is_shown_and_a_question_is_503() -> None:
    client = Client(build_app(follower=FakeFollower(None)))
    assert client.get(PATH).status_code == 200
    response = ask(client, QUESTION)
    assert response.status_code == 503
    assert "No question can be answered now. Please try again later." in inside(response.text, "p")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind("too-many-requests", 429, "Too many requests"), "Too many requests. Please try again in 42 s."),
        (
            Kind("missing-key", 401, "A key is needed"),
            "This service asks for a key, which this page can't send. "
            "The page works only where the service asks for none.",
        ),
        (Kind("http-error", 418, "Refused"), "The service did not accept the request."),
    ],
)
def test_what_refuses_before_the_routes_is_a_page_too(kind: Kind, said: str) -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Retry-After": "42", "WWW-Authenticate": "Bearer"}
        await problem_response(kind, "the <reason>", headers=headers)(scope, receive, send)

    indexes = cast(IndexSource, FakeFollower(FakeIndex()))
    ask_page = AskPage(indexes, LANGUAGES, question_max_chars=2000)
    client = Client(problems_as_pages(refuse, ask_page))
    response = ask(client, QUESTION)
    assert (response.status_code, response.headers["retry-after"]) == (kind.status, "42")
    assert {said, "the <reason>"} <= set(inside(response.text, "p"))
    assert response.headers["content-security-policy"] == FORM_POLICY
    assert client.get("/v1/locales").headers["content-type"] == "application/problem+json"


def test_where_keys_are_asked_for_the_page_says_that_it_has_none() -> None:
    response = ask(Client(build_app(access=make_access(rules=CLOSED))), QUESTION)
    assert (response.status_code, response.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert [
        text for text in inside(response.text, "p") if text.startswith("This service asks for a key, which")
    ]


def test_one_who_asks_too_often_is_told_when_to_ask_again() -> None:
    client = Client(build_app(access=make_access(rules=replace(OPEN, rate=Rate(1, 86_400)))))
    statuses = [ask(client, QUESTION, locale="en-us").status_code for _ in range(2)]
    response = ask(client, QUESTION, locale="en-us")
    assert statuses == [200, 429]
    wait_s = response.headers["retry-after"]
    assert f"Too many requests. Please try again in {wait_s} s." in inside(response.text, "p")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"writer": "chat"}, "Worded by a language model from the articles shown as sources."),
        (
            {"writer_fault": next(iter(WriterFault))},
            "The language model was not available. The answer is quoted from the articles.",
        ),
    ],
)
def test_who_worded_the_answer_is_said(changes: dict[str, Any], said: str) -> None:
    section = answer_section(reply_with(**changes), LANGUAGES.choose("en-us", None))
    assert said in inside(section, "p")


def test_other_methods_are_refused_with_a_page(client: Client) -> None:
    response = client.request("POST", PATH, data={"q": QUESTION})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    head = client.request("HEAD", PATH, params={"q": QUESTION})
    assert (head.status_code, head.content) == (200, b"")


def test_only_this_page_may_send_a_form_and_it_may_run_no_script(client: Client) -> None:
    for address in (PATH, f"{PATH}?q={quote(QUESTION)}", f"{PATH}?q="):
        policy = client.get(address).headers["content-security-policy"]
        assert policy == (
            "default-src 'none'; style-src 'self'; img-src 'self'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
    for address in ("/", "/v1/locales", "/demo/page.css"):
        assert "form-action 'none'" in client.get(address).headers["content-security-policy"]


def test_no_cache_keeps_what_somebody_asked(client: Client) -> None:
    for parameters in ({}, {"q": QUESTION}, {"q": ""}):
        headers = client.get(PATH, params=parameters).headers
        assert headers["cache-control"] == "no-store"
        assert "Accept-Language" in headers["vary"].split(", ")


def test_an_answer_is_remembered_as_any_other(tmp_path: Path) -> None:
    kept: Conversations = keep_conversations(f"sqlite:///{tmp_path / 'kept.db'}")
    ask(Client(build_app(conversations=kept)), QUESTION, locale="en-us")
    assert kept.waiting == 1
    kept.start()
    kept.stop()
    assert kept.waiting == 0


def test_a_longer_question_than_the_settings_take_is_refused() -> None:
    client = Client(build_app(settings=Settings(question_max_chars=10)))
    response = ask(client, "x" * 11)
    assert response.status_code == 422
    assert "Enter a question of at most 10 characters." in inside(response.text, "p")
    assert elements(response.text, "textarea")[0]["maxlength"] == "10"


def test_hostile_articles_and_questions_stay_text() -> None:
    article = FakeArticle(
        "partner-help/evil",
        "en-us",
        HOSTILE,
        [("a", HOSTILE, [(f"Outages {HOSTILE} happen.", f"Outages {HOSTILE}")])],
        roles=(HOSTILE,),
    )
    page = ask(
        Client(build_app(FakeIndex(articles=[article]))), f"Outages {HOSTILE} happen.", locale="en-us"
    ).text
    assert {tag for tag, _ in Reader(page).elements} & {"script", "img", "iframe", "style"} == set()
    assert [name for _, given in Reader(page).elements for name, _ in given if name.startswith("on")] == []
    assert f"Outages {HOSTILE} happen." in inside(page, "blockquote")


def reply_with(*, citation: dict[str, object] | None = None, **changes: object) -> AskReply:
    """An answered reply, changed, with its first citation, changed."""
    client = Client(build_app())
    reply = client.ask(GERMAN, locale="de-de")
    citations = [{**reply["citations"][0], **(citation or {})}]
    return AskReply.model_validate({**reply, "citations": citations, **changes})


def test_a_link_is_made_for_addresses_of_the_web_alone() -> None:
    section = answer_section(
        reply_with(citation={"url": "javascript:alert(1)"}), LANGUAGES.choose("en-us", None)
    )
    assert [each.get("href") for each in elements(section, "a")] == ["#source-1"]
    assert "E-Mails an Ihre Kunden › Wann wir schreiben" in inside(section, "span")


@pytest.mark.parametrize(
    ("answer", "marks"),
    [
        ("One.[1]", ["[1]"]),
        ("As in [7] and [0].[1]", ["[1]"]),
        ("One.[1] Two.[2]", ["[1]"]),
        ("See [99999999999999999999].[1]", ["[1]"]),
        ("[1] One.[1]", ["[1]", "[1]"]),
    ],
)
def test_a_number_in_brackets_is_a_mark_only_where_a_source_has_it(answer: str, marks: list[str]) -> None:
    section = answer_section(reply_with(answer=answer), LANGUAGES.choose("en-us", None))
    assert inside(section, "a")[: len(marks)] == marks
    assert inside(section, "p")[0] == answer


def test_the_context_of_a_quoted_row_is_shown_with_it() -> None:
    section = answer_section(reply_with(citation={"context": "Plan | Days"}), LANGUAGES.choose("en-us", None))
    assert '<p class="note" lang="de-de" dir="ltr">Plan | Days</p>' in section


CLIENT = Client(build_app())


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["q", "locale", "lang", "x"]), st.binary(max_size=40)))
def test_no_address_gives_a_fault_or_markup_of_its_own(parameters: dict[str, bytes]) -> None:
    query = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    response = CLIENT.get(f"{PATH}?{query}")
    assert response.status_code in (200, 404, 422)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert {tag for tag, _ in Reader(response.text).elements} <= {
        *"html head meta title link body main h1 h2 h3 p form label textarea select option input".split(),
        *"button section footer nav ul ol li a bdi time blockquote details summary span div".split(),
    }
