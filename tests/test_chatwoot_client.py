"""Calls of Chatwoot: what is sent, what is tried again and when, and what is given up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from service.chatwoot_client import ChatwootClient, ChatwootFailed, Place
from tests.chatwoot_server import TOKEN, Answer, Call, FakeChatwoot

PLACE = Place(account=3, conversation=42)
NOW = datetime(2024, 6, 10, 12, tzinfo=UTC)


def make_client(url: str, rests: list[float], **options: Any) -> ChatwootClient:
    """A client whose rests are written down instead of taken, and whose chance is always a half."""

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    given: dict[str, Any] = {"token": TOKEN, "timeout_s": 5.0, **options}
    return ChatwootClient(url, sleep=rest, chance=lambda: 0.5, now=lambda: NOW, **given)


def say(answers: list[Answer], **options: Any) -> tuple[FakeChatwoot, list[float], str | None]:
    """Say something to a Chatwoot that answers so: the Chatwoot, the rests and what failed."""
    return call(lambda client: client.say(PLACE, "Hello"), answers, **options)


def call_person(answers: list[Answer], **options: Any) -> tuple[FakeChatwoot, list[float], str | None]:
    return call(lambda client: client.call_person(PLACE), answers, **options)


def call(
    work: Callable[[ChatwootClient], Any], answers: list[Answer], **options: Any
) -> tuple[FakeChatwoot, list[float], str | None]:
    rests: list[float] = []
    with FakeChatwoot(answers) as chatwoot:
        try:
            asyncio.run(work(make_client(chatwoot.url, rests, **options)))
        except ChatwootFailed as failure:
            return chatwoot, rests, str(failure)
    return chatwoot, rests, None


def test_a_message_is_posted_to_its_conversation() -> None:
    chatwoot, rests, failed = say([])
    body = {"content": "Hello", "message_type": "outgoing", "content_type": "text", "private": False}
    assert (chatwoot.calls, rests, failed) == ([Call("3/conversations/42/messages", body)], [], None)


def test_a_note_is_private() -> None:
    chatwoot, _, _ = call(lambda client: client.say(PLACE, "Look", private=True), [])
    assert [each.body["private"] for each in chatwoot.calls] == [True]


def test_a_person_is_called_by_opening_the_conversation() -> None:
    chatwoot, _, _ = call_person([])
    assert chatwoot.calls == [Call("3/conversations/42/toggle_status", {"status": "open"})]


def test_a_chatwoot_below_a_path_is_called_there() -> None:
    calls: list[str] = []

    def take(request: httpx2.Request) -> httpx2.Response:
        calls.append(str(request.url))
        return httpx2.Response(200)

    client = make_client("https://desk.example/chat/", [], transport=httpx2.MockTransport(take))
    asyncio.run(client.say(PLACE, "Hello"))
    assert calls == ["https://desk.example/chat/api/v1/accounts/3/conversations/42/messages"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_did_nothing_is_tried_again_after_rests_that_double(status: int) -> None:
    chatwoot, rests, failed = say([Answer(status)] * 3)
    # .5, 1 and 2 s, of which half is chance, and chance is a half.
    assert (rests, failed) == ([0.375, 0.75, 1.5], None)
    assert len(chatwoot.calls) == 1


def test_four_tries_are_all() -> None:
    chatwoot, rests, failed = say([Answer(503)] * 9)
    assert (len(chatwoot.tries), len(rests), failed) == (4, 3, "messages: answered 503, tried 4 times")


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 422])
def test_a_refusal_is_final_and_a_redirection_is_not_followed(status: int) -> None:
    elsewhere = {"Location": "http://127.0.0.1:1/steal"}
    chatwoot, rests, failed = say([Answer(status, elsewhere)])
    assert (len(chatwoot.tries), rests, failed) == (1, [], f"messages: answered {status}, tried 1 times")


def test_a_wrong_token_is_refused_without_a_second_try_and_not_told() -> None:
    chatwoot, _, failed = say([], token="wrong-canary")
    assert (len(chatwoot.tries), failed) == (1, "messages: answered 401, tried 1 times")


@pytest.mark.parametrize(
    ("wish", "rest"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Mon, 10 Jun 2024 12:00:09 GMT", 9.0),
        ("Mon, 10 Jun 2024 12:00:09 -0000", 9.0),
        ("Mon, 10 Jun 2024 11:00:00 GMT", 0.0),
        ("soon", 0.375),
        ("-3", 0.375),
        ("٣", 0.375),
    ],
)
def test_the_rest_that_chatwoot_asks_for_is_taken(wish: str, rest: float) -> None:
    _, rests, failed = say([Answer(429, {"Retry-After": wish.encode().decode("latin-1")})])
    assert (rests, failed) == ([rest], None)


@pytest.mark.parametrize("wish", ["31", "9" * 5_000, "Mon, 10 Jun 2024 12:01:00 GMT"])
def test_a_longer_rest_is_not_waited_for(wish: str) -> None:
    chatwoot, rests, failed = say([Answer(503, {"Retry-After": wish})])
    assert (len(chatwoot.tries), rests, failed) == (1, [], "messages: answered 503, tried 1 times")


def test_a_message_is_not_said_twice_where_it_may_have_arrived() -> None:
    slow, _, timed_out = say([Answer(after_s=2)], timeout_s=0.5)
    assert (len(slow.tries), timed_out) == (1, "messages: no reply (TimeoutError), tried 1 times")
    gateway, _, failed = say([Answer(504)])
    assert (len(gateway.tries), failed) == (1, "messages: answered 504, tried 1 times")


def test_opening_a_conversation_twice_is_harmless() -> None:
    assert call_person([Answer(after_s=2)], timeout_s=0.5)[2] is None
    assert call_person([Answer(504)])[2] is None


def test_a_chatwoot_that_is_down_is_tried_four_times() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        rests: list[float] = []
        client = make_client(f"http://127.0.0.1:{taken.getsockname()[1]}", rests)
        with pytest.raises(ChatwootFailed, match=r"no connection \(ConnectError\), tried 4 times"):
            asyncio.run(client.say(PLACE, "Hello"))
    assert len(rests) == 3


def test_the_environment_chooses_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    assert say([])[2] is None
