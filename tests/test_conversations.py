"""Keeping what was asked: no answer waits for it, and no outage of the database breaks one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.conversation_store import ConversationStore
from service.conversations import WAITING_MAX, Conversations, NotStored
from service.database import DatabaseDown, UnknownAnswer
from service.exchanges import Exchange
from service.schemas import AskReply
from tests.exchanges import NOON, answered, bytes_beside, feedback
from tests.fake_store import FakeStore, keep_in
from tests.postgres_server import PostgresServer
from tests.service_app import Client, build_app, keep_conversations

QUESTION = "May the vendor write to customers about outages?"
WAIT_S = 20


@contextmanager
def started(conversations: Conversations) -> Iterator[Conversations]:
    conversations.start()
    try:
        yield conversations
    finally:
        conversations.stop()


def stored(url: str) -> list[Exchange]:
    """What stands in the database, oldest first."""
    store = ConversationStore(url)
    found = [
        rated.exchange
        for rated in store.read(
            since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC)
        )
    ]
    store.close()
    return found


def wait_until(so: Callable[[], bool]) -> None:
    """Wait for another thread's work."""
    deadline = time.monotonic() + WAIT_S
    while not so():
        assert time.monotonic() < deadline, f"not so after {WAIT_S} s"
        time.sleep(0.01)


def is_down(conversations: Conversations) -> bool:
    """Whether storing is down now (asked again each time)."""
    return conversations.state == "down"


def reply(question: str = QUESTION, **fields: object) -> AskReply:
    return AskReply.model_validate(Client(build_app()).ask(question, **fields))


def test_an_answer_is_stored_with_what_it_was_made_of(database_url: str) -> None:
    with started(keep_conversations(database_url, now=lambda: NOON)) as conversations:
        client = Client(build_app(conversations=conversations))
        answer = client.ask(QUESTION, locale="de-AT", top_k=2)
    [exchange] = stored(database_url)
    assert exchange.id == answer["id"]
    assert exchange.conversation == answer["conversation"]
    assert exchange.asked_at == NOON
    assert (exchange.locale_requested, exchange.locale_answered, exchange.fallback) == (
        "de-at",
        "de-de",
        False,
    )
    assert exchange.reason is None
    assert exchange.confidence == answer["confidence"]
    assert (exchange.writer, exchange.generation) == ("extractive", answer["generation"])
    assert exchange.timings_ms == answer["timings_ms"]
    assert exchange.nearest_article == "partner-help/mail"
    assert exchange.client_key is None
    assert (exchange.question, exchange.answer) == (QUESTION, answer["answer"])
    assert [
        (c.number, c.passage_id, c.article, c.translation.value, c.drifted) for c in exchange.citations
    ] == [(1, "de-de/partner-help/mail#when-we-write.0", "partner-help/mail", "machine", False)]


def test_a_refusal_is_stored_with_its_reason_and_the_nearest_article(database_url: str) -> None:
    with started(keep_conversations(database_url)) as conversations:
        Client(build_app(conversations=conversations)).ask("月の高さは？", locale="zh-tw")
    [exchange] = stored(database_url)
    assert exchange.reason == "off_topic"
    assert exchange.citations == ()
    assert exchange.nearest_article == "partner-help/mail"


def test_without_a_conversation_each_question_opens_one() -> None:
    client = Client(build_app())
    assert client.ask(QUESTION)["conversation"] != client.ask(QUESTION)["conversation"]


def test_a_further_question_stays_in_its_conversation(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'c.db'}"
    with started(keep_conversations(url)) as conversations:
        client = Client(build_app(conversations=conversations))
        first = client.ask(QUESTION)
        assert (
            client.ask(QUESTION, conversation=first["conversation"])["conversation"] == first["conversation"]
        )
    assert {exchange.conversation for exchange in stored(url)} == {first["conversation"]}


@pytest.mark.parametrize("conversation", ["", "a b", "a" * 65, "ä", "a\n", 7, "\ud800"])
def test_a_conversation_id_is_short_and_plain(conversation: object) -> None:
    body = json.dumps({"question": QUESTION, "conversation": conversation}).encode()
    response = Client(build_app()).request(
        "POST", "/v1/ask", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["conversation"]


def test_where_texts_are_not_kept_no_word_of_a_user_is_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    with started(keep_conversations(f"sqlite:///{file}", keep_texts=False)) as conversations:
        client = Client(build_app(conversations=conversations))
        turns = [{"role": "user", "content": "canary7319 before"}]
        answer = client.ask(f"canary7319 {QUESTION}", history=turns)
        client.ask("canary7319 nothing of the kind")
        rated = client.post(
            "/v1/feedback", {"id": answer["id"], "rating": "down", "note": "canary7319 note"}
        ).json()
        assert conversations.state == "stored"
    content = bytes_beside(file)
    assert answer["id"].encode() in content
    assert b"canary" not in content
    assert b"outages" not in content
    assert rated["note_kept"] is False
    assert [(e.question, e.answer) for e in stored(f"sqlite:///{file}")] == [(None, None), (None, None)]


def test_what_is_told_in_an_outage_holds_no_word_of_a_user(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    events: list[str] = []
    url = f"sqlite:///{tmp_path / 'no' / 'c.db'}"
    with started(keep_conversations(url, on_event=events.append)) as conversations:
        conversations.remember(reply(), question="canary7319 one")
        wait_until(lambda: conversations.state == "down")
    poisoned = keep_conversations(f"sqlite:///{tmp_path / 'd.db'}", on_event=events.append)
    with started(poisoned):
        poisoned.remember(reply(), question="canary7319 \ud800")
        wait_until(lambda: poisoned.lost == 1)
    printed = capfd.readouterr()
    assert len(events) == 3
    assert "canary" not in "".join(events) + printed.out + printed.err


def test_nothing_is_kept_without_a_database() -> None:
    conversations = keep_conversations(None)
    with started(conversations):
        conversations.remember(reply(), question=QUESTION)
        assert (conversations.state, conversations.waiting) == ("off", 0)
        with pytest.raises(NotStored, match="set CITEDESK_DATABASE_URL"):
            conversations.rate(feedback("a"), client_key=None)


def test_many_questions_are_stored_in_few_transactions() -> None:
    store = FakeStore()
    conversations = keep_in(store)
    answer = reply()
    for _ in range(250):
        conversations.remember(answer, question=QUESTION)
    with started(conversations):
        pass
    assert store.batches == [100, 100, 50]


def test_a_full_queue_loses_the_newest_and_counts_them() -> None:
    conversations = keep_in(FakeStore())
    answer = reply()
    for _ in range(WAITING_MAX + 3):
        conversations.remember(answer, question=QUESTION)
    assert (conversations.waiting, conversations.lost) == (WAITING_MAX, 3)


def test_an_outage_is_told_once_and_so_is_its_end() -> None:
    events: list[str] = []
    store = FakeStore(DatabaseDown("fake: gone"), DatabaseDown("fake: starting up"))
    with started(keep_in(store, on_event=events.append)) as conversations:
        answer = reply()
        conversations.remember(answer, question=QUESTION)
        wait_until(lambda: store.added == [answer.id])
        assert (conversations.state, conversations.fault) == ("stored", None)
    assert store.prepared == 3
    assert events == [
        "conversations are not stored, answers go out: fake: gone",
        "conversations are stored again, 0 were lost",
    ]


def test_during_an_outage_feedback_is_refused_at_once() -> None:
    store = FakeStore(*[DatabaseDown("fake: gone")] * 1_000)
    with started(keep_in(store)) as conversations:
        conversations.remember(reply(), question=QUESTION)
        wait_until(lambda: conversations.state == "down")
        began = time.monotonic()
        with pytest.raises(DatabaseDown, match="fake: gone"):
            conversations.rate(feedback("a"), client_key=None)
        assert time.monotonic() - began < 1


def test_a_record_that_is_refused_keeps_no_other_from_being_stored() -> None:
    events: list[str] = []
    answers = [reply() for _ in range(3)]
    store = FakeStore(refused=[answers[1].id])
    conversations = keep_in(store, on_event=events.append)
    for answer in answers:
        conversations.remember(answer, question=QUESTION)
    with started(conversations):
        wait_until(lambda: conversations.waiting == 0)
    assert store.added == [answers[0].id, answers[2].id]
    assert conversations.lost == 1
    assert events == ["conversations: one was not stored: fake refuses a record: DataError"]


def test_a_fault_that_nobody_thought_of_does_not_end_the_storing() -> None:
    events: list[str] = []
    store = FakeStore(RuntimeError("canary7319"))
    with started(keep_in(store, on_event=events.append)) as conversations:
        answer = reply()
        conversations.remember(answer, question=QUESTION)
        wait_until(lambda: store.added == [answer.id])
    assert events[0] == "conversations are not stored, answers go out: RuntimeError"


def test_a_write_that_takes_very_long_counts_as_an_outage() -> None:
    clock = [NOON]

    class Hanging(FakeStore):
        hangs = True

        def add(self, exchanges: Sequence[Exchange]) -> None:
            while exchanges and self.hangs:
                time.sleep(0.01)

    store = Hanging()
    with started(keep_in(store, now=lambda: clock[0])) as conversations:
        conversations.remember(reply(), question=QUESTION)
        time.sleep(0.05)
        assert not is_down(conversations)
        clock[0] += timedelta(seconds=16)
        assert is_down(conversations)
        store.hangs = False
        wait_until(lambda: not is_down(conversations))


def test_what_is_too_old_is_purged_at_the_start_and_every_hour() -> None:
    clock = [NOON]
    store = FakeStore()
    with started(keep_in(store, now=lambda: clock[0], retention=timedelta(days=30))) as conversations:
        wait_until(lambda: store.purged == [NOON - timedelta(days=30)])
        answer = reply()
        for minutes in (59, 60, 61, 120):
            clock[0] = NOON + timedelta(minutes=minutes)
            before = len(store.added)
            conversations.remember(answer, question=QUESTION)
            wait_until(lambda before=before: len(store.added) > before)  # type: ignore[misc]
            conversations.remember(answer, question=QUESTION)
            wait_until(lambda before=before: len(store.added) > before + 1)  # type: ignore[misc]
    assert [(at - (NOON - timedelta(days=30))) / timedelta(minutes=1) for at in store.purged] == [0, 60, 120]


def test_the_retention_holds_in_a_real_database(database_url: str) -> None:
    store = ConversationStore(database_url)
    store.prepare()
    store.add([answered("old", asked_at=NOON - timedelta(days=31)), answered("kept")])
    store.close()
    with started(keep_conversations(database_url, retention=timedelta(days=30), now=lambda: NOON)):
        wait_until(lambda: [exchange.id for exchange in stored(database_url)] == ["kept"])


def test_feedback_waits_for_the_answers_before_it(database_url: str) -> None:
    with started(keep_conversations(database_url)) as conversations:
        for _ in range(20):
            answer = reply()
            conversations.remember(answer, question=QUESTION)
            conversations.rate(feedback(answer.id), client_key=None)
        with pytest.raises(UnknownAnswer):
            conversations.rate(feedback("nobody"), client_key=None)


def test_many_threads_remember_and_rate_at_once(database_url: str) -> None:
    answers = [reply() for _ in range(64)]
    with started(keep_conversations(database_url)) as conversations:

        def work(answer: AskReply) -> None:
            conversations.remember(answer, question=QUESTION)
            conversations.rate(feedback(answer.id), client_key=None)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, answers))
        assert (conversations.state, conversations.lost) == ("stored", 0)
    assert {exchange.id for exchange in stored(database_url)} == {answer.id for answer in answers}


def test_a_database_that_appears_later_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    url = f"sqlite:///{folder / 'c.db'}"
    with started(keep_conversations(url)) as conversations:
        client = Client(build_app(conversations=conversations))
        answer = client.ask(QUESTION)
        wait_until(lambda: conversations.state == "down")
        assert client.get("/health/ready").json()["conversations"] == "down"
        folder.mkdir()
        wait_until(lambda: conversations.state == "stored")
        assert client.get("/health/ready").json()["conversations"] == "stored"
    assert [exchange.id for exchange in stored(url)] == [answer["id"]]


@pytest.mark.slow
def test_a_server_that_stops_breaks_no_answer_and_loses_none(postgres: PostgresServer) -> None:
    events: list[str] = []
    url = postgres.new_database()
    with started(keep_conversations(url, on_event=events.append)) as conversations:
        client = Client(build_app(conversations=conversations))
        ids = [client.ask(QUESTION)["id"]]
        wait_until(lambda: conversations.waiting == 0)
        postgres.stop()
        try:
            ids += [client.ask(QUESTION)["id"] for _ in range(5)]
            wait_until(lambda: conversations.state == "down")
            response = client.post("/v1/feedback", {"id": ids[0], "rating": "up"})
            assert (response.status_code, response.json()["type"]) == (503, "/problems/storage-down")
            assert response.headers["retry-after"] == "1"
        finally:
            postgres.start()
        wait_until(lambda: conversations.state == "stored" and conversations.waiting == 0)
        assert client.post("/v1/feedback", {"id": ids[-1], "rating": "up"}).status_code == 200
    assert sorted(exchange.id for exchange in stored(url)) == sorted(ids)
    assert len(events) == 2


@pytest.mark.slow
def test_a_server_that_answers_nothing_keeps_no_answer_waiting(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    with started(keep_conversations(url)) as conversations:
        client = Client(build_app(conversations=conversations))
        client.ask(QUESTION)
        wait_until(lambda: conversations.waiting == 0)
        postgres.freeze()
        try:
            began = time.monotonic()
            for _ in range(20):
                client.ask(QUESTION)
            assert time.monotonic() - began < 5
            response = client.post("/v1/feedback", {"id": "a", "rating": "up"})
            assert response.json()["type"] == "/problems/storage-down"
        finally:
            postgres.thaw()
        wait_until(lambda: conversations.state == "stored" and conversations.waiting == 0)
    assert len(stored(url)) == 21
