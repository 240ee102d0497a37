"""Handing over to a person: what the operator's webhook gets, and what is said where it fails."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.conversation_schemas import HandoverBody
from service.conversations import Conversations
from service.handover import Handover, HandoverFailed, SecretError, Webhook, read_secret, signed_headers
from tests.exchanges import NOON, answered
from tests.local_server import LocalServer
from tests.service_app import Client, build_app, keep_conversations

QUESTION = "Wie hoch ist der Mond?"
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Receiver(LocalServer):
    """An operator's system on loopback: keeps what it gets, answers `status`."""

    status = 204
    location = ""

    def __init__(self) -> None:
        super().__init__(_Taking)
        self.calls: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"{super().url}/hook?team=a"


class _Taking(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.calls.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@pytest.fixture
def conversations(tmp_path: Path) -> Iterator[Conversations]:
    kept = keep_conversations(f"sqlite:///{tmp_path / 'c.db'}")
    kept.start()
    yield kept
    kept.stop()


def webhook(url: str, *, timeout_s: float = 5) -> Webhook:
    return Webhook(url, secret=SECRET, timeout_s=timeout_s)


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["type"]


def test_a_refusal_is_handed_over_with_what_is_stored_of_it(
    receiver: Receiver, conversations: Conversations
) -> None:
    client = Client(build_app(conversations=conversations, webhook=webhook(receiver.url)))
    refusal = client.ask(QUESTION, locale="de-de")
    history = [{"role": "user", "content": QUESTION}]
    response = client.post(
        "/v1/handover",
        {"answer": refusal["id"], "note": "Bitte Rückruf.", "contact": "kim@example.com", "history": history},
    )
    assert response.status_code == 200
    [(path, headers, body)] = receiver.calls
    told = json.loads(body)
    assert path == "/hook?team=a"
    assert headers["content-type"] == "application/json"
    assert told["type"] == "handover.requested"
    [exchange] = told["data"].pop("exchanges")
    assert told["data"] == {
        "id": response.json()["id"],
        "answer": refusal["id"],
        "conversation": refusal["conversation"],
        "note": "Bitte Rückruf.",
        "contact": "kim@example.com",
        "history": history,
    }
    assert exchange.pop("asked_at") <= told["timestamp"]
    assert exchange == {
        "answer": refusal["id"],
        "locale": "de-de",
        "status": "abstained",
        "abstain_reason": "off_topic",
        "confidence": refusal["confidence"],
        "question": QUESTION,
        "text": refusal["answer"],
        "nearest_article": "partner-help/mail",
        "passages": [],
    }


def test_the_receiver_can_check_who_called(receiver: Receiver) -> None:
    client = Client(build_app(webhook=webhook(receiver.url)))
    client.post("/v1/handover", {"conversation": "c1"})
    [(_, headers, body)] = receiver.calls
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    assert headers["webhook-id"] == json.loads(body)["data"]["id"]


def test_a_signature_is_that_of_the_standard() -> None:
    # The key, message and signature of the example that the standard's own libraries are tested with.
    key = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    at = NOON.fromtimestamp(1614265330, tz=NOON.tzinfo)
    headers = signed_headers(key, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=at, body=body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_conversation_is_handed_over_from_its_last_exchanges(
    receiver: Receiver, conversations: Conversations
) -> None:
    client = Client(build_app(conversations=conversations, webhook=webhook(receiver.url)))
    first = client.ask("May the vendor write to customers about outages?")
    client.ask(QUESTION, conversation=first["conversation"])
    client.post("/v1/handover", {"conversation": first["conversation"]})
    data = json.loads(receiver.calls[0][2])["data"]
    assert [(e["answer"] == first["id"], e["status"]) for e in data["exchanges"]] == [
        (True, "answered"),
        (False, "abstained"),
    ]
    assert data["exchanges"][0]["passages"] == ["en-us/partner-help/mail#when-we-write.0"]
    assert (data["answer"], data["conversation"]) == (None, first["conversation"])


def test_without_a_webhook_a_hand_over_is_404() -> None:
    response = Client(build_app()).post("/v1/handover", {"answer": "a"})
    assert problem(response) == (404, "/problems/not-set-up")
    assert "CITEDESK_HANDOVER_URL" in response.json()["detail"]


@pytest.mark.parametrize("body", [{"answer": "nobody"}, {"conversation": "nothing"}])
def test_what_is_not_stored_is_not_handed_over(
    receiver: Receiver, conversations: Conversations, body: dict[str, str]
) -> None:
    client = Client(build_app(conversations=conversations, webhook=webhook(receiver.url)))
    assert problem(client.post("/v1/handover", body)) == (404, "/problems/unknown-answer")
    assert receiver.calls == []


def test_an_answer_of_another_conversation_is_not_handed_over(
    receiver: Receiver, conversations: Conversations
) -> None:
    client = Client(build_app(conversations=conversations, webhook=webhook(receiver.url)))
    answer = client.ask(QUESTION)
    response = client.post("/v1/handover", {"answer": answer["id"], "conversation": "another"})
    assert problem(response) == (404, "/problems/unknown-answer")


@pytest.mark.parametrize("database", ["off", "down"])
def test_where_nothing_can_be_looked_up_the_call_goes_out_and_says_so(
    receiver: Receiver, tmp_path: Path, database: str
) -> None:
    kept = keep_conversations(None if database == "off" else f"sqlite:///{tmp_path / 'no' / 'c.db'}")
    kept.start()
    client = Client(build_app(conversations=kept, webhook=webhook(receiver.url)))
    assert client.post("/v1/handover", {"answer": "a", "conversation": "c"}).status_code == 200
    kept.stop()
    data = json.loads(receiver.calls[0][2])["data"]
    assert (data["answer"], data["conversation"], data["exchanges"]) == ("a", "c", None)


@pytest.mark.parametrize("status", [301, 400, 410, 500])
def test_a_webhook_that_refuses_is_503(receiver: Receiver, status: int) -> None:
    receiver.status = status
    receiver.location = "/elsewhere"
    response = Client(build_app(webhook=webhook(receiver.url))).post("/v1/handover", {"answer": "a"})
    assert problem(response) == (503, "/problems/handover-failed")
    assert response.json()["detail"] == f"the operator's webhook answered {status}"
    assert response.headers["retry-after"] == "1"
    assert len(receiver.calls) == 1


def test_a_webhook_that_is_not_there_is_503_and_its_address_is_not_told() -> None:
    response = Client(build_app(webhook=webhook("http://127.0.0.1:1/secret-path"))).post(
        "/v1/handover", {"answer": "a"}
    )
    assert problem(response) == (503, "/problems/handover-failed")
    assert response.json()["detail"] == "the operator's webhook can't be called: ConnectError"


def call(hook: Webhook) -> None:
    wish = Handover("h1", NOON, HandoverBody(answer="a1"), [answered("a1")])
    asyncio.run(hook.call(wish))


def test_a_webhook_that_trickles_is_given_up_at_the_deadline() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"HTTP/1.1 200 OK\r\n" if not reader.at_eof() else b"")
                await writer.drain()
                await asyncio.sleep(0.05)
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(trickle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        hook = webhook(f"http://127.0.0.1:{port}/", timeout_s=0.3)
        wish = Handover("h1", NOON, HandoverBody(answer="a1"), None)
        with pytest.raises(HandoverFailed, match="can't be called"):
            await asyncio.wait_for(hook.call(wish), 5)
        server.close()

    asyncio.run(run())


def test_a_huge_reply_is_not_read() -> None:
    async def endless() -> Any:
        yield b"x"
        raise AssertionError("read on")

    def take(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=endless())

    call(
        Webhook("https://desk.example/hook", secret=SECRET, timeout_s=5, transport=httpx2.MockTransport(take))
    )


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "secret", base64.b64encode(KEY).decode(), "whsec_AAAA", "whsec_ä", "whsec_a b"]
)
def test_a_secret_that_can_not_sign_is_refused_with_the_way_to_make_one(secret: str) -> None:
    with pytest.raises(SecretError) as refusal:
        Webhook("https://desk.example/hook", secret=secret, timeout_s=5)
    assert "echo whsec_$(openssl rand -base64 32)" in str(refusal.value)
    assert secret == "" or secret == "whsec_" or secret not in str(refusal.value)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, ""),
        ({"answer": "no id"}, "answer"),
        ({"conversation": 5}, "conversation"),
        ({"answer": "a", "note": "a" * 2001}, "note"),
        ({"answer": "a", "contact": "a" * 301}, "contact"),
        ({"answer": "a", "history": [{"role": "system", "content": "a"}]}, "history.0.role"),
        ({"answer": "a", "url": "http://elsewhere.example"}, "url"),
    ],
)
def test_a_hand_over_that_does_not_fit_is_refused_by_field(fields: dict[str, Any], where: str) -> None:
    response = Client(build_app(webhook=webhook("http://127.0.0.1:1/"))).post("/v1/handover", fields)
    assert problem(response) == (422, "/problems/invalid-request")
    assert [error["field"] for error in response.json()["errors"]] == [where]
