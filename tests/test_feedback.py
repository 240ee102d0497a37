"""Feedback on an answer: what is taken, what is kept, what is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.conversation_schemas import HandoverBody
from service.conversation_store import ConversationStore
from service.conversations import Conversations
from service.exchanges import Feedback
from tests.exchanges import NOON
from tests.fake_store import FakeStore, keep_in
from tests.service_app import Client, build_app, keep_conversations

QUESTION = "May the vendor write to customers about outages?"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'c.db'}"


@pytest.fixture
def conversations(url: str) -> Iterator[Conversations]:
    kept = keep_conversations(url)
    kept.start()
    yield kept
    kept.stop()


@pytest.fixture
def client(conversations: Conversations) -> Client:
    return Client(build_app(conversations=conversations))


def last_feedback(url: str) -> Feedback | None:
    store = ConversationStore(url)
    [rated] = store.read(since=NOON - timedelta(days=9_999), until=NOON + timedelta(days=9_999))
    store.close()
    return rated.feedback


def test_feedback_takes_the_ids_that_clients_of_openai_see(client: Client) -> None:
    response = client.post("/v1/responses", {"input": QUESTION}).json()
    chat = client.post("/v1/chat/completions", {"messages": [{"role": "user", "content": QUESTION}]}).json()
    for seen, prefix in ((response, "resp_"), (chat, "chatcmpl-")):
        assert seen["id"].startswith(prefix)
        rated = client.post("/v1/feedback", {"id": seen["id"], "rating": "up"})
        assert (rated.status_code, rated.json()["id"]) == (200, seen["id"].removeprefix(prefix))
        assert HandoverBody(answer=seen["id"]).answer == seen["id"].removeprefix(prefix)


def test_feedback_is_stored_with_its_reasons_and_note(client: Client, url: str) -> None:
    answer = client.ask(QUESTION)["id"]
    before = datetime.now().astimezone()
    response = client.post(
        "/v1/feedback",
        {"id": answer, "rating": "down", "reasons": ["outdated", "other", "outdated"], "note": "It's new."},
    )
    assert response.status_code == 200
    assert response.json() == {
        "id": answer, "rating": "down", "reasons": ["outdated", "other"], "note_kept": True
    }  # fmt: skip
    kept = last_feedback(url)
    assert kept is not None
    assert before <= kept.rated_at <= datetime.now().astimezone()
    assert (kept.rating, kept.reasons, kept.note) == ("down", ("outdated", "other"), "It's new.")


def test_the_last_word_counts(client: Client, url: str) -> None:
    answer = client.ask(QUESTION)["id"]
    client.post(
        "/v1/feedback", {"id": answer, "rating": "down", "reasons": ["wrong_citation"], "note": "No."}
    )
    client.post("/v1/feedback", {"id": answer, "rating": "up"})
    kept = last_feedback(url)
    assert kept is not None
    assert (kept.rating, kept.reasons, kept.note) == ("up", (), None)


def test_every_reason_is_taken(client: Client) -> None:
    reasons = ["wrong_citation", "not_answered", "outdated", "bad_translation", "other"]
    body = {"id": client.ask(QUESTION)["id"], "rating": "down", "reasons": reasons}
    assert client.post("/v1/feedback", body).json()["reasons"] == reasons


def test_feedback_on_an_unknown_answer_is_404(client: Client) -> None:
    response = client.post("/v1/feedback", {"id": "nobody", "rating": "up"})
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-answer")


def test_feedback_where_nothing_is_stored_is_404_with_the_way_out() -> None:
    response = Client(build_app()).post("/v1/feedback", {"id": "a", "rating": "up"})
    assert (response.status_code, response.json()["type"]) == (404, "/problems/not-set-up")
    assert "CITEDESK_DATABASE_URL" in response.json()["detail"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"id": "no id"}, "id"),
        ({"id": "a" * 65}, "id"),
        ({"id": None}, "id"),
        ({"rating": "sideways"}, "rating"),
        ({"rating": 1}, "rating"),
        ({"rating": None}, "rating"),
        ({"reasons": ["boring"]}, "reasons.0"),
        ({"reasons": "outdated"}, "reasons"),
        ({"reasons": ["outdated"] * 6}, "reasons"),
        ({"note": ""}, "note"),
        ({"note": "a" * 2001}, "note"),
        ({"note": "a\0"}, "note"),
        ({"note": 5}, "note"),
        ({"more": 1}, "more"),
    ],
)
def test_feedback_that_does_not_fit_is_refused_by_field(
    client: Client, fields: dict[str, Any], where: str
) -> None:
    response = client.post("/v1/feedback", {"id": "a", "rating": "up", **fields})
    assert (response.status_code, response.json()["type"]) == (422, "/problems/invalid-request")
    assert [error["field"] for error in response.json()["errors"]] == [where]


def test_more_feedback_than_can_wait_is_503() -> None:
    class Slow(FakeStore):
        held = threading.Event()

        def rate(self, feedback: Feedback, *, client_key: str | None) -> None:
            assert self.held.wait(10)

    store = Slow()
    conversations = keep_in(store)
    conversations.start()
    app = build_app(conversations=conversations)

    async def send() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            body = {"id": "a", "rating": "up"}
            sent = [asyncio.ensure_future(client.post("/v1/feedback", json=body)) for _ in range(40)]
            while sum(one.done() for one in sent) < 6:
                await asyncio.sleep(0.01)
            store.held.set()
            return [response.status_code for response in await asyncio.gather(*sent)]

    # Two threads work and 32 wait.
    assert sorted(asyncio.run(send())) == [200] * 34 + [503] * 6
    conversations.stop()
