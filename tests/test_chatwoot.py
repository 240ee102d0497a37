"""The agent bot of a Chatwoot: from the signed delivery to what stands in the conversation."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from indexer import IndexMissing
from service.__main__ import open_chatwoot
from service.chatwoot_queue import WAITING_MAX
from service.confidence import AbstainReason
from service.database import UnknownAnswer
from service.messages import read_messages
from service.settings import Settings, SettingsError
from tests.access import RULES, make_access
from tests.chatwoot_server import (
    SECRET,
    TOKEN,
    Answer,
    Call,
    FakeChatwoot,
    deliver,
    delivery,
    link_to,
    serving,
    signed,
)
from tests.fake_index import FakeFollower, FakeIndex
from tests.service_app import Client, build_app, keep_conversations

ANSWERED = "May the vendor write to your customers about outages?"
REFUSED = "How high is the moon?"
HANDED_OVER = "I found no certain answer to this in the help articles. A person from our team will take over."
FAILED = "I can't answer this right now. A person from our team will take over."
OPENED = Call("3/conversations/42/toggle_status", {"status": "open"})
TAKEN = (200, {"status": "taken"})


def said(chatwoot: FakeChatwoot) -> list[tuple[str, str]]:
    """What stands in the conversations now: to whom, and the first line."""
    return [
        ("desk" if call.body["private"] else "contact", call.body["content"].split("\n")[0])
        for call in chatwoot.calls
        if call.what.endswith("/messages")
    ]


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"]


def post(app: ASGIApp, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return Client(app).request("POST", "/v1/chatwoot", content=body, headers=headers)


def speaking(language: str, content: str, **changes: Any) -> dict[str, Any]:
    return delivery(content, conversation__additional_attributes={"browser_language": language}, **changes)


def test_a_message_is_answered_with_its_source_in_its_conversation() -> None:
    with FakeChatwoot() as chatwoot:
        assert deliver(build_app(chatwoot=link_to(chatwoot.url)), delivery(ANSWERED)) == [TAKEN]
    [call] = chatwoot.calls
    assert call.what == "3/conversations/42/messages"
    assert call.body["private"] is False
    assert call.body["content"] == (
        "The vendor may write to your customers about outages.[1]\n"
        "\n"
        "[1] Mail to your customers > When we write to them (2024-05-14)\n"
        "“The vendor may write to your customers about outages. It never writes to them about prices.”\n"
        "https://example.com/en-us/partner-help/mail#when-we-write"
    )


@pytest.mark.parametrize(
    ("language", "default", "first"),
    [
        ("de-AT", "", "Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben.[1]"),
        ("ja", "de-de", "ベンダーは障害についてお客様にメールを送ることがあります。[1]"),
        ("zh_HK", "", "供應商可以因服務中斷寫信給您的客戶。[1]"),
        # No articles in Swedish: the default, else what the words suggest (here always English).
        ("sv", "ja-jp", "ベンダーは障害についてお客様にメールを送ることがあります。[1]"),
        ("sv", "", "The vendor may write to your customers about outages.[1]"),
        ("no tag, at all;q=2", "de-de", "Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben.[1]"),
    ],
)
def test_the_conversation_chooses_the_language(language: str, default: str, first: str) -> None:
    with FakeChatwoot() as chatwoot:
        app = build_app(chatwoot=link_to(chatwoot.url, locale=default))
        deliver(app, speaking(language, ANSWERED))
    assert said(chatwoot) == [("contact", first)]


def test_what_the_articles_do_not_say_goes_to_a_person_with_the_nearest_articles() -> None:
    with FakeChatwoot() as chatwoot:
        app = build_app(chatwoot=link_to(chatwoot.url), settings=Settings(refuse_below=1.0))
        deliver(app, delivery("May the vendor write about prices?"))
    opened, note, told = chatwoot.calls
    assert opened == OPENED
    assert note.body["private"] is True
    assert (
        "- Mail to your customers > When we write to them: https://example.com/en-us/" in note.body["content"]
    )
    assert (told.body["private"], told.body["content"]) == (False, HANDED_OVER)


def test_a_person_is_called_in_the_readers_language() -> None:
    with FakeChatwoot() as chatwoot:
        deliver(build_app(chatwoot=link_to(chatwoot.url)), speaking("ja", "月はどのくらい高いですか"))
    assert said(chatwoot) == [
        ("desk", read_messages().refusal(AbstainReason.NOT_STATED, "ja-jp")),
        ("contact", "ヘルプ記事の中に確かな回答が見つかりませんでした。担当者が引き継ぎます。"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        delivery(message_type="outgoing", sender={"id": 4, "name": "Bot", "type": "agent_bot"}),
        delivery(private=True),
        delivery(content=None),
        delivery(conversation__status="open"),
        delivery(event="message_updated"),
        {"event": "conversation_opened", "id": 42},
        {"event": "webwidget_triggered", "contact": {}},
    ],
)
def test_other_events_are_taken_and_left_alone(event: dict[str, Any]) -> None:
    index = FakeIndex()
    with FakeChatwoot() as chatwoot:
        app = build_app(index, chatwoot=link_to(chatwoot.url))
        assert deliver(app, event) == [(200, {"status": "ignored"})]
    assert (chatwoot.tries, index.calls) == ([], [])


def test_a_delivery_that_comes_again_is_answered_once() -> None:
    with FakeChatwoot() as chatwoot:
        replies = deliver(build_app(chatwoot=link_to(chatwoot.url)), delivery(), delivery(), delivery(id=312))
    assert replies == [TAKEN, (200, {"status": "repeated"}), TAKEN]
    assert len(said(chatwoot)) == 2


def test_a_delivery_is_answered_before_its_message_is() -> None:
    with FakeChatwoot([Answer(503)]) as chatwoot:

        async def scenario() -> None:
            may_go_on = asyncio.Event()
            link = link_to(chatwoot.url, rest=may_go_on.wait)
            async with serving(build_app(chatwoot=link)) as hook:
                assert (await hook.send(delivery())).status_code == 200
                assert chatwoot.calls == []
                may_go_on.set()

        asyncio.run(scenario())
    assert len(said(chatwoot)) == 1


@pytest.mark.parametrize(("kept", "then"), [(1000, "contact"), (0, "desk")])
def test_what_was_said_before_counts_where_it_is_kept(kept: int, then: str) -> None:
    settings = Settings(store_questions=True, responses_kept=kept)
    with FakeChatwoot() as chatwoot:
        app = build_app(chatwoot=link_to(chatwoot.url), settings=settings)
        deliver(app, delivery(ANSWERED), delivery("And in Japan?", id=312))
    assert [reader for reader, _ in said(chatwoot)][:2] == ["contact", then]


def test_conversations_do_not_hear_each_other() -> None:
    index = FakeIndex()
    with FakeChatwoot() as chatwoot:
        app = build_app(index, chatwoot=link_to(chatwoot.url), settings=Settings(store_questions=True))
        deliver(
            app,
            delivery(ANSWERED),
            delivery(REFUSED, id=312, conversation__id=43),
            delivery(REFUSED, id=313, account__id=4),
        )
    opened = sorted(call.what for call in chatwoot.calls if call.what.endswith("toggle_status"))
    assert opened == ["3/conversations/43/toggle_status", "4/conversations/42/toggle_status"]


def test_the_answer_is_kept_as_the_settings_say(tmp_path: Path) -> None:
    for keep_texts in (False, True):
        file = tmp_path / f"{keep_texts}.db"
        kept = keep_conversations(f"sqlite:///{file}", keep_texts=keep_texts)
        kept.start()
        with FakeChatwoot() as chatwoot:
            deliver(build_app(chatwoot=link_to(chatwoot.url), conversations=kept), delivery(ANSWERED))
        [exchange] = kept.find(answer_id=None, conversation="chatwoot-3-42", client_key="chatwoot")
        with pytest.raises(UnknownAnswer):
            kept.find(answer_id=None, conversation="chatwoot-3-42", client_key=None)
        kept.stop()
        assert exchange.question == (ANSWERED if keep_texts else None)
        with sqlite3.connect(file) as database:
            assert ("outages" in "\n".join(database.iterdump())) is keep_texts
        database.close()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda body: {}, "X-Chatwoot-Signature and X-Chatwoot-Timestamp are needed: Chatwoot 4.13 or newer"),
        (lambda body: signed(body, secret="other"), "the signature does not fit"),
        (lambda body: signed(body, at=1_718_020_800), "the delivery is too old"),
        (lambda body: signed(body + b" "), "the signature does not fit"),
    ],
)
def test_an_unsigned_wrongly_signed_or_old_delivery_is_refused(fault: Any, told: str) -> None:
    body = json.dumps(delivery()).encode()
    with FakeChatwoot() as chatwoot:
        headers = {"Content-Type": "application/json", **fault(body)}
        response = post(build_app(chatwoot=link_to(chatwoot.url)), body, headers)
    assert problem(response) == (401, "/problems/invalid-signature")
    assert response.json()["detail"].startswith(told)
    assert response.headers["www-authenticate"] == 'Signature realm="chatwoot"'
    assert chatwoot.tries == []


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", (400, "/problems/malformed-json")),
        (b"\xff", (400, "/problems/malformed-json")),
        (b'{"event": "message_created", "event": "x"}', (400, "/problems/malformed-json")),
        (b"[" * 10_000, (400, "/problems/malformed-json")),
        (b"[]", (422, "/problems/invalid-request")),
        (b"{}", (422, "/problems/invalid-request")),
        (b'{"event": "message_created"}', (422, "/problems/invalid-request")),
        (b'{"event": "message_created", "id": "../1"}', (422, "/problems/invalid-request")),
        (b'{"event": "\\ud800"}', (422, "/problems/invalid-request")),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused_with_its_fault(
    body: bytes, refusal: tuple[int, str]
) -> None:
    app = build_app(chatwoot=link_to("http://127.0.0.1:9"))
    assert problem(post(app, body, signed(body))) == refusal


def test_what_is_wrong_with_an_event_is_named_without_its_words() -> None:
    event = delivery(["canary-7319"], account={"id": "canary-7319"})
    body = json.dumps(event).encode()
    response = post(build_app(chatwoot=link_to("http://127.0.0.1:9")), body, signed(body))
    assert [error["field"] for error in response.json()["errors"]] == ["content", "account.id"]
    assert "canary" not in response.text


def test_an_event_that_is_no_json_by_its_header_is_refused() -> None:
    body = json.dumps(delivery()).encode()
    headers = {**signed(body), "Content-Type": "text/plain"}
    response = post(build_app(chatwoot=link_to("http://127.0.0.1:9")), body, headers)
    assert problem(response) == (415, "/problems/unsupported-type")


def test_without_an_agent_bot_the_address_says_what_to_set() -> None:
    body = json.dumps(delivery()).encode()
    response = post(build_app(), body, signed(body))
    assert problem(response) == (404, "/problems/not-set-up")
    assert "CITEDESK_CHATWOOT_URL" in response.json()["detail"]


def test_a_signature_stands_for_a_key() -> None:
    access = make_access(rules=replace(RULES, open=False))
    with FakeChatwoot() as chatwoot:
        app = build_app(chatwoot=link_to(chatwoot.url), access=access)
        assert Client(app).post("/v1/ask", {"question": ANSWERED}).status_code == 401
        assert deliver(app, delivery()) == [TAKEN]


def test_one_message_too_many_is_left_for_chatwoot_to_send_again() -> None:
    with FakeChatwoot([Answer(503)] * WAITING_MAX) as chatwoot:

        async def scenario() -> list[httpx.Response]:
            may_go_on = asyncio.Event()
            link = link_to(chatwoot.url, rest=may_go_on.wait)
            events = [delivery(id=n, conversation__id=n) for n in range(1, WAITING_MAX + 2)]
            async with serving(build_app(chatwoot=link)) as hook:
                replies = [await hook.send(event) for event in events]
                may_go_on.set()
            return replies

        *taken, refused = asyncio.run(scenario())
    assert {reply.status_code for reply in taken} == {200}
    assert problem(refused) == (429, "/problems/too-many-requests")
    assert refused.headers["retry-after"] == "3"
    assert len(said(chatwoot)) == WAITING_MAX


def test_many_conversations_leave_places_to_other_callers() -> None:
    # Four places: as many as the bot takes at once.
    settings = Settings(concurrency=1, queue_max=3)
    with FakeChatwoot() as chatwoot:
        app = build_app(chatwoot=link_to(chatwoot.url), settings=settings)
        deliver(app, *(delivery(id=n, conversation__id=n) for n in range(1, 31)))
    assert [reader for reader, first in said(chatwoot) if first.endswith("[1]")] == ["contact"] * 30


def test_an_answer_that_did_not_arrive_is_told_to_the_desk() -> None:
    events: list[str] = []
    with FakeChatwoot([Answer(504)]) as chatwoot:
        deliver(build_app(chatwoot=link_to(chatwoot.url, events=events)), delivery())
    assert chatwoot.calls[0] == OPENED
    assert said(chatwoot) == [
        ("desk", "The answer from the help articles may not have arrived. Please look at the conversation.")
    ]
    assert events == ["chatwoot: nothing arrived in chatwoot-3-42: messages: answered 504, tried 1 times"]


def test_nothing_is_promised_where_nobody_could_be_called() -> None:
    events: list[str] = []
    with FakeChatwoot([Answer(503)] * 4) as chatwoot:
        deliver(build_app(chatwoot=link_to(chatwoot.url, events=events)), delivery(REFUSED))
    assert chatwoot.calls == []
    assert len(chatwoot.tries) == 4
    assert events == [
        "chatwoot: nothing arrived in chatwoot-3-42: toggle_status: answered 503, tried 4 times"
    ]


def test_the_contact_is_told_even_where_the_note_fails() -> None:
    with FakeChatwoot([Answer(), Answer(422)]) as chatwoot:
        deliver(build_app(chatwoot=link_to(chatwoot.url)), delivery(REFUSED))
    assert said(chatwoot) == [("contact", HANDED_OVER)]


def test_a_chatwoot_that_is_down_harms_nothing_else() -> None:
    events: list[str] = []

    async def scenario() -> str:
        async with serving(build_app(chatwoot=link_to("http://127.0.0.1:9", events=events))) as hook:
            for number in (311, 312):
                assert (await hook.send(delivery(id=number))).status_code == 200
            reply = await hook.client.post("/v1/ask", json={"question": ANSWERED})
        return str(reply.json()["status"])

    assert asyncio.run(scenario()) == "answered"
    # For each message the answer, then the calling of a person.
    assert len(events) == 4
    assert all(event.startswith("chatwoot: nothing arrived in chatwoot-3-42: ") for event in events)


def test_a_message_waits_behind_a_person_once_one_was_called() -> None:
    with FakeChatwoot() as chatwoot:
        deliver(build_app(chatwoot=link_to(chatwoot.url)), delivery(REFUSED), delivery(ANSWERED, id=312))
    assert said(chatwoot)[-1] == ("contact", HANDED_OVER)


@pytest.mark.parametrize("language", ["en", "de"])
def test_without_an_index_a_person_is_called(language: str) -> None:
    events: list[str] = []
    with FakeChatwoot() as chatwoot:
        app = build_app(follower=FakeFollower(None), chatwoot=link_to(chatwoot.url, events=events))
        deliver(app, speaking(language, ANSWERED))
    told = {
        "en": FAILED,
        "de": "Ich kann das gerade nicht beantworten. Ein Mensch aus unserem Team übernimmt.",
    }
    assert chatwoot.calls[0] == OPENED
    assert said(chatwoot) == [("contact", told[language])]
    assert events == [f"chatwoot: no answer for chatwoot-3-42: {IndexMissing.__name__}"]


def test_a_message_longer_than_a_question_goes_to_a_person() -> None:
    index = FakeIndex()
    with FakeChatwoot() as chatwoot:
        deliver(build_app(index, chatwoot=link_to(chatwoot.url)), delivery("a" * 2_001))
    assert said(chatwoot) == [("contact", FAILED)]
    assert index.calls == []


def test_no_words_and_no_secrets_reach_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    class Faulty(FakeIndex):
        def search(self, question: str, **options: Any) -> Any:
            raise RuntimeError(f"searching for {question}")

    for index in (FakeIndex(), Faulty()):
        events: list[str] = []
        with FakeChatwoot([Answer(500)] * 20) as chatwoot:
            app = build_app(index, chatwoot=link_to(chatwoot.url, events=events))
            deliver(app, delivery("canary-7319 outages?"))
        assert events
        told = "\n".join(events) + "".join(capfd.readouterr())
        assert [word for word in ("canary-7319", TOKEN, SECRET, "Kim") if word in told] == []


def test_an_agent_bot_is_set_up_by_three_settings() -> None:
    assert open_chatwoot(Settings()) is None
    link = open_chatwoot(
        Settings(chatwoot_url="https://desk.example", chatwoot_token=TOKEN, chatwoot_secret=SECRET)
    )
    assert link is not None
    assert (link.secret, link.locale) == (SECRET.encode(), "")


@pytest.mark.parametrize("missing", ["chatwoot_url", "chatwoot_token", "chatwoot_secret"])
def test_a_setting_that_is_missing_is_named(missing: str) -> None:
    given: dict[str, Any] = {
        "chatwoot_url": "https://desk.example",
        "chatwoot_token": TOKEN,
        "chatwoot_secret": SECRET,
    }
    del given[missing]
    with pytest.raises(
        SettingsError, match=rf"^{missing} \(CITEDESK_{missing.upper()}\): an agent bot needs"
    ):
        open_chatwoot(Settings(**given))
