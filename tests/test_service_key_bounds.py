"""What was asked under one key stays with it: no other key goes on from it, rates it or hands it over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.conversations import Conversations
from service.handover import Webhook
from service.key_file import change_ring
from service.serving import take_port
from service.settings import Settings
from tests.access import CLOSED, OPEN, PAGE, KeysInMemory, bearer, make_access
from tests.processes import running, wait_until_live
from tests.service_app import Client, build_app, keep_conversations
from tests.test_handover import Receiver, receiver, webhook

__all__ = ["receiver"]
OUTAGES = "May the vendor write to customers about outages?"
KEPT = Settings(store_questions=True)
MCP_ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def keys() -> KeysInMemory:
    return KeysInMemory()


@pytest.fixture
def conversations(tmp_path: Path) -> Iterator[Conversations]:
    kept = keep_conversations(f"sqlite:///{tmp_path / 'c.db'}")
    kept.start()
    yield kept
    kept.stop()


def client_of(
    keys: KeysInMemory, conversations: Conversations | None = None, hook: Webhook | None = None
) -> Client:
    access = make_access(keys, CLOSED)
    return Client(build_app(access=access, settings=KEPT, conversations=conversations, webhook=hook))


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("/problems/")


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_is_gone_on_from_under_its_own_key_alone(keys: KeysInMemory, stream: bool) -> None:
    mine, other = (bearer(keys.add()[0]) for _ in range(2))
    client = client_of(keys)
    first = client.post("/v1/responses", {"input": OUTAGES}, headers=mine).json()
    body = {"input": "And prices?", "previous_response_id": first["id"], "stream": stream}
    assert client.post("/v1/responses", body, headers=mine).status_code == 200
    refused = client.post("/v1/responses", body, headers=other)
    unknown = client.post("/v1/responses", {**body, "previous_response_id": "resp_0"}, headers=other)
    assert problem(refused) == (400, "previous-response-not-found")
    assert refused.json() == unknown.json()


def test_a_session_of_the_widget_goes_on_from_what_its_key_asked(keys: KeysInMemory) -> None:
    text, _ = keys.add(origins=[PAGE])
    client = client_of(keys)

    def session() -> dict[str, str]:
        opened = client.post("/v1/widget/session", None, headers=bearer(text, Origin=PAGE)).json()
        return bearer(opened["token"], Origin=PAGE)

    first = client.post("/v1/responses", {"input": OUTAGES}, headers=session()).json()
    body = {"input": "And prices?", "previous_response_id": first["id"]}
    # The token is renewed every quarter of an hour; the conversation goes on.
    assert client.post("/v1/responses", body, headers=session()).status_code == 200


def test_what_was_asked_without_a_key_is_gone_on_from_without_one_alone(keys: KeysInMemory) -> None:
    text, _ = keys.add()
    client = Client(build_app(access=make_access(keys, OPEN), settings=KEPT))
    first = client.post("/v1/responses", {"input": OUTAGES}).json()
    body = {"input": "And prices?", "previous_response_id": first["id"]}
    assert client.post("/v1/responses", body, headers=bearer(text)).status_code == 400
    assert client.post("/v1/responses", body).status_code == 200


@pytest.mark.parametrize("address", ["/v1/ask", "/v1/responses", "/v1/chat/completions"])
def test_an_answer_is_rated_under_its_own_key_alone(
    keys: KeysInMemory, conversations: Conversations, address: str
) -> None:
    mine, other = (bearer(keys.add()[0]) for _ in range(2))
    client = client_of(keys, conversations)
    body = {
        "/v1/ask": {"question": OUTAGES},
        "/v1/responses": {"input": OUTAGES},
        "/v1/chat/completions": {"messages": [{"role": "user", "content": OUTAGES}]},
    }[address]
    reply = client.post(address, body, headers=mine).json()
    rating = {"id": reply.get("citedesk", reply)["id"], "rating": "down"}
    assert problem(client.post("/v1/feedback", rating, headers=other)) == (404, "unknown-answer")
    assert client.post("/v1/feedback", rating, headers=mine).status_code == 200


def test_an_answer_is_handed_over_under_its_own_key_alone(
    keys: KeysInMemory, conversations: Conversations, receiver: Receiver
) -> None:
    mine, other = (bearer(keys.add()[0]) for _ in range(2))
    client = client_of(keys, conversations, webhook(receiver.url))
    reply = client.post("/v1/ask", {"question": OUTAGES}, headers=mine).json()
    # Another key that names the conversation adds to what it may hand over, not to what the owner may.
    named = {"question": "seats", "conversation": reply["conversation"]}
    added = client.post("/v1/ask", named, headers=other).json()
    for wish in ({"answer": reply["id"]}, {"answer": reply["id"], "conversation": reply["conversation"]}):
        assert problem(client.post("/v1/handover", wish, headers=other)) == (404, "unknown-answer")
    whole = {"conversation": reply["conversation"]}
    for headers, answer in ((other, added), (mine, reply)):
        assert client.post("/v1/handover", whole, headers=headers).status_code == 200
        _, _, body = receiver.calls[-1]
        assert [told["answer"] for told in json.loads(body)["data"]["exchanges"]] == [answer["id"]]


def test_an_answer_of_the_tool_is_rated_under_its_own_key_alone(tmp_path: Path) -> None:
    mine, other = (make_key_in(tmp_path / "keys.json") for _ in range(2))
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "ask", "arguments": {"question": OUTAGES}},
    }
    settings = {
        "keys_file": str(tmp_path / "keys.json"), "database_url": f"sqlite:///{tmp_path / 'c.db'}",
    }  # fmt: skip
    port = take_port("127.0.0.1", 0)
    with running("tests.slow_service", str(port), "0", drain_s="0", **settings):
        address = wait_until_live(port)
        told = httpx.post(f"{address}/mcp", json=call, headers={**mine, **MCP_ACCEPT}, timeout=30)
        data = next(line for line in told.text.splitlines() if line.startswith("data: "))
        answer = json.loads(data.removeprefix("data: "))["result"]["structuredContent"]
        rating = {"id": answer["id"], "rating": "up"}
        assert problem(httpx.post(f"{address}/mcp", json=call, headers=MCP_ACCEPT)) == (401, "missing-key")
        refused = httpx.post(f"{address}/v1/feedback", json=rating, headers=other)
        assert problem(refused) == (404, "unknown-answer")
        assert httpx.post(f"{address}/v1/feedback", json=rating, headers=mine).status_code == 200


def make_key_in(file: Path) -> dict[str, str]:
    """The headers of a new key in this file."""
    text, key = KeysInMemory().add()
    change_ring(file, lambda ring: ring.with_key(key))
    return bearer(text)
